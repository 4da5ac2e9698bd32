"""Reads the kinds of a panel's events, each of which has sizes of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tolls.errors import InputError, Problems
from tolls.names import Alike
from tolls.rows import Row
from tolls.tables import panel_rows

__all__ = ["ANY", "read_kinds"]

ANY = "event"  # kind of events of which no kind is given
_COLUMNS = ("event", "kind")


def read_kinds(kinds: Any, events: Sequence[str]) -> tuple[dict[str, str], int]:
    """Read the kind of every event.

    Parameters
    ----------
    kinds : str, Path, DataFrame, list of mappings, mapping, or None
        A table with columns ``event`` and ``kind``; or ``{event: kind}``. Where it is left out all
        events are of one kind.
    events : sequence of str
        Those of the panel.

    Returns
    -------
    dict of str to str, int
        By event; and how many events with a kind no report speaks of.

    Raises
    ------
    InputError
        With every fault of the table, and if an event has no kind.
    """
    if kinds is None:
        return dict.fromkeys(events, ANY), 0
    if isinstance(kinds, Mapping):
        kinds = [{"event": event, "kind": kind} for event, kind in kinds.items()]
    problems = Problems(str(kinds) if isinstance(kinds, str | Path) else "kinds")
    found: dict[str, str] = {}
    alike = Alike()
    for number, cells in panel_rows(kinds, _COLUMNS, [(c,) for c in _COLUMNS], problems):
        _note(Row(number, cells, problems), found, alike)
    problems.raise_if_any()
    if lacking := [event for event in events if event not in found]:
        raise InputError(
            f'{problems.file}: events without a kind: {len(lacking):,}, among them "{lacking[0]}"; '
            "give every event one, or leave kinds out"
        )
    return {event: found[event] for event in events}, len(found) - len(events)


def _note(row: Row, found: dict[str, str], alike: Alike) -> None:
    """Note what a row says; its faults go to the problems of the file."""
    event, kind = (row.cells.get(column, "") for column in _COLUMNS)
    for column in _COLUMNS:
        if not row.cells.get(column, ""):
            row.add(column, "is empty; say which event is of which kind")
    row.check_texts(_COLUMNS)
    if found.setdefault(event, kind) != kind:
        row.add("kind", f'"{event}" is of two kinds, {found[event]} and {kind}; keep one of them')
    alike.note(f"row {row.number}, column kind", kind, row.problems)
