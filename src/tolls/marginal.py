r"""The likelihood of one source with its own bias, scatter and reliability integrated out.

Given the tolls the sources are independent, so each one's b, log s and p integrate out by
quadrature: over log s and b at the nodes of `nodes`, with a trapezoid rule in a stretched
coordinate around each mode of b, the modes sharing the integral by a partition of unity; over p,
in which the likelihood is a polynomial, by Gauss-Jacobi nodes that integrate it exactly, or on the
logit scale around its mode where that would take too many.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, roots_jacobi

from tolls.evidence import Evidence
from tolls.likelihood import Growth, Offsets, log_components, log_splits, offsets
from tolls.nodes import Nodes, lay_nodes
from tolls.standins import SourceArrays, honest_odds, split_odds, splits_at

__all__ = ["SourceDraws", "draw_source", "log_marginal"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

BIAS_NODES, STRETCH = 8, 0.5
RELIABILITY_NODES, RELIABILITY_STEP = 7, 1.2  # sd on the logit scale, where Jacobi would take more
SPLIT_NODES = 8
RESCALED = 32  # factors after which a product is brought back to the order of one
SWEEPS = 3
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


@dataclass(frozen=True)
class SourceDraws:
    """Draws of one source's own parameters, (draw,)."""

    log_bias: Floats
    log_scatter: Floats
    reliability: Floats


@dataclass(frozen=True)
class _Integrand:
    """The integrand at the points (entry, bias node): log of value times weight."""

    bias: Floats
    value: Floats


def log_marginal(evidence: Evidence, arrays: SourceArrays, level: Floats, growth: Growth) -> Floats:
    """Return the log likelihood of one source, its own parameters integrated out.

    Parameters
    ----------
    evidence : Evidence
    arrays : SourceArrays
        The source's.
    level : (draw, name) array
        Log size plus shared bias, in the order of ``case.names``.
    growth : Growth
        Draws of how knowledge grows.

    Returns
    -------
    (draw,) array
    """
    return _marginal(arrays, offsets(evidence, level, growth, arrays.columns), level)


def _marginal(arrays: SourceArrays, at: Offsets, level: Floats) -> Floats:
    found = np.empty(len(level))
    for nodes in _nodes(arrays, at, level):
        value = _integrand(arrays, at, level, nodes).value
        draws, start = np.unique(nodes.draw, return_index=True)  # entries of a draw are together
        top = np.maximum.reduceat(value.max(axis=1), start)
        mass = np.exp(value - np.repeat(top, np.diff(start, append=len(value)))[:, None])
        found[draws] = top + np.log(np.add.reduceat(mass.sum(axis=1), start))
    return found


def draw_source(
    evidence: Evidence,
    arrays: SourceArrays,
    level: Floats,
    growth: Growth,
    rng: np.random.Generator,
) -> SourceDraws:
    """Draw one source's own parameters given the tolls, one of each per draw.

    A point of the quadrature is drawn with its share of the integral, then moved by Metropolis
    steps in b and log s and Gibbs steps in p, which leave the posterior given the tolls as it is.

    Parameters
    ----------
    evidence, arrays, level, growth
        As in `log_marginal`.
    rng : numpy.random.Generator

    Returns
    -------
    SourceDraws
    """
    at = offsets(evidence, level, growth, arrays.columns)
    bias, log_scatter = np.empty(len(level)), np.empty(len(level))
    bias_step, scatter_step = np.empty(len(level)), np.empty(len(level))
    p = np.empty(len(level))
    for nodes in _nodes(arrays, at, level):
        points = _integrand(arrays, at, level, nodes)
        chance = points.value + rng.gumbel(size=points.value.shape)  # the largest is a draw
        best = chance.argmax(axis=1)
        entry = np.arange(len(best))
        draws, start = np.unique(nodes.draw, return_index=True)
        ends = [*start[1:], len(entry)]
        top = chance[entry, best]
        chosen = np.array([i + top[i:j].argmax() for i, j in zip(start, ends, strict=True)])
        bias[draws] = points.bias[chosen, best[chosen]]
        log_scatter[draws], p[draws] = nodes.log_scatter[chosen], nodes.honest[chosen]
        bias_step[draws] = nodes.bias_sd[chosen, nodes.mode[chosen]]
        scatter_step[draws] = nodes.step[chosen]
    move = _Moves(arrays, at, level, rng)
    for _ in range(SWEEPS):
        bias, log_scatter, p = move.sweep(bias, log_scatter, p, bias_step, scatter_step)
    return SourceDraws(bias, log_scatter, p)


