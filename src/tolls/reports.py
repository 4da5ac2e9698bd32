"""Reports: one stated count each, read from a table and validated row by row.

The table may be a CSV file, a DataFrame (pandas or polars) or a list of mappings. Nothing is
interpreted here beyond what a single row says; what belongs together is decided in `relays`,
`bulletins` and `evidence`.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tolls.constants import MAX_COUNT, MEASURES, ROOT_WORDS, ROOTS, UNKNOWN
from tolls.errors import InputError, Problems
from tolls.growth import Moment
from tolls.spreadsheets import escaped, unescaped

__all__ = [
    "COLUMNS", "EVIDENCE", "QUALIFIERS", "Report", "Row", "read_csv", "read_table", "table_rows",
]  # fmt: skip

QUALIFIERS = (
    "exact", "about", "at_least", "more_than", "up_to", "fewer_than", "range", "estimate", "words",
)  # fmt: skip
EVIDENCE = (
    "count", "list", "public_list", "certified", "estimate", "projection", "rumour",
)  # fmt: skip
COLUMNS = (
    "source", "measure", "category", "value", "low", "high", "qualifier", "words", "level",
    "published", "as_of", "cites", "evidence", "scope", "definition", "event", "url", "note",
)  # fmt: skip
_COUNTS = ("value", "low", "high")
# what each wording needs; the others of value, low and high stay empty
_NEEDS = {"range": ("low", "high"), "words": ("words",)}


@dataclass(frozen=True, slots=True)
class Report:
    """One stated count, as it stands in its row.

    Attributes
    ----------
    row : int
        Line in the file (the header is line 1), or number of the row in a DataFrame plus two.
    category : str
        Node or union; the root's name where the row left it empty or said ``all``.
    value, low, high : int or None
        The figure, in people.
    published, as_of : Moment
        When it was said, and to when the count refers.
    """

    row: int
    source: str
    category: str
    qualifier: str
    published: Moment
    as_of: Moment
    value: int | None = None
    low: int | None = None
    high: int | None = None
    measure: str = "killed"
    words: str = ""
    level: str = ""
    cites: str = ""
    evidence: str = ""
    scope: str = ""
    definition: str = ""
    event: str = ""
    url: str = ""
    note: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> tuple[int | str, ...]:
        """What makes two statements the same figure: the numbers, or the words, of one thing."""
        stated = (self.words,) if self.qualifier == "words" else self.figure
        return (*stated, *self.frame) if any(self.frame) else stated

    @property
    def frame(self) -> tuple[str, str]:
        """Scope and definition of what is counted; empty for the toll of the event."""
        return self.scope, self.definition

    @property
    def figure(self) -> tuple[int, ...]:
        """The stated number or numbers, without the wording."""
        return tuple(n for n in (self.value, self.low, self.high) if n is not None)

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest toll that the wording admits when taken literally."""
        if self.value is None:
            return float(self.low or 0), float(MAX_COUNT if self.high is None else self.high)
        if self.qualifier in ("at_least", "more_than"):
            return float(self.value + (self.qualifier == "more_than")), float(MAX_COUNT)
        if self.qualifier in ("up_to", "fewer_than"):
            return 0.0, float(self.value - (self.qualifier == "fewer_than"))
        return float(self.value), float(self.value)

    def stated(self) -> str:
        """Say the figure with its wording, as in "at least 1,225"."""
        if self.qualifier == "words":
            return self.words
        if self.value is None:
            return f"{self.low:,} to {self.high:,}"
        if self.low is not None:
            return f"{self.value:,} ({self.low:,} to {self.high:,})"
        if self.words and self.qualifier == "about":  # a number with its hedge
            return self.words
        word = "" if self.qualifier in ("exact", "estimate") else self.qualifier.replace("_", " ")
        return f"{word} {self.value:,}".strip()

    def as_row(self) -> dict[str, str]:
        """Return the row as text, as it would stand in ``reports.csv``."""
        row = {k: v for k, v in asdict(self).items() if k not in ("row", "extra", *_COUNTS)}
        row |= {k: "" if getattr(self, k) is None else str(getattr(self, k)) for k in _COUNTS}
        row |= {"published": str(self.published), "as_of": str(self.as_of)}
        return {k: row[k] for k in COLUMNS} | dict(sorted(self.extra.items()))


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as the text of a ``reports.csv``, without the columns that are empty."""
    names = list(dict.fromkeys(name for row in rows for name, text in row.items() if text))
    names.sort(key=lambda name: COLUMNS.index(name) if name in COLUMNS else len(COLUMNS))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writerow({name: escaped(name) for name in names})
    writer.writerows({name: escaped(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def read_csv(
    path: Path, problems: Problems, *, first: str = ""
) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV file into numbered rows of text; faults of the file's form go to `problems`.

    Lines above the header are passed over where `first` says with which column the header begins.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.add("", f"cannot be read: {error.strerror}; name an existing CSV file")
        return []
    except UnicodeDecodeError as error:
        problems.add("", f"is not UTF-8 (byte {error.start}); save it as CSV with UTF-8 encoding")
        return []
    rows: list[tuple[int, dict[str, str]]] = []
    lines = list(io.StringIO(text, newline=""))
    above = next((n for n, line in enumerate(lines) if line.lstrip('"').startswith(first)), 0)
    reader = csv.reader(lines[above:], strict=True)
    line = above + 1
    try:
        header = [unescaped(name.strip()) for name in next(reader, [])]
        _check_header(header, problems)
        for cells in reader:
            number, line = line + 1, above + reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.add(
                    f"row {number}",
                    f"has {len(cells)} fields; allowed: {len(header)}, as in the header "
                    "(quote a field that holds a comma)",
                )
                continue
            rows.append((number, dict(zip(header, map(unescaped, cells), strict=True))))
    except csv.Error as error:
        problems.add(
            f"row {line + 1}",
            f"is not valid CSV ({error}); look for a quote that is never closed",
        )
    return rows


def _check_header(header: Sequence[str], problems: Problems) -> None:
    for name in sorted({n for n in header if n and header.count(n) > 1}):
        problems.add("row 1", f'column "{name}" stands twice; keep one of them')
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        problems.add("row 1", "has one column; separate the columns by commas")


def table_rows(table: Any) -> list[tuple[int, dict[str, str]]]:
    """Turn a DataFrame (pandas or polars) or a list of mappings into numbered rows of text."""
    rows_given = isinstance(table, list | tuple) and all(isinstance(r, Mapping) for r in table)
    if not (rows_given or hasattr(table, "columns")) or hasattr(table, "collect"):
        raise InputError(
            f"reports: is a {type(table).__name__}; allowed: a DataFrame (pandas or polars) or a "
            "list of mappings (a file is read by tolls.read_case)"
        )
    names = [str(name) for name in getattr(table, "columns", ())]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"reports: column {', '.join(twice)} stands twice; keep one of them")
    if hasattr(table, "to_dicts"):
        records: Iterable[Mapping[str, Any]] = table.to_dicts()
    elif hasattr(table, "to_dict"):
        records = table.to_dict("records")
    else:
        records = table
    return [
        (number, {str(key): _as_text(value) for key, value in record.items()})
        for number, record in enumerate(records, 2)
    ]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or str(value) in ("nan", "NaT", "<NA>"):  # the missing values of pandas
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):  # pandas has no date type: midnight means a bare date
        bare = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if bare else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


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
    present = list(rows[0][1])
    mapping = _column_map(columns or {}, present, problems)
    for needed in ("source", "published"):
        if mapping.get(needed, needed) not in present:
            problems.add("row 1", f'column "{needed}" is missing; found: {", ".join(present)}')
    if not {mapping.get(c, c) for c in ("source", "published")} <= set(present):
        return ()
    read = [Row(n, _renamed(r, mapping), problems).report(root, names, start) for n, r in rows]
    reports = tuple(r for r in read if r is not None)
    events = sorted({r.event for r in reports if r.event})
    if len(events) > 1:
        problems.add(
            "column event",
            f"names {len(events)} events ({', '.join(events[:3])}, …); a case is one event: "
            "keep the rows of one",
        )
    return reports


def _column_map(
    columns: Mapping[str, str], present: Sequence[str], problems: Problems
) -> dict[str, str]:
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            problems.unknown("columns", "column", ours, COLUMNS)
        if theirs not in present:
            problems.unknown("columns", "column of the table", theirs, present)
    return dict(columns)


def _renamed(row: Mapping[str, str], mapping: Mapping[str, str]) -> dict[str, str]:
    taken = {theirs: ours for ours, theirs in mapping.items()}
    return {
        taken.get(name, name): text.strip()
        for name, text in row.items()
        if name in taken or name not in mapping  # a mapped column wins over one of the plain name
    }


def _known(category: str, names: Sequence[str]) -> bool:
    """Tell whether a category is a node or union, or stands for people in no part of a node."""
    whole = category.removeprefix(UNKNOWN).removeprefix(" ")
    return category in names or (category.startswith(UNKNOWN) and whole in (*names, ""))


class Row:
    """Validates one row; each method reads one aspect and notes its faults."""

    def __init__(self, number: int, cells: Mapping[str, str], problems: Problems) -> None:
        self.number, self.cells, self.problems = number, cells, problems
        self.faults = len(problems.messages)

    def add(self, column: str, what: str) -> None:
        """Note a fault of a column."""
        self.problems.add(f"row {self.number}, column {column}", what)

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
        if not re.fullmatch(r"[0-9]{1,18}(\.0+)?", text):
            self.add(column, f'"{text}" is no integer; allowed: 0 to {MAX_COUNT:,}, digits only')
            return None
        number = int(text.split(".")[0])
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
            self.add(column, f'"{text}" is no date; allowed: 2025-03-09 or 2025-03-09T14:30')
            return None

    def figures(self, qualifier: str) -> dict[str, int | None]:
        """Return value, low and high as the qualifier needs them."""
        given = {column: self.count(column) for column in _COUNTS}
        filled = {c for c in (*_COUNTS, "words") if self.cells.get(c, "")}
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
        low, high = given["low"], given["high"]
        if low is not None and high is not None and low > high:
            self.add("low", f"{low} is above high, {high}; swap them")
        if qualifier == "fewer_than" and given["value"] == 0:
            self.add("value", "fewer than 0 people cannot be; allowed: 1 or more")
        return given

    def estimate(self, given: Mapping[str, int | None], filled: set[str]) -> None:
        """Check an estimate: a value, an interval around it with its level, or both."""
        value, low, high = (given[column] for column in _COUNTS)
        if len(filled & {"low", "high"}) == 1:
            missing = "high" if "low" in filled else "low"
            self.add(missing, "is empty; the interval of an estimate has low and high")
        if low == 0:
            self.add("low", "0 has no logarithm; allowed for an estimate: 1 or more")
        if low is not None and low == high:
            self.add("low", f"{low} is high too; an interval has a width, else leave both empty")
        whole = value is not None and low is not None and high is not None and low < high
        if whole and not low <= value <= high:  # type: ignore[operator]
            self.add("value", f"{value} lies outside its interval, {low} to {high}")
        level = self.cells.get("level", "")
        if level and not (re.fullmatch(r"0?\.\d+", level) and float(level) > 0):
            self.add("level", f'"{level}" is no level; allowed: between 0 and 1, as 0.95')

    def report(
        self, root: str, names: Mapping[str, Sequence[str]], start: date | None
    ) -> Report | None:
        """Return the report, or nothing where the row is at fault."""
        source = self.cells.get("source", "")
        if not source:
            self.add("source", "is empty; say who states the count")
        for column in ("source", "category", "cites"):
            where = f"row {self.number}, column {column}"
            self.problems.unprintable(where, self.cells.get(column, ""))
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
        if len(self.problems.messages) > self.faults or published is None or as_of is None:
            return None
        kept = {f.name for f in fields(Report)} - {"extra"}
        text = {c: self.cells.get(c, "") for c in COLUMNS if c in kept}
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
                    self.add(column, f"{moment} is before the case's start, {start}")
        return published, as_of
