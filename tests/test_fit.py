"""From a case to an estimate: exact answers, the prior, the shipped case, refusals.

Every model costs half a minute to compile, so the tests that need one share two.
"""

import json
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from arviz_stats.base import array_stats
from helpers import case_of
from helpers_estimate import tree_of
from scipy import stats

import tolls
from tolls.errors import EstimateRefused, InputError, TollsWarning
from tolls.evidence import gather
from tolls.nuts import Settings, compile_model, sample
from tolls.relays import Lines, origin_of

ROOT = Path(__file__).parents[1]
SYRIA = ROOT / "models" / "syria-coast-2025"
VERIFIED = 1426  # civilians, found by the national committee on 22 July 2025
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def share_below(draws, edges, ess=None):
    """Share of (chain, draw) draws below each edge, with its Monte Carlo error.

    Draws resampled by weight are independent of each other given the weighted ones, so that chains
    know nothing of their error: then the effective number of weighted draws is given.
    """
    below = draws[..., None] < np.asarray(edges, dtype=float)
    axes = {"chain_axis": 0, "draw_axis": 1}
    if ess is None:
        ess = [
            float(array_stats.ess(below[..., i].astype(float), method="mean", **axes))
            for i in range(below.shape[-1])
        ]
    found = below.mean(axis=(0, 1))
    return found, np.sqrt(found * (1 - found) / np.array(ess))


def ess_of(estimate):
    """Effective draws behind an estimate, where its chains cannot tell."""
    return estimate.diagnostics.ess if estimate.engine == "collapsed" else None


def assert_quantiles(draws, exact, levels=LEVELS, errors=4.0, ess=None):
    """Assert that the draws put the right probability below each exact quantile."""
    found, error = share_below(draws, exact, ess)
    assert (np.abs(found - levels) < errors * error).all(), (found, levels, error)


# --- one source, one node, one report -------------------------------------------------------------

PRIOR = (20.0, 2000.0)  # 95 %
STATED = 4000
ONE = {"grade": "D", "kind": "enemy_losses"}  # far above the range: gross errors matter


def exact_quantiles(levels, *, gross=1.5, kappa=0.1):
    """Quantiles of log lambda, integrated directly over the centre, the scatter, the mixture."""
    z = 1.959963984540054
    mean = (math.log(PRIOR[0]) + math.log(PRIOR[1])) / 2
    sd = (math.log(PRIOR[1]) - math.log(PRIOR[0])) / (2 * z)
    size = np.linspace(mean - 7 * sd, mean + 7 * sd, 1601)
    # log bias and kappa add up to one normal; the centre is the log size plus it
    shift, spread = math.log(2.2), math.sqrt(0.6**2 + 0.5**2 + kappa**2)
    centre = np.linspace(size[0] - 8 * spread, size[-1] + 8 * spread, 3001)
    log_scatter = math.log(0.5) + 0.5 * np.linspace(-6, 6, 241)
    weight = stats.norm.pdf(np.linspace(-6, 6, 241))
    honest = 3.5 / 10
    likelihood = np.zeros_like(centre)
    for s, w in zip(np.exp(log_scatter), weight, strict=True):
        for share, extra in ((honest, 0.0), (1 - honest, gross**2)):
            wide = np.sqrt(s**2 + extra + 0.5 * np.minimum(np.exp(-centre), 1))
            low, high = ((math.log(STATED + d) - centre) / wide for d in (-0.5, 0.5))
            # the survival function far below, the distribution function above: no cancellation
            cell = np.where(
                low > 0, stats.norm.sf(low) - stats.norm.sf(high),
                stats.norm.cdf(high) - stats.norm.cdf(low),
            )  # fmt: skip
            likelihood += w * share * cell
    kernel = stats.norm.pdf(centre[None, :], size[:, None] + shift, spread)
    density = stats.norm.pdf(size, mean, sd) * (kernel * likelihood).sum(axis=1)
    cumulated = np.cumsum((density[1:] + density[:-1]) / 2)
    return np.interp(levels, np.concatenate([[0], cumulated]) / cumulated[-1], size)


