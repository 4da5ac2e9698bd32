"""Figures of what questions the model, beside those of estimates in `plots`, which offers them.

Like those they draw results on matplotlib Axes, compute no statistic, and show and save nothing.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from tolls.calibration import ALL, FAMILY, Calibration
from tolls.formatting import percent

__all__ = ["calibration"]

type Style = dict[str, Any]
SIZE = (6.2, 5.2)  # inches of a new figure
BAND: Style = {"color": "#d9d9d9", "lw": 0, "zorder": 0}
UNIFORM: Style = {"color": "0.4", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 1}
EACH: Style = {"color": "#0072b2", "lw": 0.7, "alpha": 0.4, "zorder": 2}
FURTHEST: Style = {"color": "#262626", "lw": 1.6, "zorder": 3}
ROOM = 0.15  # of the height is left above the lines for the legend
HEAD = "Intervals that held the truth, in percent ± Monte Carlo error"


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
            own = {"label": f"furthest: {name}"} | FURTHEST
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
