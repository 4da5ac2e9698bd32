"""The ledger: every report has exactly one fate, and a cut in time sees nothing later."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from helpers import assert_told, case_of, evidence_of, fates, said

from tolls.errors import InputError
from tolls.evidence import FATES, gather

MIXED = [
    {"value": 100, "published": "2025-03-07"},
    {"value": 100, "published": "2025-03-08"},
    {"value": 90, "category": "civilians"},
    {"value": 30, "category": "forces"},
    {"value": 120},
    {"value": 120, "source": "Radio", "cites": "Monitor"},
    {"value": 500, "source": "Radio", "measure": "injured"},
    {"words": "dozens", "qualifier": "words", "source": "Radio"},
    {"value": 0, "qualifier": "at_least", "source": "Radio"},
    {"value": 200, "published": "2025-03-20"},
]
CATEGORIES = ["civilians", "forces"]


def test_every_report_has_exactly_one_known_fate():
    found = evidence_of(*MIXED, categories=CATEGORIES, as_of="2025-03-10")
    assert list(found.fates) == [r.row for r in found.case.reports]
    assert fates(found) == [
        "repeat", "evidence", "evidence", "evidence", "redundant", "relay",
        "evidence", "evidence", "set_aside", "later",
    ]  # fmt: skip
    assert set(fates(found)) <= set(FATES)


def test_counts_add_up_to_what_was_read():
    counts = evidence_of(*MIXED, categories=CATEGORIES, as_of="2025-03-10").counts
    assert counts == {
        "read": 10, "evidence": 5, "relays": 1, "repeats": 1, "redundant": 1, "set_aside": 1,
        "later": 1,
    }  # fmt: skip


def test_every_row_of_evidence_stands_behind_a_statement_or_a_composition():
    found = evidence_of(*MIXED, categories=CATEGORIES)
    each = (found, *found.others.values())
    used = {row for own in each for unit in own.units for row in unit.rows}
    assert used == {row for row, (fate, _) in found.fates.items() if fate == "evidence"}


def test_everything_but_evidence_has_a_reason():
    found = evidence_of(*MIXED, categories=CATEGORIES, as_of="2025-03-10")
    assert all(bool(reason) == (fate != "evidence") for fate, reason in found.fates.values())


def test_what_says_nothing_is_set_aside_and_told():
    reason = '"at least 0" says nothing'
    found = evidence_of({"value": 7}, {"value": 0, "qualifier": "at_least"})
    fate, told = found.fates[3]
    assert fate == "set_aside"
    assert reason in told
    assert_told(found.warnings, "set aside", "row 3", reason)


def test_a_source_that_only_relays_has_no_part_in_the_evidence():
    found = evidence_of(
        {"value": 5}, {"value": 5, "source": "Radio", "cites": "Monitor"}, sources={"Radio": "A"}
    )
    assert found.sources == ("Monitor",)


def test_sources_stand_in_declared_order():
    rows = [{"value": 5, "source": name} for name in "ABC"]
    assert evidence_of(*rows, sources={"C": "A", "A": "B"}).sources == ("C", "A", "B")


def test_undeclared_sources_are_told():
    assert_told(evidence_of({"value": 5}).warnings, "Monitor", "grade F")


@pytest.mark.parametrize(
    ("stated", "wording", "figure"),
    [
        ({"value": 5}, "exact", (5,)),
        ({"value": 5, "qualifier": "about"}, "about", (5,)),
        ({"value": 5, "qualifier": "at_least"}, "at_least", (5,)),
        ({"value": 5, "qualifier": "more_than"}, "at_least", (6,)),
        ({"value": 5, "qualifier": "up_to"}, "up_to", (5,)),
        ({"value": 5, "qualifier": "fewer_than"}, "up_to", (4,)),
        ({"low": 5, "high": 9, "qualifier": "range"}, "range", (5, 9)),
    ],
)
def test_every_wording_reaches_the_likelihood_in_its_plain_form(stated, wording, figure):
    assert said(evidence_of(stated)) == [("Monitor", "killed", wording, *figure)]


# --- the cut in time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cut",
    ["2025-03-08", date(2025, 3, 8), datetime(2025, 3, 8), pd.Timestamp("2025-03-08")],
    ids=["text", "date", "datetime", "timestamp"],
)
def test_nothing_published_after_the_cut_is_used(cut):
    case = case_of(
        *({"value": v, "published": f"2025-03-0{d}"} for v, d in [(1, 7), (2, 8), (3, 9)])
    )
    found = gather(case, cut)
    assert fates(found) == ["evidence", "evidence", "later"]
    assert found.latest == date(2025, 3, 8)


def test_an_hour_on_the_day_of_the_cut_is_not_later():
    found = evidence_of({"value": 5, "published": "2025-03-08T23:59"}, as_of="2025-03-08")
    assert fates(found) == ["evidence"]


def test_the_last_statement_within_the_cut_is_the_one_that_counts():
    rows = [{"value": 147, "published": f"2025-03-0{day}"} for day in (7, 8, 9)]
    assert fates(evidence_of(*rows, as_of="2025-03-08")) == ["repeat", "evidence", "later"]
    assert fates(evidence_of(*rows)) == ["repeat", "repeat", "evidence"]


@pytest.mark.parametrize(
    ("cut", "last"), [("2025-03-08", 8), ("2025-03-10", 10), ("2025-06-30", 10), (None, 10)]
)
def test_the_period_ends_at_the_cut_or_at_the_end_of_the_harm(cut, last):
    found = evidence_of({"value": 5, "published": "2025-03-07"}, as_of=cut)
    assert found.period == (date(2025, 3, 6), date(2025, 3, last))


def test_exposures_see_the_harm_up_to_the_cut():
    rows = [{"value": 5, "published": "2025-03-07"}, {"value": 9, "published": "2025-03-08"}]
    assert evidence_of(*rows).now.elapsed == pytest.approx([1.5 / 5, 2.5 / 5])
    assert evidence_of(*rows, as_of="2025-03-08").now.elapsed == pytest.approx([1.5 / 3, 1.0])


@pytest.mark.parametrize(
    ("cut", "fragments"),
    [
        ("2025-03-05", ("2025-03-05", "before the start", "2025-03-06")),
        ("2025-02-30", ('"2025-02-30"', "no date", "YYYY-MM-DD")),
        ("9999-12-31", ('"9999-12-31"', "no date", "1000 to 2100")),
        ("x" * 9000, ('"xxx', "no date", "YYYY-MM-DD")),
        ("tomorrow", ('"tomorrow"', "no date", "YYYY-MM-DD")),
        ("2025-03-06", ("no report is left", "2025-03-06", "later: 1 report")),
    ],
)
def test_a_cut_that_leaves_nothing_to_estimate_is_refused(cut, fragments):
    with pytest.raises(InputError) as caught:
        evidence_of({"value": 5, "published": "2025-03-07"}, as_of=cut)
    assert_told(caught.value.problems, *fragments)


def test_a_case_without_any_usable_report_is_refused_with_the_tally():
    with pytest.raises(
        InputError, match=r"no report is left to estimate from.*set aside: 1 report"
    ):
        evidence_of({"value": 0, "qualifier": "at_least"})


# --- what the likelihood sees ---------------------------------------------------------------------


def test_arrays_follow_the_statements():
    found = evidence_of(
        {"value": 100, "published": "2025-03-07"},
        {"value": 60, "category": "civilians", "source": "Radio"},
        {"value": 120},
        categories=CATEGORIES,
    )
    for i, statement in enumerate(found.statements):
        assert found.sources[found.source[i]] == statement.source
        assert found.case.names[found.node[i]] == statement.node
        assert found.alone[i] == statement.alone
        assert found.link[i] == (statement.link.r if statement.link else 0)
    assert found.link_log[found.link > 0] == pytest.approx([np.log(100)])
    assert found.before.days[found.link > 0] == pytest.approx([1.5 - 0.75])
    unlinked = found.link == 0
    assert (found.before.days[unlinked] == found.now.days[unlinked]).all()
