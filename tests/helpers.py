"""Builders and assertions that the tests share; no test lives here."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tolls
from tolls.errors import InputError
from tolls.evidence import Evidence, gather
from tolls.statements import Composition, Statement

COLUMNS = (
    "source", "measure", "category", "value", "low", "high", "qualifier", "words", "published",
    "as_of", "cites", "evidence", "scope", "definition",
)  # fmt: skip
START, END = "2025-03-06", "2025-03-10"


def table(*rows: Mapping[str, Any], **shared: Any) -> list[dict[str, Any]]:
    """Build a table of reports: defaults, then what all rows share, then each row's own columns."""
    return [{"source": "Monitor", "published": "2025-03-09"} | shared | dict(row) for row in rows]


def case_of(*rows: Mapping[str, Any], **declared: Any) -> tolls.Case:
    """Build a case of the event of 6 to 10 March from rows as in `table`."""
    return tolls.Case(table(*rows), **({"start": START, "end": END} | declared))


def evidence_of(*rows: Mapping[str, Any], as_of: str | None = None, **declared: Any) -> Evidence:
    """Gather the evidence of `case_of`."""
    return gather(case_of(*rows, **declared), as_of)


def with_presets(case: tolls.Case, **tables: Any) -> tolls.Case:
    """Return a case under other presets: whole tables, by name, in place of its own."""
    rows = [(r.row, r.as_row()) for r in case.reports]
    presets = case.presets.model_copy(update=tables)
    return tolls.Case.from_declaration(case.declaration, rows, presets)


def near_bounds(case: tolls.Case) -> tolls.Case:
    """Return a case under bounds that mostly lie near what is believed, where a figure tells much.

    The shipped ones are nearly flat: most floors that they draw are zero.
    """
    near = {"means": (0.2, 3.0), "weights": (0.5, 0.5)}
    return with_presets(case, bounds=case.presets.bounds.model_copy(update=near))


def fates(evidence: Evidence) -> list[str]:
    """Return what became of each report, in the order of the table."""
    return [evidence.fates[report.row][0] for report in evidence.case.reports]


def said(evidence: Evidence) -> list[tuple[Any, ...]]:
    """Return source, node, wording and figure of every statement."""
    return [(s.source, s.node, s.wording, *s.figure) for s in evidence.statements]


def reworded(statement: Statement, **changes: Any) -> Statement:
    """Return a statement with another wording, figure or sigma."""
    return replace(statement, reading=replace(statement.reading, **changes))


