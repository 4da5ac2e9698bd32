r"""The model in PyMC, written to be read and extended.

Figures, dates, priors and presets are data of the graph: one compiled model serves every case of
its structure. Every wording is a weighted sum of pieces, each either the probability of a cell of
log X or the density of log X minus (or plus) an exponential at a quadrature node; every statement
is a mixture of three components (leaning on the previous figure, fresh, gross error). This file
shares no likelihood code with `likelihood`: each tests the other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
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

from tolls.case import Case
from tolls.evidence import Evidence, Exposures, gather
from tolls.presets import Presets
from tolls.readings import Reading
from tolls.statements import Composition

__all__ = ["NUMBERS", "Structure", "assemble", "build", "pymc_model", "reproducible", "split"]

type Floats = NDArray[np.float64]
type Tensor = pt.TensorVariable
type Tensors = Mapping[str, Tensor]

NUMBERS = "numbers"  # name of the data variable
LINKED, GROSS = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])  # of the three components
NEVER = -1e6  # log weight of what fills up short rows: no piece, and no -inf in a gradient
NODES = 4  # of the quadrature over one person
FEW = np.polynomial.legendre.leggauss(6)


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
        ``eta``, ``rate``, ``shape``, ``found``, ``alive``, ``clearing`` and ``kept`` (list) where
        there are reports of the missing, and the log shares of every partition; deterministic
        ``size`` (node) in people and ``share`` (part).

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
    return assemble(*split(evidence, prior_only=prior_only))


@dataclass(frozen=True, slots=True)
class Structure:
    """All that a compiled model is bound to: no figure, date, prior or preset.

    `members` are nodes and unions, with the nodes that add up to each; `shapes` table, column and
    shape of the numbers, in their order.
    """

    members: tuple[tuple[str, tuple[str, ...]], ...]
    partitions: tuple[tuple[str, str, tuple[str, ...]], ...]
    sources: tuple[str, ...]
    lists: tuple[str, ...]
    shapes: tuple[tuple[str, str, tuple[int, ...]], ...]

    def unpack(self, numbers: Tensor) -> dict[str, dict[str, Tensor]]:
        """Return the tables that a vector of numbers holds."""
        tables: dict[str, dict[str, Tensor]] = {table: {} for table, *_ in self.shapes}
        start = 0
        for table, column, shape in self.shapes:
            end = start + math.prod(shape)
            tables[table][column] = numbers[start:end].reshape(shape) if shape else numbers[start]
            start = end
        return tables


def split(evidence: Evidence, *, prior_only: bool = False) -> tuple[Structure, Floats]:
    """Split evidence into the structure of its model and the numbers that this takes."""
    categories = evidence.case.categories
    tables = {"priors": _priors(evidence)} | ({} if prior_only else _reports(evidence))
    columns = [(table, name, v) for table, named in tables.items() for name, v in named.items()]
    structure = Structure(
        members=tuple((name, categories.members(name)) for name in categories.names),
        partitions=tuple((label, p.of, p.into) for label, p in categories.labelled),
        sources=evidence.sources,
        lists=evidence.lists,
        shapes=tuple((table, name, np.shape(values)) for table, name, values in columns),
    )
    return structure, np.concatenate([np.ravel(values) for _, _, values in columns], dtype=float)


def _priors(evidence: Evidence) -> dict[str, Any]:
    case, presets = evidence.case, evidence.case.presets
    growth, event = presets.growth, presets.event_kinds[case.kind]
    sources = [case.source_prior(name) for name in evidence.sources]
    known = event.rate and {
        "rate_mean": math.log(event.rate), "rate_sd": event.rate_sd,
        "shape_mean": growth.shape_log_mean, "shape_sd": growth.shape_log_sd,
    }  # fmt: skip
    missing = [presets.missing.lists[name] for name in evidence.lists]
    listed = missing and {
        "alive_mean": [math.log(of.alive) for of in missing],
        "alive_sd": [of.alive_sd for of in missing],
        "clearing_mean": [math.log(of.days) for of in missing],
        "clearing_sd": [of.days_sd for of in missing],
        "kept_a": [of.kept[0] for of in missing],
        "kept_b": [of.kept[1] for of in missing],
        "residue": presets.missing.residue,
    }
    searched = evidence.searched and {"found_a": event.found[0], "found_b": event.found[1]}
    return {
        "root_mean": case.root_prior.mean, "root_sd": case.root_prior.sd,
        **{f"share_sd_of_{label}": p.sd for label, p in case.categories.labelled},
        "kappa_sd": presets.shared_bias.sd, "eta_sd": growth.eta_sd,
        **(known or {}), **(searched or {}), **(listed or {}),
        "bias_mean": [p.bias.mean for p in sources], "bias_sd": [p.bias.sd for p in sources],
        "scatter_mean": [p.scatter.mean for p in sources],
        "scatter_sd": [p.scatter.sd for p in sources],
        "honest_a": [p.reliability.a for p in sources],
        "honest_b": [p.reliability.b for p in sources],
    }  # fmt: skip


def _reports(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Tables of statements, of their pieces, and of the compositions of every partition."""
    belief, fresh = evidence.case.presets.belief, evidence.case.presets.links.fresh
    alone, pull = evidence.alone[:, None], evidence.link[:, None] * LINKED
    components = np.array([math.log1p(-fresh), math.log(fresh), 0.0])  # logs, given who is honest
    statements = {
        "source": evidence.source, "node": evidence.node % len(evidence.case.names),
        "seen": [not evidence.anchors(s) for s in evidence.statements],
        "shift": evidence.shift, "wording_spread": evidence.spread[:, None],
        "pull": pull, "said": pull * evidence.link_log[:, None],
        # a part stated alone: its split is uncertain, and it need not grow as the whole does
        "spread": alone * belief.part_sd**2 * (1 - pull**2) + belief.gross_sd**2 * GROSS,
        "uneven": alone * belief.part_growth_sd**2, "counting": belief.counting,
        **_exposed(evidence.now, ""), **_exposed(evidence.before, "_before"),
    }  # fmt: skip
    tables = {"statements": statements, "pieces": _all_pieces(evidence, components)}
    for label, partition in evidence.case.categories.labelled:
        stated = [c for c in evidence.compositions if c.parts == partition.into]
        if stated:
            tables[f"compositions_of_{label}"] = _splits(stated, evidence, components)
    return tables


