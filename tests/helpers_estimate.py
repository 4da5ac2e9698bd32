"""Estimates that no engine drew: invented arrays of the right shapes, for tests of what is shown.

They are consistent (parts add up, orders hold) but mean nothing.
"""

import numpy as np
import xarray as xr

import tolls
from tolls.case import Case
from tolls.contributions import Contributions
from tolls.convergence import Diagnostics, Row
from tolls.estimate import Estimate
from tolls.evidence import gather
from tolls.level import LevelCurve
from tolls.scenarios import Scenario
from tolls.sensitivities import DECLARED, PRIORS, SOURCES, Sensitivity
from tolls.timelines import Timeline

CHAINS, DRAWS = 2, 200
NODES = ("civilians", "security_forces", "pro_assad_fighters")


def estimate_of(
    case: Case, as_of: str | None = None, *, around: float = 900.0, seed: int = 0
) -> Estimate:
    """Invent the estimate of a case: parts around one count each, the others their sums."""
    evidence = gather(case, as_of)
    random = np.random.default_rng(seed)
    categories = case.categories
    split = {partition.of for partition in categories.partitions}

    def sums(centre: float, sd: float) -> np.ndarray:
        drawn = {
            node: centre * np.exp(sd * random.standard_normal((CHAINS, DRAWS)))
            for node in categories.nodes
            if node not in split
        }
        for partition in reversed(categories.ordered_partitions):
            drawn[partition.of] = sum(np.round(drawn[part]) for part in partition.into)
        for union, members in categories.unions.items():
            drawn[union] = sum(np.round(drawn[member]) for member in members)
        return np.stack([drawn[name] for name in case.names], axis=-1)

    size, names, shape = sums(around, 0.4), evidence.sources, (CHAINS, DRAWS)
    parts = sum(len(partition.into) for partition in categories.partitions)
    posterior = {
        "toll": np.round(size).astype(np.int64),
        "size": np.maximum(size, 0.1),
        "bias": np.exp(0.3 * random.standard_normal((*shape, len(names)))),
        "scatter": random.uniform(0.05, 0.2, (*shape, len(names))),
        "reliability": random.uniform(0.5, 0.95, (*shape, len(names))),
        "kappa": random.uniform(0.05, 0.1, shape),
        "eta": 0.1 * random.standard_normal(shape),
        "rate": random.uniform(0.8, 1.2, shape),
        "shape": random.uniform(0.8, 1.2, shape),
        "found": random.uniform(0.9, 1.0, shape),
    }
    if evidence.lists:
        lists = (*shape, len(evidence.lists))
        posterior |= {
            "alive": random.uniform(0.5, 1.0, lists),
            "clearing": random.uniform(20, 40, lists),
            "kept": random.uniform(0.2, 0.8, lists),
        }
    if parts:
        posterior["share"] = np.full((*shape, parts), 1 / parts)
    row = Row(ess_bulk=400.0, ess_tail=400.0, rhat=1.0)
    return Estimate(
        evidence=evidence,
        engine="nuts",
        seed=seed,
        posterior=posterior,
        prior={"toll": np.round(sums(around / 3, 1.5)).astype(np.int64)},
        diagnostics=Diagnostics(True, 400.0, 1.0, 0, None, dict.fromkeys(case.names, row)),
    )


def tree_of(arrays, divergences=None):
    """Build the tree that pymc.sample returns, as far as it is read."""
    dims = {
        "size": "node", "share": "part", "bias": "source", "scatter": "source",
        "reliability": "source",
    }  # fmt: skip
    groups = {
        "posterior": xr.Dataset(
            {
                name: (("chain", "draw", *([dims[name]] if name in dims else [])), values)
                for name, values in arrays.items()
            }
        )
    }
    if divergences is not None:
        groups["sample_stats"] = xr.Dataset({"diverging": (("chain", "draw"), divergences)})
    return xr.DataTree.from_dict(groups)


def timeline_of(case: Case, *dates: str) -> Timeline:
    """Invent the estimates of a case as of several dates."""
    return Timeline(case, tuple(estimate_of(case, day, seed=i) for i, day in enumerate(dates)))


def crowded_case(sources: int = 15, reports: int = 50) -> Case:
    """Build a case of many sources with long names and reports in every wording."""
    kinds = ("Regional Committee", "Independent Commission for Documentation", "Ministry", "Radio")
    places = ("", "of the Northern Provinces and the Coast", "of Latakia")
    names = [f"{kinds[i % 4]} {places[i % 3]} {i + 1}".replace("  ", " ") for i in range(sources)]
    nodes = ("all", *NODES)
    wordings = ("exact", "about", "at_least", "more_than", "up_to", "fewer_than", "range")
    rows = []
    for i in range(reports):
        wording, value = wordings[i % 7], 40 + 37 * i
        figures = {"low": value, "high": 2 * value} if wording == "range" else {"value": value}
        day = f"2025-03-{6 + i // 5:02d}"
        rows.append(
            {
                "source": names[i % sources],
                "category": nodes[i % 4],
                "qualifier": wording,
                "published": day,
            }
            | {"value": "", "low": "", "high": ""}
            | figures
        )
    return tolls.Case(
        rows,
        categories={"killed": NODES},
        sources={name: {"grade": "C", "kind": "monitor"} for name in names},
        title="A crowded case",
        start="2025-03-06",
        end="2025-03-10",
        range={"low": 1, "high": 10000, "mass": 0.95},
    )


def sensitivity_of(case: Case, at_least: float | None = None, refused: int | None = None):
    """Invent what a case rests on: a scenario per source around other counts, one of them refused.

    Names are as `tolls.sensitivity` gives them.
    """
    estimate, random = estimate_of(case), np.random.default_rng(1)
    declared = estimate.posterior["toll"].reshape(-1, len(case.names))

    def scenario(i: int, group: str, name: str) -> Scenario:
        if i == refused:
            return Scenario(group, name, declared[:0], "refused", 1.0, 0.0)
        tolls = np.rint(declared * np.exp(0.3 * random.standard_normal())).astype(np.int64)
        return Scenario(group, name, tolls, "reweighted", 0.2, 900.0)

    names = ["zero mean", *(f"without {s}" for s in estimate.evidence.sources)]
    groups = [PRIORS, *[SOURCES] * (len(names) - 1)]
    first = Scenario(DECLARED, "as declared", declared, "fit", np.nan, 900.0)
    scenarios = (first, *map(scenario, range(len(names)), groups, names))
    shares = dict.fromkeys(("shared bias", "sources' biases", "statements"), 1 / 3)
    weights = dict.fromkeys(estimate.evidence.sources, 0.1)
    return Sensitivity(
        estimate, "killed", at_least, scenarios, LevelCurve((0.5, 1.0, 2.0), scenarios[:3]), (),
        Contributions(shares, weights, 3.0), {},
    )  # fmt: skip
