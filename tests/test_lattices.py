"""Interpolation among many draws of what a source with a single statement says.

The log likelihoods here are those of a normal statement, honest or a gross error, in closed form:
as smooth as any that the engine meets, and with the same two regimes.
"""

import math

import numpy as np
import pytest

from tolls import lattices
from tolls.lattices import interpolated
from tolls.likelihood import Offsets

CLOSE = 0.005  # nats: a quarter of what the design allows a source
DRAWS = 4000
STATED, GROSS = math.log(120.0), 1.5


class Counted:
    """A log likelihood, honest with some probability or a gross error, that counts its calls."""

    def __init__(self, variance, honest=0.95):
        self.variance, self.honest, self.points = variance, honest, []

    def __call__(self, at):
        assert at.centre.shape == at.extra.shape == at.leaning.shape
        self.points.append(len(at.centre))
        logs = [
            math.log(share) - 0.5 * (STATED - at.centre[:, 0]) ** 2 / v - 0.5 * np.log(v)
            for share, v in (
                (self.honest, self.variance + at.extra[:, 0]),
                (1 - self.honest, self.variance + at.extra[:, 0] + GROSS**2),
            )
        ]
        return np.logaddexp(*logs)


def offsets_of(centre, extra):
    centre, extra = (np.asarray(x, dtype=float)[:, None] for x in (centre, extra))
    return Offsets(centre, centre, extra, extra)


def draws(count=DRAWS, *, spread=0.8, part_sd=0.35, seed=1):
    """Centres around the statement, a twentieth of them far away; variances as pace adds them."""
    rng = np.random.default_rng(seed)
    centre = STATED + spread * rng.standard_normal(count)
    centre[::20] += rng.normal(0, 4, len(centre[::20]))
    return offsets_of(centre, part_sd**2 + (0.5 * np.log(rng.uniform(0.05, 1, count))) ** 2)


def assert_close(evaluate, at, width):
    evaluate.points.clear()
    found = interpolated(evaluate, at, width)
    worked = sum(evaluate.points)
    error = float(np.abs(found - evaluate(at)).max())
    assert error < CLOSE, f"errs by {error:.4f} nats"
    return worked


# variances of bias and scatter: a forensic examination of grade A, another source, one of grade E
@pytest.mark.parametrize("variance", [0.03, 0.27, 3.0])
@pytest.mark.parametrize("honest", [0.15, 0.65, 0.95])
@pytest.mark.parametrize("spread", [0.1, 0.8, 2.4])
def test_a_lattice_stands_in_for_the_likelihood(variance, honest, spread):
    """For draws as from a narrow posterior, a wide one, and the prior."""
    at = draws(spread=spread)
    width = math.sqrt(variance + at.extra.min())
    assert_close(Counted(variance, honest), at, width)


def test_most_draws_are_never_evaluated():
    at = draws()
    assert assert_close(Counted(0.27), at, 0.6) < DRAWS / 2


def test_a_total_takes_one_row_of_the_lattice():
    at = draws()
    at = offsets_of(at.centre[:, 0], np.zeros(DRAWS))
    assert assert_close(Counted(0.27), at, math.sqrt(0.27)) < DRAWS / 10


def test_draws_that_are_all_the_same_take_one_point():
    at = offsets_of(np.full(DRAWS, STATED + 0.3), np.full(DRAWS, 0.2))
    assert assert_close(Counted(0.27), at, 0.7) == 1


def test_outlying_draws_are_worked_out_one_by_one():
    at = draws(spread=0.1)
    centre = at.centre[:, 0].copy()
    centre[:3] += 1e4, -1e4, 300
    evaluate = Counted(0.27)
    at = offsets_of(centre, at.extra[:, 0])
    found = interpolated(evaluate, at, 0.6)
    assert found[:3] == pytest.approx(evaluate(offsets_of(centre[:3], at.extra[:3, 0])), rel=1e-12)
    assert sum(evaluate.points) < DRAWS


@pytest.mark.parametrize("count", [1, 2, 60])
def test_few_draws_are_evaluated_directly(count):
    evaluate, at = Counted(0.27), draws(count)
    found = interpolated(evaluate, at, 0.6)
    assert evaluate.points == [count]
    assert (found == evaluate(at)).all()


@pytest.mark.parametrize("step", ["CENTRE_STEP", "VARIANCE_STEP"])
def test_a_coarse_lattice_is_told_from_a_fine_one(monkeypatch, step):
    monkeypatch.setattr(lattices, step, 6 * getattr(lattices, step))
    with pytest.raises(AssertionError, match="errs by"):
        assert_close(Counted(0.27), draws(), 0.6)
