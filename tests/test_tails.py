"""Tails and replicates: uniform where the model is true, small where a figure is far out."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import case_of, everything, evidence_of
from scipy import stats

import tolls
from tolls.evidence import gather
from tolls.likelihood import Parameters
from tolls.presets import load_presets
from tolls.replicates import departure
from tolls.tails import tails_of

WORLDS = 150


def truth(simulation, evidence):
    """The parameters that a case was simulated with, as one draw."""
    drawn, lists = simulation.parameters, evidence.lists
    return Parameters.of(
        {
            "size": np.array([[simulation.tolls[name] for name in evidence.case.names]]),
            **{k: np.array([drawn[k]]) for k in ("kappa", "eta", "rate", "shape", "found")},
            **{k: np.array([[drawn[k][n] for n in lists]]) for k in ("alive", "clearing", "kept")},
            **{k: np.array([[drawn[k][s] for s in evidence.sources]])
               for k in ("bias", "scatter", "reliability")},
        }
    )  # fmt: skip


def one(draws=1, *, size=300.0, scatter=0.2, reliability=0.8):
    """Draws of a single source without bias on tolls all known and found."""
    column = np.ones((draws, 1))
    return Parameters.of(
        {
            "size": size * column, "kappa": np.zeros(draws), "eta": np.zeros(draws),
            "bias": column, "scatter": scatter * column, "reliability": reliability * column,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Tail probabilities given the truth, by wording."""
    design, by_wording = everything(), {}
    for seed in range(WORLDS):
        simulation = tolls.simulate(design, seed=seed)
        evidence = gather(simulation.case)
        draws = truth(simulation, evidence)
        for source in evidence.sources:
            for tails in tails_of(evidence, source, draws):
                wording = getattr(tails.unit, "wording", "split")
                by_wording.setdefault(wording, []).append(tails.given(np.ones(1)))
    return {wording: np.array(p) for wording, p in by_wording.items()}


@pytest.mark.parametrize("wording", ["exact", "estimate"])
def test_tails_of_figures_are_uniform_where_the_model_is_true(found, wording):
    p = found[wording]
    assert len(p) > 250
    for level in (0.02, 0.1, 0.3, 0.6):
        # discrete figures make them larger, never smaller
        low, high = stats.binom(len(p), level).ppf([1e-5, 1 - 1e-4])
        assert 0.6 * low <= (p <= level).sum() <= high, level


def test_tails_of_bounds_words_and_splits_are_never_too_small(found):
    for wording in ("about", "up_to", "words", "split"):
        p = found[wording]
        for level in (0.02, 0.1, 0.3):
            assert (p <= level).sum() <= stats.binom(len(p), level).ppf(1 - 1e-4), wording


def test_a_wrong_scatter_would_be_found_out():
    """The wrong variant: figures that scatter twice as much as is said of their source."""
    rng, scores = np.random.default_rng(1), []
    for _ in range(200):
        y = round(300 * math.exp(0.4 * rng.normal()))
        evidence = evidence_of({"value": y, "published": "2025-03-20"}, kind="conflict")
        (tails,) = tails_of(evidence, "Monitor", one(reliability=0.999))
        scores.append(tails.given(np.ones(1)))
    assert stats.kstest(scores, "uniform").pvalue < 1e-6


@pytest.mark.parametrize(
    ("row", "low", "high"),
    [
        ({"value": 450}, 449.5, 450.5),
        ({"value": 450, "qualifier": "about"}, 445, 455),
        ({"value": 400, "qualifier": "about"}, 350, 450),
        ({"low": 400, "high": 500, "qualifier": "range"}, 399.5, 500.5),
        ({"value": 450, "qualifier": "at_least"}, 449.5, math.inf),
        ({"value": 200, "qualifier": "up_to"}, 0, 200.5),
        ({"value": 0}, 0, 0.5),
    ],
)
def test_sides_are_those_of_what_is_stated(row, low, high):
    evidence = evidence_of(row | {"published": "2025-03-20"}, kind="conflict")
    (tails,) = tails_of(evidence, "Monitor", one(reliability=0.7))
    sd = math.sqrt(0.04 + 0.5 / 300)
    parts = [(0.7, sd), (0.3, math.hypot(sd, 1.5))]

    def below(x):
        return sum(w * stats.norm.cdf(math.log(x / 300) / s) for w, s in parts) if x > 0 else 0.0

    assert tails.below[0, 0] == pytest.approx(1 if high == math.inf else below(high))
    assert tails.above[0, 0] == pytest.approx(1 if low == 0 else 1 - below(low))
    open_end = row.get("qualifier") in ("at_least", "up_to")
    least = min(tails.below[0, 0], tails.above[0, 0])
    assert tails.given(np.ones(1)) == pytest.approx((1 if open_end else 2) * least)


