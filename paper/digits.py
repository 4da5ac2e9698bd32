"""How a number reads: the rules of rounding, one function each, which the papers state.

Every figure in texts and tables passes through one of them. Nothing is computed here but digits.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tolls import formatting

NUMBERS = (
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip

type Facts = Mapping[str, Any]


def plain(value: float) -> str:
    """Write a declared number in full."""
    return f"{value:,.10g}"


def whole(value: float) -> str:
    """Write a number of people or rows as it is."""
    return f"{value:,.0f}"


def fixed(value: float, decimals: int) -> str:
    """Write a score or a ratio with so many decimals."""
    return f"{value:.{decimals}f}"


def ratio(value: float) -> str:
    """Write a bias as the package does: with two significant digits, below a tenth with one."""
    return formatting.ratio(value)


def percent(share: float) -> str:
    """Write a declared probability in percent, in full."""
    return formatting.percent(share).replace(" ", "\u00a0")


def percent0(share: float) -> str:
    """Write a computed share in whole percent."""
    return percent(round(share, 2))


def median(row: Facts) -> str:
    """Write a median of people with the digits that its interval supports."""
    return formatting.count(row["median"], row["hi"] - row["lo"])


def interval(row: Facts) -> str:
    """Write an interval of people with the digits that its width supports."""
    return formatting.interval(row["lo"], row["hi"])


def estimate(row: Facts) -> str:
    """Write a median and its interval."""
    return f"{median(row)} ({interval(row)})"


def spelled(number: int) -> str:
    """Write a small number as a word."""
    return NUMBERS[number] if number < len(NUMBERS) else whole(number)


def day(text: str) -> str:
    """Write an ISO date as it is read."""
    found = date.fromisoformat(text)
    return f"{found.day}\u00a0{found:%B} {found.year}"


def year(text: str) -> str:
    """Write the year of an ISO date."""
    return text[:4]


def listed(values: Iterable[Any]) -> str:
    """Join numbers or names as a sentence does."""
    return formatting.listed([v if isinstance(v, str) else plain(v) for v in values])


def code(text: str) -> str:
    """Write a name as code."""
    return f"`{text}`"


FILTERS = {
    "plain": plain, "whole": whole, "fixed": fixed, "percent": percent, "percent0": percent0,
    "median": median, "interval": interval, "estimate": estimate, "spelled": spelled, "date": day,
    "year": year, "listed": listed, "code": code,
}  # fmt: skip
