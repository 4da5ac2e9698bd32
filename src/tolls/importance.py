"""Importance sampling from a mixture of multivariate t's and the prior, and how far to trust it.

Everything happens in coordinates in which the prior is standard normal. Nothing here knows of
tolls or sources. The mixture is adapted by population Monte Carlo (Cappé et al. 2008, Statistics
and Computing 18(4)) on weights truncated as by Ionides (2008, Journal of Computational and
Graphical Statistics 17(2)); what is reported comes from raw weights of a proposal that stays fixed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.coordinates import log_sum
from tolls.shears import Shears

__all__ = ["Mixture", "Weighted", "adapted", "pareto_k", "pooled"]

type Floats = NDArray[np.floating[Any]]

FREEDOM = 10.0  # degrees of freedom of the t's: tails heavier than those of any posterior here
FROM_PRIOR = 0.1  # share of the draws that come from the prior, wherever the modes are
WIDER = 1.1  # factor on the variances of what is adapted to draws, for draws miss tails
SPARE = 0.1  # added to a group's share, so that a small mode is neither lost nor too thinly drawn
SPLIT_ABOVE = 100.0  # effective draws from which a group is split in three along its skewness
PIECES = 3
OF_GROUP = (0.2, 0.15, 0.65)  # shares of the whole, of its tails, and of the pieces
TAILS_WIDER = 4.0  # factor on the variances of what covers tails that no draw has shown yet


@dataclass(frozen=True)
class Mixture:
    """Multivariate t's in groups, one group per mode, and the prior with a share of its own.

    Attributes
    ----------
    share : (component,) array
        Of the t's, together ``1 - FROM_PRIOR``.
    mean : (component, dimension) array
    root : (component, dimension, dimension) array
        Lower Cholesky factors of the scale matrices.
    group : (component,) int array
    shears : Shears
        To the coordinates in which the t's lie; what is drawn and weighed is in prior ones.
    """

    share: Floats
    mean: Floats
    root: Floats
    group: NDArray[np.int64]
    shears: Shears

    @classmethod
    def of(
        cls,
        parts: Sequence[tuple[float, Floats, Floats, int]],
        shears: Shears = Shears(),  # noqa: B008 (immutable)
    ) -> "Mixture":
        """Build from (share, mean, covariance, group), shares in any unit."""
        share, mean, covariance, group = (np.array(x) for x in zip(*parts, strict=True))
        share = (1 - FROM_PRIOR) * share / share.sum()
        return cls(share, mean, np.linalg.cholesky(covariance), group, shears)

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw points, (count, dimension); every component gets its share of the count."""
        edges = np.cumsum(np.append(self.share, FROM_PRIOR))
        which = np.searchsorted(edges / edges[-1], (np.arange(count) + rng.random()) / count)
        z = rng.standard_normal((count, self.mean.shape[1]))
        stretch = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, count))
        for k in range(len(self.share)):
            own = which == k
            y = self.mean[k] + stretch[own, None] * (z[own] @ self.root[k].T)
            z[own] = self.shears.curved(y)
        return z

    def log_parts(self, z: Floats) -> Floats:
        """Log of share times density of every component, (draw, component), the prior last."""
        dimension = z.shape[1]
        norm = math.lgamma((FREEDOM + dimension) / 2) - math.lgamma(FREEDOM / 2)
        norm -= dimension / 2 * math.log(FREEDOM * math.pi)
        y, columns = self.shears.straight(z), []
        for share, mean, root in zip(self.share, self.mean, self.root, strict=True):
            distance = ((y - mean) @ np.linalg.inv(root).T) ** 2
            spread = (FREEDOM + dimension) / 2 * np.log1p(distance.sum(axis=1) / FREEDOM)
            columns.append(math.log(share) + norm - np.log(np.diag(root)).sum() - spread)
        return np.stack([*columns, math.log(FROM_PRIOR) + log_prior(z)], axis=1)

    def log_density(self, z: Floats) -> Floats:
        """Log density, (draw,)."""
        return log_sum(self.log_parts(z))


def log_prior(z: Floats) -> Floats:
    """Log density of the standard normal, (draw,)."""
    density: Floats = -0.5 * (z**2).sum(axis=1) - z.shape[1] / 2 * math.log(2 * math.pi)
    return density


