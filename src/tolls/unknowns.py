"""The unknowns of a fit one by one, each with its draws on the scale of its prior.

Whatever asks about priors (how far the reports moved one, what another would do, which of them an
interval comes from) goes through this list. No likelihood lives here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, xlog1py, xlogy

from tolls.case import Case
from tolls.evidence import Evidence
from tolls.likelihood import Growth, Parameters
from tolls.priors import Beta, LogNormal
from tolls.shears import contrasts

__all__ = ["BLOCKS", "Unknown", "behind", "rows_of", "unknowns"]

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


def unknowns(evidence: Evidence, parameters: Parameters) -> list[Unknown]:
    """Return every unknown of one measure's fit, with its prior.

    Parameters
    ----------
    evidence : Evidence
        Whose sources and lists the columns of `parameters` are of; its case declares the priors.
    parameters : Parameters
        Draws.

    Returns
    -------
    list of Unknown
        A priori independent of each other. Of a partition's shares there is one less than parts:
        contrasts of their logs.
    """
    case = evidence.case
    shared = LogNormal(0.0, case.presets.shared_bias.sd)
    found = [
        Unknown("range", case.names[0], parameters.log_size[:, 0], case.root_prior),
        Unknown("shared bias", "", parameters.kappa, shared),
    ]
    for label, partition in case.categories.labelled:
        away = _centred_log_shares(case, partition.into, parameters.log_size)
        along = away @ contrasts(len(partition.into)).T
        found += [Unknown("shares", label, z, LogNormal(0.0, partition.sd)) for z in along.T]
    found += _curves(evidence, parameters.growth)
    for i, name in enumerate(evidence.sources):
        prior = case.source_prior(name)
        bias, scatter = (np.log(x[:, i]) for x in (parameters.bias, parameters.scatter))
        found += [
            Unknown("sources' biases", name, bias, prior.bias),
            Unknown("scatter", name, scatter, prior.scatter),
            Unknown("reliability", name, parameters.reliability[:, i], prior.reliability),
        ]
    return found


def _curves(evidence: Evidence, curves: Growth) -> Iterator[Unknown]:
    """Yield how harm and knowledge grow, how many are found, and what lists of the missing hold."""
    presets, kind = evidence.case.presets, evidence.case.kind
    growth, event = presets.growth, presets.event_kinds[kind]
    yield Unknown("growth", "harm", curves.eta, LogNormal(0.0, growth.eta_sd))
    if event.rate is not None and event.rate_sd is not None:
        rate = LogNormal(math.log(event.rate), event.rate_sd)
        shape = LogNormal(growth.shape_log_mean, growth.shape_log_sd)
        yield Unknown("growth", "rate", np.log(curves.rate), rate)
        yield Unknown("growth", "shape", np.log(curves.shape), shape)
    if evidence.searched:
        yield Unknown("growth", "found", curves.found, Beta(*event.found))
    for i, name in enumerate(evidence.lists):
        of = presets.missing.lists[name]
        alive, days = (np.log(x[:, i]) for x in (curves.alive, curves.clearing))
        yield Unknown("growth", f"alive {name}", alive, LogNormal(math.log(of.alive), of.alive_sd))
        yield Unknown("growth", f"clearing {name}", days, LogNormal(math.log(of.days), of.days_sd))
        yield Unknown("growth", f"kept {name}", curves.kept[:, i], Beta(*of.kept))


def _centred_log_shares(case: Case, parts: Sequence[str], log_size: Floats) -> Floats:
    """Return log sizes of a partition's parts about their mean, (draw, part)."""
    logs = log_size[:, [case.names.index(part) for part in parts]]
    away: Floats = logs - logs.mean(axis=1, keepdims=True)
    return away


def rows_of(parameters: Parameters, rows: Ints | slice) -> Parameters:
    """Return some of the draws."""
    taken = {f.name: getattr(parameters, f.name) for f in fields(parameters)}
    growth = taken.pop("growth").of(rows)
    return Parameters(growth=growth, **{name: x[rows] for name, x in taken.items()})


def behind(parameters: Parameters, whole: Evidence, part: Evidence) -> Parameters:
    """Return draws of what part of the evidence depends on: its sources and lists alone.

    `parameters` has the columns of `whole`, which has all sources and lists that `part` has.
    """
    sources = [whole.sources.index(name) for name in part.sources]
    lists = [whole.lists.index(name) for name in part.lists]
    growth = parameters.growth
    return replace(
        parameters,
        growth=replace(
            growth,
            alive=growth.alive[:, lists],
            clearing=growth.clearing[:, lists],
            kept=growth.kept[:, lists],
        ),
        bias=parameters.bias[:, sources],
        scatter=parameters.scatter[:, sources],
        reliability=parameters.reliability[:, sources],
    )
