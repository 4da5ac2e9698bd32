"""What ``tolls check`` remarks on and never acts on: columns, names, days, contradictions."""

import pytest
from helpers import case_of, evidence_of

import tolls
from tolls.evidence import gather
from tolls.overview import understood


def remarks(*rows, fragment="", **declared):
    """Return the notes of a check that hold a fragment."""
    case = case_of(*rows, **declared)
    lines = understood(case, gather(case))
    return [line for line in lines if line.startswith("Note: ") and fragment in line]


def test_columns_that_are_not_read_are_named():
    rows = [{"value": 5, "editor": "", "colour": "red"}, {"value": 7, "desk": "2"}]
    (told,) = remarks(*rows, fragment="not read")
    assert told.endswith("columns colour, desk")  # an empty column holds nothing to be missed
    assert remarks({"value": 5, "note": "seen", "editor": ""}, fragment="not read") == []


@pytest.mark.parametrize(
    "other",
    ["S.O.H.R.", "S-O H_R", "S\u041eHR", "\u0405\u041eHR", "S\u039fHR", "S\u00d3HR", "sohr\u2019"],
)
def test_names_that_look_alike_are_told_and_not_merged(other):
    rows = [{"value": 50, "source": "SOHR"}, {"value": 60, "source": other}]
    (told,) = remarks(*rows, fragment="differ in punctuation")
    assert f'"SOHR" and "{other}"' in told
    assert evidence_of(*rows).sources == ("SOHR", other)


def test_a_column_that_a_mapped_one_displaces_is_kept_and_named():
    rows = [{"source": "A", "value": "5", "Deaths": "7", "published": "2025-03-09"}]
    case = tolls.Case(rows, columns={"value": "Deaths"})
    assert case.reports[0].value == 7
    assert dict(case.reports[0].extra) == {"value (of the table)": "5"}
    told = understood(case, gather(case))
    assert "Note: kept and not read: column value (of the table)" in told


def test_hours_with_an_offset_are_taken_in_utc_and_told():
    rows = [{"value": 5}, {"value": 6, "published": "2025-03-09T23:30-05:00"}]
    (told,) = remarks(*rows, fragment="offset")
    assert "(row 3)" in told
    case = tolls.Case.from_json(case_of(*rows).to_json())
    assert str(case.reports[1].published) == "2025-03-10T04:30Z"
    assert any("offset" in warning for warning in gather(case).warnings)
    assert not remarks({"value": 6, "published": "2025-03-09T23:30"}, fragment="offset")


def test_a_cited_name_and_groups_that_look_alike_are_told():
    row = {"value": 50, "cites": "Al-Jazeera"}
    assert remarks(row, {"value": 9, "source": "Al Jazeera"}, fragment="sources")
    sources = {"A": {"group": "agency"}, "B": {"group": "agency."}}
    named = {"value": 5, "source": "A"}, {"value": 6, "source": "B"}
    assert remarks(*named, sources=sources, fragment='groups "agency" and "agency."')


def test_a_word_in_two_scripts_is_told():
    assert remarks({"value": 5, "source": "S\u041eHR"}, fragment="Latin and Cyrillic")
    assert remarks({"value": 5, "source": "\u0391P"}, fragment="Latin and Greek")


@pytest.mark.parametrize(
    "others",
    [
        ("\u0422\u0410\u0421\u0421 (TASS)", "TASS"), ("Source 1", "Source 2"), ("A", "A+"),
        ("\u041c\u0427\u0421", "MChS"), ("\u8b66\u5bdf", "\u8b66\u5c40"),
    ],
)  # fmt: skip
def test_names_that_differ_are_not_told(others):
    rows = [{"value": 50 + i, "source": name} for i, name in enumerate(others)]
    assert remarks(*rows, fragment="differ in") == remarks(*rows, fragment="letters") == []


@pytest.mark.parametrize(
    ("row", "late"),
    [
        ({"published": "2026-03-10"}, False), ({"published": "2026-03-11"}, True),
        ({"published": "2052-03-09"}, True),
        ({"published": "2026-03-11", "as_of": "2025-03-08"}, True),
    ],
)  # fmt: skip
def test_a_report_of_years_after_the_harm_is_told(row, late):
    assert bool(remarks({"value": 5} | row, fragment="slip in a year")) == late


def test_without_a_declared_event_only_the_days_of_a_row_are_compared():
    rows = [{"value": 5}, {"value": 6, "published": "2027-03-09"}]
    old = {"value": 6, "published": "2027-03-09", "as_of": "2025-03-10"}
    assert not remarks(*rows, start=None, end=None, fragment="slip in a year")
    assert remarks(rows[0], old, start=None, end=None, fragment="(row 3): look for a slip")


def test_two_figures_of_one_source_on_one_day_are_told():
    (told,) = remarks({"value": 50}, {"value": 60}, fragment="several figures")
    assert (
        "Monitor states several figures on 2025-03-09: for killed 50 (row 2) and 60 (row 3)" in told
    )


@pytest.mark.parametrize(
    "change",
    [
        {"published": "2025-03-10"}, {"as_of": "2025-03-08"}, {"source": "Desk"},
        {"measure": "injured"}, {"category": "a"}, {"qualifier": "at_least"},
        {"evidence": "certified"}, {"cites": "Desk"}, {"value": 50},
    ],
)  # fmt: skip
def test_figures_that_may_both_be_right_are_no_contradiction(change):
    row = {"value": 60} | change
    assert remarks({"value": 50}, row, categories=["a", "b"], fragment="several figures") == []


def test_parts_of_the_injured_are_called_so_beside_those_of_the_killed():
    split = {"killed": ["north", "south"], "injured": ["injured/north", "injured/south"]}
    case = case_of({"value": 5}, {"value": 9, "measure": "injured"}, categories=split)
    lines = "\n".join(understood(case, gather(case)))
    assert "  killed = north + south" in lines
    assert "  injured = injured/north + injured/south" in lines
