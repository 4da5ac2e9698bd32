"""Cases of any size, for measuring how time and memory grow: sources times nodes times reports.

    python tests/benchmarks/growing.py REPORTS SOURCES NODES

fits one with the default engine and prints one JSON object: seconds of the fit alone, peak memory
of the process, and the diagnostics.
"""

import json
import resource
import sys
import time
from datetime import date, timedelta

import numpy as np

import tolls

TOLL, PERIOD = 2000.0, 5
START = date(2025, 3, 6)


def growing_case(reports: int, sources: int, nodes: int, seed: int = 1) -> tolls.Case:
    """Return a case in which every source states exact figures, by turns of the nodes.

    Figures scatter as the sources' grades say around what is knowable by then; a sixth are floors.
    """
    rng = np.random.default_rng(seed)
    parts = [f"part_{i}" for i in range(1, nodes)]
    share = rng.dirichlet(np.full(len(parts), 4.0)) if parts else np.array([])
    size = dict(zip(["killed", *parts], [TOLL, *(TOLL * share)], strict=True))
    grades = "ABCD"
    names = [f"source {i}" for i in range(sources)]
    bias = np.exp(rng.normal(-0.1, 0.25, sources))
    scatter = {"A": 0.1, "B": 0.2, "C": 0.35, "D": 0.7}
    rows = []
    for i in range(reports):
        source, node = i % sources, list(size)[(i // sources) % nodes]
        day = 1 + int(60 * (i // sources) * sources / reports)
        knowable = 1 - np.exp(-0.3 * day)
        spread = scatter[grades[source % 4]] * rng.normal()
        figure = round(float(size[node] * bias[source] * knowable * np.exp(spread)))
        floor = i % 6 == 5
        rows.append(
            {
                "source": names[source],
                "category": node,
                "value": int(figure * 0.85) if floor else figure,
                "qualifier": "at_least" if floor and figure > 1 else "exact",
                "published": str(START + timedelta(day + PERIOD)),
            }
        )
    return tolls.Case(
        rows,
        title=f"{reports} reports, {sources} sources, {nodes} nodes",
        kind="massacre",
        start=START,
        end=START + timedelta(PERIOD - 1),
        categories={"killed": parts} if parts else None,
        sources={n: {"grade": grades[i % 4], "kind": "monitor"} for i, n in enumerate(names)},
        range={"low": 1, "high": 100_000, "mass": 0.95},
    )


def main() -> None:
    """Fit one case and print what it cost."""
    case = growing_case(*map(int, sys.argv[1:4]))
    begin = time.perf_counter()
    estimate = tolls.fit(case, seed=1, engine="collapsed", on_failure="warn")
    seconds = time.perf_counter() - begin
    found = estimate.diagnostics
    print(
        json.dumps(
            {
                "seconds": seconds,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "ok": found.ok,
                "ess": found.ess,
                "khat": found.khat,
                "evidence": estimate.evidence.counts["evidence"],
            }
        )
    )


if __name__ == "__main__":
    main()
