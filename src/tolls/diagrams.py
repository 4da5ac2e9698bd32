"""Figures of calibration and backtests, beside those in `plots`, which offers them.

Like those they draw results on matplotlib Axes, compute no statistic, and show and save nothing.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tolls.calibration import ALL, FAMILY, Calibration
from tolls.constants import CI_PROB
from tolls.formatting import inert, percent
from tolls.scoreboard import OURS, Backtest

__all__ = ["backtest", "calibration"]

type Style = dict[str, Any]
SIZE = (6.2, 5.2)  # inches of a new figure
BAND: Style = {"color": "#d9d9d9", "lw": 0, "zorder": 0}
UNIFORM: Style = {"color": "0.4", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 1}
EACH: Style = {"color": "#0072b2", "lw": 0.7, "alpha": 0.4, "zorder": 2}
FURTHEST: Style = {"color": "#262626", "lw": 1.6, "zorder": 3}
ROOM = 0.15  # of the height is left above the lines for the legend
HEAD = "Intervals that held the truth, in percent ± Monte Carlo error"

# of a backtest
WIDTH, ROW, EDGES = 7.0, 0.21, 1.3  # inches of a new figure: across, per row, above and below
NAME = 1.25  # rows that the name of a case and node takes
INNER = 0.5  # probability of the thick lines
THIN: Style = {"color": "#0072b2", "lw": 1.4, "zorder": 2}
THICK = THIN | {"lw": 4.5}
MEDIAN = THIN | {"marker": "o", "ls": "", "ms": 6, "mfc": "white", "mew": 1.4, "zorder": 4}
VERIFIED: Style = {"color": "#bdbdbd", "lw": 8, "zorder": 1, "solid_capstyle": "butt"}
SHAPES = "^sDPXv<>"  # of the point baselines
PALE: Style = {"color": "0.35", "ls": "", "ms": 4.5, "mfc": "none", "mew": 0.9, "zorder": 3}


def calibration(result: Calibration, *, ax: Axes | None = None) -> Axes:
    """Draw how far the ranks of every quantity are from uniform, the band, and the coverage.

    Parameters
    ----------
    result : Calibration
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        A line per quantity: the share of the runs in which no more than so many of the draws lie
        below the truth, less what is due; times the root of the number of runs, so that one band
        serves quantities of different numbers of runs. A hump on the left and a dent on the right
        say that intervals are too narrow, the reverse too wide; a line on one side of zero, that
        the draws lie too high (above zero) or too low. Below stands how often intervals held the
        truth.

    Examples
    --------
    >>> tolls.plots.calibration(result)  # doctest: +SKIP
    """
    if ax is None:
        _, ax = plt.subplots(figsize=SIZE, layout="constrained")
    for name in result.quantities:
        points, share, low, high = result.ecdf(name)
        root = np.sqrt(len(result.of(name)))
        own: Style = {"label": f"_{name}"} | EACH
        if name == result.furthest:
            own = {"label": f"furthest: {inert(name)}"} | FURTHEST
            label = f"{percent(FAMILY)} band of all together"
            ax.fill_between(points, root * low, root * high, label=label, **BAND)
        ax.plot(points, root * share, **own)
    ax.plot([], [], label="the others", **EACH)
    ax.axhline(0, **UNIFORM)
    ax.set_xlim(0, 1)
    ax.set_ylabel("√runs × (share of the runs − uniform)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"{len(result.ranks):,} simulated cases, {len(result.quantities)} quantities")
    legend = ax.legend(frameon=False, fontsize="small", ncols=3, loc="upper center")
    for text in legend.get_texts():
        text.set_parse_math(False)
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top + ROOM * (top - bottom))
    table = result.summary().set_index("quantity")
    tolls = "toll" if "toll" in table.index else result.quantities[0]
    both = zip(table.loc[tolls].itertuples(), table.loc[ALL].itertuples(), strict=True)
    lines = [f"{percent(t.level)}: tolls {_held(t)}, all {_held(a)}" for t, a in both]
    ax.set_xlabel("\n".join(["Share of the draws that lie below the truth", "", HEAD, *lines]))
    return ax


def _held(row: Any) -> str:
    """Write how often intervals held the truth, in percent."""
    return f"{100 * row.coverage:.1f} ± {100 * row.mc_error:.1f}"


def backtest(result: Backtest, *, ax: Axes | None = None) -> Axes:
    """Draw every scored interval, and what point baselines said, over the toll verified later.

    Parameters
    ----------
    result : Backtest
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        A row per case, node and day. At 1 the toll was found to be what was said; grey where it is
        known as an interval, whose geometric middle is 1 then. Thick lines hold 50 %, thin ones
        95 %. A star marks a day that scores the prior or other reports than the day's; the printed
        result says why.

    Examples
    --------
    >>> tolls.plots.backtest(result)  # doctest: +SKIP
    """
    scores = result.scores
    ours = scores[scores["method"] == OURS].sort_values(["case", "node", "day"], kind="stable")
    points = scores[scores["kind"] == "point"]
    shapes = dict(zip(dict.fromkeys(points["method"]), SHAPES, strict=False))
    said = {key: own for key, own in points.groupby(["case", "node", "day"])}
    ats, labels, heads = _rows(ours.to_dict("records"))
    if ax is None:
        size = WIDTH, EDGES + ROW * ats[-1]
        _, ax = plt.subplots(figsize=size, layout="constrained")
    seen = [1.0]
    for at, row in zip(ats, ours.to_dict("records"), strict=True):
        ends = np.maximum([row["truth_lo"], row["truth_hi"]], 0.5)
        middle = float(np.sqrt(ends.prod()))
        if ends[0] < ends[1]:
            _line(ax, at, ends / middle, VERIFIED)
        for names, style in ((("lo", "hi"), THIN), (("lo_50", "hi_50"), THICK)):
            values = np.maximum([row[name] for name in names], 0.5) / middle
            _line(ax, at, values, style | {"solid_capstyle": "butt"})
            seen += list(values)
        _line(ax, at, [max(row["point"], 0.5) / middle], MEDIAN)
        for one in said.get((row["case"], row["node"], row["day"]), points[:0]).to_dict("records"):
            place = max(one["point"], 0.5) / middle
            _line(ax, at, [place], PALE | {"marker": shapes[one["method"]]})
            seen.append(place)
    ax.axvline(1, **UNIFORM)
    ax.set_xscale("log")
    ax.set_xlim(min(seen) / 1.3, max(seen) * 1.3)
    ax.xaxis.set_major_formatter("{x:,.10g}")
    ax.xaxis.set_minor_formatter("")
    ax.set_ylim(ats[-1] + 0.8, ats[0] - NAME - 0.6)
    ax.set_yticks(ats, labels)
    for at, text in heads:
        ax.annotate(
            text, (0, at), (-2, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
            ha="right", va="center", parse_math=False,
        )  # fmt: skip
        ax.axhline(at - 0.65, color="#d9d9d9", lw=0.6, zorder=0)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_xlabel("said / verified later")
    keys = {
        f"{percent(CI_PROB)} interval": THIN,
        f"{percent(INNER)} interval": THICK,
        "median": MEDIAN,
        "verified as an interval": VERIFIED,
    } | {f"{method}": PALE | {"marker": shape} for method, shape in shapes.items()}
    handles = [Line2D([], [], label=key, **style) for key, style in keys.items()]
    ax.legend(
        handles=handles, ncols=4, loc="lower right", bbox_to_anchor=(1, 1), frameon=False,
        fontsize="small",
    )  # fmt: skip
    return ax


def _rows(records: list[dict[Any, Any]]) -> tuple[list[float], list[str], list[tuple[float, str]]]:
    """Return where the rows stand, what they are called, and the names of cases above them."""
    ats, labels, heads, at, before = [], [], [], 0.0, None
    several = {row["case"] for row in records if row["node"] != records[0]["node"]}
    for row in records:
        group = row["case"], row["node"]
        if group != before:
            at += NAME
            name = f"{group[0]}: {group[1].replace('_', ' ')}" if several else group[0]
            heads.append((at, inert(name)))
            before = group
        at += 1
        ats.append(at)
        labels.append(f"day {row['day']}{'*' * bool(row['note'])}")
    return ats, labels, heads


def _line(ax: Axes, at: float, ends: Any, style: Style) -> None:
    ax.plot(ends, [at] * len(ends), **style)
