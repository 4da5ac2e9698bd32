"""The level curve of log-normal tolls, whose crossings are known."""

import math

import numpy as np
import pytest
from scipy import stats

from tolls.level import LevelCurve
from tolls.scenarios import Scenario

FACTORS = tuple(4.0 ** (i / 8) for i in range(-8, 9))
MEDIAN, SD = 1000.0, 0.4
GRID = (np.arange(4000) + 0.5) / 4000


def scenario(factor):
    tolls = np.rint(MEDIAN / factor * np.exp(SD * stats.norm.ppf(GRID))).astype(np.int64)
    return Scenario("mean bias", f"{factor:g}", tolls[:, None], "reweighted", 0.1, 2000.0)


CURVE = LevelCurve(FACTORS, tuple(map(scenario, FACTORS)))


@pytest.mark.parametrize("probability", [0.95, 0.5, 0.1])
@pytest.mark.parametrize("at_least", [700, 1000, 1800])
def test_a_statement_fails_where_it_should(at_least, probability):
    # P(toll >= n | factor) = Phi((log median - log factor - log n) / sd)
    expected = MEDIAN / at_least * math.exp(-SD * stats.norm.ppf(probability))
    if 0.25 < expected < 4:
        # tolls are whole: half a person of 700 is 0.001
        assert CURVE.fails_at(0, at_least, probability) == pytest.approx(expected, rel=0.004)


def test_a_statement_that_never_or_always_holds():
    assert CURVE.fails_at(0, 100_000, 0.5) == 0.0
    assert CURVE.fails_at(0, 1, 0.5) == math.inf


def gappy(*refused):
    """Return the curve without some of its points."""
    hole = Scenario("mean bias", "x", np.empty((0, 1), dtype=np.int64), "refused", 1.0, 0.0)
    scenarios = [hole if i in refused else s for i, s in enumerate(CURVE.scenarios)]
    return LevelCurve(FACTORS, scenarios)


def test_refused_points_are_passed_over():
    curve = gappy(3, 9)
    assert math.isnan(curve.probabilities(0, 1000)[3])
    assert curve.fails_at(0, 1000, 0.5) == pytest.approx(1.0, rel=0.01)


def test_an_end_that_was_refused_says_nothing_of_a_statement():
    # it holds, or fails, at every point that is known, and may do otherwise at the one that is not
    assert math.isnan(gappy(16).fails_at(0, 1, 0.5))
    assert math.isnan(gappy(0).fails_at(0, 100_000, 0.5))
    assert gappy(0).fails_at(0, 1, 0.5) == math.inf
    assert gappy(16).fails_at(0, 100_000, 0.5) == 0.0


def test_quarters_are_half_and_twice():
    assert [s.name for s in CURVE.quarters] == ["0.5", "2"]
