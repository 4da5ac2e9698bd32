r"""Another posterior from the draws of a fit, by importance, where they can carry it.

A draw's weight is the ratio of the two posteriors' densities, smoothed by Pareto (Vehtari et al.
2024, JMLR 25(72)). Two things keep weights even. What sources see of the root, its log plus the
bias they share, is weighed as a whole where no anchor tells the two apart, and split anew as the
priors have it; and draws may be moved first: where all biases are taken to be c times as large, the
same reports mean tolls that are so many times smaller.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.apportionment import integer_tolls
from tolls.case import Case
from tolls.constants import KHAT_LIMIT
from tolls.estimate import Estimate
from tolls.evidence import Evidence
from tolls.importance import Weighted
from tolls.likelihood import Parameters, log_likelihood
from tolls.statements import Composition, Statement
from tolls.unknowns import Unknown, behind, rows_of, unknowns

__all__ = ["Drawn", "Reweighter", "Weights"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]
EVEN = 1e-9  # log ratios that differ by less leave everything as it is

type Key = tuple[Statement | Composition, float]


@dataclass(frozen=True)
class Weights:
    """Smoothed log weights of the draws of a fit, and how far to trust them.

    Attributes
    ----------
    log_weight : (draw,) array
    khat : float
    ess : float
        Effective draws that are left of the fit's own.
    ok : bool
        Whether an answer may rest on them.
    """

    log_weight: Floats
    khat: float
    ess: float
    ok: bool


@dataclass(frozen=True)
class Drawn:
    """Tolls under a variant, (draw, node), with the weights that they come from."""

    tolls: Ints
    weights: Weights


@dataclass(frozen=True)
class Reweighter:
    """Draws of one measure's fit, to be reweighted to its variants.

    Parameters
    ----------
    estimate : Estimate
        Of one measure; those of others are left aside.
    """

    estimate: Estimate

    @cached_property
    def _columns(self) -> dict[Key, int]:
        """Position of every unit in `log_likelihoods`; a split's grade is part of what it is."""
        evidence = self.estimate.evidence
        return {key: i for i, key in enumerate(map(_keys(evidence.case), evidence.units))}

    @cached_property
    def log_likelihoods(self) -> Floats:
        """Log likelihood of every unit at every draw, (draw, unit)."""
        return np.hstack(log_likelihood(self.estimate.evidence, self.estimate.parameters))

    @cached_property
    def unknowns(self) -> list[Unknown]:
        """Every unknown with its draws and prior."""
        evidence = self.estimate.evidence
        return unknowns(evidence, self.estimate.parameters)

    def weights(self, log_ratio: Floats) -> Weights:
        """Smooth log density ratios, (draw,), and judge them."""
        from arviz_stats.base import array_stats

        log_weight, khat = np.zeros(len(log_ratio)), -math.inf
        if np.ptp(log_ratio) > EVEN:
            # psislw takes a log likelihood and weighs by one over it
            log_weight, khat = array_stats.psislw(-log_ratio)
        kept = Weighted(np.empty((len(log_ratio), 0)), log_weight).ess / len(log_ratio)
        least = self.estimate.case.presets.sensitivity.least_share
        ok = bool(khat < KHAT_LIMIT and kept >= least)
        return Weights(log_weight, float(khat), kept * self.estimate.diagnostics.ess, ok)

    def picked(self, weights: Weights, order: Floats, rng: np.random.Generator) -> Ints:
        """Pick as many draws as there are, each as often as its weight says.

        They are picked in the order of a quantity, whose quantiles picking then hardly blurs.
        """
        rank = np.argsort(order, kind="stable")
        weighted = Weighted(np.empty((len(rank), 0)), weights.log_weight[rank])
        return rank[weighted.resampled(len(rank), rng)]

    def scaled(self, log_ratio: Floats, rng: np.random.Generator) -> Drawn:
        """Return tolls of the posterior whose density is so many times that of the fit."""
        weights = self.weights(log_ratio)
        rows = self.picked(weights, self.estimate.parameters.log_size[:, 0], rng)
        return Drawn(self.tolls[rows], weights)

    def variant(
        self, evidence: Evidence, rng: np.random.Generator, factor: float = 1.0
    ) -> Drawn | None:
        """Return tolls given other evidence, or the same under other priors.

        Parameters
        ----------
        evidence : Evidence
            Of a variant of the case, on the same measure.
        rng : numpy.random.Generator
        factor : float
            How many times larger all biases are taken to be in it, anchors' apart.

        Returns
        -------
        Drawn, or None
            None where a source or list speaks in it that did not in the fit.
        """
        own = self.estimate.evidence
        if not {*evidence.sources, *evidence.lists} <= {*own.sources, *own.lists}:
            return None
        before = behind(self.estimate.parameters, own, evidence)
        now = self._moved(evidence, before, factor)
        apart = not (own.anchored or evidence.anchored)
        log_ratio = self._prior_ratio(evidence, before, now, apart)
        log_ratio += self._likelihood_ratio(evidence, now)
        weights = self.weights(log_ratio)
        rows = self.picked(weights, now.log_size[:, 0], rng)
        moved = factor != 1 or _seen_priors(own.case) != _seen_priors(evidence.case)
        if moved and not evidence.anchored:
            return Drawn(self._split_anew(evidence.case, rows_of(now, rows), rng), weights)
        return Drawn(self.tolls[rows], weights)

    @property
    def tolls(self) -> Ints:
        """Tolls as fitted, (draw, node)."""
        tolls: Ints = self.estimate.posterior["toll"]
        return tolls.reshape(-1, tolls.shape[-1])

    def _moved(self, evidence: Evidence, now: Parameters, factor: float) -> Parameters:
        """Multiply biases, and divide by as much what is seen of the tolls."""
        if factor == 1:
            return now
        anchors = np.array([evidence.case.voices[name].anchor for name in evidence.sources])
        bias = np.where(anchors, now.bias, factor * now.bias)
        if evidence.anchored:  # anchors see the tolls themselves, others with the shared bias
            return replace(now, bias=bias, kappa=now.kappa - math.log(factor))
        return replace(now, bias=bias, log_size=now.log_size - math.log(factor))

    def _prior_ratio(
        self, evidence: Evidence, before: Parameters, now: Parameters, apart: bool
    ) -> Floats:
        """Log prior density in the variant over that in the fit; sources left out keep theirs."""
        own = self.estimate.evidence
        as_fitted = replace(evidence, case=own.case)
        pairs = zip(unknowns(evidence, now), unknowns(as_fitted, before), strict=True)
        total = np.zeros(len(now.kappa))
        for new, old in pairs:
            if apart and new.block in ("range", "shared bias"):
                continue
            total += new.log_prior - old.log_prior
        if apart:
            for sign, case, at in ((1, evidence.case, now), (-1, own.case, before)):
                mean, sd = _seen_prior(case)
                seen = at.log_size[:, 0] + at.kappa
                total += sign * (-0.5 * ((seen - mean) / sd) ** 2 - math.log(sd))
        return total

    def _likelihood_ratio(self, evidence: Evidence, now: Parameters) -> Floats:
        """Log likelihood in the variant over that in the fit, of the units in which they differ."""
        key = _keys(evidence.case)
        units = {key(unit): unit for unit in evidence.units}
        gone = [i for k, i in self._columns.items() if k not in units]
        total: Floats = -self.log_likelihoods[:, gone].sum(axis=1)
        new = evidence.only(unit for k, unit in units.items() if k not in self._columns)
        if new.units:
            stated, split = log_likelihood(new, behind(now, evidence, new))
            total += stated.sum(axis=1) + split.sum(axis=1)
        return total

    def _split_anew(self, case: Case, now: Parameters, rng: np.random.Generator) -> Ints:
        """Split what is seen of the root into root and shared bias, and round to whole people."""
        root, shared = case.root_prior, case.presets.shared_bias.sd
        mean, sd = _seen_prior(case)
        seen = now.log_size[:, 0] + now.kappa
        kappa = (shared / sd) ** 2 * (seen - mean)
        kappa += shared * root.sd / sd * rng.standard_normal(len(seen))
        log_size = now.log_size + (now.kappa - kappa)[:, None]
        return integer_tolls(log_size, case.categories, int(rng.integers(2**32)))


def _keys(case: Case) -> Any:
    def key(unit: Statement | Composition) -> Key:
        split = isinstance(unit, Composition)
        return unit, case.source_prior(unit.source).composition if split else 0.0

    return key


def _seen_priors(case: Case) -> tuple[float, float, float]:
    return case.root_prior.mean, case.root_prior.sd, case.presets.shared_bias.sd


def _seen_prior(case: Case) -> tuple[float, float]:
    """Prior mean and sd of what sources see of the root: its log plus the shared bias."""
    return case.root_prior.mean, math.hypot(case.root_prior.sd, case.presets.shared_bias.sd)
