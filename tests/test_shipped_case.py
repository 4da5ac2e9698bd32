"""The shipped case reads, holds what it says it holds, and counts every report as pinned here."""

import csv
from pathlib import Path

import pytest
from helpers import said

import tolls
from tolls.evidence import gather

FOLDER = Path(__file__).parents[1] / "models" / "syria-coast-2025"
# fate of every line of reports.csv (the header is line 1)
FATES = {
    "evidence": [
        2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 20, 21, 22, 23, 24, 30, 31, 32, 37, 39, 40, 43,
        44, 45, 46, 47, 48, 49, 50,
    ],
    "relay": [16, 26, 27, 28, 29, 34, 35, 36, 38, 41, 42],
    "repeat": [14],
    "redundant": [3, 4, 18, 19, 25, 33],
}  # fmt: skip


@pytest.fixture(scope="module")
def case():
    return tolls.read_case(FOLDER)


@pytest.fixture(scope="module")
def evidence(case):
    return gather(case)


def test_it_reads_with_its_categories_and_nothing_assumed(case):
    assert case.title == "Syrian coast, March 2025"
    assert case.kind == "massacre"
    assert case.names == (
        "killed", "civilians", "security_forces", "pro_assad_fighters", "fighters_both_sides",
    )  # fmt: skip
    assert (str(case.start), str(case.end)) == ("2025-03-06", "2025-03-10")
    assert case.assumptions == ()
    assert len(case.reports) == 49


def test_every_source_is_graded_and_says_why(case):
    named = {r.source for r in case.reports} | {r.cites for r in case.reports if r.cites}
    assert named == set(case.declaration.sources)
    for source in case.sources.values():
        assert source.rationale, source.name
        assert source.reference, source.name


def test_every_figure_says_where_it_comes_from(case):
    assert all(r.note.startswith("[S") for r in case.reports)


def test_the_readme_accounts_for_the_number_of_reports(case):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`reports.csv`: {len(case.reports)} reports" in text
    for source in case.sources:
        assert source in text


def test_the_findings_of_the_official_inquiries_are_not_among_the_reports(case):
    figures = {n for r in case.reports for n in r.figure}
    assert not figures & {1426, 238, 1400}
    for name in ("case.toml", "reports.csv"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert not any(n in text for n in ("1426", "1,426", "238")), name


def test_no_report_was_published_after_the_first_official_finding(case):
    assert max(str(r.published) for r in case.reports) < "2025-07-22"


def test_the_report_that_began_the_project_is_there_and_is_a_relay_of_one_monitor(case, evidence):
    bbc = [r for r in case.reports if r.source == "BBC"]
    assert {(r.category, r.stated()) for r in bbc} == {
        ("civilians", "about 745"), ("security_forces", "125"), ("pro_assad_fighters", "148"),
        ("killed", "more than 1,000"),
    }  # fmt: skip
    assert {(r.cites, str(r.published)) for r in bbc} == {("SOHR", "2025-03-09")}
    assert {evidence.fates[r.row][0] for r in bbc} == {"relay"}


def test_the_table_has_no_column_that_nothing_reads(case):
    with (FOLDER / "reports.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert {"source", "category", "value", "qualifier", "published", "as_of", "cites"} <= set(
        header
    )
    assert all(not r.extra for r in case.reports)


def test_every_report_has_the_fate_that_is_pinned(evidence):
    found: dict[str, list[int]] = {}
    for row, (fate, _) in evidence.fates.items():
        found.setdefault(fate, []).append(row)
    assert found == FATES


def test_the_counts_are_those_that_are_pinned(evidence):
    assert evidence.counts == {
        "read": 49, "evidence": 31, "relays": 11, "repeats": 1, "redundant": 6, "set_aside": 0,
        "later": 0,
    }  # fmt: skip


def test_the_statements_are_those_that_are_pinned(evidence):
    assert said(evidence) == [
        ("SOHR", "killed", "at_least", 48),
        ("SOHR", "killed", "exact", 71),
        ("SOHR", "killed", "exact", 147),
        ("SOHR", "killed", "at_least", 241),
        ("SOHR", "killed", "exact", 745),
        ("SOHR", "killed", "exact", 1018),
        ("SOHR", "killed", "exact", 1311),
        ("SOHR", "civilians", "exact", 340),
        ("SOHR", "civilians", "at_least", 429),
        ("SOHR", "civilians", "exact", 973),
        ("SOHR", "civilians", "at_least", 1225),
        ("SOHR", "civilians", "exact", 1383),
        ("SOHR", "civilians", "exact", 1614),
        ("SNHR", "killed", "at_least", 226),
        ("SNHR", "killed", "at_least", 240),
        ("SNHR", "killed", "exact", 803),
        ("SNHR", "killed", "exact", 1334),
        ("SNHR", "security_forces", "at_least", 100),
        ("OHCHR", "civilians", "at_least", 111),
        ("Government of Syria", "security_forces", "about", 200),
        ("Fox News eyewitness", "civilians", "at_least", 4001),
        ("Tehran Times field sources", "civilians", "range", 2300, 2400),
        ("Antiwar.com", "civilians", "at_least", 1501),
    ]
    assert [c.counts for c in evidence.compositions] == [
        (4, 35, 32), (532, 93, 120), (745, 125, 148), (830, 231, 250)
    ]  # fmt: skip


def test_it_comes_back_from_json_with_the_same_evidence_in_the_same_order(case, evidence):
    again = gather(tolls.Case.from_json(case.to_json()))
    assert again.case.digest == case.digest
    assert again.sources == evidence.sources
    assert again.statements == evidence.statements
    assert again.compositions == evidence.compositions


def test_a_total_that_contradicts_its_parts_is_remarked_upon(evidence):
    (remark,) = [w for w in evidence.warnings if "add up" in w]
    for fragment in ("row 4", "SOHR", "more than 71", "71"):
        assert fragment in remark


def test_as_of_8_march_rudaw_stands_in_for_the_monitor_it_cites(case):
    early = gather(case, "2025-03-08")
    rudaw = next(r for r in case.reports if r.source == "Rudaw")
    assert early.fates[rudaw.row][0] == "evidence"
    assert "Rudaw" not in early.sources
    assert ("SOHR", "civilians", "at_least", 532) in said(early)
    assert [str(day) for day in early.period] == ["2025-03-06", "2025-03-08"]
    assert early.counts["later"] == sum(str(r.published) > "2025-03-08" for r in case.reports)


def test_as_of_11_march_the_day_after_the_harm_nothing_later_is_used(case):
    early = gather(case, "2025-03-11")
    assert str(early.latest) == "2025-03-11"
    assert max(str(s.published) for s in early.statements) == "2025-03-11"
    assert early.counts["read"] == 49
    assert 0 < early.counts["evidence"] < 31
