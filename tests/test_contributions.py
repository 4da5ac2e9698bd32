"""Shares of an interval, held against the normal linear model, in which they are exact."""

import numpy as np
import pytest
from helpers import case_of

from tolls.contributions import STATEMENTS, contributions
from tolls.priors import Beta, LogNormal
from tolls.unknowns import Unknown

DRAWS = 40_000
SOURCES = {"A": "A", "B": "B", "C": "C", "Survey": {"grade": "A", "anchor": True}}
ROW = {"source": "Survey", "value": 9, "low": 5, "high": 20, "qualifier": "estimate"}
CASE = case_of(ROW, *({"source": s, "value": 9} for s in "ABC"), sources=SOURCES)
SHARED, RANGE = LogNormal(0.0, 0.2), LogNormal(5.0, 2.0)


def posterior(sds, noises, *, anchors=(), seed=1):
    """Draw the posterior of root, shared bias and one bias per source that states one figure.

    Every figure is root + shared + bias + noise, an anchor's without the shared bias.
    """
    names = ["root", "shared", *sds]
    prior = np.diag([RANGE.sd**2, SHARED.sd**2, *(sd**2 for sd in sds.values())])
    rows = [[1.0, float(s not in anchors), *(float(s == t) for t in sds)] for s in sds]
    seen = np.array(rows)
    precision = np.linalg.inv(prior) + seen.T @ np.diag([1 / noises[s] ** 2 for s in sds]) @ seen
    covariance = np.linalg.inv(precision)
    drawn = np.random.default_rng(seed).multivariate_normal(
        np.zeros(len(names)), covariance, DRAWS, method="cholesky"
    )
    gain = covariance @ seen.T @ np.diag([1 / noises[s] ** 2 for s in sds])
    return drawn, prior, seen, gain, covariance


def told(drawn, sds):
    found = [
        Unknown("range", "killed", drawn[:, 0], RANGE),
        Unknown("shared bias", "", drawn[:, 1], SHARED),
    ]
    return found + [
        Unknown("sources' biases", s, drawn[:, 2 + i], LogNormal(0.0, sd))
        for i, (s, sd) in enumerate(sds.items())
    ]


def test_shares_are_those_of_the_errors_that_make_up_the_estimate():
    sds, noises = {"A": 0.3, "B": 0.5, "C": 0.2}, {"A": 0.2, "B": 0.1, "C": 0.4}
    drawn, prior, seen, gain, covariance = posterior(sds, noises)
    found = contributions(CASE, told(drawn, sds), drawn[:, 0], DRAWS)
    # independent: the error of the posterior mean, term by term of what it is made of
    weights = gain[0]
    errors = weights @ seen - np.eye(len(prior))[0]
    expected = errors**2 * np.diag(prior) / covariance[0, 0]
    noise = (weights * np.array(list(noises.values()))) ** 2 / covariance[0, 0]
    assert expected.sum() + noise.sum() == pytest.approx(1.0)
    # a covariance has the relative error sqrt((1 + 1 / R^2) / draws): here below 0.02 of each share
    assert found.shares["shared bias"] == pytest.approx(expected[1], abs=0.02)
    assert found.shares["range"] == pytest.approx(expected[0], abs=0.02)
    assert found.shares["sources' biases"] == pytest.approx(expected[2:].sum(), abs=0.02)
    assert found.shares[STATEMENTS] == pytest.approx(noise.sum(), abs=0.04)
    assert list(found.weights.values()) == pytest.approx(list(weights), abs=0.02)
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.of["priors"] == pytest.approx(expected.sum(), abs=0.04)
    # what correlation explains is something else, and adds up to far more than all
    explained = [np.corrcoef(drawn[:, 0], x)[0, 1] ** 2 for x in drawn.T]
    assert sum(explained) > 1.3


@pytest.mark.parametrize("count", [1, 3])
def test_equal_independent_sources_count_for_as_many_as_they_are(count):
    names = "ABC"[:count]
    drawn, *_ = posterior(dict.fromkeys(names, 0.4), dict.fromkeys(names, 0.1))
    found = contributions(CASE, told(drawn, dict.fromkeys(names, 0.4)), drawn[:, 0], DRAWS)
    assert found.independent == pytest.approx(count, rel=0.02)


def test_a_source_that_is_hardly_believed_hardly_counts():
    sds, noises = {"A": 0.2, "B": 0.2, "C": 3.0}, dict.fromkeys("ABC", 0.1)
    drawn, *_ = posterior(sds, noises)
    found = contributions(CASE, told(drawn, sds), drawn[:, 0], DRAWS)
    assert found.independent == pytest.approx(2, abs=0.1)


def test_an_anchor_has_the_weight_that_the_others_leave():
    sds, noises = {"A": 0.4, "Survey": 1e-3}, {"A": 0.1, "Survey": 0.15}
    drawn, prior, seen, gain, covariance = posterior(sds, noises, anchors=("Survey",))
    found = contributions(CASE, told(drawn, sds), drawn[:, 0], DRAWS)
    assert found.weights == pytest.approx(dict(zip(sds, gain[0], strict=True)), abs=0.03)
    errors = gain[0] @ seen - np.eye(len(prior))[0]
    biases = errors[2] ** 2 * prior[2, 2] / covariance[0, 0]  # the anchor has none
    assert found.shares["sources' biases"] == pytest.approx(biases, abs=0.02)
    # its own error is that of its statement
    assert found.shares[STATEMENTS] > 0.7


def test_the_noise_of_few_draws_is_taken_off():
    rng = np.random.default_rng(1)
    y = rng.normal(size=200)
    unrelated = [
        Unknown("growth", str(i), rng.normal(size=200), LogNormal(0.0, 1.0)) for i in range(400)
    ]
    # 400 squared correlations of 1 / 200 on average would be 2
    assert contributions(CASE, unrelated, y, 200).shares["growth"] < 0.3


def test_what_spreads_wider_than_its_prior_brings_no_more_than_its_correlation():
    rng = np.random.default_rng(1)
    y = rng.normal(size=DRAWS)
    wide = Unknown("growth", "rate", 3 * (0.5 * y + rng.normal(size=DRAWS)), LogNormal(0.0, 1.0))
    squared = np.corrcoef(y, wide.values)[0, 1] ** 2
    assert contributions(CASE, [wide], y, DRAWS).shares["growth"] == pytest.approx(
        squared, abs=0.01
    )


def test_reliabilities_count_too_and_shares_add_up_to_one():
    rng = np.random.default_rng(1)
    p = rng.beta(12, 3, DRAWS)
    y = (p - 0.8) / 0.1 + rng.normal(size=DRAWS)
    found = contributions(CASE, [Unknown("reliability", "A", p, Beta(12, 3))], y, DRAWS)
    assert found.shares["reliability"] == pytest.approx(0.5, abs=0.02)
    assert found.of["sources"] == pytest.approx(0.5, abs=0.02)


def test_a_toll_that_does_not_vary_comes_from_nothing():
    found = contributions(CASE, [], np.zeros(10), 10)
    assert found.shares[STATEMENTS] == 1.0
