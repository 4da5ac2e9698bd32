"""Reads tables of many events: the reports of a panel.

Rows are validated in `paneltable`. What belongs to the panel is decided here
and counted: blank cells, categories that do not count the toll, relays, figures that a source
replaced. What a statement says of a toll stands in `utterances`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import MAX_SOURCES, MEASURES, ROOT_WORDS
from tolls.errors import InputError, Problems
from tolls.names import Alike
from tolls.panelsources import PanelSource, check_sources
from tolls.paneltable import Table, read_columns
from tolls.presets import Presets
from tolls.readings import read
from tolls.reliability import SourceDeclaration
from tolls.reports import Report

__all__ = ["Reports", "Said", "Statement", "Statements", "Voice", "read_reports"]

type Ints = NDArray[np.int64]

# why a row is left out
_USED, _MEASURE, _CATEGORY, _RELAY, _NOTHING = range(5)
_WHY = ("used", "other measures", "other categories", "relays", "saying nothing")
_NEUTRAL = SourceDeclaration("")
_ROOTS = {*ROOT_WORDS, *MEASURES}  # the reader writes a root by its measure


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement says, whoever says it: equal ones are tabulated once.

    Attributes
    ----------
    wording, figure
        As of a `Reading`.
    sigma : (float, float), optional
        Of an estimate: its own sd (log scale) where its figure lies below and above the truth.
    spread : float
        Variance (log scale) that its wording adds.
    """

    wording: str
    figure: tuple[Any, ...]
    sigma: tuple[float, float] | None = None
    spread: float = 0.0

    def told(self) -> str:
        """Return what is said in short, for a table."""
        wording = "" if self.wording == "exact" else f"{self.wording.replace('_', ' ')} "
        figures = [f"{y:,}" if isinstance(y, int) else str(y) for y in self.figure]
        return f"{wording if self.wording != 'words' else ''}{' to '.join(figures)}"


