"""Proper scores of what was said of a toll, on the log scale: pure NumPy.

A forecast is draws of a toll in whole people with the density they are of; a point is a number.
What made them, and what they are compared with, is decided elsewhere.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtri

from tolls.constants import CI_PROB
from tolls.intervals import credible_interval

__all__ = [
    "COVERED", "NOTHING", "Forecast", "crps", "interval_score", "kernel_forecast", "log_toll",
    "normal_forecast", "pit", "score", "score_point",
]  # fmt: skip

type Floats = NDArray[np.float64]

COVERED = (0.5, 0.8, 0.9, 0.95)  # probabilities of the intervals whose coverage is told
SCORED = (0.9, CI_PROB)  # and of those that are scored
INNER = 0.5
NOTHING = (
    0.5  # people: where the log of a toll of zero is taken, the end of the sizes that round to it
)
LEVELS = 4001  # of the quantiles that stand for a distribution given by its formula
BLOCK = 250  # truths at a time, to bound memory


def log_toll(tolls: NDArray[Any] | float) -> Floats:
    """Return the log of tolls in people; zero counts as half a person, for log 0 is infinite.

    Half a person is where the model's sizes begin to round to one. Scores on the log scale weigh a
    factor of two alike in small events and in large ones: Bosse et al. (2023), Scoring
    epidemiological forecasts on transformed scales, PLOS Computational Biology 19(8).

    Examples
    --------
    >>> log_toll(np.array([0, 1, 100])).round(2)
    array([-0.69,  0.  ,  4.61])
    """
    found: Floats = np.log(np.maximum(np.asarray(tolls, dtype=float), NOTHING))
    return found


def crps(draws: Floats, truth: Floats) -> Floats:
    r"""Return the continuous ranked probability score of draws, in the units of the draws.

    :math:`E|X - y| - E|X - X'| / 2`, the second expectation over pairs of different draws, so that
    the score of few draws is that of their distribution on average (Gneiting and Raftery 2007,
    Strictly proper scoring rules, JASA 102(477); Ferro 2014, Fair scores for ensemble forecasts,
    QJRMS 140(683)). That of a single number is its absolute error.

    Parameters
    ----------
    draws : (draw,) float array
    truth : (truth,) float array

    Returns
    -------
    (truth,) float array
        The less the better.

    Examples
    --------
    >>> crps(np.array([0.0, 1.0]), np.array([0.5])).round(3)
    array([0.])
    """
    ordered = np.sort(draws)
    n = len(ordered)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    below = np.searchsorted(ordered, truth, side="right")
    distance = truth * (2 * below - n) + sums[-1] - 2 * sums[below]
    if n == 1:
        return np.asarray(distance, dtype=float)
    spread = np.dot(2 * np.arange(n) - n + 1, ordered) / (n * (n - 1))
    return np.asarray(distance / n - spread, dtype=float)


def interval_score(low: float, high: float, truth: Floats, prob: float) -> Floats:
    """Return the interval score: the width, and 2 / (1 - prob) times what the truth lies outside.

    Parameters
    ----------
    low, high : float
        Ends of a central interval, on the scale of the truth.
    truth : (truth,) float array
    prob : float
        Probability of the interval, in (0, 1).

    Returns
    -------
    (truth,) float array
        The less the better (Gneiting and Raftery 2007, equation 43).

    Examples
    --------
    >>> interval_score(1.0, 2.0, np.array([1.5, 2.1]), 0.9).round(6)
    array([1., 3.])
    """
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return np.asarray(high - low + 2 / (1 - prob) * outside, dtype=float)


def pit(draws: NDArray[Any], truth: float, rng: np.random.Generator) -> float:
    """Return the randomised probability integral transform of a truth among draws.

    Uniform where truths and draws come from one distribution, ties and whole numbers or not: the
    share of draws below, and of those equal a random part (Czado, Gneiting and Held 2009,
    Predictive model assessment for count data, Biometrics 65(4)).

    Examples
    --------
    >>> pit(np.array([1, 2, 3, 4]), 5, np.random.default_rng(1))
    1.0
    """
    below, equal = np.mean(draws < truth), np.mean(draws == truth)
    return float(below + rng.random() * equal)


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a method says of one toll.

    Attributes
    ----------
    tolls : (draw,) array
        Draws, in whole people.
    log_density : callable
        Tolls in people to the log density of the log of the size they are rounded from; for a toll
        of zero the log probability of zero. Over both it sums to one.
    """

    tolls: Floats
    log_density: Callable[[Floats], Floats]


