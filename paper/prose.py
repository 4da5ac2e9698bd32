"""From numbers to text: fills the placeholders of the papers.

What is quoted stands unrounded in numbers.json; how it reads is decided in `digits`.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tables
from digits import FILTERS, listed, plain
from jinja2 import Environment, StrictUndefined

from tolls.scoreboard import OURS

HERE = Path(__file__).resolve().parent

type Facts = Mapping[str, Any]


def filled(name: str, facts: Facts) -> str:
    """Return a text with all numbers and tables in their places.

    Parameters
    ----------
    name : str
        Of the file, beside this one.
    facts : mapping
        As numbers.json holds them.
    """
    # braces with a hash begin an attribute in Markdown, not a comment
    environment = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters |= FILTERS
    asked = Asked(facts)
    environment.globals |= {
        "table": asked.table,
        "method": asked.method,
        "closer": asked.closer,
        "verified": asked.verified,
        "fails_at": asked.fails_at,
        "coverage": asked.coverage,
        "bounds": asked.bounds,
    }
    source = (HERE / name).read_text(encoding="utf-8")
    return environment.from_string(source).render(**facts)


class Asked:
    """Rows of the facts that a text asks for by name."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def table(self, name: str) -> str:
        """Return a table in Markdown."""
        return tables.TABLES[name](self.facts)

    def method(self, name: str) -> Facts:
        """Return the averages of a method of the backtest."""
        return next(row for row in self.facts["backtest"]["methods"] if row["method"] == name)

    def closer(self, method: str) -> list[str]:
        """Return the cases in which a point was nearer than the package, by their titles."""
        titles = {case["name"]: case["title"] for case in self.facts["cases"]}
        by_case = self.facts["backtest"]["by_case"].items()
        near = [name for name, crps in by_case if crps.get(method, math.inf) < crps[OURS]]
        return [titles[name].split(",")[0] for name in near]

    def verified(self, node: str, place: int) -> Facts:
        """Return one of the tolls of the case that were found later."""
        return [row for row in self.facts["syria"]["verified"] if row["node"] == node][place]

    def fails_at(self, probability: float) -> float:
        """Return the mean bias at which the statement is no longer as probable as this."""
        return self.facts["sensitivity"]["fails_at"][f"{probability:g}"]

    def coverage(self, sort: str, place: int) -> Facts:
        """Return how often the intervals of a sort of quantity held the truth, at one level."""
        return self.facts["calibration"]["coverage"][sort][place]

    def bounds(self) -> str:
        """Say the mixture of overshoots."""
        own = self.facts["presets"]["bounds"]
        pairs = zip(own["means"], own["weights"], strict=True)
        return listed([f"{plain(m)} with weight {plain(w)}" for m, w in pairs])
