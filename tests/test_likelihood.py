"""The likelihood in NumPy: it sums to one, agrees with quadrature, and never breaks down.

References are composite Gauss-Legendre quadratures of densities, shifted to their largest value so
that they hold far out in the tails. They share no formula with the package beyond the normal and
the exponential density.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import evidence_of, reworded
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtr

from tolls.likelihood import Growth, Parameters, log_components, log_known, log_likelihood
from tolls.presets import load_presets
from tolls.wordings import log_pmf

PRESETS = load_presets()
BOUNDS = list(zip(PRESETS.bounds.means, PRESETS.bounds.weights, strict=True))
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
# centres and sds of log X: below one person, small, middling and wide, precise
BELIEFS = [(math.log(0.2), 0.5), (math.log(3), 0.3), (math.log(40), 1.6), (math.log(300), 0.1)]
CENTRE, SD = (np.array(column) for column in zip(*BELIEFS, strict=True))
ENOUGH = 1000  # a power of ten, so that the cells of `about` end in closed form there


def pmf(wording, *figure, habit=None):
    return np.exp(log_pmf(wording, figure, CENTRE, SD, PRESETS, habit=habit))


def above(edge):
    """P(X >= edge) of each belief."""
    return ndtr((CENTRE - math.log(edge)) / SD)


def quadrature(low, high, panels):
    edges = np.linspace(low, high, panels + 1)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (middle[:, None] + half[:, None] * NODES).ravel(), np.outer(half, WEIGHTS).ravel()


def log_integral(log_values, weights, axis=-1):
    top = log_values.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log((weights * np.exp(log_values - top)).sum(axis=axis))


def shifted_above(edge, side):
    """P(X exp(side E) >= edge) of each belief, by quadrature over the exponentials E."""
    u, w = quadrature(0, 60, 1200)
    total = 0.0
    for mean, weight in BOUNDS:
        reach = (CENTRE - math.log(edge) + side * mean * u[:, None]) / SD
        total = total + weight * ((w * np.exp(-u))[:, None] * ndtr(reach)).sum(axis=0)
    return total


# --- sums to one ----------------------------------------------------------------------------------


def total_exact(pmf_of):
    return sum(pmf_of(y) for y in range(ENOUGH)) + above(ENOUGH - 0.5)


def total_about(pmf_of, shares=PRESETS.about.shares):
    """What remains are the X that round to `ENOUGH` or more: from half a unit below it on."""
    unrounded, *weights = shares
    rest = unrounded * above(ENOUGH - 0.5)
    for digits, weight in zip(PRESETS.about.digits, weights, strict=True):
        rest = rest + weight * above(ENOUGH - ENOUGH / 10**digits / 2)
    return sum(pmf_of(y) for y in range(ENOUGH)) + rest


def total_at_least(pmf_of):
    return sum(pmf_of(y) for y in range(ENOUGH)) + shifted_above(ENOUGH, -1)


def total_up_to(pmf_of):
    return sum(pmf_of(y) for y in range(ENOUGH)) + shifted_above(ENOUGH - 1, +1)


TOTALS = {
    "exact": total_exact, "about": total_about, "at_least": total_at_least, "up_to": total_up_to
}  # fmt: skip


@pytest.mark.parametrize("wording", TOTALS)
def test_the_probabilities_of_all_figures_sum_to_one(wording):
    assert TOTALS[wording](lambda y: pmf(wording, y)) == pytest.approx(1, abs=1e-9)


HABIT = (0.05, 0.7, 0.2, 0.05)


def test_the_probabilities_of_what_a_source_rounds_its_own_way_sum_to_one():
    def own(y):
        return pmf("about", y, habit=HABIT)

    def among_admitted(y):
        """As if the source had chosen among the units that the figure admits."""
        units = zip((9, *PRESETS.about.digits), HABIT, strict=True)
        return own(y) / sum(w for k, w in units if y % max(10 ** (len(str(y)) - k), 1) == 0)

    assert total_about(own, HABIT) == pytest.approx(1, abs=1e-9)
    assert np.abs(total_about(among_admitted, HABIT) - 1).max() > 1e-3


def pure_floor(y):
    """`at_least` without overshoot: P(X >= y)."""
    return above(max(y, 1e-9))


def pure_ceiling(y):
    """`up_to` without overshoot: P(X <= y)."""
    return 1 - above(max(y, 0.5))


def truncated_exact(y):
    """`exact` as if X were cut off instead of rounded, while zero keeps its own half."""
    return above(y) - above(y + 1) if y else 1 - above(0.5)


def coarse_about(y):
    """`about` with one unit on both sides of a power of ten."""
    cells = [(0.5, PRESETS.about.unrounded)]
    for digits, weight in zip(PRESETS.about.digits, PRESETS.about.weights, strict=True):
        unit = max(10 ** (len(str(y)) - digits), 1)
        cells += [(unit / 2, weight)] if y % unit == 0 else []
    return sum(w * (above(max(y - half, 1e-9)) - above(y + half)) for half, w in cells)


@pytest.mark.parametrize(
    ("wording", "wrong"),
    [
        ("at_least", pure_floor),
        ("up_to", pure_ceiling),
        ("exact", truncated_exact),
        ("about", coarse_about),
    ],
)
def test_the_sum_tells_a_wrong_likelihood_from_the_right_one(wording, wrong):
    assert np.abs(TOTALS[wording](wrong) - 1).max() > 1e-3


def test_a_range_is_the_probability_of_its_set():
    assert pmf("range", 17, 60) == pytest.approx(sum(pmf("exact", y) for y in range(17, 61)))
    assert pmf("range", 0, 10**9) == pytest.approx(1)
    assert pmf("range", 0, 4) == pytest.approx(1 - above(4.5))


def test_zero_takes_what_rounds_to_it():
    assert pmf("exact", 0) == pytest.approx(1 - above(0.5))
    assert pmf("about", 0) == pytest.approx(1 - above(0.5))
    assert pmf("at_least", 0) == pytest.approx(1 - shifted_above(1, -1))


def test_about_a_round_figure_admits_more_than_about_an_odd_one():
    belief = np.array([math.log(200.0)]), np.array([0.3])
    round_, odd = (log_pmf("about", (y,), *belief, PRESETS)[0] for y in (200, 201))
    assert round_ > odd + 3
    assert math.isfinite(odd)


def test_an_unknown_wording_has_no_likelihood():
    with pytest.raises(ValueError, match="'guess'"):
        log_pmf("guess", (5,), CENTRE, SD, PRESETS)


# --- far out in the tails -------------------------------------------------------------------------


def log_cell(low, high, centre, sd):
    """Log P(low <= X < high), integrated to both sides of the cell's most probable point."""
    if low > 0:
        # the width comes from log1p: two logarithms of 10^9 differ by less than they can resolve
        bottom, width = (math.log(low) - centre) / sd, math.log1p((high - low) / low) / sd
        left = min(max(-bottom, 0.0), width)
        peak, right = bottom + left, width - left
    else:
        top = (math.log(high) - centre) / sd
        peak, left, right = min(top, 0.0), math.inf, max(top, 0.0)
    reach = min(40, 60 / max(abs(peak), 1))
    t, weights = quadrature(-min(left, reach), min(right, reach), 400)
    return log_density_at(peak) + log_integral(-t * (2 * peak + t) / 2, weights)


