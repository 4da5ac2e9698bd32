"""Prior distributions as analysts state them, turned into the parameters the model uses.

A range (low, high, mass) becomes a log-normal with that equal-tailed interval; a median with its
range likewise; a mean with a strength becomes a Beta. Source of the forms: O'Hagan et al. (2006),
Uncertain Judgements, chapter 6 (fitting distributions to stated quantiles).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["Beta", "LogNormal", "half_width"]


def half_width(mass: float) -> float:
    """Return z such that a standard normal lies within plus or minus z with probability `mass`."""
    return NormalDist().inv_cdf((1 + mass) / 2)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal prior: the log is Normal(`mean`, `sd`)."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.sd < math.inf):
            raise ValueError(f"log-normal with mean {self.mean} and sd {self.sd}")

    @classmethod
    def from_range(
        cls, low: float, high: float, mass: float, median: float | None = None
    ) -> "LogNormal":
        """Build the prior whose central interval of probability `mass` is as wide as low to high.

        Parameters
        ----------
        low, high : float
            Ends of the range, 0 < low < high, in the units of the quantity.
        mass : float
            Probability of the range, in (0, 1).
        median : float, optional
            Between low and high; the geometric mean where left out.

        Returns
        -------
        LogNormal

        Examples
        --------
        >>> prior = LogNormal.from_range(1, 10000, 0.95)
        >>> round(prior.median)
        100
        """
        width = math.log(high) - math.log(low)
        centre = (math.log(low) + math.log(high)) / 2 if median is None else math.log(median)
        return cls(centre, width / (2 * half_width(mass)))

    @classmethod
    def from_quantiles(cls, quantiles: Mapping[float, float]) -> "LogNormal":
        """Build the prior that has two stated quantiles.

        Parameters
        ----------
        quantiles : mapping of float to float
            Two probabilities in (0, 1), each with the value, above 0, that the quantity stays
            below so often; the values rise with the probabilities.

        Returns
        -------
        LogNormal

        Examples
        --------
        >>> prior = LogNormal.from_quantiles({0.1: 0.5, 0.9: 2.0})
        >>> round(prior.median, 6), round(prior.sd, 3)
        (1.0, 0.541)
        """
        (z_low, low), (z_high, high) = (
            (NormalDist().inv_cdf(probability), math.log(value))
            for probability, value in sorted(quantiles.items())
        )
        sd = (high - low) / (z_high - z_low)
        return cls(low - z_low * sd, sd)

    @property
    def median(self) -> float:
        """Median of the quantity."""
        return math.exp(self.mean)

    def interval(self, mass: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `mass`."""
        reach = half_width(mass) * self.sd
        return math.exp(self.mean - reach), math.exp(self.mean + reach)


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta(`a`, `b`) prior of a probability."""

    a: float
    b: float

    def __post_init__(self) -> None:
        if not (0 < self.a < math.inf and 0 < self.b < math.inf):
            raise ValueError(f"Beta with a = {self.a} and b = {self.b}")

    @property
    def mean(self) -> float:
        """Mean of the probability."""
        return self.a / (self.a + self.b)
