"""How time and memory of panels grow with their events.

    uv run python tests/benchmarks/panel_growth.py [1000 10000 100000]

Simulates panels of five sources, fits each in a process of its own, and prints seconds, the largest
memory, the exponents of growth and where the sources' true gross errors and offsets lie. Takes some
ten minutes.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import tolls

SOURCES, THRESHOLD, HEARD = 5, 4, 0.6
NO_DEATHS, SCALE, TAIL, LISTED = 0.3, 5.0, 1.5, 0.5
GROSS, AGREES, BIAS, SPREAD = 0.03, (0.9, 0.8, 0.7, 0.6, 0.5), 0.9, 0.3
OFFENDER, COUNTS_HIM = 0.2, (0.0, 0.0, 0.5, 1.0, 1.0)  # chance that he died; who counts him


def panel_of(events, seed):
    """Draw reports and verified tolls of a panel, and the truth behind them."""
    rng = np.random.default_rng(seed)
    size = SCALE * ((1 - rng.random(events)) ** (-1 / TAIL) - 1)
    toll = np.where(rng.random(events) < NO_DEATHS, 0, 1 + size.astype(int))
    offender = (rng.random(events) < OFFENDER) & (toll > 0)
    tables = []
    for source in range(SOURCES):
        counted = toll + offender * (rng.random(events) < COUNTS_HIM[source])
        own = np.maximum(counted, 0.25) * BIAS * np.exp(SPREAD * rng.standard_normal(events))
        wild = np.maximum(counted, 0.25) * np.exp(1.5 * rng.standard_normal(events))
        figure = np.where(rng.random(events) < AGREES[source], counted, np.rint(own))
        figure = np.where(rng.random(events) < GROSS, np.rint(wild), figure).astype(int)
        heard = np.flatnonzero(rng.random(events) < HEARD)
        tables.append(
            pd.DataFrame({"event": heard, "source": f"source {source}", "value": figure[heard]})
        )
    listed = (toll >= THRESHOLD) & (rng.random(events) < LISTED)
    table = pd.concat(tables).sort_values("event", kind="stable")
    spoken = np.intersect1d(np.flatnonzero(listed), table["event"])
    return table, pd.DataFrame({"event": spoken, "value": toll[spoken]}), toll


def fit(reports, truth):
    """Fit a panel and print what it took."""
    begin = time.perf_counter()
    panel = tolls.fit_panel(reports, truth, seed=1, threshold=THRESHOLD)
    seconds = time.perf_counter() - begin
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(seconds, most, panel.diagnostics.rhat, panel.diagnostics.ess)
    print(panel.summary())


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("events", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--fit", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        fit(options.fit / "reports.csv", options.fit / "truth.csv")
        return
    taken = []
    for events in options.events:
        with tempfile.TemporaryDirectory() as name:
            table, truth, _ = panel_of(events, 1)
            table.to_csv(f"{name}/reports.csv", index=False)
            truth.to_csv(f"{name}/truth.csv", index=False)
            done = subprocess.run(
                [sys.executable, __file__, "--fit", name],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        numbers, _, told = done.stdout.partition("\n")
        seconds, most, rhat, ess = map(float, numbers.split())
        taken.append(seconds)
        print(
            f"{events:,} events: {seconds:.0f} s, {most:.1f} GB, R-hat {rhat:.4f}, "
            f"at least {ess:,.0f} effective draws\n{told}", flush=True,
        )  # fmt: skip
    if len(taken) > 1:
        slope = np.polyfit(np.log(options.events), np.log(taken), 1)[0]
        print(f"seconds grow with events to the power of {slope:.2f}")


if __name__ == "__main__":
    sys.exit(main())
