"""Reads a panel's table into columns of numbers, of which a million events take little room.

A row is validated as those of a single case are (`rows`). Rows are read one by one; most say what
others say of another event, and that is kept once.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.columns import COLUMNS, COUNTS
from tolls.errors import Problems
from tolls.growth import Moment
from tolls.presets import Presets
from tolls.readings import in_numbers
from tolls.reports import Report
from tolls.rows import Row
from tolls.tables import panel_rows

__all__ = ["Table", "read_columns"]

type Ints = NDArray[np.int64]

_NEEDED = (("source",), ("event",), (*COUNTS, "words"))
_UNDATED = Moment(datetime(1, 1, 1))  # before every date: a dated figure replaces it
_content = attrgetter(
    "source", "category", "measure", "qualifier", "value", "low", "high", "words", "level", "cites",
    "evidence", "scope", "definition",
)  # fmt: skip


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


class Table:
    """Valid rows in columns of numbers.

    Attributes
    ----------
    events : dict of str to int
        Names and their places.
    reports : list of Report
        All that differ in more than event, dates and remarks, which are left out.
    extra : Counter
        Rows by column that holds something and is not read.
    """

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.reports: list[Report] = []
        self.extra: Counter[str] = Counter()
        self._contents: dict[tuple[Any, ...], int] = {}
        self._dates: dict[tuple[Moment, Moment], int] = {}
        self._columns = [array("i") for _ in range(4)]

    def add(self, report: Report) -> None:
        """Add a row."""
        content = _content(report)
        if content not in self._contents:
            bare = replace(
                report, event="", published=_UNDATED, as_of=_UNDATED, url="", note="", extra={}
            )
            self._contents[content] = len(self.reports)
            self.reports.append(bare)
        dates = report.published, report.as_of
        row = (
            self.events.setdefault(report.event, len(self.events)),
            self._contents[content],
            self._dates.setdefault(dates, len(self._dates)),
            report.row,
        )
        for column, number in zip(self._columns, row, strict=True):
            column.append(number)

    @property
    def event(self) -> Ints:
        """Place of every row's event."""
        return self._column(0)

    @property
    def content(self) -> Ints:
        """Place of every row in `reports`."""
        return self._column(1)

    @property
    def row(self) -> Ints:
        """Number of every row in the file."""
        return self._column(3)

    def _column(self, which: int) -> Ints:
        return np.array(self._columns[which], dtype=np.int64)

    def whole(self, rows: Ints) -> Iterator[Report]:
        """Yield rows as reports again, without their remarks."""
        names, moments = list(self.events), list(self._dates)
        for i in rows.tolist():
            event, content, dates, row = (column[i] for column in self._columns)
            published, as_of = moments[dates]
            bare = self.reports[content]
            yield replace(bare, row=row, event=names[event], published=published, as_of=as_of)


def read_columns(
    reports: Any, measure: str, presets: Presets, counts: Counter[str], problems: Problems
) -> Table:
    """Read the valid rows of a table one by one; count all, and those that are blank.

    Parameters
    ----------
    reports : str, Path, DataFrame or list of mappings
    measure : str
        Of rows that name none.
    presets : Presets
    counts : Counter
        Adds what is read and what is blank.
    problems : Problems
        Collects what is wrong.

    Returns
    -------
    Table
    """
    table = Table()
    for number, own in panel_rows(reports, tuple(COLUMNS), _NEEDED, problems):
        counts["read"] += 1
        table.extra.update(c for c, text in own.items() if text and c not in COLUMNS)
        if not any(own.get(c, "") for c in (*COUNTS, "words")):
            counts["blank"] += 1
            continue
        report = _PanelRow(number, own, problems).report(measure, {}, None)
        if report is not None:
            table.add(in_numbers(report, presets, problems))
    if not counts["read"] and not problems.messages:
        problems.add("", "has no row; a panel needs reports")
    return table
