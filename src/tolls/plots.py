"""Figures: every function takes a result and draws it on matplotlib Axes.

Nothing here computes a statistic: intervals come from the results' own tables. Nothing is shown,
saved or set globally. Figures of calibration and backtests are in `diagrams`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tolls.canvas import NAMES, Canvas, Spans
from tolls.constants import CI_PROB
from tolls.diagrams import backtest, calibration
from tolls.errors import InputError, check_result
from tolls.estimate import Estimate
from tolls.formatting import count, interval, percent
from tolls.frames import LINE, wide
from tolls.ink import BAND, INNER, KNOWABLE, LOOKS, MEDIAN, PRIOR, THICK, THIN, report_style, scaled
from tolls.measures import readable
from tolls.sensitivities import Sensitivity
from tolls.timelines import Timeline

__all__ = ["backtest", "calibration", "reports", "sensitivity", "sources", "timeline", "tolls"]


def tolls(
    estimate: Estimate,
    *,
    nodes: Sequence[str] | None = None,
    ci_prob: float = CI_PROB,
    ax: Axes | None = None,
) -> Axes:
    """Draw each node's interval over its prior, and below it every report on the node.

    Parameters
    ----------
    estimate : Estimate
    nodes : sequence of str, optional
        Nodes and unions of one measure from the top; those of the killed in declared order where
        left out.
    ci_prob : float
        Probability of the thin lines and of the prior's interval; thick lines hold 50 %.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Dark marks are evidence. Reports without a count of people killed are only in the legend.

    Examples
    --------
    >>> tolls.plots.tolls(estimate, nodes=["killed", "civilians"])  # doctest: +SKIP
    """
    check_result("estimate", estimate, Estimate)
    chosen = list(estimate.case.names if nodes is None else nodes)
    of, plain = _of_one_measure(estimate, chosen)
    table, core = estimate.summary(ci_prob).loc[chosen], estimate.summary(INNER).loc[chosen]
    spans = _spans(ci_prob, table, core)
    canvas = Canvas(ax, of.evidence, plain)
    canvas.keys = _keys(spans)
    labels = canvas.names([readable(node) for node in chosen], NAMES)
    canvas.surround(estimate.case.title, f"People {of.case.measure}")
    canvas.counts(table[["lo", "hi"]], table[["prior_lo", "prior_hi"]])
    groups = [[r for r in canvas.said if r.category == node] for node in plain]
    ats = canvas.rows(labels, groups, lead=True)
    canvas.intervals(ats, spans)
    for at, lo, hi, median in zip(ats, table["lo"], table["hi"], table["median"], strict=True):
        canvas.over(f"{count(median, hi - lo)} ({interval(lo, hi)})", median, at)
    return canvas.finish(canvas.deep)


def reports(estimate: Estimate, *, ax: Axes | None = None) -> Axes:
    """Draw every stated count in a row per source, the earliest at the top of the row.

    Parameters
    ----------
    estimate : Estimate
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Colour and shape tell the node. Pale is no evidence; what has no count is in the legend.

    Examples
    --------
    >>> tolls.plots.reports(estimate)  # doctest: +SKIP
    """
    check_result("estimate", estimate, Estimate)
    nodes = estimate.case.names
    canvas = Canvas(ax, estimate.evidence, nodes)
    canvas.looks = {node: LOOKS[i % len(LOOKS)] for i, node in enumerate(nodes)}
    canvas.keys = {readable(n): report_style("exact", look) for n, look in canvas.looks.items()}
    names = [n for n in estimate.case.sources if any(r.source == n for r in canvas.said)]
    labels = canvas.names(names, NAMES)
    canvas.surround(estimate.case.title, "People killed, as stated")
    canvas.counts()
    canvas.rows(labels, [[r for r in canvas.said if r.source == name] for name in names])
    return canvas.finish(canvas.deep)


def sources(estimate: Estimate, *, ci_prob: float = CI_PROB, ax: Axes | None = None) -> Axes:
    """Draw each source's bias over its prior, beside its reliability and its number of reports.

    Parameters
    ----------
    estimate : Estimate
    ci_prob : float
        Probability of the intervals.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        At 1 a source states what is knowable, further right more. The columns are its mean
        reliability before and after the reports, and how many of its reports are evidence.

    Examples
    --------
    >>> tolls.plots.sources(estimate, ci_prob=0.9)  # doctest: +SKIP
    """
    check_result("estimate", estimate, Estimate)
    table = estimate.sources(ci_prob).rename(columns=lambda name: name.removeprefix("bias_"))
    spans = _spans(ci_prob, table)
    canvas = Canvas(ax, estimate.evidence, ())
    canvas.keys = _keys(spans) | {"states what is knowable": KNOWABLE}
    labels = canvas.names([str(name) for name in table.index], NAMES)
    shares = [_cells(table[name]) for name in ("reliability_prior", "reliability")]
    heads = "reliability\nbefore", "after", "reports"
    canvas.table(heads, list(zip(*shares, map(str, table["reports"]), strict=True)))
    canvas.surround(estimate.case.title, "Bias: stated / knowable")
    canvas.counts(table[["lo", "hi", "prior_lo", "prior_hi"]].assign(knowable=1.0))
    ats = canvas.rows(labels, [()] * len(table))
    canvas.intervals(ats, spans)
    canvas.ax.axvline(1, **scaled(KNOWABLE, canvas.scale))
    canvas.write_table(ats)
    return canvas.finish(canvas.deep)


def sensitivity(result: Sensitivity, *, ci_prob: float = CI_PROB, ax: Axes | None = None) -> Axes:
    """Draw the headline under everything that was changed, over its interval as declared.

    Parameters
    ----------
    result : Sensitivity
    ci_prob : float
        Probability of the intervals.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        The column is the median over that as declared, or the probability of the statement where
        one was given. Answers that were refused have no line.

    Examples
    --------
    >>> tolls.plots.sensitivity(tolls.sensitivity(case, seed=1, at_least=1000))  # doctest: +SKIP
    """
    check_result("result", result, Sensitivity)
    table = result.summary(ci_prob=ci_prob)
    declared, least = table.iloc[0], result.at_least
    spans = _spans(ci_prob, table)
    canvas = Canvas(ax, result.estimate.evidence, ())
    canvas.keys = _keys(spans) | {f"as declared, {percent(ci_prob)}": BAND}
    labels = canvas.names([str(name) for name in table.index], NAMES)
    if least is None:
        canvas.table(["median /\ndeclared"], [[cell] for cell in _cells(table["ratio"])])
    else:
        canvas.keys[f"at least {least:,.0f}"] = KNOWABLE
        canvas.table([f"P(≥ {least:,.0f})"], [[cell] for cell in _cells(table["probability"])])
    title = f"{result.case.title}: {readable(result.node)}"
    canvas.surround(title, f"People {result.case.measure}")
    canvas.counts(table.loc[table["median"].notna(), ["lo", "hi"]])
    ats = canvas.rows(labels, [()] * len(table))
    canvas.intervals(ats, spans)
    canvas.ax.axvspan(declared["lo"], declared["hi"], color=BAND["color"], zorder=BAND["zorder"])
    if least is not None:
        canvas.ax.axvline(least, **scaled(KNOWABLE, canvas.scale))
    canvas.write_table(ats)
    return canvas.finish(canvas.deep)


def timeline(
    timeline: Timeline, *, node: str | None = None, ci_prob: float = CI_PROB, ax: Axes | None = None
) -> Axes:
    """Draw one node's interval as of each date beside the reports as they came.

    Parameters
    ----------
    timeline : Timeline
    node : str, optional
        A node or union; the root where left out.
    ci_prob : float
        Probability of the thin lines; thick lines hold 50 %.
    ax : Axes, optional
        Best in a figure with ``layout="constrained"``; a new figure where left out.

    Returns
    -------
    Axes
        Time is stretched so that all dates are equally far apart: days of many reports get room.
        An interval stands at the end of its day, right of the reports that it rests on.

    Examples
    --------
    >>> tolls.plots.timeline(timeline, node="civilians")  # doctest: +SKIP
    """
    check_result("timeline", timeline, Timeline)
    name, last = node or timeline.case.names[0], timeline.estimates[-1]
    of, plain = _of_one_measure(last, [name])
    outer, core = (t[t["node"] == name] for t in map(timeline.summary, (ci_prob, INNER)))
    spans = _spans(ci_prob, outer, core)
    canvas = Canvas(ax, of.evidence, plain, upright=True)
    canvas.keys = _keys(spans)
    canvas.left = wide(f"{outer['hi'].max():,.0f}", canvas.size) + 15 + LINE * canvas.size
    canvas.surround(f"{timeline.case.title}: {readable(name)}", "Published by the end of", lines=3)
    canvas.side(f"People {of.case.measure}")
    canvas.counts(outer[["lo", "hi"]])
    canvas.intervals(range(1, len(outer) + 1), spans)
    canvas.columns(timeline.case.start, list(outer["as_of"]))
    return canvas.finish()


def _cells(numbers: Iterable[float]) -> list[str]:
    return ["—" if np.isnan(number) else f"{number:.2f}" for number in numbers]


def _spans(ci_prob: float, table: Any, core: Any = None) -> Spans:
    """Return what is drawn of tables of intervals; the core only if it is narrower."""
    spans: Spans = {}
    if "prior_lo" in table:
        spans[f"prior, {percent(ci_prob)}"] = PRIOR, table[["prior_lo", "prior_hi"]]
    spans[f"{percent(ci_prob)} interval"] = THIN, table[["lo", "hi"]]
    if core is not None and ci_prob > INNER:
        spans[f"{percent(INNER)} interval"] = THICK, core[["lo", "hi"]]
    return spans | {"median": (MEDIAN, table[["median"]])}


def _keys(spans: Spans) -> dict[str, Any]:
    return {key: style for key, (style, _) in spans.items()}


def _of_one_measure(estimate: Estimate, nodes: Sequence[str]) -> tuple[Estimate, list[str]]:
    """Return the estimate that nodes belong to, and what they are called there."""
    found = [estimate.of(node) for node in nodes]  # refuses an unknown one
    measures = dict.fromkeys(own.case.measure for own, _ in found)
    if len(measures) > 1:
        raise InputError(
            f"nodes: {', '.join(nodes)} are of {' and '.join(measures)}; allowed: nodes of one "
            "measure, for which one axis holds"
        )
    return found[0][0], [own.case.names[i] for own, i in found]
