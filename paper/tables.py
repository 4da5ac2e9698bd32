"""The tables of the papers, in Markdown, from the numbers alone.

A table says in its caption how its numbers are rounded where the text does not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import digits

type Facts = Mapping[str, Any]

NOTHING = "–"
OTHER = "_injured"  # of the measure beside the killed


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, label: str, text: int = 1
) -> str:
    """Write a pipe table: the first columns are text, the others numbers to the right."""
    marks = [":---" if i < text else "---:" for i in range(len(head))]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, marks, *rows)]
    return "\n".join([*lines, "", f": {caption} {{#tbl:{label}}}"])


def _beta(pair: Sequence[float]) -> str:
    return f"Beta({digits.plain(pair[0])}, {digits.plain(pair[1])})"


def _fixed(value: float | None, decimals: int) -> str:
    return NOTHING if value is None else digits.fixed(value, decimals)


def _named(name: str) -> str:
    return name.replace("_", " ")


def grades(facts: Facts) -> str:
    """What a grade means."""
    rows = [
        (
            letter,
            own["words"],
            _beta(own["reliability"]),
            digits.fixed(own["reliability"][0] / sum(own["reliability"]), 2),
            digits.plain(own["scatter"]),
            digits.plain(own["composition"]),
        )
        for letter, own in facts["presets"]["grades"].items()
    ]
    head = (
        "grade", "words", "reliability $p$", "mean of $p$",
        r"scatter $\sigma_{\mathrm{grade}}$", "concentration $c$",
    )  # fmt: skip
    return _table(head, rows, "Grades of sources, as shipped (provisional).", "grades", 2)


def kinds(facts: Facts) -> str:
    """Which way a kind of source errs."""
    rows = [
        (_named(name), own["words"], digits.plain(own["median"]), digits.plain(own["sd"]))
        for name, own in facts["presets"]["source_kinds"].items()
    ]
    head = "kind", "of source", r"median $\mu_{\mathrm{kind}}$", r"sd $\sigma_{\mathrm{kind}}$"
    caption = "Reported to true once everything is knowable, by kind of source, as shipped."
    return _table(head, rows, caption, "kinds", 2)


def evidence(facts: Facts) -> str:
    """What sorts of statement there are."""
    rows = [
        (
            _named(name),
            digits.plain(own["median"]),
            NOTHING if own["sd"] is None else digits.plain(own["sd"]),
            digits.plain(own["pace"]),
        )
        for name, own in facts["presets"]["evidence_kinds"].items()
    ]
    caption = "Kinds of evidence, as shipped; sd only where it is wider than the source's kind's."
    return _table(("evidence", "median", "sd", r"pace $\rho$"), rows, caption, "evidence")


def events(facts: Facts) -> str:
    """How fast tolls become known."""
    rows = [
        (
            name,
            NOTHING if own["rate"] is None else digits.plain(own["rate"]),
            NOTHING if own["rate"] is None else digits.plain(own["rate_sd"]),
            _beta(own["found"]),
            digits.fixed(own["found"][0] / sum(own["found"]), 2),
        )
        for name, own in facts["presets"]["event_kinds"].items()
    ]
    head = (
        "event", r"median rate $\theta$ per day", r"sd of $\log \theta$",
        r"share ever found $\varphi$", r"mean of $\varphi$",
    )  # fmt: skip
    return _table(head, rows, "How a toll becomes known, by kind of event, as shipped.", "events")


def coverage(facts: Facts) -> str:
    """How often intervals held the truth."""
    found = facts["calibration"]["coverage"]
    head = ("quantities", *(f"{digits.percent(row['level'])} intervals" for row in found["all"]))
    rows = [
        (
            _named(name),
            *(f"{_fixed(r['coverage'], 3)} ± {_fixed(r['mc_error'], 3)}" for r in each),
        )
        for name, each in found.items()
        if not name.endswith(OTHER)
    ]
    caption = (
        "Share of intervals that held the truth in simulated cases, with Monte Carlo errors; "
        "several quantities of one sort together. Quantities of the injured count in the first row."
    )
    return _table(head, rows, caption, "coverage")


def cases(facts: Facts) -> str:
    """The cases with a toll verified later."""
    rows = [
        (case["title"], case["kind"], *(digits.whole(case[n]) for n in columns))
        for columns in [("reports", "evidence", "sources", "nodes")]
        for case in facts["cases"]
    ]
    head = "case", "kind", "reports", "evidence", "sources", "nodes"
    caption = (
        "Shipped cases with a toll verified later: rows of the table, rows that are evidence in "
        "the end, sources with evidence, nodes and unions."
    )
    return _table(head, rows, caption, "cases", 2)


def backtest(facts: Facts) -> str:
    """How the package and the baselines scored."""
    scores = (
        "log_score",
        "interval_score_90",
        "covered_50",
        "covered_80",
        "covered_90",
        "covered_95",
    )
    rows = [
        (
            row["method"],
            digits.whole(row["cases"]),
            digits.whole(row["scores"]),
            _fixed(row["crps"], 3),
            NOTHING if row["kind"] == "tolls" else _fixed(row["ratio"], 2),
            *(_fixed(row[name], 2) for name in scores),
        )
        for row in facts["backtest"]["methods"]
    ]
    levels = [digits.percent(level) for level in facts["limits"]["covered"]]
    head = (
        "method", "cases", "scores", "CRPS", "tolls / it", "log score", f"IS {levels[2]}",
        *(f"in {level}" for level in levels),
    )  # fmt: skip
    caption = (
        "Backtest, averages over cases, the less the better but for coverage. Below one in the "
        "fifth column the package is nearer than the method of the row, where both say something."
    )
    return _table(head, rows, caption, "backtest")


def sources(facts: Facts) -> str:
    """What the reports made of the sources of the case."""
    rows = [
        (
            row["source"],
            row["grade"],
            _named(row["kind"]),
            digits.whole(row["reports"]),
            _ratio(row, "bias_prior_"),
            _ratio(row, "bias_"),
            f"{_fixed(row['reliability_prior'], 2)}, {_fixed(row['reliability'], 2)}",
        )
        for row in facts["syria"]["sources"]
    ]
    head = (
        "source", "grade", "kind", "rows", "bias before", "bias after", "reliability before, after",
    )  # fmt: skip
    caption = (
        "Sources with evidence in the case: bias as reported to true (median and "
        f"{digits.percent(facts['limits']['ci_prob'])} interval), and mean reliability, before and "
        "after the reports."
    )
    return _table(head, rows, caption, "sources", 3)


def _ratio(row: Facts, prefix: str) -> str:
    middle, low, high = (digits.ratio(row[f"{prefix}{name}"]) for name in ("median", "lo", "hi"))
    return f"{middle} ({low} to {high})"


def scenarios(facts: Facts) -> str:
    """What the headline rests on."""
    rows = [
        (
            row["scenario"],
            NOTHING if row["median"] is None else digits.median(row),
            NOTHING if row["median"] is None else digits.interval(row),
            _fixed(row["probability"], 2),
            row["method"],
        )
        for row in facts["sensitivity"]["scenarios"]
    ]
    level = digits.percent(facts["limits"]["ci_prob"])
    asked = f"P(at least {digits.whole(facts['syria']['at_least'])})"
    head = "", "median", f"{level} interval", asked, "answer"
    power = facts["presets"]["sensitivity"]["power"]
    caption = (
        "People killed on the Syrian coast as declared, under other priors and without each "
        "source. Zero mean: no kind errs in a direction; free mean: the shared bias has sd "
        f"{digits.plain(facts['presets']['sensitivity']['free_mean_sd'])}; anchored: mean biases "
        "are known; stronger and weaker: priors, or reports, to the power "
        f"{digits.plain(power)} and {digits.plain(1 / power)}."
    )
    return _table(head, rows, caption, "scenarios")


TABLES: Mapping[str, Callable[[Facts], str]] = {
    "grades": grades, "kinds": kinds, "evidence": evidence, "events": events,
    "coverage": coverage, "cases": cases, "backtest": backtest, "sources": sources,
    "scenarios": scenarios,
}  # fmt: skip