def _exposed(exposures: Exposures, when: str) -> dict[str, Any]:
    """Columns of what growth has to work with: times, and what is counted of the dead."""
    found, unfound = exposures.found.astype(float), exposures.unfound.astype(float)
    columns = {
        "log_elapsed": np.log(exposures.elapsed), "log_days": np.log(exposures.days),
        "everybody": unfound, "share_found": found - unfound,
    }  # fmt: skip
    if exposures.listed.size:
        columns["listed"] = exposures.listed
    return {f"{name}{when}": values for name, values in columns.items()}


def _splits(stated: list[Composition], evidence: Evidence, components: Floats) -> dict[str, Any]:
    belief, parts = evidence.case.presets.belief, len(stated[0].parts)
    counts = np.array([c.counts for c in stated], dtype=float)
    total = counts.sum(axis=1)
    honest = np.array([evidence.case.source_prior(c.source).composition for c in stated])
    pull = np.array([c.link.r if c.link else 0.0 for c in stated])[:, None] * LINKED
    previous = np.array([c.link.previous if c.link else (0.0,) * parts for c in stated])
    return {
        "source": [evidence.sources.index(c.source) for c in stated],
        "counts": counts[:, None], "total": total[:, None], "log_total": np.log(total)[:, None],
        "ways": (special.gammaln(total + 1) - special.gammaln(counts + 1).sum(axis=1)).sum(),
        "spread": np.where(GROSS, 1 / belief.gross_composition, 1 / honest[:, None]),
        "uneven": belief.part_growth_sd**2 / parts,
        "own": 1 - pull[..., None], "said": pull[..., None] * previous[:, None],
        "log_weight": np.tile(components, (len(stated), 1)),
    }  # fmt: skip


