r"""Where an interval comes from: how much of it each prior brings, and how much the statements.

In a normal linear model the error of an estimate, posterior mean minus truth, is a sum of
independent parts: what every unknown is off its prior mean, times :math:`u_j`, and what every
statement is off its source's belief. Its variance, the posterior's, is the sum of theirs, and

.. math::

   u_j = -\frac{\partial E[y|D]}{\partial m_j} = -\frac{\mathrm{Cov}(y, \theta_j | D)}{\tau_j^2},
   \qquad \mathrm{share}_j = \frac{\mathrm{Cov}(y, \theta_j | D)^2}{\tau_j^2 \mathrm{Var}(y | D)}

with :math:`m_j, \tau_j` the prior mean and sd of unknown j and y the log of the toll. Covariances
come from the draws, so nothing is fitted; what the unknowns leave is the statements' (scatter
around a source's belief, gross errors, rounding, counting, splits). The model is neither normal nor
linear, so shares are those of small changes; where they add up to more than all they are scaled.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.case import Case
from tolls.unknowns import BLOCKS, Unknown

__all__ = ["STATEMENTS", "Contributions", "contributions"]

type Floats = NDArray[np.floating[Any]]

STATEMENTS = "statements"
FLAT = 1e-12  # variance of a log toll that does not vary
_OF = dict.fromkeys(BLOCKS, "priors") | {
    "scatter": "sources", "reliability": "sources", STATEMENTS: STATEMENTS,
}  # fmt: skip


@dataclass(frozen=True)
class Contributions:
    r"""What an interval comes from.

    Attributes
    ----------
    shares : dict of str to float
        Part of the variance of the log toll by block of unknowns, and of the statements; they add
        up to one.
    weights : dict of str to float
        By voice: by how many percent the estimate rises if the voice's bias is taken to be one
        percent smaller. A voice that carries the estimate alone has 1, one that is not believed 0.
    independent : float
        Effective number of independent sources, :math:`(\sum w)^2 / \sum w^2` over the weights w
        (Kish 1965, Survey Sampling): of so many equal sources the mean would average out as much.
    """

    shares: dict[str, float]
    weights: dict[str, float]
    independent: float

    @property
    def of(self) -> dict[str, float]:
        """Shares of the priors, of how sources behave, and of the statements."""
        found = dict.fromkeys(("priors", "sources", STATEMENTS), 0.0)
        for block, share in self.shares.items():
            found[_OF[block]] += share
        return found


def contributions(
    case: Case, unknowns: list[Unknown], log_toll: Floats, ess: float
) -> Contributions:
    """Return what the interval of a toll comes from.

    Parameters
    ----------
    case : Case
        Of the measure.
    unknowns : list of Unknown
        With posterior draws.
    log_toll : (draw,) array
        Log of the toll in question.
    ess : float
        Effective number of those draws, by which the squared Monte Carlo errors of covariances
        are taken off.

    Returns
    -------
    Contributions
    """
    y = log_toll - log_toll.mean()
    variance = float(y @ y / len(y))
    shares, weights, anchors = dict.fromkeys(BLOCKS, 0.0), dict[str, float](), list[str]()
    prior_weight = 0.0
    if variance < FLAT:
        return Contributions(shares | {STATEMENTS: 1.0}, {}, np.nan)
    for unknown in unknowns:
        own = unknown.values - unknown.values.mean()
        covariance, square = float(y @ own / len(y)), unknown.sd**2
        spread = float(own @ own / len(y))
        noise = variance * spread / ess
        if unknown.block == "sources' biases" and case.voices[unknown.name].anchor:
            anchors.append(unknown.name)  # all but without a bias: its error is its statements'
            continue
        # what the reports leave wider than its prior explains no more than its correlation does
        shares[unknown.block] += (covariance**2 - noise) / max(square, spread) / variance
        if unknown.block == "sources' biases":
            weights[unknown.name] = -covariance / square
        if unknown.block == "range":
            prior_weight = covariance / square
    shares = {block: max(share, 0.0) for block, share in shares.items()}
    total = max(sum(shares.values()), 1.0)
    shares = {block: share / total for block, share in shares.items()}
    # what neither the range nor another source carries
    left = 1 - prior_weight - sum(weights.values())
    weights |= dict.fromkeys(anchors, left / max(len(anchors), 1))
    w = np.array(list(weights.values()))
    independent = float(w.sum() ** 2 / (w @ w)) if len(w) else 0.0
    return Contributions(shares | {STATEMENTS: 1 - sum(shares.values())}, weights, independent)
