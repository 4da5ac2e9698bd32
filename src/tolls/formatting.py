"""How numbers read: never more digits than the interval supports, and calm sentences.

Only text lives here; what is said is computed elsewhere.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

__all__ = [
    "all_inert", "count", "inert", "interval", "listed", "percent", "period", "ratio", "text_table",
]  # fmt: skip

# control characters, ends of lines and paragraphs, halves of characters, and what turns the
# direction of writing, so that what follows would read otherwise
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def inert(text: str) -> str:
    r"""Write characters that would steer a terminal as escapes; tabs and ends of lines stay.

    Examples
    --------
    >>> print(inert("Monitor\x1b[2J"))
    Monitor\u001b[2J
    """
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def all_inert(content: Any) -> Any:
    """Apply `inert` to every text of what JSON can hold."""
    if isinstance(content, Mapping):
        return {all_inert(key): all_inert(inner) for key, inner in content.items()}
    if isinstance(content, list):
        return [all_inert(inner) for inner in content]
    return inert(content) if isinstance(content, str) else content


def count(value: float, width: float) -> str:
    """Write a count with the digits that an interval of this width supports.

    The unit is a tenth of the width's leading digit, or of the number's own where that is finer,
    so that a low end never reads as 0 beside a wide interval.

    Examples
    --------
    >>> count(1426.4, 2381), count(39.0, 2381), count(7.2, 3)
    ('1,400', '39', '7')
    """
    if not math.isfinite(value):
        return "—"
    leading = [math.floor(math.log10(abs(x))) for x in (width, value) if abs(x) >= 1]
    unit = 10 ** max(min(leading, default=0) - 1, 0)
    return f"{round(value / unit) * unit:,}"


def interval(low: float, high: float) -> str:
    """Write an interval of counts, as in ``320 to 2,800``."""
    return f"{count(low, high - low)} to {count(high, high - low)}"


def percent(probability: float) -> str:
    """Write a probability in percent without needless digits.

    Examples
    --------
    >>> percent(0.95), percent(0.999)
    ('95 %', '99.9 %')
    """
    return f"{probability * 100:.10g} %"


def ratio(value: float) -> str:
    """Write a ratio, as of what is stated to what is knowable: two digits, below 0.1 one.

    Examples
    --------
    >>> ratio(0.0617), ratio(0.9), ratio(4.02), ratio(18.3), ratio(1234.0)
    ('0.06', '0.90', '4.0', '18', '1,234')
    """
    digits = 1 if value < 0.1 else 2
    leading = math.floor(math.log10(float(f"{value:.{digits - 1}e}")))
    return f"{value:,.{max(digits - 1 - leading, 0)}f}"


def period(start: date, end: date) -> str:
    """Write a period in ISO dates, as it follows "killed".

    Examples
    --------
    >>> period(date(2025, 3, 6), date(2025, 3, 10))
    'from 2025-03-06 to 2025-03-10'
    """
    return f"on {start}" if start == end else f"from {start} to {end}"


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align a table for the terminal: first column to the left, the others to the right.

    Examples
    --------
    >>> print(text_table(("node", "median"), [("killed", "1,700")]))
    node    median
    killed   1,700
    """
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    return "\n".join(lines)


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> listed(["SOHR", "SNHR", "OHCHR"])
    'SOHR, SNHR and OHCHR'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
