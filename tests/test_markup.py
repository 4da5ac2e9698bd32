"""What a notebook shows: the same as the text, with every name harmless and every bar in words."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers import case_of, every_kind, everything
from helpers_estimate import estimate_of, sensitivity_of, timeline_of

import tolls
from tolls import markup
from tolls.calibration import SLOTS, Calibration
from tolls.convergence import Diagnostics, Row
from tolls.estimate import Estimate

HOSTILE = "<script>alert(1)</script>"


def tree(result):
    """Parse what a result shows: it has to be well formed."""
    return ElementTree.fromstring(f"<div>{result._repr_html_()}</div>")


def words(result):
    return " ".join("".join(tree(result).itertext()).split())


def refused(estimate):
    failed = Diagnostics(
        False, 12.0, 1.2, 3, None, dict.fromkeys(estimate.nodes, Row(12.0, 12.0, 1.2)),
        ("3 divergent transitions",),
    )  # fmt: skip
    return Estimate(estimate.evidence, "nuts", 1, estimate.posterior, estimate.prior, failed)


@pytest.fixture(scope="module")
def hostile():
    """Give a case whose every name is a script."""
    parts = [f"{HOSTILE}{i}" for i in range(2)]
    return case_of(
        {"source": f"{HOSTILE}S", "value": 90, "category": parts[0]},
        {"source": f"{HOSTILE}S", "value": 300},
        {"source": f"{HOSTILE}T", "value": 200, "cites": f"{HOSTILE}U"},
        categories=parts,
        unions={f"{HOSTILE}both": parts},
        definitions={parts[0]: HOSTILE},
        title=HOSTILE,
    )


def results(case):
    """Give one of every result of a case that a notebook can show."""
    estimate = estimate_of(case)
    ranks = np.random.default_rng(1).integers(SLOTS, size=(100, 2))
    quantities = (f"toll[{case.names[1]}]", "kappa")
    return {
        "case": case,
        "estimate": estimate,
        "refused": refused(estimate),
        "timeline": timeline_of(case, "2025-03-09", "2025-03-10"),
        "sensitivity": sensitivity_of(case),
        "calibration": Calibration((case,), 1, quantities, ranks),
    }


def test_no_name_acts_as_html_whatever_shows_it(hostile):
    for name, result in results(hostile).items():
        page = result._repr_html_()
        assert "<script" not in page, name
        assert "&lt;script&gt;" in page, name
        assert HOSTILE in words(result), name
        tree(result)


def test_text_and_page_hold_the_same_cells(hostile):
    for result in (*results(every_kind()).values(), tolls.elicit([(90, 100)] * 4, kind="monitor")):
        if isinstance(result, tolls.Case):
            continue
        text = " ".join(repr(result).split())
        for cell in (*tree(result).iter("td"), *tree(result).iter("th")):
            if cell.find("svg") is None and cell.text:
                assert " ".join(cell.text.split()) in text


def test_a_bar_says_in_words_what_it_draws():
    estimate = estimate_of(every_kind())
    drawn = [svg for svg in tree(estimate).iter("svg") if svg.get("role") == "img"]
    table = estimate.summary()
    assert len(drawn) == len(table)
    for svg, node in zip(drawn, table.index, strict=True):
        own = estimate._lines()[1][list(table.index).index(node)]
        assert f"95 % interval {own[2]}" in svg.get("aria-label")
        assert f"median {own[1]};" in svg.get("aria-label")
        assert f"before any report {own[3]}" in svg.get("aria-label")
    # the axis has nothing to say that is not said
    (axis,) = [svg for svg in tree(estimate).iter("svg") if svg.get("aria-hidden") == "true"]
    assert axis.find("text") is not None


def test_bars_have_the_reader_s_colour_and_need_nothing_else():
    page = estimate_of(every_kind())._repr_html_()
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb|<style|<script|class=|url\(", page)
    assert 'stroke="currentColor"' in page


def places(svg):
    """Return the ends of every line of a bar but the ticks', and where the ticks are."""
    lines = list(ElementTree.fromstring(svg).iter("line"))
    ticks = [float(e.get("x1")) for e in lines if e.get("stroke-opacity") == "0.25"]
    return [
        (float(e.get("x1")), float(e.get("x2"))) for e in lines if e.get("stroke-opacity") != "0.25"
    ], ticks


def bar(median, *, wide=4.0, before=(1, 10_000)):
    return markup.Bar(
        median, (median / wide**0.5, median * wide**0.5), (median / wide, median * wide), before
    )


def test_an_axis_is_logarithmic_and_common_to_all_bars():
    heading, (one, other) = markup.bars([bar(100), bar(1000)], "50 %", "95 %")
    ((_, _), low, inner, stroke), ticks = places(one)
    ((_, _), low_2, inner_2, stroke_2), ticks_2 = places(other)
    assert ticks == ticks_2
    decade = stroke_2[0] - stroke[0]
    assert stroke[0] == stroke[1]
    # a factor of 4 on both sides, and half of it on the log scale
    for outer, core, middle in ((low, inner, stroke), (low_2, inner_2, stroke_2)):
        assert middle[0] - outer[0] == pytest.approx(decade * np.log10(4), abs=0.11)
        assert outer[1] - middle[0] == pytest.approx(decade * np.log10(4), abs=0.11)
        assert core[1] - middle[0] == pytest.approx(decade * np.log10(2), abs=0.11)
    assert re.findall(r">([\d,]+)</text>", heading) == [
        "10",
        "30",
        "100",
        "300",
        "1,000",
        "3,000",
        "10,000",
    ]