@pytest.fixture(scope="module", params=["collapsed", "nuts"])
def one_report(request):
    case = case_of(
        {"value": STATED, "published": "2025-04-01"},
        kind="conflict", sources={"Monitor": ONE}, range={"low": PRIOR[0], "high": PRIOR[1]},
    )  # fmt: skip
    return tolls.fit(case, seed=3, engine=request.param)


def test_one_report_gives_the_posterior_that_direct_integration_gives(one_report):
    exact = exact_quantiles(LEVELS)
    draws = np.log(one_report.posterior["size"][..., 0])
    assert_quantiles(draws, exact, ess=ess_of(one_report))
    assert np.quantile(draws, LEVELS) == pytest.approx(exact, abs=0.1)


def test_a_model_with_other_gross_errors_would_be_told_apart(one_report):
    draws = np.log(one_report.posterior["size"][..., 0])
    found, error = share_below(draws, exact_quantiles(LEVELS, gross=0.5), ess_of(one_report))
    assert (np.abs(found - LEVELS) > 4 * error).any()


def test_tolls_are_the_sizes_in_whole_people(one_report):
    size = one_report.posterior["size"][..., 0]
    assert (one_report.posterior["toll"][..., 0] == np.rint(size)).all()
    assert one_report.posterior["toll"].dtype == np.int64
    assert not {"rate", "shape", "share"} & set(one_report.posterior)


# --- without reports ------------------------------------------------------------------------------

NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}


@pytest.fixture(scope="module")
def prior():
    case = case_of(
        {"value": 9, "category": "north"}, {"value": 50, "source": "Radio"},
        categories=NESTED, sources={"Monitor": "B", "Radio": "E"}, kind="flood",
    )  # fmt: skip
    evidence = gather(case)
    compiled = compile_model(evidence, prior_only=True)
    draws, divergences = sample(compiled, seed=5, settings=Settings(800, 2000, 0.9))
    assert divergences == 0
    return case, draws


@pytest.mark.parametrize(
    ("name", "index", "exact"),
    [
        ("size", (0,), stats.lognorm(s=2.3497538, scale=100)),
        ("kappa", (), stats.norm(0, 0.1)),
        ("eta", (), stats.norm(0, 0.5)),
        ("rate", (), stats.lognorm(s=1.1, scale=0.3)),
        ("shape", (), stats.lognorm(s=0.25, scale=math.exp(0.1))),
        ("bias", (0,), stats.lognorm(s=math.hypot(0.35, 0.14))),
        ("bias", (1,), stats.lognorm(s=math.hypot(0.35, 0.85))),
        ("scatter", (0,), stats.lognorm(s=0.5, scale=0.14)),
        ("scatter", (1,), stats.lognorm(s=0.5, scale=0.85)),
        ("reliability", (0,), stats.beta(13.3, 1.7)),
        ("reliability", (1,), stats.beta(1.5, 8.5)),
    ],
)
def test_without_reports_the_fit_returns_the_prior(prior, name, index, exact):
    assert_quantiles(prior[1][name][(..., *index)], exact.ppf(LEVELS))


def test_without_reports_shares_are_centred_logistic_normal(prior):
    # log of the ratio of two shares: the difference of two of the normals of sd 1.5
    ratio = stats.norm(0, 1.5 * math.sqrt(2)).ppf(LEVELS)
    share = np.log(prior[1]["share"])
    for first, second in ((0, 1), (0, 2), (2, 1), (3, 4)):
        assert_quantiles(share[..., first] - share[..., second], ratio)
    total = prior[1]["share"]
    assert total[..., :3].sum(axis=-1) == pytest.approx(1)
    assert total[..., 3:].sum(axis=-1) == pytest.approx(1)


def test_without_reports_parts_are_shares_of_their_parents(prior):
    case, draws = prior
    at, size = case.names.index, draws["size"]
    for parent, parts in NESTED.items():
        assert sum(size[..., at(p)] for p in parts) == pytest.approx(size[..., at(parent)])


# --- the shipped case -----------------------------------------------------------------------------


