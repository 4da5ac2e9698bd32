"""Samples the density of a panel with NumPyro: on a graphics card, or on many cores.

The density is compiled once for all chains, which move in step: each draw waits for the chain with
the longest path.
"""

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from numpyro.infer import MCMC, NUTS

from tolls.chains import CHAINS, Settings
from tolls.paneldensity import Density
from tolls.paneljax import along_axes
from tolls.panelmode import Mode

__all__ = ["sample"]

type Floats = NDArray[np.floating[Any]]


def sample(density: Density, mode: Mode, *, seed: int, settings: Settings) -> tuple[Floats, int]:
    """Sample the density of a panel along the axes of its mode.

    Parameters
    ----------
    density : Density
    mode : Mode
    seed : int
    settings : Settings

    Returns
    -------
    (chain, draw, axis) array, int
        Draws, and the number of divergent transitions among them.
    """
    starts = np.random.default_rng(seed).standard_normal((CHAINS, len(mode.centre)))
    with jax.enable_x64(True):
        along = along_axes(density, mode)
        running = MCMC(
            NUTS(
                potential_fn=lambda values: -along(values),
                target_accept_prob=settings.target_accept,
            ),
            num_warmup=settings.tune,
            num_samples=settings.draws,
            num_chains=CHAINS,
            chain_method="vectorized",
            progress_bar=False,
        )
        running.run(
            jax.random.key(seed), init_params=jax.numpy.asarray(starts), extra_fields=("diverging",)
        )
        draws = np.asarray(running.get_samples(group_by_chain=True))
        divergences = int(np.asarray(running.get_extra_fields()["diverging"]).sum())
    return draws, divergences
