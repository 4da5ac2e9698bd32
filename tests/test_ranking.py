"""One run of a calibration: what is ranked, among what, and what becomes of silence."""

import pickle
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers import case_of, everything, near_bounds
from helpers_estimate import estimate_of

from tolls.apportionment import integer_tolls
from tolls.errors import EstimateRefused, InputError
from tolls.evidence import gather
from tolls.ranking import DRAWS, PRIOR, RANKED, SLOTS, rank_run
from tolls.simulation import draw_truth
from tolls.uniformity import chance, least_tail

RARE = 1e-4


def prior_alone(case, seed):
    """Return draws from the prior as an estimate that learns nothing from the reports."""
    estimate, rng = estimate_of(case), np.random.default_rng(seed)
    drawn = [draw_truth(estimate.evidence, rng) for _ in range(DRAWS)]
    size = np.array([[tolls_[name] for name in case.names] for tolls_, _ in drawn])
    posterior = {"size": size, "toll": integer_tolls(np.log(size), case.categories, seed)}
    for name, array in estimate.posterior.items():
        if name not in ("size", "toll", "share"):
            values = [parameters[name] for _, parameters in drawn]
            along = estimate.evidence.sources if array.ndim > 2 else ()
            posterior[name] = np.array([[v[s] for s in along] if along else v for v in values])
    return replace(estimate, posterior={name: v[None] for name, v in posterior.items()})


def few_people():
    """Return a case of so few people that most tolls are tied with many draws."""
    return case_of(
        {"source": "Clinic", "value": 7},
        {"source": "Clinic", "value": 4, "category": "women", "published": "2025-03-12"},
        {"source": "Radio", "value": 5, "qualifier": "at_least"},
        categories=["women", "men", "children"],
        unions={"adults": ["women", "men"]},
        range={"low": 1, "high": 20},
        sources={"Clinic": "A", "Radio": "C"},
    )


@pytest.fixture(scope="module")
def unlearned():
    runs = [rank_run(few_people(), run, 1, prior_alone) for run in range(80)]
    return [run[PRIOR] | run[RANKED] for run in runs]


def p_value(results, name):
    ranks = np.array([ranked[name] for ranked in results])
    return chance(least_tail(ranks, SLOTS), len(ranks), SLOTS)


def test_ranks_among_prior_draws_are_uniform_in_all_but_the_likelihood(unlearned):
    names = set(unlearned[0]) - {"log_likelihood"}
    p_values = {name: p_value(unlearned, name) for name in names}
    assert min(p_values.values()) > 0.05 / len(names), p_values
    # a fit that learns nothing is found out by nothing else
    assert p_value(unlearned, "log_likelihood") < RARE


def test_ranks_are_whole_and_reach_both_ends(unlearned):
    every = [rank for ranked in unlearned for rank in ranked.values()]
    assert set(map(type, every)) == {int}
    assert min(every) == 0
    assert max(every) == DRAWS


def test_a_whole_toll_that_is_certain_is_placed_at_random(monkeypatch):
    def certain(case, seed):
        estimate = estimate_of(case)
        one = {"toll": np.full_like(estimate.posterior["toll"], 3)}
        return replace(estimate, posterior=estimate.posterior | one)

    case = case_of({"value": 3})
    monkeypatch.setattr("tolls.ranking.integer_tolls", lambda *_: np.array([[3]]))
    ranks = [rank_run(case, run, 1, certain)[RANKED]["toll[killed]"] for run in range(200)]
    assert chance(least_tail(np.array(ranks), SLOTS), 200, SLOTS) > RARE


def test_everything_that_a_case_has_is_ranked_by_the_names_of_its_draws():
    case = everything()
    run = rank_run(case, 0, 1)
    evidence = gather(case)
    injured = evidence.others["injured"]
    per_source = ("bias", "scatter", "reliability")
    alone = ("kappa", "eta", "rate", "shape", "log_likelihood")
    assert set(run[RANKED]) == {
        *(f"toll[{node}]" for node in (*case.names, "injured")),
        *(f"{name}[{source}]" for name in per_source for source in evidence.sources),
        *(f"{name}_injured[{source}]" for name in per_source for source in injured.sources),
        *alone,
        *(f"{name}_injured" for name in alone),
        "found",
    }
    assert run[PRIOR] == {}


def test_an_event_whose_toll_is_known_at_once_has_no_growth_of_knowledge():
    case = case_of({"value": 300}, kind="conflict", range={"low": 100, "high": 1000})
    run = rank_run(case, 0, 1)
    assert not {"rate", "shape"} & {*run[RANKED], *run[PRIOR]}


def test_quantities_without_a_report_that_says_something_keep_their_prior():
    # often the radio's floor is zero, and now and then the monitor's too, which leaves nothing
    floors = ({"source": s, "value": 1, "qualifier": "at_least"} for s in ("Monitor", "Radio"))
    case = near_bounds(case_of(*floors, kind="conflict", range={"low": 1, "high": 10}))
    runs = [rank_run(case, run, 1, lambda case, _: estimate_of(case)) for run in range(120)]
    silent = [set(run[PRIOR]) for run in runs]
    radio = {"bias[Radio]", "scatter[Radio]", "reliability[Radio]"}
    of_each = Counter(frozenset(names & (radio | {"toll[killed]"})) for names in silent)
    assert of_each[frozenset(radio)] > 10
    nothing = [i for i, run in enumerate(runs) if not run[RANKED]]
    assert 5 < len(nothing) < 60
    assert all("toll[killed]" in silent[i] for i in nothing)
    assert all(not set(run[PRIOR]) & set(run[RANKED]) for run in runs)


def test_a_refused_fit_ends_the_run_and_names_its_seeds():
    def refused(case, seed):
        raise EstimateRefused("too few effective draws", seed)

    with pytest.raises(
        EstimateRefused, match=r"run 7 of seed 3 \(simulated with seed \d+"
    ) as found:
        rank_run(case_of({"value": 3}), 7, 3, refused)
    assert f"fitted with seed {found.value.estimate}): too few effective draws" in str(found.value)
    back = pickle.loads(pickle.dumps(found.value))  # as it comes from a worker process
    assert (str(back), back.estimate) == (str(found.value), found.value.estimate)


def test_a_simulated_case_that_is_refused_is_no_fault_of_the_input():
    def misread(case, seed):
        raise InputError("row 2: no such source")

    with pytest.raises(
        RuntimeError, match=r"run 0 of seed 1 .* what was simulated is refused: row"
    ):
        rank_run(case_of({"value": 3}), 0, 1, misread)
