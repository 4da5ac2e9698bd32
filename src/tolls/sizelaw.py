r"""How large events are: a share without deaths, and a heavy tail beyond.

.. math:: P(T = 0) = z, \qquad P(T \ge 1 + n) = (1 - z) (1 + n / \sigma)^{-\alpha}

A Lomax law (the Pareto law that begins at zero) rounded down: nearly geometric where :math:`\alpha`
is large, and with tails as of wars and earthquakes where it is about one.

Who verifies tolls from a threshold c on is not alone in looking for events as large as that, so
that a panel holds w times as many of them, and they fall off by a scale and a tail of their own:

.. math:: P(T \ge c + n) \propto w\, P(T \ge c) (1 + n / \sigma')^{-\alpha'}
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["places", "surviving"]

type Floats = NDArray[np.floating[Any]]


def places(threshold: int | None) -> int:
    """Return how many numbers a law has: with a threshold w, scale and tail beyond it too."""
    return 3 if threshold is None else 6


def surviving(law: Floats, at: Floats, threshold: int | None = None) -> tuple[Floats, Floats]:
    """Return the probability of so many deaths or more, and its gradient.

    Differences of it keep their digits in the tail, where those of a distribution function do not.

    Parameters
    ----------
    law : (3,) or, with a threshold, (6,) array
        Logit of the share without deaths, log of the scale in people, log of the tail's exponent;
        log of w, of the scale and of the exponent from the threshold on.
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
    if threshold is None:
        return _lomax(law, at)
    first, slope = _lomax(law[:3], np.minimum(at, float(threshold)))
    there, of_there = _lomax(law[:3], np.array([float(threshold)]))
    more = np.exp(law[3])
    beyond = np.maximum(at - threshold, 0.0)
    scale, tail = np.exp(law[4]), np.exp(law[5])
    grown = np.log1p(beyond / scale)
    kept = np.exp(-tail * grown)
    # of all events without those at or above the threshold, and of w times those
    whole = 1.0 + (more - 1.0) * there
    left = np.where(beyond > 0, more * there * kept, first + (more - 1.0) * there) / whole
    of_first = np.where(beyond > 0, more * kept * of_there, slope + (more - 1.0) * of_there)
    of_first = (of_first - left * (more - 1.0) * of_there) / whole
    of_more = more * there * (np.where(beyond > 0, kept, 1.0) - left) / whole
    of_scale = left * tail * beyond / (scale + beyond)
    return left, np.vstack([of_first, of_more, of_scale, -left * tail * grown])


def _lomax(law: Floats, at: Floats) -> tuple[Floats, Floats]:
    somebody = 1 / (1 + np.exp(law[0]))
    scale, tail = np.exp(law[1]), np.exp(law[2])
    beyond = np.maximum(at - 1.0, 0.0)
    grown = np.log1p(beyond / scale)
    left = somebody * np.exp(-tail * grown)
    slope = np.stack(
        [(somebody - 1) * left, left * tail * beyond / (scale + beyond), -left * tail * grown]
    )
    some = at >= 1
    return np.where(some, left, 1.0), slope * some
