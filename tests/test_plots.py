"""Plots by their structure: what is drawn, where the numbers come from, and that it can be read."""

import inspect
from colorsys import rgb_to_hls
from datetime import date
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import case_of
from helpers_estimate import NODES, crowded_case, estimate_of, sensitivity_of, timeline_of
from matplotlib.colors import to_rgb

import tolls
from tolls import ink, plots
from tolls.columns import QUALIFIERS
from tolls.errors import InputError
from tolls.estimate import Estimate

mpl.use("agg")
SHIPPED = Path(__file__).parents[1] / "models" / "syria-coast-2025"
ON_ESTIMATES = (plots.tolls, plots.reports, plots.sources)


@pytest.fixture(scope="module")
def crowded():
    return estimate_of(crowded_case())


@pytest.fixture(scope="module")
def shipped():
    return estimate_of(tolls.read_case(SHIPPED))


@pytest.fixture(scope="module")
def course():
    return timeline_of(tolls.read_case(SHIPPED), "2025-03-07", "2025-03-09", "2025-03-22")


@pytest.fixture(scope="module")
def worded():
    """One report in every wording that is drawn, each by a source of its own."""
    stated = {"range": {"low": 20, "high": 40}}
    kinds = [q for q in QUALIFIERS if q not in ("words", "estimate")]
    rows = [
        {"source": kind, "qualifier": kind, **stated.get(kind, {"value": 30})} for kind in kinds
    ]
    return estimate_of(case_of(*rows), around=30.0)


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == f"_{label}"]


def marks(ax):
    """Return the artist of every report, by its row."""
    named = [line for line in ax.lines if line.get_label().startswith("_report ")]
    rows = [int(line.get_label().split()[1]) for line in named]
    assert len(set(rows)) == len(rows), "a report is drawn twice"
    return dict(zip(rows, named, strict=True))


def ends(line, along="x"):
    return tuple(float(v) for v in (line.get_xdata() if along == "x" else line.get_ydata()))


def names(ax):
    return [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]


def legend(ax):
    return [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]


def boxes(texts):
    """Return the boxes of texts as the Agg renderer sets them."""
    figure = texts[0].figure
    figure.canvas.draw()
    return [text.get_window_extent() for text in texts]


def assert_apart(texts):
    for one, other in combinations(boxes(texts), 2):
        overlap = (
            min(one.x1, other.x1) - max(one.x0, other.x0),
            (min(one.y1, other.y1) - max(one.y0, other.y0)),
        )
        assert min(overlap) <= 0.5, f"{one} and {other} overlap"


