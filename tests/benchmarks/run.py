"""All benchmarks, one command: the package beside the script that one would write by hand.

    uv run python tests/benchmarks/run.py [--growth]

Times the command line cold, refits in one process, and nuts, each against ``peer.py`` in the same
run, and prints a Markdown table of medians and ratios. ``--growth`` measures instead how time and
memory grow with reports, sources and nodes (``growing.py``), with the growth exponent, in minutes.
Both compile caches are as they are found: run twice to have them warm, or point
``PYTENSOR_FLAGS=base_compiledir=…`` at an empty folder to have them cold.
"""

import argparse
import json
import math
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CASE = HERE.parents[1] / "models" / "syria-coast-2025"
REPORTS, SOURCES, NODES = (10, 100, 1_000, 10_000), (3, 10, 30), (1, 3, 10)

# fits once, then N times with other figures, and prints the seconds of these
REFITS = """
import json, sys, time, tolls
case = tolls.read_case(sys.argv[1])
rows = [(r.row, r.as_row()) for r in case.reports]
def times(factor):
    new = [dict(row, **{c: str(round(int(row[c]) * factor)) for c in ("value", "low", "high")
                        if row.get(c)}) for _, row in rows]
    return case.with_reports(new)
fit = lambda factor: tolls.fit(times(factor), seed=1, engine=sys.argv[2], on_failure="warn")
fit(1.0)
found = []
for i in range(1, int(sys.argv[3]) + 1):
    begin = time.perf_counter()
    estimate = fit(1 + i / 100)
    found.append(time.perf_counter() - begin)
print(json.dumps({"refits": found, "ess": estimate.diagnostics.ess}))
"""


def seconds(command: list[str]) -> tuple[float, str]:
    """Run a command; wall seconds of the whole process, and what it printed."""
    begin = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, done.stdout


def python(*arguments: object) -> list[str]:
    """Return a command of this Python."""
    return [sys.executable, *map(str, arguments)]


def speed() -> None:
    """Compare with the peer, by turns, and print a table."""
    ours = python("-m", "tolls", "fit", CASE, "--seed", 1, "--json")
    seconds(ours)  # files into memory
    cold, peer_cold, peer_refit, nuts_cold = [], [], [], []
    for _ in range(3):
        cold.append(seconds(ours)[0])
        cold.append(seconds(ours)[0])
        new = int(time.time()) % 100_000  # figures that no earlier run has compiled
        wall, said = seconds(python(HERE / "peer.py", "--seed", new, "--json", "--refits", 1))
        refit = json.loads(said)["seconds"]["refits"][0]
        peer_cold.append(wall - refit)
        peer_refit.append(refit)
        nuts_cold.append(seconds([*ours, "--engine", "nuts"])[0])
    warm = json.loads(seconds(python("-c", REFITS, CASE, "collapsed", 5))[1])["refits"]
    nuts_warm = json.loads(seconds(python("-c", REFITS, CASE, "nuts", 2))[1])["refits"]
    print("| what | package | peer | peer : package |\n|---|---|---|---|")
    for what, own, peer in (
        ("`tolls fit … --json`, whole process", cold, peer_cold),
        ("the same with `--engine nuts`", nuts_cold, peer_cold),
        ("refit with other figures, one process", warm, peer_refit),
        ("the same by nuts", nuts_warm, peer_refit),
    ):
        a, b = statistics.median(own), statistics.median(peer)
        print(f"| {what} | {a:.2f} s | {b:.1f} s | {b / a:.1f} |", flush=True)


def growth() -> None:
    """Measure the fit of growing cases and print a table with growth exponents."""
    print("| sources | nodes | " + " | ".join(f"{n:,} reports" for n in REPORTS), "| exponent |")
    print("|---" * (len(REPORTS) + 3) + "|")
    for sources, nodes in zip(SOURCES, NODES, strict=True):
        cells, spent = [], []
        for reports in REPORTS:
            if reports < sources:
                cells.append("—")
                continue
            found = json.loads(seconds(python(HERE / "growing.py", reports, sources, nodes))[1])
            spent.append((math.log(reports), math.log(found["seconds"])))
            failed = "" if found["ok"] else ", refused"
            cells.append(f"{found['seconds']:.1f} s, {found['megabytes']:.0f} MB{failed}")
        slope = (spent[-1][1] - spent[-2][1]) / (spent[-1][0] - spent[-2][0])
        print(f"| {sources} | {nodes} | " + " | ".join(cells) + f" | {slope:.2f} |", flush=True)


def main() -> None:
    """Say what it is measured on, and measure."""
    parser = argparse.ArgumentParser(description="Benchmarks of the package beside a peer.")
    parser.add_argument("--growth", action="store_true", help="growth with the size of a case")
    given = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}\n", flush=True)
    (growth if given.growth else speed)()


if __name__ == "__main__":
    main()
