"""Figures: every function takes a result and draws it on matplotlib Axes.

Nothing here computes a statistic: intervals come from the results' own tables. Nothing is shown,
saved or set globally, and matplotlib is imported in this file alone.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import floor
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.font_manager import FontProperties
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Affine2D, ScaledTranslation

from tolls.constants import CI_PROB, MEASURES
from tolls.errors import InputError, nearest
from tolls.estimate import Estimate
from tolls.evidence import FATES, Evidence
from tolls.formatting import count, interval, percent
from tolls.reports import Report
from tolls.timelines import Timeline

__all__ = ["reports", "sources", "timeline", "tolls"]

INNER = 0.5  # probability of the thick lines
WIDTH = 5.5  # inches; heights follow from the number of rows
WRAP = 24  # characters in a line of a label
DOT, ARROW, BAR = 5.5, 13.0, 9.0  # points: a mark, the arrow of an open bound, the prior's bar
LANE = 0.66  # lines of text from one mark to the next below it
INK, GREY, ESTIMATE = "#262626", "#d9d9d9", "#0072b2"
# Okabe and Ito's colours but for the alarming ones; the shapes say the same without colour
LOOKS = (
    ("#000000", "o"), ("#0072b2", "s"), ("#e69f00", "D"), ("#cc79a7", "^"), ("#009e73", "v"),
    ("#56b4e9", "P"), ("#777777", "X"),
)  # fmt: skip
AT_LEAST, UP_TO = "at least, more than", "up to, fewer than"
WORDINGS = {
    "exact": "exact", "about": "about", "range": "range", "estimate": "range",
    "at_least": AT_LEAST, "more_than": AT_LEAST, "up_to": UP_TO, "fewer_than": UP_TO,
}  # fmt: skip
# An open bound: a tick at the stated count and an arrow to the side where the toll is said to be
_BOUND = Path(
    [(0, -0.38), (0, 0.38), (0, 0), (1, 0), (0.64, 0.27), (1, 0), (0.64, -0.27)],
    [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO],
)


def tolls(
    estimate: Estimate,
    *,
    nodes: Sequence[str] | None = None,
    ci_prob: float = CI_PROB,
    ax: Axes | None = None,
) -> Axes:
    """Draw each node's interval over its prior, and below it every report on the node.

    Parameters
    ----------
    estimate : Estimate
        From `tolls.fit` or `tolls.load`.
    nodes : sequence of str, optional
        Nodes and unions from the top; all in declared order where left out.
    ci_prob : float
        Probability of the thin lines and of the prior's interval; thick lines hold 50 %.
    ax : Axes, optional
        Where to draw, best in a figure with ``layout="constrained"``; a new figure if left out.

    Returns
    -------
    Axes
        Dark marks are evidence, pale ones are not. Reports without a count of people killed
        are not drawn, and the legend says how many.

    Raises
    ------
    InputError
        If a node is unknown or the probability is out of range.

    Examples
    --------
    >>> tolls.plots.tolls(estimate, nodes=["killed", "civilians"])  # doctest: +SKIP
    """
    chosen = _known(estimate.nodes if nodes is None else nodes, estimate.nodes)
    table, core = estimate.summary(ci_prob).loc[chosen], estimate.summary(INNER).loc[chosen]
    said, hidden = _drawable(estimate.case.reports, chosen)
    canvas = _Canvas(ax)
    stated = [n for report in said for n in report.figure]
    canvas.count_axis(
        [*table["lo"], *table["hi"], *stated], [*table["prior_lo"], *table["prior_hi"]]
    )
    lanes = [canvas.lanes([r for r in said if r.category == node]) for node in chosen]
    labels = [node.replace("_", " ") for node in chosen]
    below = [1.0 + LANE * _depth(placed) for placed in lanes]
    ats = canvas.rows(labels, [1.5] * len(chosen), below)
    for node, at, placed in zip(chosen, ats, lanes, strict=True):
        row = table.loc[node]
        canvas.bar(at, (row["prior_lo"], row["prior_hi"]), f"_prior {node}")
        canvas.interval(at, row, core.loc[node], node)
        canvas.say(at, row["median"], _said(row))
        for report, lane in placed:
            aside = _aside(report, estimate.evidence)
            canvas.report(report, at + 0.8 + LANE * lane, (INK, ""), aside)
    keys = [_bar_key(ci_prob), *_interval_keys(ci_prob), *_report_keys(said, estimate.evidence)]
    canvas.finish(estimate.case.title, "People killed", keys, hidden)
    return canvas.ax


def reports(estimate: Estimate, *, ax: Axes | None = None) -> Axes:
    """Draw every stated count in a row per source, the earliest at the top of the row.

    Parameters
    ----------
    estimate : Estimate
        From `tolls.fit` or `tolls.load`.
    ax : Axes, optional
        Where to draw, best in a figure with ``layout="constrained"``; a new figure if left out.

    Returns
    -------
    Axes
        Colour and shape tell the node, the mark tells the wording, and what is no evidence is
        pale. Reports without a count of people killed are not drawn, and the legend says how many.

    Examples
    --------
    >>> tolls.plots.reports(estimate)  # doctest: +SKIP
    """
    said, hidden = _drawable(estimate.case.reports, estimate.nodes)
    names = [name for name in estimate.case.sources if any(r.source == name for r in said)]
    canvas = _Canvas(ax)
    canvas.count_axis([n for report in said for n in report.figure])
    lanes = [canvas.lanes([r for r in said if r.source == name]) for name in names]
    half = [0.3 + LANE / 2 * _depth(placed) for placed in lanes]
    ats = canvas.rows(names, half, half)
    looks = {node: LOOKS[i % len(LOOKS)] for i, node in enumerate(estimate.nodes)}
    for at, placed in zip(ats, lanes, strict=True):
        top = at - LANE / 2 * (_depth(placed) - 1)
        for report, lane in placed:
            aside = _aside(report, estimate.evidence)
            canvas.report(report, top + LANE * lane, looks[report.category], aside)
    used = {report.category for report in said}
    keys = [
        Line2D([], [], color=colour, marker=shape, ls="", ms=DOT, label=node.replace("_", " "))
        for node, (colour, shape) in looks.items()
        if node in used
    ]
    keys += _report_keys(said, estimate.evidence)
    canvas.finish(estimate.case.title, "People killed, as stated", keys, hidden)
    return canvas.ax


def sources(estimate: Estimate, *, ci_prob: float = CI_PROB, ax: Axes | None = None) -> Axes:
    """Draw each source's bias over its prior, beside its reliability and its number of reports.

    Parameters
    ----------
    estimate : Estimate
        From `tolls.fit` or `tolls.load`.
    ci_prob : float
        Probability of the intervals.
    ax : Axes, optional
        Where to draw, best in a figure with ``layout="constrained"``; a new figure if left out.

    Returns
    -------
    Axes
        At 1 a source states what is knowable; further left less, further right more. The columns
        are the mean reliability before and after the reports, and the reports used.

    Raises
    ------
    InputError
        If the probability is out of range.

    Examples
    --------
    >>> tolls.plots.sources(estimate, ci_prob=0.9)  # doctest: +SKIP
    """
    table = estimate.sources(ci_prob)
    names = [str(name) for name in table.index]
    canvas = _Canvas(ax)
    ends = table[["bias_lo", "bias_hi", "bias_prior_lo", "bias_prior_hi"]].to_numpy().ravel()
    canvas.count_axis([1.0, *ends])
    ats = canvas.rows(names, [0.75] * len(names), [0.75] * len(names))
    canvas.ax.axvline(1, color="0.4", lw=0.9, ls=(0, (4, 3)), zorder=0)
    for name, at in zip(names, ats, strict=True):
        row = table.loc[name]
        canvas.bar(at, (row["bias_prior_lo"], row["bias_prior_hi"]), f"_prior {name}")
        bias = {"lo": row["bias_lo"], "hi": row["bias_hi"], "median": row["bias_median"]}
        canvas.interval(at, bias, None, name)
    before = [f"{mean:.2f}" for mean in table["reliability_prior"]]
    after = [f"{mean:.2f}" for mean in table["reliability"]]
    canvas.column(ats, before, 5.5, "reliability\nprior")
    canvas.column(ats, after, 8.8, "\npost.")
    canvas.column(ats, [str(n) for n in table["reports"]], 13.0, "\nreports")
    line = Line2D([], [], color="0.4", lw=0.9, ls=(0, (4, 3)), label="states what is knowable")
    keys = [_bar_key(ci_prob), *_interval_keys(ci_prob, inner=False), line]
    canvas.finish(estimate.case.title, "Bias: stated / knowable", keys, lift=2.6)
    return canvas.ax


def timeline(
    timeline: Timeline,
    *,
    node: str | None = None,
    ci_prob: float = CI_PROB,
    ax: Axes | None = None,
) -> Axes:
    """Draw one node's interval as of each date beside the reports as they came.

    Parameters
    ----------
    timeline : Timeline
        From `tolls.timeline`.
    node : str, optional
        A node or union; the root where left out.
    ci_prob : float
        Probability of the thin lines; thick lines hold 50 %.
    ax : Axes, optional
        Where to draw, best in a figure with ``layout="constrained"``; a new figure if left out.

    Returns
    -------
    Axes
        Its x axis is time, stretched so that all dates are equally far apart: days of many reports
        get room. An interval stands at the end of its day, right of the reports it rests on.

    Raises
    ------
    InputError
        If the node is unknown or the probability is out of range.

    Examples
    --------
    >>> tolls.plots.timeline(timeline, node="civilians")  # doctest: +SKIP
    """
    name = _known([node or timeline.case.names[0]], timeline.case.names)[0]
    table, core = timeline.summary(ci_prob), timeline.summary(INNER)
    table, core = table[table["node"] == name], core[core["node"] == name]
    evidence = timeline.estimates[-1].evidence
    said, hidden = _drawable(timeline.case.reports, [name])
    canvas = _Canvas(ax, upright=True)
    stated = [n for report in said for n in report.figure]
    canvas.count_axis([*table["lo"], *table["hi"], *stated])
    places = canvas.columns(timeline.case.start, list(table["as_of"]), said)
    for at, ((_, row), (_, inner)) in enumerate(
        zip(table.iterrows(), core.iterrows(), strict=True), 1
    ):
        canvas.interval(at, row, inner, str(row["as_of"]))
    for report, place in zip(said, places, strict=True):
        canvas.report(report, place, (INK, ""), _aside(report, evidence))
    keys = [*_interval_keys(ci_prob), *_report_keys(said, evidence, upright=True)]
    title = f"{timeline.case.title}: {name.replace('_', ' ')}"
    canvas.finish(title, "Published by the end of", keys, hidden)
    return canvas.ax


class _Canvas:
    """Axes on which counts run along one direction, with what depends on sizes in points."""

    def __init__(self, ax: Axes | None, upright: bool = False) -> None:
        self.own = ax is None
        if ax is None:
            _, ax = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
        figure = ax.get_figure(root=True)
        assert figure is not None
        self.ax, self.figure, self.upright = ax, figure, upright
        kept = 0.75 if figure.get_layout_engine() else 1.0  # labels take the rest
        box = ax.get_window_extent()
        self.width, self.height = (kept * 72 / figure.dpi * s for s in (box.width, box.height))
        self.size = FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points()
        self.dot, self.lines = DOT, 1
        ax.spines[["top", "right"]].set_visible(False)

    def count_axis(self, values: Sequence[float], wish: Sequence[float] = ()) -> None:
        """Scale the counts so that all values are seen, and the wished ones unless far off."""
        low, high = min(values), max(values)
        axis = self.ax.yaxis if self.upright else self.ax.xaxis
        scale = self.ax.set_yscale if self.upright else self.ax.set_xscale
        if low <= 0:
            high = max(high, min(max(wish, default=0), 4 * high), 1)
            scale("symlog", linthresh=1, linscale=0.5)
            low, high = -0.3, 1.5 * high
        else:
            low, high = max(min([low, *wish]), low / 4), min(max([high, *wish]), 4 * high)
            pad = max(1.25, (high / low) ** 0.06, 2 * (low / high) ** 0.5)
            low, high = low / pad, high * pad
            decades = np.log10(high / low)
            subs = (1, 2, 5) if decades < 1.6 else (1, 3) if decades < 2.2 else (1,)
            scale("log")
            axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
        (self.ax.set_ylim if self.upright else self.ax.set_xlim)(low, high)
        self.low, self.high = low, high

    def place(self, at: float, value: float) -> tuple[float, float]:
        """Return where a value lies, in fractions of the axes across and up."""
        point = (at, value) if self.upright else (value, at)
        across, up = (self.ax.transScale + self.ax.transLimits).transform(point)
        return float(across), float(up)

    def span(self, report: Report) -> tuple[float, float]:
        """Return where a report's mark begins and ends along the counts, as fractions."""
        length = self.height if self.upright else self.width
        low, high = (self.place(0, f(report.figure))[self.upright] for f in (min, max))
        wording, half = WORDINGS[report.qualifier], (self.dot / 2 + 1) / length
        return (
            low - (ARROW / length if wording == UP_TO else half),
            high + (ARROW / length if wording == AT_LEAST else half),
        )

    def lanes(self, said: Sequence[Report]) -> list[tuple[Report, int]]:
        """Give each report the lane of the one before where there is room, else the next one."""
        placed: list[tuple[Report, int]] = []
        lane, taken = 0, list[tuple[float, float]]()
        for report in said:
            low, high = self.span(report)
            if any(low < end and start < high for start, end in taken):
                lane, taken = lane + 1, []
            taken.append((low, high))
            placed.append((report, lane))
        return placed

    def rows(
        self, names: Sequence[str], above: Sequence[float], below: Sequence[float]
    ) -> list[float]:
        """Set out labelled rows, in lines of text around their middles, which are returned."""
        labels = [fill(name, WRAP) for name in names]
        half = [0.55 + label.count("\n") * 0.5 for label in labels]
        over = [max(pair) for pair in zip(above, half, strict=True)]
        heights = [o + max(pair) for o, *pair in zip(over, below, half, strict=True)]
        tops = [sum(heights[:i]) for i in range(len(heights))]
        ats = [top + o for top, o in zip(tops, over, strict=True)]
        line = 1.25 * self.size
        if self.own:
            self.height = line * sum(heights)
        elif self.height < line * sum(heights):
            line = self.height / sum(heights)
            self.size, self.dot = line / 1.25, min(DOT, 0.8 * LANE * line)
        self.ax.set_ylim(sum(heights), 0)
        self.ax.set_yticks(ats, labels, parse_math=False, fontsize=self.size, linespacing=1.1)
        self.ax.tick_params(axis="y", length=0)
        across = self.ax.get_yaxis_transform()
        self.ax.hlines(tops[1:], 0, 1, transform=across, color=GREY, lw=0.6, zorder=0)
        return ats

    def columns(self, start: date, days: Sequence[date], said: Sequence[Report]) -> list[float]:
        """Set out time in equal columns that end with the days; return where the reports lie."""
        last = max([days[-1], *(r.published.day for r in said)])
        ends = [start, *(d + timedelta(days=1) for d in (*days, last))][: None if last > days[-1] else -1]
        knots = [date2num(end) for end in ends]
        names = [
            f"{d.day}" + f"\n{d:%b}" * (d.month != p.month or p is start) + f"\n{d.year}" * (d.year != p.year or p is start)
            for p, d in pairwise([start, *days])
        ]
        self.ax.set_xlim(-0.1, len(knots) - 0.75)
        self.ax.set_xticks(range(1, len(days) + 1), names)
        self.lines = 3
        step = (self.dot + 2) / self.width * len(knots)
        taken: list[tuple[float, float, float]] = []
        for report in said:
            low, high = self.span(report)
            at = float(np.interp(date2num(report.published.when), knots, range(len(knots))))
            left, right = floor(at) + 1.4 * step, floor(at) + 1 - 1.4 * step
            at = max(min(at, right), left)
            tries = (at + sign * k * step / 2 for k in range(12) for sign in (-1, 1))
            free = (
                x
                for x in tries
                if left <= x <= right
                and not any(abs(x - t) < step and low < b and a < high for t, a, b in taken)
            )
            taken.append((next(free, at), low, high))
        return [at for at, _, _ in taken]

    def line(self, at: float, ends: Sequence[float], **style: Any) -> None:
        """Draw a line or marks along the counts."""
        across = [at] * len(ends)
        data = (across, ends) if self.upright else (ends, across)
        self.ax.add_line(Line2D(*data, solid_capstyle="butt", **style))

    def bar(self, at: float, ends: tuple[float, float], label: str) -> None:
        """Draw a prior's interval, cut where the axes end."""
        cut = max(ends[0], self.low), min(ends[1], self.high)
        self.line(at, cut, color=GREY, lw=BAR, zorder=1, label=label)

    def interval(self, at: float, outer: Any, inner: Any, name: str) -> None:
        """Draw an interval as a thin line, with a thick one inside and a dot at the median."""
        self.line(at, (outer["lo"], outer["hi"]), **_THIN, label=f"_interval {name}")
        if inner is not None and outer["lo"] <= inner["lo"] and inner["hi"] <= outer["hi"]:
            self.line(at, (inner["lo"], inner["hi"]), **_THICK, label=f"_inner {name}")
        self.line(at, (outer["median"],), **_MEDIAN, label=f"_median {name}")

    def say(self, at: float, value: float, text: str) -> None:
        """Write above a value, so that the text stays within the axes."""
        place = self.place(at, value)[0]
        side = "left" if place < 0.3 else "right" if place > 0.7 else "center"
        self.ax.annotate(
            text, (value, at), (0, 4), textcoords="offset points", ha=side, va="bottom",
            size=0.9 * self.size, color=INK,
        )  # fmt: skip

    def column(self, ats: Sequence[float], cells: Sequence[str], end: float, head: str) -> None:
        """Write a column of text right of the axes that ends so many letters from them."""
        for at, cell in zip((0, *ats), (head, *cells), strict=True):
            lift, va = (3, "bottom") if cell is head else (0, "center")
            self.ax.annotate(
                cell, (1, at), (0.6 * end * self.size, lift), xycoords=self.ax.get_yaxis_transform(),
                textcoords="offset points", ha="right", va=va, size=0.9 * self.size, color=INK,
            )  # fmt: skip

    def report(self, report: Report, at: float, look: tuple[str, str], aside: bool) -> None:
        """Draw a report by its wording; a shape in the look tells its node."""
        colour, shape = look
        ends = sorted({min(report.figure), max(report.figure)})
        style = _style(WORDINGS[report.qualifier], colour, shape, aside, self.upright, self.dot)
        self.line(at, ends, **style, label=f"_report {report.row}")
        if shape and WORDINGS[report.qualifier] not in ("exact", "about"):
            style |= {"marker": shape, "ms": 0.7 * self.dot, "ls": ""}
            self.line(at, ends, **style, label="_shape")

    def finish(
        self, title: str, label: str, keys: list[Line2D], hidden: int = 0, lift: float = 0.6
    ) -> None:
        """Add title, labels and a legend below; give a figure of one's own its height."""
        if hidden:
            text = f"not drawn: {hidden} report{'s' * (hidden > 1)} without a count of people killed"
            keys = [*keys, Line2D([], [], ls="", label=text)]
        self.ax.set_title(fill(title, 50), parse_math=False, pad=lift * self.size)
        self.ax.set_xlabel(label)
        if self.upright:
            self.ax.set_ylabel("People killed")
        down = ScaledTranslation(
            0, -(1.3 * self.lines + 2.6) * self.size / 72, self.figure.dpi_scale_trans
        )
        ranges = {k: HandlerLine2D(numpoints=2) for k in keys if k.get_label() == "range"}
        legend = self.ax.legend(
            handles=keys, loc="upper right", bbox_to_anchor=(1, 0), frameon=False,
            bbox_transform=self.ax.transAxes + down, fontsize="small",
            ncols=max(1, round(self.width / 110)), handler_map=ranges,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)
        if self.own and not self.upright:
            self.figure.set_figheight((self.height + 75 + 5 * len(keys)) / 72)


