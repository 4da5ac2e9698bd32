"""What looks odd in a table and may be right: told with its rows, and never acted on.

The analyst decides; a fit is the same with and without these remarks.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tolls.categories import Categories
from tolls.constants import ROOTS
from tolls.declaration import Declaration
from tolls.formatting import listed
from tolls.names import look, mixed_scripts
from tolls.presets import Presets
from tolls.reports import Report

__all__ = [
    "contradictions", "extra_columns", "in_utc", "late", "not_read", "parts_above", "round_exact",
    "suspected_copies", "twin_names",
]  # fmt: skip


def suspected_copies(
    reports: Sequence[Report], declaration: Declaration, presets: Presets
) -> list[str]:
    """Return a remark per number that sources without a common group hardly both arrived at.

    That is an odd number on one node: of many digits in two of them, of fewer in some. Or any
    figure, in the same wording as of the same day, in many; words in some.

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
    odd: dict[tuple[str, str, int, int], dict[str, list[int]]] = {}
    checks = presets.checks
    alike: dict[tuple[str, str, str, int], dict[str, list[int]]] = {}
    for report in (r for r in reports if not r.cites):
        node = report.measure, report.category
        for number in dict.fromkeys(n for n in report.figure if n % 10):
            if number >= checks.copied_least:
                long = len(str(number)) >= presets.doubts.copied_digits
                _note(odd.setdefault((*node, number, 2 if long else checks.copied_odd), {}), report)
        stated = f"{report.stated()} as of {report.as_of.day}"
        fewest = checks.copied_few
        if max(report.figure, default=0) >= checks.copied_least:
            fewest = checks.copied_sources
        elif not report.figure:
            fewest = checks.copied_words
        _note(alike.setdefault((*node, stated, fewest), {}), report)
    # the last of a key is how many sources make it telling
    shared = {k: s for k, s in odd.items() if _groups(s, declaration) >= k[-1]}
    told = [
        f"the same number, {number:,}, for {category if measure == 'killed' else measure} in "
        f"{_speakers(by_source)}: where one repeats another, fill in cites, or declare one group "
        "for them; nothing was merged"
        for (measure, category, number, _), by_source in shared.items()
    ]
    rows = {row for by_source in shared.values() for row in _rows(by_source)}
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


def extra_columns(reports: Sequence[Report]) -> list[str]:
    """Return one remark on all columns that hold something and have no meaning, if any do."""
    names = {name: None for r in reports for name, text in r.extra.items() if text}
    if not names:
        return []
    return [f"kept and not read: column{'s' * (len(names) > 1)} {', '.join(names)}"]


def twin_names(sources: Iterable[str], declaration: Declaration) -> list[str]:
    """Return a remark per name that a reader may take for another one.

    Parameters
    ----------
    sources : iterable of str
        Declared, or named in the table.
    declaration : Declaration
        Its groups are looked at too.

    Returns
    -------
    list of str
        On names that differ in punctuation, accents or script at most, then on those with a word
        in two scripts.
    """
    groups = dict.fromkeys(t.group for t in declaration.sources.values() if t.group)
    told, mixed = [], []
    for what, names in (("sources", dict.fromkeys(sources)), ("groups", groups)):
        seen: dict[str, list[str]] = {}
        for name in names:
            seen.setdefault(look(name), []).append(name)
            if scripts := mixed_scripts(name):
                mixed.append(
                    f'"{name}" has a word of {" and ".join(scripts)} letters, some of which are '
                    "drawn alike; retype it where another name is meant"
                )
        told += [
            f"{what} {listed([_quoted(name) for name in alike])} differ in punctuation, accents or "
            "script at most, and count apart: write them alike where they mean the same; nothing "
            "was merged"
            for alike in seen.values()
            if len(alike) > 1
        ]
    return told + list(dict.fromkeys(mixed))


def _quoted(name: str) -> str:
    return f'"{name}"'


def late(reports: Sequence[Report], end: date | None, presets: Presets) -> list[str]:
    """Return one remark on all reports that came long after what they count.

    Parameters
    ----------
    reports : sequence of Report
    end : date, optional
        Last day of the harm, where it is declared.
    presets : Presets
        How many days are long.

    Returns
    -------
    list of str
        None or one.
    """
    most = presets.checks.late_days
    rows = [
        r.row
        for r in reports
        if (r.published.day - min(r.as_of.day, end or r.as_of.day)).days > most
    ]
    if not rows:
        return []
    return [
        f"published more than {most} days after the harm or the day to which the count refers (row "
        f"{_listed(rows)}): look for a slip in a year; used as it stands"
    ]


def in_utc(reports: Sequence[Report]) -> list[str]:
    """Return one remark on all reports whose hours were given with an offset, if there are any."""
    rows = [r.row for r in reports if r.published.in_utc or r.as_of.in_utc]
    if not rows:
        return []
    return [
        f"hours with an offset from UTC (row {_listed(rows)}) are taken in UTC, and so are their "
        "days: give the hours of the place, without an offset, where the days of the period are "
        "its own"
    ]


def contradictions(reports: Sequence[Report]) -> list[str]:
    """Return a remark per day on which a source states several exact figures of one thing."""
    days: dict[tuple[object, ...], dict[str, dict[int, list[int]]]] = {}
    for r in reports:
        if r.qualifier == "exact" and r.value is not None:
            when = (r.source, r.cites, r.evidence, r.frame, r.as_of, r.published)
            # the root of the missing is that of the killed
            of = r.measure if r.category in ROOTS else r.category
            node = of if r.measure in (ROOTS[0], of) else f"{r.measure}, {of}"
            figures = days.setdefault(when, {}).setdefault(node, {})
            figures.setdefault(r.value, []).append(r.row)
    told = []
    for (source, _, _, _, as_of, published), nodes in days.items():
        each = [
            f"for {node} "
            + " and ".join(f"{n:,} (row {_listed(rows)})" for n, rows in figures.items())
            for node, figures in nodes.items()
            if len(figures) > 1
        ]
        if each:
            day = f"{published}" if as_of == published else f"{published} as of {as_of}"
            told.append(
                f"{source} states several figures on {day}: {'; '.join(each)}; look for a slip, "
                "or give the hours if one replaced the other; all are used"
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
