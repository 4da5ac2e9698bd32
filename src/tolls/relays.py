"""Relays: reports that repeat another source are not new evidence.

`cites` names whom a report repeats. A chain of citations resolves to its origin; a relay is set
aside where the origin's own figure is known and covers it, otherwise one relay stands in for it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tolls.errors import Problems
from tolls.growth import Moment
from tolls.reports import Report

__all__ = ["by_line", "check_citations", "covers", "origin_of", "settle_relays", "specificity"]

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


type _Lines = Mapping[tuple[str, str, str], Sequence[Report]]


def by_line(reports: Sequence[Report]) -> _Lines:
    """Return what each source says of each node and measure, in order."""
    lines: dict[tuple[str, str, str], list[Report]] = {}
    for report in reports:
        lines.setdefault((report.source, report.category, report.measure), []).append(report)
    for said in lines.values():
        said.sort(key=lambda r: (r.published, r.as_of, r.figure, r.cites))
    return lines


def origin_of(report: Report, lines: _Lines) -> tuple[str, ...]:
    """Follow a relay's citations; returns the chain of sources from the relay to its origin.

    The chain goes on from a cited source through its own relay of this figure on the same node; it
    ends at a source that states the figure itself, has own figures on the node, or has no row. A
    source that comes back closes the chain as a circle, which is then its last element.
    """
    chain = [report.source]
    current = report
    while current.cites:
        chain.append(current.cites)
        if current.cites in chain[:-1]:
            break
        rows = lines.get((current.cites, report.category, report.measure), ())
        relayed = [r for r in rows if r.cites]
        same = [r for r in relayed if covers(r, current) or covers(current, r)]
        if any(r for r in rows if not r.cites and covers(r, current)):
            break
        if same:
            current = same[0]
        elif relayed and len(relayed) == len(rows):
            current = relayed[-1]
        else:
            break
    return tuple(chain)


def check_citations(reports: Sequence[Report], problems: Problems) -> None:
    """Note every circle of citations, once."""
    told: set[frozenset[str]] = set()
    lines = by_line(reports)
    for report in reports:
        if not report.cites:
            continue
        chain = origin_of(report, lines)
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
    lines = by_line(reports)
    relays = [(r, origin_of(r, lines)[-1]) for r in reports if r.cites]
    own_of: dict[tuple[str, str], list[Report]] = {}
    for report in own:
        own_of.setdefault((report.source, report.category), []).append(report)
    relays.sort(key=lambda pair: (pair[0].published, specificity(pair[0]), pair[0].source))
    for relay, origin in relays:
        known = own_of.get((origin, relay.category), ())
        first = next((r for r in known if covers(r, relay)), None)
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
