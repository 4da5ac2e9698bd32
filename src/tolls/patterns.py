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
    spoken: list[list[tuple[int, Said]]] = [[] for _ in reports.events]
    for statement in reports.statements:
        spoken[statement.event].append((statement.voice, statement.said))
    alike: dict[Any, list[int]] = {}
    for i, (event, own) in enumerate(zip(reports.events, spoken, strict=True)):
        key = kinds[i], verified.get(event), tuple(sorted(own, key=lambda pair: pair[0]))
        alike.setdefault(key, []).append(i)
    patterns = tuple(
        Pattern(kind, status, said, tuple(events)) for (kind, status, said), events in alike.items()
    )
    said = {said: None for pattern in patterns for _, said in pattern.statements}
    place = {one: i for i, one in enumerate(said)}
    return _laid(patterns, tuple(cells_of(one, presets) for one in said), place, threshold, presets)


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
    place: Mapping[Said, int],
    threshold: int | None,
    presets: Presets,
) -> Patterns:
    reach = presets.panels.reach
    kept: dict[Any, tuple[Ints, Ints]] = {}
    lows, highs, sizes = [], [], []
    points, codes = [], []  # of every entry of a pattern: its point, and who says what there
    start = 0
    for pattern in patterns:
        own = [cells[place[one]] for _, one in pattern.statements]
        singles = {y for c in own if c.single for y in c.marks}
        ends = {y for c in own if not c.single for y in c.marks}
        ends |= set() if threshold is None else {threshold}
        if pattern.status:
            least, most = pattern.status
            if least == most:
                singles.add(least)
            else:
                ends |= {least, most + 1}
        key = frozenset(singles), frozenset(ends)
        if key not in kept:
            # a record as far off a figure as a definition goes, and a toll as far off that
            kept[key] = grid(singles, ends, 2 * reach)
        low, high = kept[key]
        lows.append(low)
        highs.append(high)
        sizes.append(len(low))
        own_codes = np.array([v * len(cells) + place[one] for v, one in pattern.statements])
        codes.append(np.tile(own_codes, len(low)))
        points.append(np.repeat(np.arange(start, start + len(low)), len(own_codes)))
        start += len(low)
    low, high = np.concatenate(lows), np.concatenate(highs)
    point, code = np.concatenate(points), np.concatenate(codes)
    distinct, cell = np.unique(low * BASE + high, return_inverse=True)
    entries, entry = np.unique(code * len(distinct) + cell[point], return_inverse=True)
    who, which = np.divmod(entries, len(distinct))
    ends_of = distinct[which]
    return Patterns(
        patterns,
        np.array([len(p.events) for p in patterns], dtype=float),
        np.concatenate([[0], np.cumsum(sizes)]),
        low,
        high,
        _kept(low, high, reach),
        entry,
        who // len(cells),
        who % len(cells),
        ends_of // BASE,
        ends_of % BASE,
        cells,
    )
