"""What one report says, apart from who says it: its wording, and what its evidence makes of it.

A reading turns the row's qualifier, words, interval and kind of evidence into the terms of the
likelihood. What a source is, and which rows belong together, is decided elsewhere.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from scipy.special import ndtri

from tolls.constants import MAX_COUNT, OF_THE_KILLED
from tolls.errors import Problems, nearest
from tolls.growth import LISTS, Aspect
from tolls.phrases import all_words, read_phrase
from tolls.presets import Presets
from tolls.reliability import SourceDeclaration
from tolls.reports import Report

__all__ = ["Reading", "evidence_of", "in_numbers", "read"]

LEVEL = 0.95  # of an estimate's interval, where its row does not say
PUBLIC = "public_list"


@dataclass(frozen=True, slots=True)
class Reading:
    """A report in the terms of the likelihood.

    Attributes
    ----------
    wording : str
        ``exact``, ``about``, ``at_least``, ``up_to``, ``range``, ``words``, ``estimate``, or
        ``floor`` and ``ceiling``: bounds that nothing but the bound is said by.
    figure : tuple of int or str
        ``(y,)``, ``(low, high)`` of a range, or the word.
    sigma : (float, float), optional
        Of an estimate: its own sd (log scale) where its figure lies below and above the truth.
    habit : tuple of float, optional
        Of `about`: its source's shares of the rounding units, where they were learned, in the order
        of ``presets.about.shares``.
    shift : float
        Added to the log of what is said: that of the evidence's bias over the kind's.
    spread : float
        Variance (log scale) that its wording or evidence adds.
    aspect : Aspect
        What it counts of the toll, and the pace at which that becomes known.
    """

    wording: str
    figure: tuple[Any, ...]
    sigma: tuple[float, float] | None = None
    habit: tuple[float, ...] | None = field(default=None, kw_only=True)
    shift: float = 0.0
    spread: float = 0.0
    aspect: Aspect = field(default=Aspect())


def in_numbers(report: Report, presets: Presets, problems: Problems) -> Report:
    """Replace a hedged number by the number with its qualifier, and a word by the table's name."""
    phrase = read_phrase(report.words, presets)
    if report.qualifier != "words":
        said = (report.qualifier, report.value)
        if report.words and (phrase is None or (phrase.qualifier, phrase.value) != said):
            problems.add(
                f"row {report.row}, column words",
                f'"{report.words[:80]}" is not what qualifier {report.qualifier} says; empty it, '
                "or leave the figure out and write qualifier words",
            )
        return report
    if phrase is None:
        words = all_words(presets)
        near = nearest(report.words, words)
        hint = f'; did you mean "{near}"?' if near else ""
        problems.add(
            f"row {report.row}, column words",
            f'"{report.words[:80]}" is in no table of words; allowed: {", ".join(words)}, with N a '
            f"number (250, two dozen), or words that your own scale declares{hint}",
        )
        return report
    if phrase.value is None:
        return replace(report, words=phrase.word)
    if phrase.value > MAX_COUNT or (phrase.value == 0 and phrase.qualifier == "fewer_than"):
        where = f"row {report.row}, column words"
        least = "1" if phrase.qualifier == "fewer_than" else "0"
        problems.add(where, f'"{report.words}" cannot be; allowed: {least} to {MAX_COUNT:,}')
        return report
    return replace(report, qualifier=phrase.qualifier, value=phrase.value)


def evidence_of(report: Report, source: SourceDeclaration) -> str:
    """Return the kind of evidence of a report: its own, its wording's, or its source's."""
    implied = "estimate" if report.qualifier == "estimate" else source.evidence
    return report.evidence or implied


def read(report: Report, source: SourceDeclaration, presets: Presets) -> Reading:
    """Return the reading of a report.

    Parameters
    ----------
    report : Report
        In numbers.
    source : SourceDeclaration
        Whose kind the evidence's bias replaces.
    presets : Presets

    Returns
    -------
    Reading
    """
    evidence = evidence_of(report, source)
    shift, spread, pace = 0.0, 0.0, 1.0
    if evidence:
        own, usual = presets.evidence_kinds[evidence], presets.source_kinds[source.kind]
        pace = own.pace
        # that a public list of the missing is too long is said by the living on it
        listed = evidence == PUBLIC and report.measure in OF_THE_KILLED
        median = 1.0 if listed else own.median
        # a declared bias says what there is to say, and an anchor has none
        if source.bias is None and not source.anchor:
            shift = math.log(median / usual.median)
            spread = max((own.sd or 0.0) ** 2 - usual.sd**2, 0.0)
    aspect = _aspect(report.measure, evidence, pace)
    if report.qualifier == "words":
        edged = spread + presets.words.edge**2
        return Reading("words", (report.words,), None, shift, edged, aspect)
    if report.qualifier == "estimate":
        return _estimate(report, shift, spread, aspect)
    wording, figure = _wording(report)
    if report.words and wording == "about":
        phrase = read_phrase(report.words, presets)
        if phrase is not None and phrase.value == report.value:
            shift, spread = shift + phrase.lift, spread + phrase.sd**2
    if wording == "at_least" and evidence == "certified":
        wording = "floor"
    return Reading(wording, figure, None, shift, spread, aspect)


def _aspect(measure: str, evidence: str, pace: float) -> Aspect:
    """Return what a measure counts of a toll.

    What speaks of all deaths, counted yet or not, speaks of those who are never found too. The
    missing are those of a day, whatever the evidence.
    """
    listed = LISTS[evidence == PUBLIC]
    if measure == "missing":
        return Aspect(found=False, unfound=True, listed=listed)
    if pace == 0:
        return Aspect(unfound=True, pace=0.0)
    if measure == "dead_or_missing":
        return Aspect(unfound=True, listed=listed)
    return Aspect(pace=pace)


def _wording(report: Report) -> tuple[str, tuple[int, ...]]:
    if report.value is None:
        return "range", report.figure
    if report.qualifier == "more_than":
        return "at_least", (report.value + 1,)
    if report.qualifier == "fewer_than":
        return "up_to", (report.value - 1,)
    return report.qualifier, (report.value,)


def _estimate(report: Report, shift: float, spread: float, aspect: Aspect) -> Reading:
    """Read an estimate; a side of its interval without width takes the other side's."""
    if report.low is None or report.high is None:
        assert report.value is not None
        return Reading("exact", (report.value,), None, shift, spread, aspect)
    low, high = math.log(report.low), math.log(report.high)
    z = float(ndtri((1 + float(report.level or LEVEL)) / 2))
    value = report.value
    if value is None:
        value = round(math.exp((low + high) / 2))
    # its figure lies below the truth where the truth lies above its figure
    below, above = (high - math.log(value)) / z, (math.log(value) - low) / z
    sigma = (below or above, above or below)
    return Reading("estimate", (value,), sigma, shift, spread, aspect)
