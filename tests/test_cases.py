"""Every case in models/ reads, says why, keeps the truth out of its reports, and can be fitted."""

import csv
from datetime import date
from pathlib import Path

import pytest

import tolls
from tolls.constants import MEASURES
from tolls.evidence import gather
from tolls.truths import read_truth

MODELS = Path(__file__).parents[1] / "models"
CASES = sorted(path.parent.name for path in MODELS.glob("*/case.toml"))
# sources whose reliability nobody can judge, and who say so in their rationale
GRADE_F = {
    ("paris-2015", "media"),
    ("paris-2015", "French officials via CNN"),
    ("rana-plaza-2013", "media"),
    ("rana-plaza-2013", "unnamed estimate"),
}
TRUTH = ("category", "measure", "value", "low", "high", "authority", "date", "note")


@pytest.fixture(params=CASES)
def name(request):
    return request.param


@pytest.fixture
def case(name):
    return tolls.read_case(MODELS / name)


@pytest.fixture
def truth(name):
    path = MODELS / name / "truth.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows, path
    return rows


def figure(row):
    return tuple(int(row[column]) for column in ("value", "low", "high") if row[column])


def test_there_are_cases():
    assert {"syria-coast-2025", "turkey-syria-2023", "maui-2023", "maria-2017"} <= set(CASES)


def test_it_assumes_nothing_and_declares_every_source(name, case):
    assert case.assumptions == ()
    named = {r.source for r in case.reports} | {r.cites for r in case.reports if r.cites}
    assert named == set(case.declaration.sources)
    judged = {(name, s.name) for s in case.sources.values() if s.grade.startswith("F")}
    assert judged <= GRADE_F
    for source in case.sources.values():
        assert source.rationale, source.name
        assert source.reference, source.name


def test_every_node_is_defined(case):
    nodes = set(case.names) - set(case.declaration.unions)
    assert nodes <= set(case.declaration.definitions)


def test_every_figure_says_where_it_comes_from(case):
    assert [r.row for r in case.reports if not (r.note.startswith("[") or r.url)] == []


def test_every_column_is_one_that_is_read(case):
    assert all(not r.extra for r in case.reports)


def test_every_category_is_known_whatever_the_measure(case):
    known = {"killed": case.names} | {m: other.names for m, other in case.others.items()}
    for report in case.reports:
        assert report.category in known.get(report.measure, case.names), report


def test_the_truth_speaks_of_nodes(name, case, truth):
    for row in truth:
        assert set(TRUTH) <= set(row) <= {*TRUTH, "definition"}
        assert row["category"] in case.names, row
        assert row["measure"] in MEASURES, row
        assert row["authority"], row
        assert figure(row), row
        assert bool(row["low"]) == bool(row["high"]), row
        date.fromisoformat(row["date"])


def test_something_of_the_truth_can_be_scored(name, case):
    found = read_truth(MODELS / name / "truth.csv", case)
    assert found.tolls
    assert all("counts another thing" in why for _, why in found.unscored)


def test_no_row_of_the_truth_is_among_the_reports(case, truth):
    verified = {(r["category"], r["measure"], figure(r)) for r in truth}
    reported = {(r.category, r.measure, r.figure): r.row for r in case.reports}
    assert not verified & reported.keys()


def test_every_report_is_older_than_the_truth(case, truth):
    first = min(date.fromisoformat(row["date"]) for row in truth)
    assert [r.row for r in case.reports if r.published.day >= first] == []


def test_the_readme_tells_of_every_source_and_the_number_of_reports(name, case):
    text = (MODELS / name / "README.md").read_text(encoding="utf-8")
    assert f"{len(case.reports)} reports" in text
    assert [source for source in case.sources if source not in text] == []


def test_every_report_has_a_fate_and_some_are_evidence(case):
    evidence = gather(case)
    assert sum(evidence.counts.values()) == 2 * evidence.counts["read"] == 2 * len(case.reports)
    assert evidence.counts["evidence"] > 0


def test_it_is_fitted_by_the_default_engine_with_diagnostics_that_hold(case):
    estimate = tolls.fit(case, seed=1)
    assert estimate.engine == "collapsed"
    assert estimate.diagnostics.ok
    assert list(estimate.summary().index) == list(estimate.nodes)
    assert set(case.names) <= set(estimate.nodes)
