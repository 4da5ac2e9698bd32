"""The nuts engine: samples the PyMC model with nutpie.

Returns plain arrays in the shape that every engine gives, so that nothing after it knows which
engine ran. Compiled models are kept: a case of the same structure brings its own numbers.
"""

import math
from dataclasses import replace
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import numpy as np
import nutpie
from numpy.typing import NDArray

from tolls.chains import CHAINS, Settings, run
from tolls.evidence import Evidence
from tolls.graph import NUMBERS, Structure, assemble, reproducible, split
from tolls.progress import progress

__all__ = ["ATTEMPTS", "CHAINS", "KEPT", "VARIABLES", "Settings", "compile_model", "sample"]

KEPT = 8  # compiled models at a time
VARIABLES = (
    "size", "share", "bias", "scatter", "reliability", "kappa", "eta", "rate", "shape", "found",
    "alive", "clearing", "kept",
)  # fmt: skip


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
    with reproducible():
        found, divergences = run(compiled, seed=seed, settings=settings)
    return {name: np.asarray(found[name]) for name in VARIABLES if name in found}, divergences
