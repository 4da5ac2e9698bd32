"""Several partitions of one node: all add up, none counts twice, people may be unassigned."""

import numpy as np
import pytest
from helpers import assert_told, case_of, evidence_of, fates, said

import tolls
from tolls.errors import InputError
from tolls.evidence import gather

SPLIT = {
    "categories": {
        "killed": [["north", "south"], ["women", "men"]],
        "women": ["girls", "adult_women"],
    },
    "kind": "massacre",
    "sources": {"Monitor": {"grade": "B", "kind": "monitor"}},
}


def bulletin(day="2025-03-12", **counts):
    return [
        {"category": name.replace("unknown_", "unknown "), "value": n, "published": day}
        for name, n in counts.items()
    ]


def test_every_draw_adds_up_in_every_partition():
    estimate = tolls.fit(case_of(*bulletin(north=60, south=30, women=40, men=50), **SPLIT), seed=1)
    toll = {node: estimate.tolls(node) for node in estimate.nodes}
    assert (toll["north"] + toll["south"] == toll["killed"]).all()
    assert (toll["women"] + toll["men"] == toll["killed"]).all()
    assert (toll["girls"] + toll["adult_women"] == toll["women"]).all()
    # partitions are independent given their whole: sex says nothing of place
    share = [toll[n] / toll["killed"] for n in ("north", "women")]
    assert abs(np.corrcoef(*share)[0, 1]) < 4 / np.sqrt(estimate.diagnostics.ess)


def test_one_bulletin_split_twice_is_one_sum_with_two_compositions():
    evidence = evidence_of(*bulletin(north=60, south=30, women=40, men=50), **SPLIT)
    assert said(evidence) == [("Monitor", "killed", "exact", 90)]
    assert sorted(c.counts for c in evidence.compositions) == [(40, 50), (60, 30)]
    assert set(fates(evidence)) == {"evidence"}
    assert not any("twice" in w for w in evidence.warnings)


def test_splits_of_different_sums_are_told_and_the_larger_counts():
    evidence = evidence_of(*bulletin(north=60, south=30, women=40, men=45), **SPLIT)
    assert said(evidence) == [("Monitor", "killed", "exact", 90)]
    assert_told(evidence.warnings, "splits killed twice", "85 and 90")


def test_people_in_no_part_count_for_the_sum_and_for_no_share():
    evidence = evidence_of(*bulletin(north=60, south=30, unknown=25), **SPLIT)
    assert said(evidence) == [("Monitor", "killed", "exact", 115)]
    assert [c.counts for c in evidence.compositions] == [(60, 30)]
    nested = evidence_of(*bulletin(girls=10, adult_women=30, unknown_women=5), **SPLIT)
    assert said(nested) == [("Monitor", "women", "exact", 45)]


def test_a_printed_total_a_little_above_its_parts_leaves_people_unassigned():
    evidence = evidence_of(*bulletin(north=60, south=30, all=100), **SPLIT)
    assert said(evidence) == [("Monitor", "killed", "exact", 100)]
    assert fates(evidence) == ["evidence", "evidence", "redundant"]
    assert_told(evidence.warnings, "10 are taken as assigned to no part")
    # one far above is no total of these parts
    far = evidence_of(*bulletin(north=60, south=30, all=400), **SPLIT)
    assert {s[-1] for s in said(far)} == {90, 400}


def test_the_unassigned_without_parts_or_inexact_are_set_aside_and_told():
    evidence = evidence_of(*bulletin(north=60, unknown=25), **SPLIT)
    assert fates(evidence) == ["evidence", "set_aside"]
    assert_told(evidence.warnings, "row 3", "beside exact figures for all parts")
    inexact = [row | {"qualifier": "about"} for row in bulletin(unknown=25)]
    evidence = evidence_of(*bulletin(north=60, south=30), *inexact, **SPLIT)
    assert fates(evidence) == ["evidence", "evidence", "set_aside"]
    assert_told(evidence.warnings, "row 4", "only as an exact figure")


def test_unions_across_partitions_of_one_node_are_refused():
    with pytest.raises(InputError) as error:
        case_of(*bulletin(north=1), unions={"mixed": ["north", "women"]}, **SPLIT)
    assert "parts of different partitions" in str(error.value)
    with pytest.raises(InputError):
        case_of(*bulletin(north=1), unions={"mixed": ["north", "girls"]}, **SPLIT)
    case = case_of(*bulletin(north=1), unions={"grown": ["adult_women", "men"]}, **SPLIT)
    assert case.categories.unions["grown"] == ("adult_women", "men")


def test_a_simulated_bulletin_has_both_splits_and_its_unassigned():
    rows = bulletin(north=60, south=30, women=40, men=50) + bulletin(
        "2025-03-20", north=70, south=30, unknown=50
    )
    case = case_of(*rows, **SPLIT)
    again = gather(tolls.simulate(case, seed=3, tolls={"killed": 900}).case)
    assert len(again.statements) == 2
    assert sorted(c.parts for c in again.compositions) == [
        ("north", "south"), ("north", "south"), ("women", "men"),
    ]  # fmt: skip
    late = max(again.statements, key=lambda s: s.published)
    split = max(again.compositions, key=lambda c: c.published)
    assert sum(split.counts) / late.figure[0] == pytest.approx(100 / 150, abs=0.01)
