"""Voices: groups count once, nodes declared apart have behaviours of their own."""

import numpy as np
import pytest
from helpers import case_of, evidence_of, said

import tolls
from tolls.coordinates import Coordinates
from tolls.errors import InputError

AGENCY = {"grade": "C", "kind": "media", "group": "agency"}
GROUPED = {"sources": {name: AGENCY for name in ("Radio", "Paper", "Web")}}
SIDES = {
    "categories": ["civilians", "forces"],
    "sources": {
        "Army": {
            "grade": "C", "kind": "own_losses", "nodes": {"civilians": {"kind": "enemy_losses"}},
        }
    },
}  # fmt: skip


def channels(*values):
    names = ("Radio", "Paper", "Web")
    return [
        {"value": v, "source": name, "published": f"2025-03-1{i}"}
        for i, (name, v) in enumerate(zip(names, values, strict=False))
    ]


def test_a_group_is_one_source_whose_repeats_are_merged():
    evidence = evidence_of(*channels(50, 50, 60), **GROUPED)
    assert evidence.sources == ("agency",)
    assert said(evidence) == [("agency", "killed", "exact", 50), ("agency", "killed", "exact", 60)]
    assert evidence.counts["repeats"] == 1
    assert evidence.statements[1].link is not None


def test_members_repeat_the_values_of_their_group():
    estimate = tolls.fit(case_of(*channels(50, 55, 60), **GROUPED), seed=1)
    draws = estimate.draws["posterior"]["bias"]
    assert list(draws["source"].values) == ["Radio", "Paper", "Web"]
    assert (draws.sel(source="Radio") == draws.sel(source="Web")).all()
    table = estimate.sources()
    assert list(table.index) == ["Radio", "Paper", "Web"]
    assert list(table["reports"]) == [1, 1, 1]
    assert [row["source"] for row in estimate.to_dict()["sources"]] == ["Radio", "Paper", "Web"]


def test_a_saved_estimate_with_a_group_comes_back(tmp_path):
    estimate = tolls.fit(case_of(*channels(50, 55, 60), **GROUPED), seed=1)
    estimate.save(tmp_path / "e.nc")
    again = tolls.load(tmp_path / "e.nc")
    assert again.posterior["bias"].shape == estimate.posterior["bias"].shape
    assert again.draws.equals(estimate.draws)


def test_a_side_is_a_voice_with_a_prior_of_its_own():
    rows = [{"value": 20, "source": "Army", "category": c} for c in ("civilians", "forces")]
    evidence = evidence_of(*rows, **SIDES)
    case = evidence.case
    assert evidence.sources == ("Army", "Army on civilians")
    assert case.source_prior("Army").bias.median == pytest.approx(0.5)
    assert case.source_prior("Army on civilians").bias.median == pytest.approx(2.2)
    # its parts are no bulletin: they do not share an error
    assert not evidence.compositions
    assert {s.source: s.node for s in evidence.statements} == {
        "Army": "forces", "Army on civilians": "civilians",
    }  # fmt: skip


def test_a_side_holds_for_the_parts_of_its_node():
    case = case_of(
        {"value": 3, "source": "Army", "category": "north"},
        categories={"killed": ["civilians", "forces"], "civilians": ["north", "south"]},
        sources=SIDES["sources"],
    )
    assert case.voice("Army", "north") == "Army on civilians"
    assert case.voice("Army", "forces") == "Army"


def test_an_anchor_sees_the_toll_without_the_shared_bias():
    rows = [
        {"value": 60, "source": "Monitor"},
        {"value": 100, "low": 80, "high": 120, "qualifier": "estimate", "source": "Survey"},
    ]
    sources = {"Survey": {"grade": "A", "kind": "survey", "anchor": True}}
    evidence = evidence_of(*rows, sources=sources)
    coordinates = Coordinates(evidence)
    z = np.random.default_rng(1).standard_normal((5, coordinates.dimension))
    level, shared = coordinates.level(z), coordinates.shared_bias(z, np.random.default_rng(2))
    assert level[:, 0] - shared == pytest.approx(level[:, 1])
    assert coordinates.log_size(z, shared) == pytest.approx(level[:, 1:])
    assert dict(zip([s.source for s in evidence.statements], evidence.node, strict=True)) == {
        "Monitor": 0, "Survey": 1,
    }  # fmt: skip


def test_an_anchor_pins_the_level_and_the_estimate_says_so():
    rows = [{"value": 60, "source": s} for s in ("Monitor", "Radio", "Court")]
    anchor = {"value": 100, "low": 90, "high": 111, "qualifier": "estimate", "source": "Survey"}
    declared = {"sources": {"Survey": {"grade": "A", "kind": "survey", "anchor": True}}}
    free = tolls.fit(case_of(*rows), seed=1)
    pinned = tolls.fit(case_of(*rows, anchor, **declared), seed=1)
    low, high = np.quantile(pinned.tolls("killed"), [0.05, 0.95])
    assert 80 < low < high < 120
    assert high - low < 0.3 * np.subtract(*np.quantile(free.tolls("killed"), [0.95, 0.05]))
    assert "Survey, declared an anchor" in pinned.level
    assert "no anchor" in free.level


def test_an_anchor_states_estimates_alone():
    with pytest.raises(InputError) as error:
        case_of({"value": 60}, sources={"Monitor": {"anchor": True}})
    (problem,) = error.value.problems
    assert problem.startswith("reports, row 2, column qualifier: Monitor is declared an anchor")
    assert "qualifier estimate with low and high" in problem
