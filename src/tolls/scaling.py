"""Power-scaling: how far an answer moves when a prior or the likelihood is made stronger or weaker.

The method is that of Kallioinen, Paananen, Bürkner and Vehtari (2023), Statistics and Computing
34:57. A density raised to a power near one reweights the draws; how far the distribution moves, per
doubling of the power, is the derivative of its cumulative Jensen-Shannon distance, ArviZ's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.presets import Sensitivity
from tolls.reweighting import Reweighter
from tolls.unknowns import BLOCKS

__all__ = ["ALL_PRIORS", "REPORTS", "components", "power_sensitivities"]

type Floats = NDArray[np.floating[Any]]

# not "all priors": how sources scatter and err is learned from reports, too
ALL_PRIORS, REPORTS = "all but statements", "reports"


def components(draws: Reweighter) -> dict[str, Floats]:
    """Return log densities that can be raised to a power: of priors by block, of the reports."""
    found = {
        block: np.sum([u.log_prior for u in draws.unknowns if u.block == block], axis=0)
        for block in BLOCKS
        if any(u.block == block for u in draws.unknowns)
    }
    found[ALL_PRIORS] = np.sum(list(found.values()), axis=0)
    found[REPORTS] = draws.log_likelihoods.sum(axis=1)
    return found


def power_sensitivities(
    log_density: dict[str, Floats], log_toll: Floats, presets: Sensitivity
) -> dict[str, float]:
    """Return the sensitivity of a toll to each component.

    Parameters
    ----------
    log_density : dict of str to (draw,) array
    log_toll : (draw,) array
        Log of the toll in question.
    presets : Sensitivity
        How far powers are from one.

    Returns
    -------
    dict of str to float
        0 where nothing moves; from 0.05 on it is worth telling.
    """
    from arviz_stats.base import array_stats

    powers = 1 - presets.nudge, 1 + presets.nudge
    found = {}
    for name, log in log_density.items():
        away = log - log.mean()
        weights = (np.exp((power - 1) * away)[None] for power in powers)
        found[name] = float(array_stats.power_scale_sense(log_toll[None], *weights, *powers))
    return found
