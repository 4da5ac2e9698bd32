"""The shape of a document: sections of sentences, lists, tables and figures, as plain data.

What it says is written in `chapters`, how it looks is decided in `pages`.
"""

from dataclasses import dataclass

__all__ = ["Cell", "Document", "Figure", "Items", "Part", "Section", "Table", "Text"]

MOST_COLUMNS, MOST_LETTERS = 6, 60  # side by side on a phone


@dataclass(frozen=True)
class Cell:
    """One entry of a table: what is shown, and the number behind it, unrounded."""

    text: str
    value: float | str | None = None


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Items:
    """A list; what is named comes first in each, a link last."""

    items: tuple[tuple[str, str, str], ...]
    kind: str = "items"


@dataclass(frozen=True)
class Table:
    """Rows under a head; `words` are the columns that hold text rather than numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: tuple[int, ...] = (0,)
    kind: str = "table"

    @property
    def broad(self) -> bool:
        """Whether a narrow screen has no room for its columns side by side."""
        longest = max((len(cell.text) for row in self.rows for cell in row), default=0)
        return len(self.head) > MOST_COLUMNS or longest > MOST_LETTERS


@dataclass(frozen=True)
class Figure:
    """A figure by its name, with what it shows in words."""

    name: str
    caption: str
    alternative: str
    kind: str = "figure"


type Part = Text | Items | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """A title, the question, the answer, what its level rests on, and sections."""

    title: str
    question: str
    answer: tuple[str, ...]
    level: str
    sections: tuple[Section, ...]
