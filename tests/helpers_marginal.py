"""Exact integrals over one source's bias, scatter and reliability, on dense grids; and its cases.

The reference is a trapezoid rule over log bias and log scatter, narrowed to where the integrand
matters and doubled until every other node gives the same to 0.001 nats, with Gauss-Jacobi nodes for
the reliability, of which the likelihood is a polynomial. Of the package it takes the probabilities
of statements and splits alone.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from helpers import evidence_of, reworded
from scipy.special import expit, roots_jacobi
from scipy.stats import norm

from tolls.likelihood import Growth, log_components, log_splits, offsets
from tolls.simulation import draw_sizes
from tolls.standins import SourceArrays

RESOLVED = 0.001  # nats that half of the reference's nodes may differ by
FAR = 30.0  # nats below the largest that add up to nothing
PARTS = ("civilians", "forces", "fighters")


# --- the reference --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The joint density of a source's parameters and its statements, at one draw of the tolls."""

    source: SourceArrays
    level: np.ndarray
    statements: dict
    below: float
    above: float

    @classmethod
    def at(cls, evidence, source, level, growth):
        """Level (1, name) and growth of one draw; equal statements are told once, with a count."""
        at = offsets(evidence, level, growth, source.columns)
        found: dict = {}
        for i, statement in enumerate(source.statements):
            where = (at.centre[0, i], at.leaning[0, i], at.extra[0, i], at.extra_leaning[0, i])
            key = (statement.wording, statement.figure, source.link[i], *where)
            found[key] = statement, found.get(key, (None, 0))[1] + 1
        bias = source.prior.bias
        implied = np.append(source.target - at.centre[0], bias.mean)
        return cls(
            source, level[0], found, implied.min() - 6 * bias.sd, implied.max() + 6 * bias.sd
        )

    def reliabilities(self, spare=3):
        """Gauss-Jacobi nodes that are exact with some to spare, and the logs of their weights."""
        prior = self.source.prior.reliability
        x, weight = roots_jacobi(self.source.terms // 2 + 1 + spare, prior.b - 1, prior.a - 1)
        return (1 + x) / 2, np.log(weight / weight.sum())

    def factors(self, bias, log_scatter):
        """Count, and log probabilities (bias, log scatter) of an honest and of a gross factor."""
        source, presets = self.source, self.source.presets
        b, s2 = bias[:, None] + 0 * log_scatter, np.exp(2 * log_scatter) + 0 * bias[:, None]
        found = []
        for key, (statement, count) in self.statements.items():
            r, centre, leaning, extra, extra_leaning = key[2:]
            components = log_components(
                statement,
                (leaning + (1 - r) * b, (1 - r**2) * s2 + extra_leaning),
                (centre + b, s2 + extra),
                presets,
            )
            found.append((count, components))
        for composition, parts, whole in source.splits:
            shares = np.exp(self.level[parts] - self.level[whole])
            final = self.level[whole] + b
            components = log_splits(
                composition, shares + 0 * final[..., None], final, source.prior.composition, presets
            )
            found.append((1, components))
        fresh = presets.links.fresh
        for count, (leaning, anew, gross) in found:
            honest = np.logaddexp(math.log1p(-fresh) + leaning, math.log(fresh) + anew)
            yield count, honest, gross

    def given(self, bias, log_scatter, reliability):
        """Log of likelihood times the priors of bias and scatter, (reliability, bias, scatter)."""
        prior = self.source.prior
        base = norm.logpdf(bias, prior.bias.mean, prior.bias.sd)[:, None]
        base = base + norm.logpdf(log_scatter, prior.scatter.mean, prior.scatter.sd)
        p = reliability[:, None, None]
        total = np.zeros((len(reliability), *base.shape))
        for count, honest, gross in self.factors(bias, log_scatter):
            top = np.maximum(honest, gross)
            base = base + count * top
            total += count * np.log(p * np.exp(honest - top) + (1 - p) * np.exp(gross - top))
        return base + total

    def joint(self, bias, log_scatter, nodes=None):
        """Log of the same with the reliability summed out, (bias, log scatter)."""
        p, log_weight = nodes or self.reliabilities()
        pieces = np.array_split(np.arange(len(p)), math.ceil(len(p) / 32))
        parts = [
            np.logaddexp.reduce(
                self.given(bias, log_scatter, p[k]) + log_weight[k, None, None], axis=0
            )
            for k in pieces
        ]
        return np.logaddexp.reduce(parts, axis=0)

    def box(self):
        """Range of log bias and of log scatter in which the integrand matters."""
        scatter = self.source.prior.scatter
        b_range = self.below, self.above
        s_range = scatter.mean - 5 * scatter.sd, scatter.mean + 11 * scatter.sd
        few = tuple(x[:: max(1, self.source.terms // 80)] for x in self.reliabilities())
        for points in (801, 201, 201):
            axes = np.linspace(*b_range, points), np.linspace(*s_range, 17)
            value = self.joint(*axes, few)
            near = value > value.max() - FAR
            ranges = []
            for axis, other in ((0, 1), (1, 0)):
                inside = np.flatnonzero(near.any(axis=other))
                first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, near.shape[axis] - 1)
                ranges.append((axes[axis][first], axes[axis][last]))
            b_range, s_range = ranges
        return b_range, s_range

    def grid(self):
        """Axes and log integrand on a grid of which half the nodes would do."""
        b_range, s_range = self.box()
        counts = [201, 33]
        while max(counts) <= 4001:
            axes = np.linspace(*b_range, counts[0]), np.linspace(*s_range, counts[1])
            value = self.joint(*axes)
            mass = np.exp(value - value.max())
            errors = [
                abs(math.log(2 * half.sum() / mass.sum())) for half in (mass[::2], mass[:, ::2])
            ]
            if max(errors) < RESOLVED:
                return *axes, value
            counts = [n if e < RESOLVED else 2 * n - 1 for n, e in zip(counts, errors, strict=True)]
        raise AssertionError("the reference does not settle")

    def log_integral(self):
        bias, log_scatter, value = self.grid()
        unit = (bias[1] - bias[0]) * (log_scatter[1] - log_scatter[0])
        return value.max() + math.log(np.exp(value - value.max()).sum() * unit)


def rows_of(level, growth):
    for i in range(len(level)):
        yield level[i : i + 1], growth.of(slice(i, i + 1))


def reference(evidence, source, level, growth):
    return np.array(
        [Reference.at(evidence, source, *row).log_integral() for row in rows_of(level, growth)]
    )


# --- evidence and draws ---------------------------------------------------------------------------


def from_prior(evidence, draws, seed=1):
    """Draws of the prior: log sizes plus shared bias, and growth."""
    case, rng = evidence.case, np.random.default_rng(seed)
    presets, event = case.presets, case.presets.event_kinds[case.kind]
    shared = rng.normal(0, presets.shared_bias.sd, (draws, 1))
    level = np.log(draw_sizes(case, draws, rng)) + shared
    ones = np.ones(draws)
    growth = Growth(
        rng.normal(0, presets.growth.eta_sd, draws),
        event.rate * rng.lognormal(0, event.rate_sd, draws) if event.rate else ones,
        rng.lognormal(presets.growth.shape_log_mean, presets.growth.shape_log_sd, draws)
        if event.rate
        else ones,
        rng.beta(*event.found, draws),
        *np.empty((3, draws, len(evidence.lists))),
    )
    for i, name in enumerate(evidence.lists):
        of = presets.missing.lists[name]
        growth.alive[:, i] = of.alive * rng.lognormal(0, of.alive_sd, draws)
        growth.clearing[:, i] = of.days * rng.lognormal(0, of.days_sd, draws)
        growth.kept[:, i] = rng.beta(*of.kept, draws)
    return level, growth


def near_data(evidence, tolls):
    """Draws with given tolls, of the root alone or of its parts; growth near its middle."""
    case = evidence.case
    level, growth = from_prior(evidence, len(tolls), seed=2)
    rate = case.presets.event_kinds[case.kind].rate or 1.0
    for i, toll in enumerate(tolls):
        parts = np.atleast_1d(toll)
        level[i] = np.log([parts.sum(), *parts][: len(case.names)])
    return level, replace(growth, eta=growth.eta / 2, rate=np.full(len(tolls), rate))


def row(day, value=None, **columns):
    figure = {"value": value} if value is not None else {}
    return {"published": f"2025-{day}"} | figure | columns


def of_one(*rows, grade="A", **declared):
    return evidence_of(*rows, **({"sources": {"Monitor": grade}, "kind": "battle"} | declared))


def apart(figures, grade="A"):
    """Totals of one source that lean on nothing, long after the event."""
    evidence = of_one(row("03-20", 200), grade=grade, kind="conflict")
    (one,) = evidence.statements
    return replace(evidence, statements=tuple(reworded(one, figure=(f,)) for f in figures))


def concordant(count, grade="A"):
    """Figures around 200 that scatter as the grade says, at evenly spaced quantiles."""
    at = norm.ppf((np.arange(count) + 0.5) / count)
    sd = evidence_of({"value": 1}, sources={"Monitor": grade}).case.source_prior("Monitor").scatter
    return apart([5 * round(40 * math.exp(math.exp(sd.mean) * x)) for x in at], grade)


def bulletin(day, counts, **columns):
    return [row(day, n, category=p) | columns for p, n in zip(PARTS, counts, strict=True)]


def bulletins(*said, **declared):
    rows = [r for day, counts in said for r in bulletin(day, counts)]
    return of_one(*rows, categories=PARTS, **declared)


def totals(figures, days, qualifier="exact", grade="A", **declared):
    rows = [row(d, v, qualifier=qualifier) for d, v in zip(days, figures, strict=True)]
    return of_one(*rows, grade=grade, **declared)


LATE = ("03-12", "03-20", "04-20", "05-20")
CLIMBING = ("03-07", "03-08", "03-09", "03-11", "03-14", "03-18", "03-24", "03-30")
CHAIN = (20, 45, 60, 90, 120, 130, 140, 141)
DAYS = tuple(f"03-{day:02d}" for day in range(7, 31))
DAILY = [round(140 * (1 - math.exp(-(k + 1) / 5))) for k in range(24)]
CLUSTERS = (190, 200, 210, 1900, 2000, 2100)
BULLETINS = [
    ("03-07", (9, 6, 1)), ("03-09", (40, 22, 10)), ("03-14", (80, 60, 35)), ("05-20", (90, 60, 40))
]  # fmt: skip
RANGES = [("03-12", 50, 100), ("03-22", 80, 400), ("04-22", 100, 120)]
AROUND, EITHER = (200, 150, 400), (200, 2000, 640)
SPLITS = ((100, 65, 45), (80, 60, 20), (150, 100, 80))


def ranges(*said):
    rows = [row(day, low=low, high=high, qualifier="range") for day, low, high in said]
    return of_one(*rows)


# evidence, and tolls near what it says
CASES = {
    "one": (concordant(1), AROUND),
    "one of grade C": (concordant(1, "C"), AROUND),
    "3 concordant": (concordant(3), AROUND),
    "10 concordant": (concordant(10), AROUND),
    "40 concordant": (concordant(40), (200, 400)),
    "160 concordant": (concordant(160), (200,)),
    "1,000 concordant": (concordant(1000), (400,)),
    **{f"5 concordant of grade {g}": (concordant(5, g), AROUND) for g in "BCDEF"},
    **{f"40 concordant of grade {g}": (concordant(40, g), (200,)) for g in "BCDEF"},
    **{f"160 concordant of grade {g}": (concordant(160, g), (200,)) for g in "BCDEF"},
    **{f"two clusters of grade {g}": (apart(CLUSTERS, g), EITHER) for g in "ACF"},
    "two figures": (apart((200, 2000)), EITHER),
    "two large clusters": (apart(CLUSTERS * 6), (200, 640)),
    "an outlier": (apart((190, 200, 210, 205, 2000)), EITHER),
    "a chain": (totals(CHAIN, CLIMBING), AROUND),
    "a slow chain": (totals(CHAIN, CLIMBING, grade="C", kind="earthquake"), AROUND),
    "a conflict's chain": (totals(CHAIN, CLIMBING, kind="conflict"), AROUND),
    "a daily chain": (totals(DAILY, DAYS), AROUND),
    "four exact": (totals((100, 110, 120, 150), LATE), (150, 120, 300)),
    "four about": (totals((100, 110, 120, 150), LATE, "about"), (150, 120, 300)),
    "six about": (
        totals((100, 300, 200, 500, 400, 600), (*LATE, "06-20", "07-20"), "about"), (400, 300, 600)
    ),
    "four floors": (totals((100, 110, 120, 150), LATE, "at_least"), (150, 120, 300)),
    "four ceilings": (totals((100, 110, 120, 150), LATE, "up_to"), (150, 120, 300)),
    "one about": (totals((100,), ("04-12",), "about"), (100, 80, 200)),
    "one about, of grade C": (totals((100,), ("04-12",), "about", grade="C"), (100, 80, 200)),
    "one floor": (totals((100,), ("04-12",), "at_least"), (100, 80, 200)),
    "one ceiling": (totals((100,), ("04-12",), "up_to"), (100, 80, 200)),
    "a narrow range": (ranges(("04-12", 50, 60)), (70, 60, 150)),
    "a wide range": (ranges(("04-12", 50, 500)), (150, 100, 400)),
    "three ranges": (ranges(*RANGES), (110, 90, 300)),
    "a lone part": (of_one(row("04-12", 70, category="civilians"), categories=PARTS), SPLITS),
    "lone parts": (
        of_one(
            row("03-12", 70, category="civilians"), row("03-15", 80, category="civilians"),
            row("03-15", 40, category="forces"), row("04-15", 170),
            row("04-15", 85, category="civilians", qualifier="about"), categories=PARTS,
        ),
        SPLITS,
    ),
    **{f"a late bulletin of grade {g}": (bulletins(BULLETINS[-1], grade=g), SPLITS) for g in "AC"},
    **{
        f"an early bulletin of grade {g}": (bulletins(("03-07", (20, 10, 9)), grade=g), SPLITS)
        for g in "ABCF"
    },
    **{f"four bulletins of grade {g}": (bulletins(*BULLETINS, grade=g), SPLITS) for g in "AC"},
    "two late bulletins": (bulletins(("04-20", (90, 60, 40)), ("06-20", (95, 61, 41))), SPLITS),
    "bulletins that disagree": (
        bulletins(("04-20", (90, 60, 40)), ("06-20", (10, 10, 170))), SPLITS
    ),
    "small bulletins": (
        bulletins(("03-08", (9, 0, 0)), ("03-20", (12, 1, 0))), ((12, 2, 0.5), (10, 3, 2))
    ),
    **{
        f"{n} killed, of grade {g}": (totals((n,), ("03-12",), grade=g), (0.3, n + 1, 2 * n + 2))
        for n in (0, 1, 2, 5) for g in "AC"
    },
    "0, 1, 2, 5 killed": (totals((0, 1, 2, 5), ("03-06", "03-08", "03-12", "03-17")), (2, 5, 8)),
}  # fmt: skip
# tolls that the source is far from, as it may be where others outvote it
FAR_OFF = {
    "one": (20, 2000), "3 concordant": (20, 2000), "an outlier": (20, 5000),
    "two clusters of grade A": (20, 20000), "a chain": (20, 2000), "four floors": (1500, 2400),
    "four ceilings": (11, 14), "one floor": (10, 2000), "one ceiling": (10, 2000),
    "one about": (10, 1000), "a wide range": (10, 2000), "three ranges": (20, 1000),
    "two late bulletins": ((10, 6, 4), (900, 600, 400), (60, 90, 40)),
    "bulletins that disagree": ((10, 6, 4), (900, 600, 400), (60, 90, 40)),
    "0, 1, 2, 5 killed": (0.2, 60),
}  # fmt: skip


def marginals(evidence, source, level, growth):
    """Points and probabilities of log bias, log scatter and log odds, by the reference."""
    exact = Reference.at(evidence, source, level, growth)
    bias, log_scatter, value = exact.grid()
    mass = np.exp(value - value.max())
    # a density of reliability may have no bound at 1, one of its log odds has
    odds = np.linspace(-15, 33, 500)
    log_p, log_other = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    few = np.linspace(bias[0], bias[-1], 121), np.linspace(log_scatter[0], log_scatter[-1], 17)
    of_p = [
        np.logaddexp.reduce(exact.given(*few, k), axis=(1, 2)) for k in np.split(expit(odds), 20)
    ]
    prior = source.prior.reliability
    of_p = np.concatenate(of_p) + prior.a * log_p + prior.b * log_other
    found = {
        "log_bias": (bias, mass.sum(axis=1)),
        "log_scatter": (log_scatter, mass.sum(axis=0)),
        "log_odds": (odds, np.exp(of_p - of_p.max())),
    }
    return {name: (x, weight / weight.sum()) for name, (x, weight) in found.items()}
