"""A Hypothesis strategy for whole cases as files, of everything that a case may declare and say.

What it draws is valid: a reader that refuses it is at fault. No test lives here.
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

NAMES = (
    "civilians", "security forces", "north", "Süd", "مدنيون", "女", "o'clock", "a, b", 'the "x"',
    "-", "0", "=1", "é" * 150, "women", "men", "children", "Дом", "हिन्दी", "x.y", "[t]", "#1",
    "unknown",
)  # fmt: skip
SOURCES = (
    "Monitor", "Radio", "المرصد", "Gov. of X", "a b", "1", "'s", 'says "no"', "#", "Ж", "観測所",
    "A&B",
)  # fmt: skip
TEXTS = st.sampled_from(
    ["", "x", "two words", "ماذا", "a, b; c", 'said "no"', "5", "https://e.org/?a"]
)
COUNTS = st.one_of(st.integers(0, 30), st.integers(0, 5000), st.integers(0, 10**9))
WORDS = ("dozens", "several hundred", "nearly 1,500", "about 40", "more than 300", "thousands")
KINDS = ("other", "monitor", "media", "ministry", "survey", "witness", "own_losses", "enemy_losses")
EVENTS = ("attack", "massacre", "battle", "conflict", "earthquake", "flood", "epidemic", "other")
EVIDENCE = ("", "", "", "count", "list", "public_list", "certified", "projection", "rumour")
START = date(2025, 3, 6)


@dataclass(frozen=True)
class Files:
    """A case as its declaration and its rows, and as the two files that hold them."""

    declaration: dict[str, Any]
    rows: tuple[dict[str, str], ...]

    def write(self, folder: Path) -> Path:
        """Write ``case.toml`` and ``reports.csv``."""
        (folder / "case.toml").write_text(as_toml(self.declaration), encoding="utf-8")
        (folder / "reports.csv").write_text(as_table(self.rows), encoding="utf-8", newline="")
        return folder


def as_table(rows: tuple[dict[str, str], ...]) -> str:
    """Write rows as CSV with the columns that any of them has."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_toml(table: dict[str, Any], path: str = "", marks: str = "[]") -> str:
    """Write nested mappings as TOML tables, and lists of them as arrays of tables."""
    half = len(marks) // 2
    lines = [f"{marks[:half]}{path}{marks[half:]}"] if path else []
    lines += [f"{_key(k)} = {_value(v)}" for k, v in table.items() if not _tabular(v)]
    for key, value in table.items():
        where = f"{path}.{_key(key)}".removeprefix(".")
        if isinstance(value, dict):
            lines.append(as_toml(value, where))
        elif _tabular(value):
            lines += [as_toml(item, where, "[[]]") for item in value]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _tabular(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _value(value: Any) -> str:
    if isinstance(value, date):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


@st.composite
def ranges(draw: st.DrawFn, least: float = 0.01, most: float = 50.0) -> dict[str, float]:
    """A range with its mass, with or without a median."""
    low = draw(st.floats(least, most / 2))
    found = {"low": low, "high": low * draw(st.floats(1.05, 2.0))}
    if draw(st.booleans()):
        found["mass"] = draw(st.sampled_from([0.5, 0.8, 0.9, 0.95]))
    if draw(st.booleans()):
        found["median"] = (low * found["high"]) ** 0.5
    return found


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[str]]:
    """Partitions of the killed and the injured, and every node below the killed."""
    spare = draw(st.permutations(NAMES))
    partitions: list[dict[str, Any]] = []
    nodes = ["killed"]
    for _ in range(draw(st.integers(0, 3))):
        of, count = draw(st.sampled_from(nodes)), draw(st.integers(2, 3))
        into, spare = spare[:count], spare[count:]
        partition: dict[str, Any] = {"of": of, "into": list(into)}
        if draw(st.booleans()):
            partition["concentration"] = draw(st.sampled_from([0.25, 1, 4.0]))
        partitions.append(partition)
        nodes += into
    return partitions, nodes


@st.composite
def declared_sources(draw: st.DrawFn, names: list[str], nodes: list[str]) -> dict[str, Any]:
    """Tables of some of the sources."""
    found = {}
    for name in draw(st.lists(st.sampled_from(names), unique=True)):
        table: dict[str, Any] = {
            "grade": draw(st.sampled_from(["A", "B", "C", "D", "E", "F", "B2", "C6"])),
            "kind": draw(st.sampled_from(KINDS)),
            "rationale": draw(TEXTS),
        }
        if draw(st.booleans()):
            table["bias"] = draw(ranges())
        if draw(st.booleans()):
            table["scatter"] = draw(ranges(0.02, 2.0))
        if draw(st.booleans()):
            table["reliability"] = {"mean": draw(st.floats(0.05, 0.95)), "strength": 20}
        if draw(st.booleans()):
            table["evidence"] = draw(st.sampled_from(EVIDENCE[3:]))
        if draw(st.booleans()):
            table["nodes"] = {draw(st.sampled_from(nodes)): {"kind": draw(st.sampled_from(KINDS))}}
        found[name] = table
    return found