def luminance(line):
    return float(np.dot(to_rgb(line.get_color()), (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("plot", [*ON_ESTIMATES, plots.timeline, plots.sensitivity])
def test_arguments_are_explicit_and_after_the_result_keywords(plot):
    parameters = list(inspect.signature(plot).parameters.values())
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[1:])
    assert parameters[0].kind is parameters[0].POSITIONAL_OR_KEYWORD
    assert parameters[-1].name == "ax"
    defaults = {p.name: p.default for p in parameters[1:]}
    assert defaults.get("ci_prob", 0.95) == 0.95
    assert {v for k, v in defaults.items() if k != "ci_prob"} == {None}


@pytest.mark.parametrize("plot", ON_ESTIMATES)
def test_a_plot_draws_on_the_axes_it_is_given_and_touches_nothing_else(
    plot, crowded, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("shown"))
    figure, (ax, other) = plt.subplots(1, 2)
    plt.sca(other)
    before = dict(mpl.rcParams)
    size = tuple(figure.get_size_inches())
    assert plot(crowded, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert plt.gca() is other
    assert not other.lines
    assert dict(mpl.rcParams) == before
    assert tuple(figure.get_size_inches()) == size
    assert list(tmp_path.iterdir()) == []


def test_a_timeline_draws_on_the_axes_it_is_given(course):
    figure, ax = plt.subplots()
    assert plots.timeline(course, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("plot", ON_ESTIMATES)
def test_without_axes_one_figure_is_opened(plot, crowded):
    before = dict(mpl.rcParams)
    ax = plot(crowded)
    assert len(plt.get_fignums()) == 1
    assert ax.figure.axes == [ax]
    assert dict(mpl.rcParams) == before


def test_tolls_has_a_row_per_node_from_the_top(shipped):
    ax = plots.tolls(shipped)
    assert names(ax) == [node.replace("_", " ") for node in shipped.nodes]
    heights = ax.transData.transform([(1, at) for at in ax.get_yticks()])[:, 1]
    assert all(above > below for above, below in pairwise(heights))
    assert ax.get_title() == "Syrian coast, March 2025"
    assert ax.get_xlabel() == "People killed"
    assert ax.get_xscale() == "log"


def test_tolls_takes_a_choice_of_nodes_in_its_order(shipped):
    chosen = ["security_forces", "killed"]
    ax = plots.tolls(shipped, nodes=chosen)
    assert names(ax) == ["security forces", "killed"]
    assert set(marks(ax)) == {r.row for r in shipped.case.reports if r.category in chosen}


@pytest.mark.parametrize("ci_prob", [0.8, 0.95])
def test_the_intervals_of_tolls_are_those_of_the_summary(shipped, ci_prob):
    ax = plots.tolls(shipped, ci_prob=ci_prob)
    outer, inner = shipped.summary(ci_prob), shipped.summary(0.5)
    level = f"{ci_prob * 100:g} %"
    assert [ends(i) for i in lines(ax, f"{level} interval")] == list(
        zip(outer["lo"], outer["hi"], strict=True)
    )
    assert [ends(i) for i in lines(ax, "50 % interval")] == list(
        zip(inner["lo"], inner["hi"], strict=True)
    )
    assert [ends(m)[0] for m in lines(ax, "median")] == list(outer["median"])
    left, right = ax.get_xlim()
    assert [ends(p) for p in lines(ax, f"prior, {level}")] == [
        (max(lo, left), min(hi, right))
        for lo, hi in zip(outer["prior_lo"], outer["prior_hi"], strict=True)
    ]


def test_thick_lines_are_thicker_and_priors_lie_behind(shipped):
    ax = plots.tolls(shipped)
    kinds = [lines(ax, n)[0] for n in ("prior, 95 %", "95 % interval", "50 % interval")]
    assert kinds[1].get_linewidth() < kinds[2].get_linewidth()
    assert kinds[0].get_zorder() < kinds[1].get_zorder()
    assert not lines(plots.tolls(shipped, ci_prob=0.4), "50 % interval")


def test_what_the_summary_says_is_what_is_drawn(shipped, monkeypatch):
    """A plot that computed intervals itself would not follow a summary that says otherwise."""
    real = Estimate.summary

    def shifted(self, ci_prob=0.95):
        return real(self, ci_prob).assign(lo=123.0, hi=456.0, median=234.0)

    monkeypatch.setattr(Estimate, "summary", shifted)
    ax = plots.tolls(shipped)
    assert {ends(i) for i in lines(ax, "95 % interval")} == {(123.0, 456.0)}
    assert {ends(i) for i in lines(ax, "median")} == {(234.0,)}


@pytest.mark.parametrize("plot", [plots.tolls, plots.reports])
@pytest.mark.parametrize("which", ["shipped", "crowded"])
def test_every_report_is_drawn_once_at_its_count(plot, which, request):
    estimate = request.getfixturevalue(which)
    ax = plot(estimate)
    drawn = marks(ax)
    assert set(drawn) == {r.row for r in estimate.case.reports}
    left, right = ax.get_xlim()
    for report in estimate.case.reports:
        at = ends(drawn[report.row])
        assert at == tuple(sorted(set(report.figure)))
        assert left < at[0] <= at[-1] < right


def test_reports_stand_in_the_row_of_their_node(shipped):
    ax = plots.tolls(shipped)
    rows = dict(zip(shipped.nodes, ax.get_yticks(), strict=True))
    following = dict(pairwise([*rows.values(), max(ax.get_ylim())]))
    for report in shipped.case.reports:
        row, at = rows[report.category], ends(marks(ax)[report.row], "y")[0]
        assert row < at < following[row], "below the interval and above the next"


def test_reports_stand_in_the_row_of_their_source_the_earliest_on_top(shipped):
    ax = plots.reports(shipped)
    named = [n for n in shipped.case.sources if any(r.source == n for r in shipped.case.reports)]
    assert names(ax) == named
    drawn = marks(ax)
    rules = [segment[0][1] for segment in ax.collections[0].get_segments()]
    for name, (top, bottom) in zip(named, pairwise([0, *rules, max(ax.get_ylim())]), strict=True):
        own = [r for r in shipped.case.reports if r.source == name]
        heights = [ends(drawn[r.row], "y")[0] for r in sorted(own, key=lambda r: r.published)]
        assert heights == sorted(heights)
        assert top < heights[0] <= heights[-1] < bottom


@pytest.mark.parametrize("plot", [plots.tolls, plots.reports])
def test_marks_in_one_lane_do_not_overlap(plot, crowded):
    ax = plot(crowded)
    ax.figure.canvas.draw()
    lanes = {}
    for line in marks(ax).values():
        lanes.setdefault(ends(line, "y")[0], []).append(ends(line))
    assert len(lanes) > len(ax.get_yticks()) / 2
    for lane in lanes.values():
        spans = sorted(tuple(ax.transData.transform([(x, 1) for x in at])[:, 0]) for at in lane)
        dot = 5.5 * ax.figure.dpi / 72
        assert all(b[0] - a[-1] > dot * 0.8 for a, b in pairwise(spans))


def test_the_wording_tells_the_mark(worded):
    ax = plots.tolls(worded)
    drawn = {r.qualifier: marks(ax)[r.row] for r in worded.case.reports}
    assert drawn["exact"].get_marker() == drawn["about"].get_marker() == "o"
    assert to_rgb(drawn["exact"].get_markerfacecolor()) == to_rgb(drawn["exact"].get_color())
    assert to_rgb(drawn["about"].get_markerfacecolor()) == (1, 1, 1)
    assert ends(drawn["range"]) == (20, 40)
    assert drawn["range"].get_linestyle() == "-"
    assert drawn["range"].get_marker() == "|"
    for qualifier, right in (
        ("at_least", True), ("more_than", True), ("up_to", False), ("fewer_than", False)
    ):  # fmt: skip
        mark = drawn[qualifier]._marker
        xs = mark.get_transform().transform(mark.get_path().vertices)[:, 0]
        assert bool(xs.max() > 0.4) is right
        assert bool(xs.min() < -0.4) is not right
    assert {"exact", "about", "range", "at least, more than", "up to, fewer than"} <= set(
        legend(ax)
    )


def test_open_bounds_point_up_and_down_on_a_timeline():
    rows = ({"qualifier": "at_least", "value": 30}, {"qualifier": "up_to", "value": 90})
    ax = plots.timeline(timeline_of(case_of(*rows), "2025-03-10"))
    for row, up in ((2, True), (3, False)):
        mark = marks(ax)[row]._marker
        ys = mark.get_transform().transform(mark.get_path().vertices)[:, 1]
        assert bool(ys.max() > 0.4) is up
        assert bool(ys.min() < -0.4) is not up


@pytest.mark.parametrize("plot", [plots.tolls, plots.reports])
def test_what_is_no_evidence_is_paler_and_smaller(plot, shipped):
    ax = plot(shipped)
    drawn = marks(ax)
    fates = {row: fate for row, (fate, _) in shipped.evidence.fates.items()}
    same = [r for r in shipped.case.reports if (r.category, r.qualifier) == ("civilians", "exact")]
    dark = {(luminance(drawn[r.row]), drawn[r.row].get_markersize()) for r in same
            if fates[r.row] == "evidence"}  # fmt: skip
    pale = {(luminance(drawn[r.row]), drawn[r.row].get_markersize()) for r in same
            if fates[r.row] != "evidence"}  # fmt: skip
    assert len(dark) == len(pale) == 1
    assert pale.pop() > (luminance(drawn[same[0].row]) + 0.2, 0)
    assert any("no evidence: relay" in key for key in legend(ax))


def test_colour_and_shape_tell_the_node(crowded):
    ax = plots.reports(crowded)
    own = {r.category: marks(ax)[r.row] for r in crowded.case.reports if r.qualifier == "exact"}
    assert set(own) == set(crowded.nodes)
    assert len({line.get_marker() for line in own.values()}) == len(own)
    assert len({line.get_color() for line in own.values()}) == len(own)
    for node in NODES:
        assert node.replace("_", " ") in legend(ax)


def test_no_colour_alarms_and_none_needs_red_against_green():
    for colour in (*(colour for colour, _ in ink.LOOKS), ink.THIN["color"]):
        hue, _, saturation = rgb_to_hls(*to_rgb(colour))
        assert saturation < 0.2 or 20 / 360 < hue < 330 / 360, f"{colour} is red"
    assert len({shape for _, shape in ink.LOOKS}) == len(ink.LOOKS)


@pytest.mark.parametrize("ci_prob", [0.8, 0.95])
def test_sources_draws_the_rows_of_its_table(shipped, ci_prob):
    ax = plots.sources(shipped, ci_prob=ci_prob)
    table, level = shipped.sources(ci_prob), f"{ci_prob * 100:g} %"
    assert names(ax) == list(table.index)
    assert [ends(i) for i in lines(ax, f"{level} interval")] == list(
        zip(table["bias_lo"], table["bias_hi"], strict=True)
    )
    assert [ends(i) for i in lines(ax, f"prior, {level}")] == list(
        zip(table["bias_prior_lo"], table["bias_prior_hi"], strict=True)
    )
    assert [ends(m)[0] for m in lines(ax, "median")] == list(table["bias_median"])
    assert any(list(line.get_xdata()) == [1, 1] for line in ax.lines)
    assert "states what is knowable" in legend(ax)
    cells = [text.get_text() for text in ax.texts]
    for column in ("reliability", "reliability_prior"):
        assert all(f"{value:.2f}" in cells for value in table[column])
    assert [c for c in cells if c.isdigit()] == [str(n) for n in table["reports"]]


@pytest.mark.parametrize("ci_prob", [0.95, 0.8])
def test_sensitivity_draws_the_rows_of_its_table_over_the_declared_interval(ci_prob):
    result = sensitivity_of(tolls.read_case(SHIPPED), at_least=1000)
    figure, ax = plt.subplots(layout="constrained")
    assert plots.sensitivity(result, ci_prob=ci_prob, ax=ax) is ax
    table = result.summary(ci_prob=ci_prob)
    assert names(ax) == list(table.index)
    intervals = lines(ax, f"{ci_prob * 100:.0f} % interval")
    assert [ends(line) for line in intervals] == [
        pytest.approx(tuple(row)) for row in table[["lo", "hi"]].to_numpy()
    ]
    (band,) = ax.patches
    assert band.get_x() == pytest.approx(table["lo"].iloc[0])
    assert band.get_x() + band.get_width() == pytest.approx(table["hi"].iloc[0])
    assert {"as declared, 95 %", "as declared, 80 %"} & set(legend(ax))
    assert "at least 1,000" in legend(ax)
    cells = [text.get_text() for text in ax.texts]
    assert "P(≥ 1,000)" in cells
    assert {f"{p:.2f}" for p in table["probability"]} <= set(cells)
    assert plt.get_fignums() == [figure.number]


def test_sensitivity_shows_a_refused_answer_as_none():
    result = sensitivity_of(tolls.read_case(SHIPPED), refused=2)
    ax = plots.sensitivity(result)
    table = result.summary()
    assert names(ax) == list(table.index)
    assert len(lines(ax, "median")) == table["median"].notna().sum() == len(table) - 1
    cells = [text.get_text() for text in ax.texts]
    assert "—" in cells
    assert "nan" not in cells


def test_sensitivity_is_legible_with_fifteen_sources():
    ax = plots.sensitivity(sensitivity_of(crowded_case(), at_least=500))
    assert_apart(ax.get_yticklabels())
    assert_apart(ax.texts)
    figure = ax.figure
    figure.canvas.draw()
    inside = figure.bbox
    for artist in (*ax.get_yticklabels(), *ax.texts, ax.title, ax.get_legend()):
        box = artist.get_window_extent()
        assert inside.x0 - 1 <= box.x0
        assert box.x1 <= inside.x1 + 1
        assert inside.y0 - 1 <= box.y0
        assert box.y1 <= inside.y1 + 1


def test_a_timeline_has_an_interval_per_date(course):
    ax = plots.timeline(course, node="civilians", ci_prob=0.9)
    table = course.summary(0.9)
    table = table[table["node"] == "civilians"]
    assert [ends(i, "y") for i in lines(ax, "90 % interval")] == list(
        zip(table["lo"], table["hi"], strict=True)
    )
    assert [ends(i)[0] for i in lines(ax, "90 % interval")] == list(ax.get_xticks())
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "7\nMar\n2025", "9\nMar", "22\nMar"
    ]  # fmt: skip
    assert ax.get_yscale() == "log"
    assert ax.get_title() == "Syrian coast, March 2025: civilians"


def test_a_timeline_shows_the_root_unless_told(course):
    assert plots.timeline(course).get_title().endswith(": killed")


def test_reports_stand_left_of_the_intervals_that_rest_on_them(course):
    ax = plots.timeline(course, node="civilians")
    days = [e.evidence.as_of for e in course.estimates]
    said = [r for r in course.case.reports if r.category == "civilians"]
    drawn = marks(ax)
    assert set(drawn) == {r.row for r in said}
    for report in said:
        at = ends(drawn[report.row])[0]
        for i, day in enumerate(days, 1):
            assert (at < i) is (report.published.day <= day)
        assert ax.get_xlim()[0] < at < ax.get_xlim()[1]
    later = [r for r in said if r.published.day > date(2025, 3, 22)]
    assert later
    assert all(luminance(drawn[r.row]) > 0.4 for r in later)


@pytest.mark.parametrize("plot", [plots.reports, plots.sources, plots.tolls])
@pytest.mark.parametrize("given", [False, True])
def test_no_labels_overlap_with_fifteen_sources(plot, given, crowded):
    _, ax = plt.subplots(layout="constrained") if given else (None, None)
    ax = plot(crowded, ax=ax)
    assert len(names(ax)) == (4 if plot is plots.tolls else 15)
    assert_apart(ax.get_yticklabels())
    assert_apart([t for t in ax.get_xticklabels() if t.get_text()])
    assert_apart([*ax.texts, ax.title, ax.xaxis.label, *ax.get_legend().get_texts()])
    assert_apart([*ax.texts, *ax.get_yticklabels()])


@pytest.mark.parametrize("plot", ON_ESTIMATES)
@pytest.mark.parametrize("which", ["shipped", "crowded"])
def test_everything_lies_within_the_figure_and_the_legend_outside_the_axes(plot, which, request):
    ax = plot(request.getfixturevalue(which))
    texts = [*ax.get_yticklabels(), *ax.texts, ax.title, ax.xaxis.label, *ax.get_legend().texts]
    for box in boxes(texts):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= ax.figure.bbox.x1
        assert box.y1 <= ax.figure.bbox.y1
    assert ax.get_legend().get_window_extent().y1 < ax.xaxis.label.get_window_extent().y0
    assert ax.get_window_extent().width > 0.3 * ax.figure.bbox.width


@pytest.mark.parametrize("dates", [("2025-03-07",), tuple(f"2025-03-{d:02d}" for d in range(7, 13)),
                                   ("2025-03-08", "2025-03-09", "2025-06-30")])  # fmt: skip
def test_the_labels_of_a_timeline_do_not_overlap(dates):
    ax = plots.timeline(timeline_of(tolls.read_case(SHIPPED), *dates))
    assert_apart(ax.get_xticklabels())
    assert_apart([t for t in ax.get_yticklabels() if t.get_text()])
    assert_apart([ax.title, ax.xaxis.label, *ax.get_legend().get_texts()])
    assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes(ax.get_legend().get_texts()))


def test_long_names_are_wrapped_and_never_read_as_formulas():
    name = "The $ommittee for the Documentation of Everything in $ and x_1 of the Northern Coast"
    ax = plots.reports(estimate_of(case_of({"source": name, "value": 30}), around=30.0))
    assert names(ax) == [name]
    (label,) = ax.get_yticklabels()
    assert max(map(len, label.get_text().split("\n"))) <= 24
    ax.figure.canvas.draw()


def test_a_count_of_nobody_has_a_place():
    rows = ({"value": 0}, {"source": "B", "value": 3, "qualifier": "up_to"})
    estimate = estimate_of(case_of(*rows), around=1.0)
    for plot in (plots.tolls, plots.reports):
        ax = plot(estimate)
        ax.figure.canvas.draw()
        assert ax.get_xscale() == "symlog"
        assert ax.get_xlim()[0] < 0
        assert "0" in [t.get_text() for t in ax.get_xticklabels()]
        assert set(marks(ax)) == {2, 3}


def test_counts_are_written_in_full(shipped):
    ax = plots.tolls(shipped)
    ax.figure.canvas.draw()
    assert "1,000" in [t.get_text() for t in ax.get_xticklabels()]


def test_what_has_no_count_of_people_killed_is_told_in_the_legend():
    rows = (
        {"value": 30},
        {"qualifier": "words", "words": "dozens"},
        {"value": 99, "measure": "missing"},
    )
    estimate = estimate_of(case_of(*rows), around=30.0)
    for plot in (plots.tolls, plots.reports):
        ax = plot(estimate)
        assert set(marks(ax)) == {2}
        assert "not drawn: 2 in words or of another measure" in legend(ax)


def test_an_estimate_with_one_report_and_one_source_is_drawn():
    estimate = estimate_of(case_of({"value": 30}), around=30.0)
    for plot in ON_ESTIMATES:
        plot(estimate).figure.canvas.draw()


def test_arguments_out_of_range_are_refused(shipped, course):
    with pytest.raises(InputError, match="civilians"):
        plots.tolls(shipped, nodes=["civilian"])
    with pytest.raises(InputError, match="civilians"):
        plots.timeline(course, node="civilian")
    with pytest.raises(InputError, match="ci_prob"):
        plots.tolls(shipped, ci_prob=95)
    with pytest.raises(InputError, match="ci_prob"):
        plots.sources(shipped, ci_prob=0)
    with pytest.raises(InputError, match="ci_prob"):
        plots.timeline(course, ci_prob=1)
    assert plt.get_fignums() == []