_THIN = {"color": ESTIMATE, "lw": 1.4, "zorder": 2}
_THICK = {"color": ESTIMATE, "lw": 4.5, "zorder": 2.1}
_MEDIAN = {"color": ESTIMATE, "marker": "o", "ls": "", "ms": 6, "mfc": "white", "mew": 1.4, "zorder": 2.2}


def _style(
    wording: str, colour: str, shape: str, aside: bool, upright: bool, dot: float
) -> dict[str, Any]:
    """Return how a wording is drawn; what is set aside is paler, smaller and further back."""
    ink = [0.45 * c + 0.55 if aside else c for c in to_rgb(colour)]
    dot *= 0.75 if aside else 1
    marks: dict[str, Any] = {
        "exact": shape or "o", "about": shape or "o", "range": "_" if upright else "|"
    }
    mark = marks.get(wording)
    if mark is None:
        dot *= 2 * ARROW / DOT
        turn = 90 * upright + 180 * (wording == UP_TO)
        mark = MarkerStyle(_BOUND, "none", Affine2D().rotate_deg(turn))
    return {
        "color": ink, "marker": mark, "ms": dot, "mew": 1.2, "lw": 1.2,
        "ls": "-" if wording == "range" else "", "zorder": 3 - 0.2 * aside,
        "mfc": "white" if wording == "about" else ink,
    }  # fmt: skip


