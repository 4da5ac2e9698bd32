"""Translates the rows of one event data set into reports, as its format's description says.

Every report is checked like a row of ``reports.csv``, with faults told in the file's own names, and
what was decided about a row is noted, to be told with its number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from tolls.columns import COUNT
from tolls.constants import MEASURES, ROOT_WORDS
from tolls.errors import Problems
from tolls.formats import Format, plain
from tolls.growth import Moment
from tolls.rows import read_rows

__all__ = ["Named", "Translation", "checked"]

ROOT = MEASURES[0]
EXAMPLE = date(2025, 3, 9)  # a day to show the ways to write one
ROWS_SHOWN = 5


class Named(Problems):
    """Collects with the rest, and calls the columns of ``reports.csv`` as the file does."""

    def __init__(self, problems: Problems, names: Mapping[str, str]) -> None:
        super().__init__(problems.file)
        self.rest, self.names = problems, names

    def add(self, where: str, what: str) -> None:
        """Note a fault at a place within the input."""
        self.count += 1
        self.rest.add(self._renamed(where), what)

    def full(self, where: str) -> bool:
        """Tell whether faults at such a place are only counted by now."""
        return self.rest.full(self._renamed(where))

    def _renamed(self, where: str) -> str:
        row, mark, column = where.partition(", column ")
        return row + mark + self.names.get(column, column)


def checked(number: int, cells: Mapping[str, str], problems: Problems) -> list[dict[str, str]]:
    """Check one row as that of a ``reports.csv`` and return it, or nothing where it is faulty."""
    made = read_rows([(number, cells)], problems, root=ROOT, names={}, start=None)
    everybody = {"category": ""} if cells.get("category", "").lower() in ROOT_WORDS else {}
    return [report.as_row() | everybody for report in made]


class Translation:
    """Translates the rows of one file as its format's description says.

    Parameters
    ----------
    known : Format
        The description.
    found : mapping of str to str
        Where each column of the description stands in the file.
    problems : Problems
        Collects what is wrong.
    """

    def __init__(self, known: Format, found: Mapping[str, str], problems: Problems) -> None:
        self.known, self.found, self.problems = known, found, problems
        self.columns = known.all_columns
        self.events: dict[str, int] = {}
        self.told: dict[str, list[int]] = {}

    def reports(self, number: int, cells: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the reports of one row: the count, and its parts where the format has them."""
        text = {name: cells[column].strip() for name, column in self.found.items()}
        self.once(number, text["event"])
        note = {name: self.code(number, name, text) for name in self.known.codes if name in text}
        note |= {label: text.get(label, "") for label in self.known.note}
        shared = {"source": self.known.source, "event": text["event"], "url": text.get("url", "")}
        shared |= self.dates(number, text, note)
        whole = self.figure(number, text) | {
            "category": self.known.category,
            "note": "; ".join(f"{k.replace('_', ' ')}: {v}" for k, v in note.items() if v),
        }
        rows = checked(number, shared | whole, Named(self.problems, self.found))
        for part in self.known.parts:
            named = Named(self.problems, {**self.found, "value": self.found[part]})
            rows += checked(number, shared | {"category": part, "value": text[part]}, named)
        self.compare(number, text)
        return rows

    def add(self, number: int, name: str, what: str) -> None:
        """Note a fault, at the column as the file calls it."""
        self.problems.add(f"row {number}, column {self.found[name]}", what)

    def tell(self, number: int, what: str) -> None:
        """Note a decision about a row."""
        self.told.setdefault(what, []).append(number)

    def once(self, number: int, event: str) -> None:
        """Refuse an event that stands twice, as in exports with a row per actor."""
        if not event:
            self.add(number, "event", "is empty; say which event the row is about")
        elif event in self.events:
            self.add(
                number,
                "event",
                f'"{event}" stands in row {self.events[event]} too, and would count twice; keep '
                "one of them",
            )
        self.events.setdefault(event, number)

    def code(self, number: int, name: str, text: Mapping[str, str]) -> str:
        """Return the words of a code; one that the description does not know is a fault."""
        codes = self.known.codes[name]
        words = codes.words.get(plain(text[name]))
        if words is None:
            allowed = [w if plain(w) == c else f"{c} ({w})" for c, w in codes.words.items()]
            place = f"row {number}, column {self.found[name]}"
            self.problems.unknown(place, "code", text[name], allowed)
            return ""
        if words in codes.tell:
            self.tell(number, f"{self.found[name]} {words}: {codes.tell[words]}")
        return words

    def dates(self, number: int, text: Mapping[str, str], note: dict[str, str]) -> dict[str, str]:
        """Return both dates; where the harm began goes to the note."""
        start, as_of, published = (
            self.day(number, name, text) for name in ("start", "as_of", "published")
        )
        if not as_of:  # told already; the rest of the row is checked all the same
            return {"as_of": f"{EXAMPLE}", "published": f"{EXAMPLE}"}
        if start > as_of:
            told = f"{as_of} is before {self.found['start']}, {start}; mend one of them"
            self.add(number, "as_of", told)
        elif start and start < as_of:
            note["from"] = start
        column = self.columns.get("published")
        if not published or (column and column.stand_in and published < as_of):
            published = as_of
            if column:
                why = f"{column.names[0]} is missing" + " or earlier" * column.stand_in
                self.tell(number, f"published: {self.found['as_of']} stands for it, as {why}")
        return {"as_of": as_of, "published": published}

    def day(self, number: int, name: str, text: Mapping[str, str]) -> str:
        """Return the latest day of a cell in ISO form; empty where there is none."""
        column, cell = self.columns.get(name), text.get(name, "")
        if column is None or not (cell or column.needed):
            return ""
        days = []
        for piece in cell.split(column.joined) if column.joined else [cell]:
            day = _day(piece.strip(), column.dates)
            if day is None and (piece.strip() or not column.joined):
                allowed = " or ".join(_shown(way) for way in column.dates)
                self.add(number, name, f'"{piece.strip()}" is no date; allowed: {allowed}')
            days.append(day or "")
        return max(days)

    def figure(self, number: int, text: Mapping[str, str]) -> dict[str, str]:
        """Return the count as exact, as a range, or as an estimate where it has a best figure."""
        names = [name for name in ("low", "value", "high") if name in text]
        # an empty one is told; another count stands for it, so that only the others' faults follow
        spare = next((text[name] for name in names if _count(text[name]) is not None), "0")
        for name in names:
            if not text[name]:
                self.add(number, name, "is empty; state the count")
        cells = {name: text[name] or spare for name in names}
        counts = {name: _count(cell) for name, cell in cells.items()}
        if set(counts.values()) == {0}:
            self.tell(number, f"{self.found[names[-1]]} {self.known.zero}")
        if len(names) == 1 or (None not in counts.values() and len(set(counts.values())) == 1):
            if len(names) > 1:
                self.tell(number, f"{self.named(names, ' = ')}: taken as exact")
            return {"value": cells[names[-1]], "qualifier": "exact"}
        if "value" not in names:
            return cells | {"qualifier": "range"}
        low, value, high = counts.values()
        if low is not None and value is not None and high is not None:
            level = f"qualifier estimate, level {self.known.level:g}"
            self.tell(number, f"{self.named(names)}: {level}; {self.known.level_reason}")
        return cells | {"qualifier": "estimate", "level": f"{self.known.level:g}"}

    def compare(self, number: int, text: Mapping[str, str]) -> None:
        """Tell of parts that do not add up to the whole."""
        parts = [_count(text[part]) for part in self.known.parts]
        numbers = [n for n in parts if n is not None]
        whole = _count(text.get("value", ""))
        if parts and len(numbers) == len(parts) and sum(numbers) != whole:
            names = self.named(list(self.known.parts), " + ")
            self.tell(number, f"{names} is not {self.found['value']}: all kept as they are")

    def named(self, names: Iterable[str], between: str = ", ") -> str:
        """List columns as the file calls them."""
        return between.join(self.found[name] for name in names)

    def remarks(self) -> list[str]:
        """Tell what holds for every file of the format, and for the rows of this one."""
        return [*self.known.remarks, *(f"{what} ({_rows(n)})" for what, n in self.told.items())]


def _count(text: str) -> int | None:
    return int(text.partition(".")[0]) if re.fullmatch(COUNT, text) else None


def _day(text: str, ways: Sequence[str]) -> str | None:
    if not text.isascii():  # Python reads digits of every script
        return None
    for way in ways:
        try:
            if way == "iso":
                return f"{Moment.parse(text).day}"
            if way != "unix":
                return f"{datetime.strptime(text, way).date()}"
            if re.fullmatch(r"[0-9]{1,11}", text):
                return f"{datetime.fromtimestamp(int(text), UTC).date()}"
        except ValueError:
            continue
    return None


def _shown(way: str) -> str:
    if way == "unix":
        return "seconds since 1970"
    return f"{EXAMPLE}" if way == "iso" else EXAMPLE.strftime(way)


def _rows(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:ROWS_SHOWN])
    more = f" and {len(numbers) - ROWS_SHOWN} more" if len(numbers) > ROWS_SHOWN else ""
    return f"row{'s' * (len(numbers) > 1)} {shown}{more}"
