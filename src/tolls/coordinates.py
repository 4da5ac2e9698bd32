"""The few unknowns that all sources look at, in coordinates with a standard normal prior.

What sources see of a root and of the bias they share is the sum of their logs alone, so that sum is
the first coordinate, and the two are told apart afterwards, exactly, as the prior has it. Only an
anchor of the level sees the root itself: where there is one, each is a coordinate.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from tolls.evidence import Evidence, Exposures
from tolls.likelihood import Growth, levels, log_known
from tolls.shears import Shears, Shift, Sticks, contrasts

__all__ = ["Coordinates", "log_sum"]

type Floats = NDArray[np.floating[Any]]

FARTHEST, KNOTS = 9.0, 4001  # of the table of a Beta's quantiles, in sd of a normal
CLEARED = 4.0  # days of clearing gone by after which a list tells no more of its living
SEEN = 7  # statements of a node whose exposures tell what was knowable on average


def log_sum(values: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis."""
    top = values.max(axis=-1)
    total: Floats = top + np.log(np.exp(values - top[..., None]).sum(axis=-1))
    return total


@lru_cache(maxsize=64)
def _log_beta(a: float, b: float) -> tuple[Floats, Floats]:
    """Table of the log of a Beta variate by the normal one of the same probability."""
    knots = np.linspace(-FARTHEST, FARTHEST, KNOTS)
    return knots, np.log(betaincinv(a, b, ndtr(knots)))


def _beta(z: Floats, a: float, b: float) -> Floats:
    """Beta variates of the same probability as normal ones."""
    variate: Floats = np.exp(np.interp(z, *_log_beta(a, b)))
    return variate


@dataclass(frozen=True)
class Coordinates:
    """Coordinates of a case's evidence: level of the root, shares, then those of `places`."""

    evidence: Evidence

    @cached_property
    def places(self) -> dict[str, int]:
        """Where the coordinates stand that come after level and shares."""
        evidence, case = self.evidence, self.evidence.case
        first = 1 + sum(len(p.into) - 1 for p in case.categories.partitions)
        names = [
            *(["shared"] if evidence.anchored else []),
            *(["found"] if evidence.searched else []),
            *(f"{of} {name}" for name in evidence.lists for of in ("alive", "clearing", "kept")),
            *(["eta", "rate", "shape"] if evidence.grows else ["eta"]),
        ]
        return {name: first + i for i, name in enumerate(names)}

    @cached_property
    def dimension(self) -> int:
        """Number of coordinates."""
        return 1 + max(self.places.values())

    @cached_property
    def level_sd(self) -> float:
        """Prior sd of the first coordinate: of the log root plus the shared bias.

        Of the log root alone where there is an anchor, which tells the two apart.
        """
        case = self.evidence.case
        if self.evidence.anchored:
            return case.root_prior.sd
        return math.hypot(case.root_prior.sd, case.presets.shared_bias.sd)

    @cached_property
    def shears(self) -> Shears:
        """Maps to coordinates in which what the data know lies along the axes."""
        sticks = tuple(self._sticks())
        lists = (Listed(self, name) for name in self.evidence.lists)
        return Shears((*lists, *sticks, Seen(self, sticks)))

    def _sticks(self) -> Iterator[Sticks]:
        """Partitions; the parts most spoken of are broken off first."""
        categories = self.evidence.case.categories
        told = [s.node for s in self.evidence.statements]
        told += [part for c in self.evidence.compositions for part in c.parts]
        spoken = Counter(
            above
            for name in told
            for member in categories.members(name)
            for above in (member, *categories.ancestors(member))
        )
        first = 1
        for p in categories.ordered_partitions:
            order = sorted(range(len(p.into)), key=lambda i: -spoken[p.into[i]])
            yield Sticks(first, tuple(order), p.sd)
            first += len(p.into) - 1

    def level(self, z: Floats) -> Floats:
        """Return what sources see of sizes, as `likelihood.levels` lays it out."""
        case = self.evidence.case
        categories = case.categories
        logs = {categories.root: case.root_prior.mean + self.level_sd * z[:, 0]}
        first = 1
        for partition in categories.ordered_partitions:
            last = first + len(partition.into) - 1
            odds = partition.sd * z[:, first:last] @ contrasts(len(partition.into))
            shares = odds - log_sum(odds)[:, None]
            for i, part in enumerate(partition.into):
                logs[part] = logs[partition.of] + shares[:, i]
            first = last
        columns = []
        for name in case.names:
            members = categories.members(name)
            columns.append(
                logs[name] if name in logs else log_sum(np.stack([logs[m] for m in members], 1))
            )
        found = np.stack(columns, axis=1)
        if self.evidence.anchored:
            return levels(self.evidence, found, self._shared(z))
        return found

    def log_size(self, z: Floats, shared: Floats) -> Floats:
        """Log sizes of every node and union, (draw, name), given the shared bias."""
        count = len(self.evidence.case.names)
        level = self.level(z)
        return level[:, count:] if self.evidence.anchored else level - shared[:, None]

    def _shared(self, z: Floats) -> Floats:
        """Return the shared bias where it has a coordinate of its own."""
        return self.evidence.case.presets.shared_bias.sd * z[:, self.places["shared"]]

    def growth(self, z: Floats) -> Growth:
        """How knowledge grows; a rate, shape and share found of one where there are none."""
        evidence, presets = self.evidence, self.evidence.case.presets
        growth, event = presets.growth, presets.event_kinds[evidence.case.kind]
        own = {name: z[:, place] for name, place in self.places.items()}
        rate: Floats = np.ones(len(z))
        shape = found = rate
        if event.rate is not None and event.rate_sd is not None:
            rate = event.rate * np.exp(event.rate_sd * own["rate"])
            shape = np.exp(growth.shape_log_mean + growth.shape_log_sd * own["shape"])
        if evidence.searched:
            found = _beta(own["found"], *event.found)
        alive, clearing, kept = (np.ones((len(z), len(evidence.lists))) for _ in range(3))
        for i, name in enumerate(evidence.lists):
            of = presets.missing.lists[name]
            alive[:, i] = of.alive * np.exp(of.alive_sd * own[f"alive {name}"])
            clearing[:, i] = self.clearing(z, name)
            kept[:, i] = _beta(own[f"kept {name}"], *of.kept)
        return Growth(growth.eta_sd * own["eta"], rate, shape, found, alive, clearing, kept)

    def clearing(self, z: Floats, name: str) -> Floats:
        """Days in which the living on a list of the missing fall to 1/e of their number."""
        of = self.evidence.case.presets.missing.lists[name]
        days: Floats = of.days * np.exp(of.days_sd * z[:, self.places[f"clearing {name}"]])
        return days

    def shared_bias(self, z: Floats, rng: np.random.Generator) -> Floats:
        """Draw the shared bias given the level of the root, (draw,).

        Of two independent normal logs whose sum is known, the likelihood adds nothing to what the
        prior says of how they split it.
        """
        if self.evidence.anchored:
            return self._shared(z)
        case = self.evidence.case
        shared = case.presets.shared_bias.sd
        split = shared / self.level_sd
        return shared * (split * z[:, 0] + math.sqrt(1 - split**2) * rng.standard_normal(len(z)))