def test_the_interval_of_the_civilians_holds_the_number_verified_later(shipped_estimate):
    row = shipped_estimate.summary().loc["civilians"]
    assert row["lo"] <= VERIFIED <= row["hi"]
    assert row["hi"] / row["lo"] <= 10


def test_tolls_add_up_in_every_draw(shipped_estimate):
    of = shipped_estimate.tolls
    parts = of("civilians") + of("security_forces") + of("pro_assad_fighters")
    assert (of("killed") == parts).all()
    fighters = of("security_forces") + of("pro_assad_fighters")
    assert (of("fighters_both_sides") == fighters).all()
    assert min(of(node).min() for node in shipped_estimate.nodes) >= 0


def test_the_prior_beside_it_is_the_declared_one(shipped_estimate):
    root = np.log(shipped_estimate.prior["toll"][..., 0] + 1e-9)
    below = [(root < math.log(edge)).mean() for edge in (100.5, 10_000)]
    assert below == pytest.approx([0.5, 0.975], abs=4 * 0.5 / math.sqrt(root.size))


def test_the_table_of_sources_is_whole_and_within_its_domain(shipped_estimate):
    table = shipped_estimate.sources()
    assert tuple(table.index) == shipped_estimate.evidence.sources
    assert (table["bias_lo"] < table["bias_median"]).all()
    assert (table["bias_median"] < table["bias_hi"]).all()
    assert table["reliability"].between(0, 1).all()
    assert (table["reports"] > 0).all()
    assert (table["khat"].ge(0.7) == table["without"].isna()).all()


# --- arguments and refusals: nothing is compiled --------------------------------------------------

SMALL = {"categories": ["civilians", "forces"], "sources": {"Monitor": "B"}, "title": "Small"}


def small_case():
    return case_of({"value": 120}, {"value": 80, "category": "civilians"}, **SMALL)


def synthetic(chains=4, draws=500, shift=0.0, seed=1):
    """Independent draws of everything that a posterior of the small case holds."""
    rng = np.random.default_rng(seed)
    shape = (chains, draws)
    root = np.exp(rng.normal(5.0, 0.2, shape) + shift * np.arange(chains)[:, None])
    share = rng.beta(8, 4, shape)
    return {
        "size": np.stack([root, root * share, root * (1 - share)], axis=-1),
        "share": np.stack([share, 1 - share], axis=-1),
        **{name: np.exp(rng.normal(0, 0.2, (*shape, 1))) for name in ("bias", "scatter")},
        "reliability": rng.beta(12, 3, (*shape, 1)),
        **{name: rng.normal(0, 0.2, shape) for name in ("kappa", "eta")},
        **{name: np.exp(rng.normal(0, 0.2, shape)) for name in ("rate", "shape")},
        "found": rng.beta(60, 1, shape),
    }


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"engine": "stan"}, ("engine", '"stan"', "auto, collapsed, nuts")),
        ({"engine": "Nuts"}, ("engine", '"Nuts"', "auto, collapsed, nuts")),
        ({"on_failure": "ignore"}, ("on_failure", '"ignore"', "raise, warn")),
        ({"seed": -1}, ("seed", "-1", "integer from 0")),
        ({"seed": 1.0}, ("seed", "1.0", "integer from 0")),
        ({"seed": True}, ("seed", "True", "integer from 0")),
        ({"seed": None}, ("seed", "None", "integer from 0")),
        ({"seed": "1"}, ("seed", "'1'", "integer from 0")),
        ({"seed": 2**63}, ("seed", str(2**63), "2^63 - 1")),
        ({"as_of": "soon"}, ("as_of", '"soon"', "YYYY-MM-DD")),
        ({"as_of": "2025-03-01"}, ("as_of", "2025-03-01", "start")),
        ({"as_of": "2025-03-06"}, ("no report is left", "2025-03-06")),
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_compiled(options, fragments):
    with pytest.raises(InputError) as caught:
        tolls.fit(small_case(), **({"seed": 1} | options))
    assert all(fragment in str(caught.value) for fragment in fragments)


def test_a_path_is_no_case():
    with pytest.raises(InputError, match="read_case"):
        tolls.fit("models/syria-coast-2025", seed=1)


