"""Estimates of one source's marginal likelihood from a few random points per draw of the tolls.

Given the tolls, a source's log bias and log scatter are close to normal around a mean that is
linear in the coordinates and in what its figures imply at these tolls: a regression on draws whose
sources were integrated by quadrature (`marginal`) predicts them. Points of a randomly shifted
lattice spread over that prediction, and a few from the prior for what it misses, give an estimate
of the integral that is right on average whatever the prediction is worth; importance sampling stays
exact with weights that are right on average (Beaumont 2003, Genetics 164(3); Fearnhead et al. 2010,
Journal of the Royal Statistical Society B 72(4)). Lattices: Cranley and Patterson (1976), SIAM
Journal on Numerical Analysis 13(6).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tolls.evidence import Evidence
from tolls.factors import (
    MOST_EXACT,
    components_at,
    exact_reliabilities,
    log_products,
    logit_reliabilities,
)
from tolls.likelihood import Growth, Offsets, offsets
from tolls.marginal import SourceDraws
from tolls.standins import SourceArrays, honest_odds

__all__ = ["CELLS", "Conditional", "Estimated", "predictors"]

type Floats = NDArray[np.floating[Any]]

LATTICES = {5: 3, 8: 5, 13: 8, 21: 13, 34: 21, 55: 34}  # Fibonacci's: points, and their stride
FROM_PRIOR = 4  # points of the lattice per point from the prior
WIDER = 1.15  # factor on the variances of the regression's residuals
LOGIT_STEP, LOGIT_REACH, MOST_LOGITS = 1.2, 6.0, 60  # in sd; where exact ones would be more
SWEEPS = 2
OUT = 15.0  # prior sd
CELLS = 3_000_000  # draws times statements at once: some arrays of 24 megabytes
LOG_TAU = math.log(2 * math.pi)


@dataclass(frozen=True)
class Estimated:
    """What the points say of every draw.

    Attributes
    ----------
    log_likelihood : (draw,) array
        Log of an estimate that is right on average.
    drawn : SourceDraws
        A point per draw, with its share of the estimate.
    """

    log_likelihood: Floats
    drawn: SourceDraws


@dataclass(frozen=True)
class Conditional:
    """How one source's log bias and log scatter depend on the coordinates.

    Everything is in units of the source's prior, in which both are standard normal.

    Attributes
    ----------
    arrays : SourceArrays
    slopes : (predictor, 2) array
        Coefficients of what `predictors` gives.
    unsure : (predictor, predictor) array
        Their covariance in units of the residuals' variance.
    root : (2, 2) array
        Lower Cholesky factor of the residuals' covariance.
    reliability, log_share : (node,) arrays
        Nodes over the reliability and the logs of their weights.
    size : int
        Number of points of the lattice.
    """

    arrays: SourceArrays
    slopes: Floats
    unsure: Floats
    root: Floats
    reliability: Floats
    log_share: Floats
    size: int = 8

    @classmethod
    def fitted(
        cls, arrays: SourceArrays, x: Floats, weight: Floats, drawn: SourceDraws
    ) -> "Conditional":
        """Fit to weighted draws of the source's parameters.

        Parameters
        ----------
        arrays : SourceArrays
        x : (draw, predictor) array
            As `predictors` gives them.
        weight : (draw,) array
            Adds up to one.
        drawn : SourceDraws

        Returns
        -------
        Conditional
        """
        prior, effective = arrays.prior, 1 / (weight**2).sum()
        y = np.stack(
            [
                (drawn.log_bias - prior.bias.mean) / prior.bias.sd,
                (drawn.log_scatter - prior.scatter.mean) / prior.scatter.sd,
            ],
            axis=1,
        )
        information = effective * (x * weight[:, None]).T @ x + np.eye(x.shape[1])
        unsure = np.linalg.inv(information)
        slopes = unsure @ (effective * (x * weight[:, None]).T @ y)
        off = y - x @ slopes
        # draws understate what they were fitted to; where they are few the prior fills in
        few = min(x.shape[1] / effective, 1.0)
        residual = (1 - few**4) * (1 + few) * (weight[:, None] * off).T @ off + few**4 * np.eye(2)
        p, log_share = _reliabilities(arrays, weight, drawn)
        return cls(arrays, slopes, unsure, np.linalg.cholesky(WIDER * residual), p, log_share)

    def smallest(self) -> "Conditional":
        """Return the same with the smallest number of points."""
        return replace(self, size=min(LATTICES))

    def larger(self) -> "Conditional | None":
        """Return the same with the next larger number of points, if there is one."""
        sizes = [size for size in LATTICES if size > self.size]
        return replace(self, size=sizes[0]) if sizes else None

    @property
    def points(self) -> int:
        """Number of points per draw."""
        return self.size + self.size // FROM_PRIOR

    def _points(self, x: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Points (draw, point) of bias and scatter, and log prior over log proposal."""
        k, shift = np.arange(self.size) / self.size, rng.random((2, len(x), 1))
        along = (k + shift[0]) % 1.0, (LATTICES[self.size] * k + shift[1]) % 1.0
        e, f = (ndtri(np.maximum(u, np.finfo(float).tiny)) for u in along)
        anywhere = rng.standard_normal((2, len(x), self.points - self.size))
        mean, (a, _), (b, c) = (x @ self.slopes).T[..., None], *self.root
        stretch = np.sqrt(1 + ((x @ self.unsure) * x).sum(axis=1))[:, None]
        bias = np.hstack([mean[0] + stretch * (a * e), anywhere[0]])
        scatter = np.hstack([mean[1] + stretch * (b * e + c * f), anywhere[1]])
        e = (bias - mean[0]) / (a * stretch)
        f = (scatter - mean[1]) / (c * stretch) - b / c * e
        log_near = math.log(self.size / self.points / (a * c)) - 2 * np.log(stretch)
        log_near = log_near - 0.5 * (e * e + f * f)
        log_prior = -0.5 * (bias * bias + scatter * scatter)
        log_anywhere = math.log(1 - self.size / self.points) + log_prior
        return bias, scatter, log_prior - np.logaddexp(log_near, log_anywhere)

    def estimated(
        self, evidence: Evidence, level: Floats, growth: Growth, z: Floats, rng: np.random.Generator
    ) -> Estimated:
        """Estimate the marginal likelihood of every draw.

        Parameters
        ----------
        evidence : Evidence
        level : (draw, name) array
            Log size plus shared bias, in the order of ``case.names``.
        growth : Growth
        z : (draw, dimension) array
            The draws in prior coordinates.
        rng : numpy.random.Generator

        Returns
        -------
        Estimated
        """
        arrays, prior = self.arrays, self.arrays.prior
        at = offsets(evidence, level, growth, arrays.columns)
        bias, log_scatter, value = self._points(_predictors(arrays, at, z), rng)
        # a prediction far out has no prior probability left: its likelihood need only be a number
        bias = prior.bias.mean + prior.bias.sd * np.clip(bias, -OUT, OUT)
        log_scatter = prior.scatter.mean + prior.scatter.sd * np.clip(log_scatter, -OUT, OUT)
        draw = np.arange(len(z))
        components = components_at(arrays, at, level, draw, bias, log_scatter)
        p = self.reliability.astype(np.float32)[:, None, None]
        scale, product = log_products(arrays, components, p, bias.shape)
        share = np.exp(self.log_share).astype(np.float32)
        value += scale + np.log(np.tensordot(share, product, 1))
        top = value.max(axis=1)
        mass = np.exp(value - top[:, None])
        mean = mass.mean(axis=1)
        pick = (value + rng.gumbel(size=value.shape)).argmax(axis=1)
        of_p = share[:, None] * product[:, draw, pick]
        of_p /= of_p.sum(axis=0)
        logits = np.log(self.reliability / (1 - self.reliability))
        logit = logits @ of_p
        drawn = SourceDraws(
            bias[draw, pick],
            log_scatter[draw, pick],
            logit,
            np.sqrt(np.maximum(logits**2 @ of_p - logit**2, 0.0)),
        )
        return Estimated(top + np.log(mean), drawn)

    def recovered(
        self,
        evidence: Evidence,
        level: Floats,
        growth: Growth,
        drawn: SourceDraws,
        rng: np.random.Generator,
    ) -> Floats:
        """Draw the reliability given everything else, (draw,).

        A node of the exact rule is drawn, then who was honest, then the reliability: from its
        posterior, for the nodes integrate every product of reliabilities exactly. Where they do not
        quite, more sweeps bring it there.
        """
        arrays, prior = self.arrays, self.arrays.prior.reliability
        at = offsets(evidence, level, growth, arrays.columns)
        components = components_at(
            arrays, at, level, np.arange(len(level)), drawn.log_bias[:, None],
            drawn.log_scatter[:, None],
        )  # fmt: skip
        odds = np.array([honest_odds(c, arrays.presets)[:, 0] for c in components], dtype=float)
        nodes = self.reliability[:, None]
        value = np.repeat(self.log_share[:, None], len(level), axis=1)
        for one in odds:
            value += np.log1p(nodes * (one - 1))
        p = self.reliability[(value + rng.gumbel(size=value.shape)).argmax(axis=0)]
        for _ in range(SWEEPS):
            honest = (rng.random(odds.shape) * (1 - p + p * odds) < p * odds).sum(axis=0)
            p = rng.beta(prior.a + honest, prior.b + len(odds) - honest)
            # what rounds to an end of the open interval is its nearest number inside
            p = np.clip(p, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
        return p


def predictors(
    evidence: Evidence, arrays: SourceArrays, level: Floats, growth: Growth, z: Floats
) -> Floats:
    """Return what a source's bias and scatter are predicted from.

    Parameters
    ----------
    evidence, arrays, level, growth, z
        As in `Conditional.estimated`.

    Returns
    -------
    (draw, predictor) array
        A constant, the coordinates, and what the source's figures imply of both.
    """
    rows = max(CELLS // arrays.columns.size, 1)
    pieces = [slice(i, i + rows) for i in range(0, len(z), rows)]
    found = (offsets(evidence, level[p], growth.of(p), arrays.columns) for p in pieces)
    return np.concatenate(
        [_predictors(arrays, at, z[p]) for at, p in zip(found, pieces, strict=True)]
    )


def _predictors(arrays: SourceArrays, at: Offsets, z: Floats) -> Floats:
    """Return `predictors` from offsets.

    Weighted least squares with the scatter at its prior's mean, in units of the prior; who is
    gross in error is not known here.
    """
    prior, pull = arrays.prior, 1 - arrays.link
    variance = (1 - arrays.link**2) * math.exp(2 * prior.scatter.mean)
    weight = 1 / (variance + at.extra_leaning + arrays.width)
    reach = arrays.target - at.leaning
    precision = (weight * pull**2).sum(axis=1) + prior.bias.sd**-2
    pulled = (weight * pull * (reach - pull * prior.bias.mean)).sum(axis=1)
    bias = prior.bias.mean + pulled / precision
    off = weight * (reach - pull * bias[:, None]) ** 2
    # as if the prior had seen one more figure
    log_ratio = np.log((off.sum(axis=1) + 1) / (arrays.columns.size + 1)) / 2
    implied = (bias - prior.bias.mean) / prior.bias.sd, log_ratio / prior.scatter.sd
    return np.column_stack([np.ones(len(z)), z, *implied])


def _reliabilities(
    arrays: SourceArrays, weight: Floats, drawn: SourceDraws
) -> tuple[Floats, Floats]:
    """Nodes over the reliability and their log weights: exact, or wide around what was drawn."""
    if arrays.terms <= MOST_EXACT:
        return exact_reliabilities(arrays)
    middle = weight @ drawn.logit
    narrow = math.sqrt(weight @ drawn.logit_sd**2)
    wide = math.sqrt(weight @ (drawn.logit - middle) ** 2 + narrow**2)
    count = min(2 * math.ceil(LOGIT_REACH * wide / (LOGIT_STEP * narrow)) + 1, MOST_LOGITS)
    logits, step = np.linspace(
        middle - LOGIT_REACH * wide, middle + LOGIT_REACH * wide, count, retstep=True
    )
    return logit_reliabilities(arrays, logits, step)
