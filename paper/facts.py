"""Every number that the papers quote, computed: presets, limits, the case, calibration, backtest.

What comes out is plain data, unrounded; how it reads is decided in `digits`. The case itself is one
fit, what it rests on a dozen more, calibration and backtest are as many as their runs.
"""

import math
import sys
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tolls
from tolls import (
    apportionment,
    backtesting,
    baselines,
    collapsed,
    conditionals,
    constants,
    convergence,
    factors,
    importance,
    ranking,
    rounding,
    scoreboard,
    scoring,
)
from tolls.calibration import FAMILY, Calibration
from tolls.casefile import read_case
from tolls.convergence import Diagnostics
from tolls.estimate import Estimate
from tolls.evidence import gather
from tolls.presets import load_presets
from tolls.scoreboard import OURS, Backtest

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
CASE = MODELS / "syria-coast-2025"
SEED = 1
RUNS = 1000  # of the calibration, as in notebooks/evidence.ipynb
AT_LEAST = 1000  # people: the statement that the sensitivity of the case asks about
REPORTED = {"value": 200, "low": 120, "high": 330, "grade": "B"}  # by which wordings are compared
LEVEL = 0.95
FAR = 2.5  # Monte Carlo errors from which a coverage is told

type Facts = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """What was fitted: the numbers and the figures come from it."""

    estimate: Estimate
    calibration: Calibration
    backtest: Backtest


