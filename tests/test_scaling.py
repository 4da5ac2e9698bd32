"""Power-scaling, held against normals, whose powers are normal again."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import case_of
from scipy import stats

import tolls
from tolls.reweighting import Reweighter
from tolls.scaling import ALL_PRIORS, REPORTS, components, power_sensitivities
from tolls.unknowns import BLOCKS

POWERS = SimpleNamespace(nudge=0.01)
DRAWS = 20_000


def normal(prior_sd, noise, stated, powers=(1.0, 1.0)):
    """Posterior of a mean with prior around 0, prior and likelihood raised to powers."""
    precision = np.array([powers[0] / prior_sd**2, powers[1] / noise**2])
    return stats.norm(stated * precision[1] / precision.sum(), precision.sum() ** -0.5)


def expected(prior_sd, noise, stated, which):
    """Derivative of the distance by the definition, from the exact distribution functions."""
    base, found = normal(prior_sd, noise, stated), []
    x = base.ppf((np.arange(DRAWS) + 0.5) / DRAWS)
    for power in (1 - POWERS.nudge, 1 + POWERS.nudge):
        moved = normal(prior_sd, noise, stated, (power, 1) if which == "prior" else (1, power))
        sides = []
        for p, q in ((base.cdf(x), moved.cdf(x)), (base.sf(x), moved.sf(x))):
            middle = (p + q) / 2
            apart = p * np.log2(p / middle) + q * np.log2(q / middle)
            sides.append(np.sqrt(np.trapezoid(apart, x) / np.trapezoid(p + q, x)))
        found.append(max(sides) / abs(np.log2(power)))
    return np.mean(found)


@pytest.mark.parametrize(
    ("prior_sd", "noise", "stated"), [(1.0, 1.0, 2.0), (0.5, 1.0, 3.0), (3.0, 1.0, 4.0)]
)
def test_sensitivities_of_a_normal_are_those_of_the_definition(prior_sd, noise, stated):
    # evenly spaced quantiles in place of draws, so that there is no Monte Carlo error
    x = normal(prior_sd, noise, stated).ppf((np.arange(DRAWS) + 0.5) / DRAWS)
    logs = {"prior": -0.5 * (x / prior_sd) ** 2, "reports": -0.5 * ((x - stated) / noise) ** 2}
    found = power_sensitivities(logs, x, POWERS)
    for which in logs:
        assert found[which] == pytest.approx(expected(prior_sd, noise, stated, which), rel=0.02)


def test_a_prior_that_says_nothing_moves_nothing():
    x = normal(100.0, 1.0, 1.0).ppf((np.arange(DRAWS) + 0.5) / DRAWS)
    logs = {"prior": -0.5 * (x / 100) ** 2, "reports": -0.5 * (x - 1) ** 2}
    found = power_sensitivities(logs, x, POWERS)
    assert found["prior"] < 0.001
    assert found["reports"] > 0.05


def test_components_are_all_there_is():
    case = case_of({"value": 300}, {"value": 250, "source": "Radio"}, kind="massacre")
    found = components(Reweighter(tolls.fit(case, seed=1)))
    assert set(found) == {*BLOCKS, ALL_PRIORS, REPORTS} - {"shares"}
    together = np.sum([found[b] for b in BLOCKS if b in found], axis=0)
    assert found[ALL_PRIORS] == pytest.approx(together)
