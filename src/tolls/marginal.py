r"""The likelihood of one source with its own bias, scatter and reliability integrated out.

Given the tolls the sources are independent, so each one's b, log s and p integrate out by
quadrature: over log s and b at the nodes of `nodes`, with a trapezoid rule in a stretched
coordinate around each mode of b, the modes sharing the integral by a partition of unity; over p,
in which the likelihood is a polynomial, by Gauss-Jacobi nodes that integrate it exactly, or on the
logit scale around its mode where that would take too many.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, roots_jacobi

from tolls.evidence import Evidence
from tolls.lattices import interpolated
from tolls.likelihood import Growth, Offsets, log_components, log_splits, offsets
from tolls.nodes import FINE, Accuracy, Nodes, lay_nodes
from tolls.standins import SourceArrays, honest_odds, split_odds, splits_at

__all__ = ["SourceDraws", "log_marginal", "recovered"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]

RELIABILITY_NODES = 7
RELIABILITY_STEP = 1.7  # sd on the logit scale, where Jacobi nodes would be more
SPLIT_NODES = 12
CLOSER = 3  # times that nodes may be laid, closer each time
RESCALED = 32  # factors after which a product is brought back to the order of one
SWEEPS, SINGLE_SWEEPS = 3, 8
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


@dataclass(frozen=True)
class SourceDraws:
    """One source's own parameters, one of each per draw, and how far it can move them.

    Attributes
    ----------
    log_bias, log_scatter, reliability : (draw,) arrays
    bias_step, scatter_step : (draw,) arrays
        Sd of a step of a Markov chain in log bias and log scatter.
    """

    log_bias: Floats
    log_scatter: Floats
    reliability: Floats
    bias_step: Floats
    scatter_step: Floats

    @classmethod
    def empty(cls, count: int) -> "SourceDraws":
        """Return room for so many draws."""
        return cls(*np.empty((5, count)))

    @classmethod
    def joined(cls, parts: Sequence["SourceDraws"]) -> "SourceDraws":
        """Put draws one after the other."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def at(self, rows: Ints | slice) -> "SourceDraws":
        """Return the draws at some positions."""
        return SourceDraws(*(getattr(self, f.name)[rows] for f in fields(self)))

    def put(self, rows: Ints | slice, draws: "SourceDraws") -> None:
        """Fill in draws at some positions."""
        for f in fields(self):
            getattr(self, f.name)[rows] = getattr(draws, f.name)


@dataclass(frozen=True)
class _Integrand:
    """The integrand at the points (entry, bias node): log of value times weight."""

    bias: Floats
    value: Floats


