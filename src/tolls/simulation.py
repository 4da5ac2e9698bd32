"""Forward simulation: from tolls to reports, in NumPy alone.

The third witness beside the two likelihoods, with which it shares no code: it draws what a source
believes, and words it, by rounding, flooring and splitting as the statements say.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tolls.apportionment import check_sizes
from tolls.bulletins import memory
from tolls.case import Case
from tolls.constants import MAX_COUNT, UNKNOWN
from tolls.errors import InputError, as_given, check_type, is_number
from tolls.evidence import Evidence, gather
from tolls.growth import Aspect, Moment, exposure
from tolls.measures import label
from tolls.phrases import reworded
from tolls.statements import Composition, Link, Statement

__all__ = ["Simulation", "check_seed", "draw_sizes", "draw_truth", "simulate"]

type Floats = NDArray[np.float64]

Z95 = 1.959963984540054  # standard normal quantile of a two-sided 95 % interval


@dataclass(frozen=True)
class Simulation:
    """Simulated reports with the truth behind them.

    Attributes
    ----------
    case : Case
        The same declaration with the simulated reports.
    tolls : mapping of str to float
        True size of every node and union, in people.
    parameters : mapping of str to float or mapping
        ``kappa``, ``eta``, ``rate``, ``shape``, ``found``; ``alive``, ``clearing`` and ``kept`` by
        list of the missing; ``bias``, ``scatter``, ``reliability`` by source; the same of another
        measure under its name.
    """

    case: Case
    tolls: Mapping[str, float]
    parameters: Mapping[str, object]


def check_seed(seed: int) -> None:
    """Refuse what no random number generator here takes as a seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        told = "is no seed; allowed: an integer from 0 to 2^63 - 1"
        raise InputError(f"seed: {as_given(seed)} {told}")


def draw_sizes(case: Case, draws: int, rng: np.random.Generator) -> Floats:
    """Draw sizes of all nodes and unions from their prior.

    Returns
    -------
    (draw, name) float array
        In people, in the order of ``case.names``.

    Raises
    ------
    InputError
        If a toll may be more, or a part less, than a number holds.
    """
    categories = case.categories
    check_sizes(case.root_prior, categories)
    sizes = {categories.root: np.exp(rng.normal(case.root_prior.mean, case.root_prior.sd, draws))}
    for partition in categories.ordered_partitions:
        odds = np.exp(rng.normal(0.0, partition.sd, (draws, len(partition.into))))
        shares = odds / odds.sum(axis=1, keepdims=True)
        for part, share in zip(partition.into, shares.T, strict=True):
            sizes[part] = sizes[partition.of] * share
    return np.stack(
        [sum((sizes[m] for m in categories.members(n)), np.zeros(draws)) for n in case.names],
        axis=1,
    )


def simulate(
    case: Case,
    *,
    seed: int,
    tolls: Mapping[str, float] | None = None,
    as_of: date | str | None = None,
) -> Simulation:
    """Draw reports like a case's own, with known tolls.

    Every report that is evidence in the case is drawn anew with its source, node, wording and
    dates; ranges are drawn as exact counts. Relays, repeats and printed totals are left out.

    Parameters
    ----------
    case : Case
        Gives the design and the priors.
    seed : int
        Seed of all random numbers.
    tolls : mapping of str to float, optional
        True tolls, in people, of any measure: its root alone, or every node without parts. Left
        out: drawn from the prior. A toll of 0 is simulated as a size of a quarter of a person.
    as_of : date or ISO str, optional
        Simulate only what was published by then.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        If `tolls` names an unknown node or leaves one open.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> simulated = tolls.simulate(case, seed=1, tolls={"killed": 2000})
    >>> simulated.tolls["killed"]
    2000.0
    """
    check_seed(seed)
    rng = np.random.default_rng(seed)
    evidence = _as_said(gather(case, as_of))
    check_type("tolls", tolls or {}, Mapping, "a mapping of nodes to tolls")
    given = dict(tolls or {})
    sizes: dict[str, float] = {}
    parameters: dict[str, object] = {}
    rows: list[dict[str, object]] = []
    for measure, own in evidence.others.items():
        names = {name: label(measure, name, case.names) for name in own.case.names}
        of_own = {n: given.pop(shown) for n, shown in names.items() if shown in given}
        world = _World(own, _true_sizes(own.case, of_own or None, rng), rng)
        rows += world.rows()
        sizes |= {names[name]: size for name, size in world.sizes.items()}
        parameters[measure] = world.parameters()
    world = _World(
        evidence,
        _true_sizes(case, None if tolls is None or (tolls and not given) else given, rng),
        rng,
    )
    rows = world.rows() + rows
    return Simulation(case.with_reports(rows), world.sizes | sizes, world.parameters() | parameters)


