"""The sampler of panels draws from the density that it is given."""

import numpy as np

from tolls.convergence import diagnose
from tolls.panelchains import CHAINS, Settings, sample


def test_draws_have_the_moments_of_a_correlated_normal():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    precision, centre = np.linalg.inv(covariance), np.array([3.0, -1.0])

    def density(point):
        away = point - centre
        return -0.5 * float(away @ precision @ away), -precision @ away

    def start(seed):
        return np.random.default_rng(seed).normal(size=2)

    draws, divergences = sample(density, 2, start, seed=1, settings=Settings(300, 1000, 0.85))
    assert draws.shape == (CHAINS, 1000, 2)
    assert divergences == 0
    found = diagnose({"toll": draws}, ("first", "second"), divergences)
    flat = draws.reshape(-1, 2)
    for i, row in enumerate(found.nodes.values()):
        sd = np.sqrt(covariance[i, i])
        # four standard errors: of a mean, and of a variance of normal draws
        assert abs(flat[:, i].mean() - centre[i]) < 4 * sd / np.sqrt(row.ess_bulk)
        error = 4 * np.sqrt(2 / min(row.ess_bulk, row.ess_tail))
        assert abs(flat[:, i].var() / covariance[i, i] - 1) < error
