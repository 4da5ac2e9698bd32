"""Validates rows of text, one at a time, into reports; every fault is told with its place.

Nothing is interpreted here beyond what a single row says; what belongs together is decided in
`relays`, `bulletins` and `evidence`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from tolls.columns import (
    COLUMNS,
    COUNT,
    COUNTS,
    EVIDENCE,
    LEVEL,
    NAMES,
    QUALIFIERS,
    count_mend,
    date_mend,
)  # fmt: skip
from tolls.constants import (
    LEVELS,
    MAX_COUNT,
    MAX_YEARS,
    MEASURES,
    ROOT_WORDS,
    ROOTS,
    UNKNOWN,
)  # fmt: skip
from tolls.errors import Problems
from tolls.growth import Moment
from tolls.names import composed, name_fault, text_fault
from tolls.reports import Report
from tolls.tables import check_columns

__all__ = ["Row", "read_rows", "read_table"]

# what each wording needs; the others of value, low and high stay empty
_NEEDS = {"range": ("low", "high"), "words": ("words",)}
_NEEDED = (("source",), ("published",), (*COUNTS, "words"))
_KEPT = {f.name for f in fields(Report)} - {"extra"}


def read_table(
    rows: Sequence[tuple[int, Mapping[str, str]]],
    problems: Problems,
    *,
    root: str,
    names: Mapping[str, Sequence[str]],
    start: date | None,
    columns: Mapping[str, str] | None = None,
) -> tuple[Report, ...]:
    """Validate rows of text and return the reports; every fault goes to `problems`.

    Parameters
    ----------
    rows : sequence of (int, mapping)
        Line numbers and the text of every column.
    problems : Problems
        Collects what is wrong.
    root : str
        Measure of rows that name none.
    names : mapping of str to sequence of str
        By root, nodes and unions that a category may name; not checked where they are not known.
        A row whose category is empty, ``all`` or ``total`` speaks of the root.
    start : date, optional
        First day of the harm; nothing can be published before it.
    columns : mapping of str to str, optional
        Column of this package to the column's name in the table.

    Returns
    -------
    tuple of Report
        In the order of the rows.
    """
    if not rows:
        if not problems.messages:
            problems.add("", "has no row; a case needs at least one report")
        return ()
    # rows of a list of mappings may differ in their keys
    keys = dict.fromkeys(tuple(row) for _, row in rows)
    present = list(dict.fromkeys(name for each in keys for name in each))
    mapping = _column_map(columns or {}, present, problems)
    if not check_columns(present, tuple(COLUMNS), _NEEDED, mapping, problems):
        return ()
    called = _names(mapping)
    renamed = ((n, {called.get(c, c): text.strip() for c, text in r.items()}) for n, r in rows)
    reports = read_rows(renamed, problems, root=root, names=names, start=start)
    _check_whole(reports, start, problems)
    return reports


def read_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]],
    problems: Problems,
    *,
    root: str,
    names: Mapping[str, Sequence[str]],
    start: date | None,
) -> tuple[Report, ...]:
    """Validate rows of stripped text as `read_table` does, whatever their columns."""
    read = (Row(n, cells, problems).report(root, names, start) for n, cells in rows)
    return tuple(r for r in read if r is not None)


def _check_whole(reports: Sequence[Report], start: date | None, problems: Problems) -> None:
    """Note what no single row shows: several events, and dates a century apart."""
    events = sorted({r.event for r in reports if r.event})
    if len(events) > 1:
        problems.add(
            "column event",
            f"names {len(events)} events ({', '.join(events[:3])}, …); a case is one event: "
            "keep the rows of one",
        )
    for r in reports:
        if r.as_of.day.year - r.published.day.year > MAX_YEARS:
            problems.add(
                f"row {r.row}, column as_of",
                f"{r.as_of} lies more than {MAX_YEARS} years after {r.published}, when it was "
                "published; look for a slip in a year",
            )
    if start is None and reports:
        early = min(reports, key=lambda r: r.as_of)
        late = max(reports, key=lambda r: r.published)
        if late.published.day.year - early.as_of.day.year > MAX_YEARS:
            problems.add(
                f"row {early.row}, column as_of",
                f"{early.as_of} lies more than {MAX_YEARS} years before {late.published} (row "
                f"{late.row}); look for a slip in a year, or declare the event's start in a "
                "case.toml",
            )


def _column_map(
    columns: Mapping[str, str], present: Sequence[str], problems: Problems
) -> dict[str, str]:
    if not isinstance(columns, Mapping):
        problems.add(
            "columns", 'is no mapping; allowed: our column to the table\'s, {"value": "Deaths"}'
        )
        return {}
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            problems.unknown("columns", "column", str(ours), COLUMNS)
        if theirs not in present:
            problems.unknown("columns", "column of the table", str(theirs), present)
    for theirs, times in Counter(map(str, columns.values())).items():
        if times > 1:
            problems.add("columns", f'name "{theirs}" {times} times; allowed: once')
    return dict(columns)


def _names(mapping: Mapping[str, str]) -> dict[str, str]:
    """Return what columns of a table are called here, where that is something else."""
    # a mapped column wins over one of the plain name, which is kept beside it and not read
    own = {ours: f"{ours} (of the table)" for ours in mapping}
    return own | {theirs: ours for ours, theirs in mapping.items()}


def _known(category: str, names: Sequence[str]) -> bool:
    """Tell whether a category is a node or union, or stands for people in no part of a node."""
    whole = category.removeprefix(f"{UNKNOWN} ")
    return category in names or category == UNKNOWN or (whole != category and whole in names)


class Row:
    """Validates one row; each method reads one aspect and notes its faults."""

    worded = True  # whether the table has columns for the wording of a count

    def __init__(self, number: int, cells: Mapping[str, str], problems: Problems) -> None:
        self.number, self.problems = number, problems
        self.faults = problems.count
        self.cells = {c: composed(text) if c in NAMES else text for c, text in cells.items()}

    def add(self, column: str, what: str) -> None:
        """Note a fault of a column."""
        self.problems.add(f"row {self.number}, column {column}", what)

    def check_texts(self, names: Sequence[str]) -> None:
        """Note cells that can be no name, or cannot be printed."""
        for column, cell in self.cells.items():
            if fault := (name_fault if column in names else text_fault)(cell):
                self.add(column, fault)

    def choice(self, column: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of the allowed words."""
        text = self.cells.get(column, "") or default
        if text and text not in allowed:
            self.problems.unknown(f"row {self.number}, column {column}", column, text, allowed)
        return text

    def count(self, column: str) -> int | None:
        """Return a count of people, if any."""
        text = self.cells.get(column, "")
        if not text:
            return None
        if not re.fullmatch(COUNT, text):
            self.add(column, f'"{text}" is no integer; {count_mend(text, worded=self.worded)}')
            return None
        number = int(text.partition(".")[0])
        if number > MAX_COUNT:
            self.add(column, f"{text} is out of range; allowed: 0 to {MAX_COUNT:,}")
            return None
        return number

    def moment(self, column: str) -> Moment | None:
        """Return a date or date-time, if any."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            return Moment.parse(text)
        except ValueError:
            self.add(column, f'"{text}" is no date; {date_mend(text)}')
            return None

    def figures(self, qualifier: str) -> dict[str, int | None]:
        """Return value, low and high as the qualifier needs them."""
        given = {column: self.count(column) for column in COUNTS}
        filled = {c for c in (*COUNTS, "words") if self.cells.get(c, "")}
        if not filled:
            self.add("value", "none of value, low, high and words is given; state the count")
        elif qualifier in QUALIFIERS and qualifier != "estimate":
            needs = _NEEDS.get(qualifier, ("value",))
            for column in needs:
                if column not in filled:
                    self.add(column, f"is empty; qualifier {qualifier} needs {' and '.join(needs)}")
            for column in sorted(filled - set(needs) - {"words"}):
                self.add(
                    column,
                    f'"{self.cells[column]}" has no meaning with qualifier {qualifier}, which '
                    f"takes {' and '.join(needs)}; empty it or change the qualifier",
                )
        if qualifier == "estimate" and filled:
            self.estimate(given, filled)
        elif qualifier in QUALIFIERS and self.cells.get("level", ""):
            self.add(
                "level",
                f'"{self.cells["level"]}" has no meaning with qualifier {qualifier}; empty it, or '
                "write estimate if low and high are an interval of that probability",
            )
        low, high = given["low"], given["high"]
        if low is not None and high is not None and low > high:
            self.add("low", f"{low} is above high, {high}; swap them")
        if qualifier == "fewer_than" and given["value"] == 0:
            self.add("value", "fewer than 0 people cannot be; allowed: 1 or more")
        return given

    def estimate(self, given: Mapping[str, int | None], filled: set[str]) -> None:
        """Check an estimate: a value, an interval around it with its level, or both."""
        value, low, high = (given[column] for column in COUNTS)
        if len(filled & {"low", "high"}) == 1:
            missing = "high" if "low" in filled else "low"
            self.add(missing, "is empty; the interval of an estimate has low and high")
        if low == 0:
            self.add("low", "0 has no logarithm; allowed for an estimate: 1 or more")
        if low is not None and low == high:
            self.add("low", f"{low} is high too; an interval has a width, else leave both empty")
        whole = value is not None and low is not None and high is not None and low < high
        if whole and not low <= value <= high:  # type: ignore[operator]
            self.add(
                "value", f"{value} lies outside its interval, {low} to {high}; mend one of them"
            )
        level = self.cells.get("level", "")
        least, most = LEVELS
        if level and not (re.fullmatch(LEVEL, level) and least <= float(level) <= most):
            self.add(
                "level", f'"{level}" is no level; allowed: {least} to {most}, as 0.95 for 95 %'
            )
        if level and not filled & {"low", "high"}:
            self.add("level", f'"{level}" is that of no interval; give low and high, or empty it')

    def report(
        self, root: str, names: Mapping[str, Sequence[str]], start: date | None
    ) -> Report | None:
        """Return the report, or nothing where the row is at fault."""
        source = self.cells.get("source", "")
        if not source:
            self.add("source", "is empty; say who states the count")
        self.check_texts(NAMES)
        measure = self.choice("measure", root, MEASURES)
        category = self.cells.get("category", "")
        own = measure if measure in ROOTS else root  # the missing are of the killed
        if category.lower() in ROOT_WORDS:
            category = own
        elif own in names and not _known(category, names[own]):
            self.unknown_category(category, own, names[own])
        qualifier = self.choice("qualifier", "exact", QUALIFIERS)
        evidence = self.choice("evidence", "", EVIDENCE)
        cites = self.cells.get("cites", "")
        if cites and cites == source:
            self.add("cites", f'"{cites}" cites itself; leave cites empty for an own figure')
        given = self.figures(qualifier)
        published, as_of = self.dates(evidence, start)
        if self.problems.count > self.faults or published is None or as_of is None:
            return None
        text = {c: self.cells.get(c, "") for c in COLUMNS if c in _KEPT}
        text |= {"category": category, "measure": measure, "qualifier": qualifier}
        known: dict[str, Any] = text | given | {"published": published, "as_of": as_of}
        extra = {k: v for k, v in self.cells.items() if k not in COLUMNS}
        return Report(row=self.number, extra=extra, **known)

    def unknown_category(self, category: str, root: str, names: Sequence[str]) -> None:
        """Note a category that is no node, with how to declare it."""
        where = f"row {self.number}, column category"
        if len(names) > 1:
            self.problems.unknown(where, "node or union", category, names)
        else:
            self.problems.add(
                where,
                f'"{category}" is not declared, only the root ({root}) is known; declare it in a '
                f'case.toml: [[partitions]] of = "{root}", into = ["{category}", …]',
            )

    def dates(self, evidence: str, start: date | None) -> tuple[Moment | None, Moment | None]:
        """Return when the figure was published and to when it refers."""
        published = self.moment("published")
        as_of = self.moment("as_of") or published
        if not self.cells.get("published", ""):
            self.add("published", "is empty; give the ISO date on which the source said it")
        if published is None or as_of is None:
            return None, None
        same_day = as_of.day == published.day
        both_exact = as_of.hours_given and published.hours_given
        later = as_of > published if both_exact or not same_day else False
        if later and evidence != "projection":
            self.add("as_of", f"{as_of} is after published, {published}; a count cannot look ahead")
        if start is not None:
            stated = {"published": published} | ({"as_of": as_of} if as_of != published else {})
            for column, moment in stated.items():
                if moment.day < start:
                    self.add(
                        column, f"{moment} is before the case's start, {start}; mend one of them"
                    )
        return published, as_of
