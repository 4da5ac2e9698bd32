"""Counts of other scopes and other things: bounds, shares and bridges; what looks odd is told."""

import math

import numpy as np
import pytest
from helpers import (
    assert_told,
    attempt,
    case_of,
    content,
    evidence_of,
    fates,
    near_bounds,
    said,
    write_case,
)
from scipy.special import log_ndtr

import tolls
from tolls import cli
from tolls.evidence import gather
from tolls.presets import load_presets
from tolls.priors import LogNormal
from tolls.simulation import simulate
from tolls.wordings import log_pmf

PRESETS = load_presets()
CENTRES = np.log(np.array([0.4, 3.0, 17.0, 80.0, 250.0, 1e3, 4e4]))
COUNTRY, CITY = "whole country, all of March", "the city alone"
HALF = {"low": 0.4, "high": 0.625, "mass": 0.9}  # median 0.5
BOUNDS = {"scopes": {COUNTRY: {"relation": "wider"}, CITY: {"relation": "narrower"}}}
SHARES = {
    "scopes": {
        COUNTRY: {"relation": "wider", "share": HALF},
        CITY: {"relation": "narrower", "share": HALF},
    }
}
DIRECT = "certified direct deaths"
BRIDGE = {"bridges": [{"from": DIRECT, "to": "killed", "share": HALF}]}
PARTS = {"categories": ["civilians", "forces"]}
LOG_HALF = LogNormal.from_range(0.4, 0.625, 0.9)


def reading_of(cells, **declared):
    """The reading of the one report that a case holds."""
    (statement,) = evidence_of({"published": "2025-03-12"} | cells, **declared).statements
    return statement.reading


def aside(cells, **declared):
    """Why a report is set aside that stands beside another one."""
    evidence = evidence_of({"value": 5, "source": "Other"}, cells, **declared)
    fate, reason = evidence.fates[3]
    assert fate == "set_aside"
    assert_told(evidence.warnings, "set aside: 1 report (row 3)", reason)
    return reason


def problems_of(*rows, **declared):
    made, problems = attempt(lambda: case_of(*rows, **declared))
    assert made is None
    return problems


def median(*rows, **declared):
    """Median toll of a case whose figures are known once and for all."""
    sources = {"Monitor": "B", "Radio": "B", "Office": "A"}
    case = case_of(*rows, **({"kind": "conflict", "sources": sources} | declared))
    return float(np.median(tolls.fit(case, seed=1).tolls("killed")))


# --- a pure bound from above ----------------------------------------------------------------------


def test_a_ceiling_is_the_bound_and_nothing_else():
    (found,) = np.exp(log_pmf("ceiling", (100,), np.log([100.5]), np.array([0.3]), PRESETS))
    assert found == pytest.approx(0.5)


@pytest.mark.parametrize("sd", [0.05, 0.4, 1.5])
@pytest.mark.parametrize("y", [0, 1, 7, 100])
def test_a_ceiling_is_the_sum_of_what_lies_below_and_leaves_the_rest_to_a_floor(y, sd):
    sds = np.full_like(CENTRES, sd)
    ceiling = np.exp(log_pmf("ceiling", (y,), CENTRES, sds, PRESETS))
    below = sum(np.exp(log_pmf("exact", (x,), CENTRES, sds, PRESETS)) for x in range(y + 1))
    # the density that stands for a narrow cell is right to 1e-9, and there are y + 1 of them
    assert ceiling == pytest.approx(below, abs=1e-7)
    floor = np.exp(log_pmf("floor", (y + 1,), CENTRES, sds, PRESETS))
    assert ceiling + floor == pytest.approx(1, abs=1e-12)


def test_a_ceiling_keeps_its_digits_far_below_the_belief():
    (found,) = log_pmf("ceiling", (10,), np.log([1e6]), np.array([0.3]), PRESETS)
    assert found == pytest.approx(log_ndtr(math.log(10.5 / 1e6) / 0.3), rel=1e-12)
    assert math.isfinite(found)


