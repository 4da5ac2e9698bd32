"""Dates become the elapsed share of the harm and the days in which it could become known."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolls.constants import FIRST_YEAR, LAST_YEAR
from tolls.growth import Exposure, Moment, exposure
from tolls.presets import load_presets

PRESETS = load_presets()
YEARS = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31)
FIRST, LAST = date(2025, 3, 6), date(2025, 3, 10)


def seen(as_of, published, start=FIRST, end=LAST):
    return exposure(Moment.parse(as_of), Moment.parse(published), start, end, PRESETS)


def test_a_bare_date_is_its_middle():
    moment = Moment.parse("2025-03-06")
    assert (moment.when.hour, moment.when.minute, moment.hours_given) == (12, 0, False)


@pytest.mark.parametrize(
    "text",
    ["2025-03-06T14:30", "2025-03-06 14:30", "2025-03-06T14:30:00Z", "2025-03-06T17:30+03:00"],
)
def test_an_hour_is_read_and_an_offset_applied(text):
    moment = Moment.parse(text)
    assert moment == Moment.parse("2025-03-06T14:30")
    assert str(moment) == "2025-03-06T14:30" + "Z" * (len(text) > 16)
    assert Moment.parse(str(moment)).in_utc == moment.in_utc


def test_midnight_that_is_given_is_an_hour():
    moment = Moment.parse("2025-03-06T00:00")
    assert (moment.hours_given, str(moment)) == (True, "2025-03-06T00:00")


@pytest.mark.parametrize("text", ["20250306", "2025-W10-4", "2025W104"])
def test_a_date_in_another_iso_form_is_a_bare_date_or_refused(text):
    try:
        moment = Moment.parse(text)
    except ValueError:
        return
    assert moment == Moment.parse("2025-03-06")


@pytest.mark.parametrize("text", ["2025-02-30", "2025-13-01", "0000-01-01", "March", "2025-3-6"])
def test_what_is_no_date_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        Moment.parse(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00"])
def test_an_offset_beyond_the_calendar_is_a_value_error_too(text):
    with pytest.raises(ValueError, match=r"."):
        Moment.parse(text)


@given(st.datetimes(*YEARS).map(lambda when: when.replace(second=0, microsecond=0)))
def test_a_moment_reads_what_it_writes(when):
    moment = Moment(when, True)
    assert Moment.parse(str(moment)) == moment
    assert Moment.parse(str(Moment.of_date(when.date()))) == Moment.of_date(when.date())


def test_seconds_are_not_lost_in_writing():
    moment = Moment.parse("2025-03-06T14:30:59")
    assert Moment.parse(str(moment)) == moment


# --- elapsed share of the harm --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "elapsed"),
    [(6, 0.5 / 5), (7, 1.5 / 5), (8, 2.5 / 5), (9, 3.5 / 5), (10, 1.0), (11, 1.0), (30, 1.0)],
)
def test_the_share_elapsed_counts_whole_days_and_is_one_from_the_end_on(as_of, elapsed):
    assert seen(f"2025-03-{as_of:02d}", "2025-03-30").elapsed == pytest.approx(elapsed)


def test_an_hour_counts_as_that_hour():
    assert seen("2025-03-07T06:00", "2025-03-30").elapsed == pytest.approx(1.25 / 5)


def test_an_event_of_one_day_is_over_on_it():
    assert seen("2025-03-06", "2025-03-06", end=FIRST).elapsed == 1.0


# --- days in which it could become known ----------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "published", "days"),
    [
        ("2025-03-06", "2025-03-06", 0.5),  # 0.25 days, and half a day is the least
        ("2025-03-08", "2025-03-08", 1.25),  # harm of 2.5 days, published at its end
        ("2025-03-08", "2025-03-10", 3.25),
        ("2025-03-10", "2025-03-10", 2.0),  # harm of 5 days, its middle on 8 March at noon
        ("2025-03-20", "2025-03-20", 12.0),  # after the end the middle stays
        ("2025-03-08", "2025-03-20", 13.25),
    ],
)
def test_days_run_from_the_middle_of_the_harm_done_to_publication(as_of, published, days):
    assert seen(as_of, published).days == pytest.approx(days)


def test_half_a_day_is_the_least_and_an_hour_where_hours_are_given():
    one = dict(start=FIRST, end=FIRST)
    assert seen("2025-03-06", "2025-03-06", **one).days == 0.5
    assert seen("2025-03-06T00:10", "2025-03-06T00:20").days == pytest.approx(1 / 24)


def test_the_example_of_the_documentation_holds():
    assert seen("2025-03-06", "2025-03-06") == Exposure(elapsed=0.1, days=0.5)


DAYS = st.integers(0, 400)


@given(DAYS, DAYS, DAYS, st.integers(0, 60))
def test_shares_lie_in_0_to_1_and_waiting_never_makes_less_known(since, wait, more, length):
    start = date(2025, 3, 6)
    end = date.fromordinal(start.toordinal() + length)
    as_of, published, later = (
        Moment.of_date(date.fromordinal(start.toordinal() + days))
        for days in (since, since + wait, since + wait + more)
    )
    now = exposure(as_of, published, start, end, PRESETS)
    then = exposure(as_of, later, start, end, PRESETS)
    assert 0 < now.elapsed <= 1
    assert now.elapsed == then.elapsed
    assert 0.5 <= now.days <= then.days


@given(DAYS, DAYS, st.integers(0, 60))
def test_a_later_as_of_never_has_less_harm_behind_it(earlier, more, length):
    start = date(2025, 3, 6)
    end = date.fromordinal(start.toordinal() + length)
    first, second = (
        Moment.of_date(date.fromordinal(start.toordinal() + days))
        for days in (earlier, earlier + more)
    )
    before = exposure(first, first, start, end, PRESETS)
    after = exposure(second, second, start, end, PRESETS)
    assert before.elapsed <= after.elapsed
    assert before.days <= after.days


def test_an_hour_24_is_refused_though_newer_pythons_take_it_for_the_next_day():
    with pytest.raises(ValueError, match="no ISO date"):
        Moment.parse("2025-03-09T24:00")
