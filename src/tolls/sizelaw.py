r"""How large events are: a share without deaths, and a heavy tail beyond.

.. math:: P(T = 0) = z, \qquad P(T \ge 1 + n) = (1 - z) (1 + n / \sigma)^{-\alpha}

A Lomax law (the Pareto law that begins at zero) rounded down: nearly geometric where :math:`\alpha`
is large, and with tails as of wars and earthquakes where it is about one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "cumulative"]

type Floats = NDArray[np.floating[Any]]

PARAMETERS = 3
"""Of a law: logit of z, log of sigma, log of alpha."""


def cumulative(law: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return the probability of fewer than so many deaths, and its gradient.

    Parameters
    ----------
    law : (3,) array
        Logit of the share without deaths, log of the scale in people, log of the tail's exponent.
    at : (point,) array
        People, in whole numbers; the probability is 0 for none and less.

    Returns
    -------
    (point,) array, (3, point) array

    Examples
    --------
    >>> import numpy as np
    >>> chance, slope = cumulative(np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0]))
    >>> chance.tolist()
    [0.0, 0.5, 0.75]
    """
    nobody = 1 / (1 + np.exp(-law[0]))
    scale, tail = np.exp(law[1]), np.exp(law[2])
    beyond = np.maximum(at - 1.0, 0.0)
    grown = np.log1p(beyond / scale)
    survive = np.exp(-tail * grown)
    some = at >= 1
    below = np.where(some, nobody + (1 - nobody) * -np.expm1(-tail * grown), 0.0)
    slope = np.stack(
        [
            nobody * (1 - nobody) * survive,
            -(1 - nobody) * tail * survive * beyond / (scale + beyond),
            (1 - nobody) * survive * tail * grown,
        ]
    )
    return below, slope * some
