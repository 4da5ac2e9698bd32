"""From a file, a DataFrame or a list of mappings to numbered rows of text.

Only the form of a table is judged here: encoding, separators, quotes, columns, limits. What a row
says is judged in `rows`.
"""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tolls.constants import MAX_COLUMNS, MAX_PANEL_ROWS, MAX_ROWS, MAX_TEXT
from tolls.errors import InputError, Problems, nearest
from tolls.files import Unreadable, lines_of
from tolls.names import name_fault
from tolls.spreadsheets import unescaped

__all__ = ["check_columns", "csv_rows", "panel_rows", "read_csv", "table_rows"]

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "upright bars"}
_AT_ONCE = 10_000  # rows of a DataFrame that are turned into text together
_TABLE = "a DataFrame (pandas or polars) or a list of mappings"
_CLOSE = 0.8  # of a column's name to a known one, of 1: a misspelling rather than another word


def read_csv(path: Path, problems: Problems) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV file into numbered rows of text; faults of the file's form go to `problems`."""
    return list(csv_rows(path, problems, MAX_ROWS))


def csv_rows(
    path: Path, problems: Problems, limit: int, *, first: str = "", holds: str = "one event"
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file with their line numbers, no more than `limit`.

    Of twice as many lines none is read: cells of several lines are few.

    Lines above the header are passed over where `first` says with which column the header begins;
    `holds` says for what the limit is meant.
    """
    try:
        yield from _rows(lines_of(path, problems, 2 * limit), problems, limit, first, holds)
    except Unreadable as error:
        problems.add("", str(error))


def _rows(
    lines: Iterator[str], problems: Problems, limit: int, first: str, holds: str
) -> Iterator[tuple[int, dict[str, str]]]:
    above: list[str] = []
    for text in lines:  # without the column that is looked for the first line is the header
        if text.lstrip('"').startswith(first):
            break
        above.append(text)
    else:
        text, above, lines = above[0] if above else "", [], iter(above[1:])
    kept: list[str] = []  # lines of the row that is being read

    def noted(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            kept.append(line)
            yield line

    reader = csv.reader(noted(_first(text, lines)), strict=True)
    offset = len(above)
    number, count = offset + 1, 0
    try:
        header = [unescaped(name.strip()) for name in next(reader, [])]
        if not _check_header(header, kept[0] if kept else "", number, first, problems):
            return
        while True:
            kept.clear()
            number = offset + reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > limit:
                problems.add(
                    "", f"has more than {limit:,} rows; allowed: {limit:,}, the rows of {holds}"
                )
                return
            if len(kept) > 1:
                _check_swallowed(kept, number, len(header), problems)
            row = _row(cells, header, number, problems)
            if row is not None:
                yield number, row
    except csv.Error as error:
        long = "field larger than field limit" in str(error)
        what = f"a cell has more than {csv.field_size_limit():,} characters" if long else error
        problems.add(
            f"row {number}",
            f"is not valid CSV ({what}); look for a quote that is never closed, or stands inside a "
            f"cell undoubled (allowed in a cell: {MAX_TEXT:,} characters)",
        )


def _first(text: str, lines: Iterator[str]) -> Iterator[str]:
    if text:
        yield text
    yield from lines


def _row(
    cells: list[str], header: list[str], number: int, problems: Problems
) -> dict[str, str] | None:
    if len(cells) != len(header):
        problems.add(
            f"row {number}",
            f"has {len(cells)} fields; allowed: {len(header)}, as in the header (quote a field "
            "that holds a comma)",
        )
        return None
    row = dict(zip(header, map(unescaped, cells), strict=True))
    if "" in row:  # spreadsheets add empty columns at the end
        del row[""]
        for place, (name, cell) in enumerate(zip(header, cells, strict=True), 1):
            if not name and cell.strip():
                problems.add(
                    f"row {number}, column {place}",
                    f'has no name in the header and holds "{cell.strip()}"; name the column or '
                    "empty it",
                )
    return row


def _check_swallowed(kept: Sequence[str], number: int, width: int, problems: Problems) -> None:
    """Note a quoted cell that seems to hold rows: two unclosed quotes that close each other."""
    for inside, line in enumerate(kept[1:], number + 1):
        if width > 2 and line.count(",") >= width - 1:
            problems.add(
                f"row {number}",
                f"a quoted cell goes on in line {inside}, which looks like a row of its own; close "
                "the quote, or write the cell in one line",
            )
            return


def _check_header(
    header: Sequence[str], line: str, number: int, first: str, problems: Problems
) -> bool:
    """Note faults of the header; tell whether rows can be read by it."""
    where = f"row {number}"
    if len(header) > MAX_COLUMNS:
        problems.add(where, f"has {len(header):,} columns; allowed: {MAX_COLUMNS}")
        return False
    if re.fullmatch(r"sep=.\s*", line):
        problems.add(
            where, f'"{line.strip()}" is no header; delete this line, and separate by commas'
        )
        return False
    for separator, name in _SEPARATORS.items():
        if line.count(separator) > line.count(","):
            problems.add(
                where,
                f"the columns are separated by {name}; separate them by commas (a spreadsheet's "
                "Save As, CSV UTF-8 with comma), and write numbers without thousands separators",
            )
            return False
    if len(header) == 1 and not first:
        problems.add(
            where,
            f'the header has one column, "{header[0]}"; the first row names all columns, '
            "separated by commas",
        )
        return False
    for name, times in Counter(header).items():
        if name and times > 1:
            problems.add(where, f'column "{name}" stands twice; keep one of them')
        if fault := name_fault(name):
            problems.add(where, f"a column's name is at fault: {fault}")
    return True


def check_columns(
    present: Sequence[str],
    known: Sequence[str],
    needed: Sequence[Sequence[str]],
    taken: Mapping[str, str],
    problems: Problems,
) -> bool:
    """Note columns that are missing, and columns that seem to be misspelt.

    Parameters
    ----------
    present : sequence of str
        Columns of the table.
    known : sequence of str
        Columns that are read.
    needed : sequence of sequence of str
        Of each, one at least has to be there.
    taken : mapping of str to str
        Known columns to what the table calls them.
    problems : Problems

    Returns
    -------
    bool
        Whether all is there that is needed.
    """
    there = {ours for ours in known if taken.get(ours, ours) in present}
    meant: set[str] = set()
    for theirs in present:
        if theirs in known or theirs in taken.values() or not theirs:
            continue
        plain = re.sub(r"[\W_]+", "_", theirs.casefold()).strip("_")
        ours = plain if plain in known else nearest(plain, known, _CLOSE)
        if ours is None:
            continue
        if ours in there and plain != ours:  # a word of its own beside the one it resembles
            continue
        meant.add(ours)
        if ours in there:
            what = f'stands beside "{ours}"; keep one of them, or name the other differently'
        else:
            what = f'is no known column; did you mean "{ours}"? Rename it either way'
        problems.add("row 1", f'column "{theirs}" {what}')
    missing = [one for one in needed if not there & {*one}]
    for one in missing:
        if meant & {*one}:
            continue
        names = " or ".join(f'"{name}"' for name in one)
        hint = "; the first row is the header, with the names of the columns"
        problems.add("row 1", f"column {names} is missing; found: {', '.join(present)}{hint}")
    return not missing


def panel_rows(
    table: Any, known: Sequence[str], needed: Sequence[Sequence[str]], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a panel's file, or of its table in memory, if it has the columns needed.

    `known` and `needed` are those of `check_columns`; the first row is judged.
    """
    if isinstance(table, str | Path):
        rows = csv_rows(Path(table), problems, MAX_PANEL_ROWS, holds="one panel")
    else:
        rows = _rows_in_memory(table, problems.file, f"the name of a file, {_TABLE}")
    usable: bool | None = None
    for number, cells in rows:  # to the end, for a file tells all its faults
        if usable is None:
            usable = check_columns(list(cells), known, needed, {}, problems)
        if usable:
            yield number, {column: text.strip() for column, text in cells.items()}


def table_rows(table: Any) -> list[tuple[int, dict[str, str]]]:
    """Turn a DataFrame (pandas or polars) or a list of mappings into numbered rows of text."""
    allowed = f"{_TABLE} (a file is read by tolls.read_case)"
    return list(_rows_in_memory(table, "reports", allowed))


def _rows_in_memory(table: Any, name: str, allowed: str) -> Iterator[tuple[int, dict[str, str]]]:
    rows_given = isinstance(table, list | tuple) and all(isinstance(r, Mapping) for r in table)
    if not (rows_given or hasattr(table, "columns")) or hasattr(table, "collect"):
        raise InputError(f"{name}: is a {type(table).__name__}; allowed: {allowed}")
    names = [str(name) for name in getattr(table, "columns", ())]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{name}: column {', '.join(twice)} stands twice; keep one of them")
    for number, record in enumerate(_records(table), 2):
        yield number, {str(key): _as_text(value) for key, value in record.items()}


def _records(table: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a table; of a DataFrame a few at a time, for each takes much room."""
    if not hasattr(table, "to_dict") and not hasattr(table, "to_dicts"):
        yield from table
        return
    for start in range(0, len(table), _AT_ONCE):
        if hasattr(table, "to_dicts"):
            yield from table[start : start + _AT_ONCE].to_dicts()
        else:
            yield from table.iloc[start : start + _AT_ONCE].to_dict("records")


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and value.bit_length() > 1000:  # Python writes no thousands of digits
        return f"10^{round(value.bit_length() * math.log10(2))}"
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
