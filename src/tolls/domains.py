"""Domains of single values in TOML files: numbers, names, texts, days.

They validate, and they are what the exported schema says, so that both are one truth. Which key has
which domain stands in `declaration` and `presets`.
"""

import math
import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from tolls.columns import EVIDENCE
from tolls.constants import FIRST_YEAR, LAST_YEAR, MAX_NAME, MAX_TEXT
from tolls.names import (
    DAY,
    NAME_PATTERN,
    TEXT_PATTERN,
    composed,
    in_calendar,
    name_fault,
    text_fault,
)

__all__ = [
    "NUMBER", "Day", "Evidenced", "Flag", "Letter", "LetterDigit", "Line", "Name", "Positive",
    "Probability", "Spread", "Text", "Wording",
]  # fmt: skip


def _number(given: object) -> object:
    """Refuse what only looks like a number: text, and true for one."""
    if isinstance(given, bool | str | bytes | date):
        raise ValueError("must be a number, without quotes")
    if isinstance(given, int) and abs(given) > 10**15:
        raise ValueError("must be a number below 10^15")
    if isinstance(given, float) and not math.isfinite(given):
        raise ValueError("must be a finite number")
    return given


def _flag(given: object) -> object:
    if not isinstance(given, bool):
        raise ValueError("must be true or false, without quotes")
    return given


def _day(given: object) -> object:
    if isinstance(given, date) and not isinstance(given, datetime):
        return in_calendar(given)
    if isinstance(given, str) and re.fullmatch(DAY, given):
        try:
            return in_calendar(date.fromisoformat(given))
        except ValueError:
            pass
    raise ValueError(
        f"is no date; allowed: a day as 2025-03-09, of the years {FIRST_YEAR} to {LAST_YEAR}"
    )


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; allowed: a name")
    if text != text.strip():
        raise ValueError("begins or ends in a blank; take it away")
    if fault := name_fault(text):
        raise ValueError(fault)
    return composed(text)


def _line(text: str) -> str:
    return _name(text) if text else text


def _text(text: str) -> str:
    if fault := text_fault(text):
        raise ValueError(fault)
    return text


def _wording(text: str) -> str:
    if text != (plain := " ".join(text.lower().split())):
        raise ValueError(f'"{text}" is matched by no count in words; write "{plain}"')
    return text


def _evidenced(text: str) -> str:
    if text not in EVIDENCE:
        raise ValueError(f'"{text}" is no kind of evidence; allowed: {", ".join(EVIDENCE)}')
    return text


_NAMED: dict[str, Any] = {"type": "string", "maxLength": MAX_NAME, "pattern": NAME_PATTERN}

NUMBER = BeforeValidator(_number)
"""Of a float, after the Field with its bounds: elsewhere a schema loses them."""
type Positive = Annotated[float, Field(ge=1e-9, le=1e9), NUMBER]
# of a log: far from any judgement at both ends, and nothing computed from it overflows
type Spread = Annotated[float, Field(ge=1e-3, le=10), NUMBER]
type Probability = Annotated[float, Field(gt=0, lt=1), NUMBER]
type Flag = Annotated[bool, BeforeValidator(_flag)]
type Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{DAY}$"}),
]
type Name = Annotated[str, AfterValidator(_name), WithJsonSchema({**_NAMED, "minLength": 1})]
type Line = Annotated[
    str, AfterValidator(_line), WithJsonSchema({**_NAMED, "pattern": f"^$|{NAME_PATTERN}"})
]
type Text = Annotated[
    str,
    AfterValidator(_text),
    WithJsonSchema({"type": "string", "maxLength": MAX_TEXT, "pattern": TEXT_PATTERN}),
]
# keys and words of a scale: another would be matched by nothing that a case or a report can say
type Letter = Annotated[str, Field(pattern="^[A-F]$")]
type LetterDigit = Annotated[str, Field(pattern="^[A-F][1-6]$")]
type Evidenced = Annotated[str, AfterValidator(_evidenced)]
type Wording = Annotated[Name, AfterValidator(_wording)]
