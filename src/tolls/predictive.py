"""What a source would state of a known toll, before any report: its grade and kind alone.

The prior predictive distribution of one statement whose wording is exact, once everything is
knowable; drawn, and described by its median and an interval.
"""

import math

import numpy as np

from tolls.case import Case
from tolls.constants import CI_PROB
from tolls.intervals import credible_interval

__all__ = ["foretold"]

DRAWS = 20_000


def foretold(
    case: Case, voice: str, toll: float, *, seed: int, ci_prob: float = CI_PROB
) -> tuple[float, float, float]:
    r"""Say what a source would state of a toll, judging by its declaration alone.

    With the bias :math:`b`, the scatter :math:`s`, the reliability :math:`p` and the shared bias
    :math:`\kappa` drawn from their priors, log X ~ Normal(log toll + kappa + b, v), where v is
    :math:`s^2` plus counting noise and, with probability 1 - p, the variance of gross errors.

    Parameters
    ----------
    case : Case
    voice : str
        A key of ``case.voices``: a source, a group, or a source on one node.
    toll : float
        People, all of whom are knowable.
    seed : int
        Seed of the draws.
    ci_prob : float
        Probability of the equal-tailed interval.

    Returns
    -------
    tuple of float
        Median, lower and upper end, in people.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.Case(
    ...     [{"source": "monitor", "value": 120, "published": "2025-03-09"}],
    ...     sources={"monitor": {"grade": "B", "kind": "monitor"}},
    ... )
    >>> median, low, high = foretold(case, "monitor", 500, seed=1)
    >>> low < median < high
    True
    """
    rng = np.random.default_rng(seed)
    prior, belief = case.source_prior(voice), case.presets.belief
    bias = rng.normal(prior.bias.mean, prior.bias.sd, DRAWS)
    scatter = np.exp(rng.normal(prior.scatter.mean, prior.scatter.sd, DRAWS))
    honest = rng.random(DRAWS) < rng.beta(prior.reliability.a, prior.reliability.b, DRAWS)
    hidden = rng.normal(0.0, case.presets.shared_bias.sd, DRAWS)
    centre = math.log(toll) + bias + (0.0 if case.voices[voice].anchor else hidden)
    variance = scatter**2 + np.where(honest, 0.0, belief.gross_sd**2)
    variance += belief.counting * np.minimum(np.exp(-centre), 1.0)
    stated = np.exp(centre + np.sqrt(variance) * rng.standard_normal(DRAWS))
    return float(np.median(stated)), *credible_interval(stated, ci_prob, "eti")
