r"""The likelihood of one source with its own bias, scatter and reliability integrated out.

Given the tolls the sources are independent, so each one's b, log s and p integrate out by
quadrature: over log s and b at the nodes of `nodes`, with a trapezoid rule in a stretched
coordinate around each mode of b, the modes sharing the integral by a partition of unity; over p,
in which the likelihood is a polynomial, by Gauss-Jacobi nodes that integrate it exactly, or on the
logit scale around its mode where that would take too many.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.evidence import Evidence
from tolls.factors import (
    MOST_EXACT,
    components_at,
    exact_reliabilities,
    log_products,
    logit_reliabilities,
)
from tolls.likelihood import Growth, Offsets, offsets
from tolls.nodes import FINE, Accuracy, Nodes, lay_nodes
from tolls.standins import SourceArrays, split_odds

__all__ = ["SourceDraws", "log_marginal"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

RELIABILITY_NODES = 7
RELIABILITY_STEP = 1.7  # sd on the logit scale, where Jacobi nodes would be more
CLOSER = 3  # times that nodes may be laid, closer each time
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


@dataclass(frozen=True)
class SourceDraws:
    """One source's own parameters, one of each per draw.

    Attributes
    ----------
    log_bias, log_scatter : (draw,) arrays
    logit, logit_sd : (draw,) arrays
        Where the logit of the reliability lies given the others, and how widely.
    """

    log_bias: Floats
    log_scatter: Floats
    logit: Floats
    logit_sd: Floats

    @classmethod
    def empty(cls, count: int) -> "SourceDraws":
        """Return room for so many draws."""
        return cls(*np.empty((4, count)))

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
        What was drawn; nothing without `rng`.
    """
    at = offsets(evidence, level, growth, arrays.columns)
    drawn = SourceDraws.empty(len(level)) if rng else None
    found = np.empty(len(at.centre))
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
            unsettled = np.repeat(np.abs(every_other / total - 1) > accuracy.settled, length)
            if not unsettled.any():
                break
            nodes, closer = nodes.of(unsettled), closer.doubled()
    return found, drawn


def _picked(nodes: Nodes, points: _Integrand, start: Ints, rng: np.random.Generator) -> SourceDraws:
    """Pick a point per draw with its share of the integral."""
    chance = points.value + rng.gumbel(size=points.value.shape)  # the largest is such a pick
    best = chance.argmax(axis=1)
    entry = np.arange(len(best))
    order = np.lexsort((chance[entry, best], nodes.draw))  # a draw's best entry comes last
    chosen = order[np.append(start[1:], len(entry)) - 1]
    honest = nodes.honest[chosen]
    return SourceDraws(
        points.bias[chosen, best[chosen]],
        nodes.log_scatter[chosen],
        np.log(honest / (1 - honest)),
        nodes.honest_sd[chosen],
    )


def _nodes(arrays: SourceArrays, at: Offsets, level: Floats, accuracy: Accuracy) -> Iterator[Nodes]:
    implied = np.median(arrays.target - at.centre, axis=1)
    return lay_nodes(arrays, at, split_odds(arrays, level, implied), accuracy)


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
    factors = components_at(arrays, at, level, nodes.draw, bias, nodes.log_scatter[:, None])
    scale, product = log_products(arrays, factors, p.astype(np.float32), bias.shape)
    value = log_weight + scale + np.log((np.exp(log_p) * product).sum(axis=0))
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
    if arrays.terms <= MOST_EXACT:
        p, log_share = exact_reliabilities(arrays)
        return p[:, None, None], log_share[:, None, None]
    width = nodes.honest_sd
    u = RELIABILITY_STEP * (np.arange(RELIABILITY_NODES) - (RELIABILITY_NODES - 1) / 2)
    logit = np.log(nodes.honest / (1 - nodes.honest)) + width * u[:, None]
    p, log_weight = logit_reliabilities(arrays, logit, RELIABILITY_STEP * width)
    return p[..., None], log_weight[..., None]
