"""Uniformity of ranks: against a full enumeration, against many draws, and what must be found."""

from itertools import product

import numpy as np
import pytest

from tolls.uniformity import band, below, chance, least_tail


def test_ranks_are_counted_below_each_point():
    assert below(np.array([0, 2, 2, 3]), 4).tolist() == [1, 1, 3]


@pytest.mark.parametrize(("runs", "slots"), [(1, 4), (2, 7), (4, 5), (6, 4)])
def test_chance_is_what_an_enumeration_of_all_ranks_gives(runs, slots):
    every = [least_tail(np.array(r), slots) for r in product(range(slots), repeat=runs)]
    for tail in sorted(set(every)):
        share = np.mean(np.array(every) <= tail)
        assert chance(tail, runs, slots) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(("runs", "slots"), [(3, 5), (5, 4)])
def test_a_band_is_the_narrowest_that_holds_what_it_promises(runs, slots):
    every = [np.array(r) for r in product(range(slots), repeat=runs)]
    low, high = band(runs, slots, 0.9)
    counts = np.array([below(r, slots) for r in every])
    within = ((counts >= low) & (counts <= high)).all(axis=1)
    assert within.mean() >= 0.9
    tails = np.array([least_tail(r, slots) for r in every])
    closest = tails[~within].max()
    assert tails[within].min() > closest
    narrower = tails > tails[within].min()  # the same without its outermost
    assert narrower.mean() < 0.9


def test_a_band_holds_uniform_ranks_as_often_as_it_promises():
    runs, slots, drawn = 300, 200, 2000
    low, high = band(runs, slots, 0.95)
    rng, inside = np.random.default_rng(1), 0
    for _ in range(drawn):
        counts = below(rng.integers(slots, size=runs), slots)
        inside += bool(((counts >= low) & (counts <= high)).all())
    # the band is discrete: it may hold a little more; four standard errors of a share of 0.95
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / drawn) < inside / drawn < 0.97


def test_small_p_values_are_small_numbers_and_none_is_lost_to_rounding():
    slots, runs = 200, 1000
    all_lowest = np.zeros(runs, dtype=np.int64)
    assert chance(least_tail(all_lowest, slots), runs, slots) < 1e-12
    assert chance(1.0, runs, slots) == 1.0


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("draws too low", lambda rng: rng.beta(1.3, 1, 300)),
        ("intervals too narrow", lambda rng: rng.beta(0.75, 0.75, 300)),
        ("intervals too wide", lambda rng: rng.beta(1.5, 1.5, 300)),
    ],
)
def test_what_is_wrong_with_a_posterior_is_found(name, ranks):
    found = np.floor(200 * ranks(np.random.default_rng(1))).astype(np.int64)
    assert chance(least_tail(found, 200), 300, 200) < 0.01
