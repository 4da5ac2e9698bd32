r"""What a statement says of a belief: cells of it, and how probable the statement is in each.

.. math:: P(\text{statement} | X) = \sum_k w_k\, [a_k \le X < b_k]

An exact figure is one cell, "about" one per rounding unit, a word those of the table. A bound has
bands, for how far it stays off the belief varies smoothly with the belief. In this form a
statement's probability given a normal log belief is a sum of differences of normal CDFs, whose
gradient is plain.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tolls.panelrows import Said
from tolls.phrases import word_cells
from tolls.presets import Presets
from tolls.rounding import rounding_cells

__all__ = ["Cells", "cells_of"]

type Floats = NDArray[np.float64]

INSIDE, FEWEST = (
    0.03,
    4,
)  # log width and number of bands where the probability of "at least y" rises
FIRST, GROWTH, FARTHEST = 0.03, 1.25, 21.0  # log width of the first band beyond, growth, last edge
POINTS = 9  # of a band, over which the probability is averaged


@dataclass(frozen=True)
class Cells:
    """A statement as cells of the belief.

    Attributes
    ----------
    low, high, weight : (cell,) arrays
        Ends in people (0 and infinity included), and probability of the statement within.
    spread : float
        Variance (log scale) that the statement adds to its source's belief.
    marks : tuple of int
        Counts at which the probability jumps: where grids have to be fine.
    single : bool
        Whether it is one number, which the record may equal.
    """

    low: Floats
    high: Floats
    weight: Floats
    spread: float
    marks: tuple[int, ...]
    single: bool

    @property
    def bounded(self) -> bool:
        """Whether it says that the belief is in one cell with two ends, and nothing else."""
        return len(self.weight) == 1 and self.weight[0] == 1.0 and math.isfinite(self.high[0])

    def or_more(self) -> "Cells":
        """Return the belief that it states, or any larger one."""
        return Cells(
            self.low[:1], np.array([math.inf]), np.ones(1), self.spread, self.marks, self.single
        )


@lru_cache(maxsize=4096)
def _bands(y: int, upper: bool, means: tuple[float, ...], weights: tuple[float, ...]) -> Floats:
    """Return (low, high, weight) of the bands of a bound, each a row."""
    # at least y: y = floor(X exp(-E)); up to y: y = ceil(X exp(E)); E a mixture of exponentials
    near, far = (y, y + 1) if not upper else (y, max(y - 1, 0.5))
    inside = max(FEWEST, math.ceil(abs(math.log(far / near)) / INSIDE))
    inner = np.linspace(math.log(near), math.log(far), inside + 1)
    steps = FIRST * GROWTH ** np.arange(100)
    outer = np.cumsum(steps)
    outer = np.append(outer[outer < FARTHEST], FARTHEST)
    edges = np.append(inner, inner[-1] + (-outer if upper else outer))
    share = (np.arange(POINTS) + 0.5) / POINTS
    at = edges[:-1, None] + share * np.diff(edges)[:, None]
    sign = -1.0 if upper else 1.0
    least = np.maximum(sign * (at - math.log(far)), 0.0)
    most = np.maximum(sign * (at - math.log(near)), 0.0)
    chance = sum(
        w * (np.exp(-least / mean) - np.exp(-most / mean))
        for mean, w in zip(means, weights, strict=True)
    )
    ends = np.sort(np.exp(np.stack([edges[:-1], edges[1:]])), axis=0)
    ends[ends <= math.exp(-FARTHEST + 1)] = 0.0
    return np.vstack([ends, np.asarray(chance).mean(axis=1)])


def cells_of(said: Said, presets: Presets) -> Cells:
    """Return a statement as cells of the belief.

    Parameters
    ----------
    said : Said
    presets : Presets
        Shares of the rounding units, overshoot of bounds, table of words.

    Returns
    -------
    Cells

    Raises
    ------
    ValueError
        If the wording is unknown.

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> cells = cells_of(Said("range", (5, 9)), load_presets())
    >>> cells.low.tolist(), cells.high.tolist(), cells.weight.tolist()
    ([4.5], [9.5], [1.0])
    """
    low, high, spread = said.figure[0], said.figure[-1], said.spread
    if said.wording == "exact":
        return _cells([(low - 0.5, low + 0.5, 1.0)], spread, (low,), single=True)
    if said.wording == "estimate" and said.sigma is not None:
        # one sd on both sides: with a figure per event nothing could tell them apart
        own = (said.sigma[0] ** 2 + said.sigma[1] ** 2) / 2
        return _cells([(low - 0.5, low + 0.5, 1.0)], spread + own, (low,), single=False)
    if said.wording == "range":
        return _cells([(low - 0.5, high + 0.5, 1.0)], spread, (low, high + 1))
    if said.wording == "about":
        cells = rounding_cells(low, presets.about)
        return _cells(cells, spread, (low, *(round(a + 0.5) for a, _, _ in cells)))
    if said.wording == "words":
        cells = word_cells(low, presets)
        marks = tuple(round(end) for a, b, _ in cells for end in (a, b) if math.isfinite(end))
        return _cells(cells, spread, marks)
    if said.wording == "floor":
        return _cells([(low - 0.5, math.inf, 1.0)], spread, (low,))
    if said.wording in ("at_least", "up_to"):
        upper = said.wording == "up_to"
        if upper and low == 0:
            return _cells([(0.0, 0.5, 1.0)], spread, (0,), single=True)
        bounds = presets.bounds
        a, b, w = _bands(low, upper, bounds.means, bounds.weights)
        return Cells(a, b, w, spread, (low, low + 1), False)
    raise ValueError(f"wording {said.wording!r} has no likelihood")


def _cells(
    cells: list[tuple[float, float, float]],
    spread: float,
    marks: tuple[int, ...],
    *,
    single: bool = False,
) -> Cells:
    low, high, weight = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    return Cells(np.maximum(low, 0.0), high, weight, spread, marks, single)
