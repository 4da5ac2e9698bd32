"""What can go wrong and how it is told.

Every message says what is wrong, where (file, row, column or key path), the value that was
found, what is allowed and what to do. Problems are collected, so that one run shows all of them.
"""

import difflib
import math
import warnings
from collections import Counter
from collections.abc import Iterable
from numbers import Real
from os import PathLike
from typing import Any

from tolls.constants import MAX_TOLD

__all__ = [
    "LONG_NUMBER", "ON_FAILURE", "EstimateRefused", "InputError", "Problems", "TollsError",
    "TollsWarning", "as_given", "check_choice", "check_path", "check_result", "check_type",
    "is_long", "is_number", "nearest", "refuse", "shown",
]  # fmt: skip

ON_FAILURE = ("raise", "warn")  # what becomes of an estimate whose diagnostics fail
LONG_NUMBER = "holds a number of thousands of digits; write a shorter one"
_MOST_BITS = 4000  # Python writes no integer of more than 4,300 digits: to print one is an error
_KEYS = ("key ", "unions.", "partition ")  # places in a declaration, counted together
JOINERS = "\u200c\u200d"  # letters of Arabic and Indic scripts are written with them


class TollsError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(TollsError):
    """The input is wrong; ``problems`` holds one message per fault.

    Parameters
    ----------
    problems : iterable of str
        One complete message per fault, in the order in which the input states them.
    """

    def __init__(self, problems: Iterable[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class EstimateRefused(TollsError):
    """The estimate failed its diagnostics; ``estimate`` carries what is known all the same.

    Parameters
    ----------
    reason : str
        Which diagnostic failed and what to try.
    estimate : Estimate
        What was refused.
    """

    # Any: the type of an estimate is declared above this file
    def __init__(self, reason: str, estimate: Any) -> None:
        super().__init__(reason)
        self.estimate = estimate

    def __reduce__(self) -> tuple[type, tuple[str, Any]]:  # it comes back from worker processes
        return type(self), (str(self), self.estimate)


class TollsWarning(UserWarning):
    """Something the program assumed or decided that the reader of a result must know."""


def check_type(name: str, value: object, kind: Any, allowed: str) -> None:
    """Refuse an argument that is of another type, or of another union of types."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: is a {type(value).__name__}; allowed: {allowed}")


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse an argument that is none of the allowed words."""
    if value not in (words := tuple(allowed)):
        raise InputError(f'{name}: "{value}" is unknown; allowed: {", ".join(words)}')


def refuse(reason: str, estimate: Any, on_failure: str) -> None:
    """Refuse an estimate, or warn about it; called by what a public function calls last."""
    if on_failure == "raise":
        raise EstimateRefused(reason, estimate)
    warnings.warn(reason, TollsWarning, stacklevel=4)


def check_result(name: str, value: object, kind: type) -> None:
    """Refuse to draw or write what is another result, or none."""
    check_type(name, value, kind, f"a tolls.{kind.__name__}")


def check_path(name: str, value: object) -> None:
    """Refuse an argument that can be the name of no file or folder."""
    check_type(name, value, str | PathLike, "a name, as text or Path")
    if isinstance(value, str) and not value.strip():
        raise InputError(f'{name}: "{value[:20]}" is no name of a file or folder; name one')


def nearest(word: str, known: Iterable[str], closeness: float = 0.6) -> str | None:
    """Return the known word closest in spelling, or None where none is close."""
    by_lower = {option.casefold(): option for option in known}
    # what is much longer than any word is no misspelling of one, and takes long to compare
    if len(word) > 2 * max(map(len, by_lower), default=0):
        return None
    found = difflib.get_close_matches(word.casefold(), by_lower, n=1, cutoff=closeness)
    return by_lower[found[0]] if found else None


def shown(text: str) -> str:
    """Return text as it can be printed: what would steer a terminal or not show is escaped."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode() for c in text
    )


def is_long(value: object) -> bool:
    """Tell whether a value is an integer that cannot be printed."""
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def is_number(value: object) -> bool:
    """Tell whether an argument is one finite number, and none that only counts as one."""
    if isinstance(value, bool) or not isinstance(value, Real) or is_long(value):
        return False
    return math.isfinite(value)


def as_given(value: object) -> str:
    """Return an argument as a message can show it: in one short line, whatever it is."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits, maybe inside of something
        text = "a number of thousands of digits"
    return shown(_cut(text, 60, 20))


class Problems:
    """Collects the faults of one input; `raise_if_any` ends the collecting.

    Parameters
    ----------
    file : str
        What the input is called in messages.

    Attributes
    ----------
    messages : list of str
        The first `MAX_TOLD` faults of every column, and as many of the keys.
    count : int
        Of all faults that were added.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.messages: list[str] = []
        self.count = 0
        self._places: Counter[str] = Counter()

    def add(self, where: str, what: str) -> None:
        """Note a fault at a place within the input."""
        self.count += 1
        kind = _kind(where)
        self._places[kind] += 1
        if self._places[kind] > MAX_TOLD:
            return
        where = _cut(where, 150, 50)
        # the value at fault stands first, what is allowed last
        what = _cut(what, 300, 700)
        place = f"{self.file}, {where}" if where else self.file
        self.messages.append(shown(f"{place}: {what}"))

    def unknown(self, where: str, what: str, value: str, allowed: Iterable[str]) -> None:
        """Note a word that is none of the allowed ones, with the nearest of them."""
        if self.full(where):  # the nearest of many words takes long to find
            self.add(where, what)
            return
        options = list(allowed)
        near = nearest(value, options)
        hint = f'; did you mean "{near}"?' if near else ""
        self.add(where, f'"{value}" is no known {what}; allowed: {", ".join(options)}{hint}')

    def full(self, where: str) -> bool:
        """Tell whether faults at such a place are only counted by now."""
        return self._places[_kind(where)] >= MAX_TOLD

    def told(self) -> tuple[str, ...]:
        """Return all messages, and how many faults are not among them."""
        more = [
            f"{self.file}{kind and f', {kind}'}: … and {number - MAX_TOLD:,} more; mend the first "
            "ones"
            for kind, number in self._places.items()
            if number > MAX_TOLD
        ]
        return (*self.messages, *more)

    def raise_if_any(self) -> None:
        """Raise `InputError` with everything collected, if there is anything."""
        if self.messages:
            raise InputError(self.told())


def _kind(where: str) -> str:
    """Return the place without its row, or that it is a key."""
    if where.startswith("row "):
        return where.partition(", ")[2]
    return "keys" if where.startswith(_KEYS) else where


def _cut(text: str, first: int, last: int) -> str:
    return text if len(text) <= first + last else f"{text[:first]} … {text[-last:]}"
