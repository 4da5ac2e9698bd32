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

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGE", "NONE", "places", "surviving"]

type Floats = NDArray[np.floating[Any]]

NONE, LARGE = 0, 3  # places of what is log odds in a law: of no deaths, and of the threshold and on


def places(threshold: int | None) -> int:
    """Return how many numbers a law has: with a threshold two more."""
    return 3 if threshold is None else 5


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
    none, some = 1 / (1 + np.exp(-law[NONE])), at >= 1
    fall, gone, of_fall = _tail(law[1:3], at - 1.0)
    if threshold is None:
        left, slope = (1 - none) * fall, (1 - none) * np.vstack([-none * fall, of_fall])
        return np.where(some, left, 1.0), slope * some
    large = 1 / (1 + np.exp(-law[LARGE]))
    _, cut, of_cut = _tail(law[1:3], np.array([threshold - 1.0]))
    below = some & (at < threshold)  # nobody, where it is one, and nothing is divided by zero
    within = np.where(below, cut - gone, 0.0) / np.where(below, cut, 1.0)
    of_within = np.where(below, of_fall - (1 - within) * of_cut, 0.0)
    of_within = of_within / np.where(below, cut, 1.0)
    beyond, _, of_beyond = _tail(law[[4, 2]], at - threshold)
    left = np.where(below, large + (1 - large) * (1 - none) * within, large * beyond)
    of_within = (1 - large) * (1 - none) * of_within
    of_beyond = np.where(below, 0.0, large * of_beyond)
    slope = np.stack(
        [
            -(1 - large) * none * (1 - none) * within,
            of_within[0],
            of_within[1] + of_beyond[1],
            large * (1 - large) * np.where(below, 1 - (1 - none) * within, beyond),
            of_beyond[0],
        ]
    )
    return np.where(some, left, 1.0), slope * some


def _tail(law: Floats, beyond: Floats) -> tuple[Floats, Floats, Floats]:
    """Return L so many people after a law's beginning, 1 - L, and L's gradient.

    Either keeps its digits: the second where the scale is far beyond the people.
    """
    scale, tail = np.exp(law)
    part = np.maximum(beyond, 0.0) / (tail * scale)
    down = -tail * np.log1p(part)
    fall = np.exp(down)
    of_scale = fall * tail * part / (1 + part)
    return fall, -np.expm1(down), np.stack([of_scale, of_scale + fall * down])
