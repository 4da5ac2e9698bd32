r"""How large events are: a share without deaths, and a heavy tail beyond.

.. math:: P(T = 0) = z, \qquad P(T \ge 1 + n) = (1 - z) L(n), \qquad
    L(n) = \left(1 + \frac{n}{\alpha s}\right)^{-\alpha}

A Lomax law (the Pareto law that begins at zero) rounded down: geometric where :math:`\alpha` is
large, and with tails as of wars and earthquakes where it is about one. At its beginning it falls by
a factor of e in s people, whatever the tail.

Who verifies tolls from a threshold c on is not alone in looking for events as large as that, so
that a panel holds a share A of them that is its own, and they fall off by a scale of their own;
below, the law is cut at c:

.. math:: P(T \ge c + n) = A L'(n), \qquad
    P(T \ge 1 + n) = A + (1 - A) (1 - z) \frac{L(n) - L(c - 1)}{1 - L(c - 1)}
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.compiled import compiled

__all__ = ["LARGE", "NONE", "places", "surviving"]

type Floats = NDArray[np.floating[Any]]

NONE, LARGE = 0, 3  # places of what is log odds in a law: of no deaths, and of the threshold and on


def places(threshold: int | None) -> int:
    """Return how many numbers a law has: with a threshold two more."""
    return 3 if threshold is None else 5


@compiled
def _tail(scale: float, tail: float, beyond: float) -> tuple[float, float, float, float]:
    """Return L so many people after a law's beginning, 1 - L, and L's derivatives in its logs.

    Either keeps its digits: the second where the scale is far beyond the people.
    """
    alpha = math.exp(tail)
    part = beyond / (alpha * math.exp(scale))
    down = -alpha * math.log1p(part)
    fall = math.exp(down)
    of_scale = fall * alpha * part / (1 + part)
    return fall, -math.expm1(down), of_scale, of_scale + fall * down


@compiled
def surviving(law: Floats, at: Floats, threshold: int | None = None) -> tuple[Floats, Floats]:
    """Return the probability of so many deaths or more, and its gradient.

    Differences of it keep their digits in the tail, where those of a distribution function do not.

    Parameters
    ----------
    law : (3,) or, with a threshold, (5,) array
        Logit of z, log of s in people, log of alpha; logit of A, log of s'.
    at : (point,) array
        People, in whole numbers.
    threshold : int, optional
        Smallest toll that a register holds.

    Returns
    -------
    (point,) array, (place, point) array

    Examples
    --------
    >>> import numpy as np
    >>> chance, slope = surviving(np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0]))
    >>> chance.tolist()
    [1.0, 0.5, 0.25]
    """
    left, slope = np.ones(len(at)), np.zeros((len(law), len(at)))
    none = 1 / (1 + math.exp(-law[NONE]))
    if threshold is None:
        for i in range(len(at)):
            if at[i] >= 1:
                fall, _, of_scale, of_tail = _tail(law[1], law[2], at[i] - 1)
                left[i] = (1 - none) * fall
                slope[NONE, i] = -none * left[i]
                slope[1, i], slope[2, i] = (1 - none) * of_scale, (1 - none) * of_tail
    else:
        large = 1 / (1 + math.exp(-law[LARGE]))
        some = (1 - large) * (1 - none)
        # nobody is between, where the threshold is one, and nothing is divided by zero
        _, cut, scale_of_cut, tail_of_cut = _tail(law[1], law[2], max(threshold - 1.0, 1.0))
        for i in range(len(at)):
            if at[i] >= max(threshold, 1):
                fall, _, of_scale, of_tail = _tail(law[4], law[2], at[i] - threshold)
                left[i] = large * fall
                slope[2, i], slope[4, i] = large * of_tail, large * of_scale
                slope[LARGE, i] = large * (1 - large) * fall
            elif at[i] >= 1:
                _, gone, of_scale, of_tail = _tail(law[1], law[2], at[i] - 1)
                within, gone = (cut - gone) / cut, gone / cut
                left[i] = large + some * within
                slope[NONE, i] = -some * none * within
                slope[1, i] = some * (of_scale - gone * scale_of_cut) / cut
                slope[2, i] = some * (of_tail - gone * tail_of_cut) / cut
                slope[LARGE, i] = large * (1 - large) * (1 - (1 - none) * within)
    return left, slope
