"""Reads tables of many events: reports of a panel, and what was verified later.

A row is validated as those of a single case are (`rows`). What belongs to the panel is decided here
and counted: blank cells, categories that do not count the toll, relays, figures that a source
replaced. What a statement says of a toll stands in `utterances`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tolls.columns import COLUMNS, COUNTS
from tolls.constants import MAX_COUNT, MAX_IMPORT_ROWS, MAX_SOURCES, MEASURES, ROOT_WORDS
from tolls.errors import InputError, Problems, as_given
from tolls.growth import Moment
from tolls.panelsources import PanelSource, check_sources
from tolls.presets import Presets
from tolls.readings import in_numbers, read
from tolls.reliability import SourceDeclaration
from tolls.reports import Report
from tolls.rows import Row
from tolls.tables import check_columns, csv_rows, table_rows

__all__ = ["Said", "Statement", "Voice", "read_reports", "read_verified"]

_NEEDED = (("source",), ("event",), (*COUNTS, "words"))
_TRUTH = ("event", "category", "measure", *COUNTS, "authority", "date", "note")
_UNDATED = Moment(datetime(1, 1, 1))  # before every date: a dated figure replaces it
_NEUTRAL = SourceDeclaration("")


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


@dataclass(frozen=True)
class Reports:
    """The reports of a panel.

    Attributes
    ----------
    events : tuple of str
        Those of which something is said, in the order of the table.
    voices : tuple of Voice
        By name.
    statements : tuple of Statement
        At most one per event and voice.
    counts : mapping of str to int
        What became of the rows: they add up to the rows read.
    set_aside : mapping of str to int
        Rows by category that does not count the toll.
    """

    events: tuple[str, ...]
    voices: tuple[Voice, ...]
    statements: tuple[Statement, ...]
    counts: Mapping[str, int]
    set_aside: Mapping[str, int] = field(default_factory=dict)


class _PanelRow(Row):
    """Validates one row of a panel, which may lack its date."""

    def dates(self, evidence: str, start: date | None) -> tuple[Moment | None, Moment | None]:
        published = self.moment("published") or _UNDATED
        as_of = self.moment("as_of") or published
        if as_of > published and published is not _UNDATED and evidence != "projection":
            self.add("as_of", f"{as_of} is after published, {published}; a count cannot look ahead")
        return published, as_of

    def report(
        self, root: str, names: Mapping[str, Sequence[str]], start: date | None
    ) -> Report | None:
        if not self.cells.get("event", ""):
            self.add("event", "is empty; say which event the count is of")
        self.check_texts(("event",))
        return super().report(root, names, start)


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
    read_in = list(_numbered(reports, problems))
    counts: Counter[str] = Counter(read=len(read_in))
    if not read_in and not problems.messages:
        problems.add("", "has no row; a panel needs reports")
    found: list[Report] = []
    known = tuple(COLUMNS)
    if read_in and check_columns(list(read_in[0][1]), known, _NEEDED, {}, problems):
        for number, cells in read_in:
            own = {c: text.strip() for c, text in cells.items()}
            if not any(own.get(c, "") for c in (*COUNTS, "words")):
                counts["blank"] += 1
                continue
            report = _PanelRow(number, own, problems).report(measure, {}, None)
            if report is not None:
                found.append(in_numbers(report, presets, problems))
    stating = {r.source for r in found}
    check_sources(sources, stating, problems)
    if len(stating) > MAX_SOURCES:
        problems.add(
            "column source",
            f"names {len(stating):,} sources; allowed: {MAX_SOURCES:,}, of each of which is "
            "learned what it is worth",
        )
    problems.raise_if_any()
    group = {name: sources.get(name, PanelSource()).group or name for name in stating}
    roots = {*ROOT_WORDS, *MEASURES}  # the reader writes a root by its measure
    wanted = roots | {c.lower() for c in categories}
    aside: Counter[str] = Counter()
    used: list[Report] = []
    stated = {(r.event, r.source, r.figure) for r in found}
    for report in found:
        if report.measure != measure:
            counts["other measures"] += 1
        elif report.category.lower() not in wanted:
            counts["other categories"] += 1
            aside[report.category] += 1
        elif report.cites and (report.event, report.cites, report.figure) in stated:
            counts["relays"] += 1
        elif report.qualifier == "at_least" and not report.value:
            counts["saying nothing"] += 1
        else:
            used.append(report)
    latest: dict[tuple[str, str, str], Report] = {}
    for report in used:
        key = report.event, group[report.source], _category(report)
        if key in latest:
            counts["replaced"] += 1
            if not _replaces(report, latest[key], problems):
                continue
        latest[key] = report
    problems.raise_if_any()
    if not latest:
        raise InputError(
            f"{file}: no report of {measure} is left; {_left_out(counts, aside)}: name the "
            "categories that count the toll in categories=(…)"
        )
    counts["used"] = len(latest)
    return _together(latest, sources, counts, aside, presets)


def _numbered(table: Any, problems: Problems) -> Iterable[tuple[int, Mapping[str, str]]]:
    if isinstance(table, str | Path):
        return csv_rows(Path(table), problems, MAX_IMPORT_ROWS, holds="one panel")
    return table_rows(table)


def _category(report: Report) -> str:
    return "" if report.category.lower() in {*ROOT_WORDS, *MEASURES} else report.category


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


def _together(
    latest: Mapping[tuple[str, str, str], Report],
    sources: Mapping[str, PanelSource],
    counts: Mapping[str, int],
    aside: Mapping[str, int],
    presets: Presets,
) -> Reports:
    events = {event: i for i, event in enumerate(dict.fromkeys(e for e, _, _ in latest))}
    pairs = sorted({(source, category) for _, source, category in latest})
    several = Counter(source for source, _ in pairs)
    members: dict[str, PanelSource] = {}
    for name, declared in sources.items():  # of a group the member declared first speaks
        members.setdefault(declared.group or name, declared)
    voices = []
    for source, category in pairs:
        own = members.get(source, PanelSource())
        label = f"{source} ({category or 'all'})" if several[source] > 1 else source
        voices.append(Voice(label, source, category, own.grade, own.kind))
    place = {pair: i for i, pair in enumerate(pairs)}
    statements = []
    for (event, source, category), report in latest.items():
        said = read(report, _NEUTRAL, presets)
        own_said = Said(said.wording, said.figure, said.sigma, said.spread)
        statements.append(Statement(events[event], place[source, category], own_said, report.row))
    return Reports(tuple(events), tuple(voices), tuple(statements), dict(counts), dict(aside))


def read_verified(
    truth: Any, events: Sequence[str], *, measure: str, threshold: int | None
) -> tuple[dict[str, tuple[int, int]], int]:
    """Read what was verified later.

    Parameters
    ----------
    truth : str, Path, DataFrame, list of mappings, mapping, or None
        A table with columns ``event``, ``measure`` and ``value``, or ``low`` and ``high`` where a
        toll is known in a range (an empty end is open); or ``{event: toll}``, ``{event: (low,
        high)}``.
    events : sequence of str
        Those of the panel.
    measure : str
        Only its rows are used.
    threshold : int, optional
        Smallest toll that the register holds.

    Returns
    -------
    dict of str to (low, high), int
        By event; and how many verified events no report speaks of.

    Raises
    ------
    InputError
        With every fault of the table.
    """
    if truth is None:
        return {}, 0
    if isinstance(truth, Mapping):
        pairs = {e: t if isinstance(t, tuple | list) else (t, t) for e, t in truth.items()}
        if wrong := [e for e, ends in pairs.items() if len(ends) != 2]:
            raise InputError(f"truth: {wrong[0]} has no toll; allowed: a toll, or (low, high)")
        truth = [{"event": e, "low": low, "high": high} for e, (low, high) in pairs.items()]
    file = str(truth) if isinstance(truth, str | Path) else "truth"
    problems = Problems(file)
    rows = list(_numbered(truth, problems))
    found: dict[str, tuple[int, int]] = {}
    if rows and check_columns(
        list(rows[0][1]), _TRUTH, (("event",), ("value", "low")), {}, problems
    ):
        for number, cells in rows:
            row = Row(number, {c: t.strip() for c, t in cells.items()}, problems)
            _note(row, found, measure, threshold)
    problems.raise_if_any()
    known = set(events)
    inside = {event: ends for event, ends in found.items() if event in known}
    if not inside:
        raise InputError(
            f"{file}: speaks of no event of the reports; events are matched by their names, as "
            f"{events[0]}"
        )
    return inside, len(found) - len(inside)


def _note(row: Row, found: dict[str, tuple[int, int]], measure: str, threshold: int | None) -> None:
    """Note what a row of a truth says; its faults go to the problems of the file."""
    if row.choice("measure", measure, MEASURES) != measure:
        return
    event = row.cells.get("event", "")
    row.check_texts(("event",))
    if not event:
        row.add("event", "is empty; say which event was verified")
    value, low, high = (row.count(column) for column in COUNTS)
    if value is not None:
        low = high = value
    elif not any(row.cells.get(column, "") for column in COUNTS):
        row.add("value", "none of value, low and high is given; state the toll")
    if row.problems.count > row.faults:
        return
    low, high = low or 0, MAX_COUNT if high is None else high
    if low > high:
        row.add("low", f"{low} is above high, {high}; swap them")
    if threshold is not None and low < threshold:
        row.add(
            "value" if value is not None else "low",
            f"{low} is below the register's threshold, {threshold}; mend one of them",
        )
    if event in found and found[event] != (low, high):
        row.add("event", f'"{event}" was verified twice, with different tolls; keep one of them')
    found[event] = low, high


def check_threshold(threshold: object, verified: bool) -> None:
    """Refuse a threshold that no register can have."""
    if threshold is None:
        return
    if isinstance(threshold, bool) or not isinstance(threshold, int | np.integer) or threshold < 0:
        raise InputError(
            f"threshold: is {as_given(threshold)}; allowed: a toll, 0 or more, or None"
        )
    if not verified:
        raise InputError("threshold: is that of a register of verified tolls; give truth too")
