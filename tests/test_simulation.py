"""The simulation, third witness: frequencies of what it says against the likelihood.

Every comparison is a chi-square test at a fixed seed, with a bound that one in 10,000 would exceed.
"""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import case_of, every_kind, evidence_of, near_bounds, reworded
from scipy import stats

import tolls
from tolls.errors import InputError
from tolls.evidence import gather
from tolls.likelihood import Growth, Parameters, log_likelihood
from tolls.simulation import _World, draw_sizes, simulate

SRC = Path(__file__).parents[1] / "src"
SYRIA = Path(__file__).parents[1] / "models" / "syria-coast-2025"
DRAWS = 16_000
RARE = 1e-4


def world(evidence, sizes, seed=1, **fixed):
    """A world with the given sizes, in which parameters may be fixed."""
    made = _World(evidence, sizes, np.random.default_rng(seed))
    for name, value in fixed.items():
        setattr(made, name, value)
    return made


def parameters_of(made):
    """The same parameters as the likelihood takes them, as one draw."""
    evidence = made.evidence

    def by_source(values):
        return np.array([[values[name] for name in evidence.sources]])

    return Parameters(
        log_size=np.log([[made.sizes[name] for name in evidence.case.names]]),
        kappa=np.array([made.kappa]),
        growth=Growth(
            *(np.array([of]) for of in (made.eta, made.rate, made.shape, made.found)),
            *(
                np.array([[of[n] for n in evidence.lists]])
                for of in (made.alive, made.clearing, made.kept)
            ),
        ),
        bias=by_source(made.bias),
        scatter=by_source(made.scatter),
        reliability=by_source(made.reliability),
    )


def probabilities(made, statement, figures):
    """Probabilities that the likelihood gives to figures of a statement."""
    at = made.evidence.statements.index(statement)
    found = []
    for figure in figures:
        stated = list(made.evidence.statements)
        stated[at] = reworded(statement, figure=(figure.item(),))
        changed = replace(made.evidence, statements=tuple(stated))
        found.append(log_likelihood(changed, parameters_of(made))[0][0, at])
    return np.exp(found)


def assert_frequencies(drawn, probability_of, *, cells=60):
    """Chi-square test of single figures, chosen from the first half of the draws, on the second."""
    half = len(drawn) // 2
    figures, counts = np.unique(drawn[:half], return_counts=True, axis=0)
    figures = figures[np.argsort(-counts)[:cells]]
    tested = drawn[half:]
    expected = probability_of(figures) * len(tested)
    figures, expected = figures[expected >= 5], expected[expected >= 5]
    assert len(figures) >= 2
    same = tested[:, None] == figures[None]
    observed = (same if same.ndim == 2 else same.all(axis=2)).sum(axis=0)
    rest = len(tested) - expected.sum()
    assert rest > -1e-6 * len(tested), "the probabilities add up to more than one"
    if rest > 5:
        observed = np.append(observed, len(tested) - observed.sum())
        expected = np.append(expected, rest)
    statistic = ((observed - expected) ** 2 / expected).sum()
    limit = stats.chi2(len(expected) - 1).isf(RARE)
    assert statistic < limit, (statistic, limit, observed - expected)


# --- every wording --------------------------------------------------------------------------------

SIZES = {
    "small": ({"killed": 4.0, "civilians": 3.0, "forces": 1.0}, 0.5),
    "middling": ({"killed": 40.0, "civilians": 30.0, "forces": 10.0}, 0.7),
    "large": ({"killed": 900.0, "civilians": 700.0, "forces": 200.0}, 0.95),
}
PARTS = ["civilians", "forces"]


