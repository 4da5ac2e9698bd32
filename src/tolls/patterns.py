"""What a panel's density is summed over: distinct patterns of statements on grids of their own.

Events of one kind of which the same voices say the same, and of which the same was verified, are
one pattern with its number of events. A pattern has points, the cells of the record; a statement at
a point is an entry, tabulated once for all patterns that have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.lattice import grid
from tolls.panelrows import Reports, Said
from tolls.presets import Presets
from tolls.utterances import Cells, cells_of

__all__ = ["BASE", "Pattern", "Patterns", "Status", "gathered", "parted"]

type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]
type Status = tuple[int, int] | None
"""Smallest and largest toll that was verified; None where nothing was."""

BLOCK = 10**6  # numbers that are sorted at a time
BASE = 2**31  # above every count: makes one number of a cell's two ends


@dataclass(frozen=True, slots=True)
class Pattern:
    """Events that look alike.

    Attributes
    ----------
    kind : int
        Of event.
    status : Status
    statements : tuple of (int, Said)
        Voice and what it says, by voice.
    events : tuple of int
        Positions of its events.
    """

    kind: int
    status: Status
    statements: tuple[tuple[int, Said], ...]
    events: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Patterns:
    """A panel as its density sees it.

    Attributes
    ----------
    patterns : tuple of Pattern
    count : (pattern,) array
        Events of each.
    begin : (pattern + 1,) int array
        Its first point, and the end; points are in the order of patterns.
    low, high : (point,) int arrays
        Cells of the record.
    kept : (point, offset) bool array
        Whether the record may be the toll moved by so many people there.
    entry : int array
        Those that meet at a point, by statement; one point after the other.
    voice : (entry,) int array
        In ascending order.
    said : (entry,) int array
        Place in `cells`.
    entry_low, entry_high : (entry,) int arrays
        Cell of the record.
    cells : tuple of Cells
        Of every distinct thing said.
    """

    patterns: tuple[Pattern, ...]
    count: NDArray[np.float64]
    begin: Ints
    low: Ints
    high: Ints
    kept: Bools
    entry: Ints
    voice: Ints
    said: Ints
    entry_low: Ints
    entry_high: Ints
    cells: tuple[Cells, ...]

    @property
    def statements(self) -> Ints:
        """How many each pattern has."""
        return np.array([len(p.statements) for p in self.patterns])

    def thinned(self, kept: Bools) -> "Patterns":
        """Return the same patterns with some of their (point, offset), one of each at least."""
        keep = kept.any(axis=1)
        statements = np.repeat(self.statements, np.diff(self.begin))
        used, entry = np.unique(self.entry[np.repeat(keep, statements)], return_inverse=True)
        return replace(
            self,
            begin=np.concatenate([[0], np.cumsum(keep)])[self.begin],
            low=self.low[keep],
            high=self.high[keep],
            kept=kept[keep],
            entry=entry,
            voice=self.voice[used],
            said=self.said[used],
            entry_low=self.entry_low[used],
            entry_high=self.entry_high[used],
        )


def gathered(
    reports: Reports,
    verified: Mapping[str, tuple[int, int]],
    kinds: Sequence[int],
    threshold: int | None,
    presets: Presets,
) -> Patterns:
    """Gather the patterns of a panel and lay their grids.

    Parameters
    ----------
    reports : Reports
    verified : mapping of str to (low, high)
        Tolls verified later, by event.
    kinds : sequence of int
        Kind of every event.
    threshold : int, optional
        Of the register; a cell begins there.
    presets : Presets

    Returns
    -------
    Patterns
    """
    told = reports.statements
    code = told.voice * len(told.things) + told.said
    begin = np.searchsorted(told.event, np.arange(len(reports.events) + 1)).tolist()
    alike: dict[Any, list[int]] = {}
    for i, event in enumerate(reports.events):
        key = kinds[i], verified.get(event), code[begin[i] : begin[i + 1]].tobytes()
        alike.setdefault(key, []).append(i)
    spoken = {}  # by code, so that all patterns share it
    for one in np.unique(code).tolist():
        voice, said = divmod(one, len(told.things))
        spoken[one] = voice, told.things[said]
    patterns = []
    for (kind, status, codes), events in alike.items():
        own = tuple(spoken[one] for one in np.frombuffer(codes, dtype=code.dtype).tolist())
        patterns.append(Pattern(kind, status, own, tuple(events)))
    cells = tuple(cells_of(one, presets) for one in told.things)
    return _laid(tuple(patterns), cells, told.things, threshold, presets)


def parted(low: Ints, high: Ints) -> Bools:
    """Tell in which cells of the record a definition of whom to count makes a difference.

    Cells of several people lie farther from every figure than definitions reach, and a record of
    zero is one by any of them.
    """
    found: Bools = (low == high) & (low > 0)
    return found


def _kept(low: Ints, high: Ints, reach: int) -> Bools:
    """Return the offsets, (point, offset), of which the toll is not below zero."""
    offsets = np.arange(-reach, reach + 1)
    found: Bools = (parted(low, high)[:, None] & (low[:, None] >= offsets)) | (offsets == 0)
    return found


def _laid(
    patterns: tuple[Pattern, ...],
    cells: tuple[Cells, ...],
    things: tuple[Said, ...],
    threshold: int | None,
    presets: Presets,
) -> Patterns:
    place = {one: i for i, one in enumerate(things)}
    grids: dict[Any, tuple[Ints, Ints]] = {}
    keys = []
    for pattern in patterns:
        key = _marks(pattern, [cells[place[one]] for _, one in pattern.statements], threshold)
        if key not in grids:
            # a record as far off a figure as a definition goes, and a toll as far off that
            grids[key] = grid(*key, 2 * presets.panels.reach)
        keys.append(key)
    low, high = (np.concatenate([grids[key][end] for key in keys]) for end in range(2))
    begin = np.concatenate([[0], np.cumsum([len(grids[key][0]) for key in keys])])
    distinct = np.unique(np.concatenate([own[0] * BASE + own[1] for own in grids.values()]))
    cell = {key: np.searchsorted(distinct, own[0] * BASE + own[1]) for key, own in grids.items()}
    statements = np.array([len(p.statements) for p in patterns])
    entry = np.empty(int(np.diff(begin) @ statements), dtype=np.int64)
    start = 0
    for pattern, key in zip(patterns, keys, strict=True):
        codes = np.array([v * len(cells) + place[one] for v, one in pattern.statements])
        own = (codes * len(distinct) + cell[key][:, None]).ravel()
        entry[start : start + len(own)] = own
        start += len(own)
    who, which = np.divmod(_ranked(entry), len(distinct))
    ends_of = distinct[which]
    return Patterns(
        patterns,
        np.array([len(p.events) for p in patterns], dtype=float),
        begin,
        low,
        high,
        _kept(low, high, presets.panels.reach),
        entry,
        who // len(cells),
        who % len(cells),
        ends_of // BASE,
        ends_of % BASE,
        cells,
    )


def _marks(
    pattern: Pattern, cells: Sequence[Cells], threshold: int | None
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the counts that a pattern's grid has as cells of their own, and those that begin one.

    Patterns that agree in them share a grid.
    """
    singles = {y for c in cells if c.single for y in c.marks}
    ends = {y for c in cells if not c.single for y in c.marks}
    ends |= set() if threshold is None else {threshold}
    if pattern.status:
        least, most = pattern.status
        if least == most:
            singles.add(least)
        else:
            ends |= {least, most + 1}
    return frozenset(singles), frozenset(ends)


def _ranked(numbers: Ints) -> Ints:
    """Replace numbers by their places among the different ones, which are returned.

    Block by block, for `np.unique` holds several copies of what it is given.
    """
    blocks = [slice(start, start + BLOCK) for start in range(0, len(numbers), BLOCK)]
    different = np.unique(np.concatenate([np.unique(numbers[own]) for own in blocks]))
    for own in blocks:
        numbers[own] = np.searchsorted(different, numbers[own])
    return different