def _all_pieces(evidence: Evidence, components: Floats) -> dict[str, Any]:
    """Pieces of all statements, and which make up each; short rows are filled up with the first."""
    found = [_pieces(s.reading, evidence.case.presets) for s in evidence.statements]
    widths = np.array([[len(pieces)] for pieces in found])
    table = np.concatenate(found)
    first, place = np.cumsum(widths)[:, None] - widths, np.arange(widths.max())
    which = first + np.where(place < widths, place, 0)
    log_weight = np.where(place < widths, table[which, 3], NEVER)
    own = [s.reading.sigma or (0.0, 0.0) for s in evidence.statements]
    sigma: dict[str, Any] = {}
    if any(s.reading.sigma for s in evidence.statements):  # else the compiled model is simpler
        both = np.repeat(np.array(own), widths[:, 0], axis=0) ** 2
        sigma = {"variance_below": both[:, :1], "variance_above": both[:, 1:]}
    return {
        "statement": np.repeat(np.arange(len(found)), widths[:, 0]),
        "low": table[:, :1], "high": table[:, 1:2], "rate": table[:, 2:3], **sigma,
        "which": which, "log_weight": log_weight[..., None] + components,
    }  # fmt: skip


def _pieces(reading: Reading, presets: Presets) -> list[tuple[float, ...]]:
    """Pieces of a statement as (low, high, rate, log weight).

    A cell [low, high) of log X has rate 0. At a node, low and high in one, stands the density of
    log X minus (rate above 0) or plus (below) an exponential. All figures of a wording have as many
    pieces, `up_to` 0 excepted.
    """
    wording, figure = reading.wording, reading.figure
    if wording == "words":
        return _worded(figure[0], presets)
    y = figure[0]
    if wording in ("exact", "range", "estimate"):
        return [_cell(y - 0.5, figure[-1] + 0.5, 1.0)]
    if wording == "floor":
        return [_cell(y - 0.5, math.inf, 1.0)]
    if wording == "ceiling":
        return [_cell(0.0, y + 0.5, 1.0)]
    if wording == "about":
        unrounded, *weights = reading.habit or presets.about.shares
        units = zip(presets.about.digits, weights, strict=True)
        own = _cell(y - 0.5, y + 0.5, unrounded)
        return [own, *(_rounding_cell(y, digits, weight) for digits, weight in units)]
    mixture = list(zip(presets.bounds.means, presets.bounds.weights, strict=True))
    if wording == "up_to" and y == 0:  # X exp(E) < 1/2, by Gauss-Legendre over E, piece by piece
        pieces = [(i + (1 + x) / 2, w / 2) for i in range(50) for x, w in zip(*FEW, strict=True)]
        return [
            _cell(0.0, 0.5 * math.exp(-e), weight)
            for mean, share in mixture
            for e, w in pieces
            if (weight := share * w * math.exp(-e / mean) / mean) > 1e-15
        ]
    if wording == "at_least":
        side, low, high = 1.0, math.log(y), math.log(y + 1)
    else:  # up to: 1 takes what 0 leaves of the first person
        side, low, high = -1.0, math.log(max(y - 1, 0.5)), math.log(y)
    points = list(zip(*np.polynomial.legendre.leggauss(NODES), strict=True))
    return [
        (node := (low + high) / 2 + (high - low) / 2 * x, node, side / mean,
         math.log(share * w / 2 * (high - low) / mean))
        for mean, share in mixture
        for x, w in points
    ]  # fmt: skip


def _cell(low: float, high: float, weight: float) -> tuple[float, ...]:
    # exp(-60) people stand for none, exp(60) for any number
    top = math.log(high) if high < math.inf else 60.0
    return (math.log(low) if low > 0 else -60.0, top, 0.0, math.log(weight))


def _worded(word: str, presets: Presets) -> list[tuple[float, ...]]:
    """Cells between the edges of the table of words; where several words hold they share it."""
    table = [(t.low, t.high or math.inf, t.share, name) for name, t in presets.words.terms.items()]
    edges = sorted({edge for low, high, *_ in table for edge in (low, high)})
    cells = []
    for low, high in pairwise(edges):
        here = [(share, name) for a, b, share, name in table if a <= low and b >= high]
        own = sum(share for share, name in here if name == word)
        if own:
            cells.append(_cell(low, high, own / sum(share for share, _ in here)))
    return cells


def _rounding_cell(y: int, digits: int, weight: float) -> tuple[float, ...]:
    """Return the cell of what rounds to y at so many significant digits; no weight if nothing."""
    if y < 10**digits:
        return _cell(y - 0.5, y + 0.5, weight)
    power = math.floor(math.log10(y) + 1e-12)
    step = 10 ** (power + 1 - digits)
    if y % step:
        return (*_cell(y - 0.5, y + 0.5, 1.0)[:-1], NEVER)
    step_below = step // 10 if y == 10**power else step
    return _cell(y - step_below / 2, y + step / 2, weight)


