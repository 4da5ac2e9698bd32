"""The density of a panel: against sums over every toll and record, and against differences."""

import numpy as np
import pytest
from helpers_panel import MORE, PRESETS, ROWS, by_hand, panel
from scipy.stats import norm

from tolls.errors import InputError
from tolls.panelpriors import log_prior
from tolls.panelrows import Said, Voice
from tolls.sizelaw import places, surviving
from tolls.utterances import cells_of
from tolls.wordings import log_pmf


def likelihood(density, space, point):
    return density(point)[0] - log_prior(point, space.priors)[0]


@pytest.mark.parametrize("seed", range(4))
def test_density_is_the_sum_over_every_toll_and_record(seed):
    reports, verified, space, density = panel()
    point = space.start(seed)
    # a tail that is light enough for 1,500 people to be next to all, and for its sum to be short
    point[space.slices["law"]] = [0.3, -0.5, 1.0 + 0.2 * seed, 0.5 - 0.4 * seed, -0.6]
    natural = space.natural(point)
    found = likelihood(density, space, point)
    nobody = natural._replace(definition=np.zeros_like(natural.definition))
    exact, *wrong = (
        sum(
            np.log(weight.sum())
            for weight, _ in by_hand(reports, verified, own, 4, counting=counting)
        )
        for own, counting in ((natural, True), (natural, False), (nobody, True))
    )
    # cells beyond 16 people are looked at in their middle: two parts in 10,000 an event
    assert found == pytest.approx(exact, abs=2e-4 * len(reports.events))
    # without the noise of counting, and where nobody goes by the definition of the toll
    assert np.abs(found - np.array(wrong)).min() > 5 * abs(found - exact)


def test_the_record_of_a_voice_alone_is_the_toll():
    alone = [row for row in ROWS if row["source"] == "two"]
    reports, verified, space, density = panel(alone)
    point = space.start(1)
    point[space.slices["law"]] = [0.3, -0.5, 1.0, 0.5, -0.6]
    natural = space.natural(point)
    assert natural.definition.tolist() == [0.0]
    assert natural.record.tolist() == [[0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]] * 2
    hand = by_hand(reports, verified, natural, 4)
    exact = sum(np.log(weight.sum()) for weight, _ in hand)
    found = likelihood(density, space, point)
    assert found == pytest.approx(exact, abs=2e-4 * len(reports.events))


@pytest.mark.parametrize("threshold", [4, None])
@pytest.mark.parametrize("voices", [("one", "two", "three"), ("two",)])
def test_gradient_is_that_of_differences(threshold, voices):
    rows = [row for row in (*ROWS, *MORE) if row["source"] in voices]
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
        ({"event": "b", "source": "One", "value": 1}, 'row 3, column source: "One" differs from'),
        ({"event": "A", "source": "two", "value": 1}, 'row 3, column event: "A" differs from "a"'),
        ({"event": "", "source": "one", "value": 1}, "row 3, column event: is empty"),
        ({"event": "x", "source": "one", "value": "1.234"}, "if thousands are meant, write 1234"),
        ({"event": "a", "source": "one", "value": 9}, "no date says which is later"),
    ],
)
def test_reader_says_what_is_wrong_and_where(row, told):
    with pytest.raises(InputError) as caught:
        panel([ROWS[0], row])
    assert told in str(caught.value)


def test_a_verified_event_that_is_spelt_otherwise_is_refused():
    with pytest.raises(InputError, match=r'column event: "A" differs from "a" of the reports'):
        panel(truth={"A": 4, "d": 12})


def test_toll_below_the_threshold_of_its_register_is_refused():
    with pytest.raises(InputError, match=r"2 is below the register's threshold, 4"):
        panel(truth={"a": 2})


@pytest.mark.parametrize("threshold", [None, 1, 4, 30])
@pytest.mark.parametrize("law", [(0.3, 1.0, 0.5, -0.4, 2.0), (-2.0, 60.0, -1.0, 3.0, 50.0)])
def test_sizes_fall_and_their_gradient_is_that_of_differences(law, threshold):
    law, at = np.array(law[: places(threshold)]), np.arange(200.0)
    left, slope = surviving(law, at, threshold)
    assert left[0] == 1.0
    assert np.isfinite(slope).all()
    assert (np.diff(left) <= 0).all()
    for place in range(len(law)):
        move = 1e-6 * (np.arange(len(law)) == place)
        difference = (
            surviving(law + move, at, threshold)[0] - surviving(law - move, at, threshold)[0]
        )
        np.testing.assert_allclose(slope[place], difference / 2e-6, atol=1e-8)
