"""The collapsed engine: the posterior without a Markov chain and without compiling anything.

Given the tolls the sources are independent, so every source's own parameters are integrated out and
few dimensions remain; these are sampled by importance (`importance`), starting from every mode
(`modes`). The first draws integrate by quadrature (`marginal`), which teaches where a source's
parameters lie given the tolls; the rounds that follow estimate from a few points there
(`conditionals`). Each draw's source parameters come with its estimate.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.conditionals import CELLS, Conditional, Estimated, predictors
from tolls.constants import KHAT_LIMIT
from tolls.convergence import least_tail_ess
from tolls.coordinates import Coordinates
from tolls.evidence import Evidence
from tolls.importance import SPARE, Mixture, Weighted, adapted, log_prior, pareto_k, pooled
from tolls.marginal import SourceDraws, log_marginal
from tolls.modes import Mode, find_modes
from tolls.nodes import FINE, ROUGH, Accuracy
from tolls.standins import SourceArrays, source_arrays
from tolls.threads import ONE_THREAD

__all__ = ["MOST_DIMENSIONS", "Collapsed", "Posterior", "run"]

type Floats = NDArray[np.floating[Any]]
type Arrays = dict[str, NDArray[np.float64]]
type _Task = tuple[SourceArrays, slice]

MOST_DIMENSIONS = 20
CHAINS, DRAWS = 4, 1500
PILOT = 100  # draws of the first round, by quadrature
ROUND, MOST_ROUNDS = 800, 20  # draws of a round of adaptation by estimates, and rounds
PATIENCE = 7  # rounds of adaptation after which a longer one is tried, good proposal or not
LEARNT = 60.0  # effective draws that sources are predicted from
ADAPTED = 0.3  # effective share of a round's draws from which the proposal is good enough
NOISE = 0.5  # squared relative error of estimates, all sources together, in the last round
QUIETER = 5.0  # times less of it after every last round that failed
MOST = 30_000  # draws of the last round
LEARNING = 1.2  # factor that a round's draws add to the effective share of the next, about
ALMOST = 0.6  # share of enough effective draws from which more are drawn, not another proposal
STUBBORN = 0.1  # the same, once a last round has failed
SPARE_DRAWS, LEAST_MORE = 1.2, 200  # factor on the draws thought lacking, and the fewest
ENOUGH = 2000.0  # effective draws, of the whole and of every tail, before sampling stops
TEMPERATURES = (1.0, 0.3, 0.1)  # shares of a mode's own information in the first proposal
SEPARATE = 4.0  # squared distance in first proposals from which modes are groups of their own
HEIGHT = 10.0  # nats below the highest at which a mode gets no component
LEAST_MODE = 0.01
QUADRATURE = 60  # points per draw and source, about
CHECKED = 50  # draws at which estimates are repeated to tell how noisy they are
LEAST_WORK, MOST_WORK = 8_000, 60_000  # points of a piece: worth a thread's while, and in its cache
PIECES = 4  # of all work, about, in which a source of many statements is shared


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


@dataclass(frozen=True)
class _Evaluated:
    """Log density of draws, and draws of every source's own parameters."""

    log_density: Floats
    drawn: dict[str, SourceDraws]


