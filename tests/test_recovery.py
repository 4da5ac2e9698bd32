"""Simulated cases that mix all features: the engines find the tolls they were made from.

Tolls are drawn from the prior, so the share of the posterior below the true toll is uniform if the
simulation and the engine mean the same (Cook, Gelman and Rubin 2006, Journal of Computational and
Graphical Statistics 15(3)). The simulation shares no code with either likelihood.
"""

import numpy as np
import pytest
from helpers import everything, searching
from scipy import stats

import tolls

CASES, SEARCHED, WRONG = 200, 40, 40
RARE = 1e-4
NODES = ("killed", "civilians", "north", "injured")


def ranks(engine, count, design, misread=lambda rows: rows, on_failure="raise", nodes=NODES):
    """Shares of the posterior below the true toll, (case, node), ties at random."""
    rng, found = np.random.default_rng(1), []
    for seed in range(count):
        simulated = tolls.simulate(design, seed=seed)
        case = simulated.case.with_reports(misread([r.as_row() for r in simulated.case.reports]))
        estimate = tolls.fit(case, seed=seed, engine=engine, on_failure=on_failure)
        below = []
        for node in nodes:
            draws, true = estimate.tolls(node), round(simulated.tolls[node])
            below.append((draws < true).mean() + rng.random() * (draws == true).mean())
        found.append(below)
    return np.array(found)


def worst(found):
    """Smallest p-value over the nodes of a test that their ranks are uniform."""
    return min(stats.kstest(of_node, "uniform").pvalue for of_node in found.T)


def assert_recovered(found):
    assert worst(found) > RARE, found.mean(axis=0)
    inside = ((found > 0.05) & (found < 0.95)).sum(axis=0)
    low, high = stats.binom(len(found), 0.9).ppf([RARE, 1 - RARE])
    assert (low <= inside).all(), inside
    assert (inside <= high).all(), inside


def as_if_all_were_counts(rows):
    """The same rows as the event's own counts: a wrong reading."""
    plain = {"evidence": "", "scope": "", "definition": ""}
    return [row | plain for row in rows]


def test_tolls_of_simulated_cases_are_recovered():
    assert_recovered(ranks("collapsed", CASES, everything()))


def test_tolls_are_recovered_from_lists_of_the_missing():
    assert_recovered(ranks("collapsed", SEARCHED, searching(), nodes=NODES[:1]))


def test_taking_the_missing_for_dead_would_be_found_out():
    def as_dead(rows):
        return [row | {"measure": "killed"} for row in rows]

    found = ranks("collapsed", 2 * WRONG, searching(), as_dead, "warn", nodes=NODES[:1])
    assert worst(found) < RARE


@pytest.mark.filterwarnings("ignore::tolls.TollsWarning")  # where the wrong reading is refused
def test_reading_everything_as_a_count_would_be_found_out():
    whole = everything()  # without its estimates, one of which pins the level whatever else is read
    rows = [r.as_row() for r in whole.reports if r.qualifier != "estimate"]
    found = ranks("collapsed", WRONG, whole.with_reports(rows), as_if_all_were_counts, "warn")
    assert worst(found) < RARE


@pytest.mark.slow
@pytest.mark.xdist_group("fit")
def test_tolls_of_simulated_cases_are_recovered_by_nuts():
    assert_recovered(ranks("nuts", CASES, everything()))