@pytest.mark.parametrize(
    ("drawn", "labels"),
    [
        ([bar(1400, wide=1.0005)], []),
        ([markup.Bar(2.0, (1.0, 4.0), (0.0, 9.0), (0.0, 50.0))], ["0", "1"]),
        ([markup.Bar(0.0, (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))], ["0", "1"]),
        ([markup.Bar(3e8, (2e8, 4e8), (1.0, 9e8), (0.0, 1e9))], ["1", "1,000,000"]),
    ],
)
def test_any_counts_have_an_axis_whose_labels_do_not_touch(drawn, labels):
    heading, (svg,) = markup.bars(drawn, "50 %", "95 %")
    found = re.findall(r'<text x="([\d.]+)"[^>]*>([\d,]+)</text>', heading)
    assert set(labels) <= {text for _, text in found}
    assert found
    for (x, text), (y, other) in pairwise(found):
        assert float(y) - float(x) > 6 * (len(text) + len(other)) / 2
    for start, end in places(svg)[0]:
        assert 0 < start <= end < markup.WIDTH


def test_what_was_known_before_stretches_the_axis_only_so_far():
    _, (svg,) = markup.bars([bar(1000, before=(1e-6, 1e9))], "50 %", "95 %")
    (pale, outer, *_), _ = places(svg)
    assert pale[0] < outer[0]
    assert pale[1] > outer[1]
    assert (outer[1] - outer[0]) / (pale[1] - pale[0]) == pytest.approx(0.5, abs=0.01)


def test_a_refusal_comes_first_and_is_not_drawn(hostile):
    result = refused(estimate_of(hostile))
    assert repr(result).startswith("REFUSED, do not quote: 3 divergent transitions.\n")
    page = result._repr_html_()
    assert page.startswith(
        "<p><strong>REFUSED, do not quote: 3 divergent transitions.</strong></p>"
    )
    assert "<svg" not in page


def test_a_timeline_with_a_refused_date_says_which_before_all_else(hostile):
    one, other = timeline_of(hostile, "2025-03-09", "2025-03-10").estimates
    result = tolls.Timeline(hostile, (one, refused(other)))
    first = "As of 2025-03-10: REFUSED, do not quote: 3 divergent transitions."
    assert repr(result).startswith(first)
    assert result._repr_html_().startswith(f"<p><strong>{first}</strong></p>")
    assert "Diagnostics of all dates hold." not in repr(result)


def test_a_timeline_tells_where_it_began_and_where_it_came_to():
    case = everything()
    result = timeline_of(case, "2025-03-09", "2025-03-12", "2025-05-20")
    table = result.summary()
    assert result.sentence("civilians").startswith("Case, civilians, with what was published by")
    assert "as of 2025-03-09, then" in result.sentence()
    rows = [line.split()[:2] for line in repr(result).splitlines()[3:]]
    for row in table.itertuples():
        assert [row.node, str(row.as_of)] in rows
    with pytest.raises(tolls.InputError, match="is no node"):
        result.sentence("nobody")
    single = timeline_of(case, "2025-03-12")
    assert "each of 1 date," in single.sentence()
    assert "then" not in single.sentence().split("up to then")[1]


def test_a_case_shows_what_was_understood():
    case = everything()
    shown = words(case)
    assert (
        f"{len(case.reports)} reports by {len({r.source for r in case.reports})} sources" in shown
    )
    nodes, sources = (
        [[c.text or "" for c in row] for row in t.iter("tr")] for t in tree(case).iter("table")
    )
    assert [row[0] for row in nodes[1:]] == [*case.names, "injured"]
    assert ["civilians", "part of killed", "1"] in nodes
    assert nodes[1][1] == "95 % prior: 10 to 20,000 people"
    assert nodes[-1][1:] == ["95 % prior: 50 to 20,000 people", "2"]
    by_name = {row[0]: row[1:] for row in sources[1:]}
    assert list(by_name)[3] == "agency (one source: Paper, Web)"
    assert by_name["Army on forces"][:3] == ["C", "own_losses", "1"]
    assert by_name["Office"][1] == "survey, anchor"
    assert by_name["Blog"][2:4] == ["1", "1"]
    assert by_name["Monitor"][2:] == ["4", "0", "89 %", "14 %", "0.9 (0.6 to 1.3)"]
    assert sum(int(row[2]) for row in by_name.values()) == len(case.reports)


def test_a_case_tells_what_it_assumed_and_who_counts():
    case = tolls.Case(
        [{"source": "S", "value": 3, "published": "2025-03-09"}],
        definitions={"killed": "People killed & found."},
    )
    items = [item.text for item in tree(case).iter("li")]
    assert items[0] == "killed: People killed & found."
    assert items[1:] == list(case.assumptions)
    assert len(case.assumptions) == 3


def test_what_is_html_already_is_not_escaped_again():
    once = markup.paragraph("a < b")
    assert once == "<p>a &lt; b</p>"
    assert markup.table(("",), [(once,)]).count("<p>a &lt; b</p>") == 1
    assert once.__html__() == once


def test_a_notebook_completes_names():
    from IPython.core.completer import IPCompleter, provisionalcompleter

    known = {"estimate": estimate_of(every_kind()), "tolls": tolls}
    completer = IPCompleter(namespace=known)

    def offered(text):
        with provisionalcompleter():
            return {found.text.lstrip(".") for found in completer.completions(text, len(text))}

    assert {"summary", "sources", "sentence", "save", "seed"} <= offered("estimate.s")
    assert {"probability", "prior", "posterior"} <= offered("estimate.p")
    assert "at_least=" in offered("estimate.probability('killed', at_l")
    assert {"sensitivity", "simulate"} <= offered("tolls.s")
