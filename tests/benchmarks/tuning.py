"""What all cases share in the presets, tuned by backtest and scored leave-one-case-out.

    uv run python tests/benchmarks/tuning.py [--seed 1] [-o DIR]

Every lever has a few values, as multiples of the shipped one. The first is what the design said
before any tuning; from there one lever is moved at a time, over and over, as long as the CRPS of
the log toll, averaged over cases, falls by more than `LEAST`. That is done once for each case,
from the others alone, and the case is scored under what they chose: nothing is judged on what it
was tuned on. Then once from all, which is what the presets may say. With ``-o`` finished fits are
kept in DIR. What one case alone could teach (a kind of event, a kind of source or a list of the
missing) is no lever, and stays as shipped: those come from the literature.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers import with_presets

import tolls
from tolls.case import Case
from tolls.presets import Presets

ROOT = Path(__file__).parents[2]
LEAST = 0.02  # of the CRPS: a smaller gain moves no lever

type Setting = tuple[float, ...]


def one(table: str, key: str, presets: Presets, times: float) -> dict[str, Any]:
    """Multiply a number of a table."""
    held = getattr(presets, table)
    return {table: held.model_copy(update={key: getattr(held, key) * times})}


def every(tables: str, key: str, presets: Presets, times: float) -> dict[str, Any]:
    """Multiply a number of every kind or grade, where it is set."""
    held = getattr(presets, tables)
    return {
        tables: {
            name: own.model_copy(update={key: getattr(own, key) and getattr(own, key) * times})
            for name, own in held.items()
        }
    }


def gross(presets: Presets, times: float) -> dict[str, Any]:
    """Multiply the share of gross errors that every grade expects, its strength kept."""
    grades = {}
    for name, grade in presets.grades.items():
        a, b = grade.reliability
        errors = min(times * b, 0.95 * (a + b))
        grades[name] = grade.model_copy(update={"reliability": (a + b - errors, errors)})
    return {"grades": grades}


LEVERS: dict[str, tuple[Callable[[Presets, float], dict[str, Any]], Sequence[float]]] = {
    "sd of the kinds of source": (partial(every, "source_kinds", "sd"), (1.67, 1.0, 0.7)),
    "sd of the shared bias": (partial(one, "shared_bias", "sd"), (1.33, 1.0, 0.7)),
    "sd of a lone part": (partial(one, "belief", "part_sd"), (2.33, 1.0, 0.5)),
    "memory of a source": (partial(one, "links", "memory_days"), (1.0, 0.2, 0.5)),
    "sd of the shape of growth": (partial(one, "growth", "shape_log_sd"), (1.0, 1.5, 2.0)),
    "sd of the rate of growth": (partial(every, "event_kinds", "rate_sd"), (1.0, 0.7, 1.4)),
    "scatter of the grades": (partial(every, "grades", "scatter"), (1.0, 0.7, 1.4)),
    "share of gross errors": (gross, (1.0, 0.5, 1.5)),
}
SHIPPED: Setting = (1.0,) * len(LEVERS)
BEFORE: Setting = tuple(values[0] for _, values in LEVERS.values())


def changed(case: Case, setting: Setting) -> Case:
    """Return a case with the presets of a setting."""
    for (lever, _), times in zip(LEVERS.values(), setting, strict=True):
        if times != 1:
            case = with_presets(case, **lever(case.presets, times))
    return case


class Trials:
    """Scores of every case under every setting that was looked at."""

    def __init__(self, seed: int, folder: Path | None) -> None:
        """Read the cases that have a truth."""
        self.seed, self.folder = seed, folder
        self.truths = sorted((ROOT / "models").glob("*/truth.csv"))
        self.found: dict[Setting, pd.DataFrame] = {}

    def __call__(self, setting: Setting) -> pd.DataFrame:
        """Return CRPS and coverage by case."""
        if setting not in self.found:
            cases = {
                t.parent.name: (changed(tolls.read_case(t.parent), setting), t) for t in self.truths
            }
            result = tolls.backtest(cases, seed=self.seed, folder=self.folder)
            self.found[setting] = result.by_case()[["crps", "covered_90"]]
            print(f"  {self.found[setting]['crps'].mean():.4f}  {told(setting)}", flush=True)
        return self.found[setting]

    def best(self, without: str | None = None) -> Setting:
        """Return what all cases but one choose."""

        def loss(setting: Setting) -> float:
            table = self(setting)
            return float(table.loc[table.index != without, "crps"].mean())

        at, moved = BEFORE, True
        while moved:
            moved = False
            for place, (_, values) in enumerate(LEVERS.values()):
                others = [(*at[:place], v, *at[place + 1 :]) for v in values if v != at[place]]
                better = min(others, key=loss)
                if loss(better) < (1 - LEAST) * loss(at):
                    at, moved = better, True
        return at


def told(setting: Setting) -> str:
    """Say what a setting changes."""
    moved = (f"{name} x {v:g}" for name, v in zip(LEVERS, setting, strict=True) if v != 1)
    return "; ".join(moved) or "as shipped"


def main() -> None:
    """Tune, score, and tell."""
    parser = argparse.ArgumentParser(description="Tune what all cases share, leave-one-case-out.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", dest="folder", type=Path)
    options = parser.parse_args()
    trials = Trials(options.seed, options.folder)
    shipped, before, rows = trials(SHIPPED), trials(BEFORE), {}
    chosen = trials.best()
    for case in shipped.index:
        own = trials.best(without=case)
        of_own = trials(own).loc[case]
        rows[case] = {
            "before": before.loc[case, "crps"],
            "shipped": shipped.loc[case, "crps"],
            "left out": of_own["crps"],
            "tuned on all": trials(chosen).loc[case, "crps"],
            "covered shipped": shipped.loc[case, "covered_90"],
            "covered left out": of_own["covered_90"],
            "chosen by the others": told(own),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    print(table.drop(columns="chosen by the others").round(3).to_string())
    print(table.select_dtypes("number").mean().round(3).to_string())
    for case, choice in table["chosen by the others"].items():
        print(f"{case}: {choice}")
    print(f"all: {told(chosen)}")


if __name__ == "__main__":
    main()
