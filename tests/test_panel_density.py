"""The density of a panel: against sums over every toll and record, and against differences."""

import numpy as np
import pytest
from scipy.stats import norm

from tolls.errors import InputError
from tolls.paneldensity import Density
from tolls.panelpriors import Space
from tolls.panelrows import Said, Voice, read_reports, read_verified
from tolls.patterns import gathered
from tolls.presets import load_presets
from tolls.utterances import cells_of
from tolls.wordings import log_pmf

PRESETS = load_presets()
MOST = 1500  # people: of the small panels below next to nothing lies beyond
ROWS = [
    {"event": "a", "source": "one", "value": 3},
    {"event": "a", "source": "two", "value": 4},
    {"event": "b", "source": "one", "value": 0},
    {"event": "b", "source": "three", "low": 1, "high": 10, "qualifier": "range"},
    {"event": "c", "source": "two", "value": 12},
    {"event": "c", "source": "three", "value": 12},
    {"event": "d", "source": "two", "value": 12},
    {"event": "d", "source": "three", "value": 12},
    {"event": "e", "source": "one", "value": ""},  # blank is no zero
    {"event": "e", "source": "three", "value": 7},
]
TRUTH = {"a": 4, "d": (4, 30)}


def panel(rows=ROWS, truth=TRUTH, threshold=4):
    reports = read_reports(rows, measure="killed", categories=(), sources={}, presets=PRESETS)
    verified, _ = read_verified(truth, reports.events, measure="killed", threshold=threshold)
    patterns = gathered(reports, verified, [0] * len(reports.events), PRESETS)
    space = Space(reports.voices, 1, threshold is not None, PRESETS)
    return reports, verified, space, Density(patterns, space, threshold)


def by_hand(reports, verified, natural, threshold, *, counting=True):
    """Sum every toll and every record, one number at a time; nothing is shared with the package."""
    number = np.arange(MOST + 1)
    centre = np.log(np.where(number == 0, 0.25, number))
    noise = (0.5 / np.maximum(number, 1)) * counting

    def within(low, high, mean, sd):
        with np.errstate(divide="ignore"):
            ends = np.log(np.maximum(low, 0.0)), np.log(high)
        return norm.cdf(ends[1], mean, sd) - norm.cdf(ends[0], mean, sd)

    zero, scale, tail = 1 / (1 + np.exp(-natural.law[0, 0])), *np.exp(natural.law[0, 1:])
    left = np.r_[1.0, (1 - zero) * (1 + number / scale) ** -tail]
    toll = left[:-1] - left[1:]
    record = np.zeros((MOST + 1, MOST + 1))  # given the toll, in columns
    for offset, share in zip(range(-2, 3), natural.record[:5], strict=True):
        np.add.at(record, (np.clip(number + offset, 0, MOST), number), share)
    for sd, share in zip((0.2, 1.0), natural.record[5:], strict=True):
        wide = np.sqrt(sd**2 + noise)
        record += share * within(number[:, None] - 0.5, number[:, None] + 0.5, centre, wide)
    total = 0.0
    for place, event in enumerate(reports.events):
        weight = toll.copy()
        low, high = verified.get(event, (0, MOST))
        weight[(number < low) | (number > high)] = 0.0
        listed = natural.listed * (number >= threshold)
        weight *= listed if event in verified else 1 - listed
        chance = record @ weight
        for statement in (s for s in reports.statements if s.event == place):
            v, figure = statement.voice, statement.said.figure
            low, high = figure[0], figure[-1]
            variance = natural.spread[v] ** 2 + noise
            mean = centre + natural.bias[v]
            own = within(low - 0.5, high + 0.5, mean, np.sqrt(variance))
            gross = within(low - 0.5, high + 0.5, mean, np.sqrt(variance + 1.5**2))
            moved = np.maximum(number[:, None] + np.arange(-2, 3), 0)
            same = ((moved >= low) & (moved <= high)) @ natural.offset[v]
            a, e = natural.agreement[v], natural.gross[v]
            chance = chance * ((1 - e) * (a * same + (1 - a) * own) + e * gross)
        total += np.log(chance.sum())
    return total


def likelihood(density, space, point):
    return density(point)[0] - space.log_prior(point)[0]


