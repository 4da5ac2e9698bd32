"""What a document says, in which order: from an account of numbers to sections.

Everything is written from the JSON of an estimate's account (`account`), with numbers rounded as
their interval allows; nothing is computed here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tolls.captions import BLOCKS, COUNTED, FATES, SCENARIOS
from tolls.documents import Cell, Document, Figure, Items, Part, Section, Table, Text
from tolls.formatting import all_inert, count, interval, listed, percent, ratio
from tolls.measures import readable

__all__ = ["compose"]

NONE = "—"


def compose(account: Mapping[str, Any]) -> Document:
    """Write the document of an account.

    Parameters
    ----------
    account : mapping
        As `account.account` returns it, with null for what is no number.

    Returns
    -------
    Document
    """
    account = _spoken(all_inert(account))
    sections = (
        _answer, _timeline, _sources, _before, _reports, _sensitivity, _diagnostics, _provenance,
    )  # fmt: skip
    return Document(
        title=account["case"],
        question=account["question"],
        answer=tuple(account["sentences"]),
        level=account["level"],
        sections=tuple(section(account) for section in sections),
    )


def _spoken(account: dict[str, Any]) -> dict[str, Any]:
    """Write names of nodes in sentences as readers expect them."""
    nodes = {*(n["node"] for n in account["nodes"]), *account["definitions"]}
    names = "|".join(map(re.escape, sorted(n for n in nodes if readable(n) != n)[::-1]))
    if not names:
        return account

    def spoken(text: str) -> str:
        return re.sub(rf"(?<![\w/])({names})(?![\w/])", lambda found: readable(found[0]), text)

    definitions = {name: spoken(text) for name, text in account["definitions"].items()}
    found = account["sensitivity"]
    return account | {
        "sentences": [spoken(text) for text in account["sentences"]],
        "warnings": [spoken(text) for text in account["warnings"]],
        "definitions": definitions,
        "stated": [r | {"reason": spoken(r["reason"])} for r in account["stated"]],
        "sensitivity": found | {"sentence": spoken(found["sentence"])},
    }


def _people(value: float | None, lo: float | None, hi: float | None) -> Cell:
    """Write a count whose interval is known."""
    if value is None or lo is None or hi is None:
        return Cell(NONE)
    return Cell(count(value, hi - lo), value)


def _span(lo: float | None, hi: float | None) -> Cell:
    """Write an interval of counts; it sorts by its lower end."""
    if lo is None or hi is None:
        return Cell(NONE)
    return Cell(interval(lo, hi), lo)


def _number(value: float | None, digits: int = 2) -> Cell:
    if value is None:
        return Cell(NONE)
    return Cell(f"{value:,.{digits}f}", value)


def _bias(median: float, lo: float, hi: float) -> Cell:
    """Write ratios; they sort by the median."""
    return Cell(f"{ratio(median)} ({ratio(lo)} to {ratio(hi)})", median)


def _table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], words: Sequence[int] = (0,)
) -> Table:
    return Table(caption, tuple(head), tuple(tuple(row) for row in rows), tuple(words))


def _answer(account: Mapping[str, Any]) -> Section:
    nodes = account["nodes"]
    head = ["", "median", "95 % interval", "50 % interval", "before any report"]
    rows = [
        [
            Cell(readable(n["node"])),
            _people(n["median"], n["lo"], n["hi"]),
            _span(n["lo"], n["hi"]),
            _span(n["lo_50"], n["hi_50"]),
            _span(n["prior_lo"], n["prior_hi"]),
        ]
        for n in nodes
    ]
    said = "; ".join(f"{r[0].text} {r[1].text} ({r[2].text})" for r in rows)
    parts: list[Part] = [
        _table(
            "Credible intervals: with 95 % or 50 % probability the toll lies in them, if the "
            "declared priors hold. Parts add up within every draw; their medians need not.",
            head,
            rows,
        ),
    ]
    if account["warnings"]:
        parts.append(Text("What to know before quoting it:"))
        parts.append(Items(tuple(("", note, "") for note in account["warnings"])))
    parts += [
        Figure(
            name,
            "Lines: 95 % and 50 % credible intervals with the median; grey: before any report; "
            "below each the reports on it, dark where they are evidence.",
            f"Median and 95 % credible interval of each node: {said}.",
        )
        for name in account["figures"]["tolls"]
    ]
    if account["definitions"]:
        parts.append(Text("Who is counted:"))
        parts.append(
            Items(tuple((readable(n), what, "") for n, what in account["definitions"].items()))
        )
    return Section("The answer", tuple(parts))


def _timeline(account: Mapping[str, Any]) -> Section:
    told, root = account["timeline"], account["nodes"][0]["node"]
    rows = [row for row in told["rows"] if row["node"] == root]
    cells = [
        [
            Cell(row["as_of"]),
            _people(row["median"], row["lo"], row["hi"]),
            _span(row["lo"], row["hi"]),
        ]
        for row in rows
    ]
    said = "; ".join(f"{day.text} {median.text} ({span.text})" for day, median, span in cells)
    parts: list[Part] = [
        Text(
            "What could have been said on each day, from what had been published by its end. An "
            "estimate of a day before the harm had ended is of the harm up to then."
        ),
        Figure(
            "timeline",
            "The interval of each day stands right of the reports that it rests on.",
            f"Median and 95 % credible interval of {readable(root)} as of each day: {said}.",
        ),
        _table(f"{readable(root).capitalize()}, as of the end of each day.",
               ["as of", "median", "95 % interval"], cells),
    ]  # fmt: skip
    parts += [Text(f"No estimate of {note}.") for note in told["refused"]]
    return Section("Day by day", tuple(parts))


def _sources(account: Mapping[str, Any]) -> Section:
    sources = account["sources"]
    several = len({s["measure"] for s in sources}) > 1
    rows = [
        [
            Cell(_source(s, several)),
            Cell(s["grade"]),
            Cell(readable(s["kind"])),
            Cell(str(s["reports"]), s["reports"]),
            _bias(s["bias_prior_median"], s["bias_prior_lo"], s["bias_prior_hi"]),
            _bias(s["bias_median"], s["bias_lo"], s["bias_hi"]),
            _number(s["reliability_prior"]),
            _number(s["reliability"]),
            _without(s, account),
        ]
        for s in sources
    ]
    head = [
        "", "grade", "kind", "reports used", "bias before (95 %)", "bias after (95 %)",
        "reliability before", "reliability after", "toll without it",
    ]  # fmt: skip
    said = "; ".join(f"{r[0].text} {r[5].text}" for r in rows)
    reasons = {
        (s["source"], s["rationale"], s["reference"]): (
            s["source"], s["rationale"] or "no rationale is declared", s["reference"],
        )
        for s in sources
    }  # fmt: skip
    return Section(
        "The sources",
        (
            Text(
                "Bias is what a source states, divided by what is knowable; reliability is the "
                "probability that a statement of it is honest. Before: as its grade and kind say. "
                "After: what the reports made of it. They cannot tell what all sources miss."
            ),
            *(
                Figure(
                    name,
                    "Bias of each source before (grey) and after the reports (line).",
                    f"Median bias and 95 % credible interval of each source: {said}.",
                )
                for name in account["figures"]["sources"]
            ),
            _table(
                "Toll without it: the median had the source been silent; a dash where the draws "
                "cannot tell.",
                head,
                rows,
                words=(0, 1, 2),
            ),
            Text("Why they were graded so:"),
            Items(tuple(reasons.values())),
        ),
    )


def _source(source: Mapping[str, Any], several: bool) -> str:
    return f"{source['source']}, {source['measure']}" if several else str(source["source"])


def _without(source: Mapping[str, Any], account: Mapping[str, Any]) -> Cell:
    root = next(n for n in account["nodes"] if n["node"] == source["measure"])
    return _people(source["without"], root["lo"], root["hi"])


def _before(account: Mapping[str, Any]) -> Section:
    example = account["example"]
    several = len({s["measure"] for s in account["sources"]}) > 1
    rows = [
        [
            Cell(_source(s, several)),
            _people(s["foretold"]["median"], s["foretold"]["lo"], s["foretold"]["hi"]),
            _span(s["foretold"]["lo"], s["foretold"]["hi"]),
            Cell(s["prior_in_words"]),
        ]
        for s in account["sources"]
    ]
    return Section(
        "Before any report",
        (
            Text(
                f"What grades and kinds alone would say: had {example:,} people been killed, and "
                f"were all of them knowable, a source would state a count in these intervals. Who "
                f"finds one too narrow or too wide disputes a grade, and should try another."
            ),
            _table(
                f"Prior predictive: one statement on a toll of {example:,}.",
                ["", "median", "95 % interval", "in words"],
                rows,
                words=(0, 3),
            ),
        ),
    )


def _reports(account: Mapping[str, Any]) -> Section:
    tally = account["reports"]
    kinds = [f"{n} {words[n != 1]}" for key, words in COUNTED.items() if (n := tally[key])]
    rows = [
        [
            Cell(str(r["row"]), r["row"]),
            Cell(r["source"]),
            Cell(r["published"][:10]),
            Cell(r["as_of"][:10]),
            Cell(r["stated"]),
            Cell(_counted(r)),
            Cell(FATES[r["fate"]]),
            Cell(r["reason"]),
        ]
        for r in account["stated"]
    ]
    return Section(
        "The reports as evidence",
        (
            Text(f"{_read(tally['read'])}: {listed(kinds)}."),
            *(
                Figure(
                    name,
                    "Every stated count in a row per source, the earliest on top; pale is no "
                    "evidence.",
                    "The counts of the table of reports, by source.",
                )
                for name in account["figures"]["reports"]
            ),
            _table(
                "Every report, by the row of its table, and what it counts for.",
                ["row", "source", "published", "as of", "states", "of", "counts as", "why"],
                rows,
                words=(1, 2, 3, 4, 5, 6, 7),
            ),
        ),
    )


def _read(reports: int) -> str:
    return f"{reports} report{'s were' if reports != 1 else ' was'} read"


def _counted(report: Mapping[str, Any]) -> str:
    measure, category = readable(report["measure"]), readable(report["category"])
    if report["category"] in (report["measure"], "killed"):
        return measure
    return category if report["measure"] == "killed" else f"{measure}, {category}"


def _sensitivity(account: Mapping[str, Any]) -> Section:
    found = account["sensitivity"]
    scenarios = [
        [
            Cell(s["scenario"]),
            _people(s["median"], s["lo"], s["hi"]),
            _span(s["lo"], s["hi"]),
            _number(s["ratio"]),
            Cell(s["method"]),
        ]
        for s in found["scenarios"]
    ]
    level = [
        [_number(r["factor"]), _people(r["median"], r["lo"], r["hi"]), _span(r["lo"], r["hi"])]
        for r in found["level"]
    ]
    shares = [
        [Cell(BLOCKS[s["block"]]), Cell(percent(round(s["share"], 2)), s["share"])]
        for s in found["shares"]
    ]
    parts: list[Part] = [
        Text(found["sentence"]),
        Figure(
            "sensitivity",
            "The toll under everything that was changed, over its interval as declared (grey).",
            "Median and 95 % credible interval: "
            + "; ".join(f"{s[0].text} {s[1].text} ({s[2].text})" for s in scenarios) + ".",
        ),
        Items(tuple((name, what, "") for name, what in SCENARIOS.items())),
        _table(
            "Reweighted: from the draws of the fit; refit: a fit of its own.",
            ["", "median", "95 % interval", "over declared", "method"],
            scenarios,
            words=(0, 4),
        ),
        _table(
            "The level curve: the toll if the mean bias of all sources were so many times what is "
            "declared. No report can tell which row is true.",
            ["mean bias ×", "median", "95 % interval"],
            level,
            words=(),
        ),
        _table(
            "Where the interval comes from: shares of the variance of the log toll. How sources "
            "scatter and how often they are honest, too, are learned from priors and reports.",
            ["", "share"],
            shares,
        ),
    ]  # fmt: skip
    if found["direct"]:
        parts.append(
            _table(
                "What the reports on a node itself say of it, and what all others do; p: how "
                "surprising their difference is, small where they conflict.",
                ["", "its own", "95 %", "all others", "95 %", "p"],
                [
                    [
                        Cell(readable(d["node"])),
                        _people(d["direct"], d["direct_lo"], d["direct_hi"]),
                        _span(d["direct_lo"], d["direct_hi"]),
                        _people(d["indirect"], d["indirect_lo"], d["indirect_hi"]),
                        _span(d["indirect_lo"], d["indirect_hi"]),
                        _number(d["p"]),
                    ]
                    for d in found["direct"]
                ],
            )
        )
    return Section("What would change the answer", tuple(parts))


def _diagnostics(account: Mapping[str, Any]) -> Section:
    found, nodes = account["diagnostics"], account["nodes"]
    chains = nodes[0]["rhat"] is not None
    told = {
        "effective draws": _number(found["ess"], 0),
        "Pareto k-hat of the weights (below 0.7)": _number(found["khat"]),
        "R-hat (at most 1.01)": _number(found["rhat"], 3),
        "divergences": _number(found["divergences"], 0),
        "log marginal likelihood": _number(found["log_marginal"]),
        "its Monte Carlo error": _number(found["log_marginal_sd"]),
    }
    return Section(
        "Diagnostics",
        (
            Text(account["verdict"]),
            _table(
                f"Engine: {account['engine']}.",
                ["", ""],
                [[Cell(name), cell] for name, cell in told.items() if cell.text != NONE],
            ),
            _table(
                "Of each toll: so many independent draws would tell its median and interval as "
                "well.",
                ["", "effective draws", *(["R-hat"] if chains else [])],
                [
                    [
                        Cell(readable(n["node"])),
                        _number(min(n["ess_bulk"], n["ess_tail"]), 0),
                        *([_number(n["rhat"], 3)] if chains else []),
                    ]
                    for n in nodes
                ],
            ),
        ),
    )


def _provenance(account: Mapping[str, Any]) -> Section:
    made = account["provenance"]
    return Section(
        "Where this comes from",
        (
            Text(
                "The same inputs, seed, engine, versions and type of machine give this page again, "
                "byte for byte. CASE is the case whose digest is below. Numbers on this page are "
                "rounded as their intervals allow; unrounded they stand in estimate.json."
            ),
            _table(
                "",
                ["", ""],
                [
                    [Cell("command"), Cell(made["command"])],
                    [Cell("engine"), Cell(made["engine"])],
                    *([Cell(f"digest of {k}"), Cell(v)] for k, v in made["digests"].items()),
                    *([Cell(k), Cell(v)] for k, v in made["versions"].items()),
                ],
                words=(0, 1),
            ),
        ),
    )
