"""Pieces of HTML that notebooks show: paragraphs, tables, notes, bars of intervals.

Every text is escaped here, so that no name can act as HTML. Nothing needs a script or a style
sheet, and everything has the reader's own colour, so that dark, light and grey pages all do. What
is said is computed elsewhere.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from tolls.formatting import count, interval

__all__ = ["Bar", "Html", "bars", "gauge", "notes", "paragraph", "preformatted", "strong", "table"]

WIDTH, HEIGHT, SIDE = 280, 18, 24  # pixels of a bar; room for half a label at both ends
REACH = 4.0  # how far beyond what is known the axis follows what was known before
BELOW_ONE = 0.5  # decades from 0 to 1, on an axis that begins with 0
LETTER, FREE = 6.0, 4.0  # pixels of a letter, and between two labels
# ticks of a decade, in tenths of its beginning: the first whose labels have room is taken
TENTHS: Sequence[Sequence[int]] = (
    range(10, 100), range(10, 100, 2), (10, 15, 20, 30, 50, 70), (10, 20, 50), (10, 30), (10,),
)  # fmt: skip


class Html(str):
    """Text that is HTML already: it is not escaped again, here or in a template."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return itself, which is how templates ask."""
        return self


def _escaped(text: str) -> str:
    return text if isinstance(text, Html) else escape(text)


def strong(text: str) -> Html:
    """Write what has to be read first."""
    return Html(f"<strong>{_escaped(text)}</strong>")


def paragraph(text: str) -> Html:
    """Write a paragraph.

    Examples
    --------
    >>> paragraph("Smith & Sons")
    '<p>Smith &amp; Sons</p>'
    """
    return Html(f"<p>{_escaped(text)}</p>")


def preformatted(text: str) -> Html:
    """Write lines that stay as they are."""
    return Html(f"<pre>{_escaped(text)}</pre>")


def notes(texts: Iterable[str]) -> Html:
    """Write a list; nothing where there is nothing to say."""
    items = "".join(f"<li>{_escaped(text)}</li>" for text in texts)
    return Html(f"<ul>{items}</ul>" if items else "")


def gauge(text: str, share: float | None) -> Html:
    """Write how much of some work is done, from 0 to 1; None where that is not known."""
    value = "" if share is None else f' value="{share:.2f}"'
    return Html(f"<label>{_escaped(text)} <progress{value}></progress></label>")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Write a table: the first cell of every row is its heading.

    Examples
    --------
    >>> table(("", "median"), [("killed", "9")])[:44]
    '<table><thead><tr><th></th><th>median</th></'
    """
    head = "".join(f"<th>{_escaped(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th>{_escaped(row[0])}</th>"
        + "".join(f"<td>{_escaped(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return Html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


@dataclass(frozen=True, slots=True)
class Bar:
    """What a bar shows of one toll, in people.

    Attributes
    ----------
    median : float
    inner, outer : (low, high)
        Intervals of the thick and of the thin line.
    before : (low, high)
        The outer interval before any report.
    """

    median: float
    inner: tuple[float, float]
    outer: tuple[float, float]
    before: tuple[float, float]


def bars(drawn: Sequence[Bar], inner: str, outer: str) -> tuple[Html, list[Html]]:
    """Draw bars on one logarithmic axis.

    Parameters
    ----------
    drawn : sequence of Bar
        One or more. The axis holds all of what is known now, and of what was known before at most
        four times as much on both sides; it is linear below one where it begins with 0.
    inner, outer : str
        What the intervals are called: ``50 %``.

    Returns
    -------
    heading : Html
        The key, and the axis below it.
    each : list of Html
        A bar each; its text says the same to those who do not see it.
    """
    axis = _Axis.holding(drawn)
    ticks = axis.ticks()
    lines = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}" stroke-opacity="0.25"/>'
        for x, _ in ticks
    )
    labels = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - 5}" text-anchor="middle" font-size="11" '
        f'fill="currentColor" stroke="none">{text}</text>'
        for x, text in ticks
    )
    key = f"thin: {outer}, thick: {inner}, pale: prior"
    heading = Html(f"{escape(key)}<br/>{_svg(labels)}")
    return heading, [_drawn(bar, axis, lines, inner, outer) for bar in drawn]


def _drawn(bar: Bar, axis: "_Axis", lines: str, inner: str, outer: str) -> Html:
    middle, at = HEIGHT / 2, axis.place(bar.median)
    pale, thin, thick = (
        f'<line x1="{axis.place(low):.1f}" x2="{axis.place(high):.1f}" y1="{middle}" '
        f'y2="{middle}" {style}/>'
        for (low, high), style in (
            (bar.before, 'stroke-width="12" stroke-opacity="0.2"'),
            (bar.outer, 'stroke-width="1.5"'),
            (bar.inner, 'stroke-width="5"'),
        )
    )
    stroke = f'<line x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{HEIGHT - 2}" stroke-width="2"/>'
    said = (
        f"median {count(bar.median, bar.outer[1] - bar.outer[0])}; {inner} interval "
        f"{interval(*bar.inner)}; {outer} interval {interval(*bar.outer)}, before any report "
        f"{interval(*bar.before)}"
    )
    return _svg(lines + pale + thin + thick + stroke, said)


def _svg(content: str, said: str = "") -> Html:
    label = f'role="img" aria-label="{escape(said)}"' if said else 'aria-hidden="true"'
    return Html(
        f'<svg {label} width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'stroke="currentColor" style="vertical-align: middle">{content}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis between two counts; from 0 it is linear up to one."""

    low: float
    high: float

    @classmethod
    def holding(cls, drawn: Sequence[Bar]) -> "_Axis":
        """Make the axis on which bars lie."""
        low, high = min(bar.outer[0] for bar in drawn), max(bar.outer[1] for bar in drawn)
        before = [end for bar in drawn for end in bar.before]
        high = max(high, min(max(before), REACH * high), 1.0)
        if low > 0:
            low = max(min(low, *before), low / REACH)
        return cls(low, max(high, 2 * low))

    def _decades(self, value: float) -> float:
        if self.low > 0:
            return math.log10(max(value, self.low))
        return BELOW_ONE + math.log10(value) if value > 1 else BELOW_ONE * value

    def place(self, value: float) -> float:
        """Return where a count lies, in pixels; what is beyond an end lies there."""
        low, high = self._decades(self.low), self._decades(self.high)
        share = (self._decades(min(max(value, self.low), self.high)) - low) / (high - low)
        return SIDE + share * (WIDTH - 2 * SIDE)

    def ticks(self) -> list[tuple[float, str]]:
        """Return a few round counts on the axis, with their places."""
        start = [0] if self.low <= 0 else []
        for tenths in TENTHS:
            found = [(self.place(value), f"{value:,}") for value in start + self._round(tenths)]
            if _have_room(found):
                return found
        every = next(n for n in range(2, len(found) + 1) if _have_room(found[::n]))
        return found[::every]

    def _round(self, tenths: Sequence[int]) -> list[int]:
        first, last = (math.floor(math.log10(max(end, 1))) for end in (self.low, self.high))
        scaled = [n * 10**decade for decade in range(first, last + 1) for n in tenths]
        return [n // 10 for n in scaled if n % 10 == 0 and self.low <= n // 10 <= self.high]


def _have_room(ticks: Sequence[tuple[float, str]]) -> bool:
    return all(
        right - left >= LETTER * (len(one) + len(other)) / 2 + FREE
        for (left, one), (right, other) in pairwise(ticks)
    )
