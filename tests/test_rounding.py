"""How a source rounds, learned from its figures: closed forms, recovery, and who it is learned of.

References share no code with the package: cells are found by rounding their ends, shares by the
root of one equation or as the sum over all assignments of figures to units.
"""

import itertools
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from helpers import assert_told, evidence_of, reworded
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import bisect, brentq
from scipy.special import poch

from tolls.presets import load_presets
from tolls.rounding import habit_of, rounding_cells
from tolls.standins import source_arrays

ABOUT = load_presets().about
USUAL = np.array(ABOUT.shares)
NONE, THREE, TWO, ONE = range(4)  # units in the order of `about.shares`
LEAST, STRENGTH = ABOUT.least_figures, ABOUT.strength


def rounded(x, unit):
    """Round a belief of one person or more to a unit, halves up."""
    digits = (math.inf, *ABOUT.digits)[unit]
    step = 10 ** max(math.floor(math.log10(x)) + 1 - digits, 0)
    return math.floor(x / step + 0.5) * step


@cache
def log_widths(y):
    """Log width of what rounds to y at every unit, found by bisection to both sides."""
    found = np.zeros(4)
    for unit in range(4):
        if rounded(y, unit) == y:
            low = bisect(lambda x, u=unit: (rounded(x, u) >= y) - 0.5, y / 3, y)
            high = bisect(lambda x, u=unit: (rounded(x, u) > y) - 0.5, y, 3 * y)
            found[unit] = math.log(high / low)
    return found


def of_one_pattern(width, count):
    """Shares after `count` figures of the same widths, by the root of one equation.

    Where S = sum of w d, the fixed point is w = c v / (c + n - n d / S), and its sum is one.
    """

    def shares(total):
        return STRENGTH * USUAL / (STRENGTH + count - count * width / total)

    least = count * width.max() / (STRENGTH + count)  # below, a share would be negative
    return shares(brentq(lambda s: shares(s).sum() - 1, least * (1 + 1e-12), width.max()))


# --- closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [10, 12, 97, 100, 120, 300, 999, 1000, 1230, 1234, 50_000])
def test_the_cells_are_what_rounds_to_a_figure(y):
    cells = rounding_cells(y, ABOUT, (1, 2, 3, 4))
    found = {share - 1: math.log(high / low) for low, high, share in cells}
    expected = {unit: width for unit, width in enumerate(log_widths(y)) if width}
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [LEAST, 20, 400])
@pytest.mark.parametrize("y", [300, 1000, 120, 1230])
def test_figures_of_one_pattern_have_the_habit_of_one_equation(y, count):
    expected = of_one_pattern(log_widths(y), count)
    assert habit_of([y] * count, ABOUT) == pytest.approx(expected, abs=1e-9)


def test_round_figures_show_one_digit():
    habit = habit_of([300, 500, 2000, 80, 4000] * 8, ABOUT)
    assert habit[ONE] > 0.9
    # each such figure might as well be of finer units: never more than all of them say
    assert habit[ONE] < (STRENGTH * USUAL[ONE] + 40) / (STRENGTH + 40)


def test_figures_below_a_thousand_cannot_tell_three_digits_from_none():
    """They share what such figures show as the preset has them."""
    figures = [123, 345, 876, 234, 567, 981]
    fine = USUAL[[NONE, THREE]]
    expected = STRENGTH * USUAL
    expected[[NONE, THREE]] += len(figures) * fine / fine.sum()
    assert habit_of(figures, ABOUT) == pytest.approx(expected / (STRENGTH + len(figures)))


def test_figures_of_four_digits_are_not_rounded():
    expected = STRENGTH * USUAL + np.array([6, 0, 0, 0])
    found = habit_of([1234, 2341, 3412, 4123, 9876, 12345], ABOUT)
    assert found == pytest.approx(expected / (STRENGTH + 6))


def posterior_mean(figures):
    """Mean of the shares, summed over all ways to assign figures to units."""
    widths = np.array([log_widths(y) for y in figures])
    prior, total, weighted = STRENGTH * USUAL, 0.0, np.zeros(4)
    for units in itertools.product(range(4), repeat=len(figures)):
        counts = np.bincount(units, minlength=4)
        weight = widths[np.arange(len(figures)), units].prod() * poch(prior, counts).prod()
        total += weight
        weighted += weight * (prior + counts) / (STRENGTH + len(figures))
    return weighted / total


