"""Figures: every function takes a result and draws it on matplotlib Axes.

Nothing here computes a statistic: intervals come from the results' own tables. Nothing is shown,
saved or set globally. Figures of calibration and backtests are in `diagrams`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Affine2D, ScaledTranslation

from tolls.constants import CI_PROB
from tolls.diagrams import backtest, calibration
from tolls.errors import InputError
from tolls.estimate import Estimate
from tolls.evidence import FATES, Evidence
from tolls.formatting import count, inert, interval, percent
from tolls.reports import Report
from tolls.sensitivities import Sensitivity
from tolls.timelines import Timeline

__all__ = ["backtest", "calibration", "reports", "sensitivity", "sources", "timeline", "tolls"]

type Style = dict[str, Any]
type Look = tuple[str, str]  # colour and shape
INNER = 0.5  # probability of the thick lines
WIDTH, WRAP, KEY = 5.0, 24, 22  # inches of a new figure, letters in a line of a label and of a key
DOT, ARROW, LANE = 5.5, 13.0, 8.5  # points: a mark, the arrow of an open bound, mark to mark
PRIOR: Style = {"color": "#d9d9d9", "lw": 9, "zorder": 1}
THIN: Style = {"color": "#0072b2", "lw": 1.4, "zorder": 2}
THICK = THIN | {"lw": 4.5}
MEDIAN = THIN | {"marker": "o", "ls": "", "ms": 6, "mfc": "white", "mew": 1.4}
KNOWABLE: Style = {"color": "0.4", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 0}
BAND = PRIOR | {"color": "#ececec", "zorder": 0}
PLAIN: Look = ("#262626", "o")
# Okabe and Ito's colours but for the alarming ones; the shapes say the same without colour
COLOURS = "#000000", "#0072b2", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#777777"
LOOKS: Sequence[Look] = list(zip(COLOURS, "osD^vPX", strict=True))
AT_LEAST, UP_TO = "at least, more than", "up to, fewer than"
WORDINGS = {
    "exact": "exact", "about": "about", "range": "range", "estimate": "range",
    "at_least": AT_LEAST, "more_than": AT_LEAST, "up_to": UP_TO, "fewer_than": UP_TO,
}  # fmt: skip
# An open bound: a tick at the stated count, an arrow to the side where the toll is said to be
BOUND = Path(
    [(0, -0.38), (0, 0.38), (0, 0), (1, 0), (0.64, 0.27), (1, 0), (0.64, -0.27)],
    [Path.MOVETO, Path.LINETO] * 3 + [Path.LINETO],
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
        Nodes and unions of one measure from the top; those of the killed in declared order where
        left out.
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
    chosen = list(estimate.case.names if nodes is None else nodes)
    of, plain = _of_one_measure(estimate, chosen)
    table, core = estimate.summary(ci_prob).loc[chosen], estimate.summary(INNER).loc[chosen]
    canvas = _Canvas(ax, of.evidence, plain)
    canvas.count_axis(table[["lo", "hi"]], table[["prior_lo", "prior_hi"]])
    groups = [[r for r in canvas.said if r.category == node] for node in plain]
    ats = canvas.rows([node.replace("_", " ") for node in chosen], groups, lead=20)
    for i, at in enumerate(ats):
        lo, hi, median = table.iloc[i][["lo", "hi", "median"]]
        canvas.interval(at, ci_prob, table.iloc[i], core.iloc[i])
        side = ("left", "center", "right")[int(np.digitize(canvas.place(median), (0.3, 0.7)))]
        text = f"{count(median, hi - lo)} ({interval(lo, hi)})"
        canvas.say(text, (median, at), (0, 5), ha=side, va="bottom")
    return canvas.finish(estimate.case.title, f"People {of.case.measure}")


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
        Colour and shape tell the node. Pale is no evidence; what has no count is in the legend.

    Examples
    --------
    >>> tolls.plots.reports(estimate)  # doctest: +SKIP
    """
    nodes = estimate.case.names
    canvas = _Canvas(ax, estimate.evidence, nodes)
    canvas.count_axis()
    canvas.looks = {node: LOOKS[i % len(LOOKS)] for i, node in enumerate(nodes)}
    canvas.keys = {n.replace("_", " "): _style("exact", k) for n, k in canvas.looks.items()}
    names = [n for n in estimate.case.sources if any(r.source == n for r in canvas.said)]
    canvas.rows(names, [[r for r in canvas.said if r.source == name] for name in names])
    return canvas.finish(estimate.case.title, "People killed, as stated")


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
    table = estimate.sources(ci_prob).rename(columns=lambda name: name.removeprefix("bias_"))
    canvas = _Canvas(ax, estimate.evidence, ())
    canvas.count_axis(table[["lo", "hi", "prior_lo", "prior_hi"]].assign(knowable=1.0))
    ats = canvas.rows([str(name) for name in table.index], [()] * len(table))
    for i, at in enumerate(ats):
        canvas.interval(at, ci_prob, table.iloc[i])
    canvas.ax.axvline(1, **KNOWABLE)
    canvas.keys["states what is knowable"] = KNOWABLE
    canvas.column(ats, [f"{p:.2f}" for p in table["reliability_prior"]], 8, "reliability\nbefore")
    canvas.column(ats, [f"{p:.2f}" for p in table["reliability"]], 14, "after")
    canvas.column(ats, [f"{n}" for n in table["reports"]], 22, "reports")
    return canvas.finish(estimate.case.title, "Bias: stated / knowable")


