"""Modes of the tolls' posterior, found in milliseconds with a normal stand-in for every statement.

A Gauss-Newton climb over the coordinates and every source's bias at once, from several starts; it
gives each mode a covariance. Nothing here is a result: the modes are where importance sampling
begins.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.coordinates import Coordinates
from tolls.likelihood import Offsets, offsets
from tolls.standins import SourceArrays, honest_odds, splits_at

__all__ = ["Mode", "find_modes"]

type Floats = NDArray[np.floating[Any]]

STEPS = 30
INNER = 2
DIFFERENCE = 1e-4
LONGEST = 1.0  # prior sd that one step may go
ARRIVED = 0.03
CLOSE = 0.15  # prior sd of the level within which two starts are one
APART = 0.4  # sd of a mode within which another one is the same
HEIGHT = 20.0  # nats below the highest: generous, for stand-ins are rough


@dataclass(frozen=True)
class Mode:
    """A mode in prior coordinates, with the covariance of the normal fitted to it."""

    mean: Floats
    covariance: Floats


def find_modes(coordinates: Coordinates, sources: list[SourceArrays]) -> list[Mode]:
    """Find the modes reached from every source's implied toll and from the prior's mean.

    Parameters
    ----------
    coordinates : Coordinates
    sources : list of SourceArrays

    Returns
    -------
    list of Mode
        The highest first.
    """
    climb = _Climb(coordinates, sources, _starts(coordinates, sources))
    for _ in range(STEPS):
        if climb.step() < ARRIVED:
            break
    found: list[Mode] = []
    for i in np.argsort(-climb.height):
        if climb.height[i] < climb.height.max() - HEIGHT:
            break
        mode = Mode(climb.z[i], climb.covariance[i])
        if all(_distance(mode, other) > APART for other in found):
            found.append(mode)
    return found


def _distance(mode: Mode, other: Mode) -> float:
    apart = mode.mean - other.mean
    return math.sqrt(apart @ np.linalg.solve(mode.covariance + other.covariance, apart))


def _starts(coordinates: Coordinates, sources: list[SourceArrays]) -> Floats:
    """Return starts that differ in the level of the root: the prior's, and each source's."""
    evidence, origin = coordinates.evidence, np.zeros((1, coordinates.dimension))
    level, growth = coordinates.level(origin), coordinates.growth(origin)
    implied = [0.0]
    for source in sources:
        at = offsets(evidence, level, growth, source.columns)
        reach = source.target - at.centre[0] - source.prior.bias.mean
        implied += np.quantile(reach, [0.0, 0.5, 1.0]).tolist()
    levels: list[float] = []
    for start in sorted(x / coordinates.level_sd for x in implied):
        if not levels or start > levels[-1] + CLOSE:
            levels.append(start)
    starts = np.repeat(origin, len(levels), axis=0)
    starts[:, 0] = levels
    return starts


class _Climb:
    """All starts at once: z (start, coordinate); what sources have (start, source)."""

    def __init__(
        self, coordinates: Coordinates, sources: list[SourceArrays], starts: Floats
    ) -> None:
        self.coordinates, self.sources, self.z = coordinates, sources, starts.copy()
        evidence = coordinates.evidence
        self.presets, self.r, self.source = evidence.case.presets, evidence.link, evidence.source
        priors = [s.prior for s in sources]
        self.bias_mean = np.array([p.bias.mean for p in priors])
        self.bias_sd = np.array([p.bias.sd for p in priors])
        self.scatter_mean = np.array([p.scatter.mean for p in priors])
        self.scatter_sd = np.array([p.scatter.sd for p in priors])
        self.a = np.array([p.reliability.a for p in priors])
        self.b = np.array([p.reliability.b for p in priors])
        self.terms = np.array([s.terms for s in sources])
        count = len(evidence.statements)
        self.target, self.width = np.empty(count), np.empty(count)
        for s in sources:
            self.target[s.columns], self.width[s.columns] = s.target, s.width
        self.own = np.zeros((count, len(sources)))
        self.own[np.arange(count), self.source] = 1.0
        shape = (len(starts), 1)
        self.bias = np.tile(self.bias_mean, shape)
        self.scatter = np.tile(self.scatter_mean, shape)
        self.honest = np.tile(self.a / (self.a + self.b), shape)
        self.height = np.zeros(len(starts))
        self.covariance = np.zeros((len(starts), self.z.shape[1], self.z.shape[1]))

    def step(self) -> float:
        """Move every start, its sources first; returns the longest step in prior sd."""
        starts, dimension = self.z.shape
        points = self.z[:, None] + DIFFERENCE * np.vstack([np.zeros(dimension), np.eye(dimension)])
        points = points.reshape(-1, dimension)
        level, growth = self.coordinates.level(points), self.coordinates.growth(points)
        at = offsets(self.coordinates.evidence, level, growth)

        def with_slopes(values: Floats) -> tuple[Floats, Floats]:
            values = values.reshape(starts, dimension + 1, -1)
            return values[:, 0], (values[:, 1:] - values[:, :1]) / DIFFERENCE

        centre, d_centre = with_slopes(at.centre)
        leaning, d_leaning = with_slopes(at.leaning)
        level_here, d_level = with_slopes(level)
        here = Offsets(centre, leaning, with_slopes(at.extra)[0], with_slopes(at.extra_leaning)[0])
        for _ in range(INNER):
            weights = self._sources(here, level_here)
        w_leaning, w_anew, precision = weights
        off, off_leaning = self._off(here)
        slope = np.einsum("kdn,kn->kd", d_leaning, w_leaning * off_leaning) - self.z
        slope += np.einsum("kdn,kn->kd", d_centre, w_anew * off)
        bend = np.eye(dimension) + _gram(d_leaning, w_leaning) + _gram(d_centre, w_anew)
        # what the sources' biases take up of every direction
        taken = np.einsum("kdn,kn,ns->kds", d_leaning, w_leaning * (1 - self.r), self.own)
        taken += np.einsum("kdn,kn,ns->kds", d_centre, w_anew, self.own)
        bend -= _gram(taken, 1 / precision)
        self._add_splits(level_here, d_level, slope, bend)
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        length = np.sqrt((step**2).sum(axis=1))
        self.z += step * np.minimum(1, LONGEST / np.maximum(length, 1e-12))[:, None]
        self.covariance = np.linalg.inv(bend)
        return float(length.max())

    def _off(self, at: Offsets) -> tuple[Floats, Floats]:
        bias = self.bias[:, self.source]
        return self.target - at.centre - bias, self.target - at.leaning - (1 - self.r) * bias

    def _sources(self, at: Offsets, level: Floats) -> tuple[Floats, Floats, Floats]:
        """Maximise over b, log s and p; returns weights of statements and precisions of b."""
        fresh, r, source = self.presets.links.fresh, self.r, self.source
        square = np.exp(2 * self.scatter)[:, source]
        p = self.honest[:, source]
        off, off_leaning = self._off(at)
        leaning = 1 / ((1 - r**2) * square + at.extra_leaning + self.width)
        anew = 1 / (square + at.extra + self.width)
        gross = anew / (1 + self.presets.belief.gross_sd**2 * anew)
        z_leaning, z_anew, z_gross = off_leaning**2 * leaning, off**2 * anew, off**2 * gross
        logs = np.stack(
            [
                np.log(p * (1 - fresh)) + 0.5 * (np.log(leaning) - z_leaning),
                np.log(p * fresh) + 0.5 * (np.log(anew) - z_anew),
                np.log1p(-p) + 0.5 * (np.log(gross) - z_gross),
            ]
        )
        top = logs.max(axis=0)
        share = np.exp(logs - top)
        total = share.sum(axis=0)
        share /= total
        w_leaning, w_anew = share[0] * leaning, share[1] * anew + share[2] * gross
        precision = (w_leaning * (1 - r) ** 2 + w_anew) @ self.own + self.bias_sd**-2
        away = (self.bias - self.bias_mean) / self.bias_sd
        pull = (w_leaning * (1 - r) * off_leaning + w_anew * off) @ self.own - away / self.bias_sd
        # Fisher scoring in log s, of whose square a share is in every variance
        part = np.stack([(1 - r**2) * square * leaning, square * anew, square * gross])
        excess = np.stack([z_leaning, z_anew, z_gross]) - 1
        wide = (self.scatter - self.scatter_mean) / self.scatter_sd
        scatter_slope = (share * part * excess).sum(axis=0) @ self.own - wide / self.scatter_sd
        scatter_bend = 2 * (share * part**2).sum(axis=0) @ self.own + self.scatter_sd**-2
        height = (top + np.log(total)).sum(axis=1)
        height += ((self.a - 0.5) * np.log(self.honest)).sum(axis=1)
        height += ((self.b - 0.5) * np.log1p(-self.honest)).sum(axis=1)
        height -= 0.5 * (away**2 + wide**2).sum(axis=1) + 0.5 * (self.z**2).sum(axis=1)
        honest = (share[0] + share[1]) @ self.own
        for j, arrays in enumerate(self.sources):
            for components in splits_at(arrays, level, self.bias[:, j]):
                odds = honest_odds(components, self.presets) * self._odds(j)
                honest[:, j] += odds / (1 + odds)
                height += components[2] + np.log1p(odds) + np.log1p(-self.honest[:, j])
        self.height = height
        self.bias = self.bias + pull / precision
        self.scatter = self.scatter + np.clip(scatter_slope / scatter_bend, -0.5, 0.5)
        self.honest = (self.a + honest) / (self.a + self.b + self.terms)
        return w_leaning, w_anew, precision

    def _odds(self, j: int) -> Floats:
        odds: Floats = self.honest[:, j] / (1 - self.honest[:, j])
        return odds

    def _add_splits(self, level: Floats, d_level: Floats, slope: Floats, bend: Floats) -> None:
        """Add what splits say of the shares: each part a normal count around its own."""
        belief = self.presets.belief
        for j, arrays in enumerate(self.sources):
            likelihoods = splits_at(arrays, level, self.bias[:, j])
            for split, components in zip(arrays.splits, likelihoods, strict=True):
                composition, parts, whole = split
                odds = honest_odds(components, self.presets) * self._odds(j)
                honest = odds / (1 + odds)
                counts = np.array(composition.counts) + 0.5
                share = counts / counts.sum()
                final = level[:, whole] + self.bias[:, j]
                lacking = np.maximum(final - math.log(sum(composition.counts)), 0.0)
                uneven = (belief.part_growth_sd * lacking) ** 2 / len(parts)
                d_share = d_level[:, :, parts] - d_level[:, :, [whole]]
                off = np.log(share) - (level[:, parts] - level[:, [whole]])
                for weight, concentration in (
                    (honest, arrays.prior.composition), (1 - honest, belief.gross_composition)
                ):  # fmt: skip
                    variance = (1 / concentration + uneven)[:, None] / share + 1 / counts
                    precision = weight[:, None] / variance
                    slope += np.einsum("kdp,kp->kd", d_share, precision * off)
                    bend += _gram(d_share, precision)


def _gram(slopes: Floats, weight: Floats) -> Floats:
    """Return the weighted sum of outer products, (start, coordinate, coordinate)."""
    gram: Floats = np.einsum("kdn,kn,ken->kde", slopes, weight, slopes, optimize=True)
    return gram