# --- scopes without a share -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "wider", "narrower"),
    [
        ({"value": 70}, ("ceiling", 70), ("floor", 70)),
        ({"value": 70, "qualifier": "about"}, ("ceiling", 70), ("floor", 70)),
        ({"value": 70, "qualifier": "at_least"}, None, ("floor", 70)),
        ({"value": 70, "qualifier": "more_than"}, None, ("floor", 71)),
        ({"value": 70, "qualifier": "up_to"}, ("ceiling", 70), None),
        ({"value": 70, "qualifier": "fewer_than"}, ("ceiling", 69), None),
        ({"low": 60, "high": 90, "qualifier": "range"}, ("ceiling", 90), ("floor", 60)),
        ({"low": 0, "high": 90, "qualifier": "range"}, ("ceiling", 90), None),
        ({"value": 70, "low": 60, "high": 90, "qualifier": "estimate"},
         ("ceiling", 90), ("floor", 60)),
        ({"value": 70, "qualifier": "estimate"}, ("ceiling", 70), ("floor", 70)),
        ({"words": "hundreds", "qualifier": "words"}, ("ceiling", 999), ("floor", 200)),
        ({"words": "nearly 70", "qualifier": "words"}, ("ceiling", 70), ("floor", 70)),
        ({"value": 0}, ("ceiling", 0), None),
    ],
)  # fmt: skip
def test_a_scope_without_a_share_bounds_the_toll_where_its_figure_has_that_end(
    cells, wider, narrower
):
    for scope, expected in ((COUNTRY, wider), (CITY, narrower)):
        row = cells | {"scope": scope}
        if expected is None:
            reason = aside(row, **BOUNDS)
            assert f'scope "{scope}"' in reason
            assert "says nothing of the event unless a share is declared" in reason
        else:
            reading = reading_of(row, **BOUNDS)
            assert (reading.wording, *reading.figure) == expected
            assert (reading.sigma, reading.spread) == (None, 0.0)


def test_a_word_without_an_end_bounds_nothing_from_above():
    row = {"words": "millions", "qualifier": "words", "scope": COUNTRY}
    assert "without an upper end" in aside(row, **BOUNDS)


def test_a_bound_keeps_what_its_evidence_makes_of_it():
    row = {"value": 70, "scope": COUNTRY, "evidence": "certified"}
    plain = reading_of({"value": 70, "evidence": "certified"})
    found = reading_of(row, **BOUNDS)
    assert (found.shift, found.spread, found.aspect) == (plain.shift, plain.spread, plain.aspect)
    estimated = reading_of(
        {"value": 9, "low": 5, "high": 12, "qualifier": "estimate", "scope": CITY}, **BOUNDS
    )
    assert estimated.aspect.pace == 0.0  # an estimate speaks of all deaths, counted yet or not


def test_bounds_by_another_scope_lean_on_nothing_and_nothing_leans_on_them():
    evidence = evidence_of(
        {"value": 50, "published": "2025-03-07", "scope": CITY},
        {"value": 60, "published": "2025-03-08", "scope": CITY},
        {"value": 400, "published": "2025-03-09"},
        {"value": 440, "published": "2025-03-10"},
        **BOUNDS,
    )
    leaning = {s.figure[0]: s.link and s.link.rows for s in evidence.statements}
    assert leaning == {400: None, 440: (4,), 50: None, 60: None}


# --- scopes with a share --------------------------------------------------------------------------


def test_a_share_moves_what_is_said_and_widens_it():
    plain = reading_of({"value": 70, "qualifier": "about"})
    wider, narrower = (
        reading_of({"value": 70, "qualifier": "about", "scope": s}, **SHARES)
        for s in (COUNTRY, CITY)
    )
    for found, sign in ((wider, 1), (narrower, -1)):
        assert (found.wording, found.figure) == (plain.wording, plain.figure)
        assert found.shift == pytest.approx(plain.shift + sign * math.log(2))
        assert found.spread == pytest.approx(LOG_HALF.sd**2)


def test_a_floor_of_a_wider_scope_enters_by_its_share():
    row = {"value": 70, "qualifier": "at_least", "scope": COUNTRY}
    assert reading_of(row, **SHARES).wording == "at_least"


def test_the_share_s_own_median_counts():
    share = {"low": 0.2, "high": 0.9, "median": 0.8}
    declared = {"scopes": {CITY: {"relation": "narrower", "share": share}}}
    reading = reading_of({"value": 70, "scope": CITY}, **declared)
    assert reading.shift == pytest.approx(math.log(0.8))


# --- which scopes are known -----------------------------------------------------------------------