def test_an_estimate_is_held_against_its_own_interval():
    row = {"value": 450, "low": 430, "high": 900, "qualifier": "estimate"}
    evidence = evidence_of(row | {"published": "2025-03-20"}, kind="conflict")
    (tails,) = tails_of(evidence, "Monitor", one(reliability=1 - 1e-9))
    sd = math.sqrt(0.04 + 0.5 / 300)
    below, above = (math.hypot(sd, math.log(r) / 1.96) for r in (900 / 450, 450 / 430))
    # 450 lies above 300: its side is that of figures above what they estimate
    upper = 2 * above / (below + above) * stats.norm.sf(math.log(449.5 / 300) / above)
    assert tails.above[0, 0] == pytest.approx(upper, rel=1e-3)


def test_a_split_is_held_against_shares():
    rows = [{"value": v, "category": c} for c, v in (("x", 30), ("y", 60), ("z", 10))]
    evidence = evidence_of(*rows, kind="conflict", categories=["x", "y", "z"])
    sizes = np.log([[100.0, 60.0, 30.0, 10.0]])
    draws = replace(one(reliability=1 - 1e-9), log_size=sizes)
    split = tails_of(evidence, "Monitor", draws)[-1]
    concentration = evidence.case.source_prior("Monitor").composition
    exact = stats.betabinom(100, concentration * 0.6, concentration * 0.4)
    # a Beta of the same mean and variance in place of a beta-binomial
    assert split.below[0, 0] == pytest.approx(exact.cdf(30), abs=0.01)
    assert split.above[0, 0] == pytest.approx(exact.sf(29), abs=0.01)
    assert split.below[2, 0] == pytest.approx(stats.betabinom(
        100, concentration * 0.1, concentration * 0.9).cdf(10), abs=0.02)  # fmt: skip


# --- replicates -----------------------------------------------------------------------------------


MONTHS_APART = [f"2025-0{month}-28" for month in range(3, 7)]


def departures(scatter_of, count=200, days=MONTHS_APART, grade="B", r=0.0):
    """P-values of figures around a known toll and bias, with a scatter of one's own."""
    rng, found, presets = np.random.default_rng(1), [], load_presets()
    for _ in range(count):
        prior = case_of({"value": 9}, sources={"Monitor": grade}).source_prior("Monitor")
        s, p = scatter_of(prior, rng)
        logs = []
        for _ in days:
            honest = rng.random() < p
            if honest and logs and r and rng.random() >= presets.links.fresh:
                logs.append(r * logs[-1] + math.sqrt(1 - r**2) * s * rng.normal())
            else:
                logs.append(math.hypot(s, 0 if honest else presets.belief.gross_sd) * rng.normal())
        rows = [{"value": round(3000 * math.exp(x)), "published": d}
                for x, d in zip(logs, days, strict=True)]  # fmt: skip
        # months apart all but nothing is linked
        evidence = evidence_of(*rows, kind="conflict", sources={"Monitor": grade})
        known = one(500, size=3000.0)
        found.append(departure(evidence, "Monitor", known, rng)[1])
    return np.array(found)


def of_grade(prior, rng):
    scatter = math.exp(rng.normal(prior.scatter.mean, prior.scatter.sd))
    return scatter, rng.beta(prior.reliability.a, prior.reliability.b)


def test_p_values_of_a_sources_figures_are_uniform_where_its_grade_is_true():
    assert stats.kstest(departures(of_grade), "uniform").pvalue > 1e-3


def test_p_values_are_uniform_where_the_order_of_figures_is_not_known():
    # eight figures of one day: the table sorts them, the source did not
    linked = departures(of_grade, days=["2025-03-12"] * 8, r=load_presets().links.r_max)
    assert stats.kstest(linked, "uniform").pvalue > 1e-3


def test_p_values_of_a_source_graded_too_well_are_small():
    wild = departures(lambda *_: (0.7, 0.35), grade="A")
    assert (wild < 0.02).mean() > 0.5


def test_a_source_without_figures_has_nothing_to_be_held_against():
    evidence = evidence_of({"words": "dozens", "qualifier": "words"})
    assert departure(evidence, "Monitor", one(10), np.random.default_rng(1)) == (0, 1.0)
