r"""How large events are: a share without deaths, and a heavy tail beyond.

.. math:: P(T = 0) = z, \qquad P(T \ge 1 + n) = (1 - z) (1 + n / \sigma)^{-\alpha}

A Lomax law (the Pareto law that begins at zero) rounded down: nearly geometric where :math:`\alpha`
is large, and with tails as of wars and earthquakes where it is about one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "surviving"]

type Floats = NDArray[np.floating[Any]]

PARAMETERS = 3
"""Of a law: logit of z, log of sigma, log of alpha."""


def surviving(law: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return the probability of so many deaths or more, and its gradient.

    Differences of it keep their digits in the tail, where those of a distribution function do not.

    Parameters
    ----------
    law : (3,) array
        Logit of the share without deaths, log of the scale in people, log of the tail's exponent.
    at : (point,) array
        People, in whole numbers.

    Returns
    -------
    (point,) array, (3, point) array

    Examples
    --------
    >>> import numpy as np
    >>> chance, slope = surviving(np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0]))
    >>> chance.tolist()
    [1.0, 0.5, 0.25]
    """
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
