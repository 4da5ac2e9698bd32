r"""The log density of a panel with every toll summed out, and its gradient by hand.

For an event with statements y of the voices j,

.. math::

    p(y) &= \sum_{R, D} m(R, D) \prod_j p_j(y_j | R, D), \quad
    m(R, D) = \sum_T p(T)\, v(T)\, p(R, D | T) \\
    p_j(y | R, D) &= (1 - e_j) \Big[a_j d_j\, P(y | X = R - D)
    + a_j (1 - d_j) \sum_\delta q_{j\delta}\, P(y | X = R + \delta) \\
    &\quad + (1 - a_j) P(y | X \sim LN(\log R + \beta_j, \tau_j^2 + c_R))\Big] \\
    &\quad + e_j\, P(y | X \sim LN(\log R + \beta_j, \tau_j^2 + c_R + \sigma_e^2))

with counting noise c_R = 0.5 min(1 / R, 1). The record R is the toll T plus an offset D, by which
its definition counts more (the offender, say), or log-normal around the toll with one of two
spreads; then D is 0, as it is for a record of zero. Of a register that begins at c the event is in
it with probability v = l [T >= c]; where it is not, v = 1 - l [T >= c]. A verified toll leaves one
T, or those in its range. R runs over the cells of a pattern's grid, with the exact mass of the cell
and the statements' probabilities in its middle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tolls.lattice import logs, steps
from tolls.panelloops import (
    Entries,
    Open,
    Sums,
    Verified,
    largest,
    open_masses,
    open_slopes,
    slopes,
    summed,
    told,
    verified_masses,
    verified_slopes,
)
from tolls.panelpriors import Natural, Space, log_prior, natural_of, pulled
from tolls.patterns import BASE, Patterns, Status, parted
from tolls.sizelaw import surviving
from tolls.utterances import Cells

__all__ = ["Density", "believed", "counting", "moved", "overlaps", "placed", "record_given"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

WHOLE, RATIO = 40, 1.12  # of the grid of tolls under the spreads of the record, which are wide
FARTHEST = 60.0  # log of people that stands for infinity


def counting(low: Any, high: Any, presets: Any) -> Floats:
    """Return the variance (log scale) of counting so many, of each cell."""
    middle = np.maximum((low + high) / 2, 1.0)
    noise: Floats = presets.belief.counting / middle
    return noise


def believed(low: Floats, high: Floats, centre: Floats, sd: Floats) -> Floats:
    """Return P(low <= log X < high) of a normal log X, in both tails accurate."""
    a, b = (low - centre) / sd, (high - centre) / sd
    side = np.where(a + b > 0, -1.0, 1.0)
    chance: Floats = np.abs(ndtr(side * b) - ndtr(side * a))
    return chance


def _log_ends(ends: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.clip(np.log(ends), -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class _Pieces:
    """Cells of what is said at entries, one after the other."""

    entry: Ints
    low: Floats
    high: Floats
    weight: Floats
    spread: Floats
    single: bool  # one cell at every entry

    @classmethod
    def of(cls, said: Ints, cells: tuple[Cells, ...]) -> "_Pieces":
        number = np.array([len(c.weight) for c in cells])
        first = np.concatenate([[0], np.cumsum(number)[:-1]])
        entry = np.repeat(np.arange(len(said)), number[said])
        within = np.arange(len(entry)) - np.repeat(
            np.cumsum(number[said]) - number[said], number[said]
        )
        at = first[said[entry]] + within
        low, high, weight = (
            np.concatenate([getattr(c, name) for c in cells])[at]
            for name in ("low", "high", "weight")
        )
        spread = np.array([c.spread for c in cells])[said[entry]]
        return cls(entry, low, high, weight, spread, bool((number == 1).all()))

    def summed(self, values: Floats, entries: int) -> Floats:
        """Add what cells of an entry have, weighted."""
        if self.single:
            return values * self.weight
        return np.bincount(self.entry, values * self.weight, entries)


def overlaps(
    pieces: _Pieces, low: Ints, high: Ints, reach: int, zero: float, entries: int
) -> Floats:
    """Return what is said where the belief is the record plus an offset, (offset, entry).

    A belief of so many people is anywhere in the half on either side; a cell's is the mean over its
    numbers. A statement with an error of its own has that error alone.
    """
    found = np.empty((2 * reach + 1, entries))
    ends = np.where(pieces.low == 0, -np.inf, pieces.low), pieces.high
    spread = pieces.spread > 0
    for place, offset in enumerate(range(-reach, reach + 1)):
        first, last = (np.maximum(side + offset, 0)[pieces.entry] for side in (low, high))
        inside = np.minimum(ends[1], last + 0.5) - np.maximum(ends[0], first - 0.5)
        share = np.maximum(inside, 0.0) / (last - first + 1.0)
        if spread.any():
            own = (side[spread] for side in (first, last, pieces.low, pieces.high, pieces.spread))
            a, b, bottom, top, variance = own
            centre = logs(a.astype(np.int64), b.astype(np.int64), zero)
            sd = np.sqrt(variance)
            share[spread] = believed(_log_ends(bottom), _log_ends(top), centre, sd)
        found[place] = pieces.summed(share, entries)
    return found


def _entries(patterns: Patterns, space: Space) -> Entries:
    """Tabulate what voices say, entry by entry."""
    presets = space.presets
    low, high = patterns.entry_low, patterns.entry_high
    pieces = _Pieces.of(patterns.said, patterns.cells)
    zero, n = presets.panels.zero, len(patterns.voice)
    centre = logs(low, high, zero)[pieces.entry]
    return Entries(
        patterns.voice,
        np.searchsorted(pieces.entry, np.arange(n + 1)),
        _log_ends(pieces.low) - centre,
        _log_ends(pieces.high) - centre,
        pieces.weight,
        counting(low, high, presets)[pieces.entry] + pieces.spread,
        np.ascontiguousarray(overlaps(pieces, low, high, presets.panels.reach, zero, n).T),
        presets.belief.gross_sd**2,
    )


def _terms(patterns: Patterns, cell: Ints) -> Sums:
    """Lay out the terms of the sums, of which every point's cell among all masses is given."""
    point, offset = np.nonzero(patterns.kept)
    offsets, statements = patterns.kept.shape[1], patterns.statements
    many = np.repeat(statements, np.diff(patterns.begin))  # statements at every point
    first = np.cumsum(many) - many
    ends = np.cumsum(many[point])
    within = np.arange(ends[-1]) - np.repeat(ends - many[point], many[point])
    entry = patterns.entry[np.repeat(first[point], many[point]) + within]
    return Sums(
        np.concatenate([[0], np.cumsum(patterns.kept.sum(axis=1))])[patterns.begin],
        patterns.count,
        (cell[point] * offsets + offset).astype(np.int32),
        statements,
        (entry * offsets + np.repeat(offset, many[point])).astype(np.int32),
    )


