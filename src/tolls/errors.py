"""What can go wrong and how it is told.

Every message says what is wrong, where (file, row, column or key path), the value that was
found, what is allowed and what to do. Problems are collected, so that one run shows all of them.
"""

import difflib
import unicodedata
from collections.abc import Iterable
from typing import Any

__all__ = ["EstimateRefused", "InputError", "Problems", "TollsError", "TollsWarning", "nearest"]


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


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest in spelling, or None where none is close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


class Problems:
    """Collects the faults of one input; `raise_if_any` ends the collecting.

    Parameters
    ----------
    file : str
        What the input is called in messages.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.messages: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note a fault at a place within the input."""
        place = f"{self.file}, {where}" if where else self.file
        self.messages.append(f"{place}: {what}")

    def unknown(self, where: str, what: str, value: str, allowed: Iterable[str]) -> None:
        """Note a word that is none of the allowed ones, with the nearest of them."""
        options = list(allowed)
        near = nearest(value, options)
        hint = f'; did you mean "{near}"?' if near else ""
        self.add(where, f'"{value}" is no known {what}; allowed: {", ".join(options)}{hint}')

    def unprintable(self, where: str, text: str) -> None:
        """Note control characters, which a name must not carry into terminals and files."""
        if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text):
            self.add(where, f"{text!r} holds a control character; allowed: printable text")

    def raise_if_any(self) -> None:
        """Raise `InputError` with everything collected, if there is anything."""
        if self.messages:
            raise InputError(self.messages)
