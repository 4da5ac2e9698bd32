"""A report that repeats another source is not new evidence, and never lost from the tables."""

import pytest
from helpers import START, assert_told, case_of, evidence_of, fates, said, table
from helpers_hostile import limited
from hypothesis import given, settings
from hypothesis import strategies as st

from tolls import Case
from tolls.errors import InputError
from tolls.evidence import gather
from tolls.relays import Figures, Lines, covers, origin_of

OWN = {"source": "Monitor"}
RELAY = {"source": "Radio", "cites": "Monitor"}


def number(value, qualifier="exact"):
    return {"value": value, "qualifier": qualifier}


def span(low, high):
    return {"low": low, "high": high, "qualifier": "range"}


@pytest.mark.parametrize(
    ("own", "relay"),
    [
        pytest.param(number(1383), number(1383), id="equal"),
        pytest.param(number(1383), number(1383, "about"), id="equal but hedged"),
        pytest.param(number(1383), number(1400), id="rounded to hundreds"),
        pytest.param(number(1383), number(1380, "about"), id="rounded to tens"),
        pytest.param(number(1383), number(1000, "about"), id="rounded to thousands"),
        pytest.param(number(1383), number(1300), id="truncated"),
        pytest.param(number(999), number(1000), id="rounded up to a power of ten"),
        pytest.param(number(1383), number(1300, "more_than"), id="bounded from below"),
        pytest.param(number(1383), number(1383, "at_least"), id="bounded by itself"),
        pytest.param(number(1383), number(1500, "up_to"), id="bounded from above"),
        pytest.param(number(1383), number(1384, "fewer_than"), id="barely bounded from above"),
        pytest.param(number(1383), span(1300, 1400), id="within a range"),
        pytest.param(number(1225, "at_least"), number(1225), id="a floor told as exact"),
        pytest.param(number(4000, "more_than"), number(4000, "more_than"), id="the same floor"),
        pytest.param(number(0), number(0), id="zero"),
        pytest.param(span(2300, 2400), span(2300, 2400), id="the same range"),
        pytest.param(span(2300, 2400), span(2000, 3000), id="a range around a range"),
        pytest.param(span(2300, 2400), number(2300, "at_least"), id="the floor of a range"),
        pytest.param(span(2300, 2400), number(2000, "more_than"), id="a floor below a range"),
        pytest.param(span(2300, 2400), number(2400, "up_to"), id="the ceiling of a range"),
    ],
)
def test_a_relay_that_repeats_rounds_or_bounds_its_origins_figure_is_set_aside(own, relay):
    found = evidence_of(OWN | own, RELAY | relay)
    assert fates(found) == ["evidence", "relay"]
    assert {s.source for s in found.statements} == {"Monitor"}


@pytest.mark.parametrize(
    ("own", "relay"),
    [
        (number(1383), number(1384)),
        (number(1383), number(1500)),
        (number(1383), number(1450, "at_least")),
        (number(1383), number(1200, "up_to")),
        (number(1383), number(1385, "more_than")),
        (number(1383), span(1400, 1500)),
        (number(0), number(1, "at_least")),
        (span(2300, 2400), span(2500, 2600)),
        (span(2300, 2400), number(2350, "at_least")),
    ],
)
def test_a_relay_of_another_figure_stands_in_for_its_origin(own, relay):
    found = evidence_of(OWN | own, RELAY | relay)
    assert fates(found) == ["evidence", "evidence"]
    assert found.sources == ("Monitor",)


@pytest.mark.parametrize("as_of", ["2025-03-07", "2025-03-08", "2025-03-09"])
def test_an_own_figure_covers_a_relay_at_any_as_of(as_of):
    found = evidence_of(
        OWN | number(340) | {"as_of": "2025-03-08"}, RELAY | number(340) | {"as_of": as_of}
    )
    assert fates(found) == ["evidence", "relay"]


def test_an_own_figure_on_another_node_covers_no_relay():
    found = evidence_of(
        OWN | number(340),
        RELAY | number(340) | {"category": "civilians"},
        categories=["civilians", "forces"],
    )
    assert fates(found) == ["evidence", "evidence"]


def test_the_reason_names_the_origin_and_its_figure():
    found = evidence_of(OWN | number(340, "more_than"), RELAY | number(340))
    assert found.fates[3] == ("relay", "relays Monitor, whose own figure is more than 340")


