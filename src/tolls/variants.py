"""Variants of a case: the same event under other priors or grades, or with fewer reports.

Each is a case like any other, so that whatever is said of a variant can be had by fitting it. What
a variant means for an estimate is worked out elsewhere.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from tolls.case import Case
from tolls.constants import ROOTS
from tolls.declaration import NodeTable, RangeDeclaration, SourceTable
from tolls.errors import InputError
from tolls.evidence import Evidence, gather
from tolls.priors import LogNormal, half_width
from tolls.relays import Lines, origin_of
from tolls.reliability import NONE
from tolls.reports import Report

__all__ = [
    "bias_known", "bias_median_one", "bias_of_all_free", "bias_times", "by_grade", "gathered",
    "graded", "of_measure", "only_on", "without",
]  # fmt: skip

LETTERS = "ABCDE"  # from the most to the least reliable; F cannot be judged and has no neighbours

type Changed = Callable[[RangeDeclaration, SourceTable], RangeDeclaration]


def of_measure(case: Case, measure: str) -> Case:
    """Return the case of one measure: itself, or the one below it."""
    return case if measure == case.measure else case.others[measure]


def gathered(case: Case | None, measure: str, as_of: Any = None) -> Evidence | None:
    """Gather a variant's evidence on one measure; nothing where no report of it is left."""
    try:
        found = gather(case, as_of) if case else None
    except InputError:  # the case it varies was gathered as of this day, so no report is left
        return None
    return found if found is None or measure == found.case.measure else found.others.get(measure)


def _varied(
    case: Case,
    sources: Mapping[str, SourceTable] | None = None,
    presets: Mapping[str, Any] | None = None,
    keep: Callable[[Report], bool] | None = None,
) -> Case | None:
    """Build a case again with other sources, presets or fewer reports; none where none is left."""
    declaration = case.declaration.model_copy(
        update={"start": case.start, "end": case.end}
        | ({} if sources is None else {"sources": dict(sources)})
    )
    rows = [(r.row, r.as_row()) for r in case.reports if keep is None or keep(r)]
    if not rows:
        return None
    return Case.from_declaration(declaration, rows, case.presets.model_copy(update=presets))


def bias_median_one(case: Case) -> Case | None:
    """Return the case in which no kind of source or evidence over- or understates on average.

    Medians of 1 replace those of the kinds, and of biases that are declared; spreads stay.
    """
    return _with_medians(case, lambda median: 1.0)


def bias_times(case: Case, factor: float) -> Case | None:
    """Return the case in which all sources but anchors state so many times what is declared."""
    return _with_medians(case, lambda median: factor * median)


def _with_medians(case: Case, change: Callable[[float], float]) -> Case | None:
    def moved(bias: RangeDeclaration, source: SourceTable) -> RangeDeclaration:
        if source.anchor:
            return bias
        times = change(bias.prior().median) / bias.prior().median
        ends = {"low": bias.low * times, "high": bias.high * times}
        return bias.model_copy(
            update=ends | ({"median": bias.median * times} if bias.median else {})
        )

    kinds: dict[str, Any] = {
        table: {
            name: kind.model_copy(update={"median": change(kind.median)})
            for name, kind in getattr(case.presets, table).items()
        }
        for table in ("source_kinds", "evidence_kinds")
    }
    return _varied(case, _with_biases(case, moved), kinds)


def bias_of_all_free(case: Case, sd: float) -> Case | None:
    """Return the case in which the bias that all sources share has this sd (log scale)."""
    return _varied(
        case, presets={"shared_bias": case.presets.shared_bias.model_copy(update={"sd": sd})}
    )


def bias_known(case: Case) -> Case | None:
    """Return the case in which the kinds' biases and the shared one are what they are on average.

    What is left of a source's bias is the spread that its grade brings.
    """

    def known(bias: RangeDeclaration, source: SourceTable) -> RangeDeclaration:
        prior = bias.prior()
        reach = half_width(0.95) * min(prior.sd, case.presets.grades[source.grade[0]].scatter)
        low, high = (prior.median * math.exp(sign * reach) for sign in (-1, 1))
        return RangeDeclaration(low=low, high=high, mass=0.95)

    kinds = case.presets.source_kinds.items()
    presets = {
        "source_kinds": {name: kind.model_copy(update={"sd": NONE}) for name, kind in kinds},
        "shared_bias": case.presets.shared_bias.model_copy(update={"sd": NONE}),
    }
    return _varied(case, _with_biases(case, known), presets)


def _with_biases(case: Case, change: Changed) -> dict[str, SourceTable]:
    """Return all sources with what is declared of their bias changed, on single nodes too."""

    def changed[Table: (SourceTable, NodeTable)](table: Table, source: SourceTable) -> Table:
        if table.bias is None:
            return table
        return table.model_copy(update={"bias": change(table.bias, source)})

    found = {}
    for name, source in _declared(case).items():
        nodes = {node: changed(table, source) for node, table in source.nodes.items()}
        found[name] = changed(source, source).model_copy(update={"nodes": nodes})
    return found


def _declared(case: Case) -> dict[str, SourceTable]:
    """Return all sources as declared, where a bias was learned (`tolls.learn`) with that."""
    found = dict(case.declaration.sources)
    for name, learned in case.presets.sources.items():
        own = found.get(name, SourceTable())
        if name in case.sources and own.bias is None:
            low, high = LogNormal(math.log(learned.bias), learned.bias_sd).interval(0.95)
            bias = RangeDeclaration(low=low, high=high, mass=0.95)
            found[name] = own.model_copy(update={"bias": bias})
    return found


def by_grade(case: Case) -> Case | None:
    """Return the case in which nothing was learned of its sources; none where nothing was."""
    if not set(case.presets.sources) & set(case.sources):
        return None
    return _varied(case, presets={"sources": {}})


def graded(case: Case, better: int) -> Case | None:
    """Return the case with all grades so many letters better, A and E at most; F stays."""

    def moved(grade: str) -> str:
        if grade[0] not in LETTERS:
            return grade
        at = min(max(LETTERS.index(grade[0]) - better, 0), len(LETTERS) - 1)
        return LETTERS[at] + grade[1:]

    sources = case.declaration.sources.items()
    return _varied(case, {n: t.model_copy(update={"grade": moved(t.grade)}) for n, t in sources})


def without(case: Case, measure: str, voice: str) -> Case | None:
    """Return the case without what a voice said on a measure, and without what relays it.

    No relay stands in for what is left out: it is as if the voice had never spoken.
    """
    own = of_measure(case, measure)
    said = {r.row: own.scopes.settled(r) for r in own.reports if r.measure not in own.others}
    lines = Lines(said.values())

    def keep(report: Report) -> bool:
        settled = said.get(report.row)
        if settled is None or (report.measure in ROOTS and report.measure != measure):
            return True
        speaker = origin_of(settled, lines)[-1] if settled.cites else settled.source
        return own.voice(speaker, settled.category, settled.measure) != voice

    return _varied(case, keep=keep)


def only_on(case: Case, measure: str, node: str, direct: bool) -> Case | None:
    """Return the case with the reports on one node of a measure alone, or with all others."""
    own = of_measure(case, measure)

    def keep(report: Report) -> bool:
        if report.measure != measure:
            # another root's reports say nothing of this one; those of the missing are indirect
            return report.measure in ROOTS or not direct
        return (own.scopes.settled(report).category == node) == direct

    return _varied(case, keep=keep)
