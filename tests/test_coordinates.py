"""Coordinates in which the prior is standard normal, against the simulation's draws of the prior.

Tolerances are four standard errors of the moments compared, from fourth moments of the draws.
"""

import math

import numpy as np
import pytest
from helpers import case_of, evidence_of
from scipy import stats

from tolls.coordinates import Coordinates, log_sum
from tolls.simulation import draw_sizes

NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}
DECLARED = {"categories": NESTED, "unions": {"armed": ["forces", "fighters"]}, "kind": "battle"}
DRAWS = 40_000
RARE = 1e-4


def coordinates_of(**declared):
    return Coordinates(evidence_of({"value": 5}, **(DECLARED | declared)))


def normal(coordinates, draws=DRAWS, seed=1):
    return np.random.default_rng(seed).standard_normal((draws, coordinates.dimension))


def of_level(coordinates, z):
    """The shared bias as the engine draws it."""
    return coordinates.shared_bias(z, np.random.default_rng(2))


def ignoring_the_level(coordinates, z):
    """The shared bias drawn anew from its prior, as if the level said nothing of it: wrong."""
    sd = coordinates.evidence.case.presets.shared_bias.sd
    return np.random.default_rng(2).normal(0, sd, len(z))


def assert_moments(values, other):
    """Means, variances and covariances of two independent samples (draw, name) are the same."""
    apart = [x - x.mean(axis=0) for x in (values, other)]
    errors = [(x.std(axis=0), x.var(axis=0) / len(x)) for x in (values, other)]
    off = values.mean(axis=0) - other.mean(axis=0)
    assert (np.abs(off) < 4 * np.sqrt(errors[0][1] + errors[1][1])).all(), f"means off by {off}"
    for i in range(values.shape[1]):
        for j in range(i + 1):
            products = [x[:, i] * x[:, j] for x in apart]
            error = math.sqrt(sum(p.var() / len(p) for p in products))
            off = products[0].mean() - products[1].mean()
            assert abs(off) < 4 * error, f"covariance {i}, {j} off by {off / error:.1f} errors"


def log_sizes(coordinates, shared_bias=of_level):
    z = normal(coordinates)
    return coordinates.level(z) - shared_bias(coordinates, z)[:, None]


def test_sizes_are_those_that_the_simulation_draws_from_the_prior():
    coordinates = coordinates_of()
    found = log_sizes(coordinates)
    expected = np.log(draw_sizes(coordinates.evidence.case, DRAWS, np.random.default_rng(3)))
    assert found.shape == expected.shape
    assert_moments(found, expected)
    for here, there in zip(found.T, expected.T, strict=True):
        assert stats.ks_2samp(here, there).pvalue > RARE


def test_a_shared_bias_that_ignores_the_level_is_told_apart():
    coordinates = coordinates_of(range={"low": 80, "high": 120})
    expected = np.log(draw_sizes(coordinates.evidence.case, DRAWS, np.random.default_rng(3)))
    assert_moments(log_sizes(coordinates), expected)
    with pytest.raises(AssertionError, match="covariance 0, 0"):
        assert_moments(log_sizes(coordinates, ignoring_the_level), expected)


def test_parts_add_up_to_their_parent_and_unions_to_their_members():
    coordinates = coordinates_of()
    level = coordinates.level(normal(coordinates, 500) * 3)
    names = coordinates.evidence.case.names
    sums = NESTED | DECLARED["unions"]
    assert set(names) == {"killed", *(part for parts in sums.values() for part in parts), "armed"}
    for whole, parts in sums.items():
        total = log_sum(level[:, [names.index(part) for part in parts]])
        assert total == pytest.approx(level[:, names.index(whole)], abs=1e-12, rel=0)


def test_the_log_of_a_sum_holds_where_exponentials_overflow():
    values = np.array([[1000.0, 1000.0, -1000.0], [-1000.0, -1001.0, -1002.0]])
    assert log_sum(values) == pytest.approx(np.logaddexp.reduce(values, axis=1), rel=1e-15)


