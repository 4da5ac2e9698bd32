"""What a row says: words, hedges, estimates and kinds of evidence, in the likelihood's terms."""

import math

import numpy as np
import pytest
from helpers import case_of, evidence_of

from tolls.errors import InputError
from tolls.phrases import all_words, read_phrase, reworded, word_cells
from tolls.presets import load_presets
from tolls.wordings import log_pmf

PRESETS = load_presets()
CENTRES = np.log(np.array([0.4, 3.0, 17.0, 80.0, 250.0, 1e3, 4e4, 3e6]))


def reading_of(cells, **declared):
    """The reading of the one report that a case holds."""
    return evidence_of({"published": "2025-03-12"} | cells, **declared).statements[0].reading


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sd", [0.05, 0.4, 1.5])
def test_the_words_of_the_table_sum_to_one(sd):
    sds = np.full_like(CENTRES, math.hypot(sd, PRESETS.words.edge))
    each = [
        np.exp(log_pmf("words", (word,), CENTRES, sds, PRESETS)) for word in PRESETS.words.terms
    ]
    assert sum(each) == pytest.approx(1, abs=1e-12)
    assert sum(each[1:]) != pytest.approx(1, abs=1e-3)  # a table that lacks one word does not


@pytest.mark.parametrize(
    ("text", "qualifier", "value", "word"),
    [
        ("dozens", "words", None, "dozens"),
        ("  Several  Hundreds ", "words", None, "several hundred"),
        ("nearly 1,500", "about", 1500, ""),
        ("some 70", "about", 70, ""),
        ("as many as 650", "up_to", 650, ""),
        ("more than 2 000", "more_than", 2000, ""),
        ("fewer than 10", "fewer_than", 10, ""),
        ("12", "exact", 12, ""),
        ("a dozen", "words", None, "a dozen"),
        ("two dozen", "about", 24, ""),
        ("almost a hundred", "about", 100, ""),
        ("Half a million", "about", 500_000, ""),
        ("at least two hundred thousand", "at_least", 200_000, ""),
        ("more than two dozen more", "more_than", 24, ""),
        ("seven", "exact", 7, ""),
        ("no fewer than seven", "at_least", 7, ""),
    ],
)
def test_phrases_are_read(text, qualifier, value, word):
    found = read_phrase(text, PRESETS)
    assert (found.qualifier, found.value, found.word) == (qualifier, value, word)


@pytest.mark.parametrize(
    "text", ["a", "dozen two", "hundreds two", "a seven", "roundabout two dozen"]
)
def test_letters_that_are_no_number_are_not_read(text):
    assert read_phrase(text, PRESETS) is None


@pytest.mark.parametrize("text", ["almost a hundred", "nearly 1,500", "two dozen", "some 70"])
def test_a_hedge_says_the_same_of_another_number(text):
    before, after = (read_phrase(said, PRESETS) for said in (text, reworded(text, 310)))
    assert after.value == 310
    assert (after.qualifier, after.lift, after.sd) == (before.qualifier, before.lift, before.sd)


def test_no_phrase_stands_twice_in_the_table():
    words = all_words(PRESETS)
    assert len(words) == len(set(words))


def test_unknown_words_are_an_error_that_names_the_nearest():
    with pytest.raises(InputError) as error:
        case_of({"qualifier": "words", "words": "dozzens"})
    (problem,) = error.value.problems
    assert problem.startswith('reports, row 2, column words: "dozzens"')
    assert 'did you mean "dozens"?' in problem


def test_a_word_is_its_cells():
    assert word_cells("hundreds", PRESETS)[0] == (200.0, 300.0, 1.0)
    assert word_cells("millions", PRESETS)[-1][1] == math.inf
    assert reading_of({"qualifier": "words", "words": "several hundreds"}).figure == (
        "several hundred",
    )


def test_nearly_means_less_than_about_and_both_are_wider_than_the_plain_qualifier():
    plain = reading_of({"value": 1500, "qualifier": "about"})
    about = reading_of({"words": "about 1500", "qualifier": "words"})
    nearly = reading_of({"words": "nearly 1500", "qualifier": "words"})
    assert plain.wording == about.wording == nearly.wording == "about"
    assert nearly.shift > about.shift == plain.shift == 0  # said above what is believed
    assert nearly.spread == about.spread > plain.spread == 0


# --- estimates ------------------------------------------------------------------------------------


def test_an_estimate_has_the_sd_of_its_interval_on_either_side():
    found = reading_of({"qualifier": "estimate", "value": 1000, "low": 500, "high": 1500})
    z = 1.959964
    assert found.sigma == pytest.approx((math.log(1.5) / z, math.log(2) / z), rel=1e-6)
    assert (found.wording, found.figure, found.aspect.pace) == ("estimate", (1000,), 0.0)