def worded(wording, category, size, *, scatter=0.25, seed=1):
    case = case_of(
        {"value": 50, "qualifier": wording, "category": category, "published": "2025-03-08"},
        categories=PARTS,
    )
    evidence = gather(near_bounds(case))
    sizes, reliability = SIZES[size]
    return world(
        evidence, sizes, seed, kappa=0.1, eta=0.2, rate=0.8, shape=1.1, bias={"Monitor": 0.9},
        scatter={"Monitor": scatter}, reliability={"Monitor": reliability},
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("category", ["all", "civilians"])
@pytest.mark.parametrize("wording", ["exact", "about", "at_least", "up_to"])
def test_statements_are_as_frequent_as_the_likelihood_says(wording, category, size):
    made = worded(wording, category, size)
    (statement,) = made.evidence.statements
    drawn = np.array([made.state(statement) for _ in range(DRAWS)])
    assert_frequencies(drawn, lambda figures: probabilities(made, statement, figures))


def test_a_source_that_rounds_its_own_way_is_as_frequent_as_the_likelihood_says():
    made = worded("about", "all", "large")
    statement = reworded(made.evidence.statements[0], habit=(0.05, 0.5, 0.4, 0.05))
    usual = made.evidence
    made.evidence = replace(usual, statements=(statement,))
    drawn = np.array([made.state(statement) for _ in range(DRAWS)])
    assert_frequencies(drawn, lambda figures: probabilities(made, statement, figures))
    made.evidence = usual
    with pytest.raises(AssertionError):
        assert_frequencies(drawn, lambda figures: probabilities(made, usual.statements[0], figures))


# of `every_kind`, in the order of its evidence: a word, a hedge, a rumour, estimates, sides
@pytest.mark.parametrize(
    ("source", "wording"),
    [
        ("Monitor", "words"), ("Monitor", "about"), ("Radio", "exact"), ("Survey", "estimate"),
        ("Office", "estimate"), ("Army", "exact"), ("Army on forces", "exact"),
    ],
)  # fmt: skip
def test_every_kind_of_report_is_as_frequent_as_the_likelihood_says(source, wording):
    evidence = gather(every_kind())
    made = world(
        evidence, {"killed": 400.0, "civilians": 320.0, "forces": 80.0}, kappa=0.1, eta=0.2,
        rate=0.4, shape=1.1, bias={n: 0.9 + 0.1 * i for i, n in enumerate(evidence.sources)},
        scatter=dict.fromkeys(evidence.sources, 0.2),
        reliability=dict.fromkeys(evidence.sources, 0.8),
    )  # fmt: skip
    found = next(s for s in evidence.statements if (s.source, s.wording) == (source, wording))
    statement = replace(found, link=None)
    made.evidence = replace(
        evidence, statements=tuple(statement if s is found else s for s in evidence.statements)
    )
    drawn = np.array([made.state(statement) for _ in range(DRAWS)])
    assert_frequencies(drawn, lambda figures: probabilities(made, statement, figures))


@pytest.mark.parametrize("wording", ["exact", "about", "at_least", "up_to"])
def test_a_slightly_different_scatter_would_be_told_apart(wording):
    made, other = (
        worded(wording, "all", "middling"),
        worded(wording, "all", "middling", scatter=0.4),
    )
    (statement,) = made.evidence.statements
    drawn = np.array([made.state(statement) for _ in range(DRAWS)])
    with pytest.raises(AssertionError):
        assert_frequencies(drawn, lambda figures: probabilities(other, statement, figures))


@pytest.mark.parametrize("wording", ["exact", "about", "at_least", "up_to"])
def test_words_of_a_fixed_belief_agree_with_its_probabilities(wording):
    """A belief without spread: only the wording is random."""
    made = worded(wording, "all", "large", scatter=1e-9)
    made.reliability = {"Monitor": 1 - 1e-12}
    (statement,) = made.evidence.statements
    drawn = np.array([made.state(statement) for _ in range(2000)])
    known = made.known(statement.as_of, statement.published, statement.reading.aspect)
    centre = 900 * 0.9 * math.exp(0.1) * known
    if wording == "at_least":
        assert drawn.max() <= centre * 1.3
    elif wording == "up_to":
        assert drawn.min() >= centre / 1.3
    else:
        assert abs(np.median(drawn) - centre) < 0.25 * centre


@pytest.mark.parametrize(("category", "gap"), [("all", 1), ("all", 12), ("civilians", 1)])
@pytest.mark.parametrize("first", ["exact", "at_least"])
def test_linked_statements_are_as_frequent_as_the_likelihood_says(first, category, gap):
    evidence = evidence_of(
        {"value": 60, "qualifier": first, "category": category, "published": "2025-03-07"},
        {"value": 70, "category": category, "published": f"2025-03-{7 + gap:02d}"},
        categories=PARTS,
    )
    before, statement = evidence.statements
    assert statement.link
    sizes, _ = SIZES["middling"]
    made = world(
        evidence, sizes, kappa=0.1, eta=0.2, rate=0.6, shape=1.1, bias={"Monitor": 0.9},
        scatter={"Monitor": 0.4}, reliability={"Monitor": 0.8},
    )  # fmt: skip
    made.said[before.rows] = 60  # what the likelihood's link leans on
    drawn = np.array([made.state(statement) for _ in range(DRAWS)])
    assert_frequencies(drawn, lambda figures: probabilities(made, statement, figures))
    # and without the link it says something else
    free = replace(statement, link=None)
    drawn = np.array([made.state(free) for _ in range(DRAWS)])
    with pytest.raises(AssertionError):
        assert_frequencies(drawn, lambda figures: probabilities(made, statement, figures))


# --- splits ---------------------------------------------------------------------------------------


def bulletin(counts, published):
    return [
        {"category": part, "value": n, "published": published}
        for part, n in zip(("civilians", "forces", "fighters"), counts, strict=True)
    ]


def split_world(final, seed=1):
    evidence = evidence_of(
        *bulletin((5, 0, 3), "2025-03-07"), *bulletin((4, 1, 1), "2025-03-09"),
        categories=["civilians", "forces", "fighters"], sources={"Monitor": "C"},
    )  # fmt: skip
    shares = {"killed": 1.0, "civilians": 0.6, "forces": 0.15, "fighters": 0.25}
    made = world(
        evidence, {name: final * share for name, share in shares.items()}, seed, kappa=0.1,
        eta=0.2, rate=0.6, shape=1.1, bias={"Monitor": 0.9}, scatter={"Monitor": 0.3},
        reliability={"Monitor": 0.7},
    )  # fmt: skip
    made.splits[evidence.compositions[0].rows] = (5, 0, 3)
    return made


def split_probabilities(made, at, figures):
    found = []
    for counts in figures:
        splits = list(made.evidence.compositions)
        splits[at] = replace(splits[at], counts=tuple(int(n) for n in counts))
        changed = replace(made.evidence, compositions=tuple(splits))
        found.append(log_likelihood(changed, parameters_of(made))[1][0, at])
    return np.exp(found)


@pytest.mark.parametrize("final", [5.0, 60.0], ids=["late", "early"])
@pytest.mark.parametrize("at", [0, 1], ids=["unlinked", "linked"])
def test_splits_are_as_frequent_as_the_likelihood_says(at, final):
    made = split_world(final)
    composition = made.evidence.compositions[at]
    assert bool(composition.link) == bool(at)
    drawn = []
    for _ in range(DRAWS):
        drawn.append(made.compose(composition, 6))
        made.splits[made.evidence.compositions[0].rows] = (5, 0, 3)
    assert_frequencies(np.array(drawn), lambda figures: split_probabilities(made, at, figures))


def test_splits_of_an_early_bulletin_vary_more():
    spread = {}
    for final in (5.0, 5000.0):
        made = split_world(final)
        made.reliability = {"Monitor": 1.0}
        first = made.evidence.compositions[0]
        spread[final] = np.std([made.compose(first, 200)[0] for _ in range(2000)])
    assert spread[5000.0] > 1.3 * spread[5.0]


def test_nobody_splits_into_nobody():
    made = split_world(5.0)
    assert made.compose(made.evidence.compositions[0], 0) == (0, 0, 0)


# --- the prior ------------------------------------------------------------------------------------

NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}


