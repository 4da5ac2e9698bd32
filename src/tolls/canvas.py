"""Axes on which counts run along one direction, with reports and intervals in rows or columns.

The figures of `plots` are put together from it. It decides where things stand; how they look is in
`ink`, what stands around them in `frames`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tolls.evidence import FATES, Evidence
from tolls.frames import Frame, count_ticks, wide
from tolls.ink import (
    ARROW,
    AT_LEAST,
    DOT,
    PLAIN,
    RULE,
    UP_TO,
    WORDINGS,
    Look,
    Style,
    key_style,
    report_style,
    scaled,
)
from tolls.reports import Report

__all__ = ["Canvas", "Spans"]

type Spans = dict[str, tuple[Style, Any]]  # lines or marks of every row, by what the legend says

INCHES = 5.0, 5.0  # a new figure; of rows it gets the height that they need
NAMES = 0.36  # of the width, at most
# In letters of ten points: mark to mark, what surrounds the marks of a row, a row without any; each
# as it should be and as it may be where the height is short
LANE, AROUND, ROW, LEAD = (8.5, 2.5), (10.0, 5.0), (18.0, 12.0), (20.0, 17.0)


class Canvas(Frame):
    """A frame that knows the reports on some nodes and grows a legend."""

    def __init__(
        self, ax: Axes | None, evidence: Evidence, nodes: Sequence[str], upright: bool = False
    ) -> None:
        super().__init__(ax, INCHES)
        self.evidence, self.upright = evidence, upright
        own = [r for r in evidence.case.reports if r.category in nodes]
        said = [r for r in own if r.measure == evidence.case.measure and r.figure]
        self.said = sorted(said, key=lambda r: (r.published, r.row))
        self.hidden = len(own) - len(said)
        self.keys, self.looks = dict[str, Style](), dict[str, Look]()
        self.marks = self.lines = self.scale
        self.cells, self.stops = self.notes, list[float]()

    def surround(self, title: str, label: str, lines: int = 1) -> None:
        """Write title, label and legend: what is left of the height is for the rows."""
        used = {WORDINGS[r.qualifier] for r in self.said} - ({"exact"} if self.looks else set())
        for key in (wording for wording in dict.fromkeys(WORDINGS.values()) if wording in used):
            self.keys[key] = key_style(key, self.upright)
        found = {self.evidence.fates[report.row][0] for report in self.said} - {"evidence"}
        if pale := ", ".join(fate.replace("_", " ") for fate in FATES if fate in found):
            self.keys[f"no evidence: {pale}"] = report_style("exact", PLAIN, aside=True)
        if self.hidden:
            self.keys[f"not drawn: {self.hidden} in words or of another measure"] = {"ls": ""}
        heads = 2.6 * self.notes if self.stops else 0.0
        self.title(title, heads)
        self.label(label, lines)
        self.legend(self.keys, 1.3 if self.upright else 0.5)

    def counts(self, seen: Any = (), wish: Any = ()) -> None:
        """Scale the counts so that everything is seen, and what is wished unless far off."""
        self.along = self.free if self.upright else self.length
        values = [*np.ravel(seen), *(n for report in self.said for n in report.figure)]
        low, high = min(values), max(values)
        top = min(max([high, *np.ravel(wish)]), 4 * high)
        axis = self.ax.yaxis if self.upright else self.ax.xaxis
        scale = self.ax.set_yscale if self.upright else self.ax.set_xscale
        if low <= 0:
            scale("symlog", linthresh=1, linscale=0.5)
            self.limits = -0.3, 2.0 * max(top, 1)
        else:
            low = max(min([low, *np.ravel(wish)]), low / 4)
            beyond = 1.4 * (ARROW + 1) * self.scale / self.along if self.said else 0.0
            arrow = (top / low) ** beyond
            pad = max(1.25, arrow, 2 * (low / top) ** 0.5)
            self.limits = low / pad, top * pad
            scale("log")
        count_ticks(axis, self.limits, self.along, self.size)
        (self.ax.set_ylim if self.upright else self.ax.set_xlim)(*self.limits)
        if not self.upright:
            self.overhang([t for t in self.ax.get_xticks() if t <= self.limits[1]][-1])

    def overhang(self, tick: float) -> None:
        """Leave room right of the Axes for the half of a tick's label that stands out."""
        half = wide(f"{tick:,.10g}", self.size) / 2
        self.right = max(self.right, half - (1 - self.place(tick)) * self.along)

    def place(self, value: float) -> float:
        """Return where a count lies, as a fraction of its axis."""
        point = (0, value) if self.upright else (value, 0)
        return float((self.ax.transScale + self.ax.transLimits).transform(point)[int(self.upright)])

    def span(self, report: Report) -> tuple[float, float]:
        """Return where a report's mark begins and ends, as fractions of the axis of counts."""
        low, high = self.place(min(report.figure)), self.place(max(report.figure))
        far = [ARROW if WORDINGS[report.qualifier] == w else DOT / 2 for w in (UP_TO, AT_LEAST)]
        before, after = ((1 + one) * self.scale / self.along for one in far)
        return low - before, high + after

    def lanes(self, said: Sequence[Report]) -> list[list[Report]]:
        """Put each report in the lane of the one before where there is room, else in the next."""
        lanes, taken = list[list[Report]](), list[tuple[float, float]]()
        for report in said:
            low, high = self.span(report)
            if not lanes or any(low < end and start < high for start, end in taken):
                lanes, taken = [*lanes, []], []
            lanes[-1].append(report)
            taken.append((low, high))
        return lanes

    def rows(
        self, labels: Sequence[str], groups: Sequence[Sequence[Report]], lead: bool = False
    ) -> list[float]:
        """Set out labelled rows with their reports, below a lead if any; return the middles.

        Where the height is short marks come closer first; then all becomes smaller.
        """
        lanes = [self.lanes(said) for said in groups]
        many = np.array([len(own) for own in lanes])
        half = 0.6 * self.size * np.array([1 + label.count("\n") for label in labels])

        def needs(i: int) -> Any:
            below = AROUND[i] + LANE[i] * many
            both = (LEAD[i] + 0 * many, below) if lead else [np.maximum(ROW[i], below) / 2] * 2
            return np.maximum(self.scale * np.stack(both), half)

        wish, least = needs(0), needs(1)
        free = np.inf if self.new else max(self.free, 1.0)
        ease = 1.0 if self.new else (free - least.sum()) / max((wish - least).sum(), 1e-9)
        ease = float(np.clip(ease, 0, 1))
        room = least + ease * (wish - least)
        fit = min(1.0, free / room.sum())
        lane, around = (self.scale * np.interp(ease, (0, 1), ends[::-1]) for ends in (LANE, AROUND))
        self.marks = fit * self.scale * float(np.clip(lane / (LANE[0] * self.scale), 0.6, 1))
        self.lines, self.cells = fit * self.scale, fit * self.notes
        edges = np.concatenate([[0.0], np.cumsum(room.sum(axis=0))])
        ats = [float(at) for at in edges[:-1] + room[0]]
        self.ax.set_ylim(edges[-1], 0)
        self.ax.set_yticks(ats, labels, parse_math=False, size=fit * self.size, linespacing=1.1)
        self.ax.tick_params(axis="y", length=0)
        self.ax.hlines(edges[1:-1], *self.limits, **RULE)
        for at, own in zip(ats, lanes, strict=True):
            first = at + 0.6 * (around + lane) if lead else at - (len(own) - 1) / 2 * lane
            for i, one in enumerate(own):
                for report in one:
                    self.report(report, first + i * lane)
        self.deep = float(edges[-1])
        return ats

    def columns(self, start: date, days: Sequence[date]) -> None:
        """Set out time in columns, each up to the end of a day, and draw the reports in them."""
        later = [r.published.day for r in self.said if r.published.day > days[-1]]
        knots = [start.toordinal(), *(day.toordinal() + 1 for day in (*days, *later[-1:]))]
        self.ax.set_xlim(-0.1, len(knots) - 0.75)
        self.right = wide("0000", self.size) / 2
        years = [f"\n{d.year}" for d in days]
        for i in range(len(days) - 1, 0, -1):
            years[i] *= years[i] != years[i - 1]
        labels = [f"{d.day}\n{d:%b}{year}" for d, year in zip(days, years, strict=True)]
        self.ax.set_xticks(range(1, len(days) + 1), labels)
        step = (DOT + 2) * self.scale / self.length * (len(knots) - 0.65)
        taken: list[tuple[float, float, float]] = []
        for report in self.said:
            low, high = self.span(report)
            came = report.published.when.toordinal() + report.published.when.hour / 24
            at = float(np.interp(came, knots, range(len(knots))))
            free = np.floor(at) + np.linspace(1.2 * step, 1 - 1.2 * step, 13)
            beside = [x for x, a, b in taken if low < b and a < high]
            crowd = [sum(max(0.0, 1 - abs(x - other) / step) for other in beside) for x in free]
            at = float(min(zip(crowd, abs(free - at), free, strict=True))[2])
            taken.append((at, low, high))
            self.report(report, at)

    def line(self, at: float, ends: Any, label: str, style: Style) -> None:
        """Draw a line or marks along the counts."""
        data = ([at] * len(ends), ends) if self.upright else (ends, [at] * len(ends))
        self.ax.add_line(Line2D(*data, solid_capstyle="butt", label=f"_{label}", **style))

    def intervals(self, ats: Sequence[float], spans: Spans) -> None:
        """Draw the spans of every row; what is not known has none."""
        for key, (style, table) in spans.items():
            for at, ends in zip(ats, table.to_numpy(), strict=True):
                if not np.isnan(ends).any():
                    inside = np.clip(ends, *self.limits)
                    self.line(at, inside, key, scaled(style, self.lines))

    def report(self, report: Report, at: float) -> None:
        """Draw a report by its wording and fate, with the look of its node."""
        wording, fate = WORDINGS[report.qualifier], self.evidence.fates[report.row][0]
        look = self.looks.get(report.category, PLAIN)
        style = scaled(report_style(wording, look, fate != "evidence", self.upright), self.marks)
        ends = sorted(set(report.figure))
        self.line(at, ends, f"report {report.row}", style)
        if look != PLAIN and wording not in ("exact", "about"):
            shape = {"marker": look[1], "ms": (DOT - 1) * self.marks, "ls": ""}
            self.line(at, ends, "shape", style | shape)

    def say(self, text: str, xy: Any, offset: Any, **style: Any) -> None:
        """Write a small text so many points from a place."""
        self.ax.annotate(text, xy, offset, textcoords="offset points", size=self.cells, **style)

    def over(self, text: str, value: float, at: float) -> None:
        """Write a text above a row at a count, inside the Axes."""
        half, x = wide(text, self.cells) / 2, self.place(value) * self.along
        moved = min(max(x, half), max(half, self.along - half)) - x
        self.say(text, (value, at), (moved, 5 * self.lines), ha="center", va="bottom")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Leave room for columns of text right of the Axes, the first head over their edge."""
        self.heads, self.texts = heads, rows
        for i, head in enumerate(heads):
            cells = max(wide(row[i], self.notes) for row in rows)
            width = max(cells, wide(head.split("\n")[-1], self.notes) if i else 0.0)
            self.right += width + (0.9 if i else 0.6) * self.notes
            self.stops.append(self.right)

    def write_table(self, ats: Sequence[float]) -> None:
        """Write the columns beside the rows."""
        style: Style = {"xycoords": self.ax.get_yaxis_transform(), "ha": "right"}
        for i, stop in enumerate(self.stops):
            self.say(self.heads[i], (1, 0), (stop, 3), va="bottom", **style)
            for at, row in zip(ats, self.texts, strict=True):
                self.say(row[i], (1, at), (stop, 0), va="center_baseline", **style)
