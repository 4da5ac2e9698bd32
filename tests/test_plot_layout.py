"""Plots as pictures: nothing is cut off or overlaps, at default size, at one column and in grey.

Estimates are invented (`helpers_estimate`); what is drawn from them is asked in `test_plots`.
"""

from dataclasses import replace
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import case_of
from helpers_estimate import crowded_case, estimate_of, sensitivity_of, timeline_of
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

import tolls
from tolls import ink, plots
from tolls.backtesting import COLUMNS
from tolls.calibration import Calibration
from tolls.frames import wide, wrapped
from tolls.ranking import SLOTS
from tolls.scoreboard import Backtest

mpl.use("agg")
COLUMN = 3.35  # inches of one column of a journal
LEAST = 6.0  # points of the smallest letters, where the height suffices
LONG = "The Independent $ommittee for the Documentation of Everything in $ and x_1 of the Coast"
TITLE = "Attacks, landslides and what followed them on the northern coast and its hinterland, 2025"
BASELINES = "largest", "median of sources", "latest", "official", "inverse variance"


def long_case():
    """Build one report of a source with a long name in a case with a long title."""
    return case_of({"source": LONG, "value": 30}, {"source": "B", "value": 34}, title=TITLE)


def many_nodes():
    """Build a case of eleven parts, with a report on each."""
    parts = [f"district_{i}_of_the_northern_province" for i in range(11)]
    rows = [{"source": f"S{i}", "category": part, "qualifier": "exact", "value": 40 + 60 * i,
             "published": "2025-03-06"} for i, part in enumerate(parts)]  # fmt: skip
    return tolls.Case(rows, categories={"killed": parts}, title=TITLE, start="2025-03-06")


CASES = {
    "crowded": (crowded_case, 900.0, 11.0),
    "long": (long_case, 30.0, 4.0),
    "one": (lambda: case_of({"value": 30}), 30.0, 4.0),
    "nobody": (lambda: case_of({"value": 0}, {"source": "B", "value": 9000}), 30.0, 4.0),
    "many": (many_nodes, 90.0, 9.0),
}  # each with the toll it is invented around and the inches of height its rows ask for


@pytest.fixture(scope="module")
def results():
    cases = {name: make() for name, (make, *_) in CASES.items()}
    estimates = {n: estimate_of(case, around=CASES[n][1]) for n, case in cases.items()}
    days = [f"2025-03-{day:02d}" for day in (10, 11, 12, 13, 14, 16)]
    timelines = {name: timeline_of(case, *days) for name, case in cases.items()}
    return {
        **dict.fromkeys(("tolls", "reports", "sources"), estimates),
        "timeline": timelines,
        "sensitivity": {n: sensitivity_of(case, at_least=500) for n, case in cases.items()},
        "calibration": {"one": ranked(("toll[killed]", "kappa")),
                        "long": ranked(("toll[killed]", f"reliability[{LONG}]"))},
        "backtest": {"one": scored(("Case",), 1), "crowded": scored(("Case", TITLE, "Other"), 4)},
    }  # fmt: skip


def ranked(names):
    ranks = np.random.default_rng(1).integers(SLOTS, size=(60, len(names)))
    ranks[:, -1] //= 2
    return Calibration((case_of({"value": 3}),), 1, names, ranks)


def scored(cases, days):
    """Invent the scores of a backtest: every baseline says the same."""
    said = {"tolls": "tolls"} | dict.fromkeys(BASELINES, "point")
    rows = [
        {"case": case, "node": "killed", "day": day, "method": method, "kind": kind,
         "truth_lo": 90.0, "truth_hi": 110.0, "point": 80.0, "lo": 20.0, "hi": 300.0,
         "lo_50": 60.0, "hi_50": 120.0, "note": "the prior" if day == 1 else ""}
        for case in cases for day in range(1, days + 1) for method, kind in said.items()
    ]  # fmt: skip
    scores = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    return Backtest(scores, pd.DataFrame(columns=["case", "day", "node", "reason"]), 1)


ALL = [
    *[(plot, name) for plot in ("tolls", "reports", "sources") for name in CASES],
    *[(plot, name) for plot in ("timeline", "sensitivity") for name in ("crowded", "long", "one")],
    *[("calibration", name) for name in ("one", "long")],
    *[("backtest", name) for name in ("one", "crowded")],
]


def texts(ax):
    """Return every text that an Axes shows."""
    axes = [ax.xaxis.label, ax.yaxis.label, ax.title, *ax.texts]
    ticks = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    shown = [text for text in (*axes, *ticks) if text.get_text()]
    return [*shown, *ax.get_legend().get_texts()]


def box_of(artist):
    return artist.get_window_extent()


