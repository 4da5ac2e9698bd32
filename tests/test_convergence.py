"""Diagnostics: sound chains pass, and every way to be unsound is named."""

import math

import numpy as np
import pytest

from tolls.constants import ESS_LIMIT, RHAT_LIMIT
from tolls.convergence import Diagnostics, Row, diagnose

NODES = ("killed", "civilians")


def chains(chain=4, draw=500, seed=1):
    """Independent draws of two nodes and of one parameter without an axis of its own."""
    rng = np.random.default_rng(seed)
    return {
        "toll": rng.poisson(500, (chain, draw, 2)),
        "kappa": rng.normal(0, 0.2, (chain, draw)),
    }


def autoregressive(rho, chain=4, draw=2000, seed=1):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(chain, draw))
    found = noise.copy()
    for t in range(1, draw):
        found[:, t] = rho * found[:, t - 1] + math.sqrt(1 - rho**2) * noise[:, t]
    return found


def test_independent_draws_pass():
    found = diagnose(chains(), NODES, 0)
    assert found.ok
    assert found.reasons == ()
    assert found.divergences == 0
    assert found.khat is None
    assert 1000 < found.ess <= 2500
    assert found.rhat == pytest.approx(1, abs=0.01)


def test_every_node_has_a_row_and_the_whole_is_the_worst_of_all():
    quantities = chains()
    quantities["kappa"] = autoregressive(0.9, draw=500)
    found = diagnose(quantities, NODES, 0)
    assert set(found.nodes) == set(NODES)
    assert found.ess < min(min(r.ess_bulk, r.ess_tail) for r in found.nodes.values())
    assert found.rhat >= max(r.rhat for r in found.nodes.values())


def test_rows_belong_to_their_nodes():
    quantities = chains()
    quantities["toll"] = quantities["toll"].astype(float)
    quantities["toll"][..., 1] = autoregressive(0.95, draw=500)
    found = diagnose(quantities, NODES, 0)
    assert found.nodes["civilians"].ess_bulk < 0.3 * found.nodes["killed"].ess_bulk


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_effective_draws_of_an_autoregression_are_those_of_the_textbook(rho):
    """The mean of n draws of an AR(1) is worth n (1 - rho) / (1 + rho) independent ones."""
    values = {"toll": autoregressive(rho, draw=10_000)[..., None]}
    found = diagnose(values, ("killed",), 0).nodes["killed"]
    assert found.ess_bulk == pytest.approx(40_000 * (1 - rho) / (1 + rho), rel=0.1)


def test_r_hat_of_shifted_chains_is_that_of_the_formula():
    """Chains c apart: the variance of the pooled draws over that within chains, before ranks."""
    rng = np.random.default_rng(2)
    shift = 0.3 * np.array([-1.5, -0.5, 0.5, 1.5])
    values = rng.normal(size=(4, 20_000)) + shift[:, None]
    found = diagnose({"toll": values[..., None]}, ("killed",), 0)
    # split chains: eight halves, of which the means have this variance (ddof 1)
    between = np.repeat(shift, 2).var(ddof=1)
    assert found.rhat == pytest.approx(math.sqrt(1 + between), abs=0.01)


def told(found, text):
    return any(text in reason for reason in found.reasons)


def test_a_divergence_fails_and_is_told():
    found = diagnose(chains(), NODES, 3)
    assert not found.ok
    assert found.divergences == 3
    assert found.reasons == ("3 divergent transitions (allowed: none)",)


def test_too_few_effective_draws_fail_and_are_told():
    found = diagnose({"toll": autoregressive(0.97, draw=500)[..., None]}, ("killed",), 0)
    assert not found.ok
    assert found.ess < ESS_LIMIT
    assert told(found, "effective draws (allowed: 400 or more)")


def test_chains_that_disagree_fail_and_are_told():
    quantities = chains()
    quantities["kappa"] += np.arange(4)[:, None]
    found = diagnose(quantities, NODES, 0)
    assert not found.ok
    assert found.rhat > RHAT_LIMIT
    assert told(found, "R-hat")
    assert found.nodes["killed"].rhat < RHAT_LIMIT


def test_a_parameter_that_is_never_reported_counts_as_well():
    quantities = chains()
    rng = np.random.default_rng(3)
    quantities["share"] = np.stack(
        [rng.normal(size=(4, 500)), autoregressive(0.99, draw=500)], axis=-1
    )
    assert not diagnose(quantities, NODES, 0).ok


def test_chains_that_differ_in_spread_alone_fail():
    """Means agree; only the folded ranks see it."""
    quantities = chains(draw=2000)
    quantities["kappa"] *= np.array([1, 1, 1, 6.0])[:, None]
    assert told(diagnose(quantities, NODES, 0), "R-hat")


def test_all_failures_are_told_at_once():
    quantities = {"toll": autoregressive(0.97, draw=200)[..., None]}
    quantities["kappa"] = np.arange(4)[:, None] + autoregressive(0.0, draw=200)
    assert len(diagnose(quantities, ("killed",), 1).reasons) == 3


def test_a_toll_that_is_the_same_in_all_draws_does_not_fail_the_others():
    quantities = chains()
    quantities["toll"][..., 1] = 0
    assert diagnose(quantities, NODES, 0).ok


def test_one_single_chain_far_from_the_others_fails_even_with_ties():
    quantities = chains()
    quantities["toll"][:3, :, 1] = 0
    assert not diagnose(quantities, NODES, 0).ok


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["kappa", "toll"])
def test_draws_that_are_no_numbers_fail(where, bad):
    quantities = {name: values.astype(float) for name, values in chains().items()}
    quantities[where][0, 3] = bad
    assert not diagnose(quantities, NODES, 0).ok


def test_nothing_but_constants_is_no_sound_sample():
    quantities = {"toll": np.zeros((4, 500, 1)), "kappa": np.zeros((4, 500))}
    assert not diagnose(quantities, ("killed",), 0).ok


def test_rows_and_diagnostics_hold_plain_numbers():
    found = diagnose(chains(), NODES, 0)
    assert isinstance(found, Diagnostics)
    for row in found.nodes.values():
        assert isinstance(row, Row)
        assert {type(v) for v in (row.ess_bulk, row.ess_tail, row.rhat)} == {float}
    assert type(found.ess) is float
    assert type(found.rhat) is float