def test_a_seed_is_required():
    with pytest.raises(TypeError, match="seed"):
        tolls.fit(small_case())


def test_sound_draws_of_ones_own_become_an_estimate():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate = tolls.from_pymc(small_case(), tree_of(synthetic()))
    assert estimate.diagnostics.ok
    assert estimate.diagnostics.divergences == 0
    of = estimate.tolls
    assert (of("killed") == of("civilians") + of("forces")).all()


FAULTS = {
    "few": ({"draws": 50}, None, "effective draws"),
    "apart": ({"shift": 1.0}, None, "R-hat"),
    "divergent": ({}, np.arange(2000).reshape(4, 500) == 7, "1 divergent transitions"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_estimate_that_fails_its_diagnostics_is_refused_and_carried(fault):
    options, diverging, reason = FAULTS[fault]
    with pytest.raises(EstimateRefused, match=reason) as caught:
        tolls.from_pymc(small_case(), tree_of(synthetic(**options), diverging))
    assert "Small" in str(caught.value)
    assert "Try another seed" in str(caught.value)
    estimate = caught.value.estimate
    assert isinstance(estimate, tolls.Estimate)
    assert not estimate.diagnostics.ok
    assert reason in " ".join(estimate.diagnostics.reasons)
    assert "REFUSED" in repr(estimate)
    assert estimate.to_dict()["diagnostics"]["ok"] is False


@pytest.mark.parametrize("fault", FAULTS)
def test_whoever_insists_gets_the_draws_with_a_warning(fault):
    options, diverging, reason = FAULTS[fault]
    tree = tree_of(synthetic(**options), diverging)
    with pytest.warns(TollsWarning, match=reason):
        estimate = tolls.from_pymc(small_case(), tree, on_failure="warn")
    assert not estimate.diagnostics.ok


def test_draws_that_are_stuck_are_refused():
    stuck = {name: np.broadcast_to(v[:, :1], v.shape).copy() for name, v in synthetic().items()}
    with pytest.raises(EstimateRefused):
        tolls.from_pymc(small_case(), tree_of(stuck))


def test_draws_that_are_no_numbers_are_refused():
    broken = synthetic()
    broken["kappa"][0, 3] = np.nan
    with pytest.raises((EstimateRefused, InputError)):
        tolls.from_pymc(small_case(), tree_of(broken))


def test_draws_of_another_case_are_refused_with_all_faults():
    arrays = synthetic()
    del arrays["kappa"], arrays["eta"]
    arrays["size"] = arrays["size"][..., :2]
    for name in ("bias", "scatter", "reliability"):
        arrays[name] = np.concatenate([arrays[name]] * 2, axis=-1)
    with pytest.raises(InputError) as caught:
        tolls.from_pymc(small_case(), tree_of(arrays))
    told = caught.value.problems
    assert len(told) == 6
    for fragment in ("kappa is missing", "eta is missing", "size has shape", "bias has shape"):
        assert any(fragment in message for message in told)


def test_draws_without_the_growth_of_a_case_that_grows_are_refused():
    arrays = synthetic()
    del arrays["rate"], arrays["shape"]
    with pytest.raises(InputError, match="rate is missing"):
        tolls.from_pymc(small_case(), tree_of(arrays))


def test_on_failure_of_ones_own_draws_is_checked():
    with pytest.raises(InputError, match="on_failure"):
        tolls.from_pymc(small_case(), tree_of(synthetic()), on_failure="hide")


# --- what the shipped case must survive -----------------------------------------------------------


def civilians(case, **options):
    row = tolls.fit(case, seed=1, **options).summary().loc["civilians"]
    return row["lo"], row["hi"]


def shipped():
    return tolls.read_case(SYRIA)


def test_every_origin_of_the_shipped_case_is_known():
    """Guards the list of sources that the slow test removes one by one."""
    assert set(gather(shipped()).sources) == set(ORIGINS)


ORIGINS = (
    "SOHR", "SNHR", "OHCHR", "Government of Syria", "Fox News eyewitness",
    "Tehran Times field sources", "Antiwar.com",
)  # fmt: skip


def test_with_every_grade_unknown_the_interval_still_holds_the_verified_number():
    case = shipped()
    content = json.loads(case.to_json())
    for source in content["declaration"]["sources"].values():
        source["grade"] = "F"
    low, high = civilians(tolls.Case.from_json(json.dumps(content)))
    assert low <= VERIFIED <= high


@pytest.mark.parametrize("name", ORIGINS)
def test_without_any_one_source_the_interval_still_holds_the_verified_number(name):
    case = shipped()
    lines = Lines(case.reports)
    kept = [r.as_row() for r in case.reports if origin_of(r, lines)[-1] != name]
    reduced = case.with_reports(kept)
    assert name not in gather(reduced).sources
    low, high = civilians(reduced)
    assert low <= VERIFIED <= high


def test_without_its_own_rows_the_relays_stand_in_for_a_source():
    case = shipped()
    reduced = case.with_reports([r.as_row() for r in case.reports if r.source != "SOHR"])
    assert "SOHR" in gather(reduced).sources
    low, high = civilians(reduced)
    assert low <= VERIFIED <= high


def test_the_day_after_the_harm_the_interval_is_wider_and_holds_the_verified_number(
    shipped_estimate,
):
    early_low, early_high = civilians(shipped(), as_of="2025-03-11")
    row = shipped_estimate.summary().loc["civilians"]
    assert early_low <= VERIFIED <= early_high
    assert early_high - early_low > row["hi"] - row["lo"]
    assert early_high / early_low > row["hi"] / row["lo"]


# --- slow: recovery and reproducibility -----------------------------------------------------------

QUICK = Settings(500, 500, 0.9)
RECOVERED = 20


def design(bias):
    return case_of(
        {"value": 50, "published": "2025-03-08"},
        {"value": 50, "published": "2025-03-12"},
        {"value": 50, "published": "2025-03-10", "source": "Radio", "qualifier": "about"},
        {"value": 50, "published": "2025-03-14", "source": "Radio", "qualifier": "at_least"},
        sources={"Monitor": {"grade": "B", "bias": bias}, "Radio": {"grade": "C", "bias": bias}},
        kind="attack", range={"low": 20, "high": 2000},
    )  # fmt: skip


def covered(simulations, bias):
    """Number of simulated roots within the central 90 % intervals of a model with this bias."""
    inside = 0
    for i, simulation in enumerate(simulations):
        case = design(bias).with_reports([r.as_row() for r in simulation.case.reports])
        draws, _ = sample(compile_model(gather(case)), seed=i, settings=QUICK)
        low, high = np.quantile(draws["size"][..., 0], [0.05, 0.95])
        inside += bool(low <= simulation.tolls["killed"] <= high)
    return inside


TRUE_BIAS = {"median": 1.0, "low": 0.6, "high": 1.67}


@pytest.mark.slow
def test_intervals_cover_the_roots_behind_simulated_reports():
    simulations = [tolls.simulate(design(TRUE_BIAS), seed=100 + i) for i in range(RECOVERED)]
    low, high = stats.binom(RECOVERED, 0.9).ppf([0.001, 0.999])
    assert low <= covered(simulations, TRUE_BIAS) <= high


@pytest.mark.slow
def test_intervals_of_a_model_with_a_wrong_bias_do_not_cover():
    simulations = [tolls.simulate(design(TRUE_BIAS), seed=100 + i) for i in range(8)]
    # far off: a factor of 3 is still within gross errors, growth and shared bias (it covers 5 of 8)
    wrong = {"median": 10.0, "low": 9.5, "high": 10.5}
    assert covered(simulations, wrong) < stats.binom(8, 0.9).ppf(0.001)


@pytest.mark.slow
def test_two_processes_print_the_same_bytes():
    command = [sys.executable, "-m", "tolls", "fit", str(SYRIA), "--seed", "1", "--json"]
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    first, second = (
        subprocess.run(
            command, capture_output=True, check=True, env=os.environ | {"PYTHONPATH": path}
        ).stdout
        for _ in range(2)
    )
    assert first == second
    assert json.loads(first)["diagnostics"]["ok"] is True
