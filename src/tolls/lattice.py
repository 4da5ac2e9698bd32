"""The grid on which tolls and records are summed out: whole numbers, then cells of many.

Cells are fine near the counts that a pattern of statements names, where likelihoods bend, and
coarse where only tails are left. All grids share the edges of one lattice, so that patterns share
most of their cells.
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import MAX_COUNT

__all__ = ["grid", "logs", "steps"]

type Ints = NDArray[np.int64]
type Floats = NDArray[np.floating[Any]]

WHOLE = 16  # from zero to here every cell is one number, whatever is named
RATIO = 1.04  # between edges of the lattice
LEVELS = ((0.3, 1), (1.5, 4), (3.5, 12), (math.inf, 25))
"""Up to so far (log) from a named count every so-manieth edge is kept: cells of 4, 17, 60 % and
of a factor of 2.7. What a coarse cell may hold is a gross error's tail."""


@cache
def _lattice() -> tuple[Ints, Ints]:
    """Return the edges of the lattice and the place of each in it."""
    places = np.arange(math.ceil(math.log(MAX_COUNT + 1) / math.log(RATIO)) + 1)
    edges = np.minimum(np.ceil(RATIO**places), MAX_COUNT + 1).astype(np.int64)
    keep = edges > WHOLE
    return edges[keep], places[keep]


def grid(singles: Iterable[int], ends: Iterable[int], around: int) -> tuple[Ints, Ints]:
    """Return first and last number of every cell, which together hold 0 to `MAX_COUNT`.

    Parameters
    ----------
    singles : iterable of int
        Counts that are named; each has a cell of its own, and so have its neighbours.
    ends : iterable of int
        Counts at which a cell begins, for a statement's probability jumps there.
    around : int
        How many neighbours on either side of a single.

    Returns
    -------
    two (cell,) int arrays

    Examples
    --------
    >>> low, high = grid([100], [], 2)
    >>> bool(((low == 98) & (high == 98)).any()), int(high[-1])
    (True, 1000000000)
    """
    singles, ends = sorted(set(singles)), sorted(set(ends))
    edges, places = _lattice()
    named = np.log(np.maximum(np.array([*singles, *ends] or [1], dtype=float), 1.0))
    far = np.abs(np.log(edges)[:, None] - named).min(axis=1)
    keep = np.zeros(len(edges), dtype=bool)
    for reach, every in LEVELS:
        keep |= (far <= reach) & (places % every == 0)
    near = [n for y in singles for n in range(y - around, y + around + 2)]
    whole = [*range(WHOLE + 1), *near, *ends, MAX_COUNT + 1]
    every_edge = np.unique(np.concatenate([edges[keep], np.array(whole, dtype=np.int64)]))
    every_edge = every_edge[(every_edge >= 0) & (every_edge <= MAX_COUNT + 1)]
    return every_edge[:-1], every_edge[1:] - 1


def steps(ends: Iterable[int], whole: int, ratio: float) -> Ints:
    """Return edges from 0 to beyond `MAX_COUNT`: whole numbers, then growing by a ratio.

    Parameters
    ----------
    ends : iterable of int
        Edges that are there in any case.
    whole : int
        Up to where every number is an edge.
    ratio : float
        Above 1.

    Returns
    -------
    (edge,) int array
    """
    count = math.ceil(math.log((MAX_COUNT + 1) / whole) / math.log(ratio))
    beyond = np.minimum(np.ceil(whole * ratio ** np.arange(1, count + 1)), MAX_COUNT + 1)
    edges = np.concatenate([np.arange(whole + 1), beyond, np.array(list(ends), dtype=float)])
    found: Ints = np.unique(edges.astype(np.int64))
    return found


def logs(low: Ints, high: Ints, zero: float) -> Floats:
    """Return the log of the middle of every cell; `zero` stands for nobody."""
    first = np.where(low == 0, zero, low - 0.5)
    middle = (np.log(first) + np.log(high + 0.5)) / 2
    lone: Floats = np.where(low == high, np.log(np.maximum(low, zero)), middle)
    return lone
