"""Reports: one stated count each, as its row says it, and as it is written again.

How a table is read stands in `tables`, how its rows are validated in `rows`.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tolls.columns import COLUMNS
from tolls.constants import MAX_COUNT
from tolls.growth import Moment
from tolls.spreadsheets import escaped

__all__ = ["Report", "as_csv"]


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
        row = {k: getattr(self, k) for k in COLUMNS}
        text = {k: "" if v is None else v if isinstance(v, str) else str(v) for k, v in row.items()}
        return text | dict(sorted(self.extra.items()))


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as the text of a ``reports.csv``, without the columns that are empty."""
    names = list(dict.fromkeys(name for row in rows for name, text in row.items() if text))
    order = list(COLUMNS)
    names.sort(key=lambda name: order.index(name) if name in order else len(order))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writerow({name: escaped(name) for name in names})
    writer.writerows({name: escaped(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()
