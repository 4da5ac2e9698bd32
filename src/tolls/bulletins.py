"""What one source said, as evidence: parts of one bulletin, repeats, and links between figures.

Exact parts of one partition stated together enter as their sum, or the estimate that is printed of
it, and their composition. A run of one figure counts once. Successive figures on a node are linked
(see ``presets/dependence.toml``).
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tolls.categories import Categories, Partition
from tolls.constants import OF_THE_KILLED, UNKNOWN
from tolls.growth import Aspect, Moment
from tolls.presets import Presets
from tolls.readings import Reading
from tolls.relays import covers, specificity
from tolls.reliability import SourceDeclaration
from tolls.reports import Report
from tolls.scopes import Scopes
from tolls.statements import Composition, Fates, Link, Statement

__all__ = ["assemble", "memory"]


@dataclass(slots=True)
class _Figure:
    """A figure on a node while a source's bulletins are sorted out."""

    node: str
    report: Report
    rows: tuple[int, ...]
    kind: str = "alone"  # or "sum" of a bulletin, or "part" of one (told through its composition)
    split: tuple[str, ...] = ()  # the parts that a sum is of

    @property
    def key(self) -> tuple[Moment, Moment, float, float]:
        return (self.report.published, self.report.as_of, *self.report.bounds)

    @property
    def stated(self) -> tuple[int | str, ...]:
        return self.report.said

    @property
    def apart(self) -> bool:
        """Whether it counts another scope or another thing, and is in no bulletin of the event."""
        return any(self.report.frame)

    @property
    def number(self) -> int:
        """The number of an exact figure."""
        assert self.report.value is not None
        return self.report.value


def assemble(
    reports: Sequence[Report],
    source: SourceDeclaration,
    categories: Categories,
    presets: Presets,
    fates: Fates,
    scopes: Scopes,
) -> tuple[list[Statement], list[Composition]]:
    """Turn the reports of one source into statements and compositions.

    Parameters
    ----------
    reports : sequence of Report
        One source's own figures and stand-ins, all of one measure.
    source : SourceDeclaration
    categories : Categories
        The tree they speak of.
    presets : Presets
        Memory of links, tolerance of printed totals.
    fates : Fates
        Receives ``evidence``, ``repeat`` or ``redundant`` for every row.
    scopes : Scopes
        What counts of other scopes and other things say of the event.

    Returns
    -------
    statements, compositions
        In the order in which they were said.
    """
    said = sorted(reports, key=lambda r: (r.published, specificity(r), r.row))
    figures = [_Figure(r.category, r, (r.row,)) for r in said]
    compositions: list[Composition] = []
    for partition in reversed(categories.ordered_partitions):
        found = _bulletins(partition, figures)
        for parts in _without_repeated(found, fates):
            if (
                parts[0].report.measure not in OF_THE_KILLED
            ):  # how the missing are split says nothing yet
                compositions.append(_composition(partition, parts))
            _merge(partition, parts, figures, categories, presets, fates)
    fates.put(
        (
            row
            for f in figures
            if f.kind == "alone" and f.node not in categories.names
            for row in f.rows
        ),
        "set_aside",
        "says how many people a bulletin assigns to no part, which counts only as an exact figure "
        "beside exact figures for all parts",
    )
    statements: list[Statement] = []
    # each scope, and each thing, has a line of its own
    frames = sorted({f.report.frame for f in figures})
    for node in categories.names:
        for frame in frames:
            line = (f for f in figures if f.node == node and f.report.frame == frame)
            kept = _without_runs(sorted(line, key=lambda f: f.key), fates)
            statements += _linked(kept, source, categories.root, presets, scopes)
    fates.put((row for s in statements for row in s.rows), "evidence")
    fates.put((row for c in compositions for row in c.rows), "evidence")
    return statements, _linked_compositions(compositions, presets)


