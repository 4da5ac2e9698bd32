"""Tolls of a measure under a variant of its case: from the fit's own draws, or from a fit anew.

Which variants are asked for, and what to make of them, is decided elsewhere.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.errors import EstimateRefused
from tolls.evidence import Evidence
from tolls.fitting import fit_evidence
from tolls.reweighting import Drawn, Reweighter

__all__ = ["METHODS", "Scenario", "as_fitted", "settled", "weighed"]

type Ints = NDArray[np.int64]

METHODS = ("fit", "reweighted", "refit", "prior", "refused")


@dataclass(frozen=True, eq=False)
class Scenario:
    """Tolls of one measure if something were otherwise.

    Attributes
    ----------
    group, name : str
        What was changed, in which respect.
    tolls : (draw, node) int array
        In people, in the order of ``case.names``; no draw where the answer is refused.
    method : str
        How they came about: ``fit`` (as declared), ``reweighted`` draws of it, ``refit``,
        ``prior`` (no report is left), ``refused`` (not to be had from the draws, and no fit with
        diagnostics that hold).
    khat : float
        Of the weights, also where they were too uneven and a fit had to do; else no number.
    ess : float
        Effective draws behind the tolls.
    """

    group: str
    name: str
    tolls: Ints
    method: str
    khat: float
    ess: float


def as_fitted(draws: Reweighter, group: str, name: str) -> Scenario:
    """Return the fit itself."""
    return Scenario(group, name, draws.tolls, "fit", np.nan, draws.estimate.diagnostics.ess)


def weighed(group: str, name: str, drawn: Drawn) -> Scenario:
    """Return what reweighting found, or a refusal."""
    if not drawn.weights.ok:
        return _refused(group, name, drawn.tolls.shape[1], drawn.weights.khat)
    return Scenario(group, name, drawn.tolls, "reweighted", drawn.weights.khat, drawn.weights.ess)


def settled(
    draws: Reweighter,
    group: str,
    name: str,
    evidence: Evidence | None,
    rng: np.random.Generator,
    *,
    engine: str,
    factor: float = 1.0,
) -> Scenario:
    """Return tolls under a variant.

    Parameters
    ----------
    draws : Reweighter
        Of the case as declared.
    group, name : str
    evidence : Evidence or None
        Of the variant, on the same measure; None where no report is left.
    rng : numpy.random.Generator
    engine : str
        Of a fit, where the draws cannot carry the answer.
    factor : float
        How many times larger all biases are taken to be in the variant.

    Returns
    -------
    Scenario
    """
    own = draws.estimate
    if evidence is None:
        prior: NDArray[Any] = own.prior["toll"]
        before = prior.reshape(-1, prior.shape[-1])
        return Scenario(group, name, before, "prior", np.nan, float(len(before)))
    drawn = draws.variant(evidence, rng, factor)
    if drawn is not None and drawn.weights.ok:
        return weighed(group, name, drawn)
    khat = drawn.weights.khat if drawn else np.nan
    try:
        anew = fit_evidence(evidence, seed=own.seed or 0, engine=engine)
    except EstimateRefused:
        return _refused(group, name, len(evidence.case.names), khat)
    tolls = anew.posterior["toll"]
    return Scenario(
        group, name, tolls.reshape(-1, tolls.shape[-1]), "refit", khat, anew.diagnostics.ess
    )


def _refused(group: str, name: str, nodes: int, khat: float) -> Scenario:
    return Scenario(group, name, np.empty((0, nodes), dtype=np.int64), "refused", khat, 0.0)
