"""Panels beside what one would write by hand, and their tolls held against those verified later.

    uv run python tests/benchmarks/panel.py FOLDER [--seed N] [--folds K]

FOLDER holds reports.csv and truth.csv of many events, as of the mass shootings (which have no
licence to be shipped). Prints effective draws per second of the sources' parameters beside those of
a hierarchical model with a parameter per event, sampled in the same run; then scores tolls that
were held out, in folds, beside the majority vote, the median and every single source, each with
errors fitted on the other folds. Takes some five minutes.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
from arviz_stats.base import array_stats

import tolls
from tolls.uniformity import chance, least_tail

CATEGORIES, THRESHOLD = ("victims",), 4
REACH, SLOTS = 3, 20
AXES = {"chain_axis": 0, "draw_axis": 1}


def least_ess(draws):
    """The smallest effective sample size of quantities, (chain, draw, quantity)."""
    return min(
        float(array_stats.ess(draws[..., i], method="bulk", **AXES)) for i in range(draws.shape[-1])
    )


def by_hand(panel, verified, seed):
    """Seconds, and effective draws of the biases, of a model with a parameter per event."""
    statements = [s for s in panel.reports.statements if s.said.wording == "exact"]
    event, voice, value = (
        np.array(column)
        for column in zip(*((s.event, s.voice, s.said.figure[0]) for s in statements), strict=True)
    )
    place = {name: i for i, name in enumerate(panel.reports.events)}
    known = [(place[e], toll) for e, toll in verified.items() if e in place]
    who, toll = np.array(known).T
    begin = time.perf_counter()
    with pm.Model():
        mean, sd = pm.Normal("mean", 0, 2), pm.HalfNormal("sd", 2)
        size = mean + sd * pm.Normal("z", 0, 1, shape=len(place))
        bias = pm.Normal("bias", 0, 0.5, shape=len(panel.reports.voices))
        scatter = pm.HalfNormal("scatter", 0.5, shape=len(panel.reports.voices))
        pm.Normal("said", size[event] + bias[voice], scatter[voice], observed=np.log(value + 0.5))
        pm.Normal("verified", size[who], 0.05, observed=np.log(toll + 0.5))
        tree = pm.sample(
            500, tune=500, chains=4, random_seed=seed, nuts_sampler="nutpie", progressbar=False
        )
    return time.perf_counter() - begin, least_ess(np.asarray(tree.posterior["bias"]))


def fitted_errors(points, truth):
    """Log probability of a toll given a point: errors of up to `REACH`, and any toll at all."""
    smooth = Counter(truth)
    most = max(truth) + 50
    any_toll = np.array([smooth[n] + 0.1 for n in range(THRESHOLD, most + 1)])
    any_toll /= any_toll.sum()
    errors = np.ones(2 * REACH + 2)  # one of each to begin with, the last for any toll
    for _ in range(30):
        share, errors_of = errors / errors.sum(), np.ones_like(errors)
        for point, toll in zip(points, truth, strict=True):
            weight = share * _likely(point, toll, any_toll)
            errors_of += weight / weight.sum()
        errors = errors_of
    share = errors / errors.sum()

    def score(point, toll):
        every = np.array([share @ _likely(point, n, any_toll) for n in range(THRESHOLD, most + 1)])
        here = share @ _likely(point, toll, any_toll)
        return float(np.log(here / every.sum()))

    return score


def _likely(point, toll, any_toll):
    found = np.zeros(2 * REACH + 2)
    if point is not None and abs(toll - point) <= REACH:
        found[int(toll - point) + REACH] = 1.0
    at = int(toll) - THRESHOLD
    found[-1] = any_toll[at] if at < len(any_toll) else any_toll[-1] / 10
    return found


def points_of(panel):
    """What rules make of every event: name of the rule, then a figure per event, or none."""
    said = {}
    for s in panel.reports.statements:
        if s.said.wording == "exact":
            said.setdefault(s.event, {})[s.voice] = s.said.figure[0]

    def majority(figures):
        times = Counter(figures.values())
        return min(times, key=lambda y: (-times[y], y))

    rules = {
        "majority vote": majority,
        "median": lambda figures: int(np.median(list(figures.values()))),
    }
    for voice, own in enumerate(panel.reports.voices):
        rules[own.name] = lambda figures, voice=voice: figures.get(voice)
    return {
        name: {e: rule(said[i]) if i in said else None for i, e in enumerate(panel.reports.events)}
        for name, rule in rules.items()
    }


def folds_of(table, verified, folds, seed):
    """Scores of held-out tolls by method, and their randomised ranks."""
    rng = np.random.default_rng(seed)
    names = sorted(verified)
    rng.shuffle(names)
    scores, ranks = {}, []
    for fold in range(folds):
        held = set(names[fold::folds])
        # what is held out is known to be in the register, and nothing else
        truth = [
            {"event": e, "low": THRESHOLD if e in held else t, "high": "" if e in held else t}
            for e, t in verified.items()
        ]
        panel = tolls.fit_panel(table, truth, seed=seed, categories=CATEGORIES, threshold=THRESHOLD)
        rules = points_of(panel)
        known = [e for e in names if e not in held and e in rules["median"]]
        judged = {
            name: fitted_errors([points[e] for e in known], [verified[e] for e in known])
            for name, points in rules.items()
        }
        for event in held & set(rules["median"]):
            toll = verified[event]
            low, high, mass = panel.toll(event).to_numpy().T
            at = int(np.searchsorted(high, toll))
            here = mass[at] / (high[at] - low[at] + 1)
            scores.setdefault("tolls", []).append(np.log(here))
            ranks.append(mass[:at].sum() + here * (toll - low[at] + rng.random()))
            for name, score in judged.items():
                scores.setdefault(name, []).append(score(rules[name][event], toll))
    return scores, np.array(ranks)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    table, register = options.folder / "reports.csv", pd.read_csv(options.folder / "truth.csv")
    register = register[register["measure"] == "killed"]
    verified = {e: int(v) for e, v in zip(register["event"], register["value"], strict=True)}

    begin = time.perf_counter()
    panel = tolls.fit_panel(
        table, verified, seed=options.seed, categories=CATEGORIES, threshold=THRESHOLD
    )
    seconds, own = time.perf_counter() - begin, panel.natural
    shape = panel.draws.shape[:2]
    parts = [own.bias, own.spread, own.gross, own.agreement]
    ess = least_ess(np.concatenate(parts, axis=-1).reshape(*shape, -1))
    hand_seconds, hand = by_hand(panel, verified, options.seed)
    print(f"{len(panel.reports.events):,} events, R-hat {panel.diagnostics.rhat:.4f}")
    print(f"tolls: {seconds:.0f} s in all, {ess:.0f} effective draws, {ess / seconds:.2f} a second")
    print(f"by hand: {hand_seconds:.0f} s, {hand:.0f}, {hand / hand_seconds:.3f} a second")
    print(f"ratio {ess / seconds / (hand / hand_seconds):.0f}", flush=True)

    scores, ranks = folds_of(table, verified, options.folds, options.seed)
    print(f"\n{len(ranks)} tolls held out; mean log score, and by how much tolls is better")
    ours = np.array(scores["tolls"])
    for name, values in scores.items():
        less = ours - np.array(values)
        error = less.std() / np.sqrt(len(less))
        print(f"{name:35} {np.mean(values):7.3f} {less.mean():7.3f} ± {error:.3f}")
    slots = np.minimum((ranks * SLOTS).astype(int), SLOTS - 1)
    print(f"p of the ranks being uniform {chance(least_tail(slots, SLOTS), len(slots), SLOTS):.3f}")
    for level in (0.5, 0.8, 0.9, 0.95):
        print(f"{level:.0%} intervals hold {np.mean(np.abs(ranks - 0.5) < level / 2):.3f}")


if __name__ == "__main__":
    sys.exit(main())
