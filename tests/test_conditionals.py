"""Estimates of a source's marginal likelihood are right on average; draws that go with them."""

import math

import numpy as np
import pytest
from helpers_marginal import (
    BULLETINS,
    CHAIN,
    CLIMBING,
    Reference,
    apart,
    bulletins,
    concordant,
    marginals,
    near_data,
    totals,
)
from scipy.special import logit

from tolls import conditionals
from tolls.conditionals import Conditional
from tolls.marginal import SourceDraws, log_marginal
from tolls.nodes import FINE
from tolls.standins import source_arrays

LEARNT, DRAWS = 600, 6000
TAILS = (0.05, 0.25, 0.5, 0.75, 0.95)

# evidence, and one toll
CASES = {
    "several": (concordant(5, "B"), 300),
    "several, in two clusters": (apart((190, 205, 2000), "B"), 500),
    "a chain": (totals(CHAIN, CLIMBING, grade="C"), 150),
    "forty": (concordant(40, "C"), 220),
    "bulletins": (bulletins(*BULLETINS, grade="B"), (100, 65, 45)),
    "one": (totals((100,), ("04-12",)), 130),
    "one, far off": (totals((1100,), ("04-12",)), 200),
    "one floor": (totals((100,), ("04-12",), "at_least", grade="B"), 300),
    "one floor, far off": (totals((100,), ("04-12",), "at_least"), 2000),
}


class At:
    """One source's evidence at one toll, with a conditional learnt from tolls around it."""

    def __init__(self, name, spread=0.3, seed=1):
        self.evidence, toll = CASES[name]
        (self.source,) = source_arrays(self.evidence)
        self.here = near_data(self.evidence, (toll,))
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((LEARNT, 1))
        level, growth = self.repeated(LEARNT)
        level = level + spread * z
        _, drawn = log_marginal(self.evidence, self.source, level, growth, FINE, rng)
        weight, x = np.full(LEARNT, 1 / LEARNT), self.predictors(level, growth, z)
        self.conditional = Conditional.fitted(self.source, x, weight, drawn)

    def predictors(self, level, growth, z):
        return conditionals.predictors(self.evidence, self.source, level, growth, z)

    def repeated(self, count):
        """The one draw of the tolls, many times."""
        again = np.zeros(count, dtype=int)
        level, growth = self.here
        return level[again], growth.of(again)

    def estimated(self, seed=2, conditional=None, away=0.0):
        """Estimate many times where the coordinate is what it is here, or made out to be."""
        rng, z = np.random.default_rng(seed), np.full((DRAWS, 1), away)
        chosen = conditional or self.conditional
        return chosen.estimated(self.evidence, *self.repeated(DRAWS), z, rng)

    def exact(self):
        return Reference.at(self.evidence, self.source, *self.here).log_integral()


def off(found, exact):
    """By how many Monte Carlo errors the mean of the estimates is off, and their relative sd."""
    ratio = np.exp(found.log_likelihood - exact)
    return (ratio.mean() - 1) / (ratio.std() / math.sqrt(len(ratio))), ratio.std()


# single precision, and a reference that is resolved to 0.001 nats, add to Monte Carlo errors
def assert_right_on_average(found, exact, most_noise):
    ratio = np.exp(found.log_likelihood - exact)
    error = 4 * ratio.std() / math.sqrt(DRAWS) + 0.0015
    assert ratio.mean() == pytest.approx(1.0, abs=error)
    assert ratio.std() < most_noise


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_right_on_average(name):
    at = At(name)
    assert_right_on_average(at.estimated(), at.exact(), most_noise=0.5)


@pytest.mark.parametrize("name", ["several", "a chain", "one floor"])
@pytest.mark.parametrize("away", [-3.0, 3.0])
def test_so_they_are_where_the_prediction_is_wrong(name, away):
    at = At(name)
    assert_right_on_average(at.estimated(away=away), at.exact(), most_noise=3.0)


@pytest.mark.parametrize("name", ["several", "one"])
def test_weights_of_the_likelier_proposal_for_points_of_two_are_told(monkeypatch, name):
    """The wrong variant: as if every point could only come from one of the proposals."""
    at = At(name)
    exact = at.exact()
    monkeypatch.setattr(conditionals.np, "logaddexp", np.maximum)
    found = at.estimated()
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        assert_right_on_average(found, exact, most_noise=math.inf)