def _as_said(evidence: Evidence) -> Evidence:
    """Let what follows a pure bound lean on it: nothing leans on a bound, but it is said as exact.

    No link that there is changes.
    """
    last: dict[tuple[str, str], Statement] = {}
    statements = {s.rows: s for s in evidence.statements}
    for s in sorted(evidence.statements, key=lambda s: (s.published, s.as_of, _figures(s))):
        before = last.get((s.source, s.node))
        if before and not s.link and before.wording in ("floor", "ceiling"):
            r = memory(before.published, s.published, evidence.case.presets)
            came = before.published, before.as_of, before.rows
            statements[s.rows] = replace(s, link=Link(r, math.nan, before.reading.aspect, *came))
        last[s.source, s.node] = s
    others = {measure: _as_said(own) for measure, own in evidence.others.items()}
    return replace(evidence, statements=tuple(statements.values()), others=others)


def _figures(statement: Statement) -> list[tuple[bool, object]]:
    """Return a key that puts numbers in order, and words after them."""
    return [(isinstance(figure, str), figure) for figure in statement.figure]


def draw_truth(
    evidence: Evidence, rng: np.random.Generator
) -> tuple[Mapping[str, float], Mapping[str, object]]:
    """Draw tolls and parameters from their prior, as `Simulation` holds them, and no report."""
    worlds = {
        own.case.measure: _World(own, _true_sizes(own.case, None, rng), rng)
        for own in (evidence, *evidence.others.values())
    }
    names = evidence.case.names
    return (
        {label(m, n, names): size for m, w in worlds.items() for n, size in w.sizes.items()},
        worlds[evidence.case.measure].parameters()
        | {measure: worlds[measure].parameters() for measure in evidence.others},
    )


def _true_sizes(
    case: Case, tolls: Mapping[str, float] | None, rng: np.random.Generator
) -> dict[str, float]:
    drawn = dict(zip(case.names, draw_sizes(case, 1, rng)[0].tolist(), strict=True))
    if tolls is None:
        return drawn
    for name, toll in tolls.items():
        if not (is_number(toll) and 0 <= toll <= MAX_COUNT):
            raise InputError(
                f"tolls: {name} is {as_given(toll)}; allowed: 0 to {MAX_COUNT:,} people"
            )
    categories = case.categories
    split = {p.of for p in categories.partitions}
    leaves = [node for node in categories.nodes if node not in split]
    if set(tolls) not in ({categories.root}, set(leaves)):
        raise InputError(
            f"tolls: names {', '.join(map(str, tolls))}; allowed: {categories.root} alone, or all "
            f"of {', '.join(leaves)}"
        )
    if set(tolls) == {categories.root}:
        scale = max(float(tolls[categories.root]), 0.25) / drawn[categories.root]
        return {name: size * scale for name, size in drawn.items()} | {
            categories.root: max(float(tolls[categories.root]), 0.25)
        }
    sizes = {leaf: max(float(tolls[leaf]), 0.25) for leaf in leaves}
    for partition in reversed(categories.ordered_partitions):
        sizes[partition.of] = sum(sizes[part] for part in partition.into)
    return {n: sum(sizes[m] for m in categories.members(n)) for n in case.names}


