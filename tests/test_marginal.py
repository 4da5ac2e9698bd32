"""One source's likelihood, integrated over its bias, scatter and reliability, on dense grids."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers_marginal import (
    CASES,
    FAR_OFF,
    RESOLVED,
    Reference,
    concordant,
    from_prior,
    near_data,
    reference,
    rows_of,
)
from scipy.stats import norm

from tolls.marginal import log_marginal
from tolls.nodes import FINE
from tolls.standins import source_arrays

REQUIRED = 0.02  # nats per source, by the design
SLOW = {f"160 concordant of grade {g}" for g in "BCEF"}


def names(among):
    """Names of cases as parameters, marked where they are slow."""
    for name in among:
        yield pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])


def assert_accurate(evidence, level, growth, accuracy=FINE):
    (source,) = source_arrays(evidence)
    found = log_marginal(evidence, source, level, growth, accuracy)[0]
    errors = found - reference(evidence, source, level, growth)
    worst = np.abs(errors).max()
    assert worst <= REQUIRED, f"errs by {errors.round(3)} nats at log levels {level[:, 0].round(2)}"


@pytest.mark.parametrize("name", ["one", "two figures", "four floors", "two late bulletins"])
def test_the_reference_is_what_a_plain_grid_gives(name):
    """The design's: 4,001 points of log bias, 41 of log scatter, 41 of reliability."""
    evidence, tolls = CASES[name]
    (source,) = source_arrays(evidence)
    exact = Reference.at(evidence, source, *near_data(evidence, tolls[:1]))
    scatter = source.prior.scatter
    bias = np.linspace(exact.below, exact.above, 4001)
    log_scatter = scatter.mean + scatter.sd * np.linspace(-5, 11, 41)
    nodes = exact.reliabilities(40 - source.terms // 2)
    parts = [exact.joint(some, log_scatter, nodes) for some in np.array_split(bias, 40)]
    unit = (bias[1] - bias[0]) * (log_scatter[1] - log_scatter[0])
    found = np.logaddexp.reduce(np.concatenate(parts), axis=None) + math.log(unit)
    assert exact.log_integral() == pytest.approx(found, abs=RESOLVED)


@pytest.mark.parametrize("name", list(names(CASES)))
def test_near_what_a_source_says_the_integral_is_accurate(name):
    evidence, tolls = CASES[name]
    assert_accurate(evidence, *near_data(evidence, tolls))


@pytest.mark.parametrize("name", list(names(CASES)))
def test_at_draws_of_the_prior_the_integral_is_accurate(name):
    evidence = CASES[name][0]
    draws = 4 if len(evidence.statements) < 40 else 1
    assert_accurate(evidence, *from_prior(evidence, draws))


@pytest.mark.parametrize("name", list(names(FAR_OFF)))
def test_far_from_what_a_source_says_the_integral_is_accurate(name):
    evidence = CASES[name][0]
    assert_accurate(evidence, *near_data(evidence, FAR_OFF[name]))


def test_the_tolerance_tells_a_coarse_rule_from_a_fine_one():
    evidence, tolls = CASES["3 concordant"]
    with pytest.raises(AssertionError, match="errs by"):
        assert_accurate(
            evidence, *near_data(evidence, tolls), replace(FINE, bias_nodes=3, per_node=1.0)
        )


def of_prior_scaled_nodes(reference, count=21):
    """The integral with Gauss-Hermite nodes over the prior of the bias, whatever the data say."""
    x, weight = np.polynomial.hermite_e.hermegauss(count)
    prior, (_, s_range) = reference.source.prior, reference.box()
    bias, log_scatter = prior.bias.mean + prior.bias.sd * x, np.linspace(*s_range, 65)
    value = reference.joint(bias, log_scatter)
    value += np.log(weight / weight.sum())[:, None]
    value -= norm.logpdf(bias, prior.bias.mean, prior.bias.sd)[:, None]
    return np.logaddexp.reduce(value, axis=None) + math.log(log_scatter[1] - log_scatter[0])


@pytest.mark.parametrize(("count", "least"), [(10, 0.1), (160, 1.0)])
def test_nodes_fixed_at_the_scale_of_the_prior_err_by_nats(count, least):
    evidence = concordant(count)
    (source,) = source_arrays(evidence)
    errors = []
    for one in rows_of(*near_data(evidence, (180, 220, 260))):
        exact = Reference.at(evidence, source, *one)
        errors.append(abs(of_prior_scaled_nodes(exact) - exact.log_integral()))
    assert max(errors) > least
