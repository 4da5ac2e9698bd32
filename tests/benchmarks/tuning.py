"""What all cases share in the presets, chosen by backtest and scored leave-one-case-out.

    uv run python tests/benchmarks/tuning.py [--seed 1] [-o DIR]

A fixed list of settings is tried: what the design said before any tuning; three levers in all
combinations of that, what is shipped, and less; every other lever moved alone. For each case the
others choose the setting with the least CRPS of the log toll, and the case is scored under their
choice: nothing is judged on what it was tuned on. Then all choose. With ``-o`` finished fits are
kept in DIR. What one case alone could teach (a kind of event, a kind of source or a list of the
missing) is no lever, and stays as shipped: those come from the literature.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers import with_presets

import tolls
from tolls.case import Case
from tolls.presets import Presets

ROOT = Path(__file__).parents[2]

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
    """Multiply the share of gross errors that the grades above D expect, their strength kept."""
    grades = dict(presets.grades)
    for name in "ABC":
        a, b = grades[name].reliability
        changed = (a + b - times * b, times * b)
        grades[name] = grades[name].model_copy(update={"reliability": changed})
    return {"grades": grades}


# As multiples of what is shipped: these in all combinations, the others alone. The first value of
# each is what the design said before any tuning, where it differs from what is shipped.
COMBINED: dict[str, tuple[Callable[[Presets, float], dict[str, Any]], Sequence[float]]] = {
    "sd of the kinds of source": (partial(every, "source_kinds", "sd"), (2.33, 1.33, 1.0, 0.7)),
    "scatter of the grades": (partial(every, "grades", "scatter"), (1.43, 1.0, 0.7)),
    "share of gross errors": (gross, (2.0, 1.0, 0.5)),
}
ALONE: dict[str, tuple[Callable[[Presets, float], dict[str, Any]], Sequence[float]]] = {
    "sd of the shared bias": (partial(one, "shared_bias", "sd"), (2.0, 1.5, 0.7)),
    "sd of a lone part": (partial(one, "belief", "part_sd"), (2.33, 0.5)),
    "memory of a source": (partial(one, "links", "memory_days"), (1.4, 0.5)),
    "sd of the shape of growth": (partial(one, "growth", "shape_log_sd"), (1.0, 1.5, 2.0)),
    "sd of the rate of growth": (partial(every, "event_kinds", "rate_sd"), (1.0, 0.7, 1.4)),
}
LEVERS = COMBINED | ALONE
SHIPPED: Setting = (1.0,) * len(LEVERS)
BEFORE: Setting = tuple(values[0] for _, values in LEVERS.values())


def settings() -> list[Setting]:
    """Return all settings that are tried."""
    rest = SHIPPED[len(COMBINED) :]
    combined = [(*s, *rest) for s in product(*(values for _, values in COMBINED.values()))]
    alone = [
        (*SHIPPED[:place], value, *SHIPPED[place + 1 :])
        for place, (_, values) in enumerate(ALONE.values(), len(COMBINED))
        for value in values
        if value != 1
    ]
    return [BEFORE, *combined, *alone]


def changed(case: Case, setting: Setting) -> Case:
    """Return a case with the presets of a setting."""
    for (lever, _), times in zip(LEVERS.values(), setting, strict=True):
        if times != 1:
            case = with_presets(case, **lever(case.presets, times))
    return case


def tried(setting: Setting, seed: int, folder: Path | None) -> pd.DataFrame:
    """Return CRPS and coverage by case under a setting."""
    truths = sorted((ROOT / "models").glob("*/truth.csv"))
    cases = {t.parent.name: (changed(tolls.read_case(t.parent), setting), t) for t in truths}
    result = tolls.backtest(cases, seed=seed, folder=folder)
    table = result.by_case()[["crps", "covered_90"]]
    print(f"  {table['crps'].mean():.4f}  {told(setting)}", flush=True)
    return table


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
    found = {setting: tried(setting, options.seed, options.folder) for setting in settings()}

    def chosen(without: str | None = None) -> Setting:
        """Return what all cases but one choose."""
        others = {s: t.loc[t.index != without, "crps"].mean() for s, t in found.items()}
        return min(others, key=others.__getitem__)

    rows = {}
    for case in found[SHIPPED].index:
        under = {"before": BEFORE, "shipped": SHIPPED, "left out": chosen(case), "all": chosen()}
        rows[case] = {name: found[s].loc[case, "crps"] for name, s in under.items()} | {
            f"90 %, {name}": found[s].loc[case, "covered_90"] for name, s in under.items()
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    print(table.round(3).to_string())
    print(table.mean().round(3).to_string())
    for case in (*table.index, None):
        print(f"chosen without {case}: {told(chosen(case))}")


if __name__ == "__main__":
    main()