def log_marginal(
    evidence: Evidence,
    arrays: SourceArrays,
    level: Floats,
    growth: Growth,
    accuracy: Accuracy = FINE,
    rng: np.random.Generator | None = None,
) -> tuple[Floats, SourceDraws | None]:
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
    accuracy : Accuracy
    rng : numpy.random.Generator, optional
        Draws a point of the quadrature with its share of the integral.

    Returns
    -------
    (draw,) array
        The log likelihood.
    SourceDraws or None
        What was drawn; nothing without `rng`, or of a source with a single statement, whose
        likelihood is interpolated.
    """
    at = offsets(evidence, level, growth, arrays.columns)
    if arrays.terms > 1:
        drawn = SourceDraws.empty(len(level)) if rng else None
        return _integrated(arrays, at, level, accuracy, rng, drawn), drawn
    variance = arrays.prior.bias.sd**2 + math.exp(2 * arrays.prior.scatter.mean)
    width = math.sqrt(variance + at.extra.min())

    def evaluate(at: Offsets) -> Floats:
        return _integrated(arrays, at, level[:0], accuracy)

    return interpolated(evaluate, at, width), None


def _integrated(
    arrays: SourceArrays,
    at: Offsets,
    level: Floats,
    accuracy: Accuracy,
    rng: np.random.Generator | None = None,
    drawn: SourceDraws | None = None,
) -> Floats:
    """Integrate, and fill in draws where there is room for them."""
    found = np.empty(len(at.centre))
    settled = accuracy.settled / (3 if arrays.terms == 1 else 1)
    for nodes in _nodes(arrays, at, level, accuracy):
        closer = accuracy
        for _ in range(CLOSER):
            points = _integrand(arrays, at, level, nodes, closer)
            draws, start = np.unique(nodes.draw, return_index=True)  # entries of one are together
            top = np.maximum.reduceat(points.value.max(axis=1), start)
            length = np.diff(start, append=len(points.value))
            mass = np.exp(points.value - np.repeat(top, length)[:, None])
            total = np.add.reduceat(mass.sum(axis=1), start)
            found[draws] = top + np.log(total)
            if rng and drawn:
                drawn.put(draws, _picked(nodes, points, start, rng))
            # where every other node would give something else, nodes stand too far apart
            every_other = 2 * np.add.reduceat(mass[:, ::2].sum(axis=1), start)
            unsettled = np.repeat(np.abs(every_other / total - 1) > settled, length)
            if not unsettled.any():
                break
            nodes, closer = nodes.of(unsettled), closer.doubled()
    return found


def _picked(nodes: Nodes, points: _Integrand, start: Ints, rng: np.random.Generator) -> SourceDraws:
    """Pick a point per draw with its share of the integral."""
    chance = points.value + rng.gumbel(size=points.value.shape)  # the largest is such a pick
    best = chance.argmax(axis=1)
    entry = np.arange(len(best))
    order = np.lexsort((chance[entry, best], nodes.draw))  # a draw's best entry comes last
    chosen = order[np.append(start[1:], len(entry)) - 1]
    # steps are the highest mode's whatever was picked, or moves would favour where steps are long
    order = np.lexsort((points.value.max(axis=1), nodes.draw))
    highest = order[np.append(start[1:], len(entry)) - 1]
    return SourceDraws(
        points.bias[chosen, best[chosen]],
        nodes.log_scatter[chosen],
        nodes.honest[chosen],
        nodes.bias_sd[highest, nodes.mode[highest]],
        nodes.step[highest],
    )


def recovered(
    evidence: Evidence,
    arrays: SourceArrays,
    level: Floats,
    growth: Growth,
    drawn: SourceDraws | None,
    rng: np.random.Generator,
) -> SourceDraws:
    """Draw one source's own parameters given the tolls.

    Markov moves that leave their posterior given the tolls as it is (Metropolis steps in b and
    log s, Gibbs steps in p), from points that the quadrature drew. A single statement's likelihood
    was interpolated: its chains start from the statement's normal stand-in, and the prior proposes
    every other step.

    Parameters
    ----------
    evidence, arrays, level, growth
        As in `log_marginal`.
    drawn : SourceDraws or None
        As `log_marginal` gives them, at these tolls.
    rng : numpy.random.Generator

    Returns
    -------
    SourceDraws
    """
    at = offsets(evidence, level, growth, arrays.columns)
    single = drawn is None
    if drawn is None:
        drawn = _of_stand_in(arrays, at, rng)
    chains = _Chains(arrays, at, level, rng, drawn)
    for sweep in range(SINGLE_SWEEPS if single else SWEEPS):
        chains.move(from_prior=single and sweep % 2 == 0)
    return chains.drawn


def _of_stand_in(arrays: SourceArrays, at: Offsets, rng: np.random.Generator) -> SourceDraws:
    """Draw what a single statement leaves of its source's parameters, were it a normal one."""
    prior, count = arrays.prior, len(at.centre)
    log_scatter = prior.scatter.mean + prior.scatter.sd * rng.standard_normal(count)
    reach = arrays.target[0] - at.centre[:, 0] - prior.bias.mean
    honest = np.exp(2 * log_scatter) + at.extra[:, 0] + arrays.width[0]
    gross, wide = honest + arrays.presets.belief.gross_sd**2, prior.bias.sd**2
    log_odds = 0.5 * (np.log(gross + wide) - np.log(honest + wide))
    log_odds += 0.5 * reach**2 * (1 / (gross + wide) - 1 / (honest + wide))
    p = np.full(count, prior.reliability.mean)
    is_gross = rng.random(count) * (1 + p / (1 - p) * np.exp(log_odds)) < 1
    variance = np.where(is_gross, gross, honest)
    gain = wide / (wide + variance)
    noise = np.sqrt(gain * variance) * rng.standard_normal(count)
    bias = prior.bias.mean + gain * reach + noise
    # steps that do not depend on what was drawn
    typical = math.exp(2 * prior.scatter.mean) + at.extra[:, 0] + arrays.width[0]
    step = np.sqrt(typical * wide / (typical + wide))
    return SourceDraws(bias, log_scatter, p, step, np.full(count, prior.scatter.sd))


def _nodes(arrays: SourceArrays, at: Offsets, level: Floats, accuracy: Accuracy) -> Iterator[Nodes]:
    implied = np.median(arrays.target - at.centre, axis=1)
    return lay_nodes(arrays, at, split_odds(arrays, level, implied), accuracy)


