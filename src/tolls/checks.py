r"""Where the model and the reports do not fit, told in plain words, from a fit's draws alone.

- **conflict**: how far the reports move an unknown from where its prior puts it. If prior and model
  are true, its posterior mean has over data sets the prior's mean and the variance :math:`\tau^2 -
  \mathrm{Var}(\theta | D)`, so the distance over the root of that is about standard normal: a prior
  predictive check (Evans and Moshonov 2006, Bayesian Analysis 1(4)) on the posterior mean. It is
  told only if the posterior median lies outside the prior's 95 % interval too.
- **predictive**: whether a source's figures lie farther from what is knowable than those of a
  source of its grade would (see `replicates`).
- **unexplained**: the tail probability of each statement given all others, gross errors allowed for
  (Gelfand, Dey and Chang 1992, Bayesian Statistics 4), by importance.
- **dominated**: whether an answer is hardly narrower than its prior.

Levels stand in ``presets/checks.toml``. With them one of the first three told something of 2 of 60
tables simulated like the Syrian coast's, of 3 of 60 like Rana Plaza's, and of 2 of 180 like three
cases of the tests that mix everything.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tolls.constants import ROOTS
from tolls.evidence import Evidence
from tolls.formatting import listed, percent
from tolls.importance import Weighted
from tolls.likelihood import Parameters
from tolls.priors import LogNormal
from tolls.replicates import departure
from tolls.statements import Composition, Statement
from tolls.tails import tails_of
from tolls.unknowns import Unknown, rows_of, unknowns

__all__ = ["Finding", "findings"]

type Floats = NDArray[np.floating[Any]]

MOST_DRAWS = 800  # of a fit's, evenly spaced, that statements are looked at with
PRIOR_DRAWS = 20_000  # of a share
BIASES = "sources' biases"
ASKED = ("range", "shared bias", BIASES, "growth")  # blocks that an analyst or a kind gives a place


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.

    Attributes
    ----------
    check : str
        ``conflict``, ``predictive``, ``unexplained`` or ``dominated``.
    node : str
        Where it is told: the root, or a node whose split it is about.
    about : str
        Source, node, curve or row.
    value : float
        Its p-value, before the allowance for how many are looked at; of ``dominated`` posterior sd
        over prior sd.
    text : str
        The finding in words.
    """

    check: str
    node: str
    about: str
    value: float
    text: str


def findings(evidence: Evidence, parameters: Parameters) -> tuple[Finding, ...]:
    """Return what does not fit.

    Parameters
    ----------
    evidence : Evidence
        Of one measure.
    parameters : Parameters
        Posterior draws.

    Returns
    -------
    tuple of Finding
        Empty where everything does.
    """
    count = len(parameters.kappa)
    rows = np.linspace(0, count - 1, min(count, MOST_DRAWS)).astype(np.int64)
    found = (
        *_conflicts(evidence, unknowns(evidence, parameters)),
        *_misfits(evidence, rows_of(parameters, rows)),
        *_dominated(evidence, parameters),
    )
    if evidence.case.measure == ROOTS[0]:
        return found
    return tuple(replace(f, text=f"{evidence.case.measure}: {f.text}") for f in found)


def _conflicts(evidence: Evidence, every: list[Unknown]) -> Iterator[Finding]:
    """Tell which unknowns the reports put where their priors made them improbable."""
    presets, root = evidence.case.presets.checks, evidence.case.names[0]
    asked = [
        (u, u.prior)
        for u in every
        if u.block in ASKED and isinstance(u.prior, LogNormal) and not _anchors(u, evidence)
    ]
    for unknown, prior in asked:
        p = _shifted(unknown, prior, presets.learnt)
        if p < presets.level / len(asked):
            text = (
                f"prior and reports conflict (p = {p:.1g}): {_displaced(evidence, unknown, prior)}"
            )
            yield Finding("conflict", root, unknown.name, p, text)


def _shifted(unknown: Unknown, prior: LogNormal, least: float) -> float:
    """Return the p-value of where a posterior lies; 1 where nobody would wonder."""
    learnt = 1 - float(unknown.values.var()) / prior.sd**2
    low, high = prior.interval(0.95)
    if learnt < least or low < math.exp(float(np.median(unknown.values))) < high:
        return 1.0
    z = (float(unknown.values.mean()) - prior.mean) / (prior.sd * math.sqrt(learnt))
    return float(2 * ndtr(-abs(z)))


def _anchors(unknown: Unknown, evidence: Evidence) -> bool:
    return unknown.block == BIASES and evidence.case.voices[unknown.name].anchor