def sensitivity(result: Sensitivity, *, ci_prob: float = CI_PROB, ax: Axes | None = None) -> Axes:
    """Draw the headline under everything that was changed, over its interval as declared.

    Parameters
    ----------
    result : Sensitivity
    ci_prob : float
        Probability of the intervals.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        The column is the median over that as declared, or the probability of the statement where
        one was given. Answers that were refused have no line.

    Examples
    --------
    >>> tolls.plots.sensitivity(tolls.sensitivity(case, seed=1, at_least=1000))  # doctest: +SKIP
    """
    table = result.summary(ci_prob=ci_prob)
    known = table["median"].notna()
    canvas = _Canvas(ax, result.estimate.evidence, ())
    canvas.count_axis(table.loc[known, ["lo", "hi"]])
    ats = canvas.rows([str(name) for name in table.index], [()] * len(table))
    declared = table.iloc[0]
    canvas.ax.axvspan(declared["lo"], declared["hi"], color=BAND["color"], zorder=BAND["zorder"])
    for at, (_, row) in zip(ats, table.iterrows(), strict=True):
        if not np.isnan(row["median"]):
            canvas.interval(at, ci_prob, row)
    canvas.keys[f"as declared, {percent(ci_prob)}"] = BAND
    if result.at_least is None:
        canvas.column(ats, _cells(table["ratio"]), 9, "median /\ndeclared")
    else:
        canvas.ax.axvline(result.at_least, **KNOWABLE)
        canvas.keys[f"at least {result.at_least:,.0f}"] = KNOWABLE
        canvas.column(ats, _cells(table["probability"]), 9, f"P(≥ {result.at_least:,.0f})")
    return canvas.finish(f"{result.case.title}: {result.node}", f"People {result.case.measure}")


