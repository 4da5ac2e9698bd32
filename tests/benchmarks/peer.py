"""The Syrian-coast case by hand: PyMC and nutpie, without tolls, as the peer of its speed.

This is the script that an analyst would write for ``models/syria-coast-2025`` if the package did
not exist: the same priors and the same likelihood, and nothing read but the literals below. They
are what is left of ``reports.csv`` once relays, repeats and redundant totals are set aside by hand
(23 statements and the splits of 4 bulletins); the priors are those of ``src/tolls/presets`` for
the sources' grades and kinds.

    python tests/benchmarks/peer.py --seed 1 [--json] [--refits N]

prints quantiles of every node, the smallest effective sample size, divergences and seconds by
stage (from the first line of this file: Python's own start is not in them). ``--refits N`` fits N
more data sets in the same process, each built and compiled anew, for a new figure is a new model
to such a script.
"""

import time

START = time.perf_counter()  # before the imports, which are part of what such a script costs

import argparse  # noqa: E402
import json  # noqa: E402
from statistics import NormalDist  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import arviz as az  # noqa: E402
import numpy as np  # noqa: E402
import nutpie  # noqa: E402
import pymc as pm  # noqa: E402
import pytensor.tensor as pt  # noqa: E402
from scipy.special import gammaln  # noqa: E402

IMPORTED = time.perf_counter()

CHAINS, TUNE, DRAWS = 4, 1000, 1500

NODES = ("killed", "civilians", "security_forces", "pro_assad_fighters", "fighters_both_sides")

# Median and sd of the bias by kind; sd of a statement and Beta of the reliability by grade.
SOURCES = {
    "SOHR": (0.9, 0.2, 0.20, 12.0, 3.0),
    "SNHR": (0.9, 0.2, 0.20, 12.0, 3.0),
    "OHCHR": (0.9, 0.2, 0.10, 19.0, 1.0),
    "Government": (0.5, 0.8, 0.70, 3.5, 6.5),
    "Fox eyewitness": (1.2, 0.7, 1.20, 1.5, 8.5),
    "Tehran Times": (1.2, 0.7, 1.20, 1.5, 8.5),
    "Antiwar": (0.8, 0.2, 0.70, 3.5, 6.5),
}

# source, node, wording, low, high, elapsed share of the event, days of knowledge; and of the
# source's previous figure on the node, where there is one: what it says (1.2 times a floor), days
# since, elapsed share, days of knowledge.
STATEMENTS = (
    ("SOHR", "killed", "at_least", 48, 48, 0.1, 0.5, None),
    ("SOHR", "killed", "exact", 71, 71, 0.3, 0.75, (57.6, 1, 0.1, 0.5)),
    ("SOHR", "killed", "exact", 147, 147, 0.3, 0.75, (71, 0, 0.3, 0.75)),
    ("SOHR", "killed", "at_least", 241, 241, 0.3, 1.75, (147, 1, 0.3, 0.75)),
    ("SOHR", "killed", "exact", 745, 745, 0.5, 2.25, (289.2, 1, 0.3, 1.75)),
    ("SOHR", "killed", "exact", 1018, 1018, 0.5, 2.25, (745, 0, 0.5, 2.25)),
    ("SOHR", "killed", "exact", 1311, 1311, 0.7, 1.75, (1018, 0, 0.5, 2.25)),
    ("SOHR", "civilians", "exact", 340, 340, 0.5, 1.25, (4, 1, 0.3, 0.75)),
    ("SOHR", "civilians", "at_least", 429, 429, 0.5, 1.25, (340, 0, 0.5, 1.25)),
    ("SOHR", "civilians", "exact", 973, 973, 1.0, 2.0, (830, 1, 0.7, 1.75)),
    ("SOHR", "civilians", "at_least", 1225, 1225, 1.0, 3.0, (973, 1, 1.0, 2.0)),
    ("SOHR", "civilians", "exact", 1383, 1383, 1.0, 4.0, (1470, 1, 1.0, 3.0)),
    ("SOHR", "civilians", "exact", 1614, 1614, 1.0, 14.0, (1383, 10, 1.0, 4.0)),
    ("SNHR", "killed", "at_least", 226, 226, 0.3, 0.75, None),
    ("SNHR", "killed", "at_least", 240, 240, 0.3, 0.75, (271.2, 0, 0.3, 0.75)),
    ("SNHR", "killed", "exact", 803, 803, 1.0, 3.0, (288, 4, 0.3, 0.75)),
    ("SNHR", "killed", "exact", 1334, 1334, 1.0, 114.0, (803, 111, 1.0, 3.0)),
    ("SNHR", "security_forces", "at_least", 100, 100, 0.3, 0.75, None),
    ("OHCHR", "civilians", "at_least", 111, 111, 1.0, 3.0, None),
    ("Government", "security_forces", "about", 200, 200, 0.5, 115.25, None),
    ("Fox eyewitness", "civilians", "at_least", 4001, 4001, 0.7, 1.75, None),
    ("Tehran Times", "civilians", "range", 2300, 2400, 0.7, 1.75, None),
    ("Antiwar", "civilians", "at_least", 1501, 1501, 1.0, 23.0, None),
)

