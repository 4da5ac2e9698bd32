"""What each statement and split of a source contributes at points of its bias and scatter.

In single precision, whose error in a sum of logs is below 10^-4, and which is most of the work:
the engine that integrates sources out spends its time here.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from tolls.likelihood import Offsets, log_components, log_splits
from tolls.standins import WIDEST, SourceArrays, splits_at

__all__ = [
    "MOST_EXACT", "components_at", "exact_reliabilities", "log_products", "logit_reliabilities",
]  # fmt: skip

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]
type Components = tuple[Floats, Floats, Floats]

MOST_EXACT = 30  # factors up to which nodes over the reliability are exact
SPLIT_NODES = 12
RESCALED = 16  # factors after which a product is brought back to the order of one
FAINTEST = -1e30  # log of what a single-precision cell far from any belief would round to nothing


def components_at(
    arrays: SourceArrays, at: Offsets, level: Floats, draw: Ints, bias: Floats, log_scatter: Floats
) -> Iterator[Components]:
    """Yield log probabilities of every statement and split: leaning, fresh, gross.

    Parameters
    ----------
    arrays : SourceArrays
    at : Offsets
        Of the source's own statements.
    level : (draw, name) array
    draw : (entry,) int array
        Draw that an entry belongs to.
    bias : (entry, point) array
        Log bias.
    log_scatter : (entry, 1) or (entry, point) array

    Yields
    ------
    three (entry, point) arrays
        The first two are one array where a statement leans on nothing.
    """
    single, log_variance = bias.astype(np.float32), 2 * log_scatter.astype(np.float32)
    variance = np.exp(np.minimum(log_variance, WIDEST))
    centre, leaning, extra, extra_leaning = (
        x.astype(np.float32)[draw] for x in (at.centre, at.leaning, at.extra, at.extra_leaning)
    )
    for i, statement in enumerate(arrays.statements):
        r = float(arrays.link[i])
        yield log_components(
            statement,
            (leaning[:, [i]] + (1 - r) * single, (1 - r**2) * variance + extra_leaning[:, [i]]),
            (centre[:, [i]] + single, variance + extra[:, [i]]),
            arrays.presets,
        )
    if arrays.splits and len(draw) == len(level) and bias.shape[1] <= SPLIT_NODES:
        for components in splits_at(arrays, level[draw][:, None], bias):
            leaning, anew, gross = (x.astype(np.float32) for x in components)
            yield leaning, anew, gross
    elif arrays.splits:
        yield from _splits(arrays, level, draw, bias)


def log_products(
    arrays: SourceArrays, components: Iterable[Components], p: Floats, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Return products of all factors at reliabilities p: log of a common scale, and the rest.

    Parameters
    ----------
    arrays : SourceArrays
    components : iterable of three (entry, point) arrays
        As `components_at` yields them.
    p : (node, entry or 1, 1) array
    shape : (entry, point)

    Returns
    -------
    (entry, point) array, (node, entry, point) array
    """
    fresh = arrays.presets.links.fresh
    scale, product = np.zeros(shape, np.float32), np.ones((len(p), *shape), np.float32)
    for number, (leaning, anew, gross) in enumerate(components):
        gross = np.maximum(gross, FAINTEST)
        top = np.maximum(anew, gross)
        if leaning is anew:
            honest = np.exp(anew - top)
        else:
            top = np.maximum(top, leaning)
            honest = (1 - fresh) * np.exp(leaning - top) + fresh * np.exp(anew - top)
        gross = np.exp(gross - top)
        honest -= gross
        scale += top
        for k, here in enumerate(p):
            product[k] *= gross + here * honest
        if number % RESCALED == RESCALED - 1:
            largest = product.max(axis=0)
            product /= largest
            scale += np.log(largest)
    return scale, product


def exact_reliabilities(arrays: SourceArrays) -> tuple[Floats, Floats]:
    """Return nodes over the reliability that integrate all factors exactly, and log weights.

    The likelihood is a polynomial in the reliability, of as many degrees as there are factors.
    """
    prior = arrays.prior.reliability
    return _jacobi(arrays.terms // 2 + 1, prior.a, prior.b)


def logit_reliabilities(
    arrays: SourceArrays, logits: Floats, step: Floats | float
) -> tuple[Floats, Floats]:
    """Return nodes over the reliability that are evenly spaced logits, and log weights."""
    a, b = arrays.prior.reliability.a, arrays.prior.reliability.b
    log_p, log_not = -np.log1p(np.exp(-logits)), -np.log1p(np.exp(logits))
    return np.exp(log_p), a * log_p + b * log_not - betaln(a, b) + np.log(step)


@lru_cache(maxsize=64)
def _jacobi(count: int, a: float, b: float) -> tuple[Floats, Floats]:
    """Return the Gauss nodes of Beta(a, b) and the logs of their weights, which add up to one.

    Nodes are eigenvalues of the recurrence of the polynomials that are orthonormal under it, a
    weight is one over the sum of their squares (Golub and Welsch 1969, Mathematics of Computation
    23(106)): sums of squares hold for any strength, normalising constants do not.
    """
    k = np.arange(1.0, count)
    s = 2 * k + a + b - 2
    middle = np.append(a / (a + b), 0.5 + (a - b) * (a + b - 2) / (2 * s * (s + 2)))
    step = k * (k + a - 1) * (k + b - 1) * (k + a + b - 2)
    step[1:] /= (s**2 * (s**2 - 1))[1:]
    step[:1] = a * b / ((a + b) ** 2 * (a + b + 1))  # where both are 1 the general term is 0 / 0
    step = np.sqrt(step)
    x = np.linalg.eigvalsh(np.diag(middle) + np.diag(step, -1))
    before, here, square = np.zeros(count), np.ones(count), np.ones(count)
    for i, up in enumerate(step):
        down = step[i - 1] if i else 0.0
        before, here = here, ((x - middle[i]) * here - down * before) / up
        square += here**2
    # what rounds to an end of the open interval is its nearest number inside
    return np.clip(x, np.finfo(float).tiny, 1 - np.finfo(float).epsneg), -np.log(square)


def _splits(arrays: SourceArrays, level: Floats, draw: Ints, bias: Floats) -> Iterator[Components]:
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
            uneven: Floats = np.log(1 / concentration + per_part * lacking**2)
            return uneven

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
        x = ((here - middle[place][:, None]) / half[place][:, None]).astype(np.float32)
        basis = [np.ones_like(x), x]
        while len(basis) < SPLIT_NODES:
            basis.append(2 * x * basis[-1] - basis[-2])
        transformed = [(values @ transform).astype(np.float32)[place] for values in components]
        leaning, anew, gross = (
            reduce(np.add, (values[:, [k]] * basis[k] for k in range(SPLIT_NODES)))
            for values in transformed
        )
        yield leaning, anew, gross