def _bulletins(partition: Partition, figures: Sequence[_Figure]) -> list[list[_Figure]]:
    """Find figures on all parts of a partition that were stated together.

    Together means the same `as_of`, `published` and kind of evidence; where several figures stand
    on a part, the k-th smallest of each part belong together. What is left joins whenever it was
    published, if each part has exactly one figure left.
    """
    groups: dict[tuple[Moment, Moment, str], dict[str, list[_Figure]]]
    groups = defaultdict(lambda: defaultdict(list))
    for figure in figures:
        if figure.kind not in ("alone", "sum") or figure.apart:
            continue
        if figure.node in partition.into and figure.report.qualifier == "exact":
            said = figure.report
            groups[said.as_of, said.published, said.evidence][figure.node].append(figure)
    found = []
    left: dict[tuple[Moment, str], dict[str, list[_Figure]]]
    left = defaultdict(lambda: defaultdict(list))
    for (as_of, _, evidence), group in sorted(groups.items(), key=lambda item: item[0]):
        columns = [sorted(group[part], key=lambda f: f.number) for part in partition.into]
        complete = min(map(len, columns))
        found += [[column[k] for column in columns] for k in range(complete)]
        for part, column in zip(partition.into, columns, strict=True):
            left[as_of, evidence][part] += column[complete:]
    for group in left.values():
        once = [{figure.stated: figure for figure in group[part]} for part in partition.into]
        if all(len(figures_of_part) == 1 for figures_of_part in once):
            found.append([next(iter(figures_of_part.values())) for figures_of_part in once])
    return sorted(found, key=_when)


def _when(parts: Sequence[_Figure]) -> tuple[Moment, Moment, int]:
    return (
        max(p.report.published for p in parts),
        parts[0].report.as_of,
        sum(p.number for p in parts),
    )


def _without_repeated(found: list[list[_Figure]], fates: Fates) -> list[list[_Figure]]:
    """Count a run of one bulletin once, at its latest `as_of`; an old one adds nothing."""
    kept: list[list[_Figure]] = []

    def repeat(parts: list[_Figure], of: list[_Figure]) -> None:
        rows = [row for part in parts for row in part.rows]
        fates.put(rows, "repeat", f"same bulletin as row {of[0].rows[0]}")
        for part in parts:
            part.kind = "dropped"

    for parts in found:
        as_of = parts[0].report.as_of
        same = [k for k in kept if [p.stated for p in k] == [p.stated for p in parts]]
        newer = next((k for k in same if k[0].report.as_of >= as_of), None)
        if newer is not None:
            repeat(parts, newer)
        elif same and same[-1] is kept[-1]:
            repeat(kept.pop(), parts)
            kept.append(parts)
        else:
            kept.append(parts)
    return kept


def _composition(partition: Partition, parts: Sequence[_Figure]) -> Composition:
    published, as_of, _ = _when(parts)
    return Composition(
        source=parts[0].report.source,
        of=partition.of,
        parts=partition.into,
        counts=tuple(p.number for p in parts),
        published=published,
        as_of=as_of,
        rows=tuple(row for p in parts for row in p.rows),
    )