@dataclass(frozen=True)
class _Group:
    """Masses of the record's cells for the events of one kind, and where they stand among all."""

    kind: int
    own: slice
    at: Floats  # people: where survival is wanted
    masses: Verified | Open


class Density:
    """The log density of a panel in the coordinates of a `Space`.

    Parameters
    ----------
    patterns : Patterns
    space : Space
    threshold : int, optional
        Smallest toll that the register of verified tolls holds.
    """

    def __init__(self, patterns: Patterns, space: Space, threshold: int | None) -> None:
        self.patterns, self.space, self.threshold = patterns, space, threshold
        self.entries = _entries(patterns, space)
        cell = np.empty(len(patterns.low), dtype=np.int64)
        self.groups = tuple(self._grouped(cell))
        self.cells = self.groups[-1].own.stop
        self.sums = _terms(patterns, cell)
        listed = [p.status is not None for p in patterns.patterns]
        self.listed = float(patterns.count @ np.array(listed, dtype=float))

    def _grouped(self, cell: Ints) -> Iterator[_Group]:
        """Yield the groups of masses, and set the place of every point's cell among them."""
        patterns = self.patterns
        together: dict[tuple[int, Status], list[Ints]] = {}
        for i, pattern in enumerate(patterns.patterns):
            points = np.arange(patterns.begin[i], patterns.begin[i + 1])
            together.setdefault((pattern.kind, pattern.status), []).append(points)
        start = 0

        def placed(of: tuple[int, Status]) -> tuple[Ints, Ints]:
            nonlocal start
            points = np.concatenate(together[of])
            coded = patterns.low[points] * BASE + patterns.high[points]
            distinct, place = np.unique(coded, return_inverse=True)
            cell[points] = start + place
            start += len(distinct)
            low, high = np.divmod(distinct, BASE)
            return low, high

        for kind in dict.fromkeys(kind for kind, _ in together):
            first, given, tolls = start, [], []
            for status in (s for k, s in together if k == kind):
                if status is not None and status[0] == status[1]:
                    given.append(self._given(status[0], *placed((kind, status))))
                    tolls.append(status[0])
            if tolls:
                at = np.array([tolls, np.array(tolls) + 1], dtype=float).ravel()
                begin = np.cumsum([0, *(own.shape[1] for own, _ in given)])
                shares, places = (np.hstack(own) for own in zip(*given, strict=True))
                verified = Verified(begin, shares, places)
                yield _Group(kind, slice(first, start), at, verified)
            for status in (s for k, s in together if k == kind):
                if status is None or status[0] < status[1]:
                    first = start
                    masses, at = self._open(status, *placed((kind, status)))
                    yield _Group(kind, slice(first, start), at, masses)

    def _given(self, toll: int, low: Ints, high: Ints) -> tuple[Floats, Ints]:
        """Return P(record in a cell | toll), and the place of its offset, (share, cell)."""
        presets = self.space.presets
        first, last = moved(low, high, presets.panels.reach)
        own = np.array([toll])
        spread = record_given(low, high, own, own, presets)[..., 0]
        given = np.vstack([(first <= toll) & (toll < last), spread])
        return given, placed(low, high, presets.panels.reach, len(given))

    def _open(self, status: Status, low: Ints, high: Ints) -> tuple[Open, Floats]:
        """Return the masses of cells, and the tolls at which they want survival."""
        presets = self.space.presets
        first, last = moved(low, high, presets.panels.reach)
        if status is None:
            edges = steps([] if self.threshold is None else [self.threshold], WHOLE, RATIO)
        else:
            edges = steps([status[0], status[1] + 1], WHOLE, RATIO)
            edges = edges[(edges >= status[0]) & (edges <= status[1] + 1)]
            first, last = (np.clip(side, status[0], status[1] + 1) for side in (first, last))
        begins = [] if self.threshold is None else [self.threshold]
        ends = [0, *begins, edges[-1]]  # of the sides of the threshold
        first, last = (
            np.stack([np.clip(side, *both) for both in pairwise(ends)]) for side in (first, last)
        )
        at = np.unique(
            np.concatenate([first.ravel(), last.ravel(), edges, begins]).astype(np.int64)
        )
        spread = record_given(low, high, edges[:-1], edges[1:] - 1, presets)
        # in the register or not is known of what was verified
        register = -1 if status or not begins else int(np.searchsorted(at, begins[0]))
        sides = np.searchsorted(edges, [*ends[:-1], edges[-1]])
        first, last, edges = (np.searchsorted(at, own) for own in (first, last, edges))
        place = placed(low, high, presets.panels.reach, first.shape[1] + len(spread))
        return Open(first, last, edges, sides, spread, register, place), at.astype(float)

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        """Return the log posterior density at a point, up to a constant, and its gradient."""
        priors = self.space.priors
        natural = natural_of(point, priors)
        slope = Natural(*(np.zeros_like(own) for own in natural))
        value, found = log_prior(point, priors)
        said = told(self.entries, natural)
        mass, kept = self._masses(natural)
        log_probability, of_mass, of_entry = summed(self.sums, mass, said.chance)
        value += log_probability
        slopes(self.entries, natural, said, of_entry, slope)
        self._slopes(natural, kept, of_mass, slope)
        if self.threshold is not None:
            value += self.listed * float(np.log(natural.listed[0]))
            slope.listed[0] += self.listed / natural.listed[0]
        pulled(point, natural, slope, priors, found)
        return value, found

    def weights(self, points: Iterable[Floats]) -> Floats:
        """Return the largest share that (point, offset) have in the probability of a pattern."""
        found: Floats = np.zeros(len(self.sums.mass))
        for point in points:
            natural = natural_of(point, self.space.priors)
            mass, _ = self._masses(natural)
            largest(self.sums, mass, told(self.entries, natural).chance, found)
        shares: Floats = np.zeros(self.patterns.kept.shape)
        shares[self.patterns.kept] = found
        return shares

    def _masses(self, natural: Natural) -> tuple[Floats, list[Any]]:
        """Return the mass of (cell of the record, offset), and what its gradient needs."""
        mass, kept = np.empty((self.cells, self.patterns.kept.shape[1])), []
        record, listed = natural.record, float(natural.listed[0])
        for group in self.groups:
            above, slope = surviving(natural.law[group.kind], group.at, self.threshold)
            own = mass[group.own]
            if isinstance(group.masses, Verified):
                tolls = np.subtract(*above.reshape(2, -1))
                verified_masses(group.masses, tolls, record, own)
                kept.append((above, slope, tolls))
            else:
                parts = open_masses(group.masses, above, listed, record, own)
                kept.append((above, slope, parts))
        return mass, kept

    def _slopes(self, natural: Natural, kept: list[Any], pull: Floats, slope: Natural) -> None:
        """Add the gradient in sizes, record and share listed."""
        record, listed = natural.record, float(natural.listed[0])
        for group, (above, of_law, known) in zip(self.groups, kept, strict=True):
            own = pull[group.own]
            if isinstance(group.masses, Verified):
                tolls = verified_slopes(group.masses, known, record, own, slope)
                down = np.concatenate([tolls, -tolls])
            else:
                down = open_slopes(group.masses, above, listed, record, known, own, slope)
            slope.law[group.kind] += of_law @ down


