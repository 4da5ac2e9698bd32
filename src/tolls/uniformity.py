"""Whether ranks are uniform: how far their distribution function strays, and how far it may.

Under uniformity the number of ranks below any point is binomial. A quantity is judged by the
smallest binomial tail probability along the distribution function, and a band holds all of it at
once with a stated probability. Nothing here knows what was ranked.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

__all__ = ["band", "below", "chance", "least_tail"]

type Ints = NDArray[np.int64]
type Floats = NDArray[np.floating[Any]]

BISECTIONS = 40


def below(ranks: Ints, slots: int) -> Ints:
    """Count the ranks below 1, 2, … and ``slots - 1``.

    Parameters
    ----------
    ranks : (run,) int array
        From 0 to ``slots - 1``.
    slots : int
        Number of values a rank may take: draws and one.

    Returns
    -------
    (slots - 1,) int array
    """
    counts: Ints = np.cumsum(np.bincount(ranks, minlength=slots))[:-1]
    return counts


def _tails(counts: Ints, runs: int, slots: int) -> Floats:
    """Smaller binomial tail probability of counts below each point."""
    at = np.arange(1, slots) / slots
    tails: Floats = np.minimum(bdtr(counts, runs, at), bdtr(runs - counts, runs, at[::-1]))
    return tails


def least_tail(ranks: Ints, slots: int) -> float:
    """Return the smallest binomial tail probability along the distribution function of ranks."""
    return float(_tails(below(ranks, slots), len(ranks), slots).min())


def _limits(tail: float, runs: int, slots: int) -> tuple[Ints, Ints]:
    """Smallest and largest counts below each point whose tail probabilities both exceed `tail`."""
    at = np.arange(1, slots) / slots
    low, high = np.zeros(slots - 1, dtype=np.int64), np.full(slots - 1, runs)
    while (low < high).any():
        middle = (low + high) // 2
        enough = bdtr(middle, runs, at) > tail
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return low, runs - low[::-1]


def chance(tail: float, runs: int, slots: int) -> float:
    """Return how probable a smallest tail of `tail` or less is where ranks are uniform.

    Exact: the counts of ranks in each slot are independent Poisson numbers given their sum, so the
    probability that the counts below every point stay within limits follows from one convolution
    per point.

    Parameters
    ----------
    tail : float
        As `least_tail` gives it.
    runs : int
        Number of ranks.
    slots : int
        Number of values a rank may take.

    Returns
    -------
    float
        In [0, 1]: the p-value of one quantity.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity and its
    applications in goodness-of-fit evaluation and multiple sample comparison, Statistics and
    Computing 32(32), for the band; the recursion is a convolution here.
    """
    low, high = _limits(tail, runs, slots)
    if (low > high).any():
        return 1.0
    rate, number = runs / slots, np.arange(runs + 1)
    poisson = np.exp(number * math.log(rate) - rate - gammaln(number + 1))
    within, start = np.ones(1), 0
    for least, most in zip(low.tolist(), high.tolist(), strict=True):
        within = np.convolve(within, poisson[: most - start + 1])[least - start : most - start + 1]
        start = least
    rest = poisson[runs - start - np.arange(len(within))]
    of_sum = math.exp(runs * math.log(runs) - runs - math.lgamma(runs + 1))
    return float(np.clip(1 - within @ rest / of_sum, 0.0, 1.0))


def band(runs: int, slots: int, probability: float) -> tuple[Ints, Ints]:
    """Return the limits that counts below every point keep with at least this probability.

    Parameters
    ----------
    runs : int
        Number of ranks.
    slots : int
        Number of values a rank may take.
    probability : float
        That uniform ranks stay inside throughout, in (0, 1).

    Returns
    -------
    two (slots - 1,) int arrays
        Smallest and largest number of ranks below 1, 2, … and ``slots - 1``.
    """
    low, high = math.log(1e-300), 0.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if chance(math.exp(middle), runs, slots) <= 1 - probability:
            low = middle
        else:
            high = middle
    return _limits(math.exp(low), runs, slots)