def log_density_at(z):
    return -z * z / 2 - math.log(2 * math.pi) / 2


def log_shifted_cell(start, width, centre, sd):
    """Log P(start <= log X - E < start + width), E the mixture of exponentials."""
    z, weights = quadrature(0.0, width, 1 if width < 0.02 else 24)
    z = z[:, None] + start
    unit, unit_weights = quadrature(0.0, 1.0, 60)
    terms = []
    for mean, weight in BOUNDS:
        peak = np.maximum(0.0, centre - z - sd**2 / mean)
        slope = np.maximum(1 / mean + (z + peak - centre) / sd**2, 1e-12)
        low = np.maximum(0.0, peak - 12 * sd)
        high = peak + np.where(peak > 0, 12 * sd, np.minimum(12 * sd, 60 / slope))
        e = low + (high - low) * unit
        values = -e / mean - ((z + e - centre) / sd) ** 2 / 2 + np.log(high - low)
        density = log_integral(values, unit_weights) - math.log(mean * sd * math.sqrt(2 * math.pi))
        terms.append(math.log(weight) + log_integral(density, weights))
    return np.logaddexp.reduce(terms)


def log_shifted_below(edge, side, centre, sd):
    """Log P(log X + side E < edge), E the mixture of exponentials."""
    near = abs(centre - edge) + 12 * sd  # the CDF changes before, over as little as sd / 30
    terms = []
    for mean, weight in BOUNDS:
        pieces = quadrature(0.0, near, 4000), quadrature(near, near + 60 * mean, 400)
        e, weights = (np.concatenate(both) for both in zip(*pieces, strict=True))
        values = -e / mean + log_ndtr((edge - side * e - centre) / sd)
        terms.append(math.log(weight / mean) + log_integral(values, weights))
    return np.logaddexp.reduce(terms)


