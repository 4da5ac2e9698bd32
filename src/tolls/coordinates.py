"""The few unknowns that all sources look at, in coordinates with a standard normal prior.

What sources see of a root and of the bias they share is the sum of their logs alone, so that sum is
the first coordinate, and the two are told apart afterwards, exactly, as the prior has it.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.evidence import Evidence
from tolls.likelihood import Growth

__all__ = ["Coordinates", "log_sum"]

type Floats = NDArray[np.floating[Any]]


def log_sum(values: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis."""
    top = values.max(axis=-1)
    total: Floats = top + np.log(np.exp(values - top[..., None]).sum(axis=-1))
    return total


def _contrasts(parts: int) -> Floats:
    """Return an orthonormal basis of what adds up to zero, (part - 1, part): Helmert's."""
    basis = np.zeros((parts - 1, parts))
    for i in range(1, parts):
        basis[i - 1, :i] = 1.0
        basis[i - 1, i] = -i
        basis[i - 1] /= math.sqrt(i * (i + 1))
    return basis


@dataclass(frozen=True)
class Coordinates:
    """Coordinates of a case's evidence: level of the root, shares, growth, in this order."""

    evidence: Evidence

    @cached_property
    def grows(self) -> bool:
        """Whether the kind of event has a growth of knowledge."""
        case = self.evidence.case
        return case.presets.event_kinds[case.kind].rate is not None

    @cached_property
    def dimension(self) -> int:
        """Number of coordinates."""
        partitions = self.evidence.case.categories.partitions
        return 1 + sum(len(p.into) - 1 for p in partitions) + (3 if self.grows else 1)

    @cached_property
    def level_sd(self) -> float:
        """Prior sd of the log root plus the shared bias."""
        case = self.evidence.case
        return math.hypot(case.root_prior.sd, case.presets.shared_bias.sd)

    def level(self, z: Floats) -> Floats:
        """Log size plus shared bias of every node and union, (draw, name)."""
        case = self.evidence.case
        categories = case.categories
        logs = {categories.root: case.root_prior.mean + self.level_sd * z[:, 0]}
        first = 1
        for partition in categories.ordered_partitions:
            last = first + len(partition.into) - 1
            odds = partition.sd * z[:, first:last] @ _contrasts(len(partition.into))
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
        return np.stack(columns, axis=1)

    def growth(self, z: Floats) -> Growth:
        """How knowledge grows; a rate and shape of one where the kind of event has none."""
        case = self.evidence.case
        growth, event = case.presets.growth, case.presets.event_kinds[case.kind]
        if event.rate is None or event.rate_sd is None:
            ones = np.ones(len(z))
            return Growth(growth.eta_sd * z[:, -1], ones, ones)
        return Growth(
            growth.eta_sd * z[:, -3],
            event.rate * np.exp(event.rate_sd * z[:, -2]),
            np.exp(growth.shape_log_mean + growth.shape_log_sd * z[:, -1]),
        )

    def shared_bias(self, z: Floats, rng: np.random.Generator) -> Floats:
        """Draw the shared bias given the level of the root, (draw,).

        Of two independent normal logs whose sum is known, the likelihood adds nothing to what the
        prior says of how they split it.
        """
        case = self.evidence.case
        shared = case.presets.shared_bias.sd
        split = shared / self.level_sd
        return shared * (split * z[:, 0] + math.sqrt(1 - split**2) * rng.standard_normal(len(z)))