def test_a_stand_in_speaks_in_its_origins_name_with_its_own_wording():
    found = evidence_of(RELAY | number(532, "at_least"), sources={"Monitor": "B", "Radio": "E"})
    assert said(found) == [("Monitor", "killed", "at_least", 532)]
    assert found.sources == ("Monitor",)
    assert found.case.source_prior("Monitor").grade == "B"


def test_one_stand_in_per_origin_node_as_of_and_figure():
    paper = {"source": "Paper", "cites": "Monitor", "as_of": "2025-03-09"}
    found = evidence_of(
        {"source": "Radio", "cites": "Monitor"} | number(532),
        paper | number(532) | {"published": "2025-03-10"},
        paper | number(532) | {"cites": "Police"},
        paper | number(532) | {"category": "civilians"},
        paper | number(600),
        categories=["civilians", "forces"],
    )
    assert fates(found) == ["evidence", "relay", "evidence", "evidence", "evidence"]
    assert found.fates[3][1] == "relays Monitor, for which row 2 stands in"


def test_stand_ins_of_one_figure_at_two_dates_are_repeats_of_the_origin():
    found = evidence_of(
        RELAY | number(532) | {"published": "2025-03-08"},
        RELAY | number(532) | {"published": "2025-03-09"},
    )
    assert fates(found) == ["repeat", "evidence"]


def test_an_origin_without_rows_or_declaration_gets_grade_f_and_a_warning():
    found = evidence_of(RELAY | number(532), sources={"Radio": "B"})
    assert found.case.source_prior("Monitor").grade == "F"
    assert_told(found.warnings, "Monitor", "grade F")


def test_a_relay_stands_in_until_its_origin_speaks_itself():
    case = case_of(
        RELAY | number(532, "at_least") | {"published": "2025-03-08"},
        OWN | number(532) | {"published": "2025-03-09", "as_of": "2025-03-08"},
    )
    assert fates(gather(case, "2025-03-08")) == ["evidence", "later"]
    assert fates(gather(case, "2025-03-09")) == ["relay", "evidence"]


def test_relays_stay_among_the_reports_of_the_case():
    found = evidence_of(OWN | number(532), RELAY | number(532))
    assert [r.source for r in found.case.reports] == ["Monitor", "Radio"]
    assert found.counts["relays"] == 1


# --- chains ---------------------------------------------------------------------------------------


def test_a_chain_of_relays_resolves_to_its_origin():
    found = evidence_of(
        {"source": "Agency", "cites": "Radio"} | number(532),
        {"source": "Radio", "cites": "Monitor"} | number(532),
        {"source": "Headline", "cites": "Agency"} | number(500, "more_than"),
        {"source": "Monitor"} | number(532),
    )
    assert fates(found) == ["relay", "relay", "relay", "evidence"]


def test_a_chain_ends_at_a_source_that_has_no_row():
    case = case_of({"source": "Agency", "cites": "Radio"} | number(532))
    assert origin_of(case.reports[0], Lines(case.reports)) == ("Agency", "Radio")


def test_a_chain_ends_at_a_source_that_states_the_figure_itself():
    case = case_of(
        {"source": "Agency", "cites": "Radio"} | number(532),
        {"source": "Radio"} | number(532),
        {"source": "Radio", "cites": "Monitor"} | number(340),
    )
    assert origin_of(case.reports[0], Lines(case.reports)) == ("Agency", "Radio")


def test_a_chain_goes_on_through_the_relay_of_the_same_figure():
    case = case_of(
        {"source": "Agency", "cites": "Radio"} | number(532),
        {"source": "Radio", "cites": "Police"} | number(90),
        {"source": "Radio", "cites": "Monitor"} | number(532),
    )
    assert origin_of(case.reports[0], Lines(case.reports)) == ("Agency", "Radio", "Monitor")


def test_the_order_of_rows_does_not_change_an_origin():
    relay = {"source": "Agency", "cites": "Radio"} | number(57)
    others = [
        {"source": "Radio", "cites": "Police"} | number(100),
        {"source": "Radio", "cites": "Monitor"} | number(200),
    ]
    origins = set()
    for rows in ([relay, *others], [relay, *reversed(others)]):
        reports = Case(table(*rows), start=START).reports
        origins.add(origin_of(reports[0], Lines(reports))[-1])
    assert len(origins) == 1


# --- circles --------------------------------------------------------------------------------------


