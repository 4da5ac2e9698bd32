"""Reads what people have, event data sets or any CSV, into the rows of a ``reports.csv``.

Nothing is estimated and nothing skipped: rows of a known format are translated as its description
says (`formats`, `translation`), those of any other CSV are checked as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tolls.columns import COLUMNS
from tolls.constants import MAX_IMPORT_ROWS
from tolls.errors import Problems, check_path, check_type
from tolls.formats import SHIPPED_FORMATS, Column, load_format, plain
from tolls.reports import as_csv
from tolls.tables import check_columns, csv_rows
from tolls.translation import ROOT, Named, Translation, checked

__all__ = ["FORMATS", "Imported", "import_reports"]

FORMATS = (*SHIPPED_FORMATS, "csv")
NEEDED = ("source", "published")


@dataclass(frozen=True)
class Imported:
    """Reports read from another format.

    Attributes
    ----------
    rows : tuple of dict
        One per report, text by column of ``reports.csv``; columns of one's own come last.
    remarks : tuple of str
        What was read, and what was decided on the way.
    """

    rows: tuple[dict[str, str], ...]
    remarks: tuple[str, ...]

    def to_csv(self) -> str:
        """Return the rows as the text of a ``reports.csv``, without the columns that are empty."""
        return as_csv(self.rows)


def import_reports(
    path: str | Path, format: str, *, columns: Mapping[str, str] | None = None
) -> Imported:
    r"""Read a file of another format into the rows of a ``reports.csv``.

    Parameters
    ----------
    path : str or Path
        A CSV file, UTF-8.
    format : str
        ``ucdp-ged``, ``acled``, ``airwars``, ``iraq-body-count``, or ``csv`` for any table with a
        row per report.
    columns : mapping of str to str, optional
        Where the file calls a column otherwise: for ``csv`` a column of ``reports.csv`` to its name
        in the file; for the others a name from the format's description to that in the file.

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        With every fault of the file at once: an unknown code, a missing column, an event that
        stands twice, whatever a ``reports.csv`` may not hold.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.csv"
    ...     _ = path.write_text("Outlet,Deaths,Date\nA,5,2025-03-09\n")
    ...     names = {"source": "Outlet", "value": "Deaths", "published": "Date"}
    ...     print(import_reports(path, "csv", columns=names).to_csv())
    source,measure,value,qualifier,published,as_of
    A,killed,5,exact,2025-03-09,2025-03-09
    <BLANKLINE>
    """
    check_type("format", format, str, f"text: {', '.join(FORMATS)}")
    check_type("columns", columns or {}, Mapping, "a mapping of our columns to the file's")
    if format not in FORMATS:
        asked = Problems("import")
        asked.unknown("FORMAT", "format", format, FORMATS)
        asked.raise_if_any()
    check_path("path", path)
    problems = Problems(str(path))
    known = None if format == "csv" else load_format(format)
    first = known.columns["event"].names[0] if known and known.preamble else ""
    # row by row: a data set of events is larger than all that is kept of it
    table = csv_rows(Path(path), problems, MAX_IMPORT_ROWS, first=first, holds="a table of events")
    top = next(table, None)
    if top is None and not problems.messages:
        problems.add("", "has no row below its header; import a file with at least one")
    problems.raise_if_any()
    assert top is not None
    wanted = known.all_columns if known else _own_columns()
    found = _found(wanted, list(top[1]), columns or {}, problems)
    if not known and found:
        check_columns(list(top[1]), tuple(COLUMNS), (), found, problems)
    problems.raise_if_any()
    read = 0
    rows: list[dict[str, str]] = []
    reading = Translation(known, found, problems) if known else None
    for line, cells in chain([top], table):
        read += 1
        if reading:
            rows += reading.reports(line, cells)
        else:
            rows += _as_is(line, cells, found, problems)
    problems.raise_if_any()
    remarks = reading.remarks() if reading else []
    remarks += _left_out(top[1], found.values(), rows)
    told = f"{Path(path).name}: {_many(read, 'row')} read as {format}"
    return Imported(
        tuple(rows), (f"{told}, {_many(len(rows), 'report')} made of them", *remarks, *_next(rows))
    )


def _own_columns() -> dict[str, Column]:
    return {name: Column(names=(name,), needed=name in NEEDED) for name in COLUMNS}


def _found(
    wanted: Mapping[str, Column],
    present: Sequence[str],
    columns: Mapping[str, str],
    problems: Problems,
) -> dict[str, str]:
    """Return where each wanted column stands; nothing where one that is needed is missing."""
    faults = problems.count
    for ours, theirs in columns.items():
        if ours not in wanted:
            problems.unknown("map", "column", str(ours), wanted)
        if theirs not in present:
            problems.unknown("map", "column of the file", str(theirs), present)
    plainly = {plain(name): name for name in reversed(present)}  # the first of two counts
    found: dict[str, str] = {}
    for ours, column in wanted.items():
        names = [plainly[plain(n)] for n in column.names if plain(n) in plainly]
        if ours in columns or names:
            found[ours] = columns.get(ours) or names[0]
        elif column.needed:
            problems.add(
                "header",
                f'column "{column.names[0]}" is missing; found: {", ".join(present)}; if one of '
                f"them is meant: --map {ours}=NAME",
            )
    return {} if problems.count > faults else found


def _as_is(
    number: int, cells: Mapping[str, str], found: Mapping[str, str], problems: Problems
) -> list[dict[str, str]]:
    """Read a row of any table: our columns by their map, all others kept."""
    own = {name: cells[column].strip() for name, column in found.items()}
    kept = {n: text.strip() for n, text in cells.items() if n not in (*found.values(), *COLUMNS)}
    return checked(number, own | kept, Named(problems, found))


def _left_out(
    present: Iterable[str], used: Iterable[str], rows: Sequence[Mapping[str, str]]
) -> list[str]:
    """Tell which columns are read as nothing and not kept either."""
    kept = {*used, *(set(rows[0]) - set(COLUMNS) if rows else ())}
    left = [name for name in present if name not in kept]
    return [f"columns left out: {', '.join(left)}"] if left else []


def _next(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Tell what the rows still need to become a case."""
    events = {row["event"] for row in rows}
    parts = list(dict.fromkeys(row["category"] for row in rows if row["category"]))
    told = []
    if len(events) > 1:
        told.append(
            f"{len(events)} events: a case is one event; keep the rows of one (column event)"
        )
    if parts:
        names = ", ".join(parts)
        told.append(f'of categories, declare in a case.toml as parts of "{ROOT}": {names}')
    return told


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