def assemble(structure: Structure, numbers: Floats) -> pm.Model:
    """Assemble the model of a structure around numbers that fit it."""
    parts = [part for *_, into in structure.partitions for part in into]
    nodes = [structure.members[0][0], *parts]
    coords: dict[str, Sequence[str]] = {
        "node": [name for name, _ in structure.members],
        "source": structure.sources,
        "part": parts,
        "list": structure.lists,
        **{f"part_of_{label}": into for label, _, into in structure.partitions},
    }

    def holds(some: Sequence[str]) -> Floats:
        return np.array([[node in m for node in some] for _, m in structure.members], dtype=float)

    with pm.Model(coords=coords) as model:
        # one variable: each costs nutpie 0.4 s of compilation
        tables = structure.unpack(pm.Data(NUMBERS, numbers, shape=numbers.shape))
        prior = tables["priors"]

        # sizes: the root from its declared range, parts as shares of their parents
        root = pm.LogNormal("root", prior["root_mean"], prior["root_sd"])
        relative: dict[str, Any] = {nodes[0]: 1.0}
        of_root, shares = pt.constant(holds(nodes[:1])[:, 0]), {}
        for label, of, into in structure.partitions:
            sd, dims = prior[f"share_sd_of_{label}"], f"part_of_{label}"
            odds = pt.exp(pm.ZeroSumNormal(f"log_share_of_{label}", sigma=sd, dims=dims))
            shares[label] = odds / odds.sum()
            of_parts = relative[of] * shares[label]
            relative |= {part: of_parts[i] for i, part in enumerate(into)}
            of_root = of_root + (holds(into) * of_parts).sum(axis=1)
        log_root = pt.log(root)
        log_size = log_root + pt.log(of_root)
        pm.Deterministic("size", root * of_root, dims="node")
        if parts:
            pm.Deterministic("share", pt.concatenate(list(shares.values())), dims="part")

        # what is known when, and what all sources miss
        kappa = pm.Normal("kappa", 0.0, prior["kappa_sd"])
        known = _Growth(prior)

        # sources
        bias = pm.LogNormal("bias", prior["bias_mean"], prior["bias_sd"], dims="source")
        scatter = pm.LogNormal("scatter", prior["scatter_mean"], prior["scatter_sd"], dims="source")
        reliability = pm.Beta("reliability", prior["honest_a"], prior["honest_b"], dims="source")

        if "statements" not in tables:
            return model
        chance = pt.switch(GROSS, 1 - reliability[:, None], reliability[:, None])
        log_final = kappa + pt.log(bias)
        stated = tables["statements"]
        source, pull = stated["source"].astype("int64"), stated["pull"]
        level = log_size[stated["node"].astype("int64")] + log_final[source]
        level = (level - (1 - stated["seen"]) * kappa)[:, None]
        log_known = known.log_share(stated, "")[:, None]
        before = known.log_share(stated, "_before")[:, None]
        ahead = log_known - pull * before
        mean = (1 - pull) * level + stated["said"] + ahead + stated["shift"][:, None]
        # what leans on the previous figure adds the innovation of a stationary autoregression
        honest = (scatter**2)[source][:, None] * (1 - pull**2) + stated["uneven"] * ahead**2
        counting = stated["counting"] * pt.exp(-pt.maximum(mean, 0.0))
        sd = pt.sqrt(honest + stated["spread"] + stated["wording_spread"] + counting)
        logp = _log_statements(tables["pieces"], mean, sd, chance[source][:, None])
        pm.Potential("statements", logp.sum())

        for label, of, _ in structure.partitions:
            name = f"compositions_of_{label}"
            if name in tables:
                at_end = log_root + pt.log(relative[of]) + log_final
                pm.Potential(name, _log_compositions(tables[name], shares[label], at_end, chance))
    return model


