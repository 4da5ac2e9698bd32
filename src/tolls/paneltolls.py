r"""The exact posterior of every event's toll, given draws of what the sources are like.

.. math:: p(T | y) \propto p(T)\, v(T) \sum_{R, D} p(R, D | T) \prod_j p_j(y_j | R, D)

with the symbols of `paneldensity`, averaged over draws. Events of one pattern share theirs. The
same sums give how probable it is that a statement is a gross error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tolls.paneldensity import Density, moved, placed, record_given
from tolls.panelloops import told
from tolls.panelpriors import Natural
from tolls.patterns import Status
from tolls.progress import progress
from tolls.sizelaw import surviving

__all__ = ["Posteriors", "toll_posteriors"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

MOST, FEWEST = 200, 16  # draws over which posteriors are averaged
# points times draws: of many events the sources are known so well that few draws tell all
ROOM = 2 * 10**7
BLOCK = 5 * 10**6  # numbers that are held at a time


@dataclass(frozen=True, eq=False)
class Posteriors:
    """What is known of the toll of every pattern's events.

    Attributes
    ----------
    begin : (pattern + 1,) int array
        First cell of each.
    low, high : (cell,) int arrays
        People.
    probability : (cell,) array
        Adds up to one in every pattern.
    gross : (pattern,) tuple of (statement,) arrays
        Probability that a statement is a gross error, in the pattern's order.
    """

    begin: Ints
    low: Ints
    high: Ints
    probability: Floats
    gross: tuple[Floats, ...]

    def of(self, pattern: int) -> tuple[Ints, Ints, Floats]:
        """Return first and last number and probability of a pattern's cells."""
        own = slice(self.begin[pattern], self.begin[pattern + 1])
        return self.low[own], self.high[own], self.probability[own]


class _Given(NamedTuple):
    """The record given the toll, on the cells of one grid."""

    sides: tuple[slice, ...]  # of the toll's cells: below the register's threshold, and others
    record: Floats  # (share, record, toll)
    place: Ints  # (share, record): of the offset for which it stands there


def toll_posteriors(density: Density, points: Floats) -> Posteriors:
    """Return the posterior of every pattern's toll.

    Parameters
    ----------
    density : Density
    points : (draw, coordinate) array
        Draws of its posterior; as many of them are used as are worth their time.

    Returns
    -------
    Posteriors
    """
    patterns, entries = density.patterns, density.entries
    most = min(MOST, max(FEWEST, ROOM // len(patterns.low)), len(points))
    used = points[np.linspace(0, len(points) - 1, most).round().astype(int)]
    begin, statements = patterns.begin, patterns.statements
    first_entry = np.concatenate([[0], np.cumsum(np.diff(begin) * statements)])
    probability = np.zeros(len(patterns.low))
    gross = tuple(np.zeros(len(p.statements)) for p in patterns.patterns)
    grids: dict[bytes, list[int]] = {}
    for i in range(len(patterns.patterns)):
        grids.setdefault(patterns.low[begin[i] : begin[i + 1]].tobytes(), []).append(i)
    each = max(1, BLOCK // max(entries.agree.size, 1))
    blocks = [used[start : start + each] for start in range(0, most, each)]
    with progress("tolls of events", len(blocks) * len(grids)) as show:
        for done, block in enumerate(blocks):
            natural = density.space.natural(block)
            chance, wrong = _chances(density, natural)
            for here, members in enumerate(grids.values()):
                own = slice(begin[members[0]], begin[members[0] + 1])
                low, high = patterns.low[own], patterns.high[own]
                given = _given(density, low, high)
                for i, mass in _priors(density, natural, low, high, members):
                    at = patterns.entry[first_entry[i] : first_entry[i + 1]]
                    at = at.reshape(len(low), statements[i])
                    tolls, record = _posterior(mass, natural.record, given, chance[:, at])
                    probability[begin[i] : begin[i + 1]] += tolls.sum(axis=0) / most
                    gross[i][:] += np.einsum("dro,drso->s", record, wrong[:, at]) / most
                if show:
                    show(done * len(grids) + here + 1)
    return Posteriors(begin, patterns.low, patterns.high, probability, gross)


def _posterior(
    mass: Floats, shares: Floats, given: _Given, chance: Floats
) -> tuple[Floats, Floats]:
    """Return the posterior of a pattern's toll, (draw, cell), and record, (draw, cell, offset).

    From the prior of the toll, (draw, toll), the shares of the record, (draw, side, share), and the
    probability of statements, (draw, record, statement, offset).
    """
    seen = np.log(chance).sum(axis=2)
    seen = np.exp(seen - seen.max(axis=(1, 2), keepdims=True))
    tolls, record = np.zeros_like(mass), np.zeros_like(seen)
    cells = np.arange(seen.shape[1])
    for side, own in enumerate(given.sides):
        of_side = mass[:, own]
        for s, (of_toll, place) in enumerate(zip(given.record, given.place, strict=True)):
            here = shares[:, side, s, None] * seen[:, cells, place]
            tolls[:, own] += of_side * (here @ of_toll[:, own])
            record[:, cells, place] += here * (of_side @ of_toll[:, own].T)
    total = tolls.sum(axis=1, keepdims=True)
    return tolls / total, record / total[..., None]


def _chances(density: Density, natural: Natural) -> tuple[Floats, Floats]:
    """Return the chance of every entry, and its share of gross error, (draw, entry, offset)."""
    entries, draws = density.entries, len(natural.listed)
    chance = np.empty((draws, *entries.agree.shape))
    wrong = np.empty_like(chance)
    for d in range(draws):
        own = told(entries, natural.at(d))
        chance[d] = own.chance
        gross = natural.gross[d][entries.voice] * own.wrong
        wrong[d] = gross[:, None] / own.chance
    return chance, wrong


def _given(density: Density, low: Ints, high: Ints) -> _Given:
    """Return P(record in a cell | toll in another of the same cells)."""
    presets = density.space.presets
    first, last = moved(low, high, presets.panels.reach)
    inside = np.minimum(last[..., None], high + 1) - np.maximum(first[..., None], low)
    offsets = np.maximum(inside, 0) / (high - low + 1.0)
    record = np.concatenate([offsets, record_given(low, high, low, high, presets)])
    ends = [] if density.threshold is None else [int(np.searchsorted(low, density.threshold))]
    sides = tuple(slice(*both) for both in pairwise([0, *ends, len(low)]))
    return _Given(sides, record, placed(low, high, presets.panels.reach, len(record)))


def _priors(
    density: Density, natural: Natural, low: Ints, high: Ints, members: list[int]
) -> Iterator[tuple[int, Floats]]:
    """Yield patterns with the prior mass of their toll's cells, (draw, toll)."""
    edges = np.append(low, high[-1] + 1)
    kept: dict[tuple[int, Status], Floats] = {}
    for i in members:
        pattern = density.patterns.patterns[i]
        key = pattern.kind, pattern.status
        if key not in kept:
            kept[key] = _prior(density, natural, edges, *key)
        yield i, kept[key]


def _prior(density: Density, natural: Natural, edges: Ints, kind: int, status: Status) -> Floats:
    at = edges if status is None else np.clip(edges, status[0], status[1] + 1)
    threshold = density.threshold
    found = []
    for law, listed in zip(natural.law[:, kind], natural.listed[:, 0], strict=True):
        above = surviving(law, at.astype(float), threshold)[0]
        if status is None and threshold is not None:
            beyond = surviving(law, np.maximum(at, threshold).astype(float), threshold)[0]
            above = above - listed * beyond
        found.append(above[:-1] - above[1:])
    return np.array(found)
