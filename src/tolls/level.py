"""The level curve: the toll against what is assumed of all sources' mean bias.

Reports alone do not tell what all sources miss. The curve shows what follows from each assumption,
and from which on a statement such as "at least 1,000" no longer holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tolls.scenarios import Scenario

__all__ = ["LevelCurve"]


@dataclass(frozen=True)
class LevelCurve:
    """Tolls under assumed mean biases.

    Attributes
    ----------
    factors : sequence of float
        Rising; the biases of all sources but anchors are taken to be so many times what is
        declared. At 1 nothing is changed; at 2 they state twice as much of what is true.
    scenarios : sequence of Scenario
        One per factor.
    """

    factors: Sequence[float]
    scenarios: Sequence[Scenario]

    @property
    def quarters(self) -> tuple[Scenario, Scenario]:
        """Scenarios halfway, on the log scale, from 1 to the smallest and to the largest factor."""
        quarter = len(self.scenarios) // 4
        return self.scenarios[quarter], self.scenarios[-quarter - 1]

    def probabilities(self, node: int, at_least: float) -> list[float]:
        """Return the probability that a node's toll is so large, per factor."""
        return [
            float((s.tolls[:, node] >= at_least).mean()) if len(s.tolls) else math.nan
            for s in self.scenarios
        ]

    def fails_at(self, node: int, at_least: float, probability: float) -> float:
        """Return the factor from which on a statement is less probable than this.

        Between two factors the probability is interpolated as a probit, straight in the log factor.

        Parameters
        ----------
        node : int
            Position in ``case.names``.
        at_least : float
            The statement: so many people or more.
        probability : float

        Returns
        -------
        float
            0 where it is less probable already at the smallest factor, infinity where it holds at
            the largest; NaN where that end has no answer, so that it may fail there or not.
        """
        found = self.probabilities(node, at_least)
        known = [(f, p) for f, p in zip(self.factors, found, strict=True) if not math.isnan(p)]
        below = next((i for i, (_, p) in enumerate(known) if p < probability), None)
        if below is None:
            return math.nan if math.isnan(found[-1]) else math.inf
        if below == 0:
            return math.nan if math.isnan(found[0]) else 0.0
        (low, more), (high, less) = known[below - 1], known[below]
        draws = max(len(s.tolls) for s in self.scenarios)
        edge = 0.5 / draws  # a probability that no draw or every draw had
        upper, lower, at = ndtri(np.clip([more, less, probability], edge, 1 - edge))
        share = float((upper - at) / (upper - lower)) if upper > lower else 1.0
        return float(low * (high / low) ** share)