def circle(*cited):
    rows = [{"source": source, "cites": cites} | number(5) for source, cites in cited]
    with pytest.raises(InputError) as caught:
        case_of(*rows)
    return caught.value.problems


@pytest.mark.parametrize(
    "cited",
    [
        [("A", "B"), ("B", "A")],
        [("A", "B"), ("B", "C"), ("C", "A")],
    ],
)
def test_a_circle_of_citations_is_refused_and_told_once(cited):
    (message,) = circle(*cited)
    for fragment in ("row 2, column cites", "circle", "A cites B", "leave that row's cites empty"):
        assert fragment in message


def test_a_circle_that_others_lead_into_is_told_once():
    (message,) = circle(("A", "B"), ("B", "C"), ("C", "B"))
    assert "B cites C" in message


def test_two_circles_are_told_both():
    problems = circle(("A", "B"), ("B", "A"), ("C", "D"), ("D", "C"))
    assert len(problems) == 2


def test_citing_each_other_on_different_nodes_is_no_circle():
    case = case_of(
        {"source": "A", "cites": "B", "category": "civilians"} | number(5),
        {"source": "B", "cites": "A", "category": "forces"} | number(5),
        categories=["civilians", "forces"],
    )
    assert len(case.reports) == 2


def test_citing_each_other_on_different_measures_is_no_circle():
    case = case_of(
        {"source": "A", "cites": "B", "measure": "killed"} | number(5),
        {"source": "B", "cites": "A", "measure": "injured"} | number(5),
    )
    assert len(case.reports) == 2


def test_covering_is_about_figures_alone():
    case = case_of(OWN | number(1383), RELAY | number(1400, "about") | {"published": "2025-03-20"})
    assert covers(*case.reports)
    assert not covers(*reversed(case.reports))


def test_an_estimate_covers_a_relay_of_its_middle():
    estimate = {"value": 4645, "low": 793, "high": 8498, "qualifier": "estimate"}
    case = case_of(OWN | estimate, RELAY | number(4645, "at_least"), RELAY | number(8498))
    survey, middle, end = case.reports
    assert covers(survey, middle)
    assert not covers(survey, end)


NUMBERS = [0, 1, 999, 1000, 1001, 1383, 1380, 1400, 10**9]
ANY = st.builds(
    lambda measure, scope, stated: {"measure": measure, "scope": scope, **stated},
    st.sampled_from(["killed", "missing"]),
    st.sampled_from(["", "the city"]),
    st.one_of(
        st.builds(
            number,
            st.sampled_from(NUMBERS),
            st.sampled_from(["exact", "about", "at_least", "more_than", "up_to"]),
        ),
        st.builds(lambda pair: span(*sorted(pair)), st.tuples(*[st.sampled_from(NUMBERS)] * 2)),
        st.sampled_from([{"words": w, "qualifier": "words"} for w in ("dozens", "several")]),
        st.just({"value": 1383, "low": 1000, "high": 2000, "qualifier": "estimate"}),
    ),
)


@given(st.lists(ANY, min_size=2, max_size=12))
@settings(max_examples=300, deadline=None)
def test_many_figures_are_compared_at_once_as_one_by_one(stated):
    first, *rest = case_of(*({"source": f"S{i}"} | row for i, row in enumerate(stated))).reports
    figures = Figures(rest)
    assert figures.covering(first).tolist() == [covers(r, first) for r in rest]
    assert figures.covered(first).tolist() == [covers(first, r) for r in rest]


def test_a_source_of_thousands_of_figures_that_another_repeats_is_read_at_once():
    rows = [OWN | number(1000 + 7 * i) | {"as_of": START, "published": START} for i in range(2500)]
    rows += [RELAY | number(900 + 7 * i, "at_least") for i in range(2500)]
    with limited(15):
        found = evidence_of(*rows)
    assert fates(found).count("relay") == 2500


def test_a_chain_of_citations_that_nobody_tells_is_refused_at_once():
    def chain(length):
        return [{"source": f"S{i}", "cites": f"S{i + 1}", "value": 5} for i in range(length)]

    assert fates(evidence_of(*chain(50))).count("evidence") == 1
    with limited(10), pytest.raises(InputError) as caught:
        case_of(*chain(10_000))
    assert_told(caught.value.problems, "row 2, column cites", "more than 50", "S0 cites S1 cites")