class _Chains:
    """Markov chains of one source's parameters given the tolls, one per draw."""

    def __init__(
        self,
        arrays: SourceArrays,
        at: Offsets,
        level: Floats,
        rng: np.random.Generator,
        drawn: SourceDraws,
    ) -> None:
        self.arrays, self.at, self.level, self.rng, self.drawn = arrays, at, level, rng, drawn
        self.odds, self.log_joint = self._odds(drawn.log_bias, drawn.log_scatter)

    def move(self, *, from_prior: bool) -> None:
        """Take one Metropolis step in (b, log s), then one Gibbs step in p."""
        bias, scatter, p = self.drawn.log_bias, self.drawn.log_scatter, self.drawn.reliability
        prior = self.arrays.prior
        noise = self.rng.standard_normal((2, len(bias)))
        if from_prior:
            bias_to = prior.bias.mean + prior.bias.sd * noise[0]
            scatter_to = prior.scatter.mean + prior.scatter.sd * noise[1]
        else:
            bias_to = bias + self.drawn.bias_step * noise[0]
            scatter_to = scatter + self.drawn.scatter_step * noise[1]
        odds_to, log_joint_to = self._odds(bias_to, scatter_to)
        ratio = log_joint_to - self.log_joint
        if from_prior:
            ratio += self._log_prior(bias, scatter) - self._log_prior(bias_to, scatter_to)
        ratio += (np.log1p(p * (odds_to - 1)) - np.log1p(p * (self.odds - 1))).sum(axis=0)
        moved = np.log(self.rng.random(len(bias))) < ratio
        odds = np.where(moved, odds_to, self.odds)
        honest = (self.rng.random(odds.shape) * (1 - p + p * odds) < p * odds).sum(axis=0)
        p = self.rng.beta(prior.reliability.a + honest, prior.reliability.b + len(odds) - honest)
        self.odds, self.log_joint = odds, np.where(moved, log_joint_to, self.log_joint)
        self.drawn = replace(
            self.drawn,
            log_bias=np.where(moved, bias_to, bias),
            log_scatter=np.where(moved, scatter_to, scatter),
            # what rounds to an end of the open interval is its nearest number inside
            reliability=np.clip(p, np.finfo(float).tiny, 1 - np.finfo(float).epsneg),
        )

    def _odds(self, bias: Floats, log_scatter: Floats) -> tuple[Floats, Floats]:
        """Odds of honest against gross, (factor, draw); log prior and likelihood if all gross."""
        draw = np.arange(len(bias))
        variance = np.exp(2 * log_scatter)[:, None]
        log_joint, odds = self._log_prior(bias, log_scatter), []
        for components in _factors(
            self.arrays, self.at, self.level, draw, bias[:, None], variance, exact=True
        ):
            odds.append(honest_odds(components, self.arrays.presets)[:, 0])
            log_joint += components[2][:, 0]
        return np.array(odds), log_joint

    def _log_prior(self, bias: Floats, log_scatter: Floats) -> Floats:
        prior = self.arrays.prior
        of_scatter = _log_normal(log_scatter, prior.scatter.mean, prior.scatter.sd)
        return _log_normal(bias, prior.bias.mean, prior.bias.sd) + of_scatter


def _integrand(
    arrays: SourceArrays, at: Offsets, level: Floats, nodes: Nodes, accuracy: Accuracy
) -> _Integrand:
    prior = arrays.prior
    entry = np.arange(len(nodes.draw))
    mode, sd = nodes.bias[entry, nodes.mode], nodes.bias_sd[entry, nodes.mode]
    u = np.arange(accuracy.bias_nodes) - (accuracy.bias_nodes - 1) / 2
    u *= accuracy.per_node * accuracy.stretch
    bias = mode[:, None] + sd[:, None] * np.sinh(u) / accuracy.stretch
    log_weight = np.log(accuracy.per_node * nodes.step * sd)[:, None] + np.log(np.cosh(u))
    log_weight += _log_normal(nodes.log_scatter, prior.scatter.mean, prior.scatter.sd)[:, None]
    log_weight += _log_normal(bias, prior.bias.mean, prior.bias.sd)
    several = np.isfinite(nodes.height).sum(axis=1) > 1
    log_weight[several] += _log_part(nodes, several, bias[several])
    p, log_p = _reliabilities(arrays, nodes)
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


def _reliabilities(arrays: SourceArrays, nodes: Nodes) -> tuple[Floats, Floats]:
    """Nodes over p and their log weights, (node, entry or 1, 1)."""
    a, b = arrays.prior.reliability.a, arrays.prior.reliability.b
    if arrays.terms < 2 * RELIABILITY_NODES:  # exact up to that degree
        x, weight = roots_jacobi(arrays.terms // 2 + 1, b - 1, a - 1)
        return (1 + x)[:, None, None] / 2, np.log(weight / weight.sum())[:, None, None]
    width = nodes.honest_sd
    u = RELIABILITY_STEP * (np.arange(RELIABILITY_NODES) - (RELIABILITY_NODES - 1) / 2)
    logit = np.log(nodes.honest / (1 - nodes.honest)) + width * u[:, None]
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
