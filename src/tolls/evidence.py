"""From a case to what enters the likelihood: the cut in time, relays, bulletins, exposures.

`gather` is the only way from reports to evidence, so every row has exactly one fate here, and both
engines and the simulation start from the same arrays. No likelihood lives here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tolls.bulletins import assemble
from tolls.case import Case
from tolls.constants import ROOTS
from tolls.doubts import in_utc, not_read, suspected_copies
from tolls.errors import InputError, check_type
from tolls.formatting import listed
from tolls.growth import LISTS, Aspect, Moment, exposure, parse_day
from tolls.relays import settle_relays
from tolls.reports import Report
from tolls.rounding import habits_in_words, with_habit
from tolls.statements import Composition, Fates, Statement

__all__ = ["FATES", "Evidence", "Exposures", "gather"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

FATES = ("evidence", "relay", "repeat", "redundant", "set_aside", "later")
_FATE_KEYS = {"relay": "relays", "repeat": "repeats"}


@dataclass(frozen=True)
class Exposures:
    """What growth has to work with, one entry per statement.

    Attributes
    ----------
    elapsed, days : (statement,) float arrays
        Elapsed share of the period, and days of knowledge at the pace of what is counted.
    found, unfound : (statement,) bool arrays
        Whether the dead count who were found by then, and those who were not.
    listed : (statement, list) float array
        One in the column of the list of the missing whose living count too.
    """

    elapsed: Floats
    days: Floats
    found: NDArray[np.bool_]
    unfound: NDArray[np.bool_]
    listed: Floats

    def of(self, which: slice | Ints) -> "Exposures":
        """Exposures of some of the statements."""
        return Exposures(*(getattr(self, f.name)[which] for f in fields(self)))


@dataclass(frozen=True)
class Evidence:
    """Everything that one fit rests on.

    Attributes
    ----------
    sources : tuple of str
        Sources with at least one statement or composition, in declared order.
    statements : tuple of Statement
    compositions : tuple of Composition
    fates : mapping of int to (str, str)
        Per row what became of it and why.
    others : mapping of str to Evidence
        That on measures other than the case's own.
    period : tuple of date
        First and last day of the harm that is estimated.
    source, node : (statement,) int arrays
        Positions in `sources` and in ``case.names``.
    alone : (statement,) bool array
    shift, spread : (statement,) float arrays
        What readings add to the log of what is said, and to its variance.
    link : (statement,) float array
        Weight r of the previous figure, 0 where there is none.
    link_log : (statement,) float array
        Log of what the previous figure says.
    now, before : Exposures
        Of each statement and of the one it leans on.
    """

    case: Case
    as_of: date | None
    period: tuple[date, date]
    sources: tuple[str, ...]
    statements: tuple[Statement, ...]
    compositions: tuple[Composition, ...]
    fates: dict[int, tuple[str, str]]
    warnings: tuple[str, ...]
    others: Mapping[str, "Evidence"] = field(default_factory=dict)

    @cached_property
    def speakers(self) -> tuple[tuple[str, int], ...]:
        """Name of every source that is evidence, and position of its voice in `sources`.

        A source of a group stands for itself; what it says of a node declared apart stands by
        itself.
        """
        return tuple((name, i) for i, v in enumerate(self.sources) for name in self.told_by(v))

    def rows_of(self, name: str, voice: str) -> int:
        """Count the reports of a voice; of a group those of the source that is named."""
        return len(self.told_by(voice)[name])

    def behind(self, voice: str | None = None) -> set[int]:
        """Return the rows behind a voice's statements and compositions, or behind all there are."""
        if voice is not None:
            return {*self._behind.get(voice, ())}
        return {row for rows in self._behind.values() for row in rows}

    @cached_property
    def _behind(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for unit in self.units:
            found.setdefault(unit.source, []).extend(unit.rows)
        return found

    @cached_property
    def _own(self) -> dict[int, str]:
        """Who states the figure of a row that cites nobody."""
        return {r.row: r.source for r in self.case.reports if not r.cites}

    def members(self, voice: str) -> list[str]:
        """Return the sources that speak with a voice, in declared order."""
        said = {self._own[row] for row in self.behind(voice) if row in self._own}
        found = [name for name in self.case.sources if name in said]
        return found or [self.case.member_of(voice)]

    def told_by(self, voice: str) -> dict[str, set[int]]:
        """Return the rows of every source of a voice, by the name that `speakers` gives it."""
        members, rows = self.members(voice), self.behind(voice)
        table = self.case.declaration.sources.get(members[0])
        group = table.group if table else None
        names = {n: voice.replace(group, n, 1) if group else voice for n in members}
        return {names[n]: {row for row in rows if self._own.get(row, n) == n} for n in members}

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by fate; ``read`` is their sum."""
        tally = Counter(fate for fate, _ in self.fates.values())
        return {"read": tally.total()} | {_FATE_KEYS.get(f, f): tally[f] for f in FATES}

    @property
    def latest(self) -> date:
        """The last day on which anything used was published."""
        used = [r.published.day for r in self.case.reports if self.fates[r.row][0] != "later"]
        return max(used)

    @property
    def units(self) -> tuple[Statement | Composition, ...]:
        """Statements and compositions: all that has a likelihood."""
        return (*self.statements, *self.compositions)

    def only(self, units: Iterable[Statement | Composition]) -> "Evidence":
        """Return some of the units as evidence; sources without any are left out."""
        kept = set(units)
        speaking = {unit.source for unit in kept}
        return replace(
            self,
            sources=tuple(name for name in self.sources if name in speaking),
            statements=tuple(s for s in self.statements if s in kept),
            compositions=tuple(c for c in self.compositions if c in kept),
        )

    @cached_property
    def source(self) -> Ints:
        """Position of each statement's source in `sources`."""
        return np.array([self.sources.index(s.source) for s in self.statements], dtype=np.int64)

    @cached_property
    def node(self) -> Ints:
        """Position of each statement's node in ``case.names``; of an anchor's beyond them.

        An anchor knows nothing of the bias that all others share: levels are laid out twice where
        there is one, with the shared bias and without.
        """
        names = self.case.names
        return np.array(
            [names.index(s.node) + len(names) * self.anchors(s) for s in self.statements],
            dtype=np.int64,
        )

    def anchors(self, statement: Statement) -> bool:
        """Tell whether a statement is that of an anchor of the level."""
        return self.case.voices[statement.source].anchor

    @cached_property
    def anchored(self) -> bool:
        """Whether any statement anchors the level."""
        return any(map(self.anchors, self.statements))

    @cached_property
    def alone(self) -> NDArray[np.bool_]:
        """Whether each statement is a part stated alone."""
        return np.array([s.alone for s in self.statements], dtype=bool)

    @cached_property
    def shift(self) -> Floats:
        """Log of what each statement's evidence multiplies its figure by."""
        return np.array([s.reading.shift for s in self.statements])

    @cached_property
    def spread(self) -> Floats:
        """Variance that each statement's wording or evidence adds."""
        return np.array([s.reading.spread for s in self.statements])

    @cached_property
    def link(self) -> Floats:
        """Weight of each statement's previous figure, 0 where there is none."""
        return np.array([s.link.r if s.link else 0.0 for s in self.statements])

    @cached_property
    def link_log(self) -> Floats:
        """Log of what each statement's previous figure says."""
        return np.array([s.link.previous if s.link else 0.0 for s in self.statements])

    @cached_property
    def now(self) -> Exposures:
        """Exposures of each statement."""
        return self.exposures([(s.as_of, s.published, s.reading.aspect) for s in self.statements])

    @cached_property
    def before(self) -> Exposures:
        """Exposures of the figure that each statement leans on."""
        return self.exposures(
            [
                (s.link.as_of, s.link.published, s.link.aspect)
                if s.link
                else (s.as_of, s.published, s.reading.aspect)
                for s in self.statements
            ]
        )

    @property
    def grows(self) -> bool:
        """Whether tolls of this kind of event become known at a rate, or are known at once."""
        return self.case.presets.event_kinds[self.case.kind].rate is not None

    @property
    def searched(self) -> bool:
        """Whether some of those counted are never found: of the dead, not of the injured."""
        return self.case.measure == ROOTS[0]

    @cached_property
    def lists(self) -> tuple[str, ...]:
        """The lists of the missing that anything said rests on."""
        told = {s.reading.aspect.listed for s in self.statements}
        told |= {s.link.aspect.listed for s in self.statements if s.link}
        return tuple(name for name in LISTS if name in told)

    def exposures(self, moments: Sequence[tuple[Moment, Moment, Aspect]]) -> Exposures:
        """Exposures of (as_of, published, what is counted) within the period."""
        start, end = self.period
        found = [exposure(a, p, start, end, self.case.presets, of.pace) for a, p, of in moments]
        aspects = [of for *_, of in moments]
        return Exposures(
            np.array([e.elapsed for e in found]),
            np.array([e.days for e in found]),
            np.array([of.found for of in aspects]),
            np.array([of.unfound for of in aspects]),
            np.array([[of.listed == name for name in self.lists] for of in aspects], dtype=float),
        )


def gather(case: Case, as_of: date | str | None = None) -> Evidence:
    """Decide what every report counts for, using nothing published after the cut.

    Parameters
    ----------
    case : Case
        Valid by construction.
    as_of : date or ISO str, optional
        The cut; the harm is then estimated up to that day. Left out: all reports.

    Returns
    -------
    Evidence

    Raises
    ------
    InputError
        If the cut is no date or lies before the start, or nothing is left to estimate from.
    """
    check_type("case", case, Case, "a tolls.Case (tolls.read_case)")
    cut = _cut(as_of, case)
    fates = Fates()
    others = {measure: _gathered(other, cut, fates) for measure, other in case.others.items()}
    found = _gathered(case, cut, fates)
    if found is None:
        beside = [measure for measure, other in others.items() if other is not None]
        raise InputError(
            f"{case.reports_file}: no report is left to estimate "
            + (f"the killed from, and {listed(beside)} only beside them" if beside else "from")
            + (f" as of {cut}" if cut else "")
            + f" ({'; '.join(_told(fates, FATES))}); add reports"
            + (" or take a later date" if cut else "")
        )
    told = {name: other for name, other in others.items() if other is not None}
    warnings = [w for e in (found, *told.values()) for w in e.warnings]
    return replace(
        found,
        fates=dict(sorted(fates.by_row.items())),
        others=told,
        warnings=tuple(
            dict.fromkeys(
                (
                    *warnings,
                    *_told(fates),
                    *fates.remarks,
                    *suspected_copies(
                        [r for r in case.reports if fates.by_row[r.row][0] != "later"],
                        case.declaration,
                        case.presets,
                    ),
                )
            )
        ),
    )


def _gathered(case: Case, cut: date | None, fates: Fates) -> Evidence | None:
    """Gather the evidence on one measure, or nothing where none is left; fates are told."""
    end = case.end if cut is None else min(case.end, cut)
    usable: list[Report] = []
    for report in case.reports:
        if report.measure in case.others:
            continue
        reason = _unsupported(report) or case.scopes.refusal(report, case.presets)
        if cut is not None and report.published.day > cut:
            fates.put((report.row,), "later", f"published after {cut}")
        elif reason:
            fates.put((report.row,), "set_aside", reason)
        else:
            usable.append(case.scopes.settled(report))
    own, aside = settle_relays(usable)
    for relay, reason in aside:
        fates.put((relay.row,), "relay", reason)
    statements: list[Statement] = []
    compositions: list[Composition] = []
    own = [replace(r, source=case.voice(r.source, r.category, r.measure)) for r in own]
    said_by: dict[str, list[Report]] = {}
    for report in own:
        said_by.setdefault(report.source, []).append(report)
    for name in (name for name in case.voices if name in said_by):
        said, voice = said_by[name], case.voices[name]
        more, splits = assemble(said, voice, case.categories, case.presets, fates, case.scopes)
        statements += with_habit(more, case.presets.about)
        compositions += splits
    if not statements:
        return None
    rows, counted = {r.row for r in case.reports}, {r.row for r in usable}
    in_use = [r for r in case.reports if r.row in counted]
    heard = {s.source for s in statements} | {c.source for c in compositions}
    return Evidence(
        case=case,
        as_of=cut,
        period=(case.start, end),
        sources=tuple(name for name in case.voices if name in heard),
        statements=tuple(statements),
        compositions=tuple(compositions),
        fates={row: fate for row, fate in sorted(fates.by_row.items()) if row in rows},
        warnings=(
            *case.assumptions,
            *_entered(case, fates),
            *not_read(in_use, case.declaration),
            *in_utc(in_use),
            *habits_in_words(
                statements, case.presets.about, "" if case.measure == ROOTS[0] else case.measure
            ),
        ),
    )


def _cut(as_of: date | str | None, case: Case) -> date | None:
    if as_of is None:
        return None
    cut = parse_day(as_of, "as_of")
    if cut < case.start:
        raise InputError(
            f"as_of: {cut} is before the start of the harm, {case.start}; allowed: from then on"
        )
    return cut


def _unsupported(report: Report) -> str:
    """Say why a report cannot be evidence, or nothing."""
    if report.qualifier == "at_least" and report.value == 0:
        return '"at least 0" says nothing'
    return ""


def _entered(case: Case, fates: Fates) -> list[str]:
    """Tell how counts of other scopes and other things enter."""
    ways: dict[str, list[int]] = {}
    for report in case.reports:
        way = case.scopes.way(report)
        if way and fates.by_row[report.row][0] == "evidence":
            ways.setdefault(way, []).append(report.row)
    return [f"row {', '.join(map(str, rows))}: {way}" for way, rows in ways.items()]


def _told(fates: Fates, which: Sequence[str] = ("set_aside",)) -> list[str]:
    """Tell the reports of some fates, by their reasons; relays and repeats are mostly counted."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for row, fate in sorted(fates.by_row.items()):
        if fate[0] in which:
            reasons.setdefault(fate, []).append(row)
    return [
        f"{fate.replace('_', ' ')}: {len(rows)} report{'s' * (len(rows) > 1)} (row "
        f"{', '.join(map(str, rows[:5]))}{', …' * (len(rows) > 5)}){reason and f': {reason}'}"
        for (fate, reason), rows in reasons.items()
    ]
