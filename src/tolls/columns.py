"""The columns of ``reports.csv``: which there are, what each may hold, and how a fault is mended.

The reader of rows and the schema for editors both take their domains from here.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from tolls.constants import FIRST_YEAR, LAST_YEAR, LEVELS, MAX_COUNT, MEASURES
from tolls.names import DAY

__all__ = [
    "COLUMNS", "COUNT", "COUNTS", "DATE_ALLOWED", "EVIDENCE", "LEVEL", "NAMES", "QUALIFIERS",
    "Evidence", "count_mend", "date_mend",
]  # fmt: skip

QUALIFIERS = (
    "exact", "about", "at_least", "more_than", "up_to", "fewer_than", "range", "estimate", "words",
)  # fmt: skip
type Evidence = Literal[
    "count", "list", "public_list", "certified", "estimate", "projection", "rumour"
]
EVIDENCE: tuple[str, ...] = get_args(Evidence.__value__)
COUNT = r"[0-9]{1,18}(\.0{1,2})?"  # 120.0 is what tables of floats hold; 1.000 may be a thousand
LEVEL = r"0?\.[0-9]{1,17}"
COUNTS = ("value", "low", "high")
NAMES = ("source", "category", "cites", "scope", "definition", "event")
DATE_ALLOWED = f"allowed: 2025-03-09 or 2025-03-09T14:30, of the years {FIRST_YEAR} to {LAST_YEAR}"

_DAY = "ISO date or date-time"
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "source": "who states the count",
        "measure": f"what is counted: {', '.join(MEASURES)}; empty is killed",
        "category": "a node or a union; empty, all or total is the root",
        "value": f"the count, an integer from 0 to {MAX_COUNT:,}",
        "low": "lower end of a range, or of an estimate's interval",
        "high": "upper end of a range, or of an estimate's interval",
        "qualifier": "how the count is worded; empty is exact",
        "words": "the count in words, as dozens, where qualifier is words",
        "level": f"of an estimate's interval, {LEVELS[0]} to {LEVELS[1]}; empty is 0.95",
        "published": f"{_DAY} on which the source said it",
        "as_of": f"{_DAY} to which the count refers; empty is published",
        "cites": "the source whose count it repeats",
        "evidence": "what the count rests on; empty: what the source's declaration says",
        "scope": "the text of a declared scope; empty is the event",
        "definition": "what is counted, where a bridge is declared for it",
        "event": "which event, in tables of many",
        "url": "where it was said",
        "note": "anything else",
    }
)

_EMPTY = "leave the cell empty where no count is stated"
_MENDS = (
    (r"#[A-Z0-9/!?]*#*", "this is an error of the spreadsheet; type the count"),
    (r"=.*", "this is a formula; paste its value"),
    (r"['\u2018\u2019].*", "delete the apostrophe before the count"),
    (r"[+-]?[0-9.,]+[eE][+-]?[0-9]+", "write it without an exponent"),
    (r"(?i)-+|–|—|n/?a|nan|null|none|nil|unknown|\?+|tbc|tbd", _EMPTY),
    (r"(?:~|≈|c\.|ca\.|circa) *[0-9].*", "write the digits, with qualifier about"),
    (r"(?:≥|>=) *[0-9].*|[0-9]+ *\+", "write the digits, with qualifier at_least"),
    (r"> *[0-9].*", "write the digits, with qualifier more_than"),
    (r"(?:≤|<=) *[0-9].*", "write the digits, with qualifier up_to"),
    (r"< *[0-9].*", "write the digits, with qualifier fewer_than"),
    (r"[0-9]+ *(?:-|–|to) *[0-9]+", "write low and high, with qualifier range"),
    (r"[-−–][0-9].*", "a count of people cannot be below 0"),
    (r"[^\W\d_][^\d]*", "a count in words goes into column words, with qualifier words"),
)  # fmt: skip
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,' \u2019_\u00a0\u2009\u202f])[0-9]{3})(?:\1[0-9]{3})*")


def count_mend(text: str, *, worded: bool = True) -> str:
    """Say what is allowed for a count, and what was probably meant.

    `worded` says whether its table has columns for the wording of a count.

    Examples
    --------
    >>> count_mend("1.234")
    'allowed: 0 to 1,000,000,000, digits only; if thousands are meant, write 1234'
    """
    allowed = f"allowed: 0 to {MAX_COUNT:,}, digits only"
    if _GROUPED.fullmatch(text):
        return f"{allowed}; if thousands are meant, write {re.sub('[^0-9]', '', text)}"
    for pattern, mend in _MENDS:
        if re.fullmatch(pattern, text):
            plain = worded or "qualifier" not in mend
            return f"{allowed}; {mend if plain else 'write low and high where it is a range'}"
    if text.isdigit() and not text.isascii():
        return f"{allowed}, the digits 0 to 9"
    return allowed


def date_mend(text: str) -> str:
    """Say what is allowed for a date, and what was probably meant.

    Examples
    --------
    >>> date_mend("09/03/2025").partition("; ")[2]
    'write the year first, for day and month can be mistaken'
    """
    if re.fullmatch(r"[0-9]{1,4}[/. -][0-9]{1,2}[/. -][0-9]{1,4}", text):
        if not re.fullmatch(DAY, text):
            return f"{DATE_ALLOWED}; write the year first, for day and month can be mistaken"
    elif re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        return f"{DATE_ALLOWED}; this is a spreadsheet's number of a day: format it as a date"
    return DATE_ALLOWED
