"""The nuts engine: samples the PyMC model with nutpie.

Returns plain arrays in the shape that every engine gives, so that nothing after it knows which
engine ran.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import nutpie
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from tolls.evidence import Evidence
from tolls.graph import build, reproducible

__all__ = ["ATTEMPTS", "CHAINS", "VARIABLES", "Settings", "compile_model", "sample"]

CHAINS = 4
VARIABLES = (
    "size", "share", "bias", "scatter", "reliability", "kappa", "eta", "rate", "shape",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how carefully to sample."""

    tune: int
    draws: int
    target_accept: float


# The second is tried where the first fails its diagnostics, and told.
ATTEMPTS = (Settings(1000, 1500, 0.9), Settings(2000, 4000, 0.98))


@contextmanager
def _progress(text: str, total: int | None) -> Iterator[Any]:
    """Show a bar on a terminal's stderr and nothing elsewhere; yields nutpie's callback."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(text, total=total)

        def advance(chains: list[Any]) -> None:
            progress.update(task, completed=sum(chain.finished_draws for chain in chains))

        yield advance


def compile_model(evidence: Evidence, *, prior_only: bool = False) -> Any:
    """Build and compile the model; `sample` runs it, as often as needed."""
    with reproducible(), _progress("compiling the model", None):
        return nutpie.compile_pymc_model(build(evidence, prior_only=prior_only))


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
    with reproducible(), _progress("sampling", total) as advance:
        tree = nutpie.sample(
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
            progress_callback=advance,
        )
    found = tree.posterior
    posterior = {name: np.asarray(found[name]) for name in VARIABLES if name in found}
    return posterior, int(tree.sample_stats["diverging"].sum())
