"""What a report counts where that is not the toll of the event: another scope, or another thing.

A wider or narrower scope bounds the event's toll, or is a declared share apart from it; a count of
another thing (certified direct deaths, excess deaths) enters over a declared bridge alone. Whether
a row enters, and how, is decided here; what a row says in its own terms is decided in `readings`.
A share's uncertainty is each statement's own: what statements over one bridge have in common is not
modelled.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tolls.constants import MAX_COUNT
from tolls.declaration import BridgeTable, Declaration, RangeDeclaration, ScopeTable
from tolls.errors import Problems, nearest
from tolls.presets import Presets
from tolls.readings import Reading, evidence_of, read
from tolls.reliability import SourceDeclaration
from tolls.reports import Report

__all__ = ["Scopes"]


@dataclass(frozen=True, slots=True)
class Scopes:
    """The declared scopes, definitions and bridges of a case.

    Parameters
    ----------
    declaration : Declaration
    root : str
        The node of rows that name no category.
    """

    declaration: Declaration
    root: str

    def check(self, names: Sequence[str], problems: Problems) -> None:
        """Note bridges to no node, or declared twice."""
        seen: set[tuple[str, str]] = set()
        for i, bridge in enumerate(self.declaration.bridges):
            key = f"key bridges.{i}"
            if bridge.to not in names:
                problems.unknown(f"{key}.to", "node or union", bridge.to, names)
            if (bridge.counted, bridge.to) in seen:
                problems.add(
                    key,
                    f'from "{bridge.counted}" to {bridge.to} is declared twice; allowed: once, '
                    "with one share",
                )
            seen.add((bridge.counted, bridge.to))

    def check_rows(self, reports: Sequence[Report], problems: Problems) -> None:
        """Note scopes that are not declared, and anchors that would be mere bounds."""
        scopes = self.declaration.scopes
        for report in reports:
            where = f"row {report.row}, column scope"
            if scopes and report.scope and report.scope not in scopes:
                near = nearest(report.scope, scopes)
                hint = f'; did you mean "{near}"?' if near else ""
                known = ", ".join(f'"{text}"' for text in scopes)
                problems.add(
                    where,
                    f'"{report.scope}" is no declared scope; allowed: empty (the event), {known}, '
                    f'or declare it: [scopes."{report.scope}"] relation = "wider" or '
                    f'"narrower"{hint}',
                )
            source = self.declaration.sources.get(report.source)
            if source and source.anchor and not report.cites and self.bounds(report):
                problems.add(
                    where,
                    f'{report.source} is declared an anchor of the level, and "{report.scope}", '
                    "declared without a share, only bounds it; allowed: a share in "
                    f'[scopes."{report.scope}"] (or take anchor = true away)',
                )

    def scope(self, report: Report) -> ScopeTable | None:
        """Return the declared scope of a report; None for the event's own."""
        return self.declaration.scopes.get(report.scope)

    def bounds(self, report: Report) -> bool:
        """Tell whether a report bounds the event's toll and says no more of it."""
        scope = self.scope(report)
        return scope is not None and scope.share is None

    def bridge(self, report: Report) -> BridgeTable | None:
        """Return the bridge that a report takes; without a category, the only one there is."""
        found = [b for b in self.declaration.bridges if b.counted == report.definition]
        own = next((b for b in found if b.to == report.category), None)
        alone = report.category == self.root and len(found) == 1
        return own or (found[0] if alone else None)

    def as_it_is(self, report: Report) -> bool:
        """Tell whether what a report counts is the toll of its node."""
        definitions, bridges = self.declaration.definitions, self.declaration.bridges
        if not definitions and not bridges:  # then the column is kept, and no more
            return True
        return report.definition in ("", report.category, definitions.get(report.category))

    def settled(self, report: Report) -> Report:
        """Return a report on the node that it enters for.

        Its scope and definition stay where they make a difference and are empty otherwise, so that
        figures are the same where they count the same.
        """
        scope = report.scope if self.scope(report) else ""
        bridge = self.bridge(report)
        if bridge is not None:
            return replace(report, category=bridge.to, scope=scope)
        definition = "" if self.as_it_is(report) else report.definition
        return replace(report, scope=scope, definition=definition)

    def refusal(self, report: Report, presets: Presets) -> str:
        """Say why a report tells nothing of the event that could be used, or nothing."""
        if self.bridge(report) is None and not self.as_it_is(report):
            return self._unbridged(report)
        if self.bounds(report) and self._bound(report, presets) is None:
            wider = self._wider(report)
            return (
                f'scope "{report.scope}" is {"wider" if wider else "narrower"} than the event: '
                f"a figure {'without an upper' if wider else 'without a lower'} end says nothing "
                "of the event unless a share is declared"
            )
        return ""

    def read(self, report: Report, source: SourceDeclaration, presets: Presets) -> Reading:
        """Return what a report says of the event, in the terms of the likelihood.

        Parameters
        ----------
        report : Report
            Settled, and not refused.
        source : SourceDeclaration
        presets : Presets

        Returns
        -------
        Reading
            A declared share moves what is said by its median, and widens it by its variance.
        """
        shift, spread = 0.0, 0.0
        scope, bridge = self.scope(report), self.bridge(report)
        if bridge is not None:
            share = bridge.share.prior()
            shift, spread = share.mean, share.sd**2
        if scope is not None and scope.share is not None:
            share = scope.share.prior()
            shift += -share.mean if self._wider(report) else share.mean
            spread += share.sd**2
        if self.bounds(report):
            end = self._bound(report, presets)
            assert end is not None  # else it is refused
            plain = replace(
                report, qualifier="exact", value=end, low=None, high=None, words="",
                evidence=evidence_of(report, source),
            )  # fmt: skip
            wording = "ceiling" if self._wider(report) else "floor"
            reading = replace(read(plain, source, presets), wording=wording)
        else:
            reading = read(report, source, presets)
        return replace(reading, shift=reading.shift + shift, spread=reading.spread + spread)

    def way(self, report: Report) -> str:
        """Say how a count of another scope or another thing enters; nothing for the event's own."""
        parts = []
        scope, bridge = self.scope(report), self.bridge(report)
        if scope is not None:
            says = f'scope "{report.scope}" is {scope.relation} than the event'
            if scope.share is None:
                bound = "upper" if self._wider(report) else "lower"
                parts.append(f"{says}: enters as {bound} bound alone")
            else:
                of = "that is the event's" if self._wider(report) else "of the event that it covers"
                parts.append(f"{says}: enters by the declared share {of}, {_part(scope.share)}")
        if bridge is not None:
            parts.append(
                f'counts "{bridge.counted}": enters for {bridge.to} over the declared bridge, '
                f"{_part(bridge.share)} of its toll"
            )
        return "; ".join(parts)

    def _wider(self, report: Report) -> bool:
        scope = self.scope(report)
        return scope is not None and scope.relation == "wider"

    def _bound(self, report: Report, presets: Presets) -> int | None:
        """Return the end of a figure that bounds the event's toll; None where that end is open."""
        if report.qualifier == "words":
            word = presets.words.terms[report.words]
            low = math.ceil(word.low)
            high = MAX_COUNT if word.high is None else math.ceil(word.high) - 1
        elif report.low is not None and report.high is not None:
            low, high = report.low, report.high
        else:
            low, high = map(int, report.bounds)
        if self._wider(report):
            return high if high < MAX_COUNT else None
        return low or None

    def _unbridged(self, report: Report) -> str:
        counted = {b.counted for b in self.declaration.bridges}
        says = f'counts "{report.definition}", for which no bridge'
        if report.definition in counted:
            return f"{says} to {report.category} is declared"
        known = (*sorted(counted), *self.declaration.definitions)
        near = nearest(report.definition, known)
        hint = f' (did you mean "{near}"?)' if near else ""
        return f"{says} is declared{hint}"


def _part(share: RangeDeclaration) -> str:
    prior = share.prior()
    low, high = prior.interval(share.mass)
    return f"about {prior.median:.2g} ({low:.2g} to {high:.2g})"
