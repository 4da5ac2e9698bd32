"""The unknowns of a fit one by one, each with its draws on the scale of its prior.

Whatever asks about priors (how far the reports moved one, what another would do, which of them an
interval comes from) goes through this list. No likelihood lives here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, xlog1py, xlogy

from tolls.case import Case
from tolls.likelihood import Growth, Parameters
from tolls.priors import Beta, LogNormal
from tolls.shears import contrasts

__all__ = ["BLOCKS", "Unknown", "rows_of", "unknowns"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

BLOCKS = (
    "range", "shares", "shared bias", "sources' biases", "growth", "scatter", "reliability",
)  # fmt: skip
LEAST = 1e-12  # a reliability nearer to 0 or 1 is taken to be this far off


@dataclass(frozen=True)
class Unknown:
    """One unknown of a fit.

    Attributes
    ----------
    block : str
        One of `BLOCKS`.
    name : str
        Of the source, partition or curve.
    values : (draw,) array
        On the scale on which the prior is normal, or a reliability.
    prior : LogNormal or Beta
    """

    block: str
    name: str
    values: Floats
    prior: LogNormal | Beta

    @property
    def mean(self) -> float:
        """Prior mean."""
        return self.prior.mean

    @property
    def sd(self) -> float:
        """Prior sd."""
        if isinstance(self.prior, LogNormal):
            return self.prior.sd
        return math.sqrt(self.mean * (1 - self.mean) / (self.prior.a + self.prior.b + 1))

    @property
    def log_prior(self) -> Floats:
        """Log prior density at the draws, (draw,)."""
        x, prior = self.values, self.prior
        if isinstance(prior, LogNormal):
            normal: Floats = -0.5 * ((x - prior.mean) / prior.sd) ** 2
            return normal - math.log(prior.sd * math.sqrt(2 * math.pi))
        p = np.clip(x, LEAST, 1 - LEAST)
        density: Floats = xlogy(prior.a - 1, p) + xlog1py(prior.b - 1, -p)
        return density - float(betaln(prior.a, prior.b))


def unknowns(case: Case, sources: Sequence[str], parameters: Parameters) -> list[Unknown]:
    """Return every unknown of one measure's fit, with its prior.

    Parameters
    ----------
    case : Case
        Of the measure; it declares the priors.
    sources : sequence of str
        Whose columns `parameters` holds.
    parameters : Parameters
        Draws.

    Returns
    -------
    list of Unknown
        A priori independent of each other. Of a partition's shares there is one less than parts:
        contrasts of their logs.
    """
    presets, root = case.presets, case.names[0]
    found = [
        Unknown("range", root, parameters.log_size[:, 0], case.root_prior),
        Unknown("shared bias", "", parameters.kappa, LogNormal(0.0, presets.shared_bias.sd)),
    ]
    for label, partition in case.categories.labelled:
        away = _centred_log_shares(case, partition.into, parameters.log_size)
        along = away @ contrasts(len(partition.into)).T
        found += [Unknown("shares", label, z, LogNormal(0.0, partition.sd)) for z in along.T]
    growth, event = presets.growth, presets.event_kinds[case.kind]
    curves = parameters.growth
    found.append(Unknown("growth", "harm", curves.eta, LogNormal(0.0, growth.eta_sd)))
    if event.rate is not None and event.rate_sd is not None:
        rate = LogNormal(math.log(event.rate), event.rate_sd)
        shape = LogNormal(growth.shape_log_mean, growth.shape_log_sd)
        found.append(Unknown("growth", "rate", np.log(curves.rate), rate))
        found.append(Unknown("growth", "shape", np.log(curves.shape), shape))
    for i, name in enumerate(sources):
        prior = case.source_prior(name)
        bias, scatter = (np.log(x[:, i]) for x in (parameters.bias, parameters.scatter))
        found += [
            Unknown("sources' biases", name, bias, prior.bias),
            Unknown("scatter", name, scatter, prior.scatter),
            Unknown("reliability", name, parameters.reliability[:, i], prior.reliability),
        ]
    return found


def _centred_log_shares(case: Case, parts: Sequence[str], log_size: Floats) -> Floats:
    """Return log sizes of a partition's parts about their mean, (draw, part)."""
    logs = log_size[:, [case.names.index(part) for part in parts]]
    away: Floats = logs - logs.mean(axis=1, keepdims=True)
    return away


def rows_of(parameters: Parameters, rows: Ints | slice) -> Parameters:
    """Return some of the draws."""
    return Parameters(*(_rows(getattr(parameters, f.name), rows) for f in fields(parameters)))


def _rows(values: Any, rows: Any) -> Any:
    return values.of(rows) if isinstance(values, Growth) else values[rows]
