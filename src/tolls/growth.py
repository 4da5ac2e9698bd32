"""How much of a toll has happened and is knowable at a report: the times behind F = H x W.

This file turns dates into the two numbers that the growth curves take; the curves themselves are
in `likelihood`, `graph` and `simulation`, each on its own.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from tolls.constants import FIRST_YEAR, LAST_YEAR
from tolls.errors import InputError, as_given
from tolls.names import DAY, in_calendar
from tolls.presets import Presets

__all__ = ["LISTS", "Aspect", "Exposure", "Moment", "exposure", "parse_day"]

FOREVER = 1e9  # days after which everything is known
_DAY = timedelta(days=1)
LISTS = ("official", "public")  # of the missing


@dataclass(frozen=True, slots=True)
class Aspect:
    """What a figure counts of a toll, and how fast that becomes known.

    Attributes
    ----------
    found, unfound : bool
        Whether it counts the dead who were found by then, and those who were not.
    listed : str
        Of a figure of the missing: the list in `LISTS` whose living it counts too; else empty.
    pace : float
        Of the growth of knowledge, as a multiple of the event's; 0 for none.
    """

    found: bool = True
    unfound: bool = False
    listed: str = ""
    pace: float = 1.0


@dataclass(frozen=True, order=True, slots=True)
class Moment:
    """A date, or a date with its hour; a bare date is its middle.

    Attributes
    ----------
    when : datetime
        Of the place, or in UTC where the text had an offset from it.
    hours_given, in_utc : bool
    """

    when: datetime
    hours_given: bool = False
    in_utc: bool = field(default=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Moment":
        """Read an ISO date or date-time; an offset from UTC is applied.

        Examples
        --------
        >>> Moment.parse("2025-03-06").when.hour
        12
        """
        if not re.match(rf"{DAY}(\Z|[T ](?!24)[0-9])", text):
            raise ValueError(f"{text!r} is no ISO date")
        if len(text) == len("2025-03-06"):
            return cls.of_date(in_calendar(date.fromisoformat(text)))
        when = datetime.fromisoformat(text)
        if in_utc := when.tzinfo is not None:
            try:
                when = when.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:
                raise ValueError(f"{text!r} lies outside the calendar") from None
        in_calendar(when.date())
        return cls(when, True, in_utc)

    @classmethod
    def of_date(cls, day: date) -> "Moment":
        """Return the middle of a day."""
        return cls(datetime.combine(day, time(12)))

    @property
    def day(self) -> date:
        """The calendar day."""
        return self.when.date()

    def __str__(self) -> str:
        if not self.hours_given:
            return f"{self.day}"
        return self.when.isoformat().removesuffix(":00") + "Z" * self.in_utc


def parse_day(given: object, name: str) -> date:
    """Return a calendar day given as a date, a date-time or ISO text."""
    try:
        # the missing date of pandas is a date-time unlike itself
        if isinstance(given, datetime) and given == given:
            return in_calendar(given.date())
        if isinstance(given, date) and not isinstance(given, datetime):
            return in_calendar(given)
        if isinstance(given, str) and re.fullmatch(DAY, given):
            return in_calendar(date.fromisoformat(given))
    except ValueError:
        pass
    told = f'"{str(given)[:60]}"' if isinstance(given, str | date) else as_given(given)
    raise InputError(
        f"{name}: {told} is no date; allowed: YYYY-MM-DD, of the years {FIRST_YEAR} to {LAST_YEAR}"
    )


@dataclass(frozen=True, slots=True)
class Exposure:
    """What growth has had to work with at one report.

    Attributes
    ----------
    elapsed : float
        Share of the period that had passed by `as_of`, in (0, 1].
    days : float
        Days from the middle of the harm done by `as_of` to publication.
    """

    elapsed: float
    days: float


def exposure(
    as_of: Moment, published: Moment, start: date, end: date, presets: Presets, pace: float = 1.0
) -> Exposure:
    """Return elapsed share and days of knowledge of a report.

    ``elapsed = (as_of - start + 1/2) / (end - start + 1)`` for a bare date before the end, one from
    the end on. The middle of the harm is halfway between the start and `as_of` (or the end).

    Parameters
    ----------
    as_of, published : Moment
        Date the count refers to and date it was stated.
    start, end : date
        First and last day of the harm, both included.
    presets : Presets
        Shortest times allowed.
    pace : float
        Of the growth of knowledge, as a multiple of the event's rate: days count so many times. At
        0 nothing grows: all deaths are spoken of, counted yet or not.

    Returns
    -------
    Exposure

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> first = Moment.parse("2025-03-06")
    >>> exposure(first, first, date(2025, 3, 6), date(2025, 3, 10), load_presets())
    Exposure(elapsed=0.1, days=0.5)
    """
    if pace == 0:
        return Exposure(1.0, FOREVER)
    begin = datetime.combine(start, time())
    period = (end - start + _DAY) / _DAY
    done = period if as_of.day >= end else (as_of.when - begin) / _DAY
    least = presets.growth.least_hours / 24 if published.hours_given else presets.growth.least_days
    done = max(done, presets.growth.least_hours / 24)
    days = (published.when - begin) / _DAY - done / 2
    return Exposure(min(done / period, 1.0), pace * max(days, least))