class _Growth:
    """Random variables of the growth of knowledge, in so far as the evidence has any."""

    def __init__(self, prior: Tensors) -> None:
        self.exponent = pt.exp(pm.Normal("eta", 0.0, prior["eta_sd"]))
        self.log_found = (
            pt.log(pm.Beta("found", prior["found_a"], prior["found_b"]))
            if "found_a" in prior
            else pt.constant(0.0)
        )
        self.listed = "alive_mean" in prior
        if self.listed:
            self.residue = prior["residue"]
            self.alive, self.clearing = (
                pm.LogNormal(name, prior[f"{name}_mean"], prior[f"{name}_sd"], dims="list")
                for name in ("alive", "clearing")
            )
            self.kept = pm.Beta("kept", prior["kept_a"], prior["kept_b"], dims="list")
        self.grows = "rate_mean" in prior
        if self.grows:
            self.log_rate = pt.log(pm.LogNormal("rate", prior["rate_mean"], prior["rate_sd"]))
            self.shape = pm.LogNormal("shape", prior["shape_mean"], prior["shape_sd"])

    def log_share(self, stated: Tensors, when: str) -> Tensor:
        """Log of what of the toll was there to be counted."""
        harm, log_days = self.exponent * stated[f"log_elapsed{when}"], stated[f"log_days{when}"]
        log_found = self.log_found
        if self.grows:
            reach = pt.exp(self.shape * (self.log_rate + log_days))
            log_found = log_found + pt.log(-pt.expm1(-reach))
        seen = stated[f"everybody{when}"] + stated[f"share_found{when}"] * pt.exp(log_found)
        if self.listed:
            left = self.alive * pt.exp(-pt.exp(log_days)[:, None] / self.clearing)
            unheard = (1 - pt.exp(self.log_found)) * (1 - self.kept)  # of the never found
            told = left + self.residue - unheard
            seen = seen + (stated[f"listed{when}"] * told).sum(axis=1)
        return harm + pt.log(seen)


def _log_statements(pieces: Tensors, mean: Tensor, sd: Tensor, chance: Tensor) -> Tensor:
    """Mixtures of pieces, axes (statement, piece, component)."""
    statement, rate = pieces["statement"].astype("int64"), pieces["rate"]
    mean, sd = mean[statement], sd[statement]
    sided = 0.0
    if "variance_below" in pieces:  # estimates: a two-piece normal, whose sides meet at the mean
        below, above = (pt.sqrt(sd**2 + pieces[f"variance_{side}"]) for side in ("below", "above"))
        sd = pt.switch(pt.lt((pieces["low"] + pieces["high"]) / 2, mean), below, above)
        sided = pt.log(2 * sd / (below + above))
    # nodes: density of a normal minus (plus) an exponential, without its constants; cells: k = 0
    k = sd * rate
    low, high = (pieces["low"] - mean) / sd + k, (pieces["high"] - mean) / sd + k
    # cells: the difference of two CDFs, mirrored into the left tail
    is_cell = pt.eq(rate, 0.0)
    right = pt.switch(is_cell, low + high, k) > 0
    bottom = log_ndtr(pt.switch(right, -high, low))
    top = log_ndtr(pt.switch(right, -low, high))
    less = pt.switch(is_cell, bottom - top, -50.0)
    log_piece = top + pt.log(-pt.expm1(less)) + k * (low - k / 2) + sided
    return _log_mixture(log_piece[pieces["which"].astype("int64")] + pieces["log_weight"], chance)


def _log_mixture(logp: Tensor, chance: Tensor) -> Tensor:
    """Log of a weighted sum, scaled by a power of e: through whole numbers runs no gradient."""
    axes = tuple(range(1, logp.ndim))
    top = logp.max(axis=axes).astype("int64")
    return pt.log((chance * pt.exp(logp - pt.expand_dims(top, axes))).sum(axis=axes)) + top


def _log_compositions(table: Tensors, share: Tensor, log_final: Tensor, chance: Tensor) -> Tensor:
    """Dirichlet-multinomial mixtures, axes (composition, component, part), added up.

    `log_final` (source) is what each source will have stated in the end. Parts become known at
    paces of their own, so the split of a share f of it varies more by (sd log f)^2 for each part's
    log; a Dirichlet of concentration c over k parts has about k / c, hence 1/c + (sd log f)^2 / k.
    """
    source = table["source"].astype("int64")
    stated = pt.minimum(table["log_total"] - log_final[source][:, None], 0.0)
    concentration = 1 / (table["spread"] + table["uneven"] * stated**2)
    alpha = concentration[..., None] * (table["own"] * share + table["said"])
    of_parts = (pt.gammaln(alpha + table["counts"]) - pt.gammaln(alpha)).sum(axis=-1)
    logp = pt.gammaln(concentration) - pt.gammaln(concentration + table["total"]) + of_parts
    return table["ways"] + _log_mixture(logp + table["log_weight"], chance[source]).sum()
