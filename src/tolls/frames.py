"""What stands around the Axes of a figure, laid out for the room that they have there.

Names, title, label and legend are measured, wrapped and set in letters that suit the width, so that
nothing leaves the room of the Axes, however narrow. Lengths are in points.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any, Literal, cast

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, YAxis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.gridspec import GridSpec
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, LogLocator
from matplotlib.transforms import Affine2D, Bbox, ScaledTranslation

from tolls.errors import check_type
from tolls.formatting import inert
from tolls.ink import Style, scaled

__all__ = ["Frame", "count_ticks", "wide", "wrapped"]

LEAST = 7.0  # letters are no smaller where the height suffices
ACROSS = 34  # so many times the letters' size goes into a width, or more
THINNEST = 0.25  # of the letters' size: no line has narrower ones on average
LINE = 1.2  # line to line, in letters
EDGE = 4.0  # left free at the edges of the room
SHARED = 0.85  # of the room is counted on beside other Axes, whose margins a layout makes its own
SUBS = (1, 2, 5), (1, 3), (1,)  # labelled counts of each decade
FINER = (1, 1.5, 2, 3, 5, 7), tuple(np.arange(1, 10, 0.5))  # where those would be one or none


def wide(text: str, size: float) -> float:
    """Return how wide a text is in letters of a size, its longest line if there are several."""
    font = FontProperties(size=size)
    lines = text.split("\n")
    return max(float(text_to_path.get_text_width_height_descent(t, font, False)[0]) for t in lines)


def wrapped(text: str, size: float, width: float) -> str:
    """Break a text into as few lines as a width allows, and these into even ones."""
    text, fits, least = inert(text), "", 0
    most = min(len(text), int(width / (THINNEST * size)) + 1)
    if wide(text, size) <= width:
        return text
    for letters in range(most, 0, -1):
        lines = wrap(text, letters, break_on_hyphens=False)
        if not fits:
            if wide("\n".join(lines), size) <= width or letters == 1:
                fits = "\n".join(lines)
                least = max(len(word) for word in "\n".join(lines).split())
        elif len(lines) > fits.count("\n") + 1 or letters < least:
            break
        else:
            fits = "\n".join(lines)
    return fits


def count_ticks(axis: Axis, limits: tuple[float, float], length: float, size: float) -> None:
    """Limit a logarithmic axis, and label so many of its counts as are legible on a length."""
    upright = isinstance(axis, YAxis)
    low, high = limits
    last = int(np.log10(high))

    def legible(ticks: Sequence[float]) -> bool:
        ends = axis.get_transform().transform(np.array(limits))
        at = (axis.get_transform().transform(np.array(ticks)) - ends[0]) / (ends[1] - ends[0])
        half = [
            0.8 * size if upright else wide(f"{t:,.10g}", size) / 2 + 0.35 * size for t in ticks
        ]
        pairs = pairwise(zip(at * length, half, strict=True))
        return all(after - before >= h + g for (before, h), (after, g) in pairs)

    def inside(locator: LogLocator) -> list[float]:
        return [t for t in locator.tick_values(low, high) if low <= t <= high]

    if low <= 0:
        choices = [[0.0, *10.0 ** np.arange(0, last + 1, step)] for step in range(1, last + 2)]
        axis.set_major_locator(FixedLocator(next((c for c in choices if legible(c)), choices[-1])))
    else:
        plenty = [LogLocator(subs=subs, numticks=99) for subs in (*SUBS, *FINER)]
        fewer = [LogLocator(numticks=most) for most in range(9, 1, -1)]
        several = [one for one in (*plenty, *fewer) if len(inside(one)) > 1]
        fit = (one for one in several if legible(inside(one)))
        axis.set_major_locator(next(fit, LogLocator(numticks=2)))
    axis.set_major_formatter("{x:,.10g}")
    axis.set_minor_formatter("")


def _room(ax: Axes) -> Bbox:
    """Return the part of its figure that is for an Axes: its cell, up to the middle of the gaps."""
    box, spec = ax.get_position(original=True), ax.get_subplotspec()
    grid: Any = spec and spec.get_gridspec()
    if spec is None or not isinstance(grid, GridSpec):  # placed by hand, or in a grid in a cell
        return box
    bottoms, tops, lefts, rights = map(np.asarray, grid.get_grid_positions(cast(Figure, ax.figure)))
    x = [0.0, *(rights[:-1] + lefts[1:]) / 2, 1.0]
    y = [1.0, *(bottoms[:-1] + tops[1:]) / 2, 0.0]
    rows, columns = spec.rowspan, spec.colspan
    return Bbox([[x[columns.start], y[rows.stop]], [x[columns.stop], y[rows.start]]])


class Frame:
    """Axes with what stands around them: names, columns, title, label and legend."""

    def __init__(self, ax: Axes | None, inches: tuple[float, float]) -> None:
        self.new = None
        check_type("ax", ax, Axes | None, "matplotlib's Axes")
        if ax is None:
            self.new, ax = plt.subplots(figsize=inches, layout="constrained")
        self.ax, figure = ax, ax.figure
        self.room, self.by_hand = _room(ax), figure.get_layout_engine() is None
        self.inch = np.asarray(figure.bbox.size) / figure.dpi * 72
        self.width, self.height = map(float, np.asarray(self.room.size) * self.inch - 2 * EDGE)
        self.size = min(float(ax.xaxis.label.get_fontsize()), max(LEAST, self.width / ACROSS))
        self.notes, self.scale = 0.9 * self.size, self.size / 10
        self.part = 1.0 if self.by_hand or self.room.width * self.room.height > 0.99 else SHARED
        self.left = self.right = self.above = self.below = 0.0
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=self.size)

    @property
    def length(self) -> float:
        """How wide the Axes are themselves."""
        return self.part * self.width - self.left - self.right

    @property
    def free(self) -> float:
        """How high the Axes are themselves."""
        return self.part * self.height - self.above - self.below

    def shift(self, x: float, y: float) -> ScaledTranslation:
        """Return a move by so many points."""
        return ScaledTranslation(x / 72, y / 72, self.ax.figure.dpi_scale_trans)

    def title(self, text: str, pad: float = 0) -> None:
        """Write a title from the left edge of the room, so far above the Axes and its own gap."""
        size = min(1.2 * self.size, float(self.ax.title.get_fontsize()))
        text, gap = wrapped(text, size, self.part * self.width), 0.8 * self.size
        self.ax.set_title(text, size=size, pad=gap + pad, ha="left", parse_math=False)
        # by its transform, which a title that the user sets over it does not inherit
        start = Affine2D().translate(-0.5, 0) + self.ax.title.get_transform()
        self.ax.title.set_transform(start + self.shift(-self.left, 0))
        self.above = gap + pad + LINE * size * (1 + text.count("\n"))

    def label(self, text: str, lines: int = 1) -> None:
        """Write what is along the bottom, below tick labels of so many lines."""
        room = self.part * self.width
        text = "\n".join(wrapped(line, self.size, room) for line in text.split("\n"))
        beside: Literal["right", "center"] = (
            "right" if wide(text, self.size) > self.length else "center"
        )
        self.ax.set_xlabel(text, loc=beside, size=self.size, labelpad=4)
        self.below = 11 + LINE * self.size * (lines + 1 + text.count("\n"))

    def side(self, text: str) -> None:
        """Write what is along the left edge, in as many lines as its height asks for."""
        self.ax.set_ylabel(wrapped(text, self.size, max(self.free, 60)), size=self.size)

    def legend(self, keys: Mapping[str, Style], space: float = 0.5, over: bool = False) -> None:
        """Explain what is drawn in as many columns as fit, below the label or over the Axes.

        Lines of the legend are so many letters apart: arrows that point up need more.
        """
        room = self.part * self.width
        names = [wrapped(key, self.notes, max(0.5 * room - 6 * self.notes, 60)) for key in keys]
        handles = [
            Line2D([], [], label=name, solid_capstyle="butt", **scaled(style, self.scale))
            for name, style in zip(names, keys.values(), strict=True)
        ]
        lines = {h: HandlerLine2D(numpoints=2) for h in handles if h.get_label() == "range"}
        gap = (0.2 + 0.8 * space) * self.size
        move = self.shift(-self.left, gap if over else -self.below - gap)
        for columns in range(min(4, len(handles)), 0, -1):
            legend = self.ax.legend(
                handles=handles, handler_map=lines, ncols=columns, fontsize=self.notes,
                loc="lower left" if over else "upper left", bbox_to_anchor=(0, float(over)),
                bbox_transform=self.ax.transAxes + move, labelspacing=space, handletextpad=1,
                columnspacing=1.6, borderpad=0, borderaxespad=0, frameon=False,
            )  # fmt: skip
            for text in legend.get_texts():
                text.set_parse_math(False)
            box = legend.get_window_extent()
            high = box.height / self.ax.figure.dpi * 72
            if box.width / self.ax.figure.dpi * 72 <= room:
                break
        if over:
            self.above += high + gap
        else:
            self.below += high + gap

    def finish(self, height: float | None = None) -> Axes:
        """Give a new figure the height it needs; put Axes that no layout places into their room."""
        if self.new and height:
            self.new.set_figheight((height + self.above + self.below + 4 * EDGE) / 72)
        elif self.by_hand:
            low = np.asarray(self.room.p0) * self.inch + EDGE + (self.left, self.below)
            high = np.asarray(self.room.p1) * self.inch - EDGE - (self.right, self.above)
            self.ax.set_position(Bbox([low / self.inch, np.maximum(high, low + 1) / self.inch]))
        return self.ax

    def names(self, names: Iterable[str], share: float) -> list[str]:
        """Wrap what rows are called to a share of the width, and leave room for it."""
        labels = [wrapped(name, self.size, share * self.width) for name in names]
        self.left = max(wide(label, self.size) for label in labels) + 6
        return labels