def reference(wording, y, centre, sd):
    if wording == "exact":
        return log_cell(y - 0.5, y + 0.5, centre, sd)
    if wording == "at_least":
        if y == 0:
            return log_shifted_below(0.0, -1, centre, sd)
        return log_shifted_cell(math.log(y), math.log1p(1 / y), centre, sd)
    # up to is the mirror image; of the first person 0 takes the lower half and 1 the upper
    if y == 0:
        return log_shifted_below(math.log(0.5), +1, centre, sd)
    width = math.log(2) if y == 1 else math.log1p(1 / (y - 1))
    return log_shifted_cell(-math.log(y), width, -centre, sd)


@pytest.mark.parametrize("distance", [-30, -8, 0, 8, 30])
@pytest.mark.parametrize("sd", [0.05, 0.35, 1.6])
@pytest.mark.parametrize("y", [0, 1, 2, 745, 10**9])
@pytest.mark.parametrize("wording", ["exact", "at_least", "up_to"])
def test_the_likelihood_is_right_30_sd_out_and_for_the_narrowest_cells(wording, y, sd, distance):
    # The narrowest cell, 10^9 people, is 10^-9 wide in log X, where double precision resolves log X
    # to 4 10^-15: rounding alone costs up to 10^-5 nats, and the difference of two tails 30 sd out
    # some 10^-4. The model asks for 0.02 nats per source; a hundredth of that is left to a source
    # with a hundred reports.
    centre = math.log(max(y, 0.5)) - distance * sd
    (found,) = log_pmf(wording, (y,), np.array([centre]), np.array([sd]), PRESETS)
    assert found == pytest.approx(reference(wording, y, centre, sd), abs=2e-4, rel=0)


def test_the_reference_tells_a_narrow_cell_from_its_density():
    # density times width without sinh(zw/2)/(zw/2): the design puts the error at 0.37 nats
    y, sd, distance = 200, 0.1, 30
    centre = math.log(y) - distance * sd
    width = math.log((y + 0.5) / (y - 0.5)) / sd
    crude = log_density_at(distance) + math.log(width)
    assert abs(crude - reference("exact", y, centre, sd)) > 0.05


FIGURES = st.one_of(
    st.integers(0, 1100), st.integers(0, 10**9), st.sampled_from([10**9, 10**9 + 1, 10**8])
)


@pytest.mark.parametrize("wording", TOTALS)
@given(y=FIGURES, centre=st.floats(-20, 30), sd=st.floats(0.01, 8))
def test_inside_the_support_it_is_a_finite_log_probability(wording, y, centre, sd):
    (found,) = log_pmf(wording, (y,), np.array([centre]), np.array([sd]), PRESETS)
    assert math.isfinite(found)
    assert found <= 1e-12


@given(FIGURES, FIGURES, st.floats(-20, 30), st.floats(0.01, 8))
def test_a_range_inside_the_support_is_a_finite_log_probability(one, other, centre, sd):
    low, high = sorted((one, other))
    (found,) = log_pmf("range", (low, high), np.array([centre]), np.array([sd]), PRESETS)
    assert math.isfinite(found)
    assert found <= 1e-12


# --- statements: honest, linked, gross ------------------------------------------------------------


