"""The formats that can be imported: reads ``formats/*.toml`` and validates them.

A description says which columns a format has, which codes they may hold and what a reader of the
result must be told. How a table is read by it stands in `adapters`.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["SHIPPED_FORMATS", "Column", "Format", "load_format", "plain"]

SHIPPED_FORMATS = ("ucdp-ged", "acled", "airwars", "iraq-body-count")

type Role = Literal["event", "start", "as_of", "published", "value", "low", "high", "url"]
type Names = tuple[str, ...]


def plain(name: str) -> str:
    """Return the name of a column or a code as it is compared: in lower case, words joined.

    Examples
    --------
    >>> plain("Civilians Reported Killed Min")
    'civilians_reported_killed_min'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _by_code(given: object) -> object:
    """Let a list of codes that need no other words stand for a table of them."""
    words = {code: code for code in given} if isinstance(given, list) else given
    return {plain(c): w for c, w in words.items()} if isinstance(words, Mapping) else words


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Table):
    """Where one thing stands: the names its column may have, the first found is read.

    Attributes
    ----------
    dates : tuple of str
        Ways to write a day, for columns of dates: ``iso``, ``unix`` (seconds since 1970) or a
        pattern of `strptime`.
    joined : str
        What separates several days in one cell, the latest of which is taken.
    stand_in : bool
        True where the column only stands in for what it is read as.
    """

    names: Names
    needed: bool = True
    dates: Names = ()
    joined: str = ""
    stand_in: bool = False


class Codes(Column):
    """A column of codes: the words of each, and what to tell of rows that hold one of them."""

    words: Annotated[dict[str, str], BeforeValidator(_by_code)]
    tell: dict[str, str] = {}


class Format(_Table):
    """One format; frozen.

    Attributes
    ----------
    source : str
        Who states the counts.
    category : str
        What they are of; empty is everybody killed.
    preamble : bool
        True where lines of text stand above the header.
    zero : str
        What to tell of counts of 0.
    remarks : tuple of str
        What to tell of every file.
    level : float, optional
        Level of the interval from low to high, where there is a best figure too.
    columns, parts, codes, note : dict
        Columns by their role, by the category they count, by the code and by the label in `note`.
    """

    source: str
    category: str = ""
    preamble: bool = False
    zero: str
    remarks: tuple[str, ...] = ()
    level: Annotated[float, Field(gt=0, lt=1)] | None = None
    level_reason: str = ""
    columns: dict[Role, Column]
    parts: dict[str, Names] = {}
    codes: dict[str, Codes] = {}
    note: dict[str, Names] = {}

    @property
    def all_columns(self) -> dict[str, Column]:
        """Every column by the name under which a map can point to it."""
        return {
            **{str(role): column for role, column in self.columns.items()},
            **{category: Column(names=names) for category, names in self.parts.items()},
            **self.codes,
            **{label: Column(names=n, needed=False) for label, n in self.note.items()},
        }


@cache
def load_format(name: str) -> Format:
    """Load the description of a shipped format.

    Examples
    --------
    >>> load_format("acled").columns["value"].names
    ('fatalities',)
    """
    path = resources.files("tolls") / "formats" / f"{name}.toml"
    return Format.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