def moved(low: Ints, high: Ints, reach: int) -> tuple[Ints, Ints]:
    """Return first and last + 1 of the tolls that offsets move into cells, (offset, cell)."""
    offsets = np.arange(-reach, reach + 1)[:, None]
    # below zero there is no record: who would be moved there stays at zero
    first = np.where(low == 0, 0, np.maximum(low - offsets, 0))
    return first, np.maximum(high + 1 - offsets, 0)


def placed(low: Ints, high: Ints, reach: int, shares: int) -> Ints:
    """Return the place of the offset by which a record in a cell is the toll, (share, cell).

    It matters where the cell is one number of people; elsewhere definitions are one.
    """
    place = np.full((shares, len(low)), reach)
    offsets = np.arange(2 * reach + 1)[:, None]
    place[: len(offsets)] = np.where(parted(low, high), offsets, reach)
    return place


def record_given(low: Ints, high: Ints, toll_low: Ints, toll_high: Ints, presets: Any) -> Floats:
    """Return P(record in a cell | toll in another), (spread, record, toll)."""
    centre = logs(toll_low, toll_high, presets.panels.zero)
    noise = counting(toll_low, toll_high, presets)
    bottom, top = _log_ends(np.maximum(low - 0.5, 0.0)), _log_ends(high + 0.5)
    return np.stack(
        [
            believed(bottom[:, None], top[:, None], centre, np.sqrt(sd**2 + noise))
            for sd in presets.panels.record_spreads
        ]
    )