def _displaced(evidence: Evidence, unknown: Unknown, prior: LogNormal) -> str:
    """Say where an unknown seems to be, and where it was expected."""
    middle = math.exp(float(np.median(unknown.values)))
    low, high = prior.interval(0.95)
    told, name = f"{low:.2g} to {high:.2g}", unknown.name
    match unknown.block:
        case "range":
            return (
                f"{name} seems to be about {middle:,.0f}, far from the declared range ({low:,.0f} "
                f"to {high:,.0f}); look at the range"
            )
        case "shared bias":
            return (
                f"all sources together seem to state {middle:.2g} times what the anchor does, "
                f"where {told} is expected; look at what each counts"
            )
        case "sources' biases":
            return (
                f"{name} seems to state {middle:.2g} times what is knowable, where its kind and "
                f"grade suggest {told}; look at them, and at what it counts"
            )
    curve, *of = name.split()
    what = {
        "harm": "the course of the harm",
        "rate": "the rate per day at which tolls become known",
        "shape": "the shape in which tolls become known",
        "alive": f"the number on {''.join(of)} lists of the missing who turn up alive, per dead,",
        "clearing": f"the number of days in which {''.join(of)} lists of the missing are cleared",
        "kept": f"the share of those never found who stand on {''.join(of)} lists of the missing",
    }[curve]
    return (
        f"{what} seems to be {middle:.2g}, where an event of kind {evidence.case.kind} suggests "
        f"{told}; look at kind, start and end of the event"
    )


def _misfits(evidence: Evidence, draws: Parameters) -> Iterator[Finding]:
    """Tell which sources scatter too much, and which statements no part of the model explains."""
    presets, root = evidence.case.presets.checks, evidence.case.names[0]
    scatter: list[tuple[str, int, float]] = []
    left_out: list[tuple[Statement | Composition, float]] = []
    for place, source in enumerate(
        evidence.sources
    ):  # one after the other: the arrays of all would be large
        for tails in tails_of(evidence, source, draws):
            # given all but itself: draws weigh by one over its likelihood
            log_weight = -tails.log_likelihood
            weight = Weighted(np.empty((len(log_weight), 0)), log_weight).truncated
            left_out.append((tails.unit, tails.given(weight)))
        count, p = departure(evidence, source, draws, np.random.default_rng(place))
        if count >= presets.fewest:
            scatter.append((source, count, p))
    for source, count, p in scatter:
        if p < presets.level / len(scatter):
            text = (
                f"figures of {source} do not fit its grade (p = {p:.1g}): its {count} figures lie "
                "farther from each other, or from what is knowable, than such a source's; look at "
                "its grade, and at what it counts"
            )
            yield Finding("predictive", root, source, p, text)
    for unit, p in left_out:
        if p < presets.level / len(left_out):
            rows = ", ".join(map(str, unit.rows))
            text = (
                f"no part of the model explains row {rows} (p = {p:.1g}): {unit.source}, "
                f"{_stated(unit)}; look for a slip, or for other people counted"
            )
            yield Finding("unexplained", root, f"row {rows}", p, text)


def _stated(unit: Statement | Composition) -> str:
    if isinstance(unit, Composition):
        counts = zip(unit.counts, unit.parts, strict=True)
        return listed([f"{n:,} {part.replace('_', ' ')}" for n, part in counts])
    figure = " to ".join(n if isinstance(n, str) else f"{n:,}" for n in unit.figure)
    wording = "" if unit.wording == "exact" else f"{unit.wording.replace('_', ' ')} "
    return f"{wording}{figure} {unit.node.replace('_', ' ')}"


def _dominated(evidence: Evidence, parameters: Parameters) -> Iterator[Finding]:
    """Tell which answers are mostly the prior's: of the root, and of how nodes split."""
    case, limit = evidence.case, evidence.case.presets.checks.dominated
    root, log_size = case.names[0], parameters.log_size
    ratio = float(log_size[:, 0].std()) / case.root_prior.sd
    if ratio > limit:
        text = f"{root} is hardly better known than before any report: {_left(ratio)}"
        yield Finding("dominated", root, root, ratio, text)
    for partition in case.categories.ordered_partitions:
        parts = log_size[:, [case.names.index(part) for part in partition.into]]
        ratios = _log_odds(parts).std(axis=0) / _prior_sd(len(partition.into), partition.sd)
        if len(vague := np.flatnonzero(ratios > limit)):
            names = listed([partition.into[i].replace("_", " ") for i in vague])
            ratio = float(ratios[vague].min())
            text = (
                f"what share of {partition.of} {names} are is hardly better known than before any "
                f"report: {_left(ratio)}"
            )
            yield Finding("dominated", partition.of, names, ratio, text)


def _left(ratio: float) -> str:
    much = percent(round(ratio, 2)) if ratio < 1 else "all"
    return f"{much} of the prior's uncertainty (log scale) is left"


def _log_odds(parts: Floats) -> Floats:
    """Return each part against all others together, (draw, part), from log sizes."""
    others = [
        np.logaddexp.reduce(np.delete(parts, i, axis=1), axis=1) for i in range(parts.shape[1])
    ]
    odds: Floats = parts - np.stack(others, axis=1)
    return odds


@cache
def _prior_sd(parts: int, sd: float) -> float:
    """Prior sd of the log odds of a part."""
    drawn = np.random.default_rng(0).normal(0.0, sd, (PRIOR_DRAWS, parts))
    return float(_log_odds(drawn)[:, 0].std())
