r"""The model in PyMC, written to be read and extended.

Every wording is a weighted sum of pieces, each either the probability of a cell of log X or the
density of log X minus (or plus) an exponential at a quadrature node; every statement is a mixture
of three components (leaning on the previous figure, fresh, gross error). So one table of pieces
holds all statements, and the graph stays small enough to compile in seconds. This file shares no
likelihood code with `likelihood`: each tests the other.
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.scalar import UnaryScalarOp, upgrade_to_float_no_complex
from pytensor.scalar.basic import exp as scalar_exp
from pytensor.tensor.elemwise import Elemwise
from scipy import special

from tolls.bulletins import Composition, Statement
from tolls.case import Case
from tolls.evidence import Evidence, Exposures, gather
from tolls.presets import Presets

__all__ = ["build", "pymc_model", "reproducible"]

type Floats = NDArray[np.float64]

LINKED, FRESH, GROSS = range(3)
NEVER = -1e6  # log weight of the padding of short rows: no piece, and no -inf in a gradient
FEW = 10  # below this count a cell of log X is wide, and takes more nodes


class _LogNdtr(UnaryScalarOp):  # type: ignore[misc]
    """Log of the standard normal CDF, with the gradient exp(log phi(z) - log Phi(z))."""

    nfunc_spec = ("scipy.special.log_ndtr", 1, 1)

    def impl(self, z: float) -> float:
        return float(special.log_ndtr(z))

    def pullback(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:
        (z,), (value,), (gradient,) = inputs, outputs, gradients
        return [gradient * scalar_exp(-0.5 * z * z - 0.5 * math.log(2 * math.pi) - value)]


log_ndtr = Elemwise(_LogNdtr(upgrade_to_float_no_complex, name="log_ndtr"))


def reproducible() -> Any:
    """Context in which a fresh and a cached compilation sample the same bytes.

    Under numba's fastmath they differ (measured with PyTensor 3.3).
    """
    return pytensor.config.change_flags(numba__fastmath=False)


def pymc_model(case: Case, as_of: date | str | None = None) -> pm.Model:
    """Build the PyMC model of a case.

    Parameters
    ----------
    case : Case
        A valid case.
    as_of : date or ISO str, optional
        Use only what was published by then.

    Returns
    -------
    pymc.Model
        Random variables ``root``, ``bias``, ``scatter``, ``reliability`` (source), ``kappa``,
        ``eta``, ``rate``, ``shape`` and the log shares of every partition; deterministic ``size``
        (node) in people and ``share`` (part).

    Raises
    ------
    InputError
        If no report is left as of that date.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> model = tolls.pymc_model(case)
    >>> model.named_vars_to_dims["bias"]
    ('source',)
    """
    return build(gather(case, as_of))


def build(evidence: Evidence, *, prior_only: bool = False) -> pm.Model:
    """Build the model of gathered evidence; `prior_only` leaves the reports out."""
    case, presets = evidence.case, evidence.case.presets
    categories = case.categories
    priors = [case.source_prior(name) for name in evidence.sources]
    partitions = categories.ordered_partitions
    parts = [part for p in partitions for part in p.into]
    coords: dict[str, Sequence[str]] = {
        "node": case.names,
        "source": evidence.sources,
        "part": parts,
        **{f"part_of_{p.of}": p.into for p in partitions},
    }
    with pm.Model(coords=coords) as model:
        # sizes: the root from its declared range, parts as shares of their parents
        root = pm.LogNormal("root", case.root_prior.mean, case.root_prior.sd)
        relative = {categories.root: pt.constant(1.0)}
        shares = {}
        for partition in partitions:
            logs = pm.ZeroSumNormal(
                f"log_share_of_{partition.of}", sigma=partition.sd, dims=f"part_of_{partition.of}"
            )
            odds = pt.exp(logs)
            shares[partition.of] = odds / odds.sum()
            for i, part in enumerate(partition.into):
                relative[part] = relative[partition.of] * shares[partition.of][i]
        of_root = pt.stack(
            [sum(relative[m] for m in categories.members(name)) for name in case.names]
        )
        log_size = pt.log(root) + pt.log(of_root)
        pm.Deterministic("size", root * of_root, dims="node")
        if parts:
            pm.Deterministic("share", pt.concatenate(list(shares.values())), dims="part")

        # what is known when, and what all sources miss
        kappa = pm.Normal("kappa", 0.0, presets.shared_bias.sd)
        known = _Growth(case.kind, presets)

        # sources
        bias = pm.LogNormal(
            "bias", [p.bias.mean for p in priors], [p.bias.sd for p in priors], dims="source"
        )
        scatter = pm.LogNormal(
            "scatter", [p.scatter.mean for p in priors], [p.scatter.sd for p in priors],
            dims="source",
        )  # fmt: skip
        reliability = pm.Beta(
            "reliability", [p.reliability.a for p in priors], [p.reliability.b for p in priors],
            dims="source",
        )  # fmt: skip

        if prior_only:
            return model
        source, node = evidence.source[:, None], evidence.node[:, None]
        level = log_size[node] + kappa + pt.log(bias)[source]
        log_known, log_known_before = (
            known.log_share(evidence.now),
            known.log_share(evidence.before),
        )
        pieces = _pieces(evidence.statements, presets)
        pull = np.where(pieces.component == LINKED, evidence.link[:, None], 0.0)
        mean = level + log_known + pull * (evidence.link_log[:, None] - level - log_known_before)
        # a part stated alone: its split is uncertain, and it need not grow as the whole does; what
        # leans on the previous figure adds the innovation of a stationary autoregression
        alone = evidence.alone[:, None]
        stationary = scatter[source] ** 2 + alone * presets.belief.part_sd**2
        pace = presets.belief.part_growth_sd * (log_known - pull * log_known_before)
        honest = stationary * (1 - pull**2) + alone * pace**2
        gross = presets.belief.gross_sd**2 * (pieces.component == GROSS)
        counting = presets.belief.counting * pt.exp(-pt.maximum(mean, 0.0))
        logp = _log_pieces(pieces, mean, pt.sqrt(honest + gross + counting))
        weight = pieces.log_weight + pt.log(
            _share_of_component(pieces.component, reliability[source], presets)
        )
        pm.Potential("statements", pt.logsumexp(weight + logp, axis=1).sum())

        for partition in partitions:
            splits = [c for c in evidence.compositions if c.of == partition.of]
            if splits:
                pm.Potential(
                    f"compositions_of_{partition.of}",
                    _log_compositions(
                        splits,
                        evidence,
                        shares[partition.of],
                        reliability,
                        log_size[case.names.index(partition.of)] + kappa + pt.log(bias),
                    ).sum(),
                )
    return model


class _Growth:
    """Random variables of the growth of knowledge, where the kind of event has any."""

    def __init__(self, kind: str, presets: Presets) -> None:
        growth, event = presets.growth, presets.event_kinds[kind]
        self.exponent = pt.exp(pm.Normal("eta", 0.0, growth.eta_sd))
        self.grows = event.rate is not None and event.rate_sd is not None
        if event.rate is not None and event.rate_sd is not None:
            self.log_rate = pt.log(pm.LogNormal("rate", math.log(event.rate), event.rate_sd))
            self.shape = pm.LogNormal("shape", growth.shape_log_mean, growth.shape_log_sd)

    def log_share(self, exposures: Exposures) -> pt.TensorVariable:
        """Log share of the toll that is knowable, as a column."""
        harm = self.exponent * np.log(exposures.elapsed)[:, None]
        if not self.grows:
            return harm
        reach = pt.exp(self.shape * (self.log_rate + np.log(exposures.days)[:, None]))
        return harm + pt.log(-pt.expm1(-reach))


class _Pieces:
    """Rectangular table (statement, piece); padded with pieces of no weight."""

    def __init__(self, rows: list[list[tuple[float, ...]]]) -> None:
        width = max(map(len, rows))
        padding = (float(FRESH), 1.0, 1.0, 0.0, 1.0, NEVER)
        table = np.array([row + [padding] * (width - len(row)) for row in rows])
        self.component, self.is_cell, self.side, self.low, self.high, self.log_weight = np.moveaxis(
            table, -1, 0
        )


def _pieces(statements: Sequence[Statement], presets: Presets) -> _Pieces:
    rows = []
    for statement in statements:
        own = _wording_pieces(statement.wording, statement.figure, presets)
        rows.append([(float(c), *piece) for c in (LINKED, FRESH, GROSS) for piece in own])
    return _Pieces(rows)


def _wording_pieces(
    wording: str, figure: tuple[int, ...], presets: Presets
) -> list[tuple[float, ...]]:
    """Pieces (is_cell, side, low, high, log weight): cells [low, high) in log X, or nodes.

    A node stands at `low`; `high` then holds the mean of the exponential, and side -1 (+1) says
    that it is subtracted from (added to) log X.
    """
    y = figure[0]
    if wording in ("exact", "range"):
        return [_cell(y - 0.5, figure[-1] + 0.5, 1.0)]
    if wording == "about":
        cells = [_cell(y - 0.5, y + 0.5, presets.about.unrounded)]
        for digits, weight in zip(presets.about.digits, presets.about.weights, strict=True):
            ends = _rounding_cell(y, digits)
            if ends:
                cells.append(_cell(*ends, weight))
        return cells
    mixture = list(zip(presets.bounds.means, presets.bounds.weights, strict=True))
    if wording == "up_to" and y == 0:  # X exp(E) < 1/2, by Gauss-Laguerre over E
        points = list(zip(*np.polynomial.laguerre.laggauss(48), strict=True))
        return [
            _cell(0.0, 0.5 * math.exp(-mean * x), share * w)
            for mean, share in mixture
            for x, w in points
            if mean * x < 50
        ]
    if wording == "at_least":
        side, low, high = -1.0, math.log(y), math.log(y + 1)
    else:  # up to: 1 takes what 0 leaves of the first person
        side, low, high = 1.0, math.log(max(y - 1, 0.5)), math.log(y)
    points = list(zip(*np.polynomial.legendre.leggauss(5 if y < FEW else 3), strict=True))
    return [
        (0.0, side, (low + high) / 2 + (high - low) / 2 * x, mean,
         math.log(share * w / 2 * (high - low) / mean))
        for mean, share in mixture
        for x, w in points
    ]  # fmt: skip


def _cell(low: float, high: float, weight: float) -> tuple[float, ...]:
    # below half a person log X goes to minus infinity; exp(-60) people stands for it
    return (1.0, 1.0, math.log(low) if low > 0 else -60.0, math.log(high), math.log(weight))


def _rounding_cell(y: int, digits: int) -> tuple[float, float] | None:
    """Return the ends of what rounds to y at so many significant digits, if anything does."""
    if y < 10**digits:
        return y - 0.5, y + 0.5
    power = math.floor(math.log10(y) + 1e-12)
    step = 10 ** (power + 1 - digits)
    if y % step:
        return None
    step_below = step // 10 if y == 10**power else step
    return y - step_below / 2, y + step / 2


def _share_of_component(
    component: Floats, reliability: pt.TensorVariable, presets: Presets
) -> pt.TensorVariable:
    fresh = presets.links.fresh
    honest = np.where(component == LINKED, 1 - fresh, fresh)
    return pt.switch(component == GROSS, 1 - reliability, honest * reliability)


def _log_pieces(
    pieces: _Pieces, mean: pt.TensorVariable, sd: pt.TensorVariable
) -> pt.TensorVariable:
    # cells: the difference of two CDFs, mirrored into the left tail
    low, high = (pieces.low - mean) / sd, (pieces.high - mean) / sd
    right = low + high > 0
    bottom = log_ndtr(pt.switch(right, -high, low))
    top = log_ndtr(pt.switch(right, -low, high))
    cell = top + pt.log(-pt.expm1(bottom - top))
    # nodes: density of a normal minus (plus) an exponential, without its constants
    u, k = pieces.side * low, sd / pieces.high
    node = -k * u + k**2 / 2 + log_ndtr(u - k)
    return pt.switch(pieces.is_cell, cell, node)


def _log_compositions(
    splits: Sequence[Composition],
    evidence: Evidence,
    share: pt.TensorVariable,
    reliability: pt.TensorVariable,
    log_final: pt.TensorVariable,
) -> pt.TensorVariable:
    """Dirichlet-multinomial mixtures, axes (composition, component, part).

    `log_final` (source) is what each source will have stated in the end. Parts become known at
    paces of their own, so the split of a share f of it varies more by (sd log f)^2 for each part's
    log; a Dirichlet of concentration c over k parts has about k / c, hence 1/c + (sd log f)^2 / k.
    """
    presets = evidence.case.presets
    source = [evidence.sources.index(c.source) for c in splits]
    honest = [evidence.case.source_prior(c.source).composition for c in splits]
    gross = presets.belief.gross_composition
    at_end = np.array([[c, c, gross] for c in honest])
    total = np.array([[float(sum(c.counts))] for c in splits])
    log_stated = pt.minimum(np.log(total) - log_final[source][:, None], 0.0)
    uneven = (presets.belief.part_growth_sd * log_stated) ** 2 / len(splits[0].parts)
    concentration = 1 / (1 / at_end + uneven)
    pull = np.array([[c.link.r if c.link else 0.0, 0.0, 0.0] for c in splits])[..., None]
    blank = (0.0,) * len(splits[0].parts)
    previous = np.array([[c.link.previous if c.link else blank] for c in splits])
    counts = np.array([[c.counts] for c in splits], dtype=float)
    alpha = concentration[..., None] * ((1 - pull) * share + pull * previous)
    n = counts.sum(axis=-1)
    ways = special.gammaln(n + 1) - special.gammaln(counts + 1).sum(axis=-1)
    logp = (
        ways
        + pt.gammaln(concentration)
        - pt.gammaln(concentration + n)
        + (pt.gammaln(alpha + counts) - pt.gammaln(alpha)).sum(axis=-1)
    )
    component = np.array([[LINKED, FRESH, GROSS]], dtype=float)
    weight = _share_of_component(component, reliability[source][:, None], presets)
    return pt.logsumexp(pt.log(weight) + logp, axis=1)