def nested_case(**declared):
    return case_of(
        {"value": 9, "category": "north"}, {"value": 50, "source": "Radio"},
        categories=NESTED, unions={"armed": ["forces", "fighters"]},
        range={"low": 20, "high": 5000, "mass": 0.9}, **declared,
    )  # fmt: skip


def assert_quantiles(draws, exact):
    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        below = (draws < exact.ppf(level)).mean()
        assert abs(below - level) < 4 * math.sqrt(level * (1 - level) / len(draws)), level


def test_sizes_have_the_declared_quantiles():
    case = nested_case()
    sizes = draw_sizes(case, DRAWS, np.random.default_rng(1))
    at = case.names.index
    sd = math.log(5000 / 20) / (2 * stats.norm.ppf(0.95))
    assert_quantiles(np.log(sizes[:, 0]), stats.norm((math.log(20) + math.log(5000)) / 2, sd))
    below = (sizes[:, 0] < 20).mean(), (sizes[:, 0] > 5000).mean()
    assert below == pytest.approx((0.05, 0.05), abs=4 * math.sqrt(0.05 * 0.95 / DRAWS))
    ratio = stats.norm(0, 1.5 * math.sqrt(2))
    for first, second in (("civilians", "forces"), ("fighters", "forces"), ("north", "south")):
        assert_quantiles(np.log(sizes[:, at(first)] / sizes[:, at(second)]), ratio)