def timeline(
    timeline: Timeline, *, node: str | None = None, ci_prob: float = CI_PROB, ax: Axes | None = None
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
    of, plain = _of_one_measure(last, [name])
    outer, core = (t[t["node"] == name] for t in map(timeline.summary, (ci_prob, INNER)))
    canvas = _Canvas(ax, of.evidence, plain, upright=True)
    canvas.count_axis(outer[["lo", "hi"]])
    for i in range(len(outer)):
        canvas.interval(i + 1, ci_prob, outer.iloc[i], core.iloc[i])
    canvas.columns(timeline.case.start, list(outer["as_of"]))
    canvas.ax.set_ylabel(f"People {of.case.measure}")
    title = f"{timeline.case.title}: {name.replace('_', ' ')}"
    return canvas.finish(title, "Published by the end of")


def _cells(numbers: Iterable[float]) -> list[str]:
    return ["—" if np.isnan(number) else f"{number:.2f}" for number in numbers]


def _of_one_measure(estimate: Estimate, nodes: Sequence[str]) -> tuple[Estimate, list[str]]:
    """Return the estimate that nodes belong to, and what they are called there."""
    found = [estimate.of(node) for node in nodes]  # refuses an unknown one
    measures = dict.fromkeys(own.case.measure for own, _ in found)
    if len(measures) > 1:
        raise InputError(
            f"nodes: {', '.join(nodes)} are of {' and '.join(measures)}; allowed: nodes of one "
            "measure, for which one axis holds"
        )
    return found[0][0], [own.case.names[i] for own, i in found]


class _Canvas:
    """Axes on which counts run along one direction, the reports for it, and a growing legend."""

    def __init__(
        self, ax: Axes | None, evidence: Evidence, nodes: Sequence[str], upright: bool = False
    ) -> None:
        self.new = None
        if ax is None:
            self.new, ax = plt.subplots(figsize=(WIDTH, 5.0), layout="constrained")
        self.ax, self.evidence, self.upright = ax, evidence, upright
        own = [r for r in evidence.case.reports if r.category in nodes]
        said = [r for r in own if r.measure == evidence.case.measure and r.figure]
        self.said = sorted(said, key=lambda r: (r.published, r.row))
        self.dot, self.margin, self.hidden = DOT, 0.0, len(own) - len(said)
        self.size = float(ax.xaxis.label.get_fontsize())
        scale = 72 / ax.figure.dpi * (0.8 if ax.figure.get_layout_engine() and not upright else 1.0)
        self.width, self.height = (scale * side for side in ax.get_window_extent().size)
        self.length = 0.7 * self.height if upright else self.width  # the legend takes the rest
        self.keys, self.looks = dict[str, Style](), dict[str, Look]()
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
            arrow = (top / low) ** (1.4 * (ARROW + 1) / self.length)
            pad = max(1.25, arrow, 2 * (low / top) ** 0.5)
            self.limits = low / pad, top * pad
            decades = np.log10(self.limits[1] / self.limits[0])
            subs = (1, 2, 5) if decades < 1.6 else (1, 3) if decades < 2.2 else (1,)
            most = self.length / (0.45 * self.size * max(3, len(f"{top:,.0f}")))
            scale("log")
            axis.set_major_locator(LogLocator(subs=subs, numticks=max(2, int(most))))
        axis.set_major_formatter("{x:,.10g}")
        axis.set_minor_formatter("")
        (self.ax.set_ylim if self.upright else self.ax.set_xlim)(*self.limits)

    def place(self, value: float) -> float:
        """Return where a count lies, as a fraction of its axis."""
        point = (0, value) if self.upright else (value, 0)
        return float((self.ax.transScale + self.ax.transLimits).transform(point)[int(self.upright)])

    def span(self, report: Report) -> tuple[float, float]:
        """Return where a report's mark begins and ends, as fractions of the axis of counts."""
        low, high = self.place(min(report.figure)), self.place(max(report.figure))
        far = [ARROW if WORDINGS[report.qualifier] == w else DOT / 2 for w in (UP_TO, AT_LEAST)]
        return low - (far[0] + 1) / self.length, high + (far[1] + 1) / self.length

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

    def rows(self, names: Sequence[str], groups: Sequence[Any], lead: float = 0) -> list[float]:
        """Set out labelled rows with their reports, below a lead if any; return the middles."""
        lanes = [self.lanes(said) for said in groups]
        depth = np.array([[10 + LANE * len(own)] for own in lanes])
        room = np.hstack([0 * depth + lead, depth] if lead else [np.maximum(18, depth) / 2] * 2)
        labels = [fill(inert(name), WRAP) for name in names]
        half = np.array([[0.65 * self.size * (1 + label.count("\n"))] for label in labels])
        need = np.maximum(room, half)
        edges = np.concatenate([[0.0], np.cumsum(need.sum(axis=1))])
        shrink = 1.0 if self.new else min(1.0, self.height / edges[-1])
        letters = self.size * min(1.0, shrink * float((need / half).min()))
        self.height, self.dot = float(edges[-1]), shrink * DOT
        self.notes = self.size * min(0.9, 1.1 * shrink)
        ats = [float(at) for at in edges[:-1] + need[:, 0]]
        self.ax.set_ylim(edges[-1], 0)
        self.ax.set_yticks(ats, labels, parse_math=False, size=letters, linespacing=1.1)
        self.ax.tick_params(axis="y", length=0)
        self.ax.hlines(edges[1:-1], *self.limits, color=PRIOR["color"], lw=0.6, zorder=0)
        for at, own in zip(ats, lanes, strict=True):
            first = at + 11 if lead else at - (len(own) - 1) / 2 * LANE
            for i, lane in enumerate(own):
                for report in lane:
                    self.report(report, first + i * LANE)
        return ats

    def columns(self, start: date, days: Sequence[date]) -> None:
        """Set out time in columns, each up to the end of a day, and draw the reports in them."""
        later = [r.published.day for r in self.said if r.published.day > days[-1]]
        knots = [start.toordinal(), *(day.toordinal() + 1 for day in (*days, *later[-1:]))]
        self.ax.set_xlim(-0.1, len(knots) - 0.75)
        self.ax.set_xticks(range(1, len(days) + 1), [f"{d.day}\n{d:%b}\n{d.year}" for d in days])
        step = (self.dot + 2) / self.width * (len(knots) - 0.65)
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

    def interval(self, at: float, ci_prob: float, row: Any, core: Any = None) -> None:
        """Draw a median and an interval over the row's prior, if any; the core only if narrower."""
        drawn: dict[str, tuple[Style, Any]] = {}
        if "prior_lo" in row:
            prior = np.clip(row[["prior_lo", "prior_hi"]], *self.limits)
            drawn[f"prior, {percent(ci_prob)}"] = PRIOR, prior
        drawn[f"{percent(ci_prob)} interval"] = THIN, row[["lo", "hi"]]
        if core is not None and ci_prob > INNER:
            drawn[f"{percent(INNER)} interval"] = THICK, core[["lo", "hi"]]
        drawn["median"] = MEDIAN, row[["median"]]
        for key, (style, ends) in drawn.items():
            self.line(at, ends, key, style)
            self.keys[key] = style

    def report(self, report: Report, at: float) -> None:
        """Draw a report by its wording and fate, with the look of its node."""
        wording, fate = WORDINGS[report.qualifier], self.evidence.fates[report.row][0]
        look = self.looks.get(report.category, PLAIN)
        style = _style(wording, look, fate != "evidence", self.upright)
        style["ms"] *= self.dot / DOT
        ends = sorted(set(report.figure))
        self.line(at, ends, f"report {report.row}", style)
        if look != PLAIN and wording not in ("exact", "about"):
            self.line(at, ends, "shape", style | {"marker": look[1], "ms": self.dot - 1, "ls": ""})

    def say(self, text: str, xy: Any, offset: Any, **style: Any) -> None:
        """Write a small text so many points from a place."""
        self.ax.annotate(text, xy, offset, textcoords="offset points", size=self.notes, **style)

    def column(self, ats: Sequence[float], cells: Sequence[str], end: float, head: str) -> None:
        """Write a column of text that ends so many letters right of the axes."""
        self.margin = 0.55 * end * self.notes
        style: Style = {"xycoords": self.ax.get_yaxis_transform(), "ha": "right"}
        self.say(head, (1, 0), (self.margin, 3), va="bottom", **style)
        for at, cell in zip(ats, cells, strict=True):
            self.say(cell, (1, at), (self.margin, 0), va="center_baseline", **style)

    def finish(self, title: str, label: str) -> Axes:
        """Add title, label and a legend below; give a new figure of rows its height."""
        used = {WORDINGS[r.qualifier] for r in self.said} - ({"exact"} if self.looks else set())
        for key in (wording for wording in dict.fromkeys(WORDINGS.values()) if wording in used):
            self.keys[key] = _style(key, PLAIN, upright=self.upright and key != "range")
        found = {self.evidence.fates[report.row][0] for report in self.said} - {"evidence"}
        if pale := ", ".join(fate.replace("_", " ") for fate in FATES if fate in found):
            self.keys[f"no evidence: {pale}"] = _style("exact", PLAIN, aside=True)
        if self.hidden:
            self.keys[f"not drawn: {self.hidden} in words or of another measure"] = {"ls": ""}
        keys = {fill(inert(key), KEY): style for key, style in self.keys.items()}
        handles = [Line2D([], [], label=key, **style) for key, style in keys.items()]
        wide = {h: HandlerLine2D(numpoints=2) for h in handles if h.get_label() == "range"}
        drop = (4.2 + 2.4 * self.upright) * self.size  # below tick labels and label
        move = ScaledTranslation(self.margin / 72, -drop / 72, self.ax.figure.dpi_scale_trans)
        fit = max(1, round((self.width + self.margin + 100) / 125))
        legend = self.ax.legend(
            handles=handles, handler_map=wide, ncols=min(fit, (len(handles) + 1) // 2),
            loc="upper right", bbox_to_anchor=(1, 0), bbox_transform=self.ax.transAxes + move,
            fontsize="small", labelspacing=0.5 + 0.9 * self.upright, handletextpad=1, frameon=False,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)
        letters, pad = (34, 30) if self.margin else (45, 6)
        self.ax.set_title(fill(inert(title), letters), parse_math=False, pad=pad)
        self.ax.set_xlabel(label)
        if self.new and not self.upright:
            self.new.set_figheight((self.height + 110 + 7 * len(handles)) / 72)
        return self.ax


def _style(wording: str, look: Look, aside: bool = False, upright: bool = False) -> Style:
    """Return how a wording is drawn; what is no evidence is paler, smaller and further back."""
    ink = tuple(0.45 * c + 0.55 if aside else c for c in to_rgb(look[0]))
    marker: str | MarkerStyle = look[1]
    size = DOT * (0.75 if aside else 1)
    if wording == "range":
        marker = "_" if upright else "|"
    elif wording in (AT_LEAST, UP_TO):
        turn = Affine2D().rotate_deg(90 * upright + 180 * (wording == UP_TO))
        marker, size = MarkerStyle(BOUND, "none", turn), size * 2 * ARROW / DOT
    return {
        "color": ink, "marker": marker, "ms": size, "mew": 1.2, "lw": 1.2,
        "mfc": "white" if wording == "about" else ink,
        "ls": "-" if wording == "range" else "", "zorder": 3 - 0.5 * aside,
    }  # fmt: skip