@dataclass(frozen=True)
class _Moves:
    """Markov moves of one source's parameters given the tolls, one chain per draw."""

    arrays: SourceArrays
    at: Offsets
    level: Floats
    rng: np.random.Generator

    def sweep(
        self, bias: Floats, log_scatter: Floats, p: Floats, bias_step: Floats, scatter_step: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """One Metropolis step in (b, log s), then one Gibbs step in p."""
        count, prior = len(bias), self.arrays.prior.reliability
        odds, log_joint = self._odds(bias, log_scatter)
        bias_to = bias + bias_step * self.rng.standard_normal(count)
        scatter_to = log_scatter + scatter_step * self.rng.standard_normal(count)
        odds_to, log_joint_to = self._odds(bias_to, scatter_to)
        ratio = log_joint_to - log_joint
        ratio += (np.log1p(p * (odds_to - 1)) - np.log1p(p * (odds - 1))).sum(axis=0)
        moved = np.log(self.rng.random(count)) < ratio
        odds = np.where(moved, odds_to, odds)
        honest = (self.rng.random(odds.shape) * (1 - p + p * odds) < p * odds).sum(axis=0)
        p = self.rng.beta(prior.a + honest, prior.b + len(odds) - honest)
        # what rounds to an end of the open interval is its nearest number inside
        p = np.clip(p, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
        return np.where(moved, bias_to, bias), np.where(moved, scatter_to, log_scatter), p

    def _odds(self, bias: Floats, log_scatter: Floats) -> tuple[Floats, Floats]:
        """Odds of honest against gross, (factor, draw); log prior and likelihood if all gross."""
        prior, draw = self.arrays.prior, np.arange(len(bias))
        variance = np.exp(2 * log_scatter)[:, None]
        log_joint = _log_normal(bias, prior.bias.mean, prior.bias.sd)
        log_joint += _log_normal(log_scatter, prior.scatter.mean, prior.scatter.sd)
        odds = []
        for components in _factors(
            self.arrays, self.at, self.level, draw, bias[:, None], variance, exact=True
        ):
            odds.append(honest_odds(components, self.arrays.presets)[:, 0])
            log_joint += components[2][:, 0]
        return np.array(odds), log_joint


def _nodes(arrays: SourceArrays, at: Offsets, level: Floats) -> Iterator[Nodes]:
    implied = np.median(arrays.target - at.centre, axis=1)
    return lay_nodes(arrays, at, split_odds(arrays, level, implied))


def _integrand(arrays: SourceArrays, at: Offsets, level: Floats, nodes: Nodes) -> _Integrand:
    prior = arrays.prior
    entry = np.arange(len(nodes.draw))
    mode, sd = nodes.bias[entry, nodes.mode], nodes.bias_sd[entry, nodes.mode]
    u = np.arange(BIAS_NODES) - (BIAS_NODES - 1) / 2
    bias = mode[:, None] + sd[:, None] * np.sinh(STRETCH * u) / STRETCH
    log_weight = np.log(nodes.step * sd)[:, None] + np.log(np.cosh(STRETCH * u))
    log_weight += _log_normal(nodes.log_scatter, prior.scatter.mean, prior.scatter.sd)[:, None]
    log_weight += _log_normal(bias, prior.bias.mean, prior.bias.sd)
    several = np.isfinite(nodes.height).sum(axis=1) > 1
    log_weight[several] += _log_part(nodes, several, bias[several])
    p, log_p = _reliabilities(arrays, nodes.honest)
    log_product = np.zeros(bias.shape)
    product = np.ones((len(p), *bias.shape))
    variance = np.exp(2 * nodes.log_scatter)[:, None]
    fresh = arrays.presets.links.fresh
    factors = _factors(arrays, at, level, nodes.draw, bias, variance)
    for number, (leaning, anew, gross) in enumerate(factors):
        top = np.maximum(np.maximum(leaning, anew), gross)
        honest = (1 - fresh) * np.exp(leaning - top) + fresh * np.exp(anew - top)
        gross = np.exp(gross - top)
        log_product += top
        product *= gross + p * (honest - gross)
        if number % RESCALED == RESCALED - 1:
            scale = product.max(axis=0)
            product /= scale
            log_product += np.log(scale)
    value = log_weight + log_product + np.log((np.exp(log_p) * product).sum(axis=0))
    return _Integrand(bias, value)


def _log_normal(x: Floats, mean: float, sd: float) -> Floats:
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd) - LOG_ROOT_TAU


def _log_part(nodes: Nodes, which: NDArray[np.bool_], bias: Floats) -> Floats:
    """Log of the part of the integrand that is the entry's mode's own."""
    height, sd = nodes.height[which], nodes.bias_sd[which]
    mass = np.exp(height - height.max(axis=1, keepdims=True)) / sd
    apart = (bias[..., None] - nodes.bias[which][:, None]) / sd[:, None]
    parts = mass[:, None] * np.exp(-0.5 * apart**2) + 1e-300
    own = np.take_along_axis(parts, nodes.mode[which][:, None, None], axis=2)[..., 0]
    return np.log(own / parts.sum(axis=2))


def _reliabilities(arrays: SourceArrays, honest: Floats) -> tuple[Floats, Floats]:
    """Nodes over p and their log weights, (node, entry or 1, 1)."""
    a, b = arrays.prior.reliability.a, arrays.prior.reliability.b
    if arrays.terms < 2 * RELIABILITY_NODES:  # exact up to that degree
        x, weight = roots_jacobi(arrays.terms // 2 + 1, b - 1, a - 1)
        return (1 + x)[:, None, None] / 2, np.log(weight / weight.sum())[:, None, None]
    strength = a + b + arrays.terms
    width = np.sqrt(1 / (strength * honest * (1 - honest)))
    u = RELIABILITY_STEP * (np.arange(RELIABILITY_NODES) - (RELIABILITY_NODES - 1) / 2)
    logit = np.log(honest / (1 - honest)) + width * u[:, None]
    p = 1 / (1 + np.exp(-logit))
    log_weight = a * np.log(p) + b * np.log1p(-p) - betaln(a, b) + np.log(RELIABILITY_STEP * width)
    return p[..., None], log_weight[..., None]


def _factors(
    arrays: SourceArrays,
    at: Offsets,
    level: Floats,
    draw: Ints,
    bias: Floats,
    variance: Floats,
    *,
    exact: bool = False,
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield the components of every statement and split at the points (entry, bias node)."""
    for i, statement in enumerate(arrays.statements):
        r = arrays.link[i]
        leaning = (
            at.leaning[draw, i][:, None] + (1 - r) * bias,
            (1 - r**2) * variance + at.extra_leaning[draw, i][:, None],
        )
        anew = at.centre[draw, i][:, None] + bias, variance + at.extra[draw, i][:, None]
        yield log_components(statement, leaning, anew, arrays.presets)
    if exact:
        yield from splits_at(arrays, level[draw][:, None], bias)
    elif arrays.splits:
        yield from _splits(arrays, level, draw, bias)


def _splits(
    arrays: SourceArrays, level: Floats, draw: Ints, bias: Floats
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield the components of every split, interpolated over b from a few points per draw.

    They are slow, a dozen gamma functions each, and depend on b alone: through the log of the
    spread 1/concentration + uneven, in which they are smooth, nearly straight at both ends.
    """
    belief, concentration = arrays.presets.belief, arrays.prior.composition
    low, high = np.full(len(level), np.inf), np.full(len(level), -np.inf)
    np.minimum.at(low, draw, bias.min(axis=1))
    np.maximum.at(high, draw, bias.max(axis=1))
    own = np.flatnonzero(low < high)
    place = np.zeros(len(level), dtype=np.int64)
    place[own] = np.arange(len(own))
    place = place[draw]
    angle = (np.arange(SPLIT_NODES) + 0.5) * math.pi / SPLIT_NODES
    transform = 2 / SPLIT_NODES * np.cos(np.outer(angle, np.arange(SPLIT_NODES)))
    transform[:, 0] /= 2
    for composition, parts, whole in arrays.splits:
        total, per_part = sum(composition.counts), belief.part_growth_sd**2 / len(parts)

        def spread(final: Floats, total: int = total, per_part: float = per_part) -> Floats:
            lacking = np.maximum(final - math.log(total), 0.0)
            return np.log(1 / concentration + per_part * lacking**2)

        final = level[own, whole]
        first, last = spread(final + low[own]), spread(final + high[own])
        middle, half = (first + last) / 2, (last - first) / 2 + 1e-9
        uneven = np.exp(middle[:, None] + half[:, None] * np.cos(angle)) - 1 / concentration
        components = log_splits(
            composition,
            np.exp(level[own][:, None, parts] - level[own][:, None, [whole]]),
            math.log(total) + np.sqrt(np.maximum(uneven, 0.0) / per_part),
            concentration,
            arrays.presets,
        )
        here = spread(level[draw, whole][:, None] + bias)
        x = (here - middle[place][:, None]) / half[place][:, None]
        basis = [np.ones_like(x), x]
        while len(basis) < SPLIT_NODES:
            basis.append(2 * x * basis[-1] - basis[-2])
        leaning, anew, gross = (
            sum((values @ transform)[place, k][:, None] * basis[k] for k in range(SPLIT_NODES))
            for values in components
        )
        yield leaning, anew, gross
