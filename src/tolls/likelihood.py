r"""The likelihood of what sources state, in NumPy, vectorised over draws.

A source believes X with :math:`\log X` normal around a centre; a report is what it says of X.
This file shares no code with `graph`, the same model in PyMC: each tests the other. Figures are
probabilities of intervals of X in log space, from `log_ndtr` in the left tail, so that nothing
cancels and nothing is minus infinity inside the support.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, logsumexp

from tolls.bulletins import Composition, Statement
from tolls.evidence import Evidence, Exposures
from tolls.presets import Presets

__all__ = ["Parameters", "log_known", "log_likelihood", "log_pmf"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """Draws of everything the likelihood depends on.

    Attributes
    ----------
    log_size : (draw, name) array
        In the order of ``case.names``.
    kappa, eta, rate, shape : (draw,) arrays
        Shared bias (log), harm curve (log exponent), rate per day and shape of knowledge.
    bias, scatter, reliability : (draw, source) arrays
        In the order of ``evidence.sources``; bias as the ratio reported : true.
    """

    log_size: Floats
    kappa: Floats
    eta: Floats
    rate: Floats
    shape: Floats
    bias: Floats
    scatter: Floats
    reliability: Floats


def log_known(exposures: Exposures, parameters: Parameters, grows: bool) -> Floats:
    """Return log F = log H + log W, (draw, statement); W = 1 where the kind does not grow."""
    harm = np.exp(parameters.eta)[:, None] * np.log(exposures.elapsed)
    if not grows:
        return harm
    reach = (parameters.rate[:, None] * exposures.days) ** parameters.shape[:, None]
    known: Floats = harm + np.log(-np.expm1(-reach))
    return known


def _log_interval(low: Floats, high: Floats) -> Floats:
    """Return log(Phi(high) - Phi(low)), mirrored into the left tail where it is accurate."""
    right = low + high > 0
    a, b = np.where(right, -high, low), np.where(right, -low, high)
    top = log_ndtr(b)
    return top + np.log(-np.expm1(log_ndtr(a) - top))


def _log_cell(low: float, high: float, centre: Floats, sd: Floats) -> Floats:
    """Return log P(low <= X < high)."""
    end = (math.log(high) - centre) / sd
    if low <= 0:
        cell: Floats = log_ndtr(end)
        return cell
    return _log_interval((math.log(low) - centre) / sd, end)


def _about_cells(y: int, presets: Presets) -> list[tuple[float, float, float]]:
    """Cells (low, high, weight) of X that round to y, one per rounding unit that y admits."""
    cells = [(y - 0.5, y + 0.5, presets.about.unrounded)]
    length = len(str(y))
    for digits, weight in zip(presets.about.digits, presets.about.weights, strict=True):
        unit = max(10 ** (length - digits), 1)
        if y % unit:
            continue
        # below a power of ten the unit is a tenth: 97 rounds to 100 by tens, not by hundreds
        below = max(unit // 10, 1) if y == 10 ** (length - 1) else unit
        cells.append((y - below / 2, y + unit / 2, weight))
    return cells


def _log_below(edge: float, centre: Floats, sd: Floats, mean: float) -> tuple[Floats, Floats]:
    """Return log P(Z < edge) and log P(Z > edge) of Z = log X - E, E exponential with `mean`."""
    u, k = (centre - edge) / sd, sd / mean
    log_tail = -k * u + k**2 / 2 + log_ndtr(u - k)
    log_upper = log_ndtr(u)
    below = np.logaddexp(log_ndtr(-u), log_tail)
    above = log_upper + np.log(-np.expm1(np.minimum(log_tail - log_upper, -1e-300)))
    return below, above


def _log_floor(y: int, centre: Floats, sd: Floats, presets: Presets) -> Floats:
    """Return log P(floor(X exp(-E)) = y), E the overshoot of the bounds."""
    terms = []
    for mean, weight in zip(presets.bounds.means, presets.bounds.weights, strict=True):
        below, above = _log_below(math.log(y + 1), centre, sd, mean)
        if y == 0:
            terms.append(math.log(weight) + below)
            continue
        lower, upper = _log_below(math.log(y), centre, sd, mean)
        left = below + np.log(-np.expm1(np.minimum(lower - below, -1e-300)))
        right = upper + np.log(-np.expm1(np.minimum(above - upper, -1e-300)))
        terms.append(math.log(weight) + np.where(below < upper, left, right))
    total: Floats = logsumexp(terms, axis=0)
    return total


def _log_ceiling(y: int, centre: Floats, sd: Floats, presets: Presets) -> Floats:
    """Return log P(ceil(X exp(E)) = y), the mirror of `_log_floor`; 0 takes X exp(E) < 1/2."""
    terms = []
    for mean, weight in zip(presets.bounds.means, presets.bounds.weights, strict=True):
        # Z' = log X + E is the mirror image of log X - E about the origin
        upper, lower = _log_below(-math.log(max(y, 0.5)), -centre, sd, mean)
        if y == 0:
            terms.append(math.log(weight) + lower)
            continue
        inner_upper, inner_lower = _log_below(-math.log(max(y - 1, 0.5)), -centre, sd, mean)
        left = lower + np.log(-np.expm1(np.minimum(inner_lower - lower, -1e-300)))
        right = inner_upper + np.log(-np.expm1(np.minimum(upper - inner_upper, -1e-300)))
        terms.append(math.log(weight) + np.where(lower < inner_upper, left, right))
    total: Floats = logsumexp(terms, axis=0)
    return total


def log_pmf(
    wording: str, figure: tuple[int, ...], centre: Floats, sd: Floats, presets: Presets
) -> Floats:
    """Return the log probability that a source believing X words it so.

    Parameters
    ----------
    wording : str
        ``exact``, ``about``, ``at_least``, ``up_to`` or ``range``.
    figure : tuple of int
        ``(y,)``, or ``(low, high)`` of a range, in people.
    centre, sd : arrays of one shape
        Mean and sd of log X.
    presets : Presets
        Rounding weights and overshoot.

    Returns
    -------
    array of that shape
        Sums to one over y for every wording but ``range``, which is the probability of a set.

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> m, s = np.array([np.log(100.0)]), np.array([0.1])
    >>> float(np.exp(log_pmf("range", (1, 10**9), m, s, load_presets())).round(6)[0])
    1.0
    """
    low, high = figure[0], figure[-1]
    if wording in ("exact", "range"):
        return _log_cell(low - 0.5, high + 0.5, centre, sd)
    if wording == "about":
        cells = [
            math.log(weight) + _log_cell(a, b, centre, sd)
            for a, b, weight in _about_cells(low, presets)
        ]
        mixed: Floats = logsumexp(cells, axis=0)
        return mixed
    if wording == "at_least":
        return _log_floor(low, centre, sd, presets)
    if wording == "up_to":
        return _log_ceiling(low, centre, sd, presets)
    raise ValueError(f"wording {wording!r} has no likelihood")


def _log_statement(
    statement: Statement,
    centre: Floats,
    linked: Floats,
    spread: tuple[Floats, Floats],
    reliability: Floats,
    presets: Presets,
) -> Floats:
    belief = presets.belief
    fresh = presets.links.fresh

    def component(mean: Floats, variance: Floats) -> Floats:
        counting = belief.counting * np.minimum(np.exp(-mean), 1.0)
        sd = np.sqrt(variance + counting)
        return log_pmf(statement.wording, statement.figure, mean, sd, presets)

    mixed: Floats = np.logaddexp.reduce(
        [
            np.log(reliability) + math.log1p(-fresh) + component(linked, spread[0]),
            np.log(reliability) + math.log(fresh) + component(centre, spread[1]),
            np.log1p(-reliability) + component(centre, spread[1] + belief.gross_sd**2),
        ]
    )
    return mixed


def _log_split(counts: Floats, alpha: Floats) -> Floats:
    """Dirichlet-multinomial log probability, alpha (draw, part)."""
    n, total = counts.sum(), alpha.sum(axis=1)
    coefficient = gammaln(n + 1) - gammaln(counts + 1).sum()
    split: Floats = (
        coefficient
        + gammaln(total)
        - gammaln(total + n)
        + (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=1)
    )
    return split


def _log_composition(
    composition: Composition,
    shares: Floats,
    reliability: Floats,
    concentration: float,
    final: Floats,
    presets: Presets,
) -> Floats:
    """Mixture of splits; `final` is what the source will have stated of the whole in the end."""
    counts = np.array(composition.counts, dtype=float)
    fresh = presets.links.fresh
    stated = np.minimum(np.log(counts.sum() / final), 0.0)[:, None]
    uneven = (presets.belief.part_growth_sd * stated) ** 2 / len(counts)
    leaning = shares
    if composition.link:
        r = composition.link.r
        leaning = (1 - r) * shares + r * np.array(composition.link.previous)
    honest = 1 / (1 / concentration + uneven)
    gross = 1 / (1 / presets.belief.gross_composition + uneven)
    mixed: Floats = np.logaddexp.reduce(
        [
            np.log(reliability) + math.log1p(-fresh) + _log_split(counts, honest * leaning),
            np.log(reliability) + math.log(fresh) + _log_split(counts, honest * shares),
            np.log1p(-reliability) + _log_split(counts, gross * shares),
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
    grows = presets.event_kinds[case.kind].rate is not None
    source = evidence.source
    level = (
        parameters.log_size[:, evidence.node]
        + parameters.kappa[:, None]
        + np.log(parameters.bias[:, source])
    )
    known = log_known(evidence.now, parameters, grows)
    known_before = log_known(evidence.before, parameters, grows)
    centre = level + known
    linked = centre + evidence.link * (evidence.link_log - level - known_before)
    # variance of honest statements: of the source, of a part stated alone, and of its own growth
    part_sd, growth_sd = presets.belief.part_sd, presets.belief.part_growth_sd
    stationary = parameters.scatter[:, source] ** 2 + evidence.alone * part_sd**2
    pace = evidence.alone * (growth_sd * (known - evidence.link * known_before)) ** 2
    leaning = stationary * (1 - evidence.link**2) + pace
    anew = stationary + evidence.alone * (growth_sd * known) ** 2
    draws = len(level)
    stated = np.empty((draws, len(evidence.statements)))
    for i, statement in enumerate(evidence.statements):
        s = source[i]
        stated[:, i] = _log_statement(
            statement,
            centre[:, i],
            linked[:, i],
            (leaning[:, i], anew[:, i]),
            parameters.reliability[:, s],
            presets,
        )
    split = np.empty((draws, len(evidence.compositions)))
    for i, composition in enumerate(evidence.compositions):
        parts = [case.names.index(p) for p in composition.parts]
        whole = case.names.index(composition.of)
        s = evidence.sources.index(composition.source)
        split[:, i] = _log_composition(
            composition,
            np.exp(parameters.log_size[:, parts] - parameters.log_size[:, [whole]]),
            parameters.reliability[:, s],
            case.source_prior(composition.source).composition,
            np.exp(parameters.log_size[:, whole] + parameters.kappa) * parameters.bias[:, s],
            presets,
        )
    return stated, split