# SOHR's bulletins by civilians, security forces, pro-Assad fighters, and days since the one before
SPLITS = np.array([[4, 35, 32], [532, 93, 120], [745, 125, 148], [830, 231, 250]])
SPLIT_GAPS = np.array([np.inf, 2, 0, 0])
SPLIT_CONCENTRATION, GROSS_CONCENTRATION = 100.0, 3.0

FRESH = 0.2  # share of honest statements that start anew instead of leaning on the previous one
GROSS_SD = 1.5  # added where a statement is a gross error
PART_SD, PART_GROWTH_SD = 0.15, 0.5  # added for a part of the total that is stated alone
OVERSHOOT = np.array([0.2, 20.0])  # means of the exponentials of "at least" …
OVERSHOOT_WEIGHTS = np.array([0.05, 0.95])  # … and how often each holds
ROUNDING = {3: 0.18, 2: 0.4, 1: 0.4}  # weights of significant digits of "about"; 0.02 unrounded

# Which parts each node is the sum of
MEMBERS = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1]])


class Data(NamedTuple):
    """Columns with a row per statement, or several where a figure may be rounded: a row per cell.

    The first `exact` rows have a cell of their own each, those up to `cells` are the cells of
    rounded statements, and the rest are floors.
    """

    statement: np.ndarray
    source: np.ndarray
    node: np.ndarray
    low: np.ndarray
    high: np.ndarray
    log_share: np.ndarray
    log_elapsed: np.ndarray
    log_days: np.ndarray
    link: np.ndarray
    log_previous: np.ndarray
    log_elapsed_before: np.ndarray
    log_days_before: np.ndarray
    exact: int
    cells: int
    splits: np.ndarray


def link_weight(days: Any) -> Any:
    """Weight of a previous figure that is so many days old."""
    return np.minimum(0.95, np.exp(-np.asarray(days) / 14))