def test_without_declared_scopes_the_column_is_kept_and_no_more():
    evidence = evidence_of(
        {"value": 50, "scope": "anything"}, {"value": 50, "published": "2025-03-10"}
    )
    assert said(evidence) == [("Monitor", "killed", "exact", 50)]
    assert fates(evidence) == ["repeat", "evidence"]
    assert evidence.case.reports[0].scope == "anything"
    assert_told(evidence.warnings, "column scope is filled (row 2)", "declares no scopes")


def test_a_misspelt_scope_is_an_error_that_names_the_nearest():
    (problem,) = problems_of({"value": 50, "scope": "whole country, al of March"}, **BOUNDS)
    assert problem.startswith('reports, row 2, column scope: "whole country, al of March" is no')
    assert "empty (the event)" in problem
    assert '[scopes."whole country, al of March"] relation = "wider" or "narrower"' in problem
    assert problem.endswith(f'did you mean "{COUNTRY}"?')


def test_an_empty_scope_is_the_event():
    assert reading_of({"value": 50}, **BOUNDS).wording == "exact"


def test_a_scope_that_no_cell_could_name_is_an_error():
    (problem,) = problems_of({"value": 5}, scopes={" coast": {"relation": "wider"}})
    assert_told([problem], "key scopes. coast", "begins or ends in a blank")


def test_an_anchor_of_another_scope_needs_a_share():
    row = {"value": 9, "low": 5, "high": 12, "qualifier": "estimate", "scope": CITY}
    anchor = {"sources": {"Monitor": {"anchor": True}}}
    (problem,) = problems_of(row, **BOUNDS, **anchor)
    assert_told([problem], "row 2, column scope", "Monitor", "anchor", "only bounds it", "a share")
    assert evidence_of(row, **SHARES, **anchor).statements[0].wording == "estimate"


# --- definitions and bridges ----------------------------------------------------------------------


def test_a_bridge_leads_to_its_node():
    declared = {"bridges": [{"from": DIRECT, "to": "civilians", "share": HALF}], **PARTS}
    for category in ("", "civilians"):
        evidence = evidence_of(
            {"value": 50, "definition": DIRECT, "category": category}, **declared
        )
        (statement,) = evidence.statements
        assert statement.node == "civilians"
        assert statement.alone
        assert statement.reading.shift == pytest.approx(-math.log(2))
        assert statement.reading.spread == pytest.approx(LOG_HALF.sd**2)


def test_a_count_of_another_node_takes_no_bridge_that_leads_elsewhere():
    row = {"value": 50, "definition": DIRECT, "category": "civilians"}
    reason = aside(row, **BRIDGE, **PARTS)
    assert reason == f'counts "{DIRECT}", for which no bridge to civilians is declared'


def test_each_node_takes_its_own_bridge():
    other = {"low": 0.1, "high": 0.4}
    bridges = [*BRIDGE["bridges"], {"from": DIRECT, "to": "civilians", "share": other}]
    evidence = evidence_of(
        {"value": 50, "definition": DIRECT},
        {"value": 30, "definition": DIRECT, "category": "civilians"},
        bridges=bridges,
        **PARTS,
    )
    shifts = {s.node: s.reading.shift for s in evidence.statements}
    assert shifts == pytest.approx({"killed": math.log(0.5), "civilians": math.log(0.2)})


def test_what_no_bridge_leads_from_is_set_aside_with_the_nearest():
    reason = aside({"value": 50, "definition": "certified direct death"}, **BRIDGE)
    assert reason == (
        'counts "certified direct death", for which no bridge is declared '
        f'(did you mean "{DIRECT}"?)'
    )
    assert "excess deaths" in aside({"value": 50, "definition": "excess deaths"}, **BRIDGE)


@pytest.mark.parametrize("definition", ["", "civilians", "not fighting when killed"])
def test_a_node_s_own_definition_changes_nothing(definition):
    declared = {"definitions": {"civilians": "not fighting when killed"}, **PARTS}
    row = {"value": 50, "category": "civilians", "definition": definition}
    assert said(evidence_of(row, **declared)) == [("Monitor", "civilians", "exact", 50)]
    elsewhere = row | {"category": "forces"}
    if definition:
        assert f'counts "{definition}"' in aside(elsewhere, **declared)


def test_without_definitions_and_bridges_the_column_is_kept_and_no_more():
    evidence = evidence_of({"value": 50, "definition": "anything"}, {"value": 50, "source": "B"})
    assert said(evidence) == [("Monitor", "killed", "exact", 50), ("B", "killed", "exact", 50)]
    assert_told(evidence.warnings, "column definition is filled (row 2)", "no definitions")
    assert not any("is filled" in w for w in evidence_of({"value": 50}).warnings)