MISSING = [
    {"source": "County", "measure": "missing", "value": 120, "published": "2025-03-10"},
    {"source": "County", "measure": "missing", "value": 60, "published": "2025-03-20"},
    {"source": "Web", "measure": "missing", "value": 900, "evidence": "public_list",
     "published": "2025-03-12"},
    {"source": "County", "measure": "dead_or_missing", "value": 150, "published": "2025-03-12"},
    {"source": "County", "value": 40, "published": "2025-03-10"},
]  # fmt: skip


def parameters(evidence, *, draws=3, seed=1, reliability=None):
    """Draw parameters around the middle of their priors; sizes of parts add up to their parent."""
    rng = np.random.default_rng(seed)
    shape = (draws, len(evidence.sources))
    names = evidence.case.names
    size = np.exp(rng.normal(4, 1, size=(draws, len(names))))
    for partition in reversed(evidence.case.categories.ordered_partitions):
        parts = [names.index(part) for part in partition.into]
        size[:, names.index(partition.of)] = size[:, parts].sum(axis=1)
    honest = rng.beta(4, 2, shape)
    return Parameters(
        log_size=np.log(size),
        kappa=rng.normal(0, 0.2, draws),
        growth=Growth(
            eta=rng.normal(0, 0.5, draws),
            rate=np.exp(rng.normal(-1, 0.5, draws)),
            shape=np.exp(rng.normal(0.1, 0.25, draws)),
            found=rng.beta(12, 2, draws),
            alive=np.exp(rng.normal(0, 1, (draws, len(evidence.lists)))),
            clearing=np.exp(rng.normal(2, 0.7, (draws, len(evidence.lists)))),
            kept=rng.beta(0.5, 0.5, (draws, len(evidence.lists))),
        ),
        bias=np.exp(rng.normal(0, 0.4, shape)),
        scatter=np.exp(rng.normal(-1.5, 0.3, shape)),
        reliability=honest if reliability is None else np.full(shape, reliability),
    )


@pytest.mark.parametrize(
    ("rate", "shape", "share"),
    [
        (1e-3, 1.0, math.log(-math.expm1(-5e-3))),
        (1e-12, 2.0, 2 * math.log(5e-12)),  # the reach, where 1 - exp(-reach) is 0 in floats
        (1e-200, 2.0, 2 * math.log(5e-200)),
        (1e300, 1e3, 0.0),
    ],
)
def test_what_is_known_stays_finite_at_any_pace(rate, shape, share):
    report = {"value": 40, "published": "2025-03-11"}  # five days after the middle of its one day
    evidence = evidence_of(report, kind="flood", start="2025-03-06", end="2025-03-06")
    p = parameters(evidence, draws=1)
    growth = replace(p.growth, rate=np.array([rate]), shape=np.array([shape]), found=np.ones(1))
    assert log_known(evidence.now, growth, evidence)[0, 0] == pytest.approx(share, rel=1e-12)


def known(statement, aspect, evidence, p, draw):
    """Log of what is there to be counted, written out from the design for dates without hours."""
    start, end = evidence.period
    length = (end - start).days + 1
    done = min((statement.as_of.day - start).days + 0.5, length)
    if statement.as_of.day >= end:
        done = length
    days = max((statement.published.day - start).days + 0.5 - done / 2, 0.5)
    growth = p.growth
    harm = (done / length) ** math.exp(growth.eta[draw])
    known_by_then = 1 - math.exp(-((growth.rate[draw] * days) ** growth.shape[draw]))
    found = growth.found[draw] * known_by_then
    if not aspect.listed:
        return math.log(harm) + math.log(found)
    place = evidence.lists.index(aspect.listed)
    living = growth.alive[draw, place] * math.exp(-days / growth.clearing[draw, place])
    never = (1 - growth.found[draw]) * growth.kept[draw, place]
    missing = growth.found[draw] - found + never + living + 0.0002
    return math.log(harm) + math.log(missing + (found if aspect.found else 0))