@dataclass(frozen=True)
class Listed(Shift):
    """The living on a list of the missing as they were when the list was read, not at first.

    Few who are long on it and many who are soon heard of are the same figure.
    """

    coordinates: Coordinates
    name: str

    def _moved(self, z: Floats, sign: float) -> Floats:
        """Put those still listed in place of those listed at first, or back."""
        own = self.coordinates
        prior = own.evidence.case.presets.missing.lists[self.name]
        gone = np.minimum(self._days / own.clearing(z, self.name), CLEARED)
        moved = z.copy()
        moved[:, own.places[f"alive {self.name}"]] -= sign * gone / prior.alive_sd
        return moved

    @cached_property
    def _days(self) -> float:
        evidence = self.coordinates.evidence
        on = evidence.now.listed[:, evidence.lists.index(self.name)] > 0
        return float(np.median(evidence.now.days[on]))


@dataclass(frozen=True)
class Seen(Shift):
    """Level and shares as the sources saw them: with the log share knowable when they spoke.

    A low level of which much was knowable and a high one of which little was say the same; so do
    shares, where the parts were spoken of earlier or later than the whole.
    """

    coordinates: Coordinates
    sticks: tuple[Sticks, ...]

    def _moved(self, z: Floats, sign: float) -> Floats:
        """Put what was seen in place of what is, or back; growth, which tells, stays."""
        own = self.coordinates
        categories = own.evidence.case.categories
        known = self._known(z)
        moved = z.copy()
        moved[:, 0] += sign * known[categories.root] / own.level_sd
        for p, stick in zip(categories.ordered_partitions, self.sticks, strict=True):
            broken_off = [p.into[i] for i in stick.order[:-1]]
            by = np.stack([known[part] - known[p.of] for part in broken_off], axis=1)
            moved = stick.moved(moved, sign * by)
        return moved

    def _known(self, z: Floats) -> dict[str, Floats]:
        """Mean log share knowable by node, (draw,); of parts nobody spoke of, as of the whole."""
        own = self.coordinates
        categories, growth = own.evidence.case.categories, own.growth(z)
        found: dict[str, Floats] = {}
        for node in categories.nodes:
            above = categories.parent(node)
            if above is not None and node not in self._exposures:
                found[node] = found[above]
            else:
                exposures = self._exposures[node]
                found[node] = log_known(exposures, growth, own.evidence).mean(axis=1)
        return found

    @cached_property
    def _exposures(self) -> dict[str, Exposures]:
        """Exposures of some statements of every node spoken of, from the earliest to the latest."""
        evidence = self.coordinates.evidence
        categories, days = evidence.case.categories, evidence.now.days
        told: dict[str, list[int]] = {node: [] for node in categories.nodes}
        counts = evidence.now.found & ~evidence.now.unfound
        for i in np.argsort(days):
            if counts.any() and not counts[i]:  # what was seen is what was found
                continue
            members = categories.members(evidence.statements[i].node)
            parts = {a for m in members for a in (m, *categories.ancestors(m))} - {categories.root}
            for node in parts or {categories.root}:
                told[node].append(i)
        if not told[categories.root]:
            told[categories.root] = list(np.argsort(days))
        found = {}
        for node, rows in told.items():
            some = np.linspace(0, len(rows) - 1, min(len(rows), SEEN)).round().astype(np.int64)
            if rows:
                found[node] = evidence.now.of(np.array(rows)[some])
        return found
