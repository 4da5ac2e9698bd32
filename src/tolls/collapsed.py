"""The collapsed engine: the posterior without a Markov chain and without compiling anything.

Every source's own parameters are integrated out (`marginal`), so that few dimensions remain; they
are sampled by importance (`importance`), starting from every mode (`modes`). Each draw's source
parameters are recovered afterwards.
"""

import math
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tolls.convergence import TAILS
from tolls.coordinates import Coordinates
from tolls.evidence import Evidence
from tolls.importance import SPARE, Mixture, Weighted, adapted, log_prior, pooled
from tolls.marginal import SourceDraws, log_marginal, recovered
from tolls.modes import Mode, find_modes
from tolls.nodes import FINE, ROUGH, Accuracy
from tolls.standins import SourceArrays, source_arrays

__all__ = ["MOST_DIMENSIONS", "Collapsed", "Posterior", "run"]

type Floats = NDArray[np.float64]
type Arrays = dict[str, NDArray[np.float64]]
type _Task = tuple[SourceArrays, slice]
type _Part = tuple[Floats, SourceDraws | None]

MOST_DIMENSIONS = 20
CHAINS, DRAWS = 4, 1500
PILOT, LEAST_PILOTS, MOST_PILOTS = (
    400,
    2,
    8,
)  # draws of a round of adaptation, and rounds at the most
ADAPTED = 0.4  # effective share of a round's draws from which the proposal is good enough
FINAL, MORE, MOST = 4400, 600, 16_000  # draws of the last round, at first and in all
ENOUGH = 2000.0  # effective draws, of the whole and of every tail, before sampling stops
TEMPERATURES = (1.0, 0.4, 0.15)  # shares of a mode's own information in the first proposal
SEPARATE = 4.0  # squared distance in first proposals from which modes are groups of their own
HEIGHT = 10.0  # nats below the highest at which a mode gets no component
LEAST_MODE = 0.01
WORK = 24_000  # statements times draws of one task: arrays of some megabytes


@dataclass(frozen=True)
class Posterior:
    """What the engine found.

    Attributes
    ----------
    arrays : dict of str to (chain, draw, …) arrays
        As nuts gives them, tolls apart.
    weighted : Weighted
        The last round, its proposal fixed.
    log_size : (draw, name) array
        Of the last round, before resampling.
    modes : tuple of (float, float)
        Posterior probability of every separate mode, and the median size of the root in it;
        modes of less than `LEAST_MODE` are left out.
    """

    arrays: Arrays
    weighted: Weighted
    log_size: Floats
    modes: tuple[tuple[float, float], ...]


def run(evidence: Evidence, seed: int) -> Posterior:
    """Sample the posterior of a case's evidence.

    Parameters
    ----------
    evidence : Evidence
    seed : int

    Returns
    -------
    Posterior
    """
    with ThreadPoolExecutor(_workers()) as pool:
        return Collapsed(evidence, pool).sample(seed)


def _workers() -> int:
    return min(os.cpu_count() or 1, 8)


