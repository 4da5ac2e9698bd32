"""One catalogue of earthquakes foretold from another, beside its figure with errors fitted to it.

    uv run python tests/benchmarks/panel_quakes.py FOLDER [--seed N] [--folds K]

FOLDER holds the reports.csv of catalogues of the same earthquakes, which may not be shipped. EM-DAT
stands for what was verified later, from one death on; in folds it is held out and foretold from
NOAA, whose two editions are one source at two dates. Prints the mean log score beside that of the
same figures with errors fitted on the other folds, and how often intervals hold. Takes some five
minutes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

import tolls
from tolls.uniformity import chance, least_tail

HELD, SLOTS, THRESHOLD = "EM-DAT", 20, 1
OFFSETS, SPREADS, BINS = range(-3, 4), (0.1, 0.3, 1.0), 14


def read(folder):
    """Return what NOAA states, and what EM-DAT does of the same events."""
    table = pd.read_csv(folder / "reports.csv", dtype=str, keep_default_na=False)
    table = table[(table["measure"] == "killed") & (table["category"] == "all")]
    held = table["source"] == HELD
    noaa, em_dat = table[~held], table[held & (table["value"] != "")]
    spoken = set(noaa["event"])
    pairs = zip(em_dat["event"], em_dat["value"], strict=True)
    return noaa, {event: int(value) for event, value in pairs if event in spoken}


def any_size(tolls_seen):
    """Return the probability of a toll as a histogram of logs has it."""
    logs = np.log(tolls_seen)
    edges = np.unique(np.quantile(logs, np.linspace(0, 1, BINS + 1)))
    edges[0], edges[-1] = edges[0] - 0.3, edges[-1] + 1
    share = np.histogram(logs, edges)[0] + 0.5
    share /= share.sum()

    def mass(toll):
        low, high = np.log(max(toll - 0.5, 0.3)), np.log(toll + 0.5)
        within = np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1])
        return float(share @ (np.maximum(within, 0) / np.diff(edges))) + 1e-12

    return mass


def errors_of(point, toll, size):
    """Return the probability of a toll under every kind of error of a point."""
    centre = np.log(max(point, 0.5))
    ends = [np.log(toll + side) for side in (-0.5, 0.5)]
    near = [norm.cdf(ends[1], centre, sd) - norm.cdf(ends[0], centre, sd) for sd in SPREADS]
    return np.array([*(float(toll - point == off) for off in OFFSETS), *near, size(toll)])


def scored(points, verified, held):
    """Return log scores of held-out tolls, from points with errors fitted on the others."""
    known = [e for e in verified if e not in held]
    size = any_size(np.array([verified[e] for e in known]))
    kinds = np.array([errors_of(points[e], verified[e], size) for e in known if e in points])
    share = np.full(kinds.shape[1], 1 / kinds.shape[1])
    for _ in range(100):
        part = kinds * share
        share = (part / part.sum(axis=1, keepdims=True)).mean(axis=0) + 1e-4
        share /= share.sum()
    return {
        e: np.log(share @ errors_of(points[e], toll, size) if e in points else size(toll))
        for e, toll in ((e, verified[e]) for e in held)
    }


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    table, verified = read(options.folder)
    group = {name: {"group": "NOAA"} for name in table["source"].unique()}
    names = sorted(verified)
    rng = np.random.default_rng(options.seed)
    rng.shuffle(names)
    ours, fitted, ranks = [], [], []
    for fold in range(options.folds):
        held = names[fold :: options.folds]
        truth = [
            {"event": e, "low": THRESHOLD if e in held else t, "high": "" if e in held else t}
            for e, t in verified.items()
        ]
        panel = tolls.fit_panel(table, truth, seed=options.seed, threshold=THRESHOLD, sources=group)
        points = {
            panel.reports.events[s.event]: s.said.figure[0]
            for s in panel.reports.statements
            if s.said.wording == "exact"
        }
        baseline = scored(points, verified, set(held))
        for event in held:
            low, high, mass = panel.toll(event).to_numpy().T
            at = int(np.searchsorted(high, verified[event]))
            here = mass[at] / (high[at] - low[at] + 1)
            ours.append(np.log(here))
            fitted.append(baseline[event])
            ranks.append(mass[:at].sum() + here * (verified[event] - low[at] + rng.random()))
        print(f"fold {fold + 1}: R-hat {panel.diagnostics.rhat:.4f}", flush=True)
    print(panel.summary())
    less, ranks = np.array(ours) - np.array(fitted), np.array(ranks)
    error = less.std() / np.sqrt(len(less))
    print(f"\n{len(ranks)} tolls of {HELD} held out, of {len(panel.reports.events):,} events")
    print(
        f"mean log score {np.mean(ours):.3f}; the figure with fitted errors {np.mean(fitted):.3f}"
    )
    print(f"better by {less.mean():.3f} ± {error:.3f}")
    slots = np.minimum((ranks * SLOTS).astype(int), SLOTS - 1)
    print(f"ranks {np.bincount(slots, minlength=SLOTS)}, mean {ranks.mean():.3f}")
    print(f"p of the ranks being uniform {chance(least_tail(slots, SLOTS), len(slots), SLOTS):.3f}")
    for level in (0.5, 0.8, 0.9, 0.95):
        print(f"{level:.0%} intervals hold {np.mean(np.abs(ranks - 0.5) < level / 2):.3f}")


if __name__ == "__main__":
    sys.exit(main())