def cells_of(wording: str, low: float, high: float) -> list[tuple[float, float, float]]:
    """Cells (low, high, weight) of X; of a rounded figure one per number of digits it admits."""
    if wording == "at_least":
        return [(low, low + 1, 1.0)]
    if wording != "about":
        return [(low - 0.5, high + 0.5, 1.0)]
    cells = [(low - 0.5, low + 0.5, 1 - sum(ROUNDING.values()))]
    power = 10 ** (len(f"{low:.0f}") - 1)
    for digits, weight in ROUNDING.items():
        unit = max(10 * power // 10**digits, 1)
        if low % unit == 0:
            below = max(unit // 10, 1) if low == power else unit  # 97 rounds to 100 by tens
            cells.append((low - below / 2, low + unit / 2, weight))
    return cells


def data_times(factor: float = 1.0) -> Data:
    """Return the data with every figure times `factor`, rounded."""
    order = {"exact": 0, "range": 0, "about": 1, "at_least": 2}
    rows = []
    for i, said in enumerate(sorted(STATEMENTS, key=lambda s: order[s[2]])):
        source, node, wording, low, high, elapsed, days, before = said
        previous, gap, *exposure = before or (1 / factor, np.inf, 1.0, 1.0)
        for start, end, share in cells_of(wording, round(low * factor), round(high * factor)):
            ids = (i, list(SOURCES).index(source), NODES.index(node))
            leaning = (link_weight(gap), np.log(previous * factor), *np.log(exposure))
            logs = np.log([share, elapsed, days])
            rows.append((*ids, start, end, *logs, *leaning, order[wording]))
    *columns, kind = np.array(rows).T
    ids = [column.astype(int) for column in columns[:3]]
    ends = (int(sum(kind == 0)), int(sum(kind < 2)))
    return Data(*ids, *columns[3:], *ends, np.round(SPLITS * factor))


def log_ndtr(z: pt.TensorVariable) -> pt.TensorVariable:
    """Log of the normal CDF; clipped, so that the branch not taken has a finite gradient."""
    left, right = pt.minimum(z, -1.0), pt.maximum(z, -1.0)
    return pt.switch(
        z < -1.0,
        pt.log(0.5 * pt.erfcx(-left / np.sqrt(2))) - 0.5 * left**2,
        pt.log1p(-0.5 * pt.erfc(right / np.sqrt(2))),
    )


def log_interval(low: Any, high: Any, mean: Any, sd: Any) -> pt.TensorVariable:
    """Log probability that X lies between low and high, log X normal; from the left tail."""
    a, b = (np.log(low) - mean) / sd, (np.log(high) - mean) / sd
    right = a + b > 0
    a, b = pt.switch(right, -b, a), pt.switch(right, -a, b)
    bottom, top = log_ndtr(a), log_ndtr(b)
    return top + pt.log1mexp(bottom - top)


def log_at_least(low: Any, high: Any, mean: Any, sd: Any) -> pt.TensorVariable:
    """Log probabilities that X exp(-E) lies in [low, high), to be added up over the last axes.

    These are the two exponentials of which E is a mixture, and three points of a Gauss-Legendre
    rule, for the density of log X - E is smooth over this short step.
    """
    points, weights = np.polynomial.legendre.leggauss(3)
    low, width = np.log(low)[..., None, None], np.log(high / low)[..., None, None]
    z, overshoot = low + width * (points + 1) / 2, OVERSHOOT[:, None]
    u, k = (mean[..., None, None] - z) / sd[..., None, None], sd[..., None, None] / overshoot
    share = OVERSHOOT_WEIGHTS[:, None]
    constant = np.log(share * width * weights / 2 / overshoot)
    return constant - k * u + k**2 / 2 + log_ndtr(u - k)


def log_dirichlet_multinomial(counts: np.ndarray, alpha: Any) -> pt.TensorVariable:
    """Log probability of counts, parts on the last axis."""
    n, total = counts.sum(-1), alpha.sum(-1)
    ways = gammaln(n + 1) - gammaln(counts + 1).sum(-1)
    parts = (pt.gammaln(alpha + counts) - pt.gammaln(alpha)).sum(-1)
    return ways + pt.gammaln(total) - pt.gammaln(total + n) + parts


def build(data: Data) -> pm.Model:
    """Build the model: sizes, growth of knowledge, sources, statements, splits."""
    median, bias_sd, scatter, a, b = np.array(list(SOURCES.values())).T
    coords = {"node": NODES, "source": list(SOURCES), "part": NODES[1:4]}
    with pm.Model(coords=coords) as model:
        # 95 % between 1 and 10,000 killed
        log_killed = pm.Normal(
            "log_killed", np.log(100), np.log(10_000) / (2 * NormalDist().inv_cdf(0.975))
        )
        share = pm.math.softmax(pm.ZeroSumNormal("log_share", 1.5, dims="part"))
        log_size = log_killed + pt.log((MEMBERS * share).sum(axis=1))
        pm.Deterministic("size", pt.exp(log_size), dims="node")

        eta = pm.Normal("eta", 0, 0.5)
        log_rate = pm.Normal("log_rate", np.log(0.3), 0.9)
        log_shape = pm.Normal("log_shape", 0.1, 0.25)
        log_found = pt.log(pm.Beta("found", 12, 2))
        kappa = pm.Normal("kappa", 0, 0.15)
        log_bias = pm.Normal("log_bias", np.log(median), np.hypot(bias_sd, scatter), dims="source")
        log_scatter = pm.Normal("log_scatter", np.log(scatter), 0.5, dims="source")
        reliability = pm.Beta("reliability", a, b, dims="source")
        # three components of every mixture: leaning on the previous figure, anew, grossly wrong
        leans, errs = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
        honest = np.array([1 - FRESH, FRESH, 0.0])
        weight = pt.log(reliability[:, None] * honest + (1 - reliability[:, None]) * errs)

        def log_known(log_elapsed: np.ndarray, log_days: np.ndarray) -> pt.TensorVariable:
            reach = pt.exp(pt.exp(log_shape) * (log_rate + log_days))
            return pt.exp(eta) * log_elapsed + log_found + pt.log1mexp(-reach)

        # what a source believes, by statement and component
        level = log_size[data.node] + kappa + log_bias[data.source]
        known = log_known(data.log_elapsed, data.log_days)[:, None]
        known_before = log_known(data.log_elapsed_before, data.log_days_before)[:, None]
        pull = data.link[:, None] * leans
        alone = np.where(data.node == 0, 0.0, 1.0)[:, None]
        level = level[:, None]
        mean = level + known + pull * (data.log_previous[:, None] - level - known_before)
        stationary = pt.exp(2 * log_scatter)[data.source][:, None] + alone * PART_SD**2
        growth = alone * (PART_GROWTH_SD * (known - pull * known_before)) ** 2
        variance = stationary * (1 - pull**2) + growth + errs * GROSS_SD**2
        sd = pt.sqrt(variance + 0.5 * pt.exp(-pt.maximum(mean, 0)))

        # what it says of that: cells of X, several where a figure may be rounded, or floors
        low, high, n = data.low[:, None], data.high[:, None], data.cells
        own = weight[data.source] + data.log_share[:, None]
        cell = own[:n] + log_interval(low[:n], high[:n], mean[:n], sd[:n])
        floor = own[n:, :, None, None] + log_at_least(low[n:], high[n:], mean[n:], sd[n:])
        pm.Potential("exact", pt.logsumexp(cell[: data.exact], axis=1).sum())
        for rounded in np.unique(data.statement[data.exact : n]):
            first, last = np.flatnonzero(data.statement == rounded)[[0, -1]]
            pm.Potential(f"about_{rounded}", pt.logsumexp(cell[first : last + 1]))
        pm.Potential("at_least", pt.logsumexp(floor, axis=(1, 2, 3)).sum())

        # SOHR's splits: around the shares, pulled towards its previous split, or grossly wrong;
        # the less of the end is known, the more they vary
        total = data.splits.sum(axis=1)
        log_end = log_size[0] + kappa + log_bias[0]
        uneven = (PART_GROWTH_SD * pt.minimum(np.log(total) - log_end, 0)) ** 2 / 3
        at_end = np.where(errs, GROSS_CONCENTRATION, SPLIT_CONCENTRATION)
        concentration = 1 / (1 / at_end + uneven[:, None])
        before = np.vstack([np.full(3, 1 / 3), data.splits[:-1] / total[:-1, None]])[:, None]
        pull = (link_weight(SPLIT_GAPS)[:, None] * leans)[..., None]
        alpha = concentration[..., None] * ((1 - pull) * share + pull * before)
        logp = log_dirichlet_multinomial(data.splits[:, None], alpha)
        pm.Potential("splits", pt.logsumexp(weight[0] + logp, axis=1).sum())
    return model


def fit(data: Data, seed: int) -> tuple[Any, dict[str, float]]:
    """Build, compile and sample; returns nutpie's result and the seconds of each stage."""
    times = [time.perf_counter()]
    model = build(data)
    times.append(time.perf_counter())
    compiled = nutpie.compile_pymc_model(model)
    times.append(time.perf_counter())
    tree = nutpie.sample(
        compiled, chains=CHAINS, tune=TUNE, draws=DRAWS, seed=seed, progress_bar=False
    )
    times.append(time.perf_counter())
    return tree, dict(zip(("build", "compile", "sample"), np.diff(times).tolist(), strict=True))


def summary(tree: Any) -> dict[str, Any]:
    """Quantiles of the nodes, smallest bulk effective sample size, divergences."""
    size = tree.posterior["size"].values.reshape(-1, len(NODES))
    ess = az.ess(tree.posterior.dataset)
    return {
        "quantiles": dict(
            zip(NODES, np.quantile(size, (0.05, 0.5, 0.95), axis=0).T.tolist(), strict=True)
        ),
        "smallest_ess": min(float(ess[name].min()) for name in ess.data_vars),
        "divergences": int(tree.sample_stats["diverging"].sum()),
    }


def main() -> None:
    """Fit once, then `--refits` times with other figures, and print one JSON object."""
    parser = argparse.ArgumentParser(description="The Syrian-coast case by hand, in PyMC.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--refits", type=int, default=0, help="fits of other figures that follow")
    parser.add_argument("--json", action="store_true", help="on one line")
    given = parser.parse_args()
    tree, seconds = fit(data_times(), given.seed)
    found = summary(tree)
    total = time.perf_counter() - START
    refits = []
    for i in range(1, given.refits + 1):
        begin = time.perf_counter()
        # figures of this seed's own, or a disk cache of earlier runs would spare the compiling
        again, _ = fit(data_times(1 + i / 100 + given.seed / 1e6), given.seed + i)
        summary(again)
        refits.append(time.perf_counter() - begin)
    found["seconds"] = {"import": IMPORTED - START, **seconds, "total": total, "refits": refits}
    print(json.dumps(found, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