def _bar_key(ci_prob: float) -> Line2D:
    return Line2D([], [], color=GREY, lw=BAR, label=f"prior, {percent(ci_prob)}")


def _interval_keys(ci_prob: float, inner: bool = True) -> list[Line2D]:
    keys = [Line2D([], [], **_MEDIAN, label="median")]
    if inner and ci_prob > INNER:
        keys.append(Line2D([], [], **_THICK, label=f"{percent(INNER)} interval"))
    return [*keys, Line2D([], [], **_THIN, label=f"{percent(ci_prob)} interval")]


def _report_keys(
    said: Sequence[Report], evidence: Evidence, upright: bool = False
) -> list[Line2D]:
    used = {WORDINGS[report.qualifier] for report in said}
    keys = [
        Line2D([], [], **_style(w, INK, "", False, upright and w != "range", DOT), label=w)
        for w in dict.fromkeys(WORDINGS.values())
        if w in used
    ]
    found = {evidence.fates[report.row][0] for report in said}
    pale = [fate.replace("_", " ") for fate in FATES[1:] if fate in found]
    if pale:
        style = _style("exact", INK, "", True, False, DOT)
        keys.append(Line2D([], [], **style, label=f"no evidence: {', '.join(pale)}"))
    return keys


def _known(names: Sequence[str], allowed: Sequence[str]) -> list[str]:
    for name in names:
        if name not in allowed:
            near = nearest(name, allowed)
            hint = f'; did you mean "{near}"?' if near else ""
            raise InputError(f'"{name}" is no node; allowed: {", ".join(allowed)}{hint}')
    return list(names)


def _drawable(found: Iterable[Report], nodes: Sequence[str]) -> tuple[list[Report], int]:
    """Return the counts of people killed on these nodes as they came, and how many are none."""
    own = [r for r in found if r.category in nodes or r.measure != MEASURES[0]]
    said = [r for r in own if r.measure == MEASURES[0] and r.figure]
    return sorted(said, key=lambda r: (r.published, r.row)), len(own) - len(said)


def _aside(report: Report, evidence: Evidence) -> bool:
    return evidence.fates[report.row][0] != "evidence"


def _depth(placed: Sequence[tuple[Report, int]]) -> int:
    return max((lane for _, lane in placed), default=-1) + 1


def _said(row: Any) -> str:
    width = row["hi"] - row["lo"]
    return f"{count(row['median'], width)} ({interval(row['lo'], row['hi'])})"
