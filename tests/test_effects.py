"""Every row of the table in `helpers_effects` holds, and the wrong model beside it breaks it."""

import json
import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from helpers import case_of, with_presets
from helpers_effects import EFFECTS, SAME, USUAL

import tolls

ERRORS = 4  # Monte Carlo standard errors


@dataclass(frozen=True)
class Measured:
    """A quantity on the log scale, and its Monte Carlo error."""

    log: float
    error: float


@cache
def measured(told, settings, node, quantity, engine, seed):
    """Fit a table of reports, given as JSON, and measure."""
    declared = json.loads(settings)
    other = declared.pop("presets", {})
    case = case_of(*json.loads(told), **declared)
    changed = {name: changed_table(getattr(case.presets, name), new) for name, new in other.items()}
    estimate = fitted(with_presets(case, **changed), engine, seed)
    ess = estimate.diagnostics.ess
    if quantity.startswith("P"):
        bound = {"<=": "at_most", ">=": "at_least"}[quantity[1:3]]
        p = estimate.probability(node, **{bound: int(quantity[3:])})
        return Measured(math.log(p), math.sqrt((1 - p) / p / ess))
    x = np.log(estimate.posterior["size"][..., estimate.nodes.index(node)])
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    # of a normal distribution, whose 90 % interval is 3.29 sd wide
    if quantity == "median":
        return Measured(middle, 1.25 * (high - low) / 3.29 / math.sqrt(ess))
    return Measured(math.log(high - low), 0.89 / math.sqrt(ess))


def changed_table(table, new):
    """Return a table of presets, or some tables by name, with other values."""
    if isinstance(table, dict):
        return table | {name: changed_table(table[name], own) for name, own in new.items()}
    parts = {k: changed_table(getattr(table, k), v) for k, v in new.items() if isinstance(v, dict)}
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in new.items()}
    return table.model_copy(update=values | parts)


FITTED = {}


def fitted(case, engine, seed):
    """Fit a case once, whatever is measured of it."""
    key = case.digest, engine, seed
    if key not in FITTED:
        FITTED[key] = tolls.fit(case, seed=seed, engine=engine)
    return FITTED[key]


def ratio_of(effect, engine="collapsed"):
    """Log of the ratio of an effect, averaged over its seeds, and its error."""
    settings = json.dumps(USUAL | effect.declared)
    seeds = range(1, effect.fits + 1) if engine == "collapsed" else [1]
    pairs = [
        [
            measured(json.dumps(effect.base + added), settings, effect.node, effect.quantity,
                     engine, seed)
            for added in (effect.more, effect.than)
        ]
        for seed in seeds
    ]  # fmt: skip
    log = np.mean([more.log - than.log for more, than in pairs])
    error = math.sqrt(sum(m.error**2 for pair in pairs for m in pair)) / len(pairs)
    return float(log), error


def within(effect, log, error):
    """Tell whether a ratio surely lies within its bounds (1), surely not (-1), or neither (0)."""
    if effect.ratio == SAME:
        return 1 if abs(log) < 1e-12 else -1
    low, high = map(math.log, effect.ratio)
    if low < log - ERRORS * error and log + ERRORS * error < high:
        return 1
    return -1 if log + ERRORS * error < low or log - ERRORS * error > high else 0


def shown(effect, log, error):
    return f"{math.exp(log):.4f} (error {error:.4f}), allowed {effect.ratio}: {effect.why}"


def rows(names, marks):
    """Parametrize by rows of the table, with marks by name."""
    return [pytest.param(EFFECTS[name], id=name, marks=marks.get(name, ())) for name in names]


FAILING = {
    name: pytest.mark.xfail(strict=True, reason=f"measured: {effect.fails}")
    for name, effect in EFFECTS.items()
    if effect.fails
}


@pytest.mark.parametrize("effect", rows(EFFECTS, FAILING))
def test_one_more_report_does_what_it_should(effect):
    log, error = ratio_of(effect)
    assert within(effect, log, error) == 1, shown(effect, log, error)


TOOTHED = [name for name, effect in EFFECTS.items() if effect.wrong]


@pytest.mark.parametrize("effect", rows(TOOTHED, {}))
def test_a_wrong_model_breaks_the_row(effect):
    log, error = ratio_of(replace(effect, **{"fits": 2, **effect.wrong}))
    assert within(effect, log, error) == -1, shown(effect, log, error)


SLOW = {name: pytest.mark.slow for name, effect in EFFECTS.items() if not effect.nuts}
BIMODAL = {"two camps", "dozens against 900"}  # nuts may miss one of two modes
UNIMODAL = [name for name in EFFECTS if name not in BIMODAL]


@pytest.mark.parametrize("effect", rows(UNIMODAL, SLOW))
def test_nuts_does_the_same(effect):
    """Of one run the error is larger: what it finds may not contradict the row, nor collapsed."""
    log, error = ratio_of(effect, "nuts")
    other, its = ratio_of(effect)
    assert abs(log - other) < 0.03 + ERRORS * math.hypot(error, its), (log, other)
    if not effect.fails:
        assert within(effect, log, error) >= 0, shown(effect, log, error)


def test_two_camps_are_told():
    effect = EFFECTS["two camps"]
    case = case_of(*effect.base, *effect.more, **USUAL)
    told = " ".join(tolls.fit(case, seed=1).warnings)
    assert "sources contradict each other" in told
