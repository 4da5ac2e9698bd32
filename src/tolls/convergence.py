"""Diagnostics of an engine's draws: what has to hold before an interval is shown.

Of Markov chains, R-hat and effective sample sizes are ArviZ's (rank-normalised, bulk and tail:
Vehtari et al. 2021, Bayesian Analysis 16(2)); of importance sampling, k-hat and effective sample
sizes come from the raw weights. The limits are in `constants`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import ESS_LIMIT, KHAT_LIMIT, RHAT_LIMIT, WEIGHTED_ESS_LIMIT
from tolls.importance import Weighted, pareto_k

__all__ = [
    "Diagnostics",
    "Row",
    "diagnose",
    "diagnose_weights",
    "judged_together",
    "least_tail_ess",
]

TAILS = (0.05, 0.95)

type Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """Diagnostics of one quantity; R-hat is no number where there are no chains."""

    ess_bulk: float
    ess_tail: float
    rhat: float


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Diagnostics of a fit: the worst of all quantities, and each node's own.

    Attributes
    ----------
    ok : bool
        True if nothing failed.
    ess : float
        Smallest effective sample size (bulk or tail).
    rhat : float or None
        Largest R-hat, where there are chains.
    divergences : int or None
        Divergent transitions, where there are chains.
    khat : float or None
        Pareto k of importance weights, where the engine has any.
    nodes : mapping of str to Row
    reasons : tuple of str
        What failed.
    log_marginal, log_marginal_sd : float or None
        Log marginal likelihood of the reports with its Monte Carlo error, where the engine gives
        it.
    """

    ok: bool
    ess: float
    rhat: float | None
    divergences: int | None
    khat: float | None
    nodes: Mapping[str, Row]
    reasons: tuple[str, ...] = ()
    log_marginal: float | None = None
    log_marginal_sd: float | None = None


def diagnose(
    quantities: Mapping[str, Floats], nodes: tuple[str, ...], divergences: int
) -> Diagnostics:
    """Judge chains.

    Parameters
    ----------
    quantities : mapping of str to (chain, draw) or (chain, draw, k) arrays
        Everything that was sampled; ``toll`` holds the nodes.
    nodes : tuple of str
        Names along the last axis of ``toll``.
    divergences : int
        Number of divergent transitions after warm-up.

    Returns
    -------
    Diagnostics
    """
    rows = {name: _rows(values) for name, values in quantities.items()}
    varying = [row for group in rows.values() for row in group if not np.isnan(row.rhat)]
    ess = min((min(row.ess_bulk, row.ess_tail) for row in varying), default=0.0)
    rhat = max((row.rhat for row in varying), default=np.inf)
    reasons = [
        f"draws of {name} that are no finite numbers"
        for name, values in quantities.items()
        if not np.isfinite(values).all()
    ]
    if divergences:
        reasons.append(f"{divergences} divergent transitions (allowed: none)")
    if rhat > RHAT_LIMIT:
        reasons.append(f"R-hat {rhat:.3f} (allowed: up to {RHAT_LIMIT})")
    if ess < ESS_LIMIT:
        reasons.append(f"{ess:.0f} effective draws (allowed: {ESS_LIMIT:.0f} or more)")
    by_node = dict(zip(nodes, rows["toll"], strict=True))
    return Diagnostics(not reasons, ess, rhat, divergences, None, by_node, tuple(reasons))


def least_tail_ess(weighted: Weighted, values: Floats) -> float:
    """Return the smaller effective number of draws behind the two tails of a quantity, (draw,)."""
    return min(weighted.tail_ess(values, tail) for tail in TAILS)


def diagnose_weights(weighted: Weighted, log_size: Floats, nodes: tuple[str, ...]) -> Diagnostics:
    """Judge importance sampling by its raw weights.

    Parameters
    ----------
    weighted : Weighted
        Draws of a fixed proposal.
    log_size : (draw, node) array
        Log sizes of those draws.
    nodes : tuple of str
        Names along the last axis.

    Returns
    -------
    Diagnostics
    """
    bulk, khat = weighted.ess, pareto_k(weighted.log_weight)
    rows = {
        node: Row(bulk, least_tail_ess(weighted, values), np.nan)
        for node, values in zip(nodes, log_size.T, strict=True)
    }
    ess = min(bulk, *(row.ess_tail for row in rows.values()))
    reasons = []
    if not np.isfinite(weighted.log_weight).all():
        reasons.append("weights that are no finite numbers")
    if not khat < KHAT_LIMIT:
        reasons.append(f"k-hat {khat:.2f} (allowed: below {KHAT_LIMIT})")
    if not ess >= WEIGHTED_ESS_LIMIT:
        reasons.append(f"{ess:.0f} effective draws (allowed: {WEIGHTED_ESS_LIMIT:,.0f} or more)")
    log_marginal, sd = weighted.log_marginal
    return Diagnostics(not reasons, ess, None, None, khat, rows, tuple(reasons), log_marginal, sd)


def judged_together(found: Mapping[str, Diagnostics], nodes: Sequence[str]) -> Diagnostics:
    """Judge the fits of several measures as one: the worst of each diagnostic.

    Parameters
    ----------
    found : mapping of str to Diagnostics
        By measure, in the order of `nodes`.
    nodes : sequence of str
        What the nodes of all measures are called.

    Returns
    -------
    Diagnostics
    """
    each = list(found.values())
    if len(each) == 1:
        return each[0]

    def worst[T: (float, int)](take: Callable[..., T], values: Iterable[T | None]) -> T | None:
        given = [value for value in values if value is not None]
        return take(given) if given else None

    rows = [row for own in each for row in own.nodes.values()]
    marginals = [own.log_marginal for own in each if own.log_marginal is not None]
    errors = [own.log_marginal_sd for own in each if own.log_marginal_sd is not None]
    return Diagnostics(
        ok=all(own.ok for own in each),
        ess=min(own.ess for own in each),
        rhat=worst(max, (own.rhat for own in each)),
        divergences=worst(sum, (own.divergences for own in each)),
        khat=worst(max, (own.khat for own in each)),
        nodes=dict(zip(nodes, rows, strict=True)),
        reasons=tuple(f"{m}: {why}" for m, own in found.items() for why in own.reasons),
        log_marginal=sum(marginals) if len(marginals) == len(each) else None,
        log_marginal_sd=math.hypot(*errors) if len(errors) == len(each) else None,
    )


def _rows(values: Floats) -> list[Row]:
    flat = np.atleast_3d(values).astype(float)
    return [_row(one) for one in np.moveaxis(flat, 2, 0)]


def _row(draws: Floats) -> Row:
    from arviz_stats.base import array_stats

    # what does not vary (a node that is zero in every draw) has no convergence to judge
    if not np.isfinite(draws).all() or np.ptp(draws) == 0:
        return Row(np.nan, np.nan, np.nan)
    axes = {"chain_axis": 0, "draw_axis": 1}
    return Row(
        float(array_stats.ess(draws, method="bulk", **axes)),
        float(array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **axes)),
        float(array_stats.rhat(draws, method="rank", **axes)),
    )
