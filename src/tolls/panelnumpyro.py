"""Samples the density of a panel with NumPyro: on a graphics card, or on many cores.

The density is compiled once for all chains, which move in step: each draw waits for the chain with
the longest path.
"""

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from numpyro.infer import NUTS

from tolls.chains import CHAINS, Settings
from tolls.paneldensity import Density
from tolls.paneljax import along_axes
from tolls.panelmode import Mode
from tolls.progress import progress

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
    total = settings.tune + settings.draws
    starts = np.random.default_rng(seed).standard_normal((CHAINS, len(mode.centre)))
    with jax.enable_x64(True), progress("sampling", total) as show:
        along = along_axes(density, mode)
        kernel = NUTS(
            potential_fn=lambda values: -along(values),
            target_accept_prob=settings.target_accept,
        )
        keys = jax.random.split(jax.random.key(seed), CHAINS)
        state = kernel.init(keys, settings.tune, jax.numpy.asarray(starts), (), {})
        step = jax.jit(lambda state: kernel.sample(state, (), {}))
        draws, divergences = np.empty((CHAINS, settings.draws, len(mode.centre))), 0
        for done in range(total):  # a call for all would be deaf to an interrupt
            state = step(state)
            state.z.block_until_ready()
            if done >= settings.tune:
                draws[:, done - settings.tune] = state.z
                divergences += int(np.asarray(state.diverging).sum())
            if show:
                show(done + 1)
    return draws, divergences