@dataclass(frozen=True, slots=True)
class Voice:
    """A source in so far as it counts one category: its definition is its own.

    Attributes
    ----------
    name : str
        The source's, with the category where the source counts several.
    grade, kind : str
        As declared, else F and other.
    """

    name: str
    source: str
    category: str
    grade: str = "F"
    kind: str = "other"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one voice says of one event; both by their position."""

    event: int
    voice: int
    said: Said
    row: int


@dataclass(frozen=True, eq=False, slots=True)
class Statements:
    """Statements in columns, by event and voice, at most one of each; iterated one by one.

    Attributes
    ----------
    event, voice : (statement,) int arrays
        Their positions.
    said : (statement,) int array
        Place in `things`.
    row : (statement,) int array
    things : tuple of Said
        All different ones, in the order in which they come up.
    """

    event: Ints
    voice: Ints
    said: Ints
    row: Ints
    things: tuple[Said, ...]

    def __len__(self) -> int:
        return len(self.event)

    def __iter__(self) -> Iterator[Statement]:
        columns = (self.event.tolist(), self.voice.tolist(), self.said.tolist(), self.row.tolist())
        for event, voice, said, row in zip(*columns, strict=True):
            yield Statement(event, voice, self.things[said], row)


@dataclass(frozen=True)
class Reports:
    """The reports of a panel.

    Attributes
    ----------
    events : tuple of str
        Those of which something is said, in the order of the table.
    voices : tuple of Voice
        By name.
    statements : Statements
    counts : mapping of str to int
        What became of the rows: they add up to the rows read.
    set_aside : mapping of str to int
        Rows by category that does not count the toll.
    extra : mapping of str to int
        Rows by column that holds something and is not read.
    members : mapping of str to tuple of str
        Sources of every group, by its name.
    """

    events: tuple[str, ...]
    voices: tuple[Voice, ...]
    statements: Statements
    counts: Mapping[str, int]
    set_aside: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_reports(
    reports: Any,
    *,
    measure: str,
    categories: Sequence[str],
    sources: Mapping[str, PanelSource],
    presets: Presets,
) -> Reports:
    """Read the reports of a panel.

    Parameters
    ----------
    reports : str, Path, DataFrame or list of mappings
        Columns as of a ``reports.csv``, with ``event``; ``published`` may be left out.
    measure : str
        Only its rows are used.
    categories : sequence of str
        Those that count the toll, each by its definition, beside empty, ``all`` and ``total``.
    sources : mapping of str to PanelSource
        As far as declared.
    presets : Presets

    Returns
    -------
    Reports

    Raises
    ------
    InputError
        With every fault of the table, and of sources that are declared and not in it.
    """
    file = str(reports) if isinstance(reports, str | Path) else "reports"
    problems = Problems(file)
    counts: Counter[str] = Counter(read=0)
    table = read_columns(reports, measure, presets, counts, problems)
    stating = {r.source for r in table.reports}
    check_sources(sources, stating, problems)
    _check_names(table, problems)
    if len(stating) > MAX_SOURCES:
        problems.add(
            "column source",
            f"names {len(stating):,} sources; allowed: {MAX_SOURCES:,}, of each of which is "
            "learned what it is worth",
        )
    problems.raise_if_any()
    left = _left(table, measure, _ROOTS | {c.lower() for c in categories})
    content = table.content
    times = np.bincount(left, minlength=len(_WHY)).tolist()
    counts.update({_WHY[why]: n for why, n in enumerate(times) if n and why != _USED})
    aside: Counter[str] = Counter()
    for i in content[left == _CATEGORY].tolist():
        aside[table.reports[i].category] += 1
    used = np.flatnonzero(left == _USED)
    pairs, voice = _voices(table, used, sources)
    latest = _latest(table, used, table.event[used] * len(pairs) + voice[content[used]], problems)
    problems.raise_if_any()
    if not len(used):
        raise InputError(
            f"{file}: no report of {measure} is left; {_left_out(counts, aside)}: name the "
            "categories that count the toll in categories=(…)"
        )
    if len(latest) < len(used):
        counts["replaced"] = len(used) - len(latest)
    counts["used"] = len(latest)
    events, statements = _together(table, used, latest, voice, presets)
    members = {
        group: tuple(name for name, own in sources.items() if own.group == group)
        for group in dict.fromkeys(own.group for own in sources.values() if own.group)
    }
    return Reports(
        events,
        _named(pairs, sources),
        statements,
        dict(counts),
        dict(aside),
        dict(table.extra),
        members,
    )


def _check_names(table: Table, problems: Problems) -> None:
    """Note sources and events that a reader takes for one: two spellings would count as two."""
    sources, events = Alike(), Alike()
    first: dict[str, tuple[int, str]] = {}
    for report in table.reports:
        for column in ("source", "cites"):
            first.setdefault(getattr(report, column), (report.row, column))
    for name, (row, column) in first.items():
        sources.note(f"row {row}, column {column}", name, problems)
    _, begins = np.unique(table.event, return_index=True)
    for name, row in zip(table.events, table.row[begins].tolist(), strict=True):
        events.note(f"row {row}, column event", name, problems)


def _left(table: Table, measure: str, wanted: set[str]) -> Ints:
    """Tell of every row whether it is used, and else why not."""

    def why(report: Report) -> int:
        if report.measure != measure:
            return _MEASURE
        if report.category.lower() not in wanted:
            return _CATEGORY
        empty = report.qualifier == "at_least" and not report.value
        return _NOTHING if empty else _USED

    event, content = table.event, table.content
    left = np.array([why(r) for r in table.reports], dtype=np.int64)[content]
    citing = np.array([bool(r.cites) for r in table.reports], dtype=bool)[content]
    citing &= (left == _USED) | (left == _NOTHING)
    rows = [(i, int(event[i]), table.reports[content[i]]) for i in np.flatnonzero(citing)]
    cited = {(e, report.cites) for _, e, report in rows}
    stated = set()
    if cited:
        for e, i in zip(event.tolist(), content.tolist(), strict=True):
            report = table.reports[i]
            if (e, report.source) in cited:
                stated.add((e, report.source, report.figure))
    for i, e, report in rows:
        if (e, report.cites, report.figure) in stated:
            left[i] = _RELAY
    return left


def _voices(
    table: Table, used: Ints, sources: Mapping[str, PanelSource]
) -> tuple[list[tuple[str, str]], Ints]:
    """Return pairs of source (or group) and category, and the place of every content's."""

    def pair(report: Report) -> tuple[str, str]:
        category = "" if report.category.lower() in _ROOTS else report.category
        return sources.get(report.source, PanelSource()).group or report.source, category

    speaking = {int(i): pair(table.reports[i]) for i in np.unique(table.content[used])}
    pairs = sorted(set(speaking.values()))
    place = {own: i for i, own in enumerate(pairs)}
    voice = np.zeros(len(table.reports), dtype=np.int64)
    for i, own in speaking.items():
        voice[i] = place[own]
    return pairs, voice


