"""Reweighted answers are those of a fit of the variant, and refused where they would not be."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import case_of, every_kind

import tolls
from tolls.fitting import fit_evidence
from tolls.reweighting import Reweighter
from tolls.variants import (
    bias_median_one,
    bias_of_all_free,
    bias_times,
    gathered,
    graded,
    only_on,
    without,
)

SOURCES = {n: {"grade": "B", "kind": "monitor"} for n in "ABCD"} | {
    "E": {"grade": "D", "kind": "witness"}
}
ROWS = [
    *({"source": s, "value": v, "published": f"2025-03-{12 + i}"}
      for i, (s, v) in enumerate(zip("ABCD", (280, 340, 310, 260), strict=True))),
    {"source": "E", "value": 500, "qualifier": "at_least", "published": "2025-03-20"},
    {"source": "A", "value": 90, "category": "forces", "published": "2025-03-22"},
    {"source": "A", "value": 200, "category": "civilians", "published": "2025-03-22"},
]  # fmt: skip
CASE = case_of(
    *ROWS, sources=SOURCES, kind="massacre", categories=["civilians", "forces"],
    range={"low": 10, "high": 10_000},
)  # fmt: skip
# (variant, factor of the biases), where weights are even
EVEN = {
    "free mean": (bias_of_all_free(CASE, 0.69), 1.0),
    "half the bias": (bias_times(CASE, 0.5), 0.5),
    "thrice the bias": (bias_times(CASE, 3.0), 3.0),
    "median one": (bias_median_one(CASE), 1.0),
    "without the witness": (without(CASE, "killed", "E"), 1.0),
}
ERRORS = 4.5  # standard errors; the largest of some thirty differences


@pytest.fixture(scope="module")
def draws():
    return Reweighter(tolls.fit(CASE, seed=1))


def quantiles(tolls_of_all, ess):
    """Log 5, 50 and 95 % quantiles of every node, with their errors for normal logs."""
    logs = np.log(np.maximum(tolls_of_all, 0.5))
    found = np.quantile(logs, [0.05, 0.5, 0.95], axis=0)
    sd = (found[2] - found[0]) / 3.29
    return found, np.array([[2.11], [1.25], [2.11]]) * sd / math.sqrt(ess)


def apart(one, ess, other, other_ess):
    """Largest difference of quantiles in standard errors."""
    (a, da), (b, db) = quantiles(one, ess), quantiles(other, other_ess)
    return float((np.abs(a - b) / np.hypot(da, db)).max())


@pytest.mark.parametrize("name", EVEN)
def test_reweighted_draws_are_those_of_a_fit(draws, name):
    variant, factor = EVEN[name]
    evidence = gathered(variant, "killed")
    found = draws.variant(evidence, np.random.default_rng(1), factor)
    assert found.weights.ok, found.weights
    fitted = fit_evidence(evidence, seed=2)
    other = fitted.posterior["toll"].reshape(-1, found.tolls.shape[1])
    assert apart(found.tolls, found.weights.ess, other, fitted.diagnostics.ess) < ERRORS
    # the variant is another answer, or the test would say little
    if name != "without the witness":
        assert apart(draws.tolls, 2000, other, fitted.diagnostics.ess) > ERRORS
    parts = found.tolls[:, 1] + found.tolls[:, 2]
    assert (parts == found.tolls[:, 0]).all()


def test_without_splitting_anew_a_free_mean_would_be_wrong(draws):
    """The wrong variant: weights by the density of the shared bias alone keep its old draws."""
    evidence = gathered(bias_of_all_free(CASE, 0.69), "killed")
    kappa = draws.estimate.parameters.kappa
    log_ratio = -0.5 * kappa**2 * (1 / 0.69**2 - 1 / 0.2**2)
    rows = draws.picked(draws.weights(log_ratio), kappa, np.random.default_rng(1))
    fitted = fit_evidence(evidence, seed=2)
    other = fitted.posterior["toll"].reshape(-1, 3)
    assert apart(draws.tolls[rows], 1000, other, fitted.diagnostics.ess) > ERRORS


def test_weights_that_cannot_carry_an_answer_say_so(draws):
    for variant in (graded(CASE, 1), only_on(CASE, "killed", "killed", False)):
        found = draws.variant(gathered(variant, "killed"), np.random.default_rng(1))
        assert not found.weights.ok
        assert found.weights.khat > 0.7 or found.weights.ess < 0.3 * 2000


def test_an_unchanged_case_leaves_every_draw(draws):
    found = draws.variant(draws.estimate.evidence, np.random.default_rng(1))
    assert found.weights.khat == -math.inf
    assert found.weights.ess == pytest.approx(draws.estimate.diagnostics.ess)
    assert (np.sort(found.tolls[:, 0]) == np.sort(draws.tolls[:, 0])).all()


def test_a_new_source_is_not_to_be_had_from_the_draws(draws):
    more = CASE.with_reports([*ROWS, {"source": "New", "value": 300, "published": "2025-03-20"}])
    assert draws.variant(gathered(more, "killed"), np.random.default_rng(1)) is None


def test_moving_all_biases_leaves_the_likelihood(draws):
    """What sources see is the same: only the prior of the level weighs."""
    evidence = gathered(bias_times(CASE, 4.0), "killed")
    found = draws.variant(evidence, np.random.default_rng(1), 4.0)
    own, prior = draws.estimate.parameters, CASE.root_prior
    seen = own.log_size[:, 0] + own.kappa
    sd = math.hypot(prior.sd, 0.1)
    ratio = (-0.5 * ((seen - math.log(4) - prior.mean) / sd) ** 2
             + 0.5 * ((seen - prior.mean) / sd) ** 2)  # fmt: skip
    plain = draws.weights(ratio)
    assert found.weights.ess == pytest.approx(plain.ess, rel=1e-6)
    assert found.weights.khat == pytest.approx(plain.khat, abs=1e-6)


def test_with_an_anchor_the_two_are_told_apart():
    """An anchored level hardly moves with the biases of others, and weights know it."""
    case = every_kind()
    draws = Reweighter(tolls.fit(case, seed=1))
    for factor in (1.05, 2.0):
        evidence = gathered(bias_times(case, factor), "killed")
        found = draws.variant(evidence, np.random.default_rng(1), factor)
        if factor == 2.0:
            assert not found.weights.ok
            continue
        fitted = fit_evidence(evidence, seed=2)
        other = fitted.posterior["toll"].reshape(-1, found.tolls.shape[1])
        assert found.weights.ok
        assert apart(found.tolls, found.weights.ess, other, fitted.diagnostics.ess) < ERRORS


def test_picking_keeps_quantiles_as_weights_have_them(draws):
    rng = np.random.default_rng(1)
    x = draws.estimate.parameters.log_size[:, 0]
    weights = replace(draws.weights(0.5 * x), ok=True)
    rows = draws.picked(weights, x, rng)
    weight = np.exp(weights.log_weight) / np.exp(weights.log_weight).sum()
    order = np.argsort(x)
    for q in (0.025, 0.5, 0.975):
        exact = x[order][np.searchsorted(np.cumsum(weight[order]), q)]
        # between two draws, of which there are 6,000
        assert np.quantile(x[rows], q) == pytest.approx(exact, abs=0.003 * x.std() / 0.05)