@pytest.mark.parametrize(
    ("declared", "dimension"),
    [
        ({}, 1 + 2 + 1 + 1 + 3),
        ({"kind": "conflict"}, 1 + 2 + 1 + 1 + 1),
        ({"categories": None, "unions": None}, 1 + 1 + 3),
        ({"categories": None, "unions": None, "kind": "conflict"}, 1 + 1 + 1),
    ],
)
def test_there_is_a_coordinate_for_the_level_every_free_share_and_growth(declared, dimension):
    coordinates = coordinates_of(**declared)
    assert coordinates.dimension == dimension
    origin, moved = np.zeros((1, dimension)), np.eye(dimension)

    def seen(z):
        growth = coordinates.growth(z)
        own = growth.eta, growth.rate, growth.shape, growth.found
        return np.column_stack([coordinates.level(z), *own])

    changed = np.abs(seen(moved) - seen(origin)) > 0.001
    assert changed.any(axis=1).all()  # each of them moves something
    assert changed[0].tolist() == [True] * len(coordinates.evidence.case.names) + [False] * 4


def test_growth_has_the_priors_of_the_presets():
    coordinates = coordinates_of()
    growth = coordinates.growth(normal(coordinates))
    presets = coordinates.evidence.case.presets
    event = presets.event_kinds["battle"]
    for values, mean, sd in (
        (growth.eta, 0.0, presets.growth.eta_sd),
        (np.log(growth.rate), math.log(event.rate), event.rate_sd),
        (np.log(growth.shape), presets.growth.shape_log_mean, presets.growth.shape_log_sd),
    ):
        assert stats.kstest(values, stats.norm(mean, sd).cdf).pvalue > RARE
    assert stats.kstest(growth.found, stats.beta(*event.found).cdf).pvalue > RARE
    pairs = np.corrcoef([growth.eta, np.log(growth.rate), np.log(growth.shape)])
    assert np.abs(pairs - np.eye(3)).max() < 4 / math.sqrt(DRAWS)


def test_a_conflict_knows_neither_rate_nor_shape():
    coordinates = coordinates_of(kind="conflict")
    growth = coordinates.growth(normal(coordinates, 50))
    assert (growth.rate == 1).all()
    assert (growth.shape == 1).all()
    assert growth.eta.std() > 0


# --- the bias that all sources share --------------------------------------------------------------


def assert_split(coordinates, shared_bias):
    """The shared bias has its prior, and the root its own, independent of it."""
    z = normal(coordinates)
    shared, level = shared_bias(coordinates, z), coordinates.level(z)[:, 0]
    case = coordinates.evidence.case
    prior = stats.norm(0, case.presets.shared_bias.sd)
    assert stats.kstest(shared, prior.cdf).pvalue > RARE
    root = level - shared
    expected = stats.norm(case.root_prior.mean, case.root_prior.sd)
    assert abs(np.corrcoef(root, shared)[0, 1]) < 4 / math.sqrt(DRAWS), "root leans on the bias"
    assert stats.kstest(root, expected.cdf).pvalue > RARE
    # correlation of a sum with one of its terms; its standard error is (1 - rho^2) / sqrt(draws)
    rho = prior.std() / math.hypot(prior.std(), expected.std())
    error = (1 - rho**2) / math.sqrt(DRAWS)
    assert np.corrcoef(level, shared)[0, 1] == pytest.approx(rho, abs=4 * error, rel=0)


@pytest.mark.parametrize("declared", [{}, {"range": {"low": 80, "high": 120}}])
def test_level_splits_into_root_and_shared_bias_as_the_prior_has_it(declared):
    coordinates = coordinates_of(**declared)
    assert_split(coordinates, of_level)
    with pytest.raises(AssertionError, match="root leans on the bias"):
        assert_split(coordinates, ignoring_the_level)


def test_the_sd_of_the_level_is_that_of_root_and_shared_bias_together():
    case = case_of({"value": 5})
    coordinates = Coordinates(evidence_of({"value": 5}))
    assert coordinates.level_sd**2 == pytest.approx(
        case.root_prior.sd**2 + case.presets.shared_bias.sd**2
    )
    level = coordinates.level(np.array([[0.0, 0, 0, 0], [1.0, 0, 0, 0]]))[:, 0]
    assert level == pytest.approx(case.root_prior.mean + np.array([0, coordinates.level_sd]))
