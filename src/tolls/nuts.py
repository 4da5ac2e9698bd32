"""The nuts engine: samples the PyMC model with nutpie.

Returns plain arrays in the shape that every engine gives, so that nothing after it knows which
engine ran. Compiled models are kept: a case of the same structure brings its own numbers.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import numpy as np
import nutpie
from numpy.typing import NDArray

from tolls.evidence import Evidence
from tolls.graph import NUMBERS, Structure, assemble, reproducible, split
from tolls.progress import progress

__all__ = ["ATTEMPTS", "CHAINS", "KEPT", "VARIABLES", "Settings", "compile_model", "sample"]

CHAINS = 4
KEPT = 8  # compiled models at a time
VARIABLES = (
    "size", "share", "bias", "scatter", "reliability", "kappa", "eta", "rate", "shape", "found",
    "alive", "clearing", "kept",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how carefully to sample."""

    tune: int
    draws: int
    target_accept: float


# The next is tried where one fails its diagnostics, and told; the last is for two modes that chains
# seldom change between.
ATTEMPTS = (Settings(1000, 1500, 0.9), Settings(2000, 4000, 0.98), Settings(3000, 10_000, 0.98))


def compile_model(evidence: Evidence, *, prior_only: bool = False) -> Any:
    """Return the compiled model of some evidence; `sample` runs it, as often as needed.

    Compiles only where none of the same structure is kept.
    """
    structure, numbers = split(evidence, prior_only=prior_only)
    compiled = _compiled(structure)
    own = compiled.with_data(**{NUMBERS: numbers})
    return replace(own, initial_point_func=partial(_start, compiled, numbers))


@lru_cache(maxsize=KEPT)
def _compiled(structure: Structure) -> Any:
    """Compile a structure; ones stand for its numbers, so that those of no case can be baked in."""
    model = assemble(structure, np.ones(sum(math.prod(shape) for *_, shape in structure.shapes)))
    model.check_bounds = False  # priors are valid by construction: checks would only be compiled
    with reproducible(), progress("compiling the model", None):
        return nutpie.compile_pymc_model(model)


_STARTING = Lock()  # chains start in threads, and cases of one structure share the variables below


def _start(compiled: Any, numbers: NDArray[np.float64], seed: Any) -> NDArray[np.float64]:
    """Draw the start of a chain given one's own numbers, which `with_data` does not pass on."""
    with _STARTING:
        for variable in compiled.shared_var_keys:
            variable.set_value(numbers)
        start: NDArray[np.float64] = compiled.initial_point_func(seed)
        return start


def sample(
    compiled: Any, *, seed: int, settings: Settings
) -> tuple[dict[str, NDArray[np.float64]], int]:
    """Sample a compiled model.

    Returns
    -------
    posterior : dict of str to (chain, draw, …) arrays
    divergences : int
    """
    total = CHAINS * (settings.tune + settings.draws)
    with reproducible(), progress("sampling", total) as show:

        def advance(chains: list[Any]) -> None:
            if show:
                show(sum(chain.finished_draws for chain in chains))

        running = nutpie.sample(
            compiled,
            chains=CHAINS,
            tune=settings.tune,
            draws=settings.draws,
            seed=seed,
            target_accept=settings.target_accept,
            # sizes, shared bias and biases lie on a ridge, which a diagonal metric crosses slowly:
            # on the shipped case the smallest ESS of 4,000 draws is 1,470 with it, 740 without
            adaptation="low_rank",
            save_warmup=False,
            progress_bar=False,
            progress_callback=advance if show else None,
            blocking=False,  # else an interrupt would give the draws made until then as if all
        )
        try:
            tree = running.wait()
        except BaseException:
            running.cancel()
            raise
    found = tree.posterior
    posterior = {name: np.asarray(found[name]) for name in VARIABLES if name in found}
    return posterior, int(tree.sample_stats["diverging"].sum())
