"""What a reader of the same reports might say without a model, and with a simpler one.

Points: the largest figure, the median, the latest, the latest official one, the mean weighted by
inverse variance. A distribution: sources with biases around zero and nothing else. All take the
reports that are evidence (and printed totals of evidence) on the node itself, or on its parts where
the newest word on every part is newer than any on the node; relays and repeats count for none.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tolls.case import Case
from tolls.evidence import Evidence
from tolls.growth import Moment
from tolls.reliability import SourceDeclaration, source_prior
from tolls.reports import Report
from tolls.scoring import LEVELS, NOTHING, Forecast, kernel_forecast, log_toll

__all__ = ["OFFICIAL", "POINTS", "ZERO_MEAN", "Said", "points", "usable", "zero_mean"]

type Floats = NDArray[np.float64]

# a state that counts or certifies; a party that states losses is no such, whether a state or not
OFFICIAL = ("ministry", "ministry_collapsing", "forensic", "third_state")
ZERO_MEAN = "zero-mean biases"
REACH = 8.0  # prior sd that the grid of log sizes spans either way
STEPS = 4001
NODES = 15  # of the quadrature over a source's scatter


@dataclass(frozen=True, slots=True)
class Said:
    """One usable figure: who said it, when, and its log.

    Attributes
    ----------
    voice, node : str
    log : float
        Of the figure in people; of the geometric mean of a range or of what a word covers.
    scatter : float
        Median log-scale sd of the source's honest statements, by its grade or as declared.
    official : bool
    """

    voice: str
    node: str
    published: Moment
    as_of: Moment
    row: int
    log: float
    scatter: float
    official: bool

    @property
    def order(self) -> tuple[Moment, Moment, int]:
        """What makes one figure later than another."""
        return self.published, self.as_of, self.row


def usable(evidence: Evidence) -> tuple[Said, ...]:
    """Return the figures that baselines may use, in the order in which they were said.

    Parameters
    ----------
    evidence : Evidence
        On one measure, as of one date.

    Returns
    -------
    tuple of Said
        Whoever stands in for a source is that source. Counts of another scope or of another thing
        are left out.
    """
    case, found = evidence.case, []
    for report in case.reports:
        if report.measure != case.measure or report.category not in case.names:
            continue
        if evidence.fates[report.row][0] not in ("evidence", "redundant") or case.scopes.way(
            report
        ):
            continue
        voice = case.voice(report.cites or report.source, report.category)
        found.append(
            Said(
                voice,
                report.category,
                report.published,
                report.as_of,
                report.row,
                _log(report, case),
                math.exp(case.source_prior(voice).scatter.mean),
                case.voices[voice].kind in OFFICIAL,
            )
        )
    return tuple(sorted(found, key=lambda said: said.order))


def _log(report: Report, case: Case) -> float:
    """Return the log of what a report states, its wording apart."""
    if report.value is not None:
        return float(log_toll(report.value))
    if report.qualifier == "words":
        word = case.presets.words.terms[report.words]
        ends = word.low, word.high or word.low
    else:
        ends = report.low or 0, report.high or 0
    return float(log_toll(np.array(ends)).mean())


def _latest_of_each(said: Sequence[Said]) -> list[Said]:
    return list({one.voice: one for one in said}.values())


def _largest(said: Sequence[Said]) -> float:
    return max(one.log for one in said)


def _median(said: Sequence[Said]) -> float:
    return float(np.median([one.log for one in _latest_of_each(said)]))


def _latest(said: Sequence[Said]) -> float:
    return said[-1].log


def _weighted(said: Sequence[Said]) -> float:
    each = _latest_of_each(said)
    return float(np.average([o.log for o in each], weights=[o.scatter**-2 for o in each]))


POINTS: Mapping[str, Callable[[Sequence[Said]], float]] = {
    "largest": _largest,
    "median of sources": _median,
    "latest": _latest,
    "official": _latest,
    "inverse variance": _weighted,
}


def points(said: Sequence[Said], case: Case, node: str) -> dict[str, float]:
    """Return what every point baseline says of a node, in people.

    ``largest``: the largest figure. ``median of sources``: the median of every source's latest.
    ``latest``: the one published last. ``official``: the latest by a state that counts or certifies
    (kinds ministry, ministry_collapsing, forensic, third_state). ``inverse variance``: the mean of
    the logs of every source's latest, with weights 1 / scatter².

    Parameters
    ----------
    said : sequence of Said
        As `usable` returns them.
    case : Case
        Of the same measure.
    node : str

    Returns
    -------
    dict of str to float
        Without the baselines that no figure speaks for.
    """
    found = {}
    for name, point in POINTS.items():
        heard = [one for one in said if one.official] if name == "official" else list(said)
        groups = _groups(heard, case, node)
        if groups:
            found[name] = sum(math.exp(point(own)) for own in groups)
    return found


def _groups(said: Sequence[Said], case: Case, node: str) -> list[list[Said]]:
    """Return the figures on a node; on each of its parts where those are newer; else nothing."""
    own = [one for one in said if one.node == node]
    best = [own] if own else []
    unions = case.categories.unions
    splits = [p.into for p in case.categories.partitions if p.of == node]
    for parts in [*splits, unions[node]] if node in unions else splits:
        each = [_groups(said, case, part) for part in parts]
        together = [group for groups in each for group in groups]
        if all(each) and (not best or _newest(together) > _newest(best)):
            best = together
    return best


def _newest(groups: Sequence[Sequence[Said]]) -> Moment:
    """Return when the newest word on the part longest silent was published."""
    return min(group[-1].published for group in groups)


def zero_mean(
    said: Sequence[Said],
    case: Case,
    node: str,
    prior: Mapping[str, Floats],
    rng: np.random.Generator,
) -> Forecast | None:
    r"""Return the forecast of a model that knows nothing of its sources.

    In the manner of Radford et al. (2023), Estimating conflict losses and reporting biases, PNAS
    120(34): every source multiplies the toll by a bias of its own, whose log has mean zero. Here:

    .. math:: y_{ij} = \log \lambda + b_i + e_{ij}, \quad b_i \sim N(0, \tau^2), \quad
              e_{ij} \sim N(0, s_i^2)

    with tau and the prior of s_i those of a source of which nothing is known (grade F, kind other),
    and the case's own prior of the size, as a normal with its mean and sd. No grades, no wording,
    no growth, no shared bias, no serial dependence. s_i is integrated by quadrature, the size on a
    grid.

    Parameters
    ----------
    said : sequence of Said
        As `usable` returns them.
    case : Case
        Of the same measure.
    node : str
    prior : mapping of str to (draw,) float array
        Sizes of every node, drawn from the prior.
    rng : Generator
        Draws what is said of parts, where they are added.

    Returns
    -------
    Forecast, optional
        None where no figure speaks of the node.
    """
    groups = _groups(said, case, node)
    if not groups:
        return None
    unknown = source_prior(SourceDeclaration("unknown"), case.presets)
    z, weight = np.polynomial.hermite_e.hermegauss(NODES)
    scatter = np.exp(unknown.scatter.mean + unknown.scatter.sd * z)
    log_weight = np.log(weight / weight.sum())
    grids = []
    for group in groups:
        logs = np.log(prior[group[0].node])
        mean, sd = float(logs.mean()), float(logs.std())
        figures = [one.log for one in group]
        at = np.linspace(min(mean - REACH * sd, *figures), max(mean + REACH * sd, *figures), STEPS)
        density = -0.5 * ((at - mean) / sd) ** 2
        for voice in dict.fromkeys(one.voice for one in group):
            own = np.array([one.log for one in group if one.voice == voice])
            density += logsumexp(
                _source(own, at[:, None], unknown.bias.sd, scatter) + log_weight, axis=1
            )
        grids.append((at, density - logsumexp(density) - math.log(at[1] - at[0])))
    if len(grids) == 1:
        return _of_grid(*grids[0])
    sizes = np.sum([_quantiles(*grid, rng.random(LEVELS)) for grid in grids], axis=0)
    return kernel_forecast(np.rint(sizes), sizes, prior[node])


def _source(figures: Floats, at: Floats, tau: float, scatter: Floats) -> Floats:
    """Return the log density of one source's figures, by size and by scatter."""
    count, mean = len(figures), figures.mean()
    within = ((figures - mean) ** 2).sum()
    var = scatter**2
    whole = var + count * tau**2
    return np.asarray(
        -0.5
        * (
            (count - 1) * np.log(var)
            + np.log(whole)
            + within / var
            + count * (mean - at) ** 2 / whole
        ),
        dtype=float,
    )


def _quantiles(at: Floats, log_density: Floats, levels: Floats) -> Floats:
    """Return sizes at quantiles of a density of their log on a grid."""
    below = np.cumsum(np.exp(log_density))
    return np.asarray(np.exp(np.interp(levels * below[-1], below, at)), dtype=float)


def _of_grid(at: Floats, log_density: Floats) -> Forecast:
    """Return the forecast of a density of the log size on a grid."""
    mass = np.exp(log_density - logsumexp(log_density))
    nothing = float(np.log(max(mass[at < math.log(NOTHING)].sum(), np.finfo(float).tiny)))

    def log(tolls: Floats) -> Floats:
        return np.where(tolls > 0, np.interp(log_toll(tolls), at, log_density), nothing)

    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    return Forecast(np.rint(_quantiles(at, log_density, levels)), log)
