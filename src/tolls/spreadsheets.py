"""Cells of CSV files that a spreadsheet takes for text, never for a formula.

Whatever this package writes as CSV passes here, and `tables.read_csv` takes the same escape back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["escaped", "table_csv", "unescaped"]

# what begins a formula (CWE-1236; OWASP on CSV injection, with letters of full width), behind
# apostrophes if any
_FORMULA = re.compile("('*)[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def escaped(text: str) -> str:
    """Write an apostrophe before what a spreadsheet would run.

    Text that looks escaped already is given one more, so that `unescaped` returns every text as it
    was.

    Examples
    --------
    >>> escaped("=1+1"), escaped("-5"), escaped("Monitor"), escaped("'=1+1")
    ("'=1+1", '-5', 'Monitor', "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unescaped(text: str) -> str:
    """Take back the apostrophe that `escaped` wrote.

    Examples
    --------
    >>> unescaped("'=1+1"), unescaped("'t Veer"), unescaped("''=1+1")
    ('=1+1', "'t Veer", "'=1+1")
    """
    found = _FORMULA.match(text)
    return text[1:] if found and found[1] else text


def table_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8; an index that has a name is its first column."""
    if table.index.name is not None:
        table = table.reset_index()

    def cell(value: Any) -> Any:
        return escaped(value) if isinstance(value, str) else value

    shown: pd.DataFrame = table.apply(
        lambda column: column.map(cell) if column.dtype.kind == "O" else column
    )
    text: str = shown.to_csv(index=False, lineterminator="\n")
    return text.encode()
