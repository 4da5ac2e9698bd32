"""The samplers of panels draw from the density that they are given."""

import jax
import numpy as np
import pytest
from arviz_stats.base import array_stats
from helpers_panel import MORE, ROWS, TRUTH, contented, panel

import tolls
from tolls import panelchains
from tolls.chains import CHAINS, Settings
from tolls.convergence import diagnose
from tolls.errors import InputError
from tolls.paneljax import along_axes
from tolls.panelmode import Mode, Roots, found_mode

VOICES = ("one", "two", "three")
AXES = {"chain_axis": 0, "draw_axis": 1}


@pytest.mark.parametrize(
    ("threshold", "truth", "voices"),
    [(4, TRUTH, VOICES), (1, TRUTH, VOICES), (None, None, VOICES), (4, TRUTH, ("two",))],
)
def test_jax_has_the_density_and_the_gradient_of_the_loops(threshold, truth, voices):
    rows = [row for row in (*ROWS, *MORE) if row["source"] in voices]
    *_, space, density = panel(rows, truth, threshold=threshold)
    mode = found_mode(density, space.start(1))
    loops = mode.density(density)
    with jax.enable_x64(True):
        compiled = jax.jit(jax.value_and_grad(along_axes(density, mode)))
    for point in np.random.default_rng(1).standard_normal((3, space.dimensions)):
        value, slope = loops(point)
        with jax.enable_x64(True):
            found, gradient = map(np.asarray, compiled(point))
        # the loops take narrow cells from a series, which is exact to seven digits
        assert found == pytest.approx(value, abs=1e-6)
        np.testing.assert_allclose(gradient, slope, atol=1e-6)
    # another panel has another
    *_, other = panel(rows[:-1], truth, threshold=threshold)
    assert abs(mode.density(other)(point)[0] - found) > 1


def test_nutpie_draws_have_the_moments_of_a_correlated_normal():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    precision, centre = np.linalg.inv(covariance), np.array([3.0, -1.0])

    def density(point):
        away = point - centre
        return -0.5 * float(away @ precision @ away), -precision @ away

    mode = Mode(Roots(np.zeros(2), np.zeros(2)), np.zeros(2), np.eye(2))
    draws, divergences = panelchains.sample(
        density, mode, seed=1, settings=Settings(300, 1000, 0.85)
    )
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


def apart(one, other):
    """By how many standard errors means and variances of two runs' coordinates differ at most."""
    centre, found = one.draws.mean(axis=(0, 1)), []
    for power in (1, 2):
        values = [(panel_of.draws - centre) ** power for panel_of in (one, other)]
        errors = [
            [float(array_stats.mcse(own[..., i], **AXES)) for i in range(own.shape[-1])]
            for own in values
        ]
        means = [own.mean(axis=(0, 1)) for own in values]
        found.append(np.abs(means[0] - means[1]) / np.hypot(*errors))
    return np.max(found)


def test_both_engines_sample_the_same_posterior(monkeypatch):
    contented(monkeypatch, Settings(100, 300, 0.8))
    rows = [row for row in ROWS if row["source"] != "three"]

    def fitted(engine, truth):
        return tolls.fit_panel(rows, truth, seed=1, engine=engine)

    by_nutpie = fitted("nutpie", {"a": 4})
    # of 54 standard normal numbers the largest is beyond four once in 290 times
    assert apart(by_nutpie, fitted("numpyro", {"a": 4})) < 4
    assert apart(by_nutpie, fitted("nutpie", {"a": 40})) > 4


def test_an_unknown_engine_is_an_input_error():
    with pytest.raises(InputError, match=r"engine: .*stan.*nutpie"):
        tolls.fit_panel(ROWS, seed=1, engine="stan")