def _merge(
    partition: Partition,
    parts: Sequence[_Figure],
    figures: list[_Figure],
    categories: Categories,
    presets: Presets,
    fates: Fates,
) -> None:
    """Put the sum of a bulletin's parts in the place of any printed total of them.

    A total that is printed as an estimate says how uncertain it is, and takes the sum's place.
    """
    published, as_of, _ = _when(parts)
    more, total = _unassigned(parts, figures, partition.of, categories, presets, fates)
    summed = replace(
        parts[0].report,
        category=partition.of,
        value=total,
        published=published,
        as_of=as_of,
    )
    values = {p.node: p.number for p in parts}
    sums = {partition.of: total} | {
        name: sum(values[m] for m in members)
        for name, members in categories.unions.items()
        if set(members) <= set(values)
    }
    estimates: list[_Figure] = []
    for figure in list(figures):
        report = figure.report
        if figure.kind != "alone" or figure.node not in sums or report.as_of != as_of:
            continue
        if figure in parts or figure.apart:
            continue
        due, near = sums[figure.node], presets.redundant
        close = report.value is not None and abs(report.value - due) <= near.slack(due)
        if not close and not covers(replace(summed, value=due), report):
            continue
        figure.kind = "dropped"
        if (
            figure.node == partition.of
            and report.qualifier == "estimate"
            and report.low is not None
        ):
            estimates.append(figure)
            continue
        fates.put(figure.rows, "redundant", f"the parts of its bulletin add up to {due:,}")
        if not report.bounds[0] <= due <= report.bounds[1] and report.qualifier != "about":
            fates.remarks.append(
                f"row {report.row}: {report.source} states {report.stated()} for {figure.node} "
                f"while its parts add up to {due:,}; their sum is used"
            )
    for part in (*parts, *more):
        part.kind = "part"
    rows = tuple(row for p in (*parts, *more) for row in p.rows)
    if estimates:
        *earlier, last = sorted(estimates, key=lambda f: f.key)
        for figure in earlier:
            fates.put(figure.rows, "redundant", f"row {last.rows[0]} estimates the same")
        rows += last.rows
        summed = replace(
            last.report,
            value=total if last.report.value is None else last.report.value,
            published=published,
        )
        if summed.value != total:
            fates.remarks.append(
                f"row {last.rows[0]}: {summed.source} states {summed.stated()} for "
                f"{partition.of} while its parts add up to {total:,}; its estimate is used, and "
                "their split"
            )
    # the same people split otherwise are one sum: the larger, for a split may leave people out
    twin = next(
        (
            f
            for f in figures
            if (f.kind, f.node) == ("sum", partition.of)
            and f.split != partition.into
            and (f.report.published, f.report.as_of) == (published, as_of)
        ),
        None,
    )
    if twin is None:
        figures.append(_Figure(partition.of, summed, rows, "sum", partition.into))
        return
    estimated = "estimate" in (twin.report.qualifier, summed.qualifier)
    if twin.number != total and not estimated:
        fates.remarks.append(
            f"row {rows[0]}: {summed.source} splits {partition.of} twice, into "
            f"{min(twin.number, total):,} and {max(twin.number, total):,} people as of {as_of}; "
            "the larger sum is used, and both splits"
        )
    twin.rows += rows
    twin.report = max(twin.report, summed, key=lambda r: (r.qualifier == "estimate", r.value or 0))


def _unassigned(
    parts: Sequence[_Figure],
    figures: Sequence[_Figure],
    of: str,
    categories: Categories,
    presets: Presets,
    fates: Fates,
) -> tuple[list[_Figure], int]:
    """Return figures of people a bulletin leaves unassigned, and its total with them.

    Either it says how many (category ``unknown``, or ``unknown`` and the node's name), or its
    printed total tells. They count for the sum, and for no share.
    """
    published, as_of, assigned = _when(parts)
    same = [
        f
        for f in figures
        if f.kind == "alone"
        and f.report.qualifier == "exact"
        and (f.report.published, f.report.as_of) == (published, as_of)
    ]
    names = {f"{UNKNOWN} {of}", *([UNKNOWN] if of == categories.root else [])}
    names -= {*categories.names}  # a part may be called so, and is counted as one
    stated: dict[int, _Figure] = {}
    for figure in (f for f in same if f.node in names):
        # those of one group may each say how many, and mean the same people
        first = stated.setdefault(figure.number, figure)
        if figure is not first:
            fates.put(figure.rows, "repeat", f"same figure as row {first.rows[0]}")
            figure.kind = "dropped"
    if stated:
        return list(stated.values()), assigned + sum(stated)
    for figure in same:
        rest = figure.number - assigned
        if figure.node != of or rest <= presets.redundant.slack(assigned):
            continue
        if rest <= presets.redundant.unassigned * figure.number:
            fates.remarks.append(
                f"row {figure.report.row}: {figure.report.source} states {figure.number:,} for "
                f"{figure.node} while its parts add up to {assigned:,}; {rest:,} are taken as "
                "assigned to no part"
            )
            return [], figure.number
    return [], assigned


