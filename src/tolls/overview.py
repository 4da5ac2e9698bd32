"""What was understood of a case before anything is fitted: nodes, sources, and every report's fate.

Only text lives here; what a report counts for is decided in `evidence`.
"""

from collections.abc import Iterable

from tolls.case import Case
from tolls.constants import ROOTS
from tolls.doubts import (
    contradictions,
    extra_columns,
    late,
    parts_above,
    round_exact,
    twin_names,
)
from tolls.evidence import FATES, Evidence
from tolls.formatting import period
from tolls.measures import label
from tolls.reports import Report

__all__ = ["understood"]

_FATE_WORDS = {
    "evidence": "used as evidence",
    "relay": "relays, set aside",
    "repeat": "repeats, counted once",
    "redundant": "printed totals of parts already counted",
    "set_aside": "set aside",
    "later": "published after the cut",
}


def understood(case: Case, evidence: Evidence) -> list[str]:
    """Tell what a case declares and what every report counts for."""
    each = (evidence, *evidence.others.values())
    lines = [f"{case.title} ({case.kind}, {period(*evidence.period)})", "", "Nodes"]
    for own in each:
        lines += _nodes(own.case, case.names)
    lines += ["", "Sources used as evidence"]
    for own in each:
        lines += _voices(own)
    heard = {name for own in each for voice in own.sources for name in own.members(voice)}
    silent = [name for name in case.sources if name not in heard]
    if silent:
        lines.append(f"  without evidence of their own: {', '.join(silent)}")
    tally = evidence.counts
    lines += ["", f"Reports: {tally['read']} read"]
    for fate in FATES:
        rows = [r for r in case.reports if evidence.fates[r.row][0] == fate]
        if rows:
            lines.append(f"  {_FATE_WORDS[fate]}: {len(rows)}")
            lines += [f"    {_line(r, evidence.fates[r.row][1])}" for r in rows]
    used = [r for r in case.reports if evidence.fates[r.row][0] == "evidence"]
    trees = {own.case.measure: own.case.categories for own in each}
    told = (
        *evidence.warnings,
        *parts_above(used, trees),
        *contradictions(used),
        *round_exact(used, case.presets),
        *late(used, case.end if case.declaration.start else None, case.presets),
        *twin_names(case.sources, case.declaration),
        *extra_columns(case.reports),
    )
    lines += [f"Note: {warning}" for warning in told]
    return lines


def _nodes(case: Case, killed: tuple[str, ...]) -> list[str]:
    low, high = case.root_prior.interval(0.95)

    def named(names: Iterable[str]) -> str:
        return " + ".join(label(case.measure, name, killed) for name in names)

    return [
        f"  {case.names[0]}: 95 % prior probability between {low:,.0f} and {high:,.0f} people",
        *(
            f"  {named([p.of])} = {named(p.into)} (log-ratio sd of the shares {p.sd:g})"
            for p in case.categories.ordered_partitions
        ),
        *(f"  {named([name])} = {named(m)} (union)" for name, m in case.categories.unions.items()),
    ]


def _voices(evidence: Evidence) -> list[str]:
    """Tell the prior of every voice, who speaks with it, and what its reports are taken for."""
    case, lines = evidence.case, []
    of = "" if case.measure == ROOTS[0] else f", {case.measure}"
    for name in evidence.sources:
        voice, members = case.voices[name], evidence.members(name)
        who = f"{name} (one source: {', '.join(members)})" if len(members) > 1 else name
        kind = case.presets.source_kinds[voice.kind].words
        taken = f"; its reports are taken as {voice.evidence}" if voice.evidence else ""
        anchor = "; an anchor of the level" if voice.anchor else ""
        words = case.source_prior(name).in_words()
        lines.append(f"  {who}{of}: {kind}; {words}{taken}{anchor}")
    return lines


def _line(report: Report, reason: str) -> str:
    because = f" — {reason}" if reason else ""
    whole = report.category in (report.measure, ROOTS[0])
    # the missing are of the killed; a part is named beside its measure
    what = report.measure if whole else report.category
    if not whole and report.measure != ROOTS[0]:
        what = f"{report.measure}, {report.category}"
    return (
        f"row {report.row}: {report.source}, {report.published}: {report.stated()} "
        f"{what} as of {report.as_of}{because}"
    )