def test_more_points_make_less_noise():
    at = At("several")
    larger = at.conditional.larger()
    assert larger.points > at.conditional.points
    exact = at.exact()
    few, many = (off(at.estimated(conditional=c), exact)[1] for c in (at.conditional, larger))
    # of a lattice, noise falls faster than one over the root of the number of points
    assert many < few / math.sqrt(larger.points / at.conditional.points)
    while larger.larger():
        larger = larger.larger()
    assert larger.size == max(conditionals.LATTICES)


# --- draws of what was integrated out -------------------------------------------------------------


def drawn_at(at, seed=2):
    """Draw bias, scatter and reliability, with the weights that go with them."""
    found = at.estimated(seed)
    weight = np.exp(found.log_likelihood - found.log_likelihood.max())
    rng = np.random.default_rng(seed)
    reliability = at.conditional.recovered(at.evidence, *at.repeated(DRAWS), found.drawn, rng)
    values = {
        "log_bias": found.drawn.log_bias,
        "log_scatter": found.drawn.log_scatter,
        "log_odds": logit(reliability),
    }
    return values, weight / weight.sum()


def deviations(drawn, exact):
    """By how many Monte Carlo standard errors moments and tails of weighted draws are off."""
    found, (values_of, share) = {}, drawn
    count = 1 / (share**2).sum()
    for name, (x, weight) in exact.items():
        values = values_of[name]
        mean = weight @ x
        variance, fourth = weight @ (x - mean) ** 2, weight @ (x - mean) ** 4
        sd = math.sqrt(variance)
        found[name, "mean"] = (share @ values - mean) / (sd / math.sqrt(count))
        error = math.sqrt((fourth / variance**2 - 1) / 4 / count) * sd
        found[name, "sd"] = (math.sqrt(share @ (values - share @ values) ** 2) - sd) / error
        step = x[1] - x[0]
        for tail in TAILS:
            edge = np.interp(tail, np.cumsum(weight), x + step / 2)
            error = math.sqrt(tail * (1 - tail) / count)
            found[name, tail] = (share @ (values < edge) - tail) / error
    return found


def assert_recovered(at, least=0.0, most=4.0):
    exact = marginals(at.evidence, at.source, *at.here)
    found = deviations(drawn_at(at), exact)
    told = {which: round(float(value), 1) for which, value in found.items() if abs(value) > 3}
    worst = max(abs(value) for value in found.values())
    assert least < worst < most, f"off by {told} standard errors"


@pytest.mark.parametrize("name", CASES)
def test_what_was_integrated_out_is_drawn_from_its_posterior(name):
    assert_recovered(At(name))


@pytest.mark.parametrize("name", ["several", "forty"])
@pytest.mark.parametrize("sweeps", [1, 30])
def test_more_sweeps_leave_the_posterior_as_it_is(monkeypatch, name, sweeps):
    monkeypatch.setattr(conditionals, "SWEEPS", sweeps)
    assert_recovered(At(name))


def test_a_node_of_the_reliability_is_not_a_draw_of_it(monkeypatch):
    monkeypatch.setattr(conditionals, "SWEEPS", 0)
    assert_recovered(At("one"), least=8.0, most=math.inf)


def test_draws_at_other_tolls_are_told_apart():
    at = At("several")
    exact = marginals(at.evidence, at.source, *at.here)
    at.here = at.here[0] + math.log(1.05), at.here[1]
    assert abs(deviations(drawn_at(at), exact)["log_bias", "mean"]) > 8


def test_far_off_a_single_figure_leaves_two_modes():
    at = At("one, far off")
    weight = marginals(at.evidence, at.source, *at.here)["log_bias"][1]
    inner = weight[1:-1]
    assert ((inner > weight[:-2]) & (inner > weight[2:]) & (inner > 1e-4)).sum() == 2


def test_what_one_draw_teaches_is_nearly_as_wide_as_the_prior():
    at = At("one")
    drawn = SourceDraws(*np.array([[0.1, 9.0], [-2.0, -9.0], [0.0, 0.0], [1.0, 1.0]]))
    x = at.predictors(*at.repeated(2), np.array([[0.0], [0.1]]))
    found = Conditional.fitted(at.source, x, np.array([1.0, 0.0]), drawn)
    assert np.sqrt(np.diag(found.root @ found.root.T)).min() > 0.8


@pytest.mark.parametrize("name", ["several", "a chain", "bulletins"])
def test_what_figures_imply_tells_more_than_the_coordinates(monkeypatch, name):
    at = At(name, spread=1.0)
    near = off(at.estimated(), at.exact())[1]
    everything = conditionals._predictors
    monkeypatch.setattr(conditionals, "_predictors", lambda *given: everything(*given)[:, :-2])
    alone = At(name, spread=1.0)
    assert near < off(alone.estimated(), alone.exact())[1]
