"""Figures: every function takes a result and draws it on matplotlib Axes.

Nothing here computes a statistic: intervals come from the results' own tables. Nothing is shown,
saved or set globally, and matplotlib is imported in this file alone.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from math import log10
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Affine2D, ScaledTranslation

from tolls.constants import CI_PROB, MEASURES
from tolls.estimate import Estimate
from tolls.evidence import FATES, Evidence
from tolls.formatting import count, interval, percent
from tolls.reports import Report
from tolls.timelines import Timeline

__all__ = ["reports", "sources", "timeline", "tolls"]

type Style = dict[str, Any]

INNER = 0.5  # probability of the thick lines
WIDTH, WRAP = 5.0, 24  # inches of a new figure, letters in a line of a label
DOT, ARROW, LANE = 5.5, 13.0, 8.5  # points: a mark, the arrow of an open bound, mark to mark
INK, PALE = "#262626", "#d9d9d9"
PRIOR: Style = {"color": PALE, "lw": 9, "zorder": 1}
THIN: Style = {"color": "#0072b2", "lw": 1.4, "zorder": 2}
THICK = THIN | {"lw": 4.5}
MEDIAN = THIN | {"marker": "o", "ls": "", "ms": 6, "mfc": "white", "mew": 1.4}
KNOWABLE: Style = {"color": "0.4", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 0}
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
# An open bound: a tick at the stated count, an arrow to the side where the toll is said to be
BOUND = Path(
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
    nodes : sequence of str, optional
        Nodes and unions from the top; all in declared order where left out.
    ci_prob : float
        Probability of the thin lines and of the prior's interval; thick lines hold 50 %.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Dark marks are evidence. Reports without a count of people killed are only in the legend.

    Examples
    --------
    >>> tolls.plots.tolls(estimate, nodes=["killed", "civilians"])  # doctest: +SKIP
    """
    chosen = list(estimate.nodes if nodes is None else nodes)
    for node in chosen:
        estimate.tolls(node)  # refuses an unknown one
    table, core = estimate.summary(ci_prob).loc[chosen], estimate.summary(INNER)
    canvas = _Canvas(ax, estimate.case.reports, chosen, estimate.evidence)
    canvas.count_axis(table[["lo", "hi"]], table[["prior_lo", "prior_hi"]])
    lanes = [canvas.lanes([r for r in canvas.said if r.category == node]) for node in chosen]
    room = [(20.0, 10 + LANE * len(own)) for own in lanes]
    ats = canvas.rows([node.replace("_", " ") for node in chosen], room)
    for node, at, own in zip(chosen, ats, lanes, strict=True):
        row: Any = table.loc[node]
        canvas.line(at, np.clip(row[["prior_lo", "prior_hi"]], *canvas.limits), "prior", PRIOR)
        canvas.interval(at, row, core.loc[node])
        width, side = row["hi"] - row["lo"], canvas.place(row["median"])
        text = f"{count(row['median'], width)} ({interval(row['lo'], row['hi'])})"
        ha = "left" if side < 0.3 else "right" if side > 0.7 else "center"
        canvas.write(text, (row["median"], at), (0, 5), ha=ha, va="bottom")
        canvas.reports(own, at + 11, {})
    keys = {f"prior, {percent(ci_prob)}": PRIOR} | _interval_keys(ci_prob) | canvas.report_keys()
    return canvas.finish(estimate.case.title, "People killed", keys)


def reports(estimate: Estimate, *, ax: Axes | None = None) -> Axes:
    """Draw every stated count in a row per source, the earliest at the top of the row.

    Parameters
    ----------
    estimate : Estimate
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Colour and shape tell the node, the mark tells the wording, and what is no evidence is
        pale. Reports without a count of people killed are only in the legend.

    Examples
    --------
    >>> tolls.plots.reports(estimate)  # doctest: +SKIP
    """
    canvas = _Canvas(ax, estimate.case.reports, estimate.nodes, estimate.evidence)
    canvas.count_axis()
    names = [n for n in estimate.case.sources if any(r.source == n for r in canvas.said)]
    lanes = [canvas.lanes([r for r in canvas.said if r.source == name]) for name in names]
    half = [3 + LANE / 2 * len(own) for own in lanes]
    looks = {node: LOOKS[i % len(LOOKS)] for i, node in enumerate(estimate.nodes)}
    for at, own in zip(canvas.rows(names, [(h, h) for h in half]), lanes, strict=True):
        canvas.reports(own, at - LANE / 2 * (len(own) - 1), looks)
    used = {report.category for report in canvas.said}
    shown = {n.replace("_", " "): _style("exact", *look) for n, look in looks.items() if n in used}
    keys = shown | {
        label: style for label, style in canvas.report_keys().items() if label != "exact"
    }
    return canvas.finish(estimate.case.title, "People killed, as stated", keys)


