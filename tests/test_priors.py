"""Priors mean what the analyst states: ranges, medians, means with strengths, grades and kinds."""

import math

import pytest
from helpers import case_of

from tolls.presets import load_presets
from tolls.priors import Beta, LogNormal, half_width
from tolls.reliability import SourceDeclaration, source_prior

PRESETS = load_presets()


@pytest.mark.parametrize(
    ("mass", "z"), [(0.5, 0.674490), (0.9, 1.644854), (0.95, 1.959964), (0.99, 2.575829)]
)
def test_half_width_is_the_normal_quantile(mass, z):
    assert half_width(mass) == pytest.approx(z, abs=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "mass"), [(1, 10_000, 0.95), (0.6, 1.3, 0.9), (200, 201, 0.5)]
)
def test_a_range_becomes_the_central_interval_of_its_mass(low, high, mass):
    prior = LogNormal.from_range(low, high, mass)
    assert prior.interval(mass) == pytest.approx((low, high))
    assert prior.median == pytest.approx(math.sqrt(low * high))


def test_a_stated_median_is_kept_and_the_interval_stays_as_wide():
    prior = LogNormal.from_range(0.6, 1.3, 0.95, median=0.9)
    low, high = prior.interval(0.95)
    assert prior.median == pytest.approx(0.9)
    assert high / low == pytest.approx(1.3 / 0.6)


def test_a_prior_through_two_quantiles_has_them():
    prior = LogNormal.from_quantiles({0.25: 2.0, 0.5: 3.0})
    assert prior.median == pytest.approx(3)
    assert prior.interval(0.5)[0] == pytest.approx(2)


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.0, 0.0), (0.0, -1.0), (0.0, math.nan), (0.0, math.inf), (math.nan, 1.0)]
)
def test_an_impossible_log_normal_is_not_constructed(mean, sd):
    with pytest.raises(ValueError, match="log-normal"):
        LogNormal(mean, sd)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 1), (math.nan, 1), (1, math.inf)])
def test_an_impossible_beta_is_not_constructed(a, b):
    with pytest.raises(ValueError, match="Beta"):
        Beta(a, b)


def test_a_beta_has_its_mean():
    assert Beta(12, 3).mean == pytest.approx(0.8)


def test_without_a_declared_range_the_root_lies_between_1_and_10000_and_the_case_says_so():
    case = case_of({"value": 5})
    assert case.root_prior.interval(0.95) == pytest.approx((1, 10_000))
    assert any("1 and 10,000" in told for told in case.assumptions)


def test_a_declared_range_replaces_the_default_and_is_not_remarked_upon():
    case = case_of({"value": 5}, range={"low": 50, "high": 800, "mass": 0.9})
    assert case.root_prior.interval(0.9) == pytest.approx((50, 800))
    assert not any("range" in told for told in case.assumptions)


@pytest.mark.parametrize("kind", list(PRESETS.source_kinds))
@pytest.mark.parametrize("grade", list(PRESETS.grades))
def test_bias_joins_the_spreads_of_kind_and_grade_in_quadrature(grade, kind):
    prior = source_prior(SourceDeclaration("S", grade, kind), PRESETS)
    assert prior.bias.median == pytest.approx(PRESETS.source_kinds[kind].median)
    expected = math.hypot(PRESETS.source_kinds[kind].sd, PRESETS.grades[grade].scatter)
    assert prior.bias.sd == pytest.approx(expected)


def test_scatter_is_log_normal_around_the_grades_with_log_sd_one_half():
    prior = source_prior(SourceDeclaration("S", "C"), PRESETS)
    assert (prior.scatter.median, prior.scatter.sd) == pytest.approx((0.25, 0.5))


def test_letter_and_digit_come_from_one_table_and_change_reliability_alone():
    letter = source_prior(SourceDeclaration("S", "B", "monitor"), PRESETS)
    both = source_prior(SourceDeclaration("S", "B5", "monitor"), PRESETS)
    assert both.reliability == Beta(*PRESETS.combined["B5"])
    assert both.reliability.mean < letter.reliability.mean
    assert (both.bias, both.scatter) == (letter.bias, letter.scatter)


def test_declared_priors_replace_what_grade_and_kind_say():
    declared = {
        "grade": "E",
        "kind": "own_losses",
        "bias": {"median": 0.9, "low": 0.6, "high": 1.3, "mass": 0.95},
        "scatter": {"low": 0.05, "high": 0.3},
        "reliability": {"mean": 0.9, "strength": 20},
    }
    prior = case_of({"value": 5}, sources={"Monitor": declared}).source_prior("Monitor")
    assert prior.bias.median == pytest.approx(0.9)
    assert prior.scatter.interval(0.95) == pytest.approx((0.05, 0.3))
    assert (prior.reliability.a, prior.reliability.b) == pytest.approx((18, 2))


def test_a_prior_can_be_said_in_words():
    words = source_prior(SourceDeclaration("S", "B", "monitor"), PRESETS).in_words()
    for fragment in ("grade B", "usually reliable", "89 of 100", "14 %", "0.90 times"):
        assert fragment in words


@pytest.mark.parametrize("grade", PRESETS.grades)
def test_words_and_tables_round_a_reliability_alike(grade):
    prior = source_prior(SourceDeclaration("S", grade, "monitor"), PRESETS)
    shown = f"{prior.reliability.mean:.2f}"
    assert f"honest in about {round(100 * float(shown))} of 100" in prior.in_words()
