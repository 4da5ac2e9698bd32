"""How each role of a figure is drawn: colours, shapes and lines, told apart without colour as well.

Widths and sizes are in points beside letters of ten points; figures with smaller letters scale
them. Where anything stands is in `frames` and `canvas`.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

__all__ = [
    "ABOVE", "ARROW", "AT_LEAST", "BAND", "DOT", "INNER", "KNOWABLE", "LOOKS", "MEDIAN", "PLAIN",
    "PRIOR", "RULE", "THICK", "THIN", "UP_TO", "WORDINGS", "Look", "Style", "key_style",
    "report_style", "scaled",
]  # fmt: skip

type Style = dict[str, Any]
type Look = tuple[str, str]  # colour and shape

INNER = 0.5  # probability of the thick lines
PRIOR: Style = {"color": "#d9d9d9", "lw": 9, "zorder": 1}
THIN: Style = {"color": "#0072b2", "lw": 1.4, "zorder": 2}
THICK = THIN | {"lw": 4.5}
ABOVE = 4  # zorder of the medians of figures in which points may hide them
MEDIAN = THIN | {"marker": "o", "ls": "", "ms": 6, "mfc": "white", "mew": 1.4}
KNOWABLE: Style = {"color": "0.4", "lw": 0.9, "ls": (0, (4, 3)), "zorder": 0}
BAND = PRIOR | {"color": "#ececec", "zorder": 0}
RULE: Style = {"color": PRIOR["color"], "lw": 0.6, "zorder": 0}
DOT, ARROW = 5.5, 13.0  # a mark, the arrow of an open bound
PLAIN: Look = ("#262626", "o")
# Okabe and Ito's colours but for the alarming ones. The shapes say the same without colour, and go
# on where the colours begin again.
COLOURS = "#000000", "#0072b2", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#777777"
LOOKS: Sequence[Look] = list(zip(COLOURS * 2, "osD^vPX<>*pd8H", strict=True))
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


def scaled(style: Style, by: float) -> Style:
    """Return a style with all its widths and sizes so many times as large."""
    return style | {key: style[key] * by for key in ("lw", "ms", "mew") if key in style}


def report_style(wording: str, look: Look, aside: bool = False, upright: bool = False) -> Style:
    """Return how a wording is drawn; what is no evidence is paler, smaller and further back."""
    ink = tuple(0.45 * c + 0.55 if aside else c for c in to_rgb(look[0]))
    marker: str | MarkerStyle = look[1]
    size = DOT * (0.75 if aside else 1)
    if wording == "range":
        marker = "_" if upright else "|"
    elif wording in (AT_LEAST, UP_TO):
        marker, size = _bound(wording, upright), size * 2 * ARROW / DOT
    return {
        "color": ink, "marker": marker, "ms": size, "mew": 1.2, "lw": 1.2,
        "mfc": "white" if wording == "about" else ink,
        "ls": "-" if wording == "range" else "", "zorder": 3 - 0.5 * aside,
    }  # fmt: skip


def key_style(wording: str, upright: bool = False) -> Style:
    """Return how a legend draws a wording: an arrow has its middle where others have their mark."""
    style = report_style(wording, PLAIN, upright=upright and wording != "range")
    if wording in (AT_LEAST, UP_TO):
        style["marker"] = _bound(wording, upright, Affine2D().translate(-0.25, 0))
    return style


def _bound(wording: str, upright: bool, moved: Affine2D | None = None) -> MarkerStyle:
    """Return the marker of an open bound; an arrow is half as long as its marker is large."""
    turn = Affine2D().rotate_deg(90 * upright + 180 * (wording == UP_TO))
    return MarkerStyle(BOUND, "none", turn if moved is None else moved + turn)