def overlap(one, other):
    """Return by how many pixels two boxes overlap, along the axis along which they do least."""
    x = min(one.x1, other.x1) - max(one.x0, other.x0)
    return min(x, min(one.y1, other.y1) - max(one.y0, other.y0))


def faults(ax, room=None, letters=LEAST, share=0.2):
    """Return what a person would not be proud of: cut off, overlapping, hidden or too small."""
    if ax.figure.stale:
        ax.figure.canvas.draw()
    point = ax.figure.dpi / 72
    room = room or ax.figure.bbox
    named = [(text.get_text(), box_of(text)) for text in texts(ax)]
    found = [
        f"cut off: {name}"
        for name, box in [*named, ("legend", box_of(ax.get_legend()))]
        if min(box.x0 - room.x0, room.x1 - box.x1, box.y0 - room.y0, room.y1 - box.y1) < -0.5
    ]
    found += [
        f"overlap: {one} and {other}"
        for (one, a), (other, b) in combinations(named, 2)
        if overlap(a, b) > 0.8 * point
    ]
    if overlap(box_of(ax.get_legend()), box_of(ax)) > point:
        found.append("the legend covers data")
    found += [f"small: {t.get_text()}" for t in texts(ax) if t.get_fontsize() < letters - 1e-6]
    if ax.get_window_extent().width < share * room.width:
        found.append("the axes are squeezed")
    return found


@pytest.mark.parametrize(("plot", "name"), ALL)
def test_nothing_is_cut_off_or_overlaps_at_the_default_size(plot, name, results):
    assert faults(getattr(plots, plot)(results[plot][name])) == []


@pytest.mark.parametrize(("plot", "name"), ALL)
def test_nothing_is_cut_off_or_overlaps_in_one_column(plot, name, results):
    layout = None if name == "long" else "constrained"
    height = CASES[name][2] if plot in ("tolls", "reports", "sources", "sensitivity") else 4.5
    _, ax = plt.subplots(figsize=(COLUMN, height), dpi=300, layout=layout)
    assert faults(getattr(plots, plot)(results[plot][name], ax=ax)) == []


@pytest.mark.parametrize("plot", ["tolls", "reports", "sources", "sensitivity"])
def test_where_the_height_is_short_all_gets_smaller_and_still_nothing_overlaps(plot, results):
    _, ax = plt.subplots(figsize=(COLUMN, 4), dpi=300, layout="constrained")
    assert faults(getattr(plots, plot)(results[plot]["crowded"], ax=ax), letters=0) == []


@pytest.mark.parametrize("layout", ["constrained", None])
def test_four_plots_fit_into_one_figure_beside_axes_of_ones_own(layout, results):
    figure, axes = plt.subplots(2, 3, figsize=(13, 12), layout=layout)
    mine = axes[1, 2]
    mine.plot([1, 2], [3, 4])
    before = mine.get_position().bounds, len(mine.get_children()), mine.get_title()
    drawn = [
        getattr(plots, plot)(results[plot]["one"], ax=ax)
        for plot, ax in zip(results, axes.flat, strict=False)
        if ax is not mine
    ]
    assert [fault for ax in drawn for fault in faults(ax, share=0.2 / 3)] == []
    boxes = [[box_of(text) for text in texts(ax)] for ax in drawn]
    for one, other in combinations(boxes, 2):
        assert max(overlap(a, b) for a in one for b in other) <= 1
    assert (len(mine.get_children()), mine.get_title()) == before[1:]
    assert layout or mine.get_position().bounds == before[0]
    assert len(figure.axes) == 6