def normal_forecast(mean: float, sd: float) -> Forecast:
    """Return the forecast of a log-normal size with this mean and sd of its log.

    Its draws are equidistant quantiles, the same every time.
    """
    quantiles = ndtri((np.arange(LEVELS) + 0.5) / LEVELS)
    nothing = float(log_ndtr((math.log(NOTHING) - mean) / sd))

    def log_density(tolls: Floats) -> Floats:
        z = (log_toll(tolls) - mean) / sd
        return np.where(tolls > 0, -0.5 * z**2 - math.log(sd * math.sqrt(2 * math.pi)), nothing)

    return Forecast(np.rint(np.exp(mean + sd * quantiles)), log_density)


def kernel_forecast(tolls: NDArray[Any], sizes: Floats, prior: Floats) -> Forecast:
    """Return the forecast of draws, with a kernel estimate of the density of their log sizes.

    Gaussian kernels with Silverman's bandwidth. n draws say nothing of events rarer than one in
    n + 1: that much is spread as the prior, so that no truth scores worse than the prior by more
    than log(n + 1) (the rule of succession).

    Parameters
    ----------
    tolls, sizes : (draw,) arrays
        Of the same draws: whole people, and the sizes that they round.
    prior : (draw,) float array
        Sizes drawn from the prior.
    """
    share = 1 / (len(sizes) + 1)

    def log_density(values: Floats) -> Floats:
        each = [
            np.where(values > 0, _kernel(np.log(own), np.log(np.maximum(values, 1))), _nothing(own))
            for own in (sizes, prior)
        ]
        return np.asarray(
            np.logaddexp(each[0] + math.log1p(-share), each[1] + math.log(share)), dtype=float
        )

    return Forecast(np.asarray(tolls, dtype=float), log_density)


def _kernel(draws: Floats, at: Floats) -> Floats:
    """Return the log of a kernel estimate of the density of draws."""
    q1, q3 = np.quantile(draws, [0.25, 0.75])
    n = len(draws)
    width = 0.9 * min(float(draws.std()), float(q3 - q1) / 1.34) * n**-0.2
    blocks = []
    for start in range(0, len(at), BLOCK):
        z = (at[start : start + BLOCK, None] - draws) / width
        blocks.append(logsumexp(-0.5 * z**2, axis=1))
    return np.concatenate(blocks) - math.log(n * width * math.sqrt(2 * math.pi))


def _nothing(sizes: Floats) -> float:
    """Return the log probability of a toll of zero; where no draw has one, of half a draw."""
    return math.log((np.count_nonzero(sizes < NOTHING) + 0.5) / (len(sizes) + 1))


def score(
    forecast: Forecast, values: Floats, weights: Floats, rng: np.random.Generator
) -> dict[str, float]:
    """Score a forecast against a toll, or on average over the tolls that it may have been.

    Parameters
    ----------
    forecast : Forecast
    values, weights : (point,) float arrays
        Tolls, in people, and weights that add up to one.
    rng : Generator
        Breaks the ties of the PIT, and picks the toll that it is taken at.

    Returns
    -------
    dict
        ``point`` (median), ``lo``, ``hi`` (95 %), ``lo_50``, ``hi_50`` in people; ``crps``,
        ``log_score`` (minus the log density), ``interval_score_90`` and ``interval_score`` (95 %)
        of the log toll; ``pit``; ``covered_50`` and so on, the share of the tolls inside.
    """
    at = log_toll(values)
    ends = {p: credible_interval(forecast.tolls, p, "eti") for p in COVERED}
    inside = {p: weights[(low <= values) & (values <= high)] for p, (low, high) in ends.items()}
    lengths = {}
    for prob in SCORED:
        low, high = log_toll(np.array(ends[prob]))
        lengths[prob] = float(weights @ interval_score(low, high, at, prob))
    return {
        "point": float(np.median(forecast.tolls)),
        "lo": ends[CI_PROB][0],
        "hi": ends[CI_PROB][1],
        "lo_50": ends[INNER][0],
        "hi_50": ends[INNER][1],
        "crps": float(weights @ crps(log_toll(forecast.tolls), at)),
        "log_score": -float(weights @ forecast.log_density(values)),
        "interval_score_90": lengths[0.9],
        "interval_score": lengths[CI_PROB],
        "pit": pit(forecast.tolls, float(rng.choice(values, p=weights)), rng),
    } | {f"covered_{round(100 * p)}": float(own.sum()) for p, own in inside.items()}


def score_point(point: float, values: Floats, weights: Floats) -> dict[str, float]:
    """Score a single number: its CRPS is the absolute error of its log."""
    errors = np.abs(log_toll(point) - log_toll(values))
    return {"point": point, "crps": float(weights @ errors)}
