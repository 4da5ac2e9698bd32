"""Reads what was verified later of a panel's events."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tolls.columns import COUNTS
from tolls.constants import MAX_COUNT, MEASURES
from tolls.errors import InputError, Problems, as_given
from tolls.names import alike
from tolls.rows import Row
from tolls.tables import panel_rows

__all__ = ["checked_threshold", "read_verified"]

_TRUTH = ("event", "category", "measure", *COUNTS, "authority", "date", "note")
_NEEDED = (("event",), ("value", "low"))


def read_verified(
    truth: Any, events: Sequence[str], *, measure: str, threshold: int | None
) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """Read what was verified later.

    Parameters
    ----------
    truth : str, Path, DataFrame, list of mappings, mapping, or None
        A table with columns ``event``, ``measure`` and ``value``, or ``low`` and ``high`` where a
        toll is known in a range (an empty end is open; the register's threshold is its least), of
        which a value beside it tells no more; or ``{event: toll}``, ``{event: (low, high)}``. A
        ``category`` is not read.
    events : sequence of str
        Those of the panel.
    measure : str
        Only its rows are used.
    threshold : int, optional
        Smallest toll that the register holds.

    Returns
    -------
    dict of str to (low, high), dict of str to int
        By event; and how many rows were left out, by why.

    Raises
    ------
    InputError
        With every fault of the table.
    """
    if truth is None:
        return {}, {}
    if isinstance(truth, Mapping):
        pairs = {e: t if isinstance(t, tuple | list) else (t, t) for e, t in truth.items()}
        if wrong := [e for e, ends in pairs.items() if len(ends) != 2]:
            raise InputError(f"truth: {wrong[0]} has no toll; allowed: a toll, or (low, high)")
        truth = [{"event": e, "low": low, "high": high} for e, (low, high) in pairs.items()]
    file = str(truth) if isinstance(truth, str | Path) else "truth"
    problems = Problems(file)
    found: dict[str, tuple[int, int]] = {}
    others = 0
    for number, cells in panel_rows(truth, _TRUTH, _NEEDED, problems):
        others += not _noted(Row(number, cells, problems), found, measure, threshold)
    known = set(events)
    inside = {event: ends for event, ends in found.items() if event in known}
    spelt = {alike(event): event for event in events} if len(inside) < len(found) else {}
    for event in found:
        meant = spelt.get(alike(event)) if event not in known else None
        if meant is not None:
            problems.add(
                "column event",
                f'"{event}" differs from "{meant}" of the reports in case, blanks or form of '
                "letters alone; write both alike",
            )
    problems.raise_if_any()
    left = {"other measures": others, "in no report": len(found) - len(inside)}
    left = {why: n for why, n in left.items() if n}
    if not inside:
        told = "".join(f"; left out: {why} ({n:,})" for why, n in left.items())
        raise InputError(
            f"{file}: speaks of no event of the reports{told}; events are matched by their names, "
            f"as {events[0]}, and measures by measure={measure}"
        )
    return inside, left


def _noted(
    row: Row, found: dict[str, tuple[int, int]], measure: str, threshold: int | None
) -> bool:
    """Note what a row says, and faults; tell whether it is of the measure."""
    if row.choice("measure", measure, MEASURES) != measure:
        return False
    event = row.cells.get("event", "")
    row.check_texts(("event",))
    if not event:
        row.add("event", "is empty; say which event was verified")
    given = {column: row.count(column) for column in COUNTS}
    if not any(row.cells.get(column, "") for column in COUNTS):
        row.add("value", "none of value, low and high is given; state the toll")
    if row.problems.count > row.faults:
        return True
    least = threshold or 0
    value, low, high = given.values()
    if value is not None and low is None and high is None:
        low = high = value
    low, high = least if low is None else low, MAX_COUNT if high is None else high
    if below := [c for c, toll in given.items() if toll is not None and toll < least]:
        row.add(
            below[0],
            f"{given[below[0]]} is below the register's threshold, {least}; mend one of them",
        )
    elif low > high:
        row.add("low", f"{low} is above high, {high}; swap them")
    elif value is not None and not low <= value <= high:
        row.add("value", f"{value} lies outside its interval, {low} to {high}; mend one of them")
    if event in found and found[event] != (low, high):
        row.add("event", f'"{event}" was verified twice, with different tolls; keep one of them')
    found[event] = low, high
    return True


def checked_threshold(threshold: object, verified: bool) -> int | None:
    """Return a threshold as a plain number; refuse one that no register can have."""
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, int | np.integer) or threshold < 0:
        raise InputError(
            f"threshold: is {as_given(threshold)}; allowed: a toll, 0 or more, or None"
        )
    if not verified:
        raise InputError("threshold: is that of a register of verified tolls; give truth too")
    return int(threshold)