def components(statement, evidence, p, draw):
    """Weight, mean and sd of log X of the three components, written out from the equations.

    An honest statement that leans on the previous one adds the innovation of a stationary
    autoregression; a part stated alone has its split and a pace of growth of its own.
    """
    source = evidence.sources.index(statement.source)
    node = evidence.case.names.index(statement.node)
    level = p.log_size[draw, node] + p.kappa[draw] + math.log(p.bias[draw, source])
    log_known = known(statement, statement.reading.aspect, evidence, p, draw)
    r, before, said = 0.0, 0.0, 0.0
    if statement.link:
        r, said = statement.link.r, statement.link.previous
        before = known(statement.link, statement.link.aspect, evidence, p, draw)
    own = p.scatter[draw, source] ** 2 + 0.15**2 * statement.alone
    leaning = own * (1 - r**2) + statement.alone * (0.5 * (log_known - r * before)) ** 2
    fresh = own + statement.alone * (0.5 * log_known) ** 2
    honest = p.reliability[draw, source]
    mean = level + log_known
    for weight, centre, variance in (
        (honest * 0.8, mean + r * (said - level - before), leaning),
        (honest * 0.2, mean, fresh),
        (1 - honest, mean, fresh + 1.5**2),
    ):
        yield weight, centre, math.sqrt(variance + 0.5 * min(math.exp(-centre), 1))


STATED = [
    {"value": 40, "published": "2025-03-07"},
    {"value": 55, "published": "2025-03-08", "qualifier": "at_least"},
    {"value": 90, "published": "2025-03-11", "as_of": "2025-03-09"},
    {"low": 50, "high": 80, "qualifier": "range", "category": "civilians", "source": "Radio"},
    {"value": 70, "category": "civilians", "source": "Radio", "qualifier": "up_to",
     "published": "2025-03-12"},
    {"value": 0, "source": "Radio"},
]  # fmt: skip


def assert_statements_follow_the_equations(evidence, log_of_more=0.0):
    p = parameters(evidence)
    p = replace(p, log_size=p.log_size + log_of_more)
    found, _ = log_likelihood(evidence, p)
    assert found.shape == (3, len(evidence.statements))
    for draw, (i, statement) in itertools.product(range(3), enumerate(evidence.statements)):
        expected = []
        for weight, mean, sd in components(statement, evidence, p, draw):
            if statement.wording == "range":
                low, high = statement.figure
                part = log_cell(low - 0.5, high + 0.5, mean, sd)
            else:
                part = reference(statement.wording, statement.figure[0], mean, sd)
            expected.append(math.log(weight) + part)
        assert found[draw, i] == pytest.approx(np.logaddexp.reduce(expected), abs=1e-6)


def stated(*, alone, linked):
    """Take the statements of a kind from the example; those that are not to be linked are freed."""
    evidence = evidence_of(*STATED, categories=["civilians", "forces"])
    chosen = [s for s in evidence.statements if s.alone == alone and (s.link or not linked)]
    chosen = [s if linked else replace(s, link=None) for s in chosen]
    return replace(evidence, statements=tuple(chosen))


@pytest.mark.parametrize("log_of_more", [0, -6], ids=["dozens", "less than one"])
def test_a_total_is_a_mixture_of_honest_and_gross_beliefs(log_of_more):
    assert_statements_follow_the_equations(stated(alone=False, linked=False), log_of_more)


def test_a_lone_part_adds_the_spread_of_splits_and_of_its_own_pace():
    assert_statements_follow_the_equations(stated(alone=True, linked=False))


@pytest.mark.parametrize("alone", [False, True])
def test_a_linked_statement_adds_the_innovation_of_a_stationary_autoregression(alone):
    assert_statements_follow_the_equations(stated(alone=alone, linked=True))


def test_statements_sum_to_one_with_their_links_and_gross_errors():
    evidence = evidence_of(*STATED, categories=["civilians", "forces"])
    p = parameters(evidence)
    linked = [s for s in evidence.statements if s.link]

    def probability(wording, *figure):
        said = tuple(reworded(s, wording=wording, figure=figure) for s in linked)
        return np.exp(log_likelihood(replace(evidence, statements=said), p)[0])

    total = sum(probability("exact", y) for y in range(ENOUGH)) + probability(
        "range", ENOUGH, 10**30
    )
    assert total == pytest.approx(np.ones((3, len(linked))), abs=1e-9)