def designs() -> list[tolls.Case]:
    """Return the designs that are calibrated; they stand with the tests that break them."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from helpers_calibration import whole_model

    return whole_model()


def verified_cases(names: Iterable[str] = ()) -> dict[str, tuple[tolls.Case, Path]]:
    """Return the cases with a toll verified later, all or those named."""
    found = {
        path.parent.name: (read_case(path.parent), path)
        for path in sorted(MODELS.glob("*/truth.csv"))
    }
    return {name: found[name] for name in names} if names else found


def computed(
    *,
    runs: int = RUNS,
    days: Iterable[int] = backtesting.DAYS,
    names: Iterable[str] = (),
    folder: Path | None = None,
    executor: Executor | None = None,
) -> Results:
    """Fit the case, calibrate and backtest.

    ``runs`` is the number of simulated cases, ``days`` and ``names`` are what is backtested; fits
    already in ``folder`` are taken up, new ones are kept there.
    """
    kept = (None, None) if folder is None else (folder / "calibration", folder / "backtest")
    return Results(
        tolls.fit(read_case(CASE), seed=SEED),
        tolls.calibrate(designs(), runs, seed=SEED, executor=executor, folder=kept[0]),
        tolls.backtest(
            verified_cases(names), as_of=list(days), seed=SEED, executor=executor, folder=kept[1]
        ),
    )


def facts(results: Results) -> Facts:
    """Return all numbers but those of `sensitivity`."""
    presets = load_presets()
    apart = {n: getattr(presets, n).model_dump() for n in ("elicitation", "sensitivity", "checks")}
    return {
        "version": tolls.__version__,
        "seed": SEED,
        "presets": presets.model_dump(mode="json") | apart,
        "limits": _limits(),
        "cases": _cases(),
        "syria": _syria(results.estimate),
        "reported": REPORTED,
        "calibration": _calibration(results.calibration),
        "backtest": _backtest(results.backtest),
    }


def sensitivity() -> Facts:
    """Return what the case rests on: a dozen fits and more."""
    found = tolls.sensitivity(read_case(CASE), seed=SEED, at_least=AT_LEAST)
    contributed, scenarios = found.contributions, found.summary(None, LEVEL).reset_index()
    probabilities = found.case.presets.sensitivity.probabilities
    return {
        "scenarios": [_plain(r) for r in scenarios.to_dict("records")],
        "quarters": {s.name: _interval(s.tolls[:, 0]) for s in found.curve.quarters},
        "fails_at": {f"{q:g}": found.fails_at(q) for q in probabilities},
        "shares": contributed.shares,
        "of": contributed.of,
        "independent": contributed.independent,
    }


def _limits() -> Facts:
    """Return the settings of engines, diagnostics and scores."""
    from tolls import nuts  # PyMC: not for every worker that runs fits

    return {
        "ci_prob": constants.CI_PROB,
        "random_below": apportionment.RANDOM_BELOW,
        "dimensions": collapsed.MOST_DIMENSIONS,
        "pilot": collapsed.PILOT,
        "round": collapsed.ROUND,
        "rounds": collapsed.MOST_ROUNDS,
        "most_draws": collapsed.MOST,
        "enough": collapsed.ENOUGH,
        "chains": collapsed.CHAINS,
        "draws": collapsed.DRAWS,
        "height": collapsed.HEIGHT,
        "noise": collapsed.NOISE,
        "lattices": list(conditionals.LATTICES),
        "per_prior_point": conditionals.FROM_PRIOR,
        "exact_degree": factors.MOST_EXACT,
        "freedom": importance.FREEDOM,
        "from_prior": importance.FROM_PRIOR,
        "tails": list(convergence.TAILS),
        "khat": constants.KHAT_LIMIT,
        "weighted_ess": constants.WEIGHTED_ESS_LIMIT,
        "ess": constants.ESS_LIMIT,
        "rhat": constants.RHAT_LIMIT,
        "nuts": [asdict(settings) for settings in nuts.ATTEMPTS],
        "nuts_chains": nuts.CHAINS,
        "ranked_draws": ranking.DRAWS,
        "slots": ranking.SLOTS,
        "family": FAMILY,
        "days": list(backtesting.DAYS),
        "least_others": backtesting.LEAST_OTHERS,
        "resamples": scoreboard.RESAMPLES,
        "covered": list(scoring.COVERED),
        "points": list(baselines.POINTS),
        "nothing": scoring.NOTHING,
        "zero_mean": baselines.ZERO_MEAN,
        "telling": rounding.TELLING,
    }


def _cases() -> list[Facts]:
    """Return what the shipped cases are."""
    rows = []
    for name, (case, _) in verified_cases().items():
        evidence = gather(case)
        rows.append(
            {
                "name": name,
                "title": case.title,
                "kind": case.kind,
                "start": str(case.start),
                "end": str(case.end),
                "reports": len(case.reports),
                "evidence": evidence.counts["evidence"],
                "sources": len(evidence.sources),
                "nodes": len(case.names),
            }
        )
    return rows


def _syria(estimate: Estimate) -> Facts:
    """Return the case: what was said, and what was found."""
    case, evidence = estimate.case, estimate.evidence
    table = estimate.summary(LEVEL).rename_axis("name").reset_index()
    sources = estimate.sources(LEVEL).reset_index()
    return {
        "name": CASE.name,
        "title": case.title,
        "start": str(case.start),
        "end": str(case.end),
        "latest": str(evidence.latest),
        "counts": evidence.counts,
        "named_sources": len(case.sources),
        "speaking_sources": len(evidence.sources),
        "statements": len(evidence.statements),
        "splits": len(evidence.compositions),
        "dimensions": _dimensions(estimate),
        "engine": estimate.engine,
        "nodes": {r["name"]: _plain(r) for r in table.to_dict("records")},
        "sources": [_plain(r) for r in sources.to_dict("records")],
        "diagnostics": _diagnosed(estimate.diagnostics),
        "at_least": AT_LEAST,
        "probability": {
            node: estimate.probability(node, at_least=AT_LEAST) for node in ("killed", "civilians")
        },
        "verified": _verified(estimate),
        "checks": [finding.text for finding in estimate.checks],
    }


def _dimensions(estimate: Estimate) -> int:
    from tolls.coordinates import Coordinates

    return Coordinates(estimate.evidence).dimension


def _diagnosed(diagnostics: Diagnostics) -> Facts:
    return {
        "khat": diagnostics.khat,
        "ess": diagnostics.ess,
        "log_marginal": diagnostics.log_marginal,
        "log_marginal_sd": diagnostics.log_marginal_sd,
    }


def _verified(estimate: Estimate) -> list[Facts]:
    """Return the tolls found later, and where they lie in the posterior."""
    import pandas as pd

    rows = pd.read_csv(CASE / "truth.csv").to_dict("records")
    return [
        {
            "node": row["category"],
            "value": int(row["value"]),
            "authority": row["authority"],
            "date": row["date"],
            "below": float((estimate.tolls(row["category"]) < row["value"]).mean()),
        }
        for row in rows
    ]


def _calibration(result: Calibration) -> Facts:
    table = result.summary()
    groups = [name for name in dict.fromkeys(table["quantity"]) if "[" not in name]
    each = table.dropna(subset=["z"])
    far = each[each["z"].abs() > FAR].sort_values("z", key=lambda z: -z.abs(), kind="stable")
    return {
        "runs": len(result.ranks),
        "designs": len(result.cases),
        "quantities": len(result.quantities),
        "inside": result.inside,
        "furthest": result.furthest,
        "p_value": result.p_value,
        "coverage": {
            name: [_plain(r) for r in table[table["quantity"] == name].to_dict("records")]
            for name in groups
        },
        "rows": len(table),
        "far": [_plain(r) for r in far.to_dict("records")],
        "far_errors": FAR,
        "far_by_chance": len(table) * math.erfc(FAR / math.sqrt(2)),
    }


def _backtest(result: Backtest) -> Facts:
    summary, scores = result.summary(), result.scores
    ours = scores[scores["method"] == OURS]
    by_case = scores.groupby(["case", "method"])["crps"].mean()
    return {
        "days": sorted({int(day) for day in ours["day"]}),
        "cases": len(result.cases),
        "scores": len(ours),
        "methods": [_plain(r) for r in summary.reset_index().to_dict("records")],
        "best": {kind: result.best(kind) for kind in ("point", "errors")},
        "by_case": {case: _plain(by_case[case].to_dict()) for case in result.cases},
        "rows": [
            _plain({"as_of": str(r["as_of"])} | {k: v for k, v in r.items() if k != "as_of"})
            for r in ours.to_dict("records")
        ],
        "unscored": len(result.unscored),
    }


def _interval(draws: Any) -> Facts:
    from tolls.intervals import credible_interval

    lo, hi = credible_interval(draws, LEVEL, "eti")
    return {"median": float(sorted(draws)[len(draws) // 2]), "lo": lo, "hi": hi}


def _plain(row: dict[Any, Any]) -> Facts:
    """Return a row of a table as JSON holds it; what is no number is null."""
    return {str(key): _number(value) for key, value in row.items()}


def _number(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
