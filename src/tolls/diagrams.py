"""Figures of calibration and backtests, beside those in `plots`, which offers them.

Like those they draw results on matplotlib Axes, compute no statistic, and show and save nothing.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tolls.calibration import ALL, FAMILY, Calibration
from tolls.constants import CI_PROB
from tolls.errors import check_result
from tolls.formatting import percent
from tolls.frames import LINE, Frame, count_ticks, wide, wrapped
from tolls.ink import ABOVE, INNER, KNOWABLE, MEDIAN, PRIOR, RULE, THICK, THIN, Style, scaled
from tolls.measures import readable
from tolls.scoreboard import OURS, Backtest

__all__ = ["backtest", "calibration"]

SIZE = (6.2, 5.2)  # inches of a new figure of a calibration
BAND: Style = {"color": PRIOR["color"], "lw": 0, "zorder": 0}
KEY: Style = PRIOR | {"lw": 7}
UNIFORM = KNOWABLE | {"zorder": 1}
EACH: Style = {"color": THIN["color"], "lw": 0.7, "alpha": 0.4, "zorder": 2}
FURTHEST: Style = {"color": "#262626", "lw": 1.6, "zorder": 3}
FINE = 2.0  # percent of Monte Carlo error, below which tenths are told
HEAD = "Intervals that held the truth, in percent ± Monte Carlo error"

# of a backtest
WIDTH, ROW = 7.0, 15.0  # inches across of a new figure, points of a row
NAME = 1.25  # rows that the name of a case and node takes
VERIFIED: Style = {"color": "#bdbdbd", "lw": 8, "zorder": 1}
SHAPES = "^sDx+v<>"  # of the point baselines
APART = 0.64  # of a row, over which the baselines are spread, each at a height of its own
PALE: Style = {"color": "0.35", "ls": "", "ms": 4.5, "mfc": "none", "mew": 0.9, "zorder": 3}
STARRED = "*  the prior, or other reports than the day's"


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
    check_result("result", result, Calibration)
    frame = Frame(ax, SIZE)
    ax = frame.ax
    for name in result.quantities:
        points, share, low, high = result.ecdf(name)
        root = np.sqrt(len(result.of(name)))
        own: Style = {"label": f"_{name}"} | scaled(EACH, frame.scale)
        if name == result.furthest:
            own = {"label": f"furthest: {name}"} | scaled(FURTHEST, frame.scale)
            ax.fill_between(points, root * low, root * high, **BAND)
        ax.plot(points, root * share, **own)
    ax.axhline(0, **scaled(UNIFORM, frame.scale))
    ax.set_xlim(0, 1)
    table = result.summary().set_index("quantity")
    tolls = "toll" if "toll" in table.index else result.quantities[0]
    both = zip(table.loc[tolls].itertuples(), table.loc[ALL].itertuples(), strict=True)
    lines = [f"{percent(t.level)}: tolls {_held(t)}, all {_held(a)}" for t, a in both]
    head = wrapped(HEAD, frame.size, 0.8 * frame.width)
    frame.left = wide("−0.0", frame.size) + 15 + LINE * frame.size
    frame.right = wide("1.0", frame.size) / 2
    frame.label("\n".join(["Share of the draws that lie below the truth", "", head, *lines]))
    keys = {
        f"{percent(FAMILY)} band of all together": KEY,
        f"furthest: {result.furthest}": FURTHEST,
    }
    frame.legend(keys | {"the others": EACH}, over=True)
    frame.title(
        f"{len(result.ranks):,} simulated cases, {len(result.quantities)} quantities", frame.above
    )
    frame.side("√runs × (share of the runs − uniform)")
    return frame.finish()


def _held(row: Any) -> str:
    """Write how often intervals held the truth, in percent, no finer than the error allows."""
    decimals = int(100 * row.mc_error < FINE)
    return f"{100 * row.coverage:.{decimals}f} ± {100 * row.mc_error:.{decimals}f}"


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
    check_result("result", result, Backtest)
    scores = result.scores
    ours = scores[scores["method"] == OURS].sort_values(["case", "node", "day"], kind="stable")
    points = scores[scores["kind"] == "point"]
    shapes = dict(zip(dict.fromkeys(points["method"]), SHAPES, strict=False))
    said = {key: own for key, own in points.groupby(["case", "node", "day"])}
    frame = Frame(ax, (WIDTH, WIDTH))
    ax = frame.ax
    ats, labels, heads = _rows(ours.to_dict("records"), frame.size, frame.part * frame.width)
    frame.names(labels, 0.3)
    keys = {
        f"{percent(CI_PROB)} interval": THIN,
        f"{percent(INNER)} interval": THICK,
        "median": MEDIAN,
        "verified as an interval": VERIFIED,
    } | {f"{method}": PALE | {"marker": shape} for method, shape in shapes.items()}
    if any("*" in label for label in labels):
        keys[STARRED] = {"ls": ""}
    frame.legend(keys, over=True)
    frame.label("said / verified later")
    frame.right = frame.size
    deep = ats[-1] + 0.8
    row = ROW * frame.scale if frame.new else min(ROW * frame.scale, max(frame.free, 1.0) / deep)
    fit = row / ROW
    beside = dict(zip(shapes, np.linspace(-APART / 2, APART / 2, len(shapes)), strict=True))
    seen = [1.0]
    for at, own in zip(ats, ours.to_dict("records"), strict=True):
        ends = np.maximum([own["truth_lo"], own["truth_hi"]], 0.5)
        middle = float(np.sqrt(ends.prod()))
        if ends[0] < ends[1]:
            _line(ax, at, ends / middle, scaled(VERIFIED, fit))
        for names, style in ((("lo", "hi"), THIN), (("lo_50", "hi_50"), THICK)):
            values = np.maximum([own[name] for name in names], 0.5) / middle
            _line(ax, at, values, scaled(style, fit))
            seen += list(values)
        _line(ax, at, [max(own["point"], 0.5) / middle], scaled(MEDIAN, fit) | {"zorder": ABOVE})
        for one in said.get((own["case"], own["node"], own["day"]), points[:0]).to_dict("records"):
            place, method = max(one["point"], 0.5) / middle, one["method"]
            style = scaled(PALE, fit) | {"marker": shapes[method]}
            _line(ax, at + beside[method], [place], style)
            seen.append(place)
    ax.axvline(1, **scaled(UNIFORM, frame.scale))
    limits = min(seen) / 1.3, max(seen) * 1.3
    ax.set_xscale("log")
    count_ticks(ax.xaxis, limits, frame.length, frame.size)
    ax.set_xlim(*limits)
    ax.set_ylim(deep, 0)
    ax.set_yticks(ats, labels, size=min(1.0, fit * 10 / frame.size) * frame.size)
    for at, text in heads:
        ax.annotate(
            text, (0, at), (-frame.left, 0), xycoords=ax.get_yaxis_transform(), va="top",
            textcoords="offset points", parse_math=False, size=10 * fit,
            bbox={"fc": ax.get_facecolor(), "lw": 0, "pad": 1},
        )  # fmt: skip
        ax.axhline(at - 0.1, **RULE)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return frame.finish(row * deep)


def _rows(
    records: list[dict[Any, Any]], size: float, width: float
) -> tuple[list[float], list[str], list[tuple[float, str]]]:
    """Return where the rows stand, what they are called, and the names of cases above them."""
    ats, labels, heads, at, before = [], [], [], 0.0, None
    several = {row["case"] for row in records if row["node"] != records[0]["node"]}
    for row in records:
        group = row["case"], row["node"]
        if group != before:
            name = f"{group[0]}: {readable(group[1])}" if several else group[0]
            text = wrapped(name, size, width)
            heads.append((at + NAME - 0.6, text))
            at += NAME + LINE * 10 / ROW * text.count("\n")
            before = group
        at += 1
        ats.append(at)
        labels.append(f"day {row['day']}{'*' * bool(row['note'])}")
    return ats, labels, heads


def _line(ax: Axes, at: float, ends: Any, style: Style) -> None:
    ax.plot(ends, [at] * len(ends), solid_capstyle="butt", **style)