@pytest.mark.parametrize("plot", [*dict(ALL)])
def test_a_plot_stays_in_its_subfigure_and_sets_nothing_globally(plot, results):
    figure = plt.figure(figsize=(9, 6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    ax, other = left.subplots(), right.subplots()
    before, children = dict(mpl.rcParams), len(other.get_children())
    assert getattr(plots, plot)(results[plot]["one"], ax=ax) is ax
    assert dict(mpl.rcParams) == before
    assert len(other.get_children()) == children
    assert not other.has_data()
    assert tuple(figure.get_size_inches()) == (9, 6)
    assert plt.get_fignums() == [figure.number]
    assert faults(ax, left.bbox) == []


def test_axes_placed_by_hand_keep_what_is_drawn_inside_their_box(results):
    figure = plt.figure(figsize=(8, 6))
    ax = figure.add_axes((0.25, 0.25, 0.5, 0.5))
    room = ax.get_window_extent().frozen()
    assert faults(plots.tolls(results["tolls"]["one"], ax=ax), room) == []


def test_a_title_of_ones_own_takes_the_place_of_the_plots(results):
    _, ax = plt.subplots(figsize=(COLUMN, 4), layout="constrained")
    plots.tolls(results["tolls"]["one"], ax=ax)
    ax.set_title("Mine")
    assert faults(ax) == []
    middle = (box_of(ax.title).x0 + box_of(ax.title).x1) / 2
    assert middle == pytest.approx((box_of(ax).x0 + box_of(ax).x1) / 2, abs=1)


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("wording", [ink.AT_LEAST, ink.UP_TO])
def test_an_arrow_begins_at_its_count_and_has_its_middle_in_the_legend(wording, upright):
    drawn, key = (
        style["marker"].get_path().get_extents(style["marker"].get_transform())
        for style in (
            ink.report_style(wording, ink.PLAIN, upright=upright),
            ink.key_style(wording, upright),
        )
    )
    along = int(upright)
    ends = drawn.min[along], drawn.max[along]
    assert min(map(abs, ends)) == pytest.approx(0)
    assert max(map(abs, ends)) == pytest.approx(0.5)
    assert (key.min + key.max) / 2 == pytest.approx([0, 0])


def grey(style):
    return float(np.dot(to_rgb(style["color"]), (0.2126, 0.7152, 0.0722)))


def test_in_grey_the_roles_of_an_interval_differ_in_lightness_or_width():
    greys = {name: grey(getattr(ink, name)) for name in ("PRIOR", "BAND", "THIN")}
    assert greys["THIN"] < 0.45
    assert greys["PRIOR"] - greys["THIN"] > 0.3
    assert ink.THICK["lw"] > 2 * ink.THIN["lw"]
    assert ink.PRIOR["lw"] > 1.5 * ink.THICK["lw"], "a prior is seen beside a 50 % interval"
    assert ink.MEDIAN["mfc"] == "white"
    assert ink.KNOWABLE["ls"] not in ("-", "", None)


def test_in_grey_what_is_no_evidence_is_lighter_whichever_its_node():
    for look in ink.LOOKS:
        dark, pale = (ink.report_style("exact", look, aside=aside) for aside in (False, True))
        assert grey(pale) > grey(dark) + 0.12
        assert pale["ms"] < 0.8 * dark["ms"]


def test_in_grey_nodes_are_told_apart_by_shape(results):
    ax = plots.reports(results["reports"]["many"])
    lines = [line for line in ax.lines if line.get_label().startswith("_report")]
    assert len({line.get_marker() for line in lines}) == len(lines) == 11


def test_in_grey_baselines_are_told_apart_by_shape_and_place(results):
    ax = plots.backtest(results["backtest"]["one"])
    marks = [line for line in ax.lines if to_rgb(line.get_color()) == (0.35,) * 3]
    assert len({line.get_marker() for line in marks}) == len(marks) == len(BASELINES)
    heights = sorted(line.get_ydata()[0] for line in marks)
    assert min(np.diff(heights)) > 0.1, "those that say the same do not hide each other"


def test_a_backtest_says_what_a_star_is_only_where_there_is_one(results):
    starred = plots.backtest(results["backtest"]["one"])
    scores = results["backtest"]["one"].scores.assign(note="")
    plain = plots.backtest(replace(results["backtest"]["one"], scores=scores))
    told = [
        any("*" in t.get_text() for t in ax.get_legend().get_texts()) for ax in (starred, plain)
    ]
    assert told == [True, False]


def test_marks_and_letters_are_scaled_together(results):
    wide_ax = plots.tolls(results["tolls"]["one"])
    _, narrow = plt.subplots(figsize=(COLUMN, 4), layout="constrained")
    plots.tolls(results["tolls"]["one"], ax=narrow)

    def ratio(ax):
        (mark,) = [line for line in ax.lines if line.get_label() == "_median"]
        return mark.get_markersize() / ax.xaxis.label.get_fontsize()

    assert narrow.xaxis.label.get_fontsize() < 0.8 * wide_ax.xaxis.label.get_fontsize()
    assert ratio(narrow) == pytest.approx(ratio(wide_ax))


@pytest.mark.parametrize("text", ["", "a", TITLE, LONG, "Ununterbrochenes" * 4])
def test_a_text_is_broken_where_it_must_be_and_loses_nothing(text):
    broken = wrapped(text, 10, 90)
    assert "".join(broken.split()) == "".join(text.split())
    assert not text or wide(broken, 10) <= 90
    assert wrapped(text, 10, 10_000) == text


def test_a_legend_draws_every_key(results):
    for plot in ("tolls", "timeline"):
        ax = getattr(plots, plot)(results[plot]["crowded"])
        handles = [h for h in ax.get_legend().legend_handles if isinstance(h, Line2D)]
        assert len(handles) == len(ax.get_legend().get_texts())
