"""What a source said in the terms of the likelihood: statements, splits, and what they lean on.

Plain records; `bulletins` makes them of reports, with the fate of every row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tolls.growth import Aspect, Moment
from tolls.readings import Reading

__all__ = ["Composition", "Fates", "Link", "Statement"]


@dataclass(frozen=True, slots=True)
class Link[Of]:
    """The previous figure that a statement leans on, with weight `r`; `rows` say which it is.

    `aspect` is what it counts of the toll.
    """

    r: float
    previous: Of
    aspect: Aspect
    published: Moment
    as_of: Moment
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One count by one source on one node or union, as it enters the likelihood.

    Attributes
    ----------
    node : str
        Node or union.
    reading : Reading
        Wording and figure; `more_than` and `fewer_than` are already turned into `at_least` and
        `up_to`.
    alone : bool
        True for a part or union that is stated alone or inexactly: its split is uncertain.
    rows : tuple of int
        Rows of the table it comes from.
    link : Link, optional
        The previous figure of this source on this node: the log of what it says.
    """

    source: str
    node: str
    reading: Reading
    published: Moment
    as_of: Moment
    alone: bool
    rows: tuple[int, ...]
    link: Link[float] | None = None

    @property
    def wording(self) -> str:
        """Wording of its reading."""
        return self.reading.wording

    @property
    def figure(self) -> tuple[Any, ...]:
        """Figure of its reading."""
        return self.reading.figure


@dataclass(frozen=True, slots=True)
class Composition:
    """How one bulletin splits a node into the parts of its partition.

    Attributes
    ----------
    counts : tuple of int
        In the order of the partition's parts.
    link : Link, optional
        The shares that this source stated before.
    """

    source: str
    of: str
    parts: tuple[str, ...]
    counts: tuple[int, ...]
    published: Moment
    as_of: Moment
    rows: tuple[int, ...]
    link: Link[tuple[float, ...]] | None = None


@dataclass
class Fates:
    """What became of each row, with the reason, and remarks worth telling."""

    by_row: dict[int, tuple[str, str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def put(self, rows: Iterable[int], fate: str, reason: str = "") -> None:
        """Record the fate of rows; the last word holds."""
        for row in rows:
            self.by_row[row] = (fate, reason)