@pytest.mark.parametrize("seed", range(4))
def test_density_is_the_sum_over_every_toll_and_record(seed):
    reports, verified, space, density = panel()
    point = space.start(seed)
    # a tail that is light enough for 1,500 people to be next to all, and for its sum to be short
    point[space.slices["law"]] = [0.3, -0.5, 1.0 + 0.2 * seed]
    natural = space.natural(point)
    found = likelihood(density, space, point)
    exact = by_hand(reports, verified, natural, 4)
    wrong = by_hand(reports, verified, natural, 4, counting=False)
    # cells beyond 16 people are looked at in their middle: two parts in 10,000 an event
    assert found == pytest.approx(exact, abs=2e-4 * len(reports.events))
    assert abs(found - wrong) > 100 * abs(found - exact)


@pytest.mark.parametrize("threshold", [4, None])
def test_gradient_is_that_of_differences(threshold):
    rows = [
        *ROWS,
        {"event": "f", "source": "one", "value": 250, "qualifier": "about"},
        {"event": "f", "source": "two", "value": 200, "qualifier": "at_least"},
        {"event": "g", "source": "two", "words": "dozens", "qualifier": "words"},
        {"event": "g", "source": "one", "value": 40, "qualifier": "up_to"},
        {"event": "h", "source": "one", "low": 90, "high": 140, "qualifier": "estimate"},
    ]
    *_, space, density = panel(rows, threshold=threshold)
    point, step = space.start(7), 1e-5
    for i, slope in enumerate(density(point)[1]):
        move = step * (np.arange(space.dimensions) == i)
        difference = (density(point + move)[0] - density(point - move)[0]) / (2 * step)
        assert slope == pytest.approx(difference, abs=5e-6, rel=5e-6)


@pytest.mark.parametrize(
    ("wording", "figure"),
    [
        ("exact", (0,)),
        ("exact", (37,)),
        ("range", (5, 90)),
        ("about", (1200,)),
        ("at_least", (1,)),
        ("at_least", (60,)),
        ("up_to", (1,)),
        ("up_to", (60,)),
        ("floor", (60,)),
        ("words", ("dozens",)),
    ],
)
def test_cells_say_what_the_wordings_of_a_single_case_say(wording, figure):
    cells = cells_of(Said(wording, figure), PRESETS)
    centre, sd = np.log(np.array([3.0, 40.0, 70.0, 900.0])), np.array([0.7, 0.3, 1.5, 0.5])
    with np.errstate(divide="ignore"):
        ends = np.log(cells.low)[:, None], np.log(cells.high)[:, None]
    chance = norm.cdf((ends[1] - centre) / sd) - norm.cdf((ends[0] - centre) / sd)
    expected = np.exp(log_pmf(wording, figure, centre, sd, PRESETS))
    # a bound is read in bands, within which it is flat
    tolerance = 0.01 if wording in ("at_least", "up_to") else 1e-9
    np.testing.assert_allclose(cells.weight @ chance, expected, rtol=tolerance, atol=1e-12)


def test_rows_are_counted_and_none_is_dropped_in_silence():
    rows = [*ROWS, {"event": "a", "source": "one", "category": "children", "value": 1}]
    reports = panel(rows)[0]
    assert reports.counts["blank"] == 1
    assert reports.set_aside == {"children": 1}
    assert reports.counts["read"] == sum(n for what, n in reports.counts.items() if what != "read")
    assert reports.voices == tuple(Voice(n, n, "") for n in ("one", "three", "two"))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"event": "", "source": "one", "value": 1}, "row 3, column event: is empty"),
        ({"event": "x", "source": "one", "value": "1.234"}, "if thousands are meant, write 1234"),
        ({"event": "a", "source": "one", "value": 9}, "no date says which is later"),
    ],
)
def test_reader_says_what_is_wrong_and_where(row, told):
    with pytest.raises(InputError) as caught:
        panel([ROWS[0], row])
    assert told in str(caught.value)


def test_toll_below_the_threshold_of_its_register_is_refused():
    with pytest.raises(InputError, match=r"2 is below the register's threshold, 4"):
        panel(truth={"a": 2})
