"""Whole people: integer parts add up to their parent, without bias and without drift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolls.apportionment import RANDOM_BELOW, integer_tolls, split
from tolls.categories import Categories, Partition

TREE = Categories(
    "killed",
    (
        Partition("killed", ("civilians", "forces", "fighters"), 1.5),
        Partition("civilians", ("women", "men"), 1.5),
        Partition("forces", ("army", "police", "militia"), 1.5),
    ),
    {"both_sides": ("forces", "fighters"), "some": ("women", "army", "fighters")},
)


def log_sizes(tree, log_root, seed, draws=200):
    """Draw log sizes whose parts add up exactly in people."""
    rng = np.random.default_rng(seed)
    size = {tree.root: np.exp(log_root + rng.normal(size=draws))}
    for partition in tree.ordered_partitions:
        odds = np.exp(rng.normal(scale=partition.sd, size=(draws, len(partition.into))))
        shares = odds / odds.sum(axis=1, keepdims=True)
        size |= {part: size[partition.of] * shares[:, i] for i, part in enumerate(partition.into)}
    size |= {name: sum(size[m] for m in members) for name, members in tree.unions.items()}
    return np.log(np.stack([size[name] for name in tree.names], axis=1))


@given(
    total=st.integers(0, 10**9),
    odds=st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
def test_parts_add_up_and_each_is_within_one_of_its_quota(total, odds, seed):
    shares = np.array([odds]) / sum(odds)
    (parts,) = split(np.array([total]), shares, seed)
    assert parts.sum() == total
    assert (parts >= 0).all()
    assert (np.abs(parts - total * shares[0]) < 1 + 1e-6).all()


@given(log_root=st.floats(-3, 20), seed=st.integers(0, 2**32 - 1), order=st.permutations(range(3)))
def test_tolls_add_up_at_every_level_in_every_draw(log_root, seed, order):
    tree = Categories("killed", tuple(TREE.partitions[i] for i in order), TREE.unions)
    sizes = log_sizes(tree, log_root, seed, draws=20)
    tolls = dict(zip(tree.names, integer_tolls(sizes, tree, seed).T, strict=True))
    assert (tolls["killed"] == np.rint(np.exp(sizes[:, 0]))).all()
    for partition in tree.partitions:
        assert (sum(tolls[part] for part in partition.into) == tolls[partition.of]).all()
    for name, members in tree.unions.items():
        assert (tolls[name] == sum(tolls[m] for m in members)).all()
    assert all((toll >= 0).all() for toll in tolls.values())


def test_large_totals_go_by_the_largest_remainder():
    parts = split(np.array([1000]), np.array([[0.4996, 0.3001, 0.2003]]), seed=1)
    assert parts.tolist() == [[500, 300, 200]]


def test_ties_of_remainders_go_in_declared_order():
    parts = split(np.array([101, 102]), np.full((2, 4), 0.25), seed=1)
    assert parts.tolist() == [[26, 25, 25, 25], [26, 26, 25, 25]]


@pytest.mark.parametrize("total", [1, 7, RANDOM_BELOW - 1])
def test_small_totals_are_rounded_at_random_without_bias(total):
    draws = 40_000
    shares = np.array([0.05, 0.15, 0.37, 0.43])
    parts = split(np.full(draws, total), np.tile(shares, (draws, 1)), seed=5)
    rest = (total * shares) % 1
    error = np.sqrt(rest * (1 - rest) / draws)  # each part is rounded up with probability `rest`
    assert (np.abs(parts.mean(axis=0) - total * shares) <= 4 * error + 1e-12).all()
    assert (parts.std(axis=0) > 0).any()


def test_without_the_random_rounding_small_parts_would_be_biased():
    draws = 1000
    total = np.full(draws, RANDOM_BELOW)  # the smallest total that goes by the largest remainder
    shares = np.tile([0.004, 0.996], (draws, 1))
    assert split(total, shares, seed=5)[:, 0].mean() == 0  # the quota is 0.4
    assert split(total - 1, shares, seed=5)[:, 0].mean() == pytest.approx(0.396, abs=0.062)


def test_the_same_seed_gives_the_same_rounding_and_another_another():
    total, shares = np.full(100, 9), np.tile([0.31, 0.33, 0.36], (100, 1))
    first = split(total, shares, seed=1)
    assert (first == split(total, shares, seed=1)).all()
    assert (first != split(total, shares, seed=2)).any()


def test_nobody_is_split_into_nobody():
    assert split(np.array([0]), np.array([[0.5, 0.5]]), seed=1).tolist() == [[0, 0]]


def test_a_part_without_share_gets_nobody():
    parts = split(np.array([5, 5000]), np.array([[0.0, 0.3, 0.7]] * 2), seed=1)
    assert parts[:, 0].tolist() == [0, 0]


def test_tolls_are_64_bit_integers():
    assert integer_tolls(log_sizes(TREE, 5, seed=1), TREE, seed=1).dtype == np.int64