class Collapsed:
    """The log posterior density in prior coordinates, and sampling from it.

    Parameters
    ----------
    evidence : Evidence
    pool : Executor
        Threads that share the work; the numbers do not depend on how many.
    """

    def __init__(self, evidence: Evidence, pool: Executor) -> None:
        self.evidence, self.pool = evidence, pool
        self.coordinates = Coordinates(evidence)
        self.sources = source_arrays(evidence)

    def log_density(self, z: Floats, accuracy: Accuracy = FINE) -> Floats:
        """Log of prior times likelihood, (draw,), sources integrated out.

        Parameters
        ----------
        z : (draw, dimension) array
            Points in prior coordinates.
        accuracy : Accuracy
        """
        return self._evaluated(z, accuracy)[0]

    def _evaluated(
        self, z: Floats, accuracy: Accuracy, seed: np.random.SeedSequence | None = None
    ) -> tuple[Floats, dict[str, SourceDraws]]:
        """Log density at every point; with a seed also draws of what was integrated out."""
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)
        tasks = list(self._tasks(len(z)))
        seeds = seed.spawn(len(tasks)) if seed else [None] * len(tasks)

        def work(task: _Task, own: np.random.SeedSequence | None) -> _Part:
            source, rows = task
            rng = np.random.default_rng(own) if own else None
            return log_marginal(self.evidence, source, level[rows], growth.of(rows), accuracy, rng)

        total = log_prior(z)
        drawn: dict[str, SourceDraws] = {}
        found = self.pool.map(work, tasks, seeds)
        for (source, rows), (part, draws) in zip(tasks, found, strict=True):
            total[rows] += part
            if draws is not None:
                drawn.setdefault(source.name, SourceDraws.empty(len(z))).put(rows, draws)
        return total, drawn

    def _tasks(self, count: int) -> Iterator[_Task]:
        """Pieces of work, the largest sources first; the same for any number of threads."""
        for source in sorted(self.sources, key=lambda s: -s.terms):
            # a source of one statement is interpolated among all draws
            size = (
                count if source.terms == 1 else max(16, min(WORK // source.terms, count // 2 + 1))
            )
            yield from ((source, slice(i, i + size)) for i in range(0, count, size))

    def sample(self, seed: int) -> Posterior:
        """Adapt a proposal, draw from it, recover everything that was integrated out."""
        rng = np.random.default_rng([seed, 2])
        mixture = self._first_proposal()
        rounds: list[tuple[Floats, Floats, Mixture]] = []
        efficiency = 0.0
        while len(rounds) < LEAST_PILOTS or (efficiency < ADAPTED and len(rounds) < MOST_PILOTS):
            z = mixture.draw(PILOT, rng)
            density = self.log_density(z, ROUGH)
            efficiency = Weighted(z, density - mixture.log_density(z)).ess / PILOT
            rounds.append((z, density, mixture))
            mixture = adapted(mixture, pooled(rounds))
        seeds, batches = np.random.SeedSequence([seed, 4]), []
        z, log_weight = np.empty((0, self.coordinates.dimension)), np.empty(0)
        while True:
            more = mixture.draw(MORE if len(z) else FINAL, rng)
            density, drawn = self._evaluated(more, FINE, seeds.spawn(1)[0])
            batches.append(drawn)
            log_weight = np.append(log_weight, density - mixture.log_density(more))
            z = np.concatenate([z, more])
            weighted = Weighted(z, log_weight)
            shared = self.coordinates.shared_bias(z, np.random.default_rng([seed, 3]))
            log_size = self.coordinates.level(z) - shared[:, None]
            if len(z) >= MOST or self._least_ess(weighted, log_size) >= ENOUGH:
                break
        chosen = weighted.resampled(CHAINS * DRAWS, rng)
        drawn = {name: SourceDraws.joined([b[name] for b in batches]) for name in batches[0]}
        arrays = self._arrays(
            z[chosen],
            shared[chosen],
            {n: d.at(chosen) for n, d in drawn.items()},
            seeds.spawn(1)[0],
        )
        return Posterior(arrays, weighted, log_size, _told(mixture, weighted, log_size))

    @staticmethod
    def _least_ess(weighted: Weighted, log_size: Floats) -> float:
        tails = [weighted.tail_ess(x, q) for x in log_size.T for q in TAILS]
        return min(weighted.ess, *tails)

    def _first_proposal(self) -> Mixture:
        """Components for every mode near the highest, wider than stand-ins have them."""
        found = find_modes(self.coordinates, self.sources)
        means = np.array([m.mean for m in found])
        height = self.log_density(means, ROUGH)
        height += [0.5 * np.linalg.slogdet(m.covariance)[1] for m in found]
        kept: list[tuple[Mode, Floats, float]] = []
        for i in np.argsort(-height):
            covariance = _tempered(found[i].covariance, min(TEMPERATURES))
            apart = [
                (found[i].mean - m.mean) @ np.linalg.solve(covariance + c, found[i].mean - m.mean)
                for m, c, _ in kept
            ]
            if height[i] > height.max() - HEIGHT and all(d > SEPARATE for d in apart):
                kept.append((found[i], covariance, math.exp(height[i] - height.max())))
        parts = [
            (share + SPARE, mode.mean, _tempered(mode.covariance, t), group)
            for group, (mode, _, share) in enumerate(kept)
            for t in TEMPERATURES
        ]
        return Mixture.of(parts)

    def _arrays(
        self,
        z: Floats,
        shared: Floats,
        drawn: dict[str, SourceDraws],
        seed: np.random.SeedSequence,
    ) -> Arrays:
        """Everything that nuts samples, (chain, draw, …), at resampled points."""
        evidence, presets = self.evidence, self.evidence.case.presets
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)
        names = evidence.case.names
        log_size = level - shared[:, None]
        tasks = list(self._tasks(len(z)))

        def work(task: _Task, own: np.random.SeedSequence) -> SourceDraws:
            source, rows = task
            begun = drawn[source.name].at(rows) if source.name in drawn else None
            rng = np.random.default_rng(own)
            return recovered(evidence, source, level[rows], growth.of(rows), begun, rng)

        sources = np.empty((3, len(z), len(self.sources)))
        position = {s.name: i for i, s in enumerate(self.sources)}
        parts = self.pool.map(work, tasks, seed.spawn(len(tasks)))
        for (source, rows), part in zip(tasks, parts, strict=True):
            where = rows, position[source.name]
            sources[0][where], sources[1][where] = part.log_bias, part.log_scatter
            sources[2][where] = part.reliability
        flat = {
            "size": np.exp(log_size),
            "bias": np.exp(sources[0]),
            "scatter": np.exp(sources[1]),
            "reliability": sources[2],
            "kappa": shared,
            "eta": growth.eta,
        }
        shares = [
            log_size[:, names.index(part)] - log_size[:, names.index(p.of)]
            for p in evidence.case.categories.ordered_partitions
            for part in p.into
        ]
        if shares:
            flat["share"] = np.exp(np.stack(shares, axis=1))
        if presets.event_kinds[evidence.case.kind].rate is not None:
            flat |= {"rate": growth.rate, "shape": growth.shape}
        return {name: x.reshape(CHAINS, DRAWS, *x.shape[1:]) for name, x in flat.items()}


def _told(
    mixture: Mixture, weighted: Weighted, log_size: Floats
) -> tuple[tuple[float, float], ...]:
    """Return probability and median size of the root of every group of the proposal."""
    group = mixture.group[mixture.log_parts(weighted.z)[:, :-1].argmax(axis=1)]
    order = np.argsort(log_size[:, 0])
    found = []
    for g in np.unique(mixture.group):
        cumulated = np.cumsum(np.where(group == g, weighted.weight, 0.0)[order])
        mass = float(cumulated[-1])
        if mass >= LEAST_MODE:
            median = log_size[order[np.searchsorted(cumulated, mass / 2)], 0]
            found.append((mass, float(np.exp(median))))
    return tuple(sorted(found, reverse=True))


def _tempered(covariance: Floats, temperature: float) -> Floats:
    """Take a share of what the data add to the standard normal prior's information."""
    eye = np.eye(len(covariance))
    return np.linalg.inv((1 - temperature) * eye + temperature * np.linalg.inv(covariance))