def _latest(table: Table, used: Ints, speaks: Ints, problems: Problems) -> Ints:
    """Return the rows that are the latest of their voice on their event, which `speaks` tells."""
    _, place, times = np.unique(speaks, return_inverse=True, return_counts=True)
    several = times[place] > 1
    rows = used[several]
    latest: dict[int, tuple[int, Report]] = {}
    for i, key, report in zip(rows, speaks[several].tolist(), table.whole(rows), strict=True):
        if key not in latest or _replaces(report, latest[key][1], problems):
            latest[key] = i, report
    kept = np.array([i for i, _ in latest.values()], dtype=np.int64)
    return np.sort(np.concatenate([used[~several], kept]))


def _replaces(report: Report, other: Report, problems: Problems) -> bool:
    """Tell whether a report is later than another of its source; equal dates cannot be told."""
    mine, theirs = (report.published, report.as_of), (other.published, other.as_of)
    if mine == theirs and report.said != other.said:
        problems.add(
            f"row {report.row}, column value",
            f"{report.source} states {report.stated()} of {report.event} here and "
            f"{other.stated()} in row {other.row}, and no date says which is later; give "
            "published, or keep one of them",
        )
    return mine > theirs


def _left_out(counts: Mapping[str, int], aside: Mapping[str, int]) -> str:
    told = [f"{n:,} rows: {what}" for what, n in counts.items() if what != "read" and n]
    names = ", ".join(sorted(aside))
    return "; ".join(told) + (f" ({names})" if names else "")


def _named(
    pairs: Sequence[tuple[str, str]], sources: Mapping[str, PanelSource]
) -> tuple[Voice, ...]:
    several = Counter(source for source, _ in pairs)
    members: dict[str, PanelSource] = {}
    for name, declared in sources.items():  # of a group the member declared first speaks
        members.setdefault(declared.group or name, declared)
    voices = []
    for source, category in pairs:
        own = members.get(source, PanelSource())
        label = f"{source} ({category or 'all'})" if several[source] > 1 else source
        voices.append(Voice(label, source, category, own.grade, own.kind))
    return tuple(voices)


def _together(
    table: Table, used: Ints, latest: Ints, voice: Ints, presets: Presets
) -> tuple[tuple[str, ...], Statements]:
    """Return the events in the order in which they come up, and what is said of them."""
    events, place = _in_order(table.event[used], table.event[latest])
    content = table.content[latest]
    order = np.lexsort((voice[content], place))
    content = content[order]
    things: dict[Said, int] = {}
    different, which = _in_order(content, content)
    said = []
    for i in different:
        reading = read(table.reports[i], _NEUTRAL, presets)
        own = Said(reading.wording, reading.figure, reading.sigma, reading.spread)
        said.append(things.setdefault(own, len(things)))
    names = list(table.events)
    statements = Statements(
        place[order],
        voice[content],
        np.array(said, dtype=np.int64)[which],
        table.row[latest][order],
        tuple(things),
    )
    return tuple(names[i] for i in events), statements


def _in_order(numbers: Ints, asked: Ints) -> tuple[Ints, Ints]:
    """Return different numbers in the order of their first places, and where those asked stand."""
    different, first = np.unique(numbers, return_index=True)
    order = np.argsort(first)
    rank = np.empty(len(different), dtype=np.int64)
    rank[order] = np.arange(len(different))
    return different[order], rank[np.searchsorted(different, asked)]