@pytest.mark.parametrize(
    ("bridges", "expected"),
    [
        ([{"from": "x", "to": "kiled"}], ["key bridges.0.to", '"kiled"', 'did you mean "killed"?']),
        ([{"from": " ", "to": "killed"}], ["key bridges.0.from", "is empty"]),
        ([{"from": "x", "to": "killed"}] * 2, ["key bridges.1", "declared twice", "once"]),
    ],
)
def test_bridges_that_lead_nowhere_are_errors(bridges, expected):
    assert_told(
        problems_of({"value": 5}, bridges=[b | {"share": HALF} for b in bridges]), *expected
    )


def test_a_bridge_comes_on_top_of_the_evidence():
    row = {"value": 50, "evidence": "certified"}
    plain = reading_of(row, **BRIDGE)
    bridged = reading_of(row | {"definition": DIRECT}, **BRIDGE)
    assert bridged.shift == pytest.approx(plain.shift + math.log(0.5))
    assert (bridged.wording, bridged.aspect) == (plain.wording, plain.aspect)


def test_scope_and_bridge_add_up():
    row = {"value": 50, "definition": DIRECT, "scope": CITY}
    both = reading_of(row, **BRIDGE, **SHARES)
    assert both.shift == pytest.approx(2 * math.log(0.5))
    assert both.spread == pytest.approx(2 * LOG_HALF.sd**2)
    bound = reading_of(row, **BRIDGE, **BOUNDS)
    assert (bound.wording, bound.shift) == ("floor", pytest.approx(math.log(0.5)))


# --- beside other figures -------------------------------------------------------------------------


def test_the_same_number_of_another_scope_or_thing_is_no_repeat():
    rows = [
        {"value": 50, "published": f"2025-03-{day}", "scope": scope, "definition": definition}
        for day, scope, definition in (
            ("10", "", ""), ("11", CITY, ""), ("12", "", DIRECT), ("13", "", ""), ("14", CITY, ""),
        )
    ]  # fmt: skip
    evidence = evidence_of(*rows, **BRIDGE, **BOUNDS)
    # the run of 50 killed is no shorter for what stands between, and neither is that of the city
    assert fates(evidence) == ["repeat", "repeat", "evidence", "evidence", "evidence"]


def test_parts_of_another_scope_are_no_bulletin_and_totals_of_it_not_redundant():
    parts = [{"value": 30, "category": c} for c in PARTS["categories"]]
    scoped = evidence_of(*[p | {"scope": CITY} for p in parts], **BOUNDS, **PARTS)
    assert not scoped.compositions
    total = evidence_of(*parts, {"value": 60, "scope": CITY}, **SHARES, **PARTS)
    assert len(total.compositions) == 1
    assert fates(total) == ["evidence"] * 3


def test_a_relay_of_another_scope_is_no_relay_of_the_event_s_figure():
    own, relay = {"value": 52}, {"source": "Radio", "cites": "Monitor", "value": 52}
    assert fates(evidence_of(own, relay, **BOUNDS)) == ["evidence", "relay"]
    scoped = evidence_of(own, relay | {"scope": CITY}, **BOUNDS)
    assert fates(scoped) == ["evidence", "evidence"]
    both = evidence_of(own | {"scope": CITY}, relay | {"scope": CITY}, **BOUNDS)
    assert fates(both) == ["evidence", "relay"]


def test_how_such_a_row_enters_is_told():
    evidence = evidence_of(
        {"value": 50},
        {"value": 900, "scope": COUNTRY, "published": "2025-03-10"},
        {"value": 950, "scope": COUNTRY, "published": "2025-03-11"},
        {"value": 30, "definition": DIRECT},
        **BOUNDS,
        **BRIDGE,
    )
    assert_told(evidence.warnings, f'row 3, 4: scope "{COUNTRY}" is wider', "upper bound alone")
    assert_told(evidence.warnings, f'row 5: counts "{DIRECT}": enters for killed', "about 0.5 (0.4")
    shares = evidence_of({"value": 900, "scope": COUNTRY}, **SHARES)
    assert_told(shares.warnings, "row 2", "the declared share", "about 0.5 (0.4 to 0.62)")


