r"""What a source of its grade would have stated instead: replicates of its figures.

The tolls, the growth of knowledge and the source's bias are as the fit has them; how it scatters
and how often it errs is drawn from the prior that its grade brings, so that figures are held
against what was declared and not against what they taught themselves (mixed replication: Gelman,
Meng and Stern 1996, Statistica Sinica 6(4)). A replicate leans on the replicate before it. The
statistic is :math:`\sum_i \log(1 + r_i^2 / v_i)` of the distances r of figures from what is
knowable, with v their variance at the median scatter: many figures far off count more than one
gross error however far, and in which order those of one day were said does not matter.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.evidence import Evidence
from tolls.likelihood import Parameters, levels, offsets

__all__ = ["departure"]

type Floats = NDArray[np.floating[Any]]

REPLICATES = 4000  # about; at least one per draw
FIGURES = ("exact", "about", "estimate")
LEAST = 0.5  # people that a figure of nobody stands for


def departure(
    evidence: Evidence, source: str, draws: Parameters, rng: np.random.Generator
) -> tuple[int, float]:
    """Return how many figures a source stated, and how seldom such are as far off as these.

    Parameters
    ----------
    evidence : Evidence
    source : str
        One of ``evidence.sources``.
    draws : Parameters
        Of the whole fit.
    rng : numpy.random.Generator

    Returns
    -------
    int, float
        The number of figures, and the probability of a statistic as large or larger.
    """
    case, place = evidence.case, evidence.sources.index(source)
    told = [s.source == source and s.wording in FIGURES for s in evidence.statements]
    columns = np.flatnonzero(told)
    if not len(columns):
        return 0, 1.0
    at = offsets(evidence, levels(evidence, draws.log_size, draws.kappa), draws.growth, columns)
    prior, belief, r = case.source_prior(source), case.presets.belief, evidence.link[columns]
    said = [evidence.statements[i] for i in columns]
    figures = np.log([max(s.figure[0], LEAST) for s in said])
    own = np.array([np.mean(np.square(s.reading.sigma or 0.0)) for s in said])
    b = np.log(draws.bias[:, [place]])
    fresh, leaning = at.centre + b, at.leaning + (1 - r) * b
    places = {s.rows: i for i, s in enumerate(said)}
    before = [places.get(s.link.rows) if s.link else None for s in said]
    noise = own + belief.counting * np.exp(-np.maximum(fresh, 0.0))
    usual = math.exp(2 * prior.scatter.mean) + at.extra + noise

    def statistic(logs: Floats) -> Floats:
        summed: Floats = np.log1p((logs - fresh) ** 2 / usual).sum(axis=1)
        return summed

    observed, count, larger = statistic(figures), len(fresh), 0
    rounds = max(1, round(REPLICATES / count))
    for _ in range(rounds):
        square = np.exp(2 * rng.normal(prior.scatter.mean, prior.scatter.sd, (count, 1)))
        p = rng.beta(prior.reliability.a, prior.reliability.b, (count, 1))
        honest = rng.random(fresh.shape) < p
        leans = honest & (r > 0) & (rng.random(fresh.shape) >= case.presets.links.fresh)
        anew = square + at.extra + np.where(honest, 0.0, belief.gross_sd**2)
        variance = np.where(leans, (1 - r**2) * square + at.extra_leaning, anew) + noise
        logs = np.sqrt(variance) * rng.standard_normal(fresh.shape)
        for i, previous in enumerate(before):
            leant = leaning[:, i]
            if previous is not None:  # not on the figure that was stated, but on its replicate
                leant = leant + r[i] * (logs[:, previous] - figures[previous])
            centre = np.where(leans[:, i], leant, fresh[:, i])
            logs[:, i] = np.maximum(logs[:, i] + centre, math.log(LEAST))
        larger += int((statistic(logs) >= observed).sum())
    return len(columns), (larger + 1) / (rounds * count + 1)