@dataclass(frozen=True)
class Weighted:
    """Draws with their raw log weights: posterior density over proposal density.

    Attributes
    ----------
    z : (draw, dimension) array
    log_weight : (draw,) array
    """

    z: Floats
    log_weight: Floats

    @cached_property
    def weight(self) -> Floats:
        """Weights that add up to one."""
        weight = np.exp(self.log_weight - self.log_weight.max())
        weight /= weight.sum()
        return weight

    @cached_property
    def truncated(self) -> Floats:
        """Weights cut off at one over the root of their number (Ionides 2008), adding up to one."""
        weight: Floats = np.minimum(self.weight, len(self.weight) ** -0.5)
        weight /= weight.sum()
        return weight

    def flattened(self, effective: float) -> Floats:
        """Weights to a power up to one, such that so many draws have a say where possible."""
        for power in (1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05):
            weight: Floats = np.exp(power * (self.log_weight - self.log_weight.max()))
            weight /= weight.sum()
            if 1 / (weight**2).sum() >= effective:
                break
        return weight

    @property
    def ess(self) -> float:
        """Effective number of draws, one over the sum of squared weights."""
        return float(1 / (self.weight**2).sum())

    @property
    def log_marginal(self) -> tuple[float, float]:
        """Log of the mean weight, which estimates the marginal likelihood, and its sd."""
        top, count = float(np.max(self.log_weight)), len(self.log_weight)
        mean = float(np.exp(self.log_weight - top).mean())
        relative = math.sqrt(max(count / self.ess - 1, 0.0) / count)
        return float(top + math.log(mean)), relative

    def tail_ess(self, values: Floats, below: float) -> float:
        """Effective number of draws behind the probability of a tail.

        The independent draws whose share below a quantile would have the same variance.

        Parameters
        ----------
        values : (draw,) array
        below : float
            Probability of the tail to the left of the quantile.
        """
        order = np.argsort(values)
        cumulated = np.cumsum(self.weight[order])
        inside = np.zeros(len(values))
        inside[order] = cumulated <= max(below, cumulated[0])
        share = (self.weight * inside).sum()
        variance = (self.weight**2 * (inside - share) ** 2).sum()
        return float(share * (1 - share) / variance) if variance > 0 else 0.0

    def resampled(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Positions of draws, each as often as its weight says up to less than one (systematic)."""
        points = (np.arange(count) + rng.random()) / count
        edges = np.cumsum(self.weight)
        found: NDArray[np.int64] = np.searchsorted(edges / edges[-1], points)
        return rng.permutation(found)


def pooled(rounds: Sequence[tuple[Floats, Floats, Mixture]]) -> Weighted:
    """Weigh all draws of several rounds (z, log posterior density, proposal) together.

    The proposal is the mixture of all rounds' (deterministic mixture weights: Owen and Zhou 2000,
    Journal of the American Statistical Association 95(449)).
    """
    z = np.concatenate([r[0] for r in rounds])
    density = np.concatenate([r[1] for r in rounds])
    shares = [math.log(len(r[0]) / len(z)) + r[2].log_density(z) for r in rounds]
    return Weighted(z, density - log_sum(np.stack(shares, axis=1)))


def adapted(mixture: Mixture, draws: Weighted) -> Mixture:
    """Fit each group to its weighted draws; one with enough of them is split along its skewness.

    Parameters
    ----------
    mixture : Mixture
        Tells which group a draw belongs to: the likeliest.
    draws : Weighted

    Returns
    -------
    Mixture
    """
    weight = draws.truncated
    likeliest = mixture.log_parts(draws.z)[:, :-1].argmax(axis=1)
    z = mixture.shears.straight(draws.z)
    of_draw = mixture.group[likeliest]
    parts: list[tuple[float, Floats, Floats, int]] = []
    for group in np.unique(mixture.group):
        w = np.where(of_draw == group, weight, 0.0)
        mass = w.sum()
        effective = w.sum() ** 2 / (w**2).sum() if w.any() else 0.0
        dimension = z.shape[1]
        old = [k for k in range(len(mixture.share)) if mixture.group[k] == group]
        if effective < 2 * dimension:  # too few to learn from: stays as it is
            parts += [
                ((mass + SPARE) / len(old), mixture.mean[k],
                 mixture.root[k] @ mixture.root[k].T, int(group))
                for k in old
            ]  # fmt: skip
            continue
        w = w / w.sum()
        mean = w @ z
        apart = z - mean
        covariance = WIDER * (1 + dimension / effective) * (w[:, None] * apart).T @ apart
        share = mass + SPARE
        if effective < SPLIT_ABOVE:
            parts.append((share, mean, covariance, int(group)))
            continue
        whole, tails, split = OF_GROUP
        parts.append((whole * share, mean, covariance, int(group)))
        parts.append((tails * share, mean, TAILS_WIDER * covariance, int(group)))
        pieces = _split(z, w, mean, covariance)
        parts += [(split * share * s, m, c, int(group)) for s, m, c in pieces]
    return Mixture.of(parts, mixture.shears)


def _split(
    z: Floats, weight: Floats, mean: Floats, covariance: Floats
) -> list[tuple[float, Floats, Floats]]:
    """Fit several normals to weighted draws, begun along the direction of largest skewness."""
    root = np.linalg.cholesky(covariance)
    white = (z - mean) @ np.linalg.inv(root).T
    skewness = weight @ white**3
    direction = skewness / max(np.linalg.norm(skewness), 1e-12)
    along = white @ direction
    order = np.argsort(along)
    middles = np.interp((np.arange(PIECES) + 0.5) / PIECES, np.cumsum(weight[order]), along[order])
    means = [direction * m for m in middles]
    scales = [np.eye(z.shape[1])] * PIECES
    shares = np.full(PIECES, 1 / PIECES)
    for _ in range(4):
        logs = np.stack(
            [
                math.log(s) - 0.5 * (((white - m) @ np.linalg.inv(c)) * (white - m)).sum(axis=1)
                - 0.5 * np.linalg.slogdet(c)[1]
                for s, m, c in zip(shares, means, scales, strict=True)
            ], axis=1,
        )  # fmt: skip
        own = weight[:, None] * np.exp(logs - log_sum(logs)[:, None])
        shares = own.sum(axis=0)
        means, scales = [], []
        for k in range(PIECES):
            w = own[:, k]
            keep = len(direction) / (len(direction) + shares[k] ** 2 / (w**2).sum())
            m = w @ white / shares[k]
            off = white - m
            means.append(m)
            scales.append(
                keep * np.eye(len(m)) + (1 - keep) * (w[:, None] * off).T @ off / shares[k]
            )
    return [
        (float(s), mean + root @ m, root @ c @ root.T)
        for s, m, c in zip(shares, means, scales, strict=True)
    ]


def pareto_k(log_weight: Floats) -> float:
    """Return k-hat: the shape of the generalised Pareto distribution of the largest raw weights.

    Parameters
    ----------
    log_weight : (draw,) array

    Returns
    -------
    float
        Minus infinity where the largest weights are all the same.

    References
    ----------
    Vehtari et al. (2024), Pareto smoothed importance sampling, JMLR 25(72); Zhang and Stephens
    (2009), Technometrics 51(3), for the fit.
    """
    count = len(log_weight)
    tail = math.ceil(min(0.2 * count, 3 * math.sqrt(count)))
    ordered = np.sort(log_weight)[-tail - 1 :] - np.max(log_weight)
    excess = np.exp(ordered[1:]) - np.exp(ordered[0])
    if tail < 5 or excess[-1] <= 1e-12:
        return -math.inf
    excess = excess[excess > 0]
    n = len(excess)
    grid = np.arange(1, 31 + int(math.sqrt(n)))
    quartile = excess[int(n / 4 + 0.5) - 1]
    theta = 1 / excess[-1] + (1 - np.sqrt(len(grid) / (grid - 0.5))) / (3 * quartile)
    shape = np.log1p(-theta[:, None] * excess).mean(axis=1)
    profile = n * (np.log(-theta / shape) - shape - 1)
    posterior = np.exp(profile - log_sum(profile))
    estimate = np.log1p(-(theta @ posterior) * excess).mean()
    return float((n * estimate + 5) / (n + 10))  # a weak prior around one half
