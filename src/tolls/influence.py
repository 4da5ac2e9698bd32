"""What the estimate rests on: what identifies its level, and what each source does to it.

The toll without a source reweights the draws by one over its likelihood, smoothed by Pareto
(Vehtari et al. 2024, JMLR 25(72)). Where the source carries so much that k-hat is 0.7 or more, the
answer is not to be had from these draws and stays empty; a refit without the source gives it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import KHAT_LIMIT
from tolls.evidence import Evidence
from tolls.formatting import listed
from tolls.intervals import credible_interval
from tolls.likelihood import Parameters, log_likelihood

__all__ = ["Without", "rests_on", "source_rows", "without_each"]

type Floats = NDArray[np.float64]

EVEN = 0.01  # of log likelihoods: a source that all draws explain so alike moves no median


@dataclass(frozen=True, slots=True)
class Without:
    """Median toll of the root without one source, and the k-hat of the weights behind it."""

    median: float
    khat: float


def without_each(evidence: Evidence, parameters: Parameters, toll: Floats) -> dict[str, Without]:
    """Return the median toll without each source.

    Parameters
    ----------
    evidence : Evidence
    parameters : Parameters
        Posterior draws.
    toll : (draw,) array
        The quantity whose median is asked, in people.

    Returns
    -------
    dict of str to Without
        In the order of ``evidence.sources``.
    """
    from arviz_stats.base import array_stats

    stated, split = log_likelihood(evidence, parameters)
    found = {}
    for name in evidence.sources:
        own = [s.source == name for s in evidence.statements]
        splits = [c.source == name for c in evidence.compositions]
        total = stated[:, own].sum(axis=1) + split[:, splits].sum(axis=1)
        # psislw takes a log likelihood and weighs by one over it; it fits no tail to even weights
        even = np.ptp(total) < EVEN
        log_weight, khat = (-total, -np.inf) if even else array_stats.psislw(total)
        median = np.nan
        if float(khat) < KHAT_LIMIT:
            order = np.argsort(toll)
            cumulated = np.cumsum(np.exp(log_weight[order]))
            median = float(toll[order][np.searchsorted(cumulated, cumulated[-1] / 2)])
        found[name] = Without(median, float(khat))
    return found


def source_rows(
    evidence: Evidence,
    posterior: Mapping[str, NDArray[Any]],
    parameters: Parameters,
    toll: Floats,
    ci_prob: float,
) -> list[dict[str, Any]]:
    """Return a row per source: its prior, what the data made of it, and the toll without it.

    Parameters
    ----------
    evidence : Evidence
    posterior : mapping of str to (chain, draw, …) arrays
    parameters : Parameters
        The same draws.
    toll : (draw,) array
        Of the root, in people.
    ci_prob : float
        Probability of the equal-tailed intervals.

    Returns
    -------
    list of dict
        Columns as `Estimate.sources` describes them.
    """
    case, without = evidence.case, without_each(evidence, parameters, toll)
    rows = []
    for name, i in evidence.speakers:
        voice = evidence.sources[i]
        prior = case.source_prior(voice)
        bias = posterior["bias"][..., i].reshape(-1)
        lo, hi = credible_interval(bias, ci_prob, "eti")
        prior_lo, prior_hi = prior.bias.interval(ci_prob)
        rows.append(
            {
                "source": name,
                "grade": prior.grade,
                "kind": case.voices[voice].kind,
                "reports": evidence.rows_of(name, voice),
                "bias_median": float(np.median(bias)),
                "bias_lo": lo,
                "bias_hi": hi,
                "bias_prior_median": prior.bias.median,
                "bias_prior_lo": prior_lo,
                "bias_prior_hi": prior_hi,
                "scatter": float(np.median(posterior["scatter"][..., i])),
                "reliability": float(posterior["reliability"][..., i].mean()),
                "reliability_prior": prior.reliability.mean,
                "moved": float((np.log(bias).mean() - prior.bias.mean) / prior.bias.sd),
                "without": without[voice].median,
                "influence": float(np.median(toll)) / (without[voice].median or np.nan),
                "khat": without[voice].khat,
            }
        )
    return rows


def rests_on(evidence: Evidence) -> str:
    """Say what the height of an estimate rests on: an anchor, outside estimates or priors."""
    named = dict.fromkeys(
        (evidence.anchors(s), s.source) for s in evidence.statements if s.wording == "estimate"
    )
    anchors = [name for anchored, name in named if anchored]
    outside = [name for anchored, name in named if not anchored]
    if anchors:
        return f"The level rests on {listed(anchors)}, declared an anchor of it."
    rests = "The level rests on the priors of the sources' biases and of the bias they share"
    if outside:
        return f"{rests}, and on the estimates of {listed(outside)}; no anchor is declared."
    return f"{rests}; no anchor and no outside estimate is declared."
