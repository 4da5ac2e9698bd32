"""Killed and injured: each has its root, its tree, and a behaviour of every source."""

import numpy as np
import pytest
from helpers import case_of, evidence_of

import tolls
from tolls import plots
from tolls.errors import InputError

TREES = {
    "categories": {"killed": ["civilians", "forces"], "injured": ["civilians", "others"]},
    "sources": {"Monitor": {"grade": "B", "kind": "monitor"}, "Radio": "C"},
    "range": {"killed": {"low": 5, "high": 3000}, "injured": {"low": 20, "high": 20_000}},
    "kind": "attack",
}
ROWS = [
    {"value": 60, "category": "civilians"},
    {"value": 30, "category": "forces"},
    {"value": 400, "measure": "injured", "source": "Radio"},
    {"value": 250, "measure": "injured", "category": "civilians"},
    {"value": 140, "measure": "injured", "category": "others"},
    {"value": 150, "measure": "injured", "category": "others", "published": "2025-03-16"},
]
NODES = ("killed", "civilians", "forces", "injured", "injured/civilians", "others")


@pytest.fixture(scope="module")
def estimate():
    return tolls.fit(case_of(*ROWS, **TREES), seed=1)


def test_nodes_are_their_own_names_where_these_are_unique(estimate):
    assert estimate.nodes == NODES
    assert list(estimate.summary().index) == list(NODES)
    assert [row["node"] for row in estimate.to_dict()["nodes"]] == list(NODES)


def test_every_measure_adds_up_by_itself(estimate):
    toll = {node: estimate.tolls(node) for node in NODES}
    assert (toll["civilians"] + toll["forces"] == toll["killed"]).all()
    assert (toll["injured/civilians"] + toll["others"] == toll["injured"]).all()
    assert np.median(toll["injured"]) > 2 * np.median(toll["killed"])


def test_an_estimate_of_the_killed_is_that_without_the_injured(estimate):
    alone = tolls.fit(
        case_of(*ROWS[:2], **(TREES | {"categories": ["civilians", "forces"]})
                | {"range": {"low": 5, "high": 3000}}), seed=1,
    )  # fmt: skip
    assert (alone.tolls("killed") == estimate.tolls("killed")).all()


def test_draws_name_what_is_of_the_injured(estimate):
    posterior = estimate.draws["posterior"]
    assert tuple(posterior["node"].values) == NODES
    assert list(posterior["source"].values) == ["Monitor"]
    assert list(posterior["source_injured"].values) == ["Monitor", "Radio"]
    assert posterior["bias_injured"].dims == ("chain", "draw", "source_injured")
    # streams of their own: chance does not tie the measures together
    both = np.corrcoef(estimate.tolls("killed"), estimate.tolls("injured"))[0, 1]
    assert abs(both) < 4 / np.sqrt(estimate.diagnostics.ess)


def test_both_measures_come_back_from_a_file(estimate, tmp_path):
    estimate.save(tmp_path / "e.nc")
    again = tolls.load(tmp_path / "e.nc")
    assert again.draws.equals(estimate.draws)
    assert again.sentence("injured") == estimate.sentence("injured")
    assert "were injured" in again.sentence("injured")


def test_every_row_counts_once(estimate):
    counts = estimate.evidence.counts
    assert counts["read"] == len(ROWS) == counts["evidence"]
    assert "2 reports from 1 source" in estimate.sentence()
    assert "4 reports from 2 sources" in estimate.sentence("injured")


def test_one_measure_that_fails_refuses_the_whole(monkeypatch):
    monkeypatch.setattr("tolls.convergence.WEIGHTED_ESS_LIMIT", 1e9)
    with pytest.raises(tolls.EstimateRefused, match=r"killed: .* injured: "):
        tolls.fit(case_of(*ROWS, **TREES), seed=1, engine="collapsed")


def test_a_category_is_one_of_its_own_measure():
    with pytest.raises(InputError) as error:
        case_of({"value": 5, "measure": "injured", "category": "forces"}, *ROWS, **TREES)
    assert "row 2, column category" in str(error.value)
    assert "injured, civilians, others" in str(error.value)


def test_unions_belong_to_the_measure_whose_parts_they_name():
    unions = {"all_of_them": ["civilians", "forces"], "hurt": ["injured/civilians", "others"]}
    case = case_of(*ROWS, unions=unions, **TREES)
    assert case.categories.unions == {"all_of_them": ("civilians", "forces")}
    assert case.others["injured"].categories.unions == {"hurt": ("civilians", "others")}


def test_injured_alone_have_no_toll_of_the_killed():
    with pytest.raises(InputError, match="estimate the killed from, and injured only beside"):
        evidence_of(*ROWS[2:], **TREES)


def test_a_simulation_says_both():
    truth = {"killed": 90, "injured": 500}
    simulated = tolls.simulate(case_of(*ROWS, **TREES), seed=2, tolls=truth)
    assert [r.measure for r in simulated.case.reports].count("injured") == 4
    assert {name: simulated.tolls[name] for name in truth} == truth
    assert set(simulated.tolls) == set(NODES)
    assert set(simulated.parameters["injured"]["bias"]) == {"Monitor", "Radio"}


def test_plots_draw_one_measure(estimate):
    assert plots.tolls(estimate).get_xlabel() == "People killed"
    assert plots.tolls(estimate, nodes=["injured", "others"]).get_xlabel() == "People injured"
    with pytest.raises(InputError, match="one measure"):
        plots.tolls(estimate, nodes=["killed", "injured"])
