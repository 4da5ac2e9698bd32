"""Relays: reports that repeat another source are not new evidence.

`cites` names whom a report repeats. A chain of citations resolves to its origin; a relay is set
aside where the origin's own figure is known and covers it, otherwise one relay stands in for it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import MAX_CHAIN
from tolls.errors import Problems
from tolls.growth import Moment
from tolls.reports import Report

__all__ = [
    "Figures", "Lines", "check_citations", "covers", "origin_of", "settle_relays", "specificity",
]  # fmt: skip

type Bools = NDArray[np.bool_]

NOTHING = -2  # is no figure, and none of what stands for one

_ORDER = ("exact", "about", "range", "at_least", "more_than", "up_to", "fewer_than")


def specificity(report: Report) -> int:
    """Rank a wording: the lower, the more it says."""
    return _ORDER.index(report.qualifier) if report.qualifier in _ORDER else len(_ORDER)


def covers(own: Report, relay: Report) -> bool:
    """Tell whether a relay states nothing beyond an own figure.

    It equals it, or the middle of an estimate, or rounds or bounds it.
    """
    if own.measure != relay.measure:
        return False
    if own.said == relay.said:
        return True
    if own.frame != relay.frame:  # of another scope, or of another thing
        return False
    if not own.figure or not relay.figure:
        return False
    low, high = relay.bounds
    if relay.qualifier != "exact" and low <= min(own.figure) and max(own.figure) <= high:
        return True
    return own.value is not None and relay.value in {own.value, *_roundings(own.value)}


def _roundings(value: int) -> set[int]:
    """All roundings and truncations of a count to one, two or three significant digits."""
    if value == 0:
        return {0}
    found = set()
    for digits in (1, 2, 3):
        unit = 10 ** max(int(math.log10(value)) + 1 - digits, 0)
        found |= {value // unit * unit, (value + unit // 2) // unit * unit}
    return found


class Figures:
    """What several reports state, laid out so that one figure is compared with all of them at once.

    A source of thousands of reports that others repeat would take minutes pair by pair.
    """

    def __init__(self, reports: Iterable[Report]) -> None:
        self.reports = list(reports)

    @cached_property
    def _table(self) -> dict[str, Any]:
        reports, stated = self.reports, [r.figure for r in self.reports]
        rounded: dict[int, list[int]] = {}
        for place, value in enumerate(r.value for r in reports):
            for number in {value, *_roundings(value)} if value is not None else ():
                rounded.setdefault(number, []).append(place)
        return {
            "said": _coded([(r.measure, *r.said) for r in reports]),
            "frame": _coded([(r.measure, *r.frame) for r in reports]),
            "counted": np.array([bool(figure) for figure in stated]),
            "least": np.array([min(figure, default=-1) for figure in stated]),
            "most": np.array([max(figure, default=-1) for figure in stated]),
            "value": np.array([-1 if r.value is None else r.value for r in reports]),
            "rounded": rounded,
            "bounds": np.array([r.bounds for r in reports]),
            "loose": np.array([r.qualifier != "exact" for r in reports]),
        }

    def covering(self, relay: Report) -> Bools:
        """Tell of each report whether it covers a relay, as `covers` says of one."""
        t, (low, high) = self._table, relay.bounds
        bounded = relay.qualifier != "exact"
        inside = bounded & (low <= t["least"]) & (t["most"] <= high)
        inside[t["rounded"].get(relay.value, [])] = True
        return self._alike(relay, inside)

    def covered(self, own: Report) -> Bools:
        """Tell of each report whether an own figure covers it, as `covers` says of one."""
        t, figure = self._table, own.figure or (NOTHING,)
        low, high = t["bounds"].T
        inside = t["loose"] & (low <= min(figure)) & (max(figure) <= high)
        values = [] if own.value is None else [own.value, *_roundings(own.value)]
        return self._alike(own, inside | np.isin(t["value"], values))

    def _alike(self, report: Report, near: Bools) -> Bools:
        """Ask for the same measure, and the same figure or one near of the same people."""
        (said, saids), (frame, frames) = self._table["said"], self._table["frame"]
        same: Bools = said == saids.get((report.measure, *report.said), NOTHING)
        if report.figure:
            people = frame == frames.get((report.measure, *report.frame), NOTHING)
            same |= near & self._table["counted"] & people
        return same

    def first(self, which: Bools) -> Report | None:
        """Return the first report of those that are marked."""
        return self.reports[int(np.argmax(which))] if which.any() else None


def _coded[T](values: Sequence[T]) -> tuple[NDArray[np.int64], dict[T, int]]:
    """Give equal values equal numbers; return those, and the number of every value."""
    codes: dict[T, int] = {}
    return np.array([codes.setdefault(v, len(codes)) for v in values], dtype=np.int64), codes


class Lines:
    """What each source says of each node and measure, in order.

    Parameters
    ----------
    reports : iterable of Report
    """

    def __init__(self, reports: Iterable[Report]) -> None:
        lines: dict[tuple[str, str, str], list[Report]] = {}
        for report in reports:
            lines.setdefault((report.source, report.category, report.measure), []).append(report)
        self._own: dict[tuple[str, str, str], Figures] = {}
        self._relayed: dict[tuple[str, str, str], Figures] = {}
        for key, said in lines.items():
            said.sort(key=lambda r: (r.published, r.as_of, r.figure, r.cites))
            self._own[key] = Figures(r for r in said if not r.cites)
            self._relayed[key] = Figures(r for r in said if r.cites)
        self._next: dict[int, tuple[Report, Report | None]] = {}

    def next(self, report: Report) -> Report | None:
        """Return the relay through which the source that a relay cites knows the figure, if any."""
        if id(report) not in self._next:  # kept with the report, so that no other has its id
            self._next[id(report)] = report, self._found(report)
        return self._next[id(report)][1]

    def _found(self, report: Report) -> Report | None:
        key = report.cites, report.category, report.measure
        if key not in self._own:
            return None
        own, relayed = self._own[key], self._relayed[key]
        if own.reports and own.covering(report).any():
            return None
        if not relayed.reports:
            return None
        same = relayed.first(relayed.covering(report) | relayed.covered(report))
        return same if same is not None or own.reports else relayed.reports[-1]


def origin_of(report: Report, lines: Lines, most: int | None = None) -> tuple[str, ...]:
    """Follow a relay's citations; returns the chain of sources from the relay to its origin.

    The chain goes on from a cited source through its own relay of this figure on the same node; it
    ends at a source that states the figure itself, has own figures on the node, or has no row. A
    source that comes back closes the chain as a circle, which is then its last element. No more
    than `most` citations are followed.
    """
    chain = {report.source: None}
    current: Report | None = report
    while current is not None and current.cites and len(chain) != most:
        if current.cites in chain:
            return (*chain, current.cites)
        chain[current.cites] = None
        current = lines.next(current)
    return tuple(chain)


def check_citations(reports: Sequence[Report], problems: Problems) -> None:
    """Note every circle of citations, once, and chains that are longer than any that is told."""
    told: set[frozenset[str]] = set()
    lines = Lines(reports)
    for report in reports:
        if not report.cites:
            continue
        chain = origin_of(report, lines, MAX_CHAIN + 2)
        if len(chain) > MAX_CHAIN + 1:
            problems.add(
                f"row {report.row}, column cites",
                f"begins a chain of more than {MAX_CHAIN} citations ({' cites '.join(chain[:4])} "
                f"cites …); allowed: {MAX_CHAIN}; say who stated the count first",
            )
            continue
        if chain[-1] not in chain[:-1]:
            continue
        circle = chain[chain.index(chain[-1]) :]
        if frozenset(circle) not in told:
            told.add(frozenset(circle))
            problems.add(
                f"row {report.row}, column cites",
                f"the citations run in a circle ({' cites '.join(circle)}); say who stated the "
                "count first and leave that row's cites empty",
            )


def settle_relays(
    reports: Sequence[Report],
) -> tuple[list[Report], list[tuple[Report, str]]]:
    """Separate own figures and stand-ins from relays that add nothing.

    Parameters
    ----------
    reports : sequence of Report
        What was published by the cut.

    Returns
    -------
    kept : list of Report
        Own figures, and per (origin, measure, node, as_of, figure) one relay under its origin's
        name.
    aside : list of (Report, str)
        Relays that are not evidence, with the reason.
    """
    own = [r for r in reports if not r.cites]
    stand_ins: dict[tuple[str, str, str, Moment, tuple[int | str, ...]], Report] = {}
    aside: list[tuple[Report, str]] = []
    lines = Lines(reports)
    relays = [(r, origin_of(r, lines)[-1]) for r in reports if r.cites]
    said: dict[tuple[str, str], list[Report]] = {}
    for report in own:
        said.setdefault((report.source, report.category), []).append(report)
    own_of = {key: Figures(reports) for key, reports in said.items()}
    relays.sort(key=lambda pair: (pair[0].published, specificity(pair[0]), pair[0].source))
    for relay, origin in relays:
        known = own_of.get((origin, relay.category))
        first = known.first(known.covering(relay)) if known else None
        key = (origin, relay.measure, relay.category, relay.as_of, relay.said)
        if first is not None:
            aside.append((relay, f"relays {origin}, whose own figure is {first.stated()}"))
        elif key in stand_ins:
            standing = stand_ins[key]
            aside.append((relay, f"relays {origin}, for which row {standing.row} stands in"))
        else:
            stand_ins[key] = relay
    kept = [*own, *(replace(r, source=key[0]) for key, r in stand_ins.items())]
    kept.sort(key=lambda r: r.row)
    return kept, aside
