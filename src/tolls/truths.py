"""Tolls verified later: reads ``truth.csv`` and decides which of its rows a case can be scored on.

No estimate ever reads it. A row is scored only where it counts what a node of the case counts;
every other row is listed with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.case import Case
from tolls.constants import MEASURES, ROOT_WORDS, ROOTS
from tolls.errors import InputError, Problems, nearest
from tolls.measures import label
from tolls.rows import Row
from tolls.scoring import NOTHING
from tolls.tables import check_columns, read_csv, table_rows

__all__ = ["Truth", "Verified", "read_truth"]

COLUMNS = (
    "category", "measure", "value", "low", "high", "definition", "authority", "date", "note",
)  # fmt: skip
GRID = 20  # points that stand for an interval
_NAMES = {1: ("value",), 2: ("low", "high")}  # columns of so many figures

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Verified:
    """The toll of one node, as verified later.

    Attributes
    ----------
    measure, node : str
        The node by its name within its measure.
    low, high : int
        Smallest and largest toll of its rows, in people.
    values : (point,) float array
        Tolls, in people, that scores are averaged over: one where the toll is a number; points
        evenly spread over the log of an interval; those of every row where several rows speak of
        the node.
    weights : (point,) float array
        Their weights; they add up to one, and every row weighs the same.
    """

    measure: str
    node: str
    low: int
    high: int
    values: Floats
    weights: Floats


@dataclass(frozen=True)
class Truth:
    """What a case can be scored on.

    Attributes
    ----------
    tolls : mapping of str to Verified
        By the node's name in results, as ``killed`` or ``injured/civilians``.
    unscored : tuple of (str, str)
        Rows that are not scored: what each is about, and why.
    published : date, optional
        When the first of the rows was published; nothing published from then on is used.
    """

    tolls: Mapping[str, Verified]
    unscored: tuple[tuple[str, str], ...] = ()
    published: date | None = None


def read_truth(truth: Any, case: Case) -> Truth:
    """Read the tolls verified later and match them with the nodes of a case.

    Parameters
    ----------
    truth : str, Path, DataFrame, list of mappings, mapping or int
        A ``truth.csv``; a table with its columns, or one row of it; ``{node: toll}`` or ``{node:
        (low, high)}``; or the toll of the root. The last two have no date, so only the as-of dates
        keep the truth's own reports out.
    case : Case

    Returns
    -------
    Truth

    Raises
    ------
    InputError
        With every fault of the table.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.Case([{"source": "monitor", "value": 120, "published": "2025-03-09"}])
    >>> read_truth({"killed": (140, 160)}, case).tolls["killed"].values.min()
    np.float64(140.0)
    """
    if isinstance(truth, Mapping) and {"value", "low"} & truth.keys():
        truth = [truth]
    problems = Problems(str(truth) if isinstance(truth, str | Path) else "truth")
    rows = _rows(truth, problems)
    if not rows and not problems.messages:
        problems.add("", "has no row; state at least one toll verified later")
    dated = not isinstance(truth, Mapping | int | np.integer)
    if rows and isinstance(truth, str | Path):
        check_columns(list(rows[0][1]), COLUMNS, (("value", "low"),), {}, problems)
    if rows and dated and "date" not in rows[0][1]:
        problems.add(
            "row 1",
            f'column "date" is missing; found: {", ".join(rows[0][1])}; it says when the toll was '
            "published",
        )
        dated = False
    read = [_TruthRow(number, cells, problems).entry(case, dated) for number, cells in rows]
    problems.raise_if_any()
    scored: dict[str, list[_Entry]] = {}
    unscored: list[tuple[str, str]] = []
    for entry in (entry for entry in read if entry is not None):
        if entry.reason:
            unscored.append((entry.name, entry.reason))
        else:
            scored.setdefault(entry.name, []).append(entry)
    dates = [e.published for own in scored.values() for e in own if e.published]
    return Truth(
        {name: _verified(own) for name, own in scored.items()},
        tuple(unscored),
        min(dates, default=None),
    )


@dataclass(frozen=True)
class _Entry:
    """One row: what it is called in results, and its figure or why it is not scored."""

    name: str
    measure: str
    node: str
    figure: tuple[int, ...]
    published: date | None
    reason: str


def _rows(truth: Any, problems: Problems) -> Sequence[tuple[int, Mapping[str, str]]]:
    if isinstance(truth, str | Path):
        return [
            (n, {k: t.strip() for k, t in r.items()}) for n, r in read_csv(Path(truth), problems)
        ]
    if isinstance(truth, int | np.integer):
        truth = {"": truth}
    if isinstance(truth, Mapping):
        stated = {
            node: toll if isinstance(toll, tuple | list) else (toll,)
            for node, toll in truth.items()
        }
        for node, ends in stated.items():
            if len(ends) not in _NAMES:
                raise InputError(
                    f"truth: {node} has {len(ends)} figures; allowed: a toll, or (low, high)"
                )
        truth = [
            {"category": node} | dict(zip(_NAMES[len(ends)], ends, strict=True))
            for node, ends in stated.items()
        ]
    try:
        return table_rows(truth)
    except InputError as error:
        raise InputError([f"truth{p.removeprefix('reports')}" for p in error.problems]) from None


class _TruthRow(Row):
    """Validates one row of a truth."""

    worded = False

    def entry(self, case: Case, dated: bool) -> _Entry | None:
        """Return what the row says; its faults go to the problems of the file."""
        self.check_texts(("category",))
        measure = self.choice("measure", ROOTS[0], MEASURES)
        figure = self._figure()
        published = self._published(case) if dated else None
        if self.problems.count > self.faults:
            return None
        node = self.cells.get("category", "")
        if not self.cells.get("measure", ""):  # then the node tells it, where only one can be meant
            prefix = node.partition("/")[0]
            others = (m for m, own in case.others.items() if node in own.names or prefix == m)
            measure = measure if node in case.names else next(others, measure)
        node = node.removeprefix(f"{measure}/")
        node = measure if node.lower() in ROOT_WORDS else node
        name = label(measure, node, case.names) if measure in ROOTS else f"{measure}/{node}"
        reason = _mismatch(case, measure, node, self.cells.get("definition", ""))
        return _Entry(name, measure, node, figure, published, reason)

    def _figure(self) -> tuple[int, ...]:
        """Return the toll, or the ends of its interval."""
        value, low, high = (self.count(column) for column in ("value", "low", "high"))
        given = [c for c in ("value", "low", "high") if self.cells.get(c, "")]
        if not given:
            self.add("value", "is empty; state the toll, or low and high where it is an interval")
        if len({"low", "high"} & set(given)) == 1:
            missing = "high" if "low" in given else "low"
            self.add(missing, "is empty; an interval has low and high")
        if low is None or high is None:
            return () if value is None else (value,)
        if low > high:
            self.add("low", f"{low} is above high, {high}; swap them")
        elif value is not None and not low <= value <= high:
            self.add(
                "value", f"{value} lies outside its interval, {low} to {high}; mend one of them"
            )
        return low, high

    def _published(self, case: Case) -> date | None:
        if not self.cells.get("date", ""):
            self.add("date", "is empty; give the ISO date on which the toll was published")
        moment = self.moment("date")
        if moment is None:
            return None
        if moment.day < case.start:
            self.add("date", f"{moment} is before the case's start, {case.start}; mend one of them")
        return moment.day


def _mismatch(case: Case, measure: str, node: str, definition: str) -> str:
    """Say why a case is not scored on a row, or nothing."""
    if measure not in ROOTS:
        return f"measure {measure}: no toll of its own; scored are {' and '.join(ROOTS)}"
    if measure != case.measure and measure not in case.others:
        return f"measure {measure}: the case has no report of it, hence no estimate"
    own = case.others.get(measure, case)
    if node not in own.names:
        near = nearest(node, own.names)
        hint = f' (did you mean "{near}"?)' if near else ""
        return f'"{node}" is no node of the case{hint}; its nodes: {", ".join(own.names)}'
    declared = own.scopes.declaration.definitions.get(node, "")
    if definition not in ("", node, declared):
        known = f'"{declared}"' if declared else "a toll that [definitions] does not define"
        return f'counts another thing, "{definition}"; the case counts {known}'
    return ""


def _verified(entries: Sequence[_Entry]) -> Verified:
    """Put the rows on one node together; each weighs the same."""
    values, weights = [], []
    for entry in entries:
        # from where sizes round to the lowest toll to where they no longer round to the highest
        ends = np.array([max(entry.figure[0] - 0.5, NOTHING / 2), entry.figure[-1] + 0.5])
        count = GRID if len(entry.figure) > 1 else 1
        low, high = np.log(ends)
        places = low + (high - low) * (np.arange(count) + 0.5) / count
        values.append(np.clip(np.rint(np.exp(places)), entry.figure[0], entry.figure[-1]))
        weights.append(np.full(count, 1 / count / len(entries)))
    first, figures = entries[0], [number for entry in entries for number in entry.figure]
    return Verified(
        first.measure,
        first.node,
        min(figures),
        max(figures),
        np.concatenate(values),
        np.concatenate(weights),
    )
