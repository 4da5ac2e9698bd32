"""Baselines on cases small enough to work out by hand, and the simple model by brute force."""

import math

import numpy as np
import pytest
from helpers import case_of, evidence_of
from scipy import stats
from scipy.special import logsumexp

from tolls.baselines import POINTS, points, usable, zero_mean
from tolls.reliability import SourceDeclaration, source_prior
from tolls.simulation import draw_sizes

SOURCES = {
    "Ministry": {"grade": "A", "kind": "ministry"},
    "Monitor": {"grade": "B", "kind": "monitor"},
    "Radio": {"grade": "D", "kind": "media"},
}


def say(source, value, day, **cells):
    return {"source": source, "value": value, "published": f"2025-03-{day:02d}"} | cells


def said_by(*rows, node="killed", **declared):
    evidence = evidence_of(*rows, **({"sources": SOURCES} | declared))
    return points(usable(evidence), evidence.case, node)


def test_every_point_by_hand():
    found = said_by(
        say("Ministry", 80, 7),
        say("Ministry", 100, 9),
        say("Monitor", 150, 8),
        say("Radio", 400, 8),
        say("Monitor", 160, 10),
    )
    assert list(found) == list(POINTS)
    assert found["largest"] == pytest.approx(400)
    assert found["median of sources"] == pytest.approx(160)
    assert found["latest"] == pytest.approx(160)
    assert found["official"] == pytest.approx(100)
    weights = np.array([0.07, 0.14, 0.50]) ** -2.0
    mean = weights @ np.log([100, 160, 400]) / weights.sum()
    assert found["inverse variance"] == pytest.approx(math.exp(mean))


def test_without_an_official_source_there_is_no_official_figure():
    found = said_by(say("Monitor", 150, 8))
    assert set(found) == set(POINTS) - {"official"}
    assert said_by(say("Monitor", 150, 8), categories=["a", "b"], node="a") == {}


def test_relays_and_repeats_are_no_figures_and_printed_totals_are():
    parts = {"categories": ["a", "b"], "sources": SOURCES}
    evidence = evidence_of(
        say("Monitor", 150, 8),
        say("Monitor", 150, 9),
        say("Radio", 150, 9, cites="Monitor"),
        say("Monitor", 100, 10, category="a"),
        say("Monitor", 90, 10, category="b"),
        say("Monitor", 190, 10),
        **parts,
    )
    kept = [(one.voice, one.node, round(math.exp(one.log))) for one in usable(evidence)]
    assert kept == [
        ("Monitor", "killed", 150),
        ("Monitor", "a", 100),
        ("Monitor", "b", 90),
        ("Monitor", "killed", 190),
    ]


def test_one_group_is_one_source():
    grouped = {name: {"grade": "B", "kind": "media", "group": "agency"} for name in ("X", "Y", "Z")}
    rows = [say("X", 10, 8), say("Y", 10, 9), say("Z", 12, 10), say("Radio", 1000, 10)]
    assert said_by(*rows, sources=SOURCES | grouped)["median of sources"] == pytest.approx(
        math.sqrt(12 * 1000)
    )


@pytest.mark.parametrize(
    ("cells", "figure"),
    [
        ({"value": 120, "qualifier": "at_least"}, 120),
        ({"value": None, "low": 100, "high": 400, "qualifier": "range"}, 200),
        ({"value": None, "low": 100, "high": 400, "qualifier": "estimate"}, 200),
        ({"value": 150, "low": 100, "high": 400, "qualifier": "estimate"}, 150),
        ({"value": None, "words": "dozens", "qualifier": "words"}, math.sqrt(24 * 100)),
        ({"value": 0}, 0.5),
    ],
)
def test_the_figure_is_what_is_stated_or_the_geometric_middle(cells, figure):
    assert said_by(say("Monitor", 1, 9) | cells)["latest"] == pytest.approx(figure)