@pytest.mark.parametrize(
    "figures",
    [
        (300, 500, 2000, 80, 4000),
        (1230, 1480, 345, 2150, 876),
        (120, 340, 1500, 2600, 87),
        (200, 120, 345, 80, 1234),
        (100, 1000, 150, 200, 2600, 10),
    ],
)
def test_the_mode_of_log_ratios_is_near_the_posterior_mean(figures):
    assert habit_of(figures, ABOUT) == pytest.approx(posterior_mean(figures), abs=0.01)


def test_too_few_figures_leave_the_preset_untouched():
    assert habit_of([300] * (LEAST - 1), ABOUT) is None
    assert habit_of([300] * LEAST, ABOUT) is not None
    # below ten there is but one unit, so that such figures show nothing
    assert habit_of([0, 1, 5, 9] * 10, ABOUT) is None
    assert habit_of([300] * (LEAST - 1) + [7, 8], ABOUT) is None
    assert habit_of([300] * LEAST + [7, 8], ABOUT) == habit_of([300] * LEAST, ABOUT)


@given(st.lists(st.integers(0, 10**9), max_size=40), st.randoms(use_true_random=False))
def test_a_habit_is_a_distribution_and_the_figures_alone_decide_it(figures, shuffler):
    habit = habit_of(figures, ABOUT)
    other = list(figures)
    shuffler.shuffle(other)
    assert habit_of(other, ABOUT) == habit
    if habit is not None:
        assert math.fsum(habit) == pytest.approx(1, abs=1e-12)
        assert min(habit) > 0


# --- recovery -------------------------------------------------------------------------------------

COUNT = 4000


def figures_by(habit, seed):
    """Figures of beliefs that are spread evenly on the log scale over three powers of ten."""
    rng = np.random.default_rng(seed)
    beliefs = np.exp(rng.uniform(math.log(95), math.log(95_000), COUNT))
    units = rng.choice(4, COUNT, p=habit)
    return [rounded(x, unit) for x, unit in zip(beliefs, units, strict=True)]


def errors(found, habit, figures):
    """Errors of the shares in standard errors, by the information that the figures hold.

    What the prior pulls is taken out, to first order.
    """
    score = np.array([log_widths(y) / (habit @ log_widths(y)) for y in figures])
    along = np.vstack([np.eye(3), -np.ones(3)])  # directions that leave the sum of shares
    covariance = along @ np.linalg.inv(along.T @ score.T @ score @ along) @ along.T
    pull = covariance @ (STRENGTH * USUAL / habit)
    return np.abs(found - habit - pull) / np.sqrt(np.diag(covariance))


def by_their_digits(figures):
    """Shares of figures by their own number of significant digits: 300 is of one digit."""
    own = [len(str(y).rstrip("0")) for y in figures]
    counts = np.array([sum(k > 3 for k in own), *(own.count(k) for k in ABOUT.digits)])
    return counts / len(figures)


def without_widths(figures):
    """The same fixed point as if every unit that admits a figure were as likely to make it."""
    admits = np.array([log_widths(y) > 0 for y in figures], dtype=float)
    shares = USUAL
    for _ in range(2000):
        parts = shares * admits
        assigned = (parts / parts.sum(axis=1, keepdims=True)).sum(axis=0)
        shares = (STRENGTH * USUAL + assigned) / (STRENGTH + len(figures))
    return shares


HABITS = [(0.05, 0.15, 0.6, 0.2), (0.1, 0.6, 0.2, 0.1), (0.02, 0.03, 0.15, 0.8)]


@pytest.mark.parametrize("habit", HABITS)
def test_known_habits_are_recovered(habit):
    figures = figures_by(habit, seed=1)
    assert errors(habit_of(figures, ABOUT), np.array(habit), figures).max() < 4


@pytest.mark.parametrize("habit", HABITS[:2])
@pytest.mark.parametrize("wrong", [by_their_digits, without_widths])
def test_counting_digits_would_miss_them(habit, wrong):
    """It takes round beliefs for rounded ones, or rounded ones for any unit's."""
    figures = figures_by(habit, seed=1)
    assert errors(wrong(figures), np.array(habit), figures).max() > 4


# --- of whom it is learned ------------------------------------------------------------------------

ROUND = (300, 500, 800, 1000, 2000)


def about(source, values, **columns):
    return [
        {"source": source, "value": v, "qualifier": "about", "published": f"2025-03-{d:02d}"}
        | columns
        for d, v in enumerate(values, 10)
    ]


def habits(evidence):
    """Habits by voice; all of a voice's rounded statements have the same."""
    found = {}
    for s in evidence.statements:
        if s.wording == "about":
            assert found.setdefault(s.source, s.reading.habit) == s.reading.habit
        else:
            assert s.reading.habit is None
    return found


