"""The figures of the papers, as SVG: results drawn by `tolls.plots`, and what wordings say.

The same results give the same bytes.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
from facts import REPORTED, Results
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tolls import plots
from tolls.figures import as_svg
from tolls.presets import Presets, load_presets
from tolls.wordings import log_pmf

SIZES = {"syria": (5.7, 5.8), "calibration": (5.2, 4.2), "backtest": (6.2, 8.8)}  # inches
LETTERS = {"font.size": 8.5, "axes.titlesize": 9.5}  # points, beside text of 10
SPAN = 30.0  # factor to either side of the figure that wordings are drawn over
POINTS = 801


def figures(results: Results) -> dict[str, bytes]:
    """Return every figure by its name."""
    with plt.rc_context(LETTERS):
        return {
            "wordings": as_svg(_wordings()),
            "syria": as_svg(plots.tolls(results.estimate, ax=_axes("syria"))),
            "calibration": as_svg(plots.calibration(results.calibration, ax=_axes("calibration"))),
            "backtest": as_svg(plots.backtest(results.backtest, ax=_axes("backtest"))),
        }


def _axes(name: str) -> Axes:
    _, ax = plt.subplots(figsize=SIZES[name], layout="constrained")
    return ax


def _statements() -> dict[str, tuple[str, tuple, tuple[float, float] | None]]:
    """Return wordings of one figure by what a reader sees: wording, figure, own errors."""
    y, low, high = (REPORTED[name] for name in ("value", "low", "high"))
    z = 1.959963984540054  # normal quantile of a 95 % interval
    sigma = math.log(high / y) / z, math.log(y / low) / z
    return {
        f"{y}": ("exact", (y,), None),
        f"about {y}": ("about", (y,), None),
        f"at least {y}": ("at_least", (y,), None),
        f"up to {y}": ("up_to", (y,), None),
        f"{low} to {high}": ("range", (low, high), None),
        "several hundred": ("words", ("several hundred",), None),
        f"estimate {y} ({low} to {high})": ("estimate", (y,), sigma),
    }


def _likelihood(size: np.ndarray, stated: tuple, presets: Presets) -> np.ndarray:
    """Return the likelihood of a statement by the size spoken of, over its largest value."""
    wording, figure, sigma = stated
    grade, belief = presets.grades[REPORTED["grade"]], presets.belief
    centre = np.log(size)
    variance = grade.scatter**2 + belief.counting * np.minimum(1 / size, 1.0)
    variance += presets.words.edge**2 if wording == "words" else 0.0
    honest, gross = (
        np.exp(log_pmf(wording, figure, centre, np.sqrt(variance + more), presets, sigma))
        for more in (0.0, belief.gross_sd**2)
    )
    p = grade.reliability[0] / sum(grade.reliability)
    mixed = p * honest + (1 - p) * gross
    return mixed / mixed.max()


def _wordings() -> Axes:
    """Draw what statements say of the size that they speak of, one panel each."""
    presets, y = load_presets(), REPORTED["value"]
    size = y * np.exp(np.linspace(-math.log(SPAN), math.log(SPAN), POINTS))
    statements = _statements()
    figure: Figure
    figure, grid = plt.subplots(
        2, math.ceil(len(statements) / 2), figsize=(6.2, 2.9), sharex=True, sharey=True,
        layout="constrained",
    )  # fmt: skip
    panels = list(grid.flat)
    for ax, (title, stated) in zip(panels, statements.items(), strict=False):
        ax.plot(size, _likelihood(size, stated, presets), color="#0072b2", lw=1.4)
        ax.axvline(y, color="0.4", lw=0.9, ls=(0, (4, 3)))
        ax.set_title(title, size="medium")
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.10g}")
        ax.set_yticks([0, 1])
        ax.tick_params(labelsize="small")
        ax.spines[["top", "right"]].set_visible(False)
    for ax in panels[len(statements) :]:
        ax.set_visible(False)
    for ax in panels[len(statements) - len(panels) // 2 : len(statements)]:
        ax.xaxis.set_tick_params(labelbottom=True)
    figure.supxlabel("people (size spoken of)", size="medium")
    figure.supylabel("likelihood / largest", size="medium")
    return panels[0]