def _without_runs(line: Sequence[_Figure], fates: Fates) -> list[_Figure]:
    """Count a run of one figure once, at its latest `as_of`; an old `as_of` adds nothing."""
    runs: list[list[_Figure]] = []
    for figure in (f for f in line if f.kind != "dropped"):
        if runs and runs[-1][0].stated == figure.stated:
            runs[-1].append(figure)
        else:
            runs.append([figure])
    kept: list[_Figure] = []
    newest: dict[tuple[int | str, ...], _Figure] = {}
    for run in runs:
        latest = min(run, key=_as_latest)
        before = newest.get(latest.stated)
        if before is not None and before.report.as_of < latest.report.as_of:
            before = None
        # parts stay, for later figures lean on them; else a sum counts before a figure alone
        parts = [f for f in run if f.kind == "part"]
        sums = [f for f in run if f.kind == "sum"]
        counted = min(sums, key=_as_latest) if sums else None if parts else latest
        if before is not None and counted is not None and counted.kind == "alone":
            counted = None
        for figure in run:
            if figure.kind == "alone" and figure is not counted:
                first = counted or before or parts[0]
                fates.put(figure.rows, "repeat", f"same figure as row {first.rows[0]}")
        kept += parts
        if counted is not None:
            kept.append(replace(counted, report=_restated(counted.report, latest.report)))
        if before is None and kept:
            newest[latest.stated] = kept[-1]
    return sorted(kept, key=lambda f: f.key)


def _as_latest(figure: _Figure) -> tuple[float, float, int, int]:
    """Order by latest `as_of`, then first published, then most exact."""
    report = figure.report
    return (
        -report.as_of.when.timestamp(),
        report.published.when.timestamp(),
        specificity(report),
        report.row,
    )


def _restated(report: Report, latest: Report) -> Report:
    """Return a figure as of the last time that its source stood by it."""
    return replace(report, as_of=latest.as_of, published=latest.published)


def _linked(
    line: Sequence[_Figure],
    source: SourceDeclaration,
    root: str,
    presets: Presets,
    scopes: Scopes,
) -> list[Statement]:
    statements = []
    previous: tuple[_Figure, Reading] | None = None
    for figure in line:
        reading = scopes.read(figure.report, source, presets)
        if figure.kind != "part":
            statements.append(
                Statement(
                    source=figure.report.source,
                    node=figure.node,
                    reading=reading,
                    published=figure.report.published,
                    as_of=figure.report.as_of,
                    alone=figure.node != root,
                    rows=figure.rows,
                    link=_link(previous, figure.report, presets),
                )
            )
        # a bound by another scope may lie far from the event's toll, which nothing leans on
        previous = None if scopes.bounds(figure.report) else (figure, reading)
    return statements


def _link(
    before: tuple[_Figure, Reading] | None, report: Report, presets: Presets
) -> Link[float] | None:
    if before is None:
        return None
    previous, reading = before
    numbers = [n for n in reading.figure if not isinstance(n, str)]
    if reading.wording in ("up_to", "ceiling", "words") or (
        reading.wording in ("at_least", "floor") and numbers[0] == 0
    ):
        return None
    said = math.prod(max(n, 0.5) for n in numbers) ** (1 / len(numbers))
    if reading.wording in ("at_least", "floor"):
        said *= presets.links.floor_factor
    return Link(
        memory(previous.report.published, report.published, presets),
        math.log(said) - reading.shift,
        reading.aspect,
        previous.report.published,
        previous.report.as_of,
        previous.rows,
    )


def memory(before: Moment, after: Moment, presets: Presets) -> float:
    """Return the weight that a figure gives to the one before it."""
    days = (after.when - before.when).total_seconds() / 86400
    return min(presets.links.r_max, math.exp(-days / presets.links.memory_days))


def _linked_compositions(
    compositions: Sequence[Composition], presets: Presets
) -> list[Composition]:
    linked = []
    last: dict[tuple[str, ...], Composition] = {}
    for composition in sorted(compositions, key=lambda c: (c.published, c.as_of, sum(c.counts))):
        total = sum(composition.counts)
        if total == 0:
            continue  # nobody killed has no composition; the sum of zero is its evidence
        before = last.get(composition.parts)
        link = None
        if before is not None:
            link = Link(
                memory(before.published, composition.published, presets),
                tuple(count / sum(before.counts) for count in before.counts),
                Aspect(),
                before.published,
                before.as_of,
                before.rows,
            )
        linked.append(replace(composition, link=link))
        last[composition.parts] = composition
    return linked