def test_other_levels_and_missing_values_are_what_they_say():
    half = reading_of({"qualifier": "estimate", "low": 400, "high": 2500, "level": "0.5"})
    assert half.figure == (1000,)
    assert half.sigma == pytest.approx([math.log(2.5) / 0.67448975] * 2, rel=1e-6)


def test_a_side_without_width_takes_that_of_the_other():
    found = reading_of({"qualifier": "estimate", "value": 500, "low": 500, "high": 1500})
    assert found.sigma[0] == found.sigma[1] > 0


@pytest.mark.parametrize("sigma", [(0.3, 0.3), (0.1, 0.6), (0.5, 0.2)])
def test_the_figures_of_an_estimate_sum_to_one(sigma):
    centre = np.array([math.log(300.0)])
    sd = np.array([0.1])
    total = sum(
        np.exp(log_pmf("estimate", (y,), centre, sd, PRESETS, sigma)) for y in range(1, 9000)
    )
    # the sides meet at the centre, where a cell lies on one side or the other
    assert total == pytest.approx(1, abs=2e-4)


def test_the_sides_of_an_estimate_meet_at_the_centre():
    sigma, sd = (0.1, 0.6), np.array([0.1, 0.1])
    around = np.log(300.0) + np.array([-1e-6, 1e-6])  # the figure lies above, and below
    above, below = np.exp(log_pmf("estimate", (300,), around, sd, PRESETS, sigma))
    assert above == pytest.approx(below, rel=1e-3)
    sides = np.hypot(0.1, sigma[::-1])
    above, below = np.exp(log_pmf("exact", (300,), around, sides, PRESETS))
    assert below > 2 * above  # halves of two normals do not meet


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"low": 5}, ["row 2, column high", "is empty"]),
        ({"value": 5, "low": 0, "high": 9}, ["row 2, column low", "1 or more"]),
        ({"value": 50, "low": 5, "high": 9}, ["row 2, column value", "50", "5 to 9"]),
        ({"value": 5, "low": 5, "high": 5}, ["row 2, column low", "width"]),
        ({"value": 5, "low": 2, "high": 9, "level": "95"}, ["row 2, column level", "0.95"]),
    ],
)
def test_estimates_that_cannot_be_are_errors(cells, expected):
    with pytest.raises(InputError) as error:
        case_of({"qualifier": "estimate"} | cells)
    assert all(text in str(error.value) for text in expected)


# --- kinds of evidence ----------------------------------------------------------------------------


def test_evidence_replaces_the_median_of_the_kind():
    declared = {"sources": {"Monitor": {"grade": "B", "kind": "monitor"}}}
    plain = reading_of({"value": 50}, **declared)
    certified = reading_of({"value": 50, "evidence": "certified"}, **declared)
    rumour = reading_of({"value": 50, "evidence": "rumour"}, **declared)
    assert (plain.shift, plain.spread, plain.aspect.pace) == (0.0, 0.0, 1.0)
    assert (certified.shift, certified.aspect.pace) == (pytest.approx(math.log(0.7 / 0.9)), 0.5)
    assert rumour.shift == pytest.approx(math.log(1.5 / 0.9))
    assert rumour.spread == pytest.approx(1 - 0.15**2)
    assert rumour.aspect.pace == 0.0


def test_a_declared_bias_holds_whatever_the_evidence():
    bias = {"low": 0.5, "high": 1.1}
    found = reading_of({"value": 50, "evidence": "projection"}, sources={"Monitor": {"bias": bias}})
    assert (found.shift, found.aspect.pace) == (0.0, 0.0)


def test_a_source_declares_the_evidence_of_its_reports():
    declared = {"sources": {"Monitor": {"grade": "B", "evidence": "certified"}}}
    assert reading_of({"value": 5, "qualifier": "at_least"}, **declared).wording == "floor"
    assert reading_of({"value": 5, "evidence": "count"}, **declared).aspect.pace == 1.0


def test_a_verified_floor_is_the_bound_and_nothing_else():
    (found,) = np.exp(
        log_pmf("floor", (100,), np.array([math.log(99.5)]), np.array([0.3]), PRESETS)
    )
    assert found == pytest.approx(0.5)
    assert log_pmf("floor", (0,), CENTRES, np.ones_like(CENTRES), PRESETS) == pytest.approx(0)


def test_what_speaks_of_all_deaths_knows_no_growth():
    evidence = evidence_of(
        {"value": 50, "published": "2025-03-07"},
        {"value": 90, "published": "2025-03-07", "evidence": "projection", "source": "Radio"},
        {"value": 40, "published": "2025-03-12", "evidence": "certified", "source": "Court"},
        kind="massacre",
    )
    now = dict(zip([s.source for s in evidence.statements], evidence.now.days, strict=True))
    assert now["Radio"] > 1e6
    plain = evidence_of(
        {"value": 40, "published": "2025-03-12", "source": "Court"}, kind="massacre"
    )
    assert now["Court"] == pytest.approx(plain.now.days[0] / 2)
