"""What a fit must not depend on, and how it must depend on what it does.

Names, and the order of rows of declared sources, change no bit. What changes the order of random
numbers is held to four combined Monte Carlo errors of a quantile. Every law is also asked of a
variant that breaks it.
"""

import itertools
import random

import numpy as np
import pytest
from helpers import case_of

import tolls

LEVELS = np.array([0.1, 0.5, 0.9])
SOURCES = {
    "Monitor": {"grade": "B", "kind": "monitor"},
    "Court": {"grade": "A", "kind": "forensic"},
    "Radio": {"grade": "C", "kind": "media"},
}
ROWS = [
    {"source": "Monitor", "value": 1000, "published": "2025-03-12"},
    {"source": "Monitor", "value": 1210, "published": "2025-03-20"},
    {"source": "Court", "value": 1150, "published": "2025-03-28"},
    {"source": "Court", "value": 400, "published": "2025-03-28", "category": "forces"},
    {"source": "Court", "value": 750, "published": "2025-03-28", "category": "civilians"},
    {"source": "Radio", "value": 1400, "published": "2025-03-14", "qualifier": "about"},
    {"source": "Radio", "value": 700, "published": "2025-03-16", "category": "civilians",
     "qualifier": "at_least"},
]  # fmt: skip
PARTS = ("civilians", "forces")


def fitted(rows=ROWS, sources=SOURCES, parts=PARTS, scale=1, seed=1):
    wide = {"low": 10 * scale, "high": 100_000 * scale}
    case = case_of(*rows, sources=sources, categories=list(parts), kind="massacre", range=wide)
    return tolls.fit(case, seed=seed, engine="collapsed")


@pytest.fixture(scope="module")
def plain():
    """The estimate that the laws compare with."""
    return fitted()


def same_draws(one, other):
    return all(np.array_equal(one.posterior[name], other.posterior[name]) for name in one.posterior)


def log_quantiles(estimate, node):
    """Quantiles of a log size with their Monte Carlo errors, from the density around them."""
    x = np.log(estimate.posterior["size"][..., estimate.nodes.index(node)])
    density = 0.1 / (np.quantile(x, LEVELS + 0.05) - np.quantile(x, LEVELS - 0.05))
    error = np.sqrt(LEVELS * (1 - LEVELS) / estimate.diagnostics.ess) / density
    return np.quantile(x, LEVELS), error


def apart(one, other, node, other_node=None, shift=0.0):
    """By how many Monte Carlo errors quantiles differ, at the most."""
    (a, error), (b, other_error) = (
        log_quantiles(one, node), log_quantiles(other, other_node or node)
    )  # fmt: skip
    return np.abs((b - a - shift) / np.hypot(error, other_error)).max()


# --- what changes nothing -------------------------------------------------------------------------


def test_names_of_sources_change_no_bit(plain):
    names = {"Monitor": "Ω", "Court": "a source", "Radio": "Monitor"}
    rows = [row | {"source": names[row["source"]]} for row in ROWS]
    assert same_draws(plain, fitted(rows, {names[n]: table for n, table in SOURCES.items()}))
    # what is said by another source is another matter
    swapped = [row | {"source": "Radio"} if row["source"] == "Court" else row for row in ROWS]
    assert not same_draws(plain, fitted(swapped))


def test_names_of_parts_change_no_bit(plain):
    names = {"civilians": "zivil", "forces": "Ärmee"}
    rows = [row | {"category": names.get(row.get("category"), "")} for row in ROWS]
    assert same_draws(plain, fitted(rows, parts=names.values()))
    assert not same_draws(plain, fitted(rows, parts=reversed(names.values())))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_bit_where_sources_are_declared(plain, seed):
    assert same_draws(plain, fitted(random.Random(seed).sample(ROWS, len(ROWS))))


def test_the_order_of_sources_and_of_parts_changes_no_more_than_monte_carlo_error(plain):
    sources = dict(reversed(SOURCES.items()))
    other = fitted(sources=sources, parts=reversed(PARTS))
    assert not same_draws(plain, other)
    assert all(apart(plain, other, node) < 4 for node in ("killed", *PARTS))
    assert apart(plain, fitted(sources=dict.fromkeys(SOURCES, "E")), "killed") > 4


# --- how figures count ----------------------------------------------------------------------------


def scaled(rows, factor):
    return [row | {"value": row["value"] * factor} for row in rows]


def test_all_counts_times_ten_are_ten_times_the_toll(plain):
    # counting noise and half people: 0.0005 of a variance of 0.04 and more
    ten = fitted(scaled(ROWS, 10), scale=10)
    assert all(apart(plain, ten, n, shift=np.log(10)) < 4 for n in ("killed", *PARTS))
    all_but_one = [*scaled(ROWS[:-3], 10), *ROWS[-3:]]
    assert apart(plain, fitted(all_but_one, scale=10), "killed", shift=np.log(10)) > 4


def raised(value):
    """Three of grade B, of whom one says more than the others."""
    figures = {"Monitor": 500, "Court": 500, "Radio": value}
    rows = [{"source": s, "value": v, "published": "2025-03-20"} for s, v in figures.items()]
    return fitted(rows, dict.fromkeys(figures, "B"))


def test_a_higher_figure_never_lowers_the_estimate_until_it_is_beyond_belief():
    estimates = [raised(value) for value in (350, 500, 700, 1400)]
    for low, high in itertools.pairwise(estimates):
        (a, error), (b, other) = (log_quantiles(e, "killed") for e in (low, high))
        assert (b - a > -4 * np.hypot(error, other)).all()
    assert apart(estimates[0], estimates[-1], "killed") > 4
    # one out of all reason counts as a gross error: where the mean of three logs rises by 1.3, the
    # median stays
    (near, _), (far, _) = (log_quantiles(e, "killed") for e in (estimates[-1], raised(70_000)))
    assert abs(far[1] - near[1]) < 0.3


def test_parts_of_which_the_same_is_said_are_estimated_the_same():
    def of(first, second):
        said = {"civilians": first, "forces": second}
        return fitted(
            [
                {"source": s, "value": v, "category": part, "published": "2025-03-20",
                 "qualifier": "about"}
                for s in SOURCES for part, v in said.items()
            ]
        )  # fmt: skip

    same = of(300, 300)
    assert apart(same, same, *PARTS) < 4
    other = of(300, 400)
    assert apart(other, other, *PARTS) > 4
