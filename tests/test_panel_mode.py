"""Coordinates in which panels are sampled: the same density, without its long tails."""

import numpy as np
import pytest
from helpers_panel import panel
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import norm

from tolls.panelmode import Roots, found_mode


def log_gamma(shape, sign):
    """Density of the log of a Gamma number, or of its reciprocal."""

    def density(point):
        log = sign * float(point[0])
        value = shape * log - np.exp(log) - gammaln(shape)
        return value, sign * np.array([shape - np.exp(log)])

    return density


def moment(density, power, low=-6.0, high=6.0):
    return quad(lambda y: y**power * np.exp(density(np.array([y]))[0]), low, high, limit=200)[0]


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("shape", [0.5, 1.0, 4.0, 50.0])
def test_roots_keep_the_density_and_lose_the_tail(shape, side):
    density = log_gamma(shape, side)
    roots = Roots(np.array([side * np.log(shape)]), np.array([side]))  # around the mode
    rooted = roots.density(density)
    assert moment(rooted, 0) == pytest.approx(1.0, abs=1e-6)
    # the log of a Gamma number has a skewness of -2 / sqrt(shape) or more; its root next to none
    mean = moment(rooted, 1)
    sd = np.sqrt(moment(rooted, 2) - mean**2)
    third = moment(rooted, 3) - 3 * mean * sd**2 - mean**3
    assert abs(third / sd**3) < 0.35
    # quantiles are moved with the coordinate
    below = quad(lambda y: np.exp(rooted(np.array([y]))[0]), -6.0, 0.3)[0]
    there = float(roots.points(np.array([0.3]))[0])
    plain = quad(lambda x: np.exp(density(np.array([x]))[0]), -60.0, there, limit=500)[0]
    assert below == pytest.approx(plain, abs=1e-6)


def test_what_is_no_log_odds_is_only_moved():
    def density(point):
        return float(norm.logpdf(point - 2.0).sum()), 2.0 - point

    roots = Roots(np.array([2.0]), np.zeros(1))
    assert roots.points(np.array([0.7])) == pytest.approx([2.7])
    assert roots.density(density)(np.array([0.7]))[0] == pytest.approx(norm.logpdf(0.7))


def test_gradient_along_the_axes_is_that_of_differences():
    *_, space, density = panel()
    mode = found_mode(density, space.start(1))
    along, step = mode.density(density), 1e-5
    point = 0.7 * np.random.default_rng(1).standard_normal(space.dimensions)
    for i, slope in enumerate(along(point)[1]):
        move = step * (np.arange(space.dimensions) == i)
        difference = (along(point + move)[0] - along(point - move)[0]) / (2 * step)
        assert slope == pytest.approx(difference, abs=5e-6, rel=5e-6)
    assert np.abs(along(np.zeros(space.dimensions))[1]).max() < 0.05