def test_a_count_of_another_scope_is_no_figure():
    rows = [say("Monitor", 100, 9), say("Radio", 5_000, 10, scope="all of March")]
    scopes = {"all of March": {"relation": "wider"}}
    assert said_by(*rows, scopes=scopes)["largest"] == pytest.approx(100)


def test_parts_are_added_where_the_newest_word_on_each_is_newer():
    rows = [
        say("Monitor", 200, 8),
        say("Ministry", 100, 9, category="a"),
        say("Radio", 300, 10, category="b"),
    ]
    parts = {"categories": ["a", "b"]}
    assert said_by(*rows, **parts)["latest"] == pytest.approx(400)
    assert said_by(*rows[:2], **parts)["latest"] == pytest.approx(200)
    assert said_by(*rows, say("Monitor", 250, 9), **parts)["latest"] == pytest.approx(250)
    assert said_by(*rows[1:], **parts, unions={"u": ["a", "b"]}, node="u")["largest"] == (
        pytest.approx(400)
    )
    # only Ministry is official, and it speaks of one part
    assert "official" not in said_by(*rows[1:], **parts)


def brute_force(groups, case, sizes):
    """Posterior over log sizes: multivariate normals, scatter on a fine grid of its own."""
    unknown = source_prior(SourceDeclaration("x"), case.presets)
    logs = np.log(sizes)
    density = stats.norm.logpdf(logs, case.root_prior.mean, case.root_prior.sd)
    z = np.linspace(-6, 6, 401)
    for figures in groups:
        y = np.log(figures)
        each = []
        for s, w in zip(np.exp(unknown.scatter.mean + unknown.scatter.sd * z), z, strict=True):
            cov = s**2 * np.eye(len(y)) + unknown.bias.sd**2
            own = stats.multivariate_normal(np.zeros(len(y)), cov).logpdf(y - logs[:, None])
            each.append(own + stats.norm.logpdf(w))
        density = density + logsumexp(each, axis=0)
    return density - logsumexp(density)


def test_the_zero_mean_model_is_what_brute_force_gives():
    rows = [say("Monitor", 100, 8), say("Monitor", 140, 9), say("Radio", 700, 9)]
    evidence = evidence_of(*rows, sources=SOURCES)
    case, rng = evidence.case, np.random.default_rng(1)
    prior = {"killed": draw_sizes(case, 200_000, rng)[:, 0]}
    forecast = zero_mean(usable(evidence), case, "killed", prior, rng)
    sizes = np.exp(np.linspace(math.log(5), math.log(5_000), 300))
    step = math.log(1000) / 299
    expected = brute_force([[100, 140], [700]], case, sizes) - math.log(step)
    near = expected > expected.max() - 4
    # the prior's mean and sd come from 200,000 draws, the scatter from 15 nodes
    assert forecast.log_density(sizes)[near] == pytest.approx(expected[near], abs=0.02)
    apart = brute_force([[100], [140], [700]], case, sizes) - math.log(step)
    assert np.abs(apart - expected)[near].max() > 0.2
    quantiles = np.quantile(forecast.tolls, [0.05, 0.5, 0.95])
    below = np.cumsum(np.exp(expected)) * step
    assert np.log(quantiles) == pytest.approx(
        np.log(np.interp([0.05, 0.5, 0.95], below, sizes)), abs=0.05
    )


def test_the_zero_mean_model_adds_parts():
    rows = [say("Ministry", 1000, 9, category="a"), say("Radio", 3000, 10, category="b")]
    evidence = evidence_of(*rows, sources=SOURCES, categories=["a", "b"])
    case, rng = evidence.case, np.random.default_rng(2)
    prior = dict(zip(case.names, draw_sizes(case, 20_000, rng).T, strict=True))
    medians = {
        node: np.median(zero_mean(usable(evidence), case, node, prior, rng).tolls)
        for node in ("a", "b", "killed")
    }
    assert medians["killed"] > medians["a"] + medians["b"]  # right-skewed terms
    assert medians["killed"] < 2 * (medians["a"] + medians["b"])
    assert zero_mean((), case_of({"value": 1}), "killed", prior, rng) is None
