r"""The likelihood of what sources state, in NumPy, vectorised over draws.

A source believes X with :math:`\log X` normal around a centre; a report is what it says of X, and
how probable that is stands in `wordings`. This file shares no code with `graph`, the same model in
PyMC: each tests the other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from tolls.evidence import Evidence, Exposures
from tolls.presets import Presets
from tolls.statements import Composition, Statement
from tolls.wordings import log_pmf

__all__ = [
    "Growth", "Offsets", "Parameters", "levels", "log_components", "log_known", "log_likelihood",
    "log_splits", "offsets",
]  # fmt: skip

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

CLOSEST = 1e-6  # log-scale sd: counting alone is less exact up to 10^11 people
FARTHEST = 1e3  # of a log share below what a number holds: no likelihood is left, but no infinity


@dataclass(frozen=True)
class Growth:
    """Draws of how knowledge grows.

    Attributes
    ----------
    eta, rate, shape : (draw,) arrays
        Harm curve (log exponent), rate per day and shape of knowledge.
    found : (draw,) array
        Share of the dead who are ever found.
    alive, clearing : (draw, list) arrays
        Of every list of the missing in ``evidence.lists``: people on it who will turn up alive,
        per dead, at the beginning; and the days in which their number falls to 1/e.
    kept : (draw, list) array
        Share of the dead never found who stand on it.
    """

    eta: Floats
    rate: Floats
    shape: Floats
    found: Floats
    alive: Floats
    clearing: Floats
    kept: Floats

    def of(self, rows: slice | Ints) -> "Growth":
        """Return some of the draws."""
        return Growth(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Parameters:
    """Draws of everything the likelihood depends on.

    Attributes
    ----------
    log_size : (draw, name) array
        In the order of ``case.names``.
    kappa : (draw,) array
        Shared bias (log).
    growth : Growth
    bias, scatter, reliability : (draw, source) arrays
        In the order of ``evidence.sources``; bias as the ratio reported : true.
    """

    log_size: Floats
    kappa: Floats
    growth: Growth
    bias: Floats
    scatter: Floats
    reliability: Floats

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> "Parameters":
        """Take what it needs from arrays of draws; where nothing grows all is known at once."""
        count = len(arrays["kappa"])
        ones, none = np.ones(count), np.ones((count, 0))
        return cls(
            np.log(arrays["size"]),
            arrays["kappa"],
            Growth(
                arrays["eta"],
                arrays.get("rate", ones),
                arrays.get("shape", ones),
                arrays.get("found", ones),
                arrays.get("alive", none),
                arrays.get("clearing", none),
                arrays.get("kept", none),
            ),
            arrays["bias"],
            arrays["scatter"],
            arrays["reliability"],
        )


def _log_share(log_reach: Floats) -> Floats:
    """Log of 1 - exp(-reach), for any reach: proposals may try a pace that no event has."""
    faint = np.log(np.finfo(float).eps)  # a share below it equals its reach to the last bit
    share = np.log(-np.expm1(-np.exp(np.clip(log_reach, faint, 50.0))))
    found: Floats = share + np.clip(log_reach - faint, -FARTHEST, 0.0)
    return found


def log_known(exposures: Exposures, growth: Growth, evidence: Evidence) -> Floats:
    """Return the log of what of a toll was there to be counted, (draw, statement).

    The harm done by then, times the share found by then: of all who died those ever found, in so
    far as they are known yet. A figure of the missing counts those not found, but for those never
    found of whom its list does not tell, and the living.
    """
    harm = np.exp(growth.eta)[:, None] * np.log(exposures.elapsed)
    log_found = np.repeat(np.log(growth.found)[:, None], len(exposures.elapsed), axis=1)
    if evidence.grows:
        log_reach = growth.shape[:, None] * (np.log(growth.rate)[:, None] + np.log(exposures.days))
        log_found += _log_share(log_reach)
    others = np.flatnonzero(exposures.unfound)
    if others.size:
        own = exposures.of(others)
        share = np.exp(log_found[:, others])
        seen = 1 - share + own.found * share
        if own.listed.any():
            left = np.exp(-own.days[None, :, None] / growth.clearing[:, None])
            living = growth.alive[:, None] * left + evidence.case.presets.missing.residue
            lost = (1 - growth.kept) * (1 - growth.found[:, None])
            seen = seen + (own.listed * (living - lost[:, None])).sum(axis=2)
        log_found[:, others] = np.log(seen)
    known: Floats = harm + log_found
    return known


@dataclass(frozen=True)
class Offsets:
    """Where each statement's belief is centred, apart from its source's own bias b and scatter s.

    A fresh belief has mean ``centre + b`` and variance ``s^2 + extra``; one that leans on the
    previous figure ``leaning + (1 - r) b`` and ``(1 - r^2) s^2 + extra_leaning``; all arrays are
    (draw, statement).
    """

    centre: Floats
    leaning: Floats
    extra: Floats
    extra_leaning: Floats


def offsets(
    evidence: Evidence, level: Floats, growth: Growth, columns: Ints | None = None
) -> Offsets:
    """Return what the tolls and the growth of knowledge say of every statement.

    Parameters
    ----------
    evidence : Evidence
    level : (draw, name) array
        As `levels` gives it.
    growth : Growth
    columns : (statement,) int array, optional
        Positions in ``evidence.statements``; all where left out.

    Returns
    -------
    Offsets
    """
    belief = evidence.case.presets.belief
    own = slice(None) if columns is None else columns
    r, alone = evidence.link[own], evidence.alone[own]
    stated = level[:, evidence.node[own]]
    known = log_known(evidence.now.of(own), growth, evidence)
    # where nothing is linked r is 0, and so is what is known before
    known_before = log_known(evidence.before.of(own), growth, evidence) if r.any() else known
    centre = stated + known + evidence.shift[own]
    # a part stated alone: its split is uncertain, and it becomes known at a pace of its own
    pace = alone * belief.part_growth_sd**2
    apart = alone * belief.part_sd**2
    spread = evidence.spread[own]
    return Offsets(
        centre,
        centre + r * (evidence.link_log[own] - stated - known_before),
        spread + apart + pace * known**2,
        spread + (1 - r**2) * apart + pace * (known - r * known_before) ** 2,
    )


def levels(evidence: Evidence, log_size: Floats, shared: Floats) -> Floats:
    """Return what sources see of sizes before their own bias, (draw, name).

    Parameters
    ----------
    evidence : Evidence
    log_size : (draw, name) array
        In the order of ``case.names``.
    shared : (draw,) array
        Log of the bias that all sources share.

    Returns
    -------
    (draw, name) array, or (draw, 2 name) where there is an anchor
        Log size plus shared bias; then without it, as an anchor sees it.
    """
    seen = log_size + shared[:, None]
    return np.hstack([seen, log_size]) if evidence.anchored else seen


def log_components(
    statement: Statement,
    leaning: tuple[Floats, Floats],
    fresh: tuple[Floats, Floats],
    presets: Presets,
) -> tuple[Floats, Floats, Floats]:
    """Return the log probability of a statement that leans, is fresh, or is a gross error.

    Parameters
    ----------
    statement : Statement
    leaning, fresh : (mean, variance)
        Of the log of what an honest source believes, before counting noise.
    presets : Presets

    Returns
    -------
    three arrays
    """
    belief = presets.belief

    def counted(mean: Floats, variance: Floats) -> Floats:
        return variance + belief.counting * np.exp(-np.maximum(mean, 0.0))

    def component(mean: Floats, variance: Floats) -> Floats:
        said = statement.reading
        sd = np.sqrt(np.maximum(variance, CLOSEST**2))
        return log_pmf(said.wording, said.figure, mean, sd, presets, said.sigma, said.habit)

    mean, variance = fresh[0], counted(*fresh)
    anew = component(mean, variance)
    gross = component(mean, variance + belief.gross_sd**2)
    return component(leaning[0], counted(*leaning)) if statement.link else anew, anew, gross


def _log_split(counts: Floats, alpha: Floats) -> Floats:
    """Dirichlet-multinomial log probability, alpha (…, part)."""
    parts = [(alpha[..., i], n) for i, n in enumerate(counts.tolist())]
    n, total = sum(n for _, n in parts), reduce(np.add, (a for a, _ in parts))
    split: Floats = gammaln(total) - gammaln(total + n) + math.lgamma(n + 1)
    for a, n in parts:
        if n:
            split += gammaln(a + n) - gammaln(a) - math.lgamma(n + 1)
    return split


def log_splits(
    composition: Composition,
    shares: Floats,
    log_final: Floats,
    concentration: float,
    presets: Presets,
) -> tuple[Floats, Floats, Floats]:
    """Return the log probability of a split that leans, is fresh, or is a gross error.

    Parameters
    ----------
    composition : Composition
    shares : (…, part) array
        True shares of the parts.
    log_final : (…) array
        Log of what the source will have stated of the whole in the end.
    concentration : float
        Of the source's grade.
    presets : Presets

    Returns
    -------
    three arrays
    """
    counts = np.array(composition.counts, dtype=float)
    stated = np.minimum(math.log(counts.sum()) - log_final, 0.0)[..., None]
    uneven = (presets.belief.part_growth_sd * stated) ** 2 / len(counts)
    honest = 1 / (1 / concentration + uneven)
    anew = _log_split(counts, honest * shares)
    leaning = anew
    if composition.link:
        r = composition.link.r
        previous = np.array(composition.link.previous)
        leaning = _log_split(counts, honest * ((1 - r) * shares + r * previous))
    gross = 1 / (1 / presets.belief.gross_composition + uneven)
    return leaning, anew, _log_split(counts, gross * shares)


def _mixture(
    components: tuple[Floats, Floats, Floats], reliability: Floats, presets: Presets
) -> Floats:
    leaning, anew, gross = components
    fresh = presets.links.fresh
    mixed: Floats = np.logaddexp.reduce(
        [
            np.log(reliability) + math.log1p(-fresh) + leaning,
            np.log(reliability) + math.log(fresh) + anew,
            np.log1p(-reliability) + gross,
        ]
    )
    return mixed


def log_likelihood(evidence: Evidence, parameters: Parameters) -> tuple[Floats, Floats]:
    """Return the log likelihood of every statement and every composition.

    Parameters
    ----------
    evidence : Evidence
        What `gather` found.
    parameters : Parameters
        Draws.

    Returns
    -------
    (draw, statement) array, (draw, composition) array
    """
    case, presets = evidence.case, evidence.case.presets
    level = levels(evidence, parameters.log_size, parameters.kappa)
    at = offsets(evidence, level, parameters.growth)
    bias = np.log(parameters.bias)
    stated = np.empty(at.centre.shape)
    for i, statement in enumerate(evidence.statements):
        s, r = evidence.source[i], evidence.link[i]
        b, variance = bias[:, s], parameters.scatter[:, s] ** 2
        components = log_components(
            statement,
            (at.leaning[:, i] + (1 - r) * b, (1 - r**2) * variance + at.extra_leaning[:, i]),
            (at.centre[:, i] + b, variance + at.extra[:, i]),
            presets,
        )
        stated[:, i] = _mixture(components, parameters.reliability[:, s], presets)
    split = np.empty((len(level), len(evidence.compositions)))
    for i, composition in enumerate(evidence.compositions):
        parts = [case.names.index(p) for p in composition.parts]
        whole = case.names.index(composition.of)
        s = evidence.sources.index(composition.source)
        components = log_splits(
            composition,
            np.exp(level[:, parts] - level[:, [whole]]),
            level[:, whole] + bias[:, s],
            case.source_prior(composition.source).composition,
            presets,
        )
        split[:, i] = _mixture(components, parameters.reliability[:, s], presets)
    return stated, split