def test_sizes_add_up():
    case = nested_case()
    sizes = draw_sizes(case, 100, np.random.default_rng(1))
    column = dict(zip(case.names, sizes.T, strict=True))
    for parent, parts in (NESTED | {"armed": ["forces", "fighters"]}).items():
        assert sum(column[p] for p in parts) == pytest.approx(column[parent])
    assert (sizes > 0).all()


def test_the_number_of_parts_leaves_the_total_alone():
    whole = case_of({"value": 5}, range={"low": 20, "high": 5000, "mass": 0.9})
    alone = draw_sizes(whole, 1000, np.random.default_rng(3))
    split = draw_sizes(nested_case(), 1000, np.random.default_rng(3))
    assert (alone[:, 0] == split[:, 0]).all()


def test_parameters_have_the_quantiles_of_their_priors():
    case = nested_case(kind="flood", sources={"Monitor": "B", "Radio": {"grade": "E"}})
    evidence = gather(case)
    sizes = dict.fromkeys(case.names, 50.0)
    drawn = [_World(evidence, sizes, np.random.default_rng(i)) for i in range(4000)]
    for values, exact in (
        ([w.kappa for w in drawn], stats.norm(0, 0.1)),
        ([w.eta for w in drawn], stats.norm(0, 0.5)),
        ([w.rate for w in drawn], stats.lognorm(s=1.1, scale=0.3)),
        ([w.shape for w in drawn], stats.lognorm(s=0.25, scale=math.exp(0.1))),
        ([w.bias["Monitor"] for w in drawn], stats.lognorm(s=math.hypot(0.35, 0.14))),
        ([w.bias["Radio"] for w in drawn], stats.lognorm(s=math.hypot(0.35, 0.85))),
        ([w.scatter["Monitor"] for w in drawn], stats.lognorm(s=0.5, scale=0.14)),
        ([w.reliability["Radio"] for w in drawn], stats.beta(1.5, 8.5)),
    ):
        assert_quantiles(np.array(values), exact)


# --- simulate -------------------------------------------------------------------------------------


def test_the_root_alone_is_taken_as_it_is_and_split_by_the_prior():
    case = nested_case()
    found = [simulate(case, seed=i, tolls={"killed": 700}).tolls for i in (1, 2)]
    for sizes in found:
        assert sizes["killed"] == 700
        assert set(sizes) == set(case.names)
        assert sizes["civilians"] + sizes["armed"] == pytest.approx(700)
        assert sizes["north"] + sizes["south"] == pytest.approx(sizes["civilians"])
    assert found[0]["civilians"] != found[1]["civilians"]


def test_all_leaves_give_their_sums():
    leaves = {"forces": 20, "fighters": 30, "north": 0, "south": 50}
    sizes = simulate(nested_case(), seed=1, tolls=leaves).tolls
    assert sizes == {
        "killed": 100.25, "civilians": 50.25, "forces": 20, "fighters": 30, "north": 0.25,
        "south": 50, "armed": 50,
    }  # fmt: skip


def test_without_tolls_they_are_drawn_from_the_prior():
    found = [simulate(nested_case(), seed=i).tolls["killed"] for i in range(200)]
    sd = math.log(5000 / 20) / (2 * stats.norm.ppf(0.95))
    assert np.mean(np.log(found)) == pytest.approx(math.log(20 * 5000) / 2, abs=4 * sd / 200**0.5)


@pytest.mark.parametrize(
    "given",
    [
        {"civilians": 5},
        {"killed": 9, "civilians": 5},
        {"dogs": 5},
        {"civilians": 5, "forces": 5, "fighters": 5},
        {"forces": 5, "fighters": 5, "north": 5, "south": 5, "killed": 20},
        {"armed": 5, "north": 5, "south": 5},
        {},
    ],
)
def test_other_tolls_are_refused_with_what_is_allowed(given):
    with pytest.raises(InputError) as caught:
        simulate(nested_case(), seed=1, tolls=given)
    for fragment in ("tolls", *given, "killed", "north", "south", "forces", "fighters"):
        assert fragment in str(caught.value)


