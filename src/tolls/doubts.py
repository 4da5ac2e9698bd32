"""What looks odd in a table and may be right: told with its rows, and never acted on.

The analyst decides; a fit is the same with and without these remarks.
"""

from collections.abc import Mapping, Sequence

from tolls.categories import Categories
from tolls.declaration import Declaration
from tolls.presets import Presets
from tolls.reports import Report

__all__ = ["not_read", "parts_above", "round_exact", "suspected_copies"]


def suspected_copies(
    reports: Sequence[Report], declaration: Declaration, presets: Presets
) -> list[str]:
    """Return a remark per number that sources without a common group hardly both arrived at.

    That is an odd number on one node in two of them; or any figure, in the same wording as of the
    same day, in many.

    Parameters
    ----------
    reports : sequence of Report
        Relays among them have said whom they repeat and are passed over.
    declaration : Declaration
        Its groups are one source.
    presets : Presets
        How many digits make a number one that two sources hardly both arrive at.

    Returns
    -------
    list of str
        In the order of the numbers' first rows.
    """
    odd: dict[tuple[str, str, int], dict[str, list[int]]] = {}
    alike: dict[tuple[str, str, str, int], dict[str, list[int]]] = {}
    for report in (r for r in reports if not r.cites):
        node = report.measure, report.category
        for number in dict.fromkeys(report.figure):
            if number % 10 and len(str(number)) >= presets.doubts.copied_digits:
                _note(odd.setdefault((*node, number), {}), report)
        stated = f"{report.stated()} as of {report.as_of.day}"
        telling = max(report.figure, default=0) >= presets.checks.copied_least
        fewest = presets.checks.copied_sources if telling else presets.checks.copied_few
        _note(alike.setdefault((*node, stated, fewest), {}), report)
    told = [
        f"the same number, {number:,}, for {category if measure == 'killed' else measure} in "
        f"{_speakers(by_source)}: where one repeats another, fill in cites, or declare one group "
        "for them; nothing was merged"
        for (measure, category, number), by_source in odd.items()
        if _groups(by_source, declaration) > 1
    ]
    rows = {row for s in odd.values() if _groups(s, declaration) > 1 for row in _rows(s)}
    return told + [
        f"the same figure, {stated}, for {category if measure == 'killed' else measure} in "
        f"{_groups(by_source, declaration)} sources ({_speakers(by_source)}): where they repeat "
        "one another, fill in cites, or declare one group for them; nothing was merged"
        for (measure, category, stated, fewest), by_source in alike.items()
        if _groups(by_source, declaration) >= fewest and not rows.issuperset(_rows(by_source))
    ]


def _note(by_source: dict[str, list[int]], report: Report) -> None:
    by_source.setdefault(report.source, []).append(report.row)


def _rows(by_source: dict[str, list[int]]) -> list[int]:
    return [row for rows in by_source.values() for row in rows]


def _speakers(by_source: dict[str, list[int]]) -> str:
    return ", ".join(f"{source} (row {_listed(rows)})" for source, rows in by_source.items())


def _groups(by_source: dict[str, list[int]], declaration: Declaration) -> int:
    return len({_group(source, declaration) for source in by_source})


def not_read(reports: Sequence[Report], declaration: Declaration) -> list[str]:
    """Return a remark per column that says a figure counts something else, where nothing reads it.

    Parameters
    ----------
    reports : sequence of Report
    declaration : Declaration
        Of the measure that they speak of.

    Returns
    -------
    list of str
        On column ``scope``, then on ``definition``.
    """
    columns = []
    if not declaration.scopes:
        columns.append(("scope", "scopes", [(r.row, r.scope) for r in reports]))
    if not (declaration.definitions or declaration.bridges):
        own = [(r.row, r.definition * (r.definition != r.category)) for r in reports]
        columns.append(("definition", "definitions and no bridges", own))
    told = []
    for column, none, cells in columns:
        rows = [row for row, text in cells if text]
        if rows:
            told.append(
                f"column {column} is filled (row {_listed(rows)}), and the case declares no "
                f"{none}: counted as the event's own toll all the same"
            )
    return told


def round_exact(reports: Sequence[Report], presets: Presets) -> list[str]:
    """Return one remark on all exact figures that are round, if there are any."""
    digits = presets.doubts.round_digits
    rows = [
        r.row
        for r in reports
        if r.qualifier == "exact" and len(str(r.value)) > digits >= len(str(r.value).rstrip("0"))
    ]
    if not rows:
        return []
    return [
        f"round, yet stated as exact: {len(rows)} report{'s' * (len(rows) > 1)} (row "
        f"{_listed(rows)}); taken at their word: if the source rounded, say about"
    ]


def parts_above(reports: Sequence[Report], trees: Mapping[str, Categories]) -> list[str]:
    """Return a remark per part that one source states above its whole in one bulletin.

    Parameters
    ----------
    reports : sequence of Report
    trees : mapping of str to Categories
        By measure.

    Returns
    -------
    list of str
        In the order of the parts' rows.
    """
    bulletins: dict[tuple[object, ...], dict[str, Report]] = {}
    told = []
    for report in reports:
        if report.qualifier == "exact" and not report.cites and report.measure in trees:
            when = (report.source, report.measure, report.published, report.as_of, report.frame)
            bulletins.setdefault(when, {})[report.category] = report
    for (_, measure, *_), stated in bulletins.items():
        tree = trees[str(measure)]
        for part in (p for p in stated if p in tree.nodes):
            unions = [name for name, members in tree.unions.items() if part in members]
            for whole in (w for w in (*tree.ancestors(part), *unions) if w in stated):
                small, large = stated[whole].value or 0, stated[part].value or 0
                if large > small:
                    told.append(
                        f"row {stated[part].row}: {stated[part].source} states {large:,} for "
                        f"{part} and, in row {stated[whole].row}, {small:,} for {whole}, of "
                        "which it is a part: look for a slip; both are used as they stand"
                    )
    return told


def _group(source: str, declaration: Declaration) -> str:
    table = declaration.sources.get(source)
    return (table and table.group) or source


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows))
