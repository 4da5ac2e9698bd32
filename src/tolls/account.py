"""Everything that a document tells, as plain numbers and texts: what `render` writes as JSON.

Results go in, a dictionary comes out. Whatever a page shows is written from this dictionary
(`chapters`), so that every number of the page stands in the JSON before it was rounded.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tolls.constants import CI_PROB, INNER_PROB, VERSION
from tolls.estimate import Estimate
from tolls.predictive import foretold
from tolls.sensitivities import SOURCES, Sensitivity
from tolls.timelines import Timeline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["account"]


EXAMPLE = 500  # people: the toll of which is told what each source would state
LIBRARIES = {
    "collapsed": ("numpy", "scipy", "arviz-stats"),
    "nuts": ("numpy", "scipy", "arviz-stats", "pymc", "pytensor", "nutpie"),
}


def account(
    estimate: Estimate, found: Sensitivity, days: Timeline, refused: Iterable[str], options: str
) -> dict[str, Any]:
    """Return all that a document says.

    Parameters
    ----------
    estimate : Estimate
        Whose diagnostics hold.
    found : Sensitivity
        Of its root.
    days : Timeline
        The estimate as of several dates.
    refused : iterable of str
        Dates whose estimate was refused, with the reason.
    options : str
        What was asked for beside case and seed, as on the command line.

    Returns
    -------
    dict
        What ``tolls fit --json`` prints, and more. Numbers are not rounded.
    """
    case, told = estimate.case, estimate.to_dict()
    outer, inner = _records(estimate.summary()), _records(estimate.summary(INNER_PROB))
    nodes = [
        printed | row | {"lo_50": core["lo"], "hi_50": core["hi"]}
        for printed, row, core in zip(told["nodes"], outer, inner, strict=True)
    ]
    return told | {
        "nodes": nodes,
        "sources": [row for own in _each(estimate) for row in _sources(own, estimate.seed, found)],
        "question": _question(estimate),
        "sentences": [estimate.sentence(own.case.names[0]) for own in _each(estimate)],
        "level": estimate.level,
        "verdict": estimate.verdict,
        "definitions": dict(case.declaration.definitions),
        "example": EXAMPLE,
        "timeline": {
            "rows": _records(days.summary().astype({"as_of": str}).set_index("as_of")),
            "refused": list(refused),
        },
        "stated": [
            {
                "row": report.row,
                "source": report.source,
                "published": str(report.published),
                "as_of": str(report.as_of),
                "measure": report.measure,
                "category": report.category,
                "stated": report.stated(),
                "cites": report.cites,
                "url": report.url,
                "fate": estimate.evidence.fates[report.row][0],
                "reason": estimate.evidence.fates[report.row][1],
            }
            for report in case.reports
        ],
        "sensitivity": _sensitivity(found),
        "provenance": _provenance(estimate, options),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table whose index is a column."""
    names = [*table.index.names, *table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.reset_index().to_numpy().tolist()]


def _each(estimate: Estimate) -> tuple[Estimate, ...]:
    return (estimate, *estimate.others.values())


def _question(estimate: Estimate) -> str:
    measures = " and ".join(own.case.measure for own in _each(estimate))
    start, end = estimate.evidence.period
    when = f"on {start}" if start == end else f"from {start} to {end}"
    return f"How many people were {measures} {when}, and how sure can we be?"


def _sources(own: Estimate, seed: int | None, found: Sensitivity) -> list[dict[str, Any]]:
    """Tell of every source of a measure its prior, its posterior and what it would state."""
    case, evidence = own.case, own.evidence
    # asked of the root, an answer without the source is there even where draws cannot carry it
    without = _records(found.summary()) if own is found.estimate else []
    asked = {row["scenario"]: row for row in without if row["group"] == SOURCES}
    rows = []
    for row, (_, i) in zip(_records(own.sources()), evidence.speakers, strict=True):
        voice = evidence.sources[i]
        declared = case.voices[voice]
        median, lo, hi = foretold(case, voice, EXAMPLE, seed=seed or 0)
        if answer := asked.get(f"without {voice}"):
            row |= {
                "without": answer["median"],
                "influence": 1 / (answer["ratio"] or math.nan),
                "khat": answer["khat"],
            }
        rows.append(
            row
            | {
                "measure": case.measure,
                "kind_in_words": case.presets.source_kinds[declared.kind].words,
                "prior_in_words": case.source_prior(voice).in_words(),
                "rationale": declared.rationale,
                "reference": declared.reference,
                "anchor": declared.anchor,
                "foretold": {"toll": EXAMPLE, "median": median, "lo": lo, "hi": hi},
            }
        )
    return rows


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {
        "node": found.node,
        "sentence": found.sentence(),
        "scenarios": _records(found.summary()),
        "level": _records(found.level()),
        "shares": _records(found.shares()),
        "weights": _records(found.weights()),
        "independent": found.contributions.independent,
        "direct": _records(found.direct()),
    }


def _provenance(estimate: Estimate, options: str) -> dict[str, Any]:
    """Say of which inputs this was made, by what, and how it is made again."""
    whole = json.loads(estimate.case.to_json())
    return {
        "digests": {"case": estimate.case.digest}
        | {part: _digest(content) for part, content in whole.items()},
        "command": f"tolls render CASE --seed {estimate.seed}{options}",
        "engine": estimate.engine,
        "seed": estimate.seed,
        "published_by": str(estimate.evidence.latest),
        "versions": {"tolls": VERSION, "Python": platform.python_version()}
        | {name: version(name) for name in LIBRARIES[estimate.engine]},
        "ci_prob": CI_PROB,
    }


def _digest(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
