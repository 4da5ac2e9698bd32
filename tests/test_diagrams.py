"""Figures of a calibration by their structure: what is drawn, and where the numbers come from."""

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import case_of

from tolls import plots
from tolls.calibration import NONE, Calibration
from tolls.ranking import SLOTS

mpl.use("agg")


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(1)
    ranks = rng.integers(SLOTS, size=(250, 4))
    ranks[:, 1] = ranks[:, 1] * 0.85
    ranks[::2, 3] = NONE
    names = ("toll[killed]", "toll[$a$]", "kappa", "rate")
    return Calibration((case_of({"value": 3}),), 1, names, ranks)


def test_arguments_are_explicit_and_after_the_result_keywords():
    first, *others = inspect.signature(plots.calibration).parameters.values()
    assert first.kind is first.POSITIONAL_OR_KEYWORD
    assert [(p.name, p.default, p.kind) for p in others] == [("ax", None, first.KEYWORD_ONLY)]


def test_it_draws_on_the_axes_it_is_given_and_touches_nothing_else(result, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("shown"))
    figure, (ax, other) = plt.subplots(1, 2)
    plt.sca(other)
    before = dict(mpl.rcParams)
    assert plots.calibration(result, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert plt.gca() is other
    assert dict(mpl.rcParams) == before
    assert list(tmp_path.iterdir()) == []


def test_every_quantity_has_its_line_and_the_furthest_is_named(result):
    ax = plots.calibration(result)
    assert result.furthest == "toll[$a$]"
    drawn = {line.get_label(): line for line in ax.lines}
    for name in result.quantities:
        label = f"furthest: {name}" if name == result.furthest else f"_{name}"
        points, share, *_ = result.ecdf(name)
        root = np.sqrt(len(result.of(name)))
        np.testing.assert_array_equal(drawn[label].get_xdata(), points)
        np.testing.assert_allclose(drawn[label].get_ydata(), root * share)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(texts) == ["95 % band of all together", "furthest: toll[$a$]", "the others"]


def test_the_band_is_that_of_the_result(result):
    ax = plots.calibration(result)
    _, _, low, high = result.ecdf(result.furthest)
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(np.sqrt(250) * low.min())
    assert corners[:, 1].max() == pytest.approx(np.sqrt(250) * high.max())


def test_the_coverage_is_that_of_the_summary(result):
    label = plots.calibration(result).get_xlabel()
    table = result.summary().set_index(["quantity", "level"])
    for level in (0.5, 0.8, 0.9, 0.95):
        for name in ("toll", "all"):
            row = table.loc[(name, level)]
            pairs = [
                f"{100 * row['coverage']:.{n}f} ± {100 * row['mc_error']:.{n}f}" for n in (0, 1)
            ]
            fine = row["mc_error"] < 0.02
            assert [f" {pair}" in label for pair in pairs] == [not fine, fine]


def test_everything_lies_on_the_figure_and_the_legend_beside_the_lines(result):
    ax = plots.calibration(result)
    ax.figure.canvas.draw()
    figure = ax.figure.bbox
    for artist in (ax.title, ax.xaxis.label, ax.yaxis.label, ax.get_legend()):
        box = artist.get_window_extent()
        assert figure.x0 <= box.x0
        assert box.x1 <= figure.x1
        assert figure.y0 <= box.y0
        assert box.y1 <= figure.y1
    top = max(ax.transData.transform((0.5, line.get_ydata().max()))[1] for line in ax.lines[:4])
    assert top < ax.get_legend().get_window_extent().y0