@st.composite
def rows(draw: st.DrawFn, sources: list[str], nodes: list[str]) -> dict[str, str]:
    """One row: an own figure in any wording, or a relay of a source further on in the list."""
    at = draw(st.integers(0, len(sources) - 1))
    day = START + timedelta(draw(st.integers(0, 400)))
    measure = draw(st.sampled_from(["", "", "killed", "injured", "missing", "dead_or_missing"]))
    row = {
        "source": sources[at],
        "measure": measure,
        "published": str(day) + draw(st.sampled_from(["", "", "T10:30", "T23:59:59+00:00"])),
        "as_of": str(draw(st.dates(START, day))) if draw(st.booleans()) else "",
        # citations point down the list alone, so that none comes back
        "cites": draw(st.sampled_from(["", "", *sources[at + 1 :]])),
        "evidence": draw(st.sampled_from(EVIDENCE)),
        "note": draw(TEXTS),
        "archive": draw(TEXTS),
    }
    row["category"] = draw(st.sampled_from(["", "all", *nodes])) if measure != "injured" else ""
    if row["category"] == "killed" and measure == "injured":
        row["category"] = ""
    return row | draw(figures())


@st.composite
def figures(draw: st.DrawFn) -> dict[str, str]:
    """What a row says, in any wording."""
    qualifier = draw(
        st.sampled_from(["", "exact", "about", "at_least", "more_than", "up_to", "fewer_than",
                         "range", "estimate", "words"])
    )  # fmt: skip
    if qualifier == "words":
        return {"qualifier": qualifier, "words": draw(st.sampled_from(WORDS))}
    if qualifier == "range":
        low, high = sorted((draw(COUNTS), draw(COUNTS)))
        return {"qualifier": qualifier, "low": str(low), "high": str(high)}
    value = draw(COUNTS)
    if qualifier == "fewer_than":
        value += 1 if value < 10**9 else 0
    said = {"qualifier": qualifier, "value": draw(st.sampled_from([f"{value}", f"{value}.0"]))}
    if qualifier == "estimate" and value > 0 and draw(st.booleans()):
        low, high = max(1, value - draw(st.integers(0, 50))), value + draw(st.integers(1, 50))
        said |= {"low": str(low), "high": str(min(high, 10**9))}
        if low == 10**9:
            return {"qualifier": "exact", "value": str(value)}
        said["level"] = draw(st.sampled_from(["", "0.5", "0.95", ".9"]))
    return said


@st.composite
def cases(draw: st.DrawFn, most_rows: int = 6) -> Files:
    """A whole case: any wording, measure, node, scope, relay and declaration."""
    partitions, nodes = draw(trees())
    sources = draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=5, unique=True))
    declaration: dict[str, Any] = {
        "format": 1, "title": draw(TEXTS), "kind": draw(st.sampled_from(EVENTS)), "start": START,
        "end": START + timedelta(draw(st.integers(0, 100))),
    }  # fmt: skip
    if partitions:
        declaration["partitions"] = partitions
        into = draw(st.sampled_from(partitions))["into"]
        if draw(st.booleans()):
            declaration["unions"] = {"a union": into[:2]}
            nodes = [*nodes, "a union"]
        if draw(st.booleans()):
            declaration["definitions"] = {into[0]: draw(TEXTS)}
    if draw(st.booleans()):
        declaration["tolls"] = {"killed": {"range": draw(ranges(1, 9000))}}
    if draw(st.booleans()):
        share = {"low": 0.2, "high": 0.7}
        declaration["scopes"] = {
            "all of it": {"relation": "wider", "share": share},
            "here": {"relation": "narrower"},
        }
    if draw(st.booleans()):
        declaration["bridges"] = [{"from": "certified", "to": "killed",
                                   "share": {"low": 0.1, "high": 0.6}}]  # fmt: skip
    tables = draw(declared_sources(sources, [n for n in nodes if n != "a union"]))
    if tables:
        declaration["sources"] = tables
    said = draw(st.lists(rows(sources, nodes), min_size=1, max_size=most_rows))
    scopes = ["", *declaration.get("scopes", {})]
    definitions = ["", *(b["from"] for b in declaration.get("bridges", []))]
    said = [
        row
        | {"scope": draw(st.sampled_from(scopes)), "definition": draw(st.sampled_from(definitions))}
        for row in said
    ]
    return Files(declaration, tuple(said))