def test_a_source_with_enough_figures_has_a_habit_and_others_have_none():
    evidence = evidence_of(
        *about("Ministry", ROUND),
        {"source": "Ministry", "value": 2100, "published": "2025-03-20"},
        *about("Radio", ROUND[:4]),
    )
    assert habits(evidence) == {"Ministry": habit_of(ROUND, ABOUT), "Radio": None}


def test_hedged_numbers_are_rounded_ones():
    hedged = {"source": "Ministry", "qualifier": "words", "words": "nearly 2,000"}
    evidence = evidence_of(*about("Ministry", ROUND[:4]), hedged | {"published": "2025-03-20"})
    assert habits(evidence) == {"Ministry": habit_of(ROUND, ABOUT)}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"value": 1000, "published": "2025-03-14"}, id="a repeat"),
        pytest.param({"value": 300, "published": "2025-03-14"}, id="a figure that comes back"),
        pytest.param({"value": 2000, "cites": "Radio"}, id="a relay of another"),
        pytest.param({"value": 2000, "qualifier": "exact"}, id="an exact figure"),
        pytest.param({"value": 2000, "qualifier": "at_least"}, id="a bound"),
        pytest.param({"value": 7}, id="a figure below ten"),
    ],
)
def test_what_shows_no_further_rounding_does_not_count(more):
    (row,) = about("Ministry", [0])
    evidence = evidence_of(*about("Ministry", ROUND[:4]), row | {"published": "2025-03-14"} | more)
    assert set(habits(evidence).values()) == {None}
    assert not any("rounds" in w for w in evidence.warnings)


def test_a_group_has_one_habit_and_a_side_its_own():
    offices = {"Office 1": {"group": "agency"}, "Office 2": {"group": "agency"}}
    rows = [*about("Office 1", ROUND[:2]), *about("Office 2", ROUND[2:])]
    assert habits(evidence_of(*rows, sources=offices)) == {"agency": habit_of(ROUND, ABOUT)}
    army = {"Army": {"nodes": {"forces": {"kind": "own_losses"}}}}
    rows = [*about("Army", ROUND), *about("Army", (120, 150), category="forces")]
    found = habits(evidence_of(*rows, categories=["civilians", "forces"], sources=army))
    assert found == {"Army": habit_of(ROUND, ABOUT), "Army on forces": None}


def test_a_habit_is_learned_from_what_was_published_by_the_cut():
    rows = about("Ministry", ROUND)
    assert habits(evidence_of(*rows, as_of="2025-03-13")) == {"Ministry": None}
    assert habits(evidence_of(*rows, as_of="2025-03-14")) == {"Ministry": habit_of(ROUND, ABOUT)}


def test_the_injured_are_another_count():
    evidence = evidence_of(
        *about("Ministry", ROUND[:3]), *about("Ministry", ROUND, measure="injured")
    )
    assert habits(evidence) == {"Ministry": None}
    assert habits(evidence.others["injured"]) == {"Ministry": habit_of(ROUND, ABOUT)}
    assert_told(evidence.warnings, "how a source rounds (injured)", "Ministry (5 figures")


def test_one_line_tells_whose_habits_were_learned():
    rows = [*about("Ministry", ROUND), *about("Radio", (1230, 1480, 345, 2150, 876, 7))]
    (line,) = (w for w in evidence_of(*rows).warnings if "rounds" in w)
    assert line == (
        "how a source rounds, learned from its own figures in place of the preset: "
        "Ministry (5 figures: 1 % not rounded, 9 % to 3 digits, 22 % to 2 digits, 68 % to 1 digit);"
        " Radio (5 figures: 2 % not rounded, 58 % to 3 digits, 20 % to 2 digits, 20 % to 1 digit)"
    )


def test_a_stand_in_has_the_width_of_the_cells_that_the_habit_prefers():
    evidence = evidence_of({"value": 300, "qualifier": "about"})
    tiny = 1e-9
    widths = []
    for habit in ((1 - 3 * tiny, tiny, tiny, tiny), (tiny, tiny, tiny, 1 - 3 * tiny)):
        statement = reworded(evidence.statements[0], habit=habit)
        (arrays,) = source_arrays(replace(evidence, statements=(statement,)))
        widths.append(arrays.width[0] - 0.5 / 300)
    expected = [math.log(b / a) ** 2 / 12 for a, b in ((299.5, 300.5), (250, 350))]
    assert widths == pytest.approx(expected, rel=0.02)
