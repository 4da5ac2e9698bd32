"""Scores of forecasts: closed forms, brute force, and that the truth is what scores best."""

import math

import numpy as np
import pytest
from scipy import stats

from tolls.scoring import (
    Forecast,
    crps,
    interval_score,
    kernel_forecast,
    log_toll,
    normal_forecast,
    pit,
    score,
    score_point,
)

ONE = np.ones(1)


def crps_of_normal(z: float) -> float:
    """Return the closed form for a standard normal (Gneiting and Raftery 2007, equation 21)."""
    return z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi)


@pytest.mark.parametrize("z", [-3.0, -0.4, 0.0, 1.1, 4.0])
def test_crps_of_many_quantiles_is_that_of_the_normal(z):
    levels = (np.arange(4001) + 0.5) / 4001
    found = crps(stats.norm.ppf(levels), np.array([z]))
    # equidistant levels miss the tails: 3e-4 of the sd at most
    assert found == pytest.approx([crps_of_normal(z)], abs=3e-4)


def test_crps_is_the_expectation_over_pairs():
    rng = np.random.default_rng(1)
    draws, truth = rng.normal(size=40), np.array([-1.0, 0.2, 3.0])
    pairs = np.abs(draws[:, None] - draws)[~np.eye(40, dtype=bool)]
    expected = [np.abs(draws - y).mean() - pairs.mean() / 2 for y in truth]
    assert crps(draws, truth) == pytest.approx(expected, abs=1e-12)


def test_crps_of_few_draws_is_right_on_average():
    rng = np.random.default_rng(2)
    found = np.array([crps(rng.normal(size=4), np.array([0.7]))[0] for _ in range(20_000)])
    error = found.std() / math.sqrt(len(found))
    assert abs(found.mean() - crps_of_normal(0.7)) < 4 * error
    # with pairs of a draw and itself among them the score would be too great by E|X - X'| / 2n
    assert 1 / (4 * math.sqrt(math.pi)) > 10 * error


def test_crps_of_one_number_is_its_absolute_error():
    assert crps(np.array([2.0]), np.array([0.5, 2.0])).tolist() == [1.5, 0.0]


def test_interval_score_is_width_and_penalty():
    found = interval_score(1.0, 3.0, np.array([0.5, 2.0, 3.2]), 0.9)
    assert found == pytest.approx([2 + 20 * 0.5, 2, 2 + 20 * 0.2])


def test_pit_is_uniform_for_whole_numbers_only_if_ties_are_broken_at_random():
    rng = np.random.default_rng(3)
    forecast = rng.poisson(2.0, 20_000)
    truths = rng.poisson(2.0, 2_000)
    found = [pit(forecast, y, rng) for y in truths]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    unbroken = [np.mean(forecast <= y) for y in truths]
    assert stats.kstest(unbroken, "uniform").pvalue < 1e-6


def test_the_log_of_no_death_is_that_of_half_a_person():
    assert log_toll(np.array([0, 1, 20])) == pytest.approx(np.log([0.5, 1, 20]))


@pytest.mark.parametrize(("mean", "sd"), [(4.0, 0.5), (0.3, 1.2)])
def test_log_density_of_a_log_normal_sums_to_one_with_the_probability_of_zero(mean, sd):
    forecast = normal_forecast(mean, sd)
    logs = np.linspace(math.log(0.5), mean + 10 * sd, 40_001)
    density = np.exp(forecast.log_density(np.exp(logs)))
    zero = math.exp(forecast.log_density(np.zeros(1))[0])
    assert zero == pytest.approx(stats.norm.cdf((math.log(0.5) - mean) / sd))
    assert np.trapezoid(density, logs) + zero == pytest.approx(1, abs=1e-6)


def test_kernel_density_is_that_of_what_was_drawn():
    rng = np.random.default_rng(4)
    sizes = np.exp(rng.normal(5, 0.4, 6_000))
    forecast = kernel_forecast(np.rint(sizes), sizes, np.exp(rng.normal(3, 2, 10_000)))
    at = np.exp(np.array([4.4, 5.0, 5.6]))
    expected = stats.norm.logpdf(np.log(at), 5, 0.4)
    # bandwidth 0.06: relative error of the density about 2 % of bias and 2 % of noise
    assert forecast.log_density(at) == pytest.approx(expected, abs=0.1)


def test_no_truth_scores_worse_than_the_prior_by_more_than_the_draws_can_say():
    rng = np.random.default_rng(5)
    sizes, prior = np.exp(rng.normal(5, 0.1, 999)), np.exp(rng.normal(3, 2, 10_000))
    far = np.array([0.0, 1.0, 4000.0])
    found = kernel_forecast(np.rint(sizes), sizes, prior).log_density(far)
    alone = kernel_forecast(np.rint(prior), prior, prior).log_density(far)
    assert np.all(found >= alone - math.log(1000) - 1e-9)
    assert np.all(found[1:] < alone[1:] - 4)


def test_the_true_forecast_beats_wrong_ones():
    rng = np.random.default_rng(6)
    truths = np.rint(np.exp(rng.normal(5, 0.5, 300)))
    forecasts = [normal_forecast(5, 0.5), normal_forecast(5.3, 0.5), normal_forecast(5, 0.25),
                 normal_forecast(5, 1.0)]  # fmt: skip
    true, *wrong = (
        [score(forecast, np.array([y]), ONE, rng) for y in truths] for forecast in forecasts
    )
    for name in ("crps", "log_score", "interval_score_90", "interval_score"):
        for rows in wrong:
            gap = np.array([w[name] - t[name] for w, t in zip(rows, true, strict=True)])
            assert gap.mean() > 3 * gap.std() / math.sqrt(len(gap)), name


def test_the_true_forecast_covers_as_it_says():
    rng = np.random.default_rng(7)
    truths = np.rint(np.exp(rng.normal(4, 0.6, 500)))
    rows = [score(normal_forecast(4, 0.6), np.array([y]), ONE, rng) for y in truths]
    for prob in (50, 80, 90, 95):
        share = np.mean([row[f"covered_{prob}"] for row in rows])
        p = prob / 100
        assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / len(rows)), prob


def test_a_forecast_sure_of_no_death_is_right_when_nobody_died():
    forecast = Forecast(np.zeros(50), lambda tolls: np.zeros(len(tolls)))
    found = score(forecast, np.zeros(1), ONE, np.random.default_rng(8))
    assert found["crps"] == pytest.approx(0, abs=1e-12)
    assert found["interval_score"] == found["point"] == 0
    assert all(found[f"covered_{p}"] == 1 for p in (50, 80, 90, 95))


def test_scores_are_averaged_over_what_the_truth_may_be():
    forecast, rng = normal_forecast(5, 0.5), np.random.default_rng(9)
    values, weights = np.array([100.0, 200.0, 900.0]), np.array([0.2, 0.3, 0.5])
    whole = score(forecast, values, weights, rng)
    each = [score(forecast, values[i : i + 1], ONE, rng) for i in range(3)]
    for name in ("crps", "log_score", "interval_score", "interval_score_90", "covered_90"):
        assert whole[name] == pytest.approx(weights @ [one[name] for one in each])


def test_a_point_scores_the_error_of_its_log():
    found = score_point(50.0, np.array([100.0, 25.0]), np.array([0.5, 0.5]))
    assert found == {"point": 50.0, "crps": pytest.approx(math.log(2))}
