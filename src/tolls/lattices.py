"""Interpolation of what a source with a single statement says of many draws.

Such a source sees a draw through two numbers alone, the centre of its belief and the variance that
the statement adds, and its likelihood is smooth in both; so it is worked out on a lattice of them.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tolls.likelihood import Offsets

__all__ = ["interpolated"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

CENTRE_STEP = 0.3  # of the likelihood's sd
VARIANCE_STEP = 0.2  # in the log of the variance
OUTLYING = 0.01  # share of the draws at either end that are worked out one by one
WORTHWHILE = 0.8  # points of the lattice per draw above which all draws are


def interpolated(evaluate: Callable[[Offsets], Floats], at: Offsets, width: float) -> Floats:
    """Return a log likelihood of every draw, most of them from a lattice, by cubics.

    Parameters
    ----------
    evaluate : callable
        From the offsets of a single statement, (draw, 1), to its log likelihood, (draw,).
    at : Offsets
        Of the draws.
    width : float
        Sd of the normal that the likelihood resembles as a function of the centre.

    Returns
    -------
    (draw,) array
    """
    # a total, whose statement adds no variance, has one row of the lattice
    log_extra = np.log(np.maximum(at.extra[:, 0], np.finfo(float).tiny))
    axes = ((at.centre[:, 0], CENTRE_STEP * width), (log_extra, VARIANCE_STEP))
    inside = np.ones(len(log_extra), dtype=bool)
    for values, _ in axes:
        low, high = np.quantile(values, [OUTLYING, 1 - OUTLYING])
        inside &= (values >= low) & (values <= high)
    if not inside.any():
        return evaluate(at)
    places = [_place(values[inside], step) for values, step in axes]
    shape = tuple(len(points) for points, _, _ in places)
    if math.prod(shape) > WORTHWHILE * inside.sum():
        return evaluate(at)
    centre, log_variance = np.meshgrid(places[0][0], places[1][0], indexing="ij")
    lattice = evaluate(_single(centre.reshape(-1, 1), np.exp(log_variance.reshape(-1, 1))))
    lattice = lattice.reshape(shape)
    found = np.empty(len(inside))
    found[inside] = _cubic(lattice, places[0][1:], places[1][1:])
    if not inside.all():
        rest = ~inside
        found[rest] = evaluate(_single(at.centre[rest], at.extra[rest]))
    return found


def _single(centre: Floats, extra: Floats) -> Offsets:
    """Offsets of a statement that leans on nothing."""
    return Offsets(centre, centre, extra, extra)


def _place(values: Floats, step: float) -> tuple[Floats, Ints, Floats]:
    """Points around the values; the first of four points of each value, and its weights on them."""
    low = float(values.min())
    if values.max() - low < 1e-9:
        return np.array([low]), np.zeros(len(values), dtype=np.int64), np.ones((len(values), 1))
    cell = np.floor((values - low) / step).astype(np.int64)
    t = (values - low) / step - cell
    weights = np.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ],
        axis=1,
    )  # Lagrange's, on points -1, 0, 1, 2
    points: Floats = low + step * np.arange(-1.0, cell.max() + 3)
    return points, cell, weights


def _cubic(lattice: Floats, first: tuple[Ints, Floats], second: tuple[Ints, Floats]) -> Floats:
    total = np.zeros(len(first[0]))
    for i in range(first[1].shape[1]):
        for j in range(second[1].shape[1]):
            weight = first[1][:, i] * second[1][:, j]
            total += weight * lattice[first[0] + i, second[0] + j]
    return total