@pytest.mark.parametrize(
    ("wording", "figure"),
    [
        ("exact", (55,)),
        ("range", (50, 60)),
        ("floor", (40,)),
        ("at_least", (40,)),
        ("up_to", (70,)),
    ],
)
def test_a_source_that_hardly_scatters_has_a_finite_likelihood(wording, figure):
    """In the precision of the collapsed engine, which looks at scatters far below any belief."""
    statement = reworded(evidence_of({"value": 55}).statements[0], wording=wording, figure=figure)
    mean = np.array([2.0, 4.0, 4.1, 30.0, 90.0], dtype=np.float32)
    for variance in (0.0, 1e-38, 1e-30, 1e-12):
        given = mean, np.full_like(mean, variance)
        for logs in log_components(statement, given, given, load_presets()):
            assert np.isfinite(logs).all(), variance


def test_a_reliable_source_ignores_the_gross_error_and_an_unreliable_one_is_nothing_else():
    evidence = evidence_of({"value": 5000})
    honest, gross = (
        log_likelihood(evidence, parameters(evidence, reliability=p))[0] for p in (0.999999, 1e-6)
    )
    assert (gross > honest + 5).all()


def test_a_lone_part_is_told_less_sharply_than_a_total():
    evidence = evidence_of({"value": 55}, categories=["civilians", "forces"])
    p = parameters(evidence, draws=1, reliability=0.999)
    statement = evidence.statements[0]
    (centre,) = (m for w, m, s in list(components(statement, evidence, p, 0))[:1])
    figure = (round(math.exp(centre)),)
    sharp, blunt = (
        log_likelihood(
            replace(
                evidence, statements=(replace(reworded(statement, figure=figure), alone=alone),)
            ),
            p,
        )[0][0, 0]
        for alone in (False, True)
    )
    assert sharp > blunt


# --- growth ---------------------------------------------------------------------------------------


def test_what_is_knowable_is_the_harm_done_times_what_has_become_known():
    evidence = evidence_of(*STATED, categories=["civilians", "forces"])
    p = parameters(evidence)
    found = log_known(evidence.now, p.growth, evidence)
    for draw, (i, statement) in itertools.product(range(3), enumerate(evidence.statements)):
        aspect = statement.reading.aspect
        assert found[draw, i] == pytest.approx(known(statement, aspect, evidence, p, draw))
    assert (found < 0).all()


def test_the_missing_are_the_dead_not_found_and_the_living_not_yet_heard_of():
    evidence = evidence_of(*MISSING, kind="flood")
    assert evidence.lists == ("official", "public")
    p = parameters(evidence)
    found = log_known(evidence.now, p.growth, evidence)
    for draw, (i, statement) in itertools.product(range(3), enumerate(evidence.statements)):
        aspect = statement.reading.aspect
        assert found[draw, i] == pytest.approx(known(statement, aspect, evidence, p, draw))
    # of all who died, an estimate speaks of those who are never found too
    everyone = evidence_of({"value": 90, "evidence": "estimate"}, kind="flood")
    p = parameters(everyone)
    assert log_known(everyone.now, p.growth, everyone) == pytest.approx(0, abs=1e-12)
    # in the end a list holds some of those never found, and names that nobody struck off
    late = evidence_of(MISSING[0] | {"published": "2045-03-10"}, kind="flood")
    p = parameters(late)
    expected = np.log((1 - p.growth.found) * p.growth.kept[:, 0] + 0.0002)
    assert log_known(late.now, p.growth, late)[:, 0] == pytest.approx(expected)


def test_in_a_conflict_everything_that_has_happened_is_knowable():
    evidence = evidence_of(*STATED, categories=["civilians", "forces"], kind="conflict")
    p = parameters(evidence)
    expected = np.exp(p.growth.eta)[:, None] * np.log(evidence.now.elapsed)
    expected += np.log(p.growth.found)[:, None]
    assert log_known(evidence.now, p.growth, evidence) == pytest.approx(expected)
    level = p.log_size[:, evidence.node] + p.kappa[:, None] + np.log(p.bias[:, evidence.source])
    quick = replace(p, growth=replace(p.growth, rate=np.full(3, 1e3)))
    assert log_likelihood(evidence, p)[0] == pytest.approx(log_likelihood(evidence, quick)[0])
    assert level.shape == expected.shape


