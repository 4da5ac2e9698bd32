"""A case: one event as an analyst declares it, with the reports about it.

A case is valid or not constructed; it is immutable, and two cases with the same content have the
same digest. `read_case` reads one from a folder, `Case` builds one in Python.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

from tolls import markup
from tolls.categories import Categories, Partition
from tolls.constants import CI_PROB, OF_THE_KILLED, ROOTS
from tolls.declaration import Declaration, check_kinds, validate
from tolls.errors import InputError, Problems, as_given, check_type, nearest
from tolls.formatting import count, percent, period
from tolls.measures import declaration_of, label, nodes_of
from tolls.presets import Presets, load_presets
from tolls.priors import LogNormal
from tolls.readings import in_numbers
from tolls.relays import check_citations
from tolls.reliability import SourceDeclaration, SourcePrior, source_prior
from tolls.reports import Report
from tolls.rows import read_table
from tolls.scopes import Scopes
from tolls.tables import table_rows
from tolls.voices import check_anchors, check_names, check_voices, declared, voice_of, voices_of

__all__ = ["Case", "presets_of"]

ROOT = ROOTS[0]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _table(given: Any, name: str) -> dict[Any, Any]:
    if not isinstance(given, Mapping):
        raise InputError(f"Case, {name}: is a {type(given).__name__}; allowed: a mapping of names")
    return dict(given)


@dataclass(frozen=True)
class _Content:
    """Everything a case is made of, before it is checked as a whole."""

    declaration: Declaration
    rows: Sequence[tuple[int, Mapping[str, str]]]
    presets: Presets
    problems: Problems
    reports_file: str
    columns: Mapping[str, str] | None = None


class Case:
    """One event: categories, sources with their priors, and reports.

    Parameters
    ----------
    reports : DataFrame (pandas or polars) or list of mappings
        One row per reported count, columns as in ``reports.csv``.
    categories : mapping of str to sequence of str, or sequence of str, optional
        Parts by parent, as in ``{"killed": ["civilians", "fighters"]}``; a bare sequence splits
        the root. Several partitions of one parent are a list of lists.
    sources : mapping of str to str or mapping, optional
        Grade by name, or the keys of a ``[sources.NAME]`` table. Others get grade F.
    unions : mapping of str to sequence of str, optional
        Sums that reports speak of.
    title : str, optional
        What the case is called in results.
    kind : str, optional
        Kind of event; picks the prior of how tolls become known.
    start, end : date or ISO str, optional
        First and last day of the harm. Without `start`, the earliest ``as_of``; without `end`, one
        day.
    range : mapping, optional
        Prior range of the killed: ``{"low": 1, "high": 10000, "mass": 0.95}``, in people; or of
        several measures, as in ``{"killed": {…}, "injured": {…}}``.
    reliability : str, optional
        A shipped scale or the path of one's own.
    columns : mapping of str to str, optional
        Column of ``reports.csv`` to its name in the table.
    definitions : mapping of str to str, optional
        Who counts, by node.
    scopes : mapping of str to mapping, optional
        The keys of a ``[scopes.TEXT]`` table, by the text of the column ``scope``.
    bridges : sequence of mapping, optional
        The keys of ``[[bridges]]`` tables.

    Raises
    ------
    InputError
        With every fault of the input.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.Case(
    ...     [{"source": "monitor", "value": 120, "published": "2025-03-09"}],
    ...     sources={"monitor": {"grade": "B", "kind": "monitor"}},
    ... )
    >>> case.names
    ('killed',)
    """

    declaration: Declaration
    presets: Presets
    title: str
    kind: str
    start: date
    end: date
    categories: Categories
    sources: Mapping[str, SourceDeclaration]
    voices: Mapping[str, SourceDeclaration]
    reports: tuple[Report, ...]
    scopes: Scopes
    root_prior: LogNormal
    assumptions: tuple[str, ...]
    measure: str
    others: dict[str, "Case"]
    reports_file: str
    _own: Declaration

    def __init__(
        self,
        reports: Any,
        *,
        categories: Mapping[str, Sequence[str] | Sequence[Sequence[str]]]
        | Sequence[str]
        | None = None,
        sources: Mapping[str, str | Mapping[str, Any]] | None = None,
        unions: Mapping[str, Sequence[str]] | None = None,
        title: str = "",
        kind: str = "other",
        start: date | str | None = None,
        end: date | str | None = None,
        range: Mapping[str, Any] | None = None,
        reliability: str = "admiralty",
        columns: Mapping[str, str] | None = None,
        definitions: Mapping[str, str] | None = None,
        scopes: Mapping[str, Mapping[str, Any]] | None = None,
        bridges: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        split = categories if isinstance(categories, Mapping) else {ROOT: categories or ()}
        unions, sources, range = unions or {}, sources or {}, range or {}
        for name, listed in {**split, **_table(unions, "unions")}.items():
            if not isinstance(listed, list | tuple):
                raise InputError(
                    f"Case: {name} = {as_given(listed)} is a {type(listed).__name__}; allowed: a "
                    "list of names"
                )
        check_type("Case, bridges", bridges, list | tuple, "a list of mappings")
        ranges = _table(range, "range")
        if ranges and not any(isinstance(value, Mapping) for value in ranges.values()):
            ranges = {ROOT: ranges}
        raw: dict[str, Any] = {
            "format": 1,
            "title": title,
            "kind": kind,
            "start": start,
            "end": end,
            "reliability": reliability,
            "tolls": {measure: {"range": low_high} for measure, low_high in ranges.items()},
            "partitions": [
                {"of": parent, "into": into}
                for parent, parts in split.items()
                for into in (parts if any(isinstance(p, list | tuple) for p in parts) else [parts])
                if into
            ],
            "unions": dict(unions),
            "sources": {
                name: {"grade": stated} if isinstance(stated, str) else stated
                for name, stated in _table(sources, "sources").items()
            },
            "definitions": _table(definitions or {}, "definitions"),
            "scopes": _table(scopes or {}, "scopes"),
            "bridges": tuple(bridges),
        }
        problems = Problems("Case")
        declaration = validate(raw, problems)
        presets = presets_of(declaration, None, problems)
        rows = table_rows(reports)
        self._build(_Content(declaration, rows, presets, problems, "reports", columns))

    @classmethod
    def from_declaration(
        cls,
        declaration: Declaration,
        rows: Sequence[tuple[int, Mapping[str, str]]],
        presets: Presets,
        *,
        problems: Problems | None = None,
        reports_file: str = "reports",
        columns: Mapping[str, str] | None = None,
    ) -> Self:
        """Build a case from a validated declaration and rows of text."""
        case = cls.__new__(cls)
        found = Problems("Case") if problems is None else problems
        case._build(_Content(declaration, rows, presets, found, reports_file, columns))
        return case

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a case is valid as a whole or not at all."""
        raise AttributeError(f"a Case cannot be changed ({name}); build another one")

    def _build(self, content: _Content) -> None:
        declaration, presets, problems = content.declaration, content.presets, content.problems
        title = declaration.title or Path(problems.file).stem
        declaration = declaration.model_copy(update={"title": title})
        check_kinds(declaration, presets, problems)
        trees = {
            root: _tree(declaration_of(declaration, root), root, presets, problems)
            for root in ROOTS
        }
        names = {root: tree.names for root, tree in trees.items() if tree}
        for name in declaration.definitions:
            if names and not any(name in known for known in names.values()):
                problems.unknown("key definitions", "node or union", name, names.get(ROOT, ()))
        rows = Problems(content.reports_file)
        reports = read_table(
            content.rows,
            rows,
            root=ROOT,
            names=names,
            start=declaration.start,
            columns=content.columns,
        )
        reports = tuple(in_numbers(r, presets, rows) for r in reports)
        scopes = Scopes(declaration, ROOT)
        scopes.check([name for known in names.values() for name in known], problems)
        scopes.check_rows(reports, rows)
        check_citations(list(map(scopes.settled, reports)), rows)
        check_anchors(declaration, reports, rows)
        check_names(declaration, reports, presets.sources, problems, rows)
        known = [name for root in ROOTS for name in nodes_of(declaration, root)]
        check_voices(declaration, (*known, *declaration.unions), problems)
        if problems.messages or rows.messages:
            raise InputError((*problems.told(), *rows.told()))
        self._settle(declaration, presets, ROOT, reports, trees)
        settled = declaration.model_copy(update={"start": self.start, "end": self.end})
        for root in ROOTS[1:]:
            own = tuple(r for r in reports if r.measure == root)
            if own:
                self.others[root] = Case.__new__(Case)
                self.others[root]._settle(settled, presets, root, own, trees)
        for case in (self, *self.others.values()):
            case._set(reports_file=content.reports_file)

    def _set(self, **values: object) -> None:
        self.__dict__.update(values)

    def _settle(
        self,
        whole: Declaration,
        presets: Presets,
        measure: str,
        reports: tuple[Report, ...],
        trees: Mapping[str, Categories | None],
    ) -> None:
        """Fill in what the analyst left out, and tell it in `assumptions`."""
        declaration, told = declaration_of(whole, measure), []
        self._set(
            declaration=whole,
            presets=presets,
            title=whole.title,
            kind=whole.kind,
            measure=measure,
            categories=trees[measure],
            reports=reports,
            scopes=Scopes(declaration, measure),
            others={},
        )
        start = declaration.start
        if start is None:
            start = min(r.as_of.day for r in self.reports)
            told.append(f"no start declared: the harm is taken to begin on {start}")
        stated = next((t for m, t in declaration.tolls.items() if m == measure), None)
        if stated is None:
            root = self.presets.root
            root_prior = LogNormal.from_range(root.low, root.high, root.mass)
            told.append(
                f"no range declared for {measure}: {percent(root.mass)} prior probability between "
                f"{root.low:,.0f} and {root.high:,.0f}"
            )
        else:
            root_prior = stated.range.prior()
        named = dict.fromkeys(r.source for r in self.reports)
        named |= dict.fromkeys(r.cites for r in self.reports if r.cites)
        strange = [name for name in named if name not in declaration.sources]
        if strange and measure == ROOT:
            told.append(f"not declared, hence grade F: {', '.join(map(self._hinted, strange))}")
        sources = {name: declared(name, table) for name, table in declaration.sources.items()}
        sources |= {name: SourceDeclaration(name) for name in strange}
        counted: dict[str, set[str]] = {}
        for report in self.reports:
            for name in (report.source, report.cites):
                counted.setdefault(name, set()).add(report.measure)
        self._set(
            start=start,
            end=declaration.end or start,
            root_prior=root_prior,
            sources=sources,
            voices=voices_of(declaration, sources, counted),
            _own=declaration,
            assumptions=tuple(told),
        )

    def _hinted(self, name: str) -> str:
        """Name an undeclared source with the declared one it may be a misspelling of."""
        declared = {known.casefold(): known for known in self.declaration.sources}
        near = nearest(name.casefold(), declared)
        return f'{name} (did you mean "{declared[near]}"?)' if near else name

    @property
    def names(self) -> tuple[str, ...]:
        """Nodes and unions in declared order."""
        return self.categories.names

    def voice(self, source: str, node: str, measure: str = "") -> str:
        """Return whose behaviour a source's reports on a node share: its key in `voices`.

        Of the case's own measure, or of the missing where `measure` says so.
        """
        above = (node, *self.categories.ancestors(node))
        return voice_of(self._own, source, above, measure or self.measure)

    def member_of(self, voice: str) -> str:
        """Return the first source whose reports are of a voice."""
        spoken = [(n, m) for n in self.names for m in ("", *OF_THE_KILLED)]
        return next(s for s in self.sources if voice in (self.voice(s, *of) for of in spoken))

    def source_prior(self, name: str) -> SourcePrior:
        """Return the priors of one voice, or of a source's own."""
        if name not in self.voices:
            name = self.voice(name, self.categories.root)
        return source_prior(self.voices[name], self.presets)

    def with_reports(self, reports: Any) -> "Case":
        """Return the same declaration with other reports (a DataFrame or a list of mappings)."""
        return Case.from_declaration(self.declaration, table_rows(reports), self.presets)

    def to_json(self) -> str:
        """Return the whole case as canonical JSON, from which `from_json` restores it."""
        content = {
            "declaration": self.declaration.model_dump(mode="json", exclude_none=True),
            "reports": [[r.row, r.as_row()] for r in self.reports],
            "presets": self.presets.model_dump(mode="json"),
        }
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Case":
        """Restore a case from `to_json`; other text is an `InputError`."""
        check_type("text", text, str | bytes, "what Case.to_json returned")
        try:
            content = json.loads(text)
            declaration = Declaration.model_validate(content["declaration"])
            rows = [(number, row) for number, row in content["reports"]]
            if not all(type(n) is int and all(map(_is_text, r.values())) for n, r in rows):
                raise TypeError
            presets = Presets.model_validate(content["presets"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError("text: is no case that Case.to_json wrote") from None
        return cls.from_declaration(
            declaration,
            rows,
            presets,
            problems=Problems("saved case"),
            reports_file="saved reports",
        )

    @property
    def digest(self) -> str:
        """``sha256:…`` of declaration, reports and presets together."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()

    def __repr__(self) -> str:
        return (
            f"<Case {self.title!r}: {len(self.reports)} reports, {len(self.sources)} sources, "
            f"{', '.join(self.names)}>"
        )

    def _repr_html_(self) -> str:
        said = [str(r.published) for r in self.reports]
        sentence = (
            f"{self.title} ({self.kind}, {period(self.start, self.end)}): {len(said)} reports by "
            f"{len({r.source for r in self.reports})} sources, published from {min(said)} to "
            f"{max(said)}."
        )
        every = (self, *self.others.values())
        assumed = dict.fromkeys(told for case in every for told in case.assumptions)
        nodes = [row for case in every for row in case._node_rows(self.names)]
        defined = [f"{node}: {who}" for node, who in self.declaration.definitions.items()]
        return "".join(
            [
                markup.paragraph(sentence),
                markup.table(("node", "what it is", "reports"), nodes),
                markup.table(*self._source_lines()),
                markup.notes((*defined, *assumed)),
            ]
        )

    def _node_rows(self, killed: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Nodes and unions of the case's measure, as `label` calls them beside those killed."""
        low, high = self.root_prior.interval(CI_PROB)
        ends = (count(end, high - low) for end in (low, high))
        what = {self.categories.root: f"{percent(CI_PROB)} prior: {' to '.join(ends)} people"}
        what |= {part: f"part of {p.of}" for p in self.categories.partitions for part in p.into}
        what |= {name: " + ".join(members) for name, members in self.categories.unions.items()}
        measures = (self.measure, *OF_THE_KILLED)
        said = [r.category for r in self.reports if r.measure in measures]
        return [
            (label(self.measure, name, killed), what[name], str(said.count(name)))
            for name in self.names
        ]

    def _source_lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return a row per voice, with its prior."""
        header = (
            "source", "grade", "kind", "reports", "relays", "honest", "scatter",
            f"stated : knowable ({percent(CI_PROB)})",
        )  # fmt: skip
        spoken: dict[str, list[Report]] = {name: [] for name in self.voices}
        for r in self.reports:
            of = self.others.get(r.measure, self)
            spoken[of.voice(r.source, r.category, r.measure)].append(r)
        rows: list[tuple[str, ...]] = []
        for name, voice in self.voices.items():
            members = [s for s in self.sources if self.voice(s, self.categories.root) == name]
            who = f"{name} (one source: {', '.join(members)})" if len(members) > 1 else name
            prior = source_prior(voice, self.presets)
            low, high = prior.bias.interval(CI_PROB)
            rows.append(
                (
                    who,
                    voice.grade,
                    voice.kind + ", anchor" * voice.anchor,
                    str(len(spoken[name])),
                    str(sum(bool(r.cites) for r in spoken[name])),
                    percent(round(prior.reliability.mean, 2)),
                    percent(round(prior.scatter.median, 2)),
                    f"{prior.bias.median:.2g} ({low:.2g} to {high:.2g})",
                )
            )
        return header, rows


def _tree(
    declaration: Declaration, root: str, presets: Presets, problems: Problems
) -> Categories | None:
    """Return the tree of a measure; its faults go to `problems`."""
    try:
        return Categories(
            root,
            tuple(
                Partition(p.of, p.into, presets.partition.sd / math.sqrt(p.concentration))
                for p in declaration.partitions
            ),
            declaration.unions,
            problems.file,
        )
    except InputError as error:
        problems.messages += error.problems
        return None


def presets_of(declaration: Declaration, folder: Path | None, problems: Problems) -> Presets:
    """Load the declared scale; a fault goes to `problems`, and the shipped scale serves."""
    try:
        return load_presets(declaration.reliability, folder, file=problems.file)
    except InputError as error:
        problems.messages += error.problems
        return load_presets()