def test_check_tells_how_such_a_row_enters_and_which_are_set_aside(tmp_path, capsys):
    text = f"""
    format = 1
    start = 2025-03-06
    [scopes."{COUNTRY}"]
    relation = "wider"
    """
    rows = [
        {"source": "Monitor", "published": "2025-03-09", "value": 50},
        {"source": "Radio", "published": "2025-03-09", "value": 900, "scope": COUNTRY},
        {"source": "Web", "published": "2025-03-09", "value": 9, "qualifier": "at_least",
         "scope": COUNTRY},
    ]  # fmt: skip
    assert cli.main(["check", str(write_case(tmp_path, text, rows))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert_told(lines, f'Note: row 3: scope "{COUNTRY}" is wider than the event: enters as upper')
    assert_told(lines, "row 4: Web", "without an upper end says nothing")


def test_the_order_of_rows_changes_nothing():
    cases = [case_of(*rows, **DECLARED, **BOUNDS) for rows in (EVERY, EVERY[::-1])]
    first, second = (sorted(repr(content(s)) for s in gather(c).statements) for c in cases)
    assert first == second


# --- fits -----------------------------------------------------------------------------------------


def test_a_wider_figure_far_above_leaves_the_toll_alone_and_one_below_bounds_it():
    own = [{"value": 200}, {"value": 220, "source": "Radio"}]
    without = median(*own, **BOUNDS)
    far = median(*own, {"value": 5000, "source": "Office", "scope": COUNTRY}, **BOUNDS)
    assert far == pytest.approx(without, rel=0.05)
    near = median(*own, {"value": 150, "source": "Office", "scope": COUNTRY}, **BOUNDS)
    assert near < 0.93 * without


def test_a_narrower_figure_raises_the_toll_where_it_lies_above():
    own = [{"value": 200}, {"value": 220, "source": "Radio"}]
    without = median(*own, **BOUNDS)
    below = median(*own, {"value": 20, "source": "Office", "scope": CITY}, **BOUNDS)
    assert below == pytest.approx(without, rel=0.03)
    above = median(*own, {"value": 400, "source": "Office", "scope": CITY}, **BOUNDS)
    assert above > 1.15 * without


def test_a_bridge_of_a_half_doubles_what_is_said():
    found = {
        definition: median({"value": 100, "source": "Office", "definition": definition}, **BRIDGE)
        for definition in ("", DIRECT)
    }
    # both are drawn a little towards the prior's median of 100, the wider more
    assert found[DIRECT] / found[""] == pytest.approx(2, rel=0.1)


def test_both_engines_get_it_through_the_reading():
    from test_graph import likelihood_of, potentials_of, prior_points

    evidence = evidence_of(
        {"value": 50},
        {"value": 900, "scope": COUNTRY, "source": "Radio"},
        {"value": 20, "scope": CITY, "source": "Web"},
        {"value": 30, "definition": DIRECT, "source": "Office", "qualifier": "about"},
        **BOUNDS,
        **BRIDGE,
    )
    parameters, points = prior_points(evidence)
    graph = potentials_of(evidence, points)["statements"]
    assert graph == pytest.approx(likelihood_of(evidence, parameters)["statements"], abs=1e-6)


# --- round trips ----------------------------------------------------------------------------------

EVERY = [
    {"value": 50, "published": "2025-03-08"},
    {"value": 300, "scope": COUNTRY, "published": "2025-03-09"},
    {"low": 200, "high": 400, "qualifier": "range", "scope": COUNTRY, "source": "Radio"},
    {"value": 9, "low": 5, "high": 20, "qualifier": "estimate", "scope": CITY, "source": "Web"},
    {"words": "nearly 40", "qualifier": "words", "scope": CITY, "source": "Paper"},
    {"value": 30, "definition": DIRECT, "source": "Office", "qualifier": "about"},
    {"value": 25, "definition": DIRECT, "source": "Court", "qualifier": "at_least"},
    {"value": 31, "category": "civilians", "definition": "not fighting", "source": "Court"},
]
DECLARED = {"definitions": {"civilians": "not fighting"}, **BRIDGE, **PARTS}


@pytest.mark.parametrize("scopes", [BOUNDS, SHARES])
def test_a_simulated_case_is_read_the_same_way(scopes):
    case = near_bounds(case_of(*EVERY, **DECLARED, **scopes))
    again = simulate(case, seed=1, tolls={"killed": 9000}).case  # no two figures are the same
    first, second = gather(case), gather(again)
    assert second.counts["evidence"] == second.counts["read"] == len(EVERY)

    def design(evidence):
        """All that the figures do not decide; a range or a pure bound is drawn as exact."""
        drawn = dict.fromkeys(("range", "floor", "ceiling"), "exact")
        return sorted(
            (s.source, s.node, drawn.get(s.wording, s.wording), round(s.reading.shift, 9),
             round(s.reading.spread, 9), s.reading.aspect, s.alone)
            for s in evidence.statements
        )  # fmt: skip

    assert design(second) == design(first)


def test_a_case_comes_back_from_json_with_scopes_and_bridges():
    case = case_of(*EVERY, **DECLARED, **SHARES)
    again = tolls.Case.from_json(case.to_json())
    assert again.digest == case.digest
    assert list(map(content, gather(again).statements)) == list(
        map(content, gather(case).statements)
    )


def test_scopes_and_bridges_are_read_from_a_file(tmp_path):
    text = f"""
    format = 1
    start = 2025-03-06
    [scopes."{COUNTRY}"]
    relation = "wider"
    share = {{ low = 0.2, high = 0.6, mass = 0.9, median = 0.3 }}
    rationale = "x"
    [[bridges]]
    from = "{DIRECT}"
    to = "killed"
    share = {{ low = 0.02, high = 0.6, mass = 0.9 }}
    rationale = "y"
    """
    case = tolls.read_case(write_case(tmp_path, text))
    assert case.declaration.scopes[COUNTRY].share.median == 0.3
    assert case.declaration.bridges[0].counted == DIRECT


# --- what looks odd is told -----------------------------------------------------------------------


def copies(*rows, **declared):
    return [w for w in evidence_of(*rows, **declared).warnings if "the same number" in w]


ODD = [{"value": 1237}, {"value": 1237, "source": "Radio", "published": "2025-03-10"}]


def test_the_same_odd_number_in_two_sources_is_told_and_merged_never():
    (told,) = copies(*ODD)
    assert told.startswith(
        "the same number, 1,237, for killed in Monitor (row 2), Radio (row 3): where one repeats"
    )
    assert "fill in cites, or declare one group" in told
    assert len(evidence_of(*ODD).statements) == 2


def test_each_odd_number_is_told_once_with_all_its_rows():
    rows = [*ODD, ODD[0] | {"source": "Web"}, ODD[1] | {"published": "2025-03-20"}]
    more = [{"value": 333, "source": s, "qualifier": "at_least"} for s in ("Web", "Paper")]
    first, second = copies(*rows, *more)
    assert "Monitor (row 2), Radio (row 3, 5), Web (row 4)" in first
    assert "333" in second


@pytest.mark.parametrize(
    ("rows", "declared"),
    [
        ([ODD[0], ODD[1] | {"cites": "Monitor"}], {}),
        (ODD, {"sources": {n: {"group": "agency"} for n in ("Monitor", "Radio")}}),
        ([ODD[0], ODD[0] | {"published": "2025-03-10"}], {}),
        ([r | {"value": 1230} for r in ODD], {}),
        ([r | {"value": 48} for r in ODD], {}),
        ([ODD[0], ODD[1] | {"category": "civilians"}], PARTS),
    ],
    ids=["a relay", "a group", "one source", "round", "few digits", "another node"],
)
def test_what_is_no_copying_is_not_told(rows, declared):
    assert not copies(*rows, **declared)


def test_a_cut_tells_no_number_that_comes_later():
    told = [
        len([w for w in evidence_of(*ODD, as_of=day).warnings if "the same number" in w])
        for day in ("2025-03-09", "2025-03-10")
    ]
    assert told == [0, 1]


def test_check_tells_exact_figures_that_are_round_in_one_line(tmp_path, capsys):
    rows = [
        {"source": "Monitor", "value": value, "published": f"2025-03-1{i}", "qualifier": qualifier}
        for i, (value, qualifier) in enumerate(
            [(1500, "exact"), (100, ""), (1530, "exact"), (90, "exact"), (2000, "about")]
        )
    ]
    path = write_case(tmp_path, "format = 1\nstart = 2025-03-06\n", rows)
    assert cli.main(["check", str(path)]) == 0
    (line,) = [text for text in capsys.readouterr().out.splitlines() if "stated as exact" in text]
    assert "2 reports (row 2, 3)" in line
    assert "say about" in line