@pytest.mark.parametrize("bad", [-5, math.nan, math.inf])
def test_tolls_that_are_no_count_are_refused(bad):
    with pytest.raises(InputError, match="tolls"):
        simulate(nested_case(), seed=1, tolls={"killed": bad})


def test_the_same_seed_says_the_same_and_another_something_else():
    case = tolls.read_case(SYRIA)
    one, same, other = (tolls.simulate(case, seed=s) for s in (1, 1, 2))
    assert one.case.digest == same.case.digest
    assert one.tolls == same.tolls
    assert one.parameters == same.parameters
    assert one.case.digest != other.case.digest


def test_a_simulated_case_has_the_design_of_its_model():
    case = tolls.read_case(SYRIA)
    evidence = gather(case)
    simulated = simulate(case, seed=1, tolls={"killed": 2000}).case
    assert simulated.declaration == case.declaration
    assert simulated.names == case.names
    rows = [r for r in evidence.fates if evidence.fates[r][0] == "evidence"]
    assert len(simulated.reports) == len(rows)
    assert {r.source for r in simulated.reports} == set(evidence.sources)
    assert not any(r.cites for r in simulated.reports)
    assert {r.qualifier for r in simulated.reports} <= {"exact", "about", "at_least", "up_to"}


def test_a_simulated_case_gathers_into_statements_like_those_it_comes_from():
    case = near_bounds(tolls.read_case(SYRIA))
    before = gather(case)
    after = gather(simulate(case, seed=4, tolls={"killed": 20_000}).case)

    def design(evidence):
        return sorted(
            (s.source, s.node, str(s.published), str(s.as_of), s.alone) for s in evidence.statements
        )

    # chance repeats may merge two statements, no more
    missing = [s for s in design(before) if s not in design(after)]
    assert len(missing) <= 2
    assert len(after.compositions) >= len(before.compositions) - 1


def test_words_and_numbers_of_one_day_are_simulated():
    rows = [
        {
            "source": "A",
            "published": "2025-03-07",
            "category": "killed",
            "words": "dozens",
            "qualifier": "words",
        },
        {"source": "B", "published": "2025-03-07", "category": "killed", "value": 40},
    ]
    assert len(tolls.simulate(tolls.Case(rows), seed=1).case.reports) == 2


def test_a_cut_simulates_only_what_was_published_by_then():
    case = tolls.read_case(SYRIA)
    simulated = simulate(case, seed=1, as_of="2025-03-08").case
    assert max(str(r.published) for r in simulated.reports) <= "2025-03-08"
    assert len(simulated.reports) < len(simulate(case, seed=1).case.reports)


def test_the_parts_of_a_simulated_bulletin_add_up_to_what_its_source_says_of_the_whole():
    made = split_world(400.0)
    rows = made.rows()
    for statement in made.evidence.statements:
        own = [r for r in rows if r["published"] == str(statement.published)]
        assert sum(int(r["value"]) for r in own) == made.said[statement.rows]


def test_reports_of_a_reliable_unbiased_source_are_near_the_truth():
    case = case_of(
        {"value": 5, "published": "2026-03-08"}, kind="conflict",
        sources={"Monitor": {"grade": "A", "bias": {"low": 0.99, "high": 1.01},
                             "reliability": {"mean": 0.999, "strength": 1e6},
                             "scatter": {"low": 0.009, "high": 0.011}}},
    )  # fmt: skip
    found = []
    for seed in range(100):
        simulation = simulate(case, seed=seed, tolls={"killed": 5000})
        (report,) = simulation.case.reports
        seen = 5000 * simulation.parameters["found"] * math.exp(simulation.parameters["kappa"])
        found.append(math.log(report.value / seen))
    assert np.median(found) == pytest.approx(0, abs=0.01)
    assert np.std(found) < 0.05


def test_it_loads_neither_the_model_nor_the_likelihood_nor_plots():
    code = (
        "import sys, tolls.simulation; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('pymc', 'pytensor', 'nutpie', 'matplotlib', 'pandas', 'xarray', 'arviz') "
        "or m in ('tolls.likelihood', 'tolls.graph')])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SRC
    )
    assert found.stdout.strip() == "[]"