def content(item: Statement | Composition) -> tuple[Any, ...]:
    """Return all that a statement or composition says, without the rows it comes from."""
    link = item.link and (item.link.r, item.link.previous, item.link.published, item.link.as_of)
    if isinstance(item, Composition):
        what: tuple[Any, ...] = (item.of, item.parts, item.counts)
    else:
        what = (item.node, item.reading, item.alone)
    return (item.source, *what, item.published, item.as_of, link)


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as ``reports.csv`` with all columns; the first of them is on line 2."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_case(folder: Path, toml: str, rows: Iterable[Mapping[str, Any]] | None = None) -> Path:
    """Write a case folder and return the path of its ``case.toml``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "reports.csv", table({"value": 5}) if rows is None else rows)
    path = folder / "case.toml"
    path.write_text(toml, encoding="utf-8")
    return path


def problems_of(path: Path, **options: Any) -> tuple[str, ...]:
    """Return the faults with which reading a path is refused."""
    with pytest.raises(InputError) as caught:
        tolls.read_case(path, **options)
    return caught.value.problems


def attempt[Made](make: Callable[[], Made]) -> tuple[Made | None, tuple[str, ...]]:
    """Return what is made and no faults, or nothing and the faults of the input."""
    try:
        return make(), ()
    except InputError as error:
        return None, error.problems


def assert_told(problems: Iterable[str], *fragments: str) -> None:
    """Assert that one and the same message holds all fragments."""
    told = list(problems)
    assert any(all(f in message for f in fragments) for message in told), (
        f"no message holds all of {fragments}:\n" + "\n".join(told)
    )


EVERY_KIND = (
    [
        {"source": "Monitor", "words": "several hundred", "qualifier": "words",
         "published": "2025-03-08"},
        {"source": "Monitor", "value": 340, "published": "2025-03-10"},
        {"source": "Monitor", "words": "nearly 400", "qualifier": "words",
         "published": "2025-03-14"},
        {"source": "Court", "value": 210, "qualifier": "at_least", "evidence": "certified",
         "published": "2025-03-20"},
        {"source": "Court", "value": 230, "evidence": "certified", "published": "2025-03-28"},
        {"source": "Radio", "value": 900, "evidence": "rumour", "published": "2025-03-09"},
        {"source": "Paper", "value": 400, "qualifier": "up_to", "published": "2025-03-11"},
        {"source": "Web", "value": 380, "published": "2025-03-12"},
        {"source": "Survey", "value": 450, "low": 300, "high": 900, "qualifier": "estimate",
         "published": "2025-04-20"},
        {"source": "Office", "value": 420, "low": 380, "high": 500, "qualifier": "estimate",
         "published": "2025-05-20", "level": "0.9"},
        {"source": "Army", "value": 60, "category": "forces", "published": "2025-03-12"},
        {"source": "Army", "value": 150, "category": "civilians", "published": "2025-03-12"},
    ],
    {
        "kind": "massacre",
        "categories": ["civilians", "forces"],
        "range": {"low": 10, "high": 20_000},
        "sources": {
            "Monitor": {"grade": "B", "kind": "monitor"},
            "Court": {"grade": "A", "kind": "forensic"},
            "Radio": {"grade": "D", "kind": "media"},
            "Paper": {"grade": "C", "kind": "media", "group": "agency"},
            "Web": {"grade": "C", "kind": "media", "group": "agency"},
            "Survey": {"grade": "B", "kind": "survey"},
            "Office": {"grade": "A", "kind": "survey", "anchor": True},
            "Army": {"grade": "C", "kind": "enemy_losses",
                     "nodes": {"forces": {"kind": "own_losses"}}},
        },
    },
)  # fmt: skip


def every_kind(**changed: Any) -> tolls.Case:
    """Return a case with every wording, kind of evidence and voice."""
    rows, declared = EVERY_KIND
    return case_of(*rows, **(declared | changed))


def everything() -> tolls.Case:
    """Return `every_kind` with all else that a table may hold.

    Two partitions of the root, people in no part, another scope, a bridge, a relay that stands in,
    and the injured.
    """
    rows = [
        *EVERY_KIND[0],
        *({"source": "Desk", "category": name, "value": value, "published": "2025-03-15"}
          for name, value in {"north": 150, "south": 120, "unknown": 60}.items()),
        {"source": "Desk", "value": 390, "published": "2025-03-25"},
        {"source": "Nation", "value": 2500, "scope": "all of March", "published": "2025-04-05"},
        {"source": "Registry", "value": 60, "definition": "registered", "published": "2025-04-10"},
        {"source": "Blog", "value": 500, "cites": "Villager", "published": "2025-03-09"},
        {"source": "Monitor", "value": 900, "measure": "injured", "published": "2025-03-10"},
        {"source": "Court", "value": 300, "measure": "injured", "qualifier": "at_least",
         "published": "2025-03-20"},
    ]  # fmt: skip
    sources = EVERY_KIND[1]["sources"] | {
        "Desk": {"grade": "B", "kind": "monitor"},
        "Nation": {"grade": "C", "kind": "ministry"},
        "Registry": {"grade": "B", "kind": "ministry"},
        "Villager": {"grade": "D", "kind": "witness"},
        "Blog": "E",
    }
    declared = EVERY_KIND[1] | {
        "categories": {"killed": [["civilians", "forces"], ["north", "south"]]},
        "sources": sources,
        "range": {"killed": {"low": 10, "high": 20_000}, "injured": {"low": 50, "high": 20_000}},
        "scopes": {"all of March": {"relation": "wider", "share": {"low": 0.1, "high": 0.6}}},
        "bridges": [{"from": "registered", "to": "killed", "share": {"low": 0.05, "high": 0.6}}],
    }
    return case_of(*rows, **declared)


def searching() -> tolls.Case:
    """Return a case with lists of the missing beside the dead."""
    rows = [
        {"source": "Desk", "value": 60, "published": "2025-03-10"},
        {"source": "Desk", "value": 110, "published": "2025-03-20"},
        {"source": "Nation", "value": 130, "published": "2025-04-05"},
        {"source": "Desk", "value": 240, "measure": "missing", "published": "2025-03-12"},
        {"source": "Desk", "value": 90, "measure": "missing", "published": "2025-04-01"},
        {"source": "Web", "value": 800, "measure": "missing", "published": "2025-03-14",
         "evidence": "public_list"},
        {"source": "Nation", "value": 300, "measure": "dead_or_missing", "qualifier": "about",
         "published": "2025-03-16"},
    ]  # fmt: skip
    declared: dict[str, Any] = {
        "sources": {
            "Desk": {"grade": "B", "kind": "monitor"},
            "Nation": {"grade": "C", "kind": "ministry"},
            "Web": {"grade": "D", "kind": "named_list"},
        },
        "kind": "flood",
        "start": "2025-03-08",
        "range": {"killed": {"low": 10, "high": 20_000}},
    }
    return case_of(*rows, **declared)