@dataclass(frozen=True)
class _Round:
    """Draws from a proposal that stays fixed meanwhile.

    Attributes
    ----------
    mixture, conditionals
        The proposals of the coordinates and of the sources' parameters.
    z : (draw, dimension) array
    log_size : (draw, name) array
    shared : (draw,) array
        Shared bias, drawn given the coordinates.
    evaluated : _Evaluated
    noise : dict of str to float
        Squared relative error of every source's estimates.
    """

    mixture: Mixture
    conditionals: dict[str, Conditional]
    z: Floats
    log_size: Floats
    shared: Floats
    evaluated: _Evaluated
    noise: dict[str, float] = field(default_factory=dict)

    @cached_property
    def weighted(self) -> Weighted:
        """The draws with their raw weights."""
        return Weighted(self.z, self.evaluated.log_density - self.mixture.log_density(self.z))

    @cached_property
    def effective(self) -> float:
        """Smallest effective number of draws, of the whole and of the tails of every node."""
        tails = (least_tail_ess(self.weighted, values) for values in self.log_size.T)
        return min(self.weighted.ess, *tails)

    def joined(self, other: "_Round") -> "_Round":
        """Put draws of another round from the same proposal after these."""
        one, two = self.evaluated, other.evaluated
        both = _Evaluated(
            np.concatenate([one.log_density, two.log_density]),
            {n: SourceDraws.joined([d, two.drawn[n]]) for n, d in one.drawn.items()},
        )
        z, log_size, shared = (
            np.concatenate([getattr(self, n), getattr(other, n)])
            for n in ("z", "log_size", "shared")
        )
        return replace(self, z=z, log_size=log_size, shared=shared, evaluated=both)


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
    # the threads are ours; more of them in the linear algebra gain nothing
    with ONE_THREAD, ThreadPoolExecutor(_workers()) as pool:
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
        """Log of prior times likelihood, (draw,), sources integrated out by quadrature.

        Parameters
        ----------
        z : (draw, dimension) array
            Points in prior coordinates.
        accuracy : Accuracy
        """
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)
        total = log_prior(z)

        def work(source: SourceArrays, rows: slice, _: np.random.Generator) -> Floats:
            return log_marginal(self.evidence, source, level[rows], growth.of(rows), accuracy)[0]

        for _, rows, found in self._shared(
            work, len(z), self._each(QUADRATURE), np.random.SeedSequence(0)
        ):
            total[rows] += found
        return total

    def _pilot(self, z: Floats, seed: np.random.SeedSequence) -> _Evaluated:
        """Integrate sources roughly at every point, and draw what was integrated out."""
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)

        def work(source: SourceArrays, rows: slice, rng: np.random.Generator) -> Estimated:
            value, drawn = log_marginal(
                self.evidence, source, level[rows], growth.of(rows), ROUGH, rng
            )
            assert drawn is not None
            return Estimated(value, drawn)

        return self._collected(z, self._shared(work, len(z), self._each(QUADRATURE), seed))

    def _estimated(
        self, z: Floats, conditionals: dict[str, Conditional], seed: np.random.SeedSequence
    ) -> _Evaluated:
        """Estimate the density at every point, and draw what was integrated out."""
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)

        def work(source: SourceArrays, rows: slice, rng: np.random.Generator) -> Estimated:
            given = self.evidence, level[rows], growth.of(rows), z[rows], rng
            return conditionals[source.name].estimated(*given)

        points = {name: c.points for name, c in conditionals.items()}
        return self._collected(z, self._shared(work, len(z), points, seed))

    def _each(self, points: int) -> dict[str, int]:
        return {s.name: points for s in self.sources}

    def _collected(
        self, z: Floats, parts: Iterator[tuple[SourceArrays, slice, Estimated]]
    ) -> _Evaluated:
        found = _Evaluated(log_prior(z), {})
        for source, rows, part in parts:
            found.log_density[rows] += part.log_likelihood
            found.drawn.setdefault(source.name, SourceDraws.empty(len(z))).put(rows, part.drawn)
        return found

    def _shared[T](
        self,
        work: Callable[[SourceArrays, slice, np.random.Generator], T],
        count: int,
        points: dict[str, int],
        seed: np.random.SeedSequence,
    ) -> Iterator[tuple[SourceArrays, slice, T]]:
        """Share work on draws among threads; every piece has random numbers of its own."""
        tasks = list(self._tasks(count, points))

        def piece(task: _Task, own: np.random.SeedSequence) -> T:
            return work(*task, np.random.default_rng(own))

        found = self.pool.map(piece, tasks, seed.spawn(len(tasks)))
        for task, part in zip(tasks, found, strict=True):
            yield *task, part

    def _tasks(self, count: int, points: dict[str, int]) -> Iterator[_Task]:
        """Pieces of work, the largest sources first; the same for any number of threads."""
        load = {s.name: s.terms * points[s.name] for s in self.sources}
        for source in sorted(self.sources, key=lambda s: -load[s.name]):
            size = count * points[source.name]
            fair = math.ceil(PIECES * load[source.name] / sum(load.values()))
            least = math.ceil(max(size / MOST_WORK, source.terms * count / CELLS))
            pieces = max(least, min(fair, size // LEAST_WORK))
            rows = math.ceil(count / pieces)
            yield from ((source, slice(i, i + rows)) for i in range(0, count, rows))

    def sample(self, seed: int) -> Posterior:
        """Adapt a proposal, draw from it, recover everything that was integrated out."""
        rng, seeds = np.random.default_rng([seed, 2]), np.random.SeedSequence([seed, 4])
        rounds = [self._round(self._first_proposal(), {}, PILOT, rng, seeds)]
        count = ROUND
        for done in range(MOST_ROUNDS):
            proposal = self._learnt(rounds)
            last = self._round(*proposal, count, rng, seeds)
            # where learning from a last round did not help, the same proposal is drawn from longer
            tried = any(len(r.z) > ROUND for r in rounds)
            least = ENOUGH * (STUBBORN if tried else ALMOST)
            while least <= last.effective < ENOUGH and len(last.z) < MOST:
                lacking = (ENOUGH / last.effective - 1) * len(last.z)
                more = min(max(math.ceil(SPARE_DRAWS * lacking), LEAST_MORE), MOST - len(last.z))
                last = last.joined(self._round(*proposal, more, rng, seeds))
            if last.effective >= ENOUGH and pareto_k(last.weighted.log_weight) < KHAT_LIMIT:
                break
            last = replace(last, noise=self._noise(last, rng, seeds.spawn(1)[0]))
            rounds.append(last)
            share = last.weighted.ess / len(last.z)
            # what is lost to noise is not the proposal's fault
            good = math.log(share) + sum(last.noise.values()) >= math.log(ADAPTED)
            ready = good or len(last.z) > ROUND or done >= PATIENCE
            count = math.ceil(ENOUGH / np.clip(LEARNING * share, 0.3, 1.0)) if ready else ROUND
        return self._posterior(last, rng, seeds)

    def _round(
        self,
        mixture: Mixture,
        conditionals: dict[str, Conditional],
        count: int,
        rng: np.random.Generator,
        seeds: np.random.SeedSequence,
    ) -> _Round:
        """Draw and evaluate, by quadrature where there are no conditionals yet."""
        z, own = mixture.draw(count, rng), seeds.spawn(1)[0]
        shared = self.coordinates.shared_bias(z, rng)
        log_size = self.coordinates.log_size(z, shared)
        found = self._estimated(z, conditionals, own) if conditionals else self._pilot(z, own)
        return _Round(mixture, conditionals, z, log_size, shared, found)

    def _learnt(self, rounds: Sequence[_Round]) -> tuple[Mixture, dict[str, Conditional]]:
        """Adapt the proposals of the coordinates and of the sources to all rounds."""
        together = pooled([(r.z, r.evaluated.log_density, r.mixture) for r in rounds])
        weight, last = together.flattened(LEARNT), rounds[-1]
        z, conditionals = together.z, {}
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)
        for source in self.sources:
            drawn = SourceDraws.joined([r.evaluated.drawn[source.name] for r in rounds])
            x = predictors(self.evidence, source, level, growth, z)
            conditionals[source.name] = Conditional.fitted(source, x, weight, drawn)
        if last.noise:
            points = {name: c.points * last.noise[name] for name, c in last.conditionals.items()}
            # noise is told where most draws are: where a few weigh too much, less of it is allowed
            failed = sum(len(r.z) > ROUND for r in rounds)
            conditionals = _resized(conditionals, points, NOISE / QUIETER**failed)
        return adapted(last.mixture, together), conditionals

    def _noise(
        self, last: _Round, rng: np.random.Generator, seed: np.random.SeedSequence
    ) -> dict[str, float]:
        """Squared relative error of every source's estimates, from two at each of some draws."""
        z = last.z[last.weighted.resampled(CHECKED, rng)]
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)

        def work(source: SourceArrays, rows: slice, rng: np.random.Generator) -> Floats:
            given = self.evidence, level[rows], growth.of(rows), z[rows], rng
            of_one = last.conditionals[source.name]
            one, other = (of_one.estimated(*given).log_likelihood for _ in range(2))
            return one - other

        points = {name: c.points for name, c in last.conditionals.items()}
        apart: dict[str, list[Floats]] = {n: [] for n in points}
        for source, _, part in self._shared(work, len(z), points, seed):
            apart[source.name].append(part)
        return {n: float((np.concatenate(parts) ** 2).mean() / 2) for n, parts in apart.items()}

    def _posterior(
        self, last: _Round, rng: np.random.Generator, seeds: np.random.SeedSequence
    ) -> Posterior:
        chosen = last.weighted.resampled(CHAINS * DRAWS, rng)
        drawn = {name: of_all.at(chosen) for name, of_all in last.evaluated.drawn.items()}
        arrays = self._arrays(
            last.z[chosen], last.shared[chosen], drawn, last.conditionals, seeds.spawn(1)[0]
        )
        modes = _told(last.mixture, last.weighted, last.log_size)
        return Posterior(arrays, last.weighted, last.log_size, modes)

    def _first_proposal(self) -> Mixture:
        """Components for every mode near the highest, wider than stand-ins have them."""
        kept: list[tuple[Mode, Floats]] = []
        for mode in find_modes(self.coordinates, self.sources):
            wide = _tempered(mode.covariance, min(TEMPERATURES))
            apart = (
                (mode.mean - m.mean) @ np.linalg.solve(wide + w, mode.mean - m.mean)
                for m, w in kept
            )
            if all(d > SEPARATE for d in apart):
                kept.append((mode, wide))
        share, shears = np.ones(1), self.coordinates.shears
        if len(kept) > 1:  # stand-ins tell where modes are, not how high
            height = self.log_density(np.array([m.mean for m, _ in kept]), ROUGH)
            height += [0.5 * np.linalg.slogdet(m.covariance)[1] for m, _ in kept]
            share = np.exp(height - height.max()) * (height > height.max() - HEIGHT)
        parts = [
            (
                share[group] + SPARE,
                *shears.linearised(mode.mean, _tempered(mode.covariance, t)),
                group,
            )
            for group, (mode, _) in enumerate(kept)
            for t in TEMPERATURES
            if share[group] > 0
        ]
        return Mixture.of(parts, shears)

    def _arrays(
        self,
        z: Floats,
        shared: Floats,
        drawn: dict[str, SourceDraws],
        conditionals: dict[str, Conditional],
        seed: np.random.SeedSequence,
    ) -> Arrays:
        """Everything that nuts samples, (chain, draw, …), at resampled points."""
        evidence = self.evidence
        level, growth = self.coordinates.level(z), self.coordinates.growth(z)
        names = evidence.case.names
        log_size = self.coordinates.log_size(z, shared)

        def work(source: SourceArrays, rows: slice, rng: np.random.Generator) -> Floats:
            given = level[rows], growth.of(rows), drawn[source.name].at(rows)
            return conditionals[source.name].recovered(evidence, *given, rng)

        reliability = {s.name: np.empty(len(z)) for s in self.sources}
        for source, rows, found in self._shared(work, len(z), self._each(1), seed):
            reliability[source.name][rows] = found
        each = [s.name for s in self.sources]
        flat = {
            "size": np.exp(log_size),
            "bias": np.exp(np.stack([drawn[name].log_bias for name in each], axis=1)),
            "scatter": np.exp(np.stack([drawn[name].log_scatter for name in each], axis=1)),
            "reliability": np.stack([reliability[name] for name in each], axis=1),
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
        if evidence.grows:
            flat |= {"rate": growth.rate, "shape": growth.shape}
        if evidence.searched:
            flat["found"] = growth.found
        if evidence.lists:
            flat |= {"alive": growth.alive, "clearing": growth.clearing, "kept": growth.kept}
        return {name: x.reshape(CHAINS, DRAWS, *x.shape[1:]) for name, x in flat.items()}


def _resized(
    conditionals: dict[str, Conditional], left: dict[str, float], allowed: float
) -> dict[str, Conditional]:
    """Give points to the sources whose noise, so much over their number, they lessen most."""
    sized = {name: c.smallest() for name, c in conditionals.items()}
    while sum(left[name] / c.points for name, c in sized.items()) > allowed:
        larger = {name: more for name, c in sized.items() if (more := c.larger())}
        if not larger:
            break
        gains = {
            name: (left[name] / sized[name].points - left[name] / more.points)
            / ((more.points - sized[name].points) * more.arrays.terms)
            for name, more in larger.items()
        }
        best = max(gains, key=lambda name: gains[name])
        sized[best] = larger[best]
    return sized


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