# --- compositions ---------------------------------------------------------------------------------

PARTS = ("civilians", "forces", "fighters")


def bulletin(counts, **shared):
    return [{"category": part, "value": n} | shared for part, n in zip(PARTS, counts, strict=True)]


def rising(a, n):
    return math.prod(a + k for k in range(n))


def dirichlet_multinomial(counts, alpha):
    coefficient = math.factorial(sum(counts)) / math.prod(math.factorial(n) for n in counts)
    factors = math.prod(rising(a, n) for a, n in zip(alpha, counts, strict=True))
    return coefficient * factors / rising(sum(alpha), sum(counts))


def splits(n):
    return [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]


@pytest.mark.parametrize("before", [None, (5, 0, 3)])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_probabilities_of_all_splits_sum_to_one(n, before):
    earlier = bulletin(before, published="2025-03-08") if before else []
    evidence = evidence_of(*earlier, *bulletin((n, 0, 0)), categories=PARTS)
    p = parameters(evidence)
    total = np.zeros(3)
    for counts in splits(n):
        last = replace(evidence.compositions[-1], counts=counts)
        stated = replace(evidence, compositions=(*evidence.compositions[:-1], last))
        total += np.exp(log_likelihood(stated, p)[1][:, -1])
    assert total == pytest.approx(1, abs=1e-12)


def assert_compositions_follow_the_equations(grade, concentration, log_of_more):
    """Compare with the design where sources will in the end state exp(`log_of_more`) times more."""
    evidence = evidence_of(
        *bulletin((5, 0, 3), published="2025-03-08"), *bulletin((9, 2, 4)),
        categories=PARTS, sources={"Monitor": grade},
    )  # fmt: skip
    p = parameters(evidence)
    shares = np.exp(p.log_size[:, 1:] - p.log_size[:, :1])
    p = replace(p, log_size=p.log_size + log_of_more)
    found = log_likelihood(evidence, p)[1]
    r = math.exp(-1 / 10)
    for draw, share in enumerate(shares):
        honest = p.reliability[draw, 0]
        final = math.exp(p.log_size[draw, 0] + p.kappa[draw]) * p.bias[draw, 0]
        for i, (counts, leaning) in enumerate(
            [((5, 0, 3), share), ((9, 2, 4), (1 - r) * share + r * np.array([5, 0, 3]) / 8)]
        ):
            uneven = (0.5 * min(math.log(sum(counts) / final), 0)) ** 2 / 3
            careful, gross = 1 / (1 / concentration + uneven), 1 / (1 / 3 + uneven)
            expected = (
                honest * 0.8 * dirichlet_multinomial(counts, careful * leaning)
                + honest * 0.2 * dirichlet_multinomial(counts, careful * share)
                + (1 - honest) * dirichlet_multinomial(counts, gross * share)
            )
            assert found[draw, i] == pytest.approx(math.log(expected), abs=1e-9)


CONCENTRATIONS = [("A", 400), ("B", 100), ("C", 30), ("D", 8), ("E", 3), ("F", 8)]


@pytest.mark.parametrize(("grade", "concentration"), CONCENTRATIONS)
def test_a_composition_is_dirichlet_multinomial_around_the_linked_shares(grade, concentration):
    assert_compositions_follow_the_equations(grade, concentration, log_of_more=-10)


@pytest.mark.parametrize(("grade", "concentration"), CONCENTRATIONS[:3])
def test_the_split_of_an_early_bulletin_varies_more(grade, concentration):
    assert_compositions_follow_the_equations(grade, concentration, log_of_more=+3)


def test_the_order_of_the_parts_does_not_matter():
    rows = bulletin((9, 2, 4))
    one = evidence_of(*rows, categories=PARTS)
    other = evidence_of(*rows, categories=tuple(reversed(PARTS)))
    p = parameters(one)
    turned = replace(p, log_size=p.log_size[:, [0, 3, 2, 1]])
    for a, b in zip(log_likelihood(one, p), log_likelihood(other, turned), strict=True):
        assert a == pytest.approx(b)
