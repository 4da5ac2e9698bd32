"""Two engines, one posterior: against each other and against long runs.

The shipped case is fitted by nuts once, in this file. ``references/make.py`` says how the long run
was made.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from arviz_stats.base import array_stats
from helpers import case_of
from helpers_estimate import tree_of

import tolls
from tolls.nuts import CHAINS

LONG = json.loads((Path(__file__).parent / "references" / "syria-coast-2025.json").read_text())
AGREED = 0.03  # on the log scale, beside three combined Monte Carlo errors: the design's


@pytest.fixture(scope="module")
def shipped_nuts(shipped_estimate):
    return tolls.fit(shipped_estimate.case, seed=1, engine="nuts")


def log_quantiles(estimate, node, levels):
    """Quantiles of a node's log size, with their Monte Carlo errors."""
    x = np.log(estimate.posterior["size"][..., estimate.nodes.index(node)])
    quantiles = np.quantile(x, levels)
    if estimate.engine == "nuts":
        axes = {"chain_axis": 0, "draw_axis": 1}
        error = [float(array_stats.mcse(x, method="quantile", prob=p, **axes)) for p in levels]
        return quantiles, np.array(error)
    # the error of a probability over the density, by the difference of close quantiles
    density = 0.04 / (np.quantile(x, levels + 0.02) - np.quantile(x, levels - 0.02))
    return quantiles, np.sqrt(levels * (1 - levels) / estimate.diagnostics.ess) / density


ENDS = np.array([0.05, 0.5, 0.95])


def assert_engines_agree(one, other, levels=ENDS):
    for node in one.nodes:
        (a, error_a), (b, error_b) = (log_quantiles(e, node, levels) for e in (one, other))
        allowed = AGREED + 3 * np.hypot(error_a, error_b)
        assert (np.abs(a - b) <= allowed).all(), (node, a - b, allowed)


def test_the_engines_agree_on_the_shipped_case(shipped_estimate, shipped_nuts):
    assert_engines_agree(shipped_estimate, shipped_nuts)


def test_the_engines_agree_on_what_sources_are_like(shipped_estimate, shipped_nuts):
    for name in ("bias", "scatter"):
        for i, source in enumerate(shipped_estimate.evidence.sources):
            a, b = (
                np.quantile(np.log(e.posterior[name][..., i]), [0.05, 0.5, 0.95])
                for e in (shipped_estimate, shipped_nuts)
            )
            sd = np.log(shipped_nuts.posterior[name][..., i]).std()
            # three errors of a 5 % quantile with 1,500 effective draws on either side
            assert np.abs(a - b).max() < AGREED + 3 * math.sqrt(2) * 2.1 * sd / math.sqrt(1500), (
                name, source, a - b,
            )  # fmt: skip
    a, b = (e.posterior["reliability"].mean(axis=(0, 1)) for e in (shipped_estimate, shipped_nuts))
    assert np.abs(a - b).max() < 0.02


def assert_as_long_run(estimate):
    assert estimate.case.digest == LONG["digest"], "make references again: the case has changed"
    levels = np.array(LONG["levels"])
    for node, exact in LONG["log_nodes"].items():
        found, error = log_quantiles(estimate, node, levels)
        allowed = AGREED + 3 * np.hypot(error, exact["errors"])
        assert (np.abs(found - exact["quantiles"]) <= allowed).all(), (node, found, exact)


def test_the_shipped_case_is_that_of_a_long_run(shipped_estimate):
    assert_as_long_run(shipped_estimate)


def test_nuts_is_that_of_its_long_run(shipped_nuts):
    assert_as_long_run(shipped_nuts)


def test_both_engines_give_four_chains_of_everything_in_the_same_shape(
    shipped_estimate, shipped_nuts
):
    assert CHAINS == 4
    shapes = {name: values.shape for name, values in shipped_estimate.posterior.items()}
    assert {shape[:2] for shape in shapes.values()} == {(4, 1500)}
    assert {name: values.shape for name, values in shipped_nuts.posterior.items()} == shapes
    assert shipped_nuts.draws["posterior"].sizes == shipped_estimate.draws["posterior"].sizes


# --- nuts alone -----------------------------------------------------------------------------------


def test_the_shipped_case_passes_the_diagnostics_of_nuts(shipped_nuts):
    found = shipped_nuts.diagnostics
    assert found.ok
    assert found.reasons == ()
    assert found.divergences == 0
    assert found.rhat <= 1.01
    assert found.ess >= 400
    assert found.khat is None
    assert set(found.nodes) == set(shipped_nuts.nodes)
    assert shipped_nuts.engine == "nuts"
    assert shipped_nuts.seed == 1


def test_the_shipped_case_passes_at_the_first_attempt(shipped_nuts):
    assert not any("a run failed" in told for told in shipped_nuts.warnings)


def test_ones_own_draws_of_the_model_give_the_same_summary(shipped_nuts):
    kept = {k: v for k, v in shipped_nuts.posterior.items() if k != "toll"}
    again = tolls.from_pymc(shipped_nuts.case, tree_of(kept))
    assert again.engine == "pymc"
    assert again.seed is None
    numbers = ["mean", "median", "sd", "lo", "hi", "ess_bulk", "rhat"]
    expected = shipped_nuts.summary()[numbers]
    assert again.summary()[numbers].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.01)
    assert (again.tolls("killed") == shipped_nuts.tolls("killed")).all()


# --- random cases from the prior ------------------------------------------------------------------


def design():
    """Sources of several grades and wordings on a case with parts."""
    rows = [
        {"value": 50, "published": "2025-03-08"},
        {"value": 50, "published": "2025-03-12"},
        {"value": 50, "published": "2025-03-12", "category": "civilians"},
        {"value": 50, "published": "2025-03-20", "category": "civilians"},
        {"value": 50, "published": "2025-03-20", "category": "forces"},
        {"value": 50, "published": "2025-03-10", "source": "Radio", "qualifier": "about"},
        {"value": 50, "published": "2025-03-14", "source": "Radio", "qualifier": "at_least"},
        {"value": 50, "published": "2025-03-18", "source": "Court"},
    ]
    return case_of(
        *rows, categories=["civilians", "forces"], kind="attack",
        sources={"Monitor": {"grade": "B", "kind": "monitor"}, "Radio": "C", "Court": "A"},
        range={"low": 20, "high": 5000},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_the_engines_agree_on_random_cases_from_the_prior(seed):
    case = tolls.simulate(design(), seed=500 + seed).case
    one = tolls.fit(case, seed=seed, engine="collapsed")
    assert_engines_agree(one, tolls.fit(case, seed=seed, engine="nuts"))