@dataclass
class _World:
    """One draw of everything, and what the sources say in it."""

    evidence: Evidence
    sizes: dict[str, float]
    rng: np.random.Generator
    said: dict[tuple[int, ...], int | str] = field(default_factory=dict)
    splits: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng, case = self.rng, self.evidence.case
        growth, event = case.presets.growth, case.presets.event_kinds[case.kind]
        missing = {name: case.presets.missing.lists[name] for name in self.evidence.lists}
        self.kappa = rng.normal(0.0, case.presets.shared_bias.sd)
        self.eta = rng.normal(0.0, growth.eta_sd)
        self.rate = math.inf
        if event.rate is not None and event.rate_sd is not None:
            self.rate = event.rate * math.exp(rng.normal(0.0, event.rate_sd))
        self.shape = math.exp(rng.normal(growth.shape_log_mean, growth.shape_log_sd))
        self.found = rng.beta(*event.found) if self.evidence.searched else 1.0
        self.alive = {
            n: of.alive * math.exp(rng.normal(0.0, of.alive_sd)) for n, of in missing.items()
        }
        self.clearing = {
            n: of.days * math.exp(rng.normal(0.0, of.days_sd)) for n, of in missing.items()
        }
        self.kept = {n: rng.beta(*of.kept) for n, of in missing.items()}
        priors = {name: case.source_prior(name) for name in self.evidence.sources}
        self.bias = {n: math.exp(rng.normal(p.bias.mean, p.bias.sd)) for n, p in priors.items()}
        self.scatter = {
            n: math.exp(rng.normal(p.scatter.mean, p.scatter.sd)) for n, p in priors.items()
        }
        self.reliability = {
            n: rng.beta(p.reliability.a, p.reliability.b) for n, p in priors.items()
        }
        self.concentration = {n: p.composition for n, p in priors.items()}

    def parameters(self) -> dict[str, object]:
        return {
            "kappa": self.kappa,
            "eta": self.eta,
            "rate": self.rate,
            "shape": self.shape,
            "found": self.found,
            "alive": self.alive,
            "clearing": self.clearing,
            "kept": self.kept,
            "bias": self.bias,
            "scatter": self.scatter,
            "reliability": self.reliability,
        }

    def rows(self) -> list[dict[str, object]]:
        """Say everything in the order in which it was said, and write the table."""
        order = sorted(
            self.evidence.statements, key=lambda s: (s.published, s.as_of, s.alone, _figures(s))
        )
        rows: list[dict[str, object]] = []
        waiting = list(order)
        while waiting:  # a figure is said after the one it leans on
            statement = next(s for s in waiting if s.link is None or s.link.rows in self.said)
            waiting.remove(statement)
            value = self.state(statement)
            self.said[statement.rows] = value
            whole = isinstance(value, str) or not self.split_up(statement, value, rows)
            if whole or statement.reading.sigma is not None:  # an interval is printed beside parts
                rows.append(self.row(statement, statement.node, value))
        return rows

    def known(self, as_of: Moment, published: Moment, of: Aspect) -> float:
        """Return how many there are to be counted per dead: dead, found or not, and living."""
        if of.pace == 0:
            return 1.0
        start, end = self.evidence.period
        seen = exposure(as_of, published, start, end, self.evidence.case.presets)
        harm = seen.elapsed ** math.exp(self.eta)
        found = self.found * (1 - math.exp(-((self.rate * of.pace * seen.days) ** self.shape)))
        counted = (found if of.found else 0.0) + (1 - found if of.unfound else 0.0)
        if of.listed:
            counted += self.alive[of.listed] * math.exp(-seen.days / self.clearing[of.listed])
            counted += self.evidence.case.presets.missing.residue
            counted -= (1 - self.found) * (1 - self.kept[of.listed])
        return float(harm * counted)

    def state(self, statement: Statement) -> int | str:
        """Draw what a source believes and word it."""
        rng, presets = self.rng, self.evidence.case.presets
        belief = presets.belief
        reading = statement.reading
        true = self.sizes[statement.node] * self.bias[statement.source] * math.exp(reading.shift)
        if not self.evidence.anchors(statement):
            true *= math.exp(self.kappa)
        known = self.known(statement.as_of, statement.published, reading.aspect)
        centre, apart = true * known, math.log(known)
        variance = self.scatter[statement.source] ** 2 + statement.alone * belief.part_sd**2
        if rng.random() >= self.reliability[statement.source]:
            variance += belief.gross_sd**2
        elif statement.link and rng.random() >= presets.links.fresh:
            linked = statement.link
            before = self.known(linked.as_of, linked.published, linked.aspect)
            said_before = self._previous(statement) * math.exp(reading.shift)
            centre *= (said_before / (true * before)) ** statement.link.r
            apart -= statement.link.r * math.log(before)
            variance *= 1 - statement.link.r**2
        variance += statement.alone * (belief.part_growth_sd * apart) ** 2
        variance += belief.counting * min(1 / centre, 1.0)
        sd = math.sqrt(variance + reading.spread)
        if reading.sigma is not None:
            return self.word(centre * math.exp(self.aside(sd, reading.sigma)), "estimate")
        believed = centre * math.exp(rng.normal(0.0, sd))
        if reading.wording == "words":
            return self.in_words(believed)
        return self.word(believed, reading.wording, reading.habit)

    def aside(self, sd: float, sigma: tuple[float, float]) -> float:
        """Draw by how much the log of an estimate misses: a side, then how far."""
        below, above = (math.hypot(sd, s) for s in sigma)
        far = abs(self.rng.normal())
        return -below * far if self.rng.random() < below / (below + above) else above * far

    def in_words(self, believed: float) -> str:
        """Draw a word for a belief, whose edges are soft already."""
        terms = self.evidence.case.presets.words.terms
        fits = {n: t.share for n, t in terms.items() if t.low <= believed < (t.high or math.inf)}
        chance = np.array(list(fits.values()))
        return str(self.rng.choice(list(fits), p=chance / chance.sum()))

    def _previous(self, statement: Statement) -> float:
        """Return what the previous figure says: itself, or somewhat above a floor.

        Its evidence's part is taken out, as far as that differs from what its source usually says.
        """
        assert statement.link is not None
        before = next(
            (s for s in self.evidence.statements if s.rows == statement.link.rows), None
        )  # a part told through its composition is no statement
        value = float(self.said[statement.link.rows])
        if before is not None and before.wording == "at_least":  # a pure bound is said as exact
            value *= self.evidence.case.presets.links.floor_factor
        return max(value, 0.5) / math.exp(before.reading.shift if before else 0.0)

    def word(self, believed: float, wording: str, habit: tuple[float, ...] | None = None) -> int:
        """Round, floor or lift a belief to the whole number that is stated."""
        rng, presets = self.rng, self.evidence.case.presets
        if wording in ("at_least", "up_to"):
            mean = rng.choice(presets.bounds.means, p=presets.bounds.weights)
            overshoot = math.exp(rng.exponential(mean))
            if wording == "at_least":
                return math.floor(believed / overshoot)
            lifted = believed * overshoot
            return 0 if lifted < 0.5 else math.ceil(min(lifted, 1e9))
        unit = 1.0
        if wording == "about":
            units = [0, *presets.about.digits]
            digits = rng.choice(units, p=habit or presets.about.shares)
            if digits and believed >= 1:
                unit = max(10.0 ** (math.floor(math.log10(believed)) + 1 - digits), 1.0)
        return int(math.floor(min(believed, 1e9) / unit + 0.5) * unit)

    def split_up(self, statement: Statement, value: int, rows: list[dict[str, object]]) -> bool:
        """Split a bulletin's total into parts and their parts, down to the rows of the table."""
        inside = [
            c
            for c in self.evidence.compositions
            if c.source == statement.source
            and c.of == statement.node
            and set(c.rows) <= set(statement.rows)
        ]
        for composition in inside:
            assigned = value
            told = statement.figure[0] if composition.rows != statement.rows else 0
            if told and len(inside) == 1 and sum(composition.counts) < told:
                assigned = round(value * sum(composition.counts) / told)
                root = statement.node == self.evidence.case.categories.root
                unknown = UNKNOWN if root else f"{UNKNOWN} {statement.node}"
                rows.append(self.row(_plainly(statement), unknown, value - assigned))
            self.split_into(statement, composition, assigned, rows)
        return bool(inside)

    def split_into(
        self,
        statement: Statement,
        composition: Composition,
        value: int,
        rows: list[dict[str, object]],
    ) -> None:
        """Split a total into the parts of one partition."""
        counts = self.compose(composition, value)
        at = list(composition.rows)
        for part, count in zip(composition.parts, counts, strict=True):
            nested = [
                c
                for c in self.evidence.compositions
                if c.of == part and set(c.rows) <= set(composition.rows)
            ]
            own = nested[0].rows if nested else (at[0],)
            at = [row for row in at if row not in own]
            self.said[own] = count
            step = replace(_plainly(statement), node=part, rows=own)
            if not self.split_up(step, count, rows):
                rows.append(self.row(step, part, count))

    def compose(self, composition: Composition, total: int) -> tuple[int, ...]:
        """Draw a Dirichlet-multinomial split of a total."""
        rng, presets = self.rng, self.evidence.case.presets
        shares = np.array([self.sizes[p] for p in composition.parts]) / self.sizes[composition.of]
        source = composition.source
        final = self.sizes[composition.of] * math.exp(self.kappa) * self.bias[source]
        lacking = min(math.log(max(total, 0.5) / final), 0.0)
        uneven = (presets.belief.part_growth_sd * lacking) ** 2 / len(shares)
        concentration = self.concentration[source]
        if rng.random() >= self.reliability[source]:
            concentration = presets.belief.gross_composition
        elif composition.link and rng.random() >= presets.links.fresh:
            before = np.array(self.splits.get(composition.link.rows, (0,)), dtype=float)
            if before.sum() > 0:
                r = composition.link.r
                shares = (1 - r) * shares + r * before / before.sum()
        if total == 0:
            return (0,) * len(composition.parts)
        gammas = rng.gamma(shares / (1 / concentration + uneven))
        weights = gammas / gammas.sum() if gammas.sum() > 0 else shares
        counts = tuple(int(n) for n in rng.multinomial(total, weights))
        self.splits[composition.rows] = counts
        return counts

    def row(self, statement: Statement, category: str, value: int | str) -> dict[str, object]:
        """Return the row of the table that states a figure.

        Bounds of a set cannot be drawn: ranges and pure bounds become exact figures.
        """
        case, reading = self.evidence.case, statement.reading
        behind = (r for r in case.reports if r.row in statement.rows)
        first = min(behind, key=lambda r: (r.category != category, r.row))
        counted = case.scopes.settled(first)
        row: dict[str, object] = {
            "measure": first.measure,
            "source": next(
                name
                for name in case.sources
                if case.voice(name, category, first.measure) == statement.source
            ),
            "category": category,
            "published": str(statement.published),
            "as_of": str(statement.as_of),
            # what an interval or a bound implied is not lost with it
            "evidence": first.evidence or ("estimate" if first.qualifier == "estimate" else ""),
            "scope": "" if case.scopes.bounds(first) else counted.scope,
            "definition": counted.definition,
        }
        if isinstance(value, str):
            return row | {"words": value, "qualifier": "words"}
        if reading.sigma is not None:
            return row | _interval(value, reading.sigma)
        if reading.wording == "about" and first.words:  # its hedge with another number
            return row | {
                "words": reworded(first.words, value),
                "qualifier": "words",
            }
        exact = reading.wording in ("range", "floor", "ceiling")
        return row | {"value": value, "qualifier": "exact" if exact else reading.wording}


def _plainly(statement: Statement) -> Statement:
    """Return the statement of a part, which is exact whatever its whole is."""
    return replace(statement, reading=replace(statement.reading, wording="exact", sigma=None))


def _interval(value: int, sigma: tuple[float, float]) -> dict[str, object]:
    """Return an estimate with the interval that has these sd, to whole people."""
    value = max(value, 2)
    below, above = sigma
    return {
        "value": value,
        "low": max(math.floor(value * math.exp(-Z95 * above)), 1),
        "high": math.ceil(value * math.exp(Z95 * below)),
        "qualifier": "estimate",
    }
