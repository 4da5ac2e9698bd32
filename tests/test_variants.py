"""Variants of a case: what they change, what they leave, and that they are the variants meant."""

import math

import pytest
from helpers import case_of, every_kind, everything

from tolls.evidence import gather
from tolls.reliability import NONE
from tolls.variants import (
    bias_known,
    bias_median_one,
    bias_of_all_free,
    bias_times,
    gathered,
    graded,
    of_measure,
    only_on,
    without,
)

BIASES = {
    "Own": {"grade": "B2", "bias": {"median": 0.8, "low": 0.4, "high": 1.2}},
    "Kind": {"grade": "A", "kind": "own_losses",
             "nodes": {"forces": {"bias": {"low": 0.1, "high": 0.4}}}},
    "Survey": {"grade": "E", "kind": "survey", "anchor": True},
}  # fmt: skip
ROWS = [
    {"source": "Own", "value": 300},
    {"source": "Own", "value": 210, "evidence": "certified", "published": "2025-04-01"},
    {"source": "Kind", "value": 80, "category": "forces"},
    {"source": "Kind", "value": 200, "category": "civilians"},
    {"source": "Stranger", "value": 250},
    {"source": "Survey", "value": 300, "low": 200, "high": 450, "qualifier": "estimate"},
]


@pytest.fixture(scope="module")
def case():
    return case_of(*ROWS, sources=BIASES, categories=["civilians", "forces"], kind="massacre")


def biases(case):
    priors = {name: case.source_prior(name).bias for name in case.voices}
    return {name: (prior.median, prior.sd) for name, prior in priors.items()}


def shifts(case):
    """Median log bias of every statement: its source's and its evidence's."""
    return [
        case.source_prior(s.source).bias.mean + s.reading.shift for s in gather(case).statements
    ]


def test_a_median_of_one_leaves_every_spread(case):
    before, after = biases(case), biases(bias_median_one(case))
    assert {name: median for name, (median, _) in after.items()} == pytest.approx(
        dict.fromkeys(before, 1.0)
    )
    assert {name: sd for name, (_, sd) in after.items()} == pytest.approx(
        {name: sd for name, (_, sd) in before.items()}
    )
    assert shifts(bias_median_one(case)) == pytest.approx([0.0] * 6)


def test_times_a_factor_moves_all_but_anchors_by_as_much(case):
    moved = shifts(bias_times(case, 3.0))
    for statement, before, after in zip(gather(case).statements, shifts(case), moved, strict=True):
        due = 0.0 if statement.source == "Survey" else math.log(3.0)
        assert after - before == pytest.approx(due), statement.source
    assert [s.reading.spread for s in gather(bias_times(case, 3.0)).statements] == pytest.approx(
        [s.reading.spread for s in gather(case).statements]
    )


def test_a_free_mean_changes_the_shared_bias_alone(case):
    free = bias_of_all_free(case, 0.69)
    assert free.presets.shared_bias.sd == 0.69
    assert biases(free) == biases(case)


def test_known_biases_keep_their_medians_and_the_spread_of_the_grade(case):
    known = bias_known(case)
    assert known.presets.shared_bias.sd == NONE
    found = biases(known)
    for name, (median, _) in biases(case).items():
        assert found[name][0] == pytest.approx(median)
    scatter = case.presets.grades
    assert found["Own"][1] == pytest.approx(scatter["B"].scatter)
    assert found["Kind"][1] == pytest.approx(scatter["A"].scatter, rel=1e-3)
    assert found["Kind on forces"][1] == pytest.approx(scatter["A"].scatter)
    assert found["Survey"][1] == NONE


def test_a_declared_bias_narrower_than_its_grade_is_not_widened():
    narrow = {"X": {"grade": "D", "bias": {"low": 0.9, "high": 1.1}}}
    case = case_of({"source": "X", "value": 9}, sources=narrow)
    assert biases(bias_known(case))["X"] == pytest.approx(biases(case)["X"])


@pytest.mark.parametrize(
    ("better", "expected"),
    [(1, "A A2 D F"), (-1, "B C2 E F"), (5, "A A2 A F"), (-5, "E E2 E F")],
)
def test_grades_move_within_a_to_e_with_their_digit_and_f_stays(case, better, expected):
    moved = graded(case, better)
    names = ("Kind", "Own", "Survey", "Stranger")
    assert " ".join(moved.sources[n].grade for n in names) == expected


def test_an_unchanged_case_has_the_same_evidence(case):
    for variant in (graded(case, 0), bias_times(case, 1.0)):
        assert gather(variant).statements == gather(case).statements
        for name, prior in biases(case).items():
            assert biases(variant)[name] == pytest.approx(prior)


# --- fewer reports --------------------------------------------------------------------------------


def test_what_relays_a_source_goes_with_it():
    rows = [
        {"source": "Monitor", "value": 300},
        {"source": "Paper", "value": 300, "cites": "Monitor"},
        {"source": "Web", "value": 310, "cites": "Paper", "published": "2025-03-12"},
        {"source": "Radio", "value": 250},
    ]
    case = case_of(*rows)
    left = gathered(without(case, "killed", "Monitor"), "killed")
    assert [(s.source, s.figure) for s in left.statements] == [("Radio", (250,))]
    # its own relays alone would stand in for it
    own = gather(case.with_reports([r.as_row() for r in case.reports if r.source != "Monitor"]))
    assert ("Monitor", (300,)) in [(s.source, s.figure) for s in own.statements]


def test_a_group_goes_as_one_and_a_voice_on_a_node_by_itself():
    case = everything()
    whole = gather(case)
    for voice in whole.sources:
        left = gathered(without(case, "killed", voice), "killed")
        assert set(left.sources) == set(whole.sources) - {voice}
        units = [u for u in whole.units if u.source != voice]
        assert sorted(map(str, left.units)) == sorted(map(str, units))


def test_the_other_measure_keeps_its_reports():
    case = everything()
    left = gather(without(case, "killed", "Monitor"))
    assert left.others["injured"].statements == gather(case).others["injured"].statements
    injured = gathered(without(case, "injured", "Court"), "injured")
    assert injured.sources == ("Monitor",)
    assert gathered(without(case, "injured", "Court"), "killed").units == gather(case).units


def test_nothing_is_left_without_the_only_source():
    case = case_of({"value": 300})
    assert without(case, "killed", "Monitor") is None
    assert gathered(None, "killed") is None
    rows = [{"value": 300}, {"value": 900, "measure": "injured", "source": "Radio"}]
    case = case_of(*rows)
    assert gathered(without(case, "injured", "Radio"), "injured") is None
    assert gathered(without(case, "killed", "Monitor"), "killed") is None


def test_reports_on_a_node_and_all_others_are_all_there_are():
    case = everything()
    for measure in ("killed", "injured"):
        own = of_measure(case, measure)
        for node in own.names:
            rows = []
            for direct in (True, False):
                variant = only_on(case, measure, node, direct)
                reports = variant.reports if variant else ()
                rows.append({r.row for r in reports if r.measure == measure})
            assert rows[0] & rows[1] == set()
            assert rows[0] | rows[1] == {r.row for r in own.reports if r.measure == measure}
            for r in own.reports:
                at = own.scopes.settled(r).category == node and r.measure == measure
                assert (r.row in rows[0]) == at


def test_the_cut_in_time_stays():
    case = every_kind()
    left = gathered(without(case, "killed", "Radio"), "killed", "2025-03-12")
    assert str(left.latest) <= "2025-03-12"
