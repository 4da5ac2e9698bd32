"""Voices: whose bias, scatter and reliability a report is subject to.

Usually a source is one voice. Sources of one dependence group (channels of one agency, vintages of
one list) are one voice together, so that five copies count once; a source for which a node is
declared apart (its own losses, the enemy's) is another voice there; of the missing every source
speaks with a voice of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tolls.constants import MAX_SOURCES, OF_THE_KILLED, ROOTS
from tolls.declaration import Declaration, SourceTable
from tolls.errors import Problems
from tolls.names import Alike
from tolls.reliability import SourceDeclaration
from tolls.reports import Report

__all__ = ["check_anchors", "check_names", "check_voices", "declared", "voice_of", "voices_of"]

# what members of a group must agree on, for it is the voice's
_SHARED = ("grade", "kind", "bias", "scatter", "reliability", "evidence", "anchor", "nodes")


def declared(name: str, table: SourceTable) -> SourceDeclaration:
    """Return a source as its table declares it."""
    return SourceDeclaration(
        name=name,
        grade=table.grade,
        kind=table.kind,
        rationale=table.rationale,
        reference=table.reference,
        bias=table.bias.prior() if table.bias else None,
        scatter=table.scatter.prior() if table.scatter else None,
        reliability=table.reliability.prior() if table.reliability else None,
        evidence=table.evidence or "",
        anchor=table.anchor,
    )


def voice_of(declaration: Declaration, source: str, above: Iterable[str], measure: str) -> str:
    """Return the name of a source's voice on a node.

    Parameters
    ----------
    declaration : Declaration
    source : str
    above : iterable of str
        The node and its ancestors, nearest first: the nearest that is declared apart decides.
    measure : str
        What is counted; of the missing a source has another bias than of the dead.
    """
    table = declaration.sources.get(source)
    base = (table and table.group) or source
    if measure in OF_THE_KILLED:
        return f"{base} on {measure}"
    apart = next((node for node in above if table and node in table.nodes), None)
    return base if apart is None else f"{base} on {apart}"


def voices_of(
    declaration: Declaration,
    sources: Mapping[str, SourceDeclaration],
    measures: Mapping[str, Iterable[str]],
) -> dict[str, SourceDeclaration]:
    """Return every voice by name, in the order of the sources.

    Parameters
    ----------
    declaration : Declaration
    sources : mapping of str to SourceDeclaration
    measures : mapping of str to iterable of str
        What reports of a source count, or reports that cite it.
    """
    voices: dict[str, SourceDeclaration] = {}
    for name, source in sources.items():
        table = declaration.sources.get(name)
        base = (table and table.group) or name
        own = replace(source, name=base)
        voices.setdefault(base, own)
        for node, apart in (table.nodes if table else {}).items():
            kind = apart.kind or own.kind
            # a kind stated for the node replaces a bias stated for the source
            bias = apart.bias.prior() if apart.bias else None if apart.kind else own.bias
            scatter = apart.scatter.prior() if apart.scatter else own.scatter
            voice = f"{base} on {node}"
            changed = replace(own, name=voice, kind=kind, bias=bias, scatter=scatter)
            voices.setdefault(voice, changed)
        for measure in OF_THE_KILLED:
            if measure in measures.get(name, ()):
                voice = f"{base} on {measure}"
                voices.setdefault(voice, replace(own, name=voice))
    return voices


def check_voices(declaration: Declaration, names: Sequence[str], problems: Problems) -> None:
    """Note groups whose members differ or that bear a source's name, and nodes that are none."""
    first: dict[str, str] = {}
    for name, table in declaration.sources.items():
        key = f"key sources.{name}"
        for node in table.nodes:
            if node not in names:
                problems.unknown(f"{key}.nodes", "node", node, names)
        if table.group is None:
            continue
        if not table.group.strip() or (table.group in declaration.sources and table.group != name):
            problems.add(
                f"{key}.group",
                f'"{table.group}" is the name of a source or empty; give the group a name of its '
                "own",
            )
        leader = first.setdefault(table.group, name)
        for field in _SHARED:
            own, other = getattr(table, field), getattr(declaration.sources[leader], field)
            if own != other:
                problems.add(
                    f"{key}.{field}",
                    f"differs from that of {leader} in the same group, {table.group}; a group is "
                    "one source: declare the same for all its members",
                )


def check_anchors(declaration: Declaration, reports: Sequence[Report], problems: Problems) -> None:
    """Note reports of an anchor that are no estimates with an interval."""
    for report in reports:
        table = declaration.sources.get(report.source)
        if table is None or not table.anchor or report.cites:
            continue
        if report.qualifier != "estimate" or report.low is None:
            problems.add(
                f"row {report.row}, column qualifier",
                f"{report.source} is declared an anchor of the level, and {report.stated()} is no "
                "estimate with an interval; allowed for an anchor: qualifier estimate with low "
                "and high (or take anchor = true away)",
            )


def check_names(
    declaration: Declaration,
    reports: Sequence[Report],
    learned: Iterable[str],
    problems: Problems,
    rows: Problems,
) -> None:
    """Note names that a reader takes for one, names of voices, and more sources than are read.

    Parameters
    ----------
    declaration : Declaration
    reports : sequence of Report
    learned : iterable of str
        Sources that the scale in force learned of: only one of the very same name is one of them.
    problems, rows : Problems
        Of the declaration, and of the table.
    """
    nodes, groups, sources = Alike(), Alike(), Alike()
    for root in ROOTS:
        nodes.note("the root", root, problems)
    for i, partition in enumerate(declaration.partitions):
        for part in partition.into:
            nodes.note(f"key partitions.{i}.into", part, problems)
    for name in declaration.unions:
        nodes.note(f"key unions.{name}", name, problems)
    scopes = Alike()
    for text in declaration.scopes:
        scopes.note(f"key scopes.{text}", text, problems)
    voices: dict[str, str] = {}
    for name, table in declaration.sources.items():
        sources.note(f"key sources.{name}", name, problems)
        if table.group is not None:
            groups.note(f"key sources.{name}.group", table.group, problems)
    named: dict[str, tuple[int, str]] = {}
    for report in reports:
        named.setdefault(report.source, (report.row, "source"))
        if report.cites:
            named.setdefault(report.cites, (report.row, "cites"))
    for name, (row, column) in named.items():
        sources.note(f"row {row}, column {column}", name, rows)
    for name in learned:
        where = f"key reliability, sources.{name} of {declaration.reliability}"
        sources.note(where, name, problems)
    every = dict.fromkeys((*declaration.sources, *named))
    for name in every:
        own = declaration.sources.get(name, SourceTable())
        for node in (*own.nodes, *OF_THE_KILLED):
            voices[f"{own.group or name} on {node}"] = name
        if own.group in named and own.group not in declaration.sources:
            problems.add(
                f"key sources.{name}.group",
                f'"{own.group}" states or is cited in row {named[own.group][0]}; give the group a '
                "name of its own",
            )
    for name in every:
        if name in voices:
            problems.add(
                "key sources",
                f'"{name}" is what the voice of {voices[name]} is called there; name the source '
                "differently",
            )
    if len(every) > MAX_SOURCES:
        rows.add(
            "column source",
            f"names {len(every):,} sources, with the declared and cited; allowed: {MAX_SOURCES:,}, "
            "each of which has a bias of its own",
        )
