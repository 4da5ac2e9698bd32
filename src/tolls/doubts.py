"""What looks odd in a table and may be right: told with its rows, and never acted on.

The analyst decides; a fit is the same with and without these remarks.
"""

from collections.abc import Sequence

from tolls.declaration import Declaration
from tolls.presets import Presets
from tolls.reports import Report

__all__ = ["round_exact", "suspected_copies"]


def suspected_copies(
    reports: Sequence[Report], declaration: Declaration, presets: Presets
) -> list[str]:
    """Return a remark per odd number that sources without a common group state of one node.

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
    said: dict[tuple[str, str, int], dict[str, list[int]]] = {}
    for report in reports:
        if report.cites:
            continue
        for number in dict.fromkeys(report.figure):
            if number % 10 and len(str(number)) >= presets.doubts.copied_digits:
                by_source = said.setdefault((report.measure, report.category, number), {})
                by_source.setdefault(report.source, []).append(report.row)
    return [
        f"the same number, {number:,}, for {category if measure == 'killed' else measure} in "
        f"{', '.join(f'{s} (row {_listed(rows)})' for s, rows in by_source.items())}: where one "
        "repeats another, fill in cites, or declare one group for them; nothing was merged"
        for (measure, category, number), by_source in said.items()
        if len({_group(source, declaration) for source in by_source}) > 1
    ]


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


def _group(source: str, declaration: Declaration) -> str:
    table = declaration.sources.get(source)
    return (table and table.group) or source


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows))
