"""Scores: at the truth the slope of every simulated statement's log likelihood is zero on average.

That holds for whatever is drawn from the likelihood itself, and needs no fit: it says which
statement the simulation and the likelihood disagree about, and along which parameter.
"""

from collections import defaultdict
from dataclasses import fields, replace

import numpy as np
import pytest
from helpers import case_of, near_bounds
from helpers_calibration import whole_model
from scipy.special import expit, logit

import tolls
from tolls.evidence import gather
from tolls.likelihood import Growth, Parameters, log_likelihood

STEP = 0.02
ALONG = (
    "log_size", "kappa", "eta", "rate", "shape", "found", "alive", "clearing",
    "kept", "bias", "scatter", "reliability",
)  # fmt: skip
POSITIVE = ("rate", "shape", "alive", "clearing", "bias", "scatter")
SHARES = ("found", "kept", "reliability")
SCALES = dict.fromkeys(POSITIVE, (np.log, np.exp)) | dict.fromkeys(SHARES, (logit, expit))
FAR = 4.5  # standard errors: some 60 statements times twelve directions
ENOUGH = 100  # of a statement before its mean is judged


def at_truth(simulated, evidence):
    """Return the truth and a step up and down along every parameter, one draw each."""
    case, known = simulated.case, simulated.parameters
    voices = dict.fromkeys(("bias", "scatter", "reliability"), evidence.sources)
    each = voices | dict.fromkeys(("alive", "clearing", "kept"), evidence.lists)
    values = {"log_size": np.log([simulated.tolls[name] for name in case.names])}
    for name in ALONG[1:]:
        own = known[name]
        values[name] = np.array([own[k] for k in each[name]] if name in each else own)
    if not np.isfinite(values["rate"]):
        values["rate"] = np.array(1.0)  # where nothing grows it says nothing
    stepped = {}
    for place, (name, value) in enumerate(values.items()):
        there, back = SCALES.get(name, (np.asarray, np.asarray))
        steps = (h * (which == place) for which in range(len(ALONG)) for h in (STEP, -STEP))
        stepped[name] = np.array([back(there(value) + step) for step in steps])
    growth = Growth(**{field.name: stepped.pop(field.name) for field in fields(Growth)})
    return Parameters(growth=growth, **stepped)


def slopes(case, count, changed=None):
    """Return the slopes of every statement and split along every parameter, by what it is."""
    found = defaultdict(list)
    for seed in range(count):
        simulated = tolls.simulate(case, seed=seed)
        evidence = gather(simulated.case)
        if changed:
            evidence = changed(evidence)
        each = np.hstack(log_likelihood(evidence, at_truth(simulated, evidence)))
        for unit, slope in zip(evidence.units, (each[::2] - each[1::2]).T, strict=True):
            what = getattr(unit, "wording", "split"), unit.link is not None
            found[unit.source, str(unit.published), *what].append(slope / (2 * STEP))
    return {what: np.array(each) for what, each in found.items() if len(each) >= ENOUGH}


def furthest(found):
    """Return how far the worst mean slope is from zero, in standard errors, and whose it is."""
    far = {}
    for what, each in found.items():
        mean, sd = each.mean(axis=0), each.std(axis=0)
        off = np.abs(mean) / np.maximum(sd / np.sqrt(len(each)), 1e-6)
        far[what] = float(off.max()), ALONG[int(off.argmax())]
    worst = max(far, key=lambda what: far[what])
    return far[worst][0], (worst, far[worst])


def bounds_then_counts():
    """Return a case in which counts follow figures that say no more than a bound."""
    rows = [
        {"source": "Court", "value": 200, "qualifier": "at_least", "evidence": "certified"},
        {"source": "Court", "value": 260, "published": "2025-03-12", "evidence": "certified"},
        {"source": "Clinic", "value": 500, "qualifier": "up_to", "evidence": "certified"},
        {"source": "Clinic", "value": 380, "published": "2025-03-12"},
        {"source": "Region", "value": 900, "scope": "the region"},
        {"source": "Region", "value": 400, "published": "2025-03-12"},
        {"source": "Press", "low": 200, "high": 400, "qualifier": "range"},
        {"source": "Press", "value": 410, "published": "2025-03-12"},
        {"source": "Radio", "value": 200, "qualifier": "at_least"},
        {"source": "Radio", "value": 300, "published": "2025-03-12"},
    ]
    case = case_of(
        *rows,
        kind="massacre",
        range={"low": 100, "high": 20_000},
        scopes={"the region": {"relation": "wider"}},
        sources=dict.fromkeys(("Court", "Clinic", "Region", "Press", "Radio"), "A"),
    )
    return near_bounds(case)


@pytest.mark.parametrize("case", [*whole_model(), bounds_then_counts()])
def test_slopes_are_zero_on_average(case):
    found = slopes(case, 250)
    assert len(found) >= len(gather(case).units)
    worst, whose = furthest(found)
    assert worst < FAR, whose


def test_a_link_that_leans_on_another_figure_is_found_out():
    def a_tenth_more(evidence):
        linked = (
            replace(s, link=replace(s.link, previous=s.link.previous + 0.1)) if s.link else s
            for s in evidence.statements
        )
        return replace(evidence, statements=tuple(linked))

    worst, (whose, _) = furthest(slopes(bounds_then_counts(), 250, a_tenth_more))
    assert worst > FAR
    assert whose[-1], "one that is linked"