def sources(estimate: Estimate, *, ci_prob: float = CI_PROB, ax: Axes | None = None) -> Axes:
    """Draw each source's bias over its prior, beside its reliability and its number of reports.

    Parameters
    ----------
    estimate : Estimate
    ci_prob : float
        Probability of the intervals.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        At 1 a source states what is knowable, further right more. The columns are its mean
        reliability before and after the reports, and how many of its reports are evidence.

    Examples
    --------
    >>> tolls.plots.sources(estimate, ci_prob=0.9)  # doctest: +SKIP
    """
    table = estimate.sources(ci_prob)
    table = table.rename(columns={f"bias_{end}": end for end in ("lo", "hi", "median")})
    prior = table[["bias_prior_lo", "bias_prior_hi"]]
    canvas = _Canvas(ax, (), (), estimate.evidence)
    canvas.count_axis(table[["lo", "hi"]].assign(one=1.0).join(prior))
    ats = canvas.rows([str(name) for name in table.index], [(9.0, 9.0)] * len(table))
    canvas.ax.axvline(1, **KNOWABLE)
    for i, at in enumerate(ats):
        canvas.line(at, prior.iloc[i], "prior", PRIOR)
        canvas.interval(at, table.iloc[i])
    canvas.column(ats, [f"{p:.2f}" for p in table["reliability_prior"]], 7.5, "reliability\nbefore")
    canvas.column(ats, [f"{p:.2f}" for p in table["reliability"]], 13.5, "after")
    canvas.column(ats, [f"{n}" for n in table["reports"]], 21.5, "reports")
    keys = {f"prior, {percent(ci_prob)}": PRIOR} | _interval_keys(ci_prob, inner=False)
    keys |= {"states what is knowable": KNOWABLE}
    return canvas.finish(estimate.case.title, "Bias: stated / knowable", keys)


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
    node : str, optional
        A node or union; the root where left out.
    ci_prob : float
        Probability of the thin lines; thick lines hold 50 %.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Time is stretched so that all dates are equally far apart: days of many reports get room.
        An interval stands at the end of its day, right of the reports that it rests on.

    Examples
    --------
    >>> tolls.plots.timeline(timeline, node="civilians")  # doctest: +SKIP
    """
    name, last = node or timeline.case.names[0], timeline.estimates[-1]
    last.tolls(name)  # refuses an unknown node
    tables = timeline.summary(ci_prob), timeline.summary(INNER)
    outer, core = (table[table["node"] == name] for table in tables)
    canvas = _Canvas(ax, timeline.case.reports, [name], last.evidence, upright=True)
    canvas.count_axis(outer[["lo", "hi"]])
    canvas.columns(timeline.case.start, list(outer["as_of"]))
    for i in range(len(outer)):
        canvas.interval(i + 1, outer.iloc[i], core.iloc[i])
    title = f"{timeline.case.title}: {name.replace('_', ' ')}"
    keys = _interval_keys(ci_prob) | canvas.report_keys()
    return canvas.finish(title, "Published by the end of", keys)


class _Canvas:
    """Axes on which counts run along one direction, and the reports to be drawn on them."""

    def __init__(
        self,
        ax: Axes | None,
        found: Sequence[Report],
        nodes: Sequence[str],
        evidence: Evidence,
        upright: bool = False,
    ) -> None:
        own = [r for r in found if r.category in nodes]
        killed = [r for r in own if r.measure == MEASURES[0] and r.figure]
        self.said = sorted(killed, key=lambda r: (r.published, r.row))
        self.hidden, self.evidence = len(own) - len(killed), evidence
        self.new = ax is None
        if ax is None:
            _, ax = plt.subplots(figsize=(WIDTH, 5.0), layout="constrained")
        figure = ax.get_figure(root=True)
        assert figure is not None
        self.ax, self.figure, self.upright, self.dot, self.margin = ax, figure, upright, DOT, 0.0
        kept = 0.8 if figure.get_layout_engine() and not upright else 1.0  # labels take the rest
        box = ax.get_window_extent()
        self.width, self.height = (kept * 72 / figure.dpi * s for s in (box.width, box.height))
        self.size = FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points()
        ax.spines[["top", "right"]].set_visible(False)

    def count_axis(self, seen: Any = (), wish: Any = ()) -> None:
        """Scale the counts so that everything is seen, and what is wished unless far off."""
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
            pad = max(1.25, (top / low) ** 0.06, 2 * (low / top) ** 0.5)
            self.limits = low / pad, top * pad ** (1 + self.upright)
            decades = log10(self.limits[1] / self.limits[0])
            scale("log")
            subs = (1, 2, 5) if decades < 1.6 else (1, 3) if decades < 2.2 else (1,)
            axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
        (self.ax.set_ylim if self.upright else self.ax.set_xlim)(*self.limits)

    def place(self, value: float) -> float:
        """Return where a count lies, as a fraction of its axis."""
        point = (0, value) if self.upright else (value, 0)
        return float((self.ax.transScale + self.ax.transLimits).transform(point)[int(self.upright)])

    def span(self, report: Report) -> tuple[float, float]:
        """Return where a report's mark begins and ends, as fractions of the axis of counts."""
        wording, length = WORDINGS[report.qualifier], self.height if self.upright else self.width
        arrow, half = (ARROW + 1) / length, (self.dot / 2 + 1) / length
        return (
            self.place(min(report.figure)) - (arrow if wording == UP_TO else half),
            self.place(max(report.figure)) + (arrow if wording == AT_LEAST else half),
        )

    def lanes(self, said: Sequence[Report]) -> list[list[Report]]:
        """Put each report in the lane of the one before where there is room, else in the next."""
        lanes: list[list[Report]] = []
        taken: list[tuple[float, float]] = []
        for report in said:
            low, high = self.span(report)
            if not lanes or any(low < end and start < high for start, end in taken):
                lanes.append([])
                taken = []
            lanes[-1].append(report)
            taken.append((low, high))
        return lanes

    def rows(self, names: Sequence[str], room: Sequence[tuple[float, float]]) -> list[float]:
        """Set out labelled rows by the points they need above and below; return where they lie."""
        labels = [fill(name, WRAP) for name in names]
        half = np.array([[0.65 * self.size * (1 + label.count("\n"))] for label in labels])
        need = np.maximum(room, half)
        edges = np.concatenate([[0.0], np.cumsum(need.sum(axis=1))])
        shrink = 1.0 if self.new else min(1.0, self.height / edges[-1])
        self.height, self.dot, self.size = edges[-1], shrink * DOT, shrink * self.size
        ats = [float(at) for at in edges[:-1] + need[:, 0]]
        self.ax.set_ylim(edges[-1], 0)
        self.ax.set_yticks(ats, labels, parse_math=False, size=self.size, linespacing=1.1)
        self.ax.tick_params(axis="y", length=0)
        across = self.ax.get_yaxis_transform()
        self.ax.hlines(edges[1:-1], 0, 1, color=PALE, lw=0.6, zorder=0, transform=across)
        return ats

    def columns(self, start: date, days: Sequence[date]) -> None:
        """Set out time in columns, each up to the end of a day, and draw the reports in them."""
        later = [r.published.day for r in self.said if r.published.day > days[-1]]
        knots = [start.toordinal(), *(day.toordinal() + 1 for day in (*days, *later[-1:]))]
        self.ax.set_xlim(-0.1, len(knots) - 0.75)
        year = [f"\n{b.year}" * (a.year != b.year) for a, b in pairwise([date.min, *days])]
        labels = [f"{d.day}\n{d:%b}{y}" for d, y in zip(days, year, strict=True)]
        self.ax.set_xticks(range(1, len(days) + 1), labels)
        step = (self.dot + 2) / self.width * (len(knots) - 0.65)
        taken: list[tuple[float, float, float]] = []
        for report in self.said:
            low, high = self.span(report)
            when = report.published.when
            at = float(np.interp(when.toordinal() + when.hour / 24, knots, range(len(knots))))
            free = np.linspace(np.floor(at) + 1.2 * step, np.floor(at) + 1 - 1.2 * step, 13)
            beside = [x for x, a, b in taken if low < b and a < high]
            crowd = [sum(max(0.0, 1 - abs(x - other) / step) for other in beside) for x in free]
            at = min(zip(crowd, abs(free - at), free, strict=True))[2]
            taken.append((at, low, high))
            self.report(report, at, (INK, ""))

    def line(self, at: float, ends: Any, label: str, style: Style) -> None:
        """Draw a line or marks along the counts."""
        data = ([at] * len(ends), ends) if self.upright else (ends, [at] * len(ends))
        self.ax.add_line(Line2D(*data, solid_capstyle="butt", label=f"_{label}", **style))

    def interval(self, at: float, outer: Any, inner: Any = None) -> None:
        """Draw a median and its interval, with a thick one inside where that is narrower."""
        self.line(at, outer[["lo", "hi"]], "interval", THIN)
        if inner is not None and outer["ci_prob"] > INNER:
            self.line(at, inner[["lo", "hi"]], "inner", THICK)
        self.line(at, outer[["median"]], "median", MEDIAN)

    def reports(
        self, lanes: Sequence[Sequence[Report]], top: float, looks: Mapping[str, tuple[str, str]]
    ) -> None:
        """Draw reports lane by lane."""
        for i, lane in enumerate(lanes):
            for report in lane:
                self.report(report, top + i * LANE, looks.get(report.category, (INK, "")))

    def report(self, report: Report, at: float, look: tuple[str, str]) -> None:
        """Draw a report by its wording and fate; a shape in the look tells its node."""
        (colour, shape), wording = look, WORDINGS[report.qualifier]
        aside = self.evidence.fates[report.row][0] != "evidence"
        style = _style(wording, colour, shape or "o", aside, self.upright, self.dot)
        ends = sorted({min(report.figure), max(report.figure)})
        self.line(at, ends, f"report {report.row}", style)
        if shape and wording not in ("exact", "about"):
            self.line(at, ends, "shape", style | {"marker": shape, "ms": 0.7 * self.dot, "ls": ""})

    def write(
        self, text: str, xy: tuple[float, float], offset: tuple[float, float], **style: Any
    ) -> None:
        """Write a small text so many points from a place."""
        style |= {"textcoords": "offset points", "size": 0.9 * self.size, "color": INK}
        self.ax.annotate(text, xy, offset, **style)

    def column(self, ats: Sequence[float], cells: Sequence[str], end: float, head: str) -> None:
        """Write a column of text that ends so many letters right of the axes."""
        self.margin = 0.5 * end * self.size
        where: Style = {"xycoords": self.ax.get_yaxis_transform(), "ha": "right"}
        self.write(head, (1, 0), (self.margin, 3), va="bottom", **where)
        for at, cell in zip(ats, cells, strict=True):
            self.write(cell, (1, at), (self.margin, 0), va="center_baseline", **where)

    def report_keys(self) -> dict[str, Style]:
        """Return what the legend says of the reports."""
        used = {WORDINGS[report.qualifier] for report in self.said}
        keys = {
            wording: _style(wording, INK, "o", upright=self.upright and wording != "range")
            for wording in dict.fromkeys(WORDINGS.values())
            if wording in used
        }
        found = {self.evidence.fates[report.row][0] for report in self.said}
        if pale := ", ".join(fate.replace("_", " ") for fate in FATES[1:] if fate in found):
            keys[f"no evidence: {pale}"] = _style("exact", INK, "o", aside=True)
        return keys | (
            {f"not drawn: {self.hidden} without a count": {"ls": ""}} if self.hidden else {}
        )

    def finish(self, title: str, label: str, keys: Mapping[str, Style]) -> Axes:
        """Add title, labels and a legend below; give a new figure of rows its height."""
        self.ax.set_title(fill(title, 45), parse_math=False, pad=30 if self.margin else 6)
        self.ax.set_xlabel(label)
        if self.upright:
            self.ax.set_ylabel("People killed")
        handles = [Line2D([], [], label=fill(key, 26), **style) for key, style in keys.items()]
        drop = (4.2 + 2.4 * self.upright) * self.size
        move = ScaledTranslation(self.margin / 72, -drop / 72, self.figure.dpi_scale_trans)
        most = max(1, round((self.width + self.margin + 100) / 125))
        legend = self.ax.legend(
            handles=handles, loc="upper right", bbox_to_anchor=(1, 0), frameon=False,
            bbox_transform=self.ax.transAxes + move, fontsize="small",
            ncols=min(most, (len(keys) + 1) // 2),
            handler_map={h: HandlerLine2D(numpoints=2) for h in handles if h.get_label() == "range"},
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)
        if self.new and not self.upright:
            self.figure.set_figheight((self.height + 75 + 6 * len(keys)) / 72)
        return self.ax


def _style(
    wording: str,
    colour: str,
    shape: str,
    aside: bool = False,
    upright: bool = False,
    dot: float = DOT,
) -> Style:
    """Return how a wording is drawn; what is no evidence is paler, smaller and further back."""
    ink = tuple(0.45 * c + 0.55 if aside else c for c in to_rgb(colour))
    marker: str | MarkerStyle = shape
    dot *= 0.75 if aside else 1
    if wording == "range":
        marker = "_" if upright else "|"
    elif wording in (AT_LEAST, UP_TO):
        turn = Affine2D().rotate_deg(90 * upright + 180 * (wording == UP_TO))
        marker, dot = MarkerStyle(BOUND, "none", turn), dot * 2 * ARROW / DOT
    return {
        "color": ink, "marker": marker, "ms": dot, "mew": 1.2, "lw": 1.2,
        "mfc": "white" if wording == "about" else ink,
        "ls": "-" if wording == "range" else "", "zorder": 3 - 0.5 * aside,
    }  # fmt: skip


def _interval_keys(ci_prob: float, inner: bool = True) -> dict[str, Style]:
    thick = {f"{percent(INNER)} interval": THICK} if inner and ci_prob > INNER else {}
    return {"median": MEDIAN, f"{percent(ci_prob)} interval": THIN} | thick
