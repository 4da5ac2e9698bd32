"""The collapsed engine against exact grids; against the other engine: test_engines.py.

``references/`` holds the grids; ``references/make.py`` says how they were made.
"""

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import case_of, searching

import tolls
from tolls import collapsed, fitting, importance
from tolls.collapsed import Collapsed
from tolls.conditionals import Conditional, predictors
from tolls.errors import EstimateRefused
from tolls.evidence import gather
from tolls.marginal import SourceDraws

GRIDS = json.loads((Path(__file__).parent / "references" / "grids.json").read_text())
SHIPPED = Path(__file__).parents[1] / "models" / "syria-coast-2025"


def one_report_each(figures, grade):
    """A conflict's case with a source per figure: nothing grows, the root alone is unknown."""
    names = [f"source {i}" for i in range(len(figures))]
    rows = [
        {"source": n, "value": v, "published": "2025-03-20"}
        for n, v in zip(names, figures, strict=True)
    ]
    return case_of(
        *rows, kind="conflict", sources={n: {"grade": grade, "kind": "forensic"} for n in names},
        range={"low": 1, "high": 10_000, "mass": 0.95},
    )  # fmt: skip


def level_of(estimate):
    """Log size of the root plus shared bias: what the reports speak of."""
    return np.log(estimate.posterior["size"][..., 0]) + estimate.posterior["kappa"]


def seen_of(estimate):
    """Log of what the sources see of the root in the end: what was found, with the shared bias."""
    return level_of(estimate) + np.log(estimate.posterior["found"])


def assert_at_levels(draws, quantiles, levels, ess):
    """Assert that the draws put the right probability below quantiles, within 4 errors."""
    below = (draws[..., None] < np.asarray(quantiles)).mean(axis=(0, 1))
    error = np.sqrt(np.asarray(levels) * (1 - np.asarray(levels)) / ess)
    assert (np.abs(below - levels) < 4 * error).all(), (below, levels, error)


# --- exact grids ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", GRIDS)
def test_small_cases_have_the_posterior_of_an_exact_grid(name, seed):
    exact = GRIDS[name]
    case = one_report_each(exact["figures"], exact["grade"])
    estimate = tolls.fit(case, seed=seed, engine="collapsed")
    assert estimate.diagnostics.ok
    assert_at_levels(
        seen_of(estimate), exact["quantiles"], exact["levels"], estimate.diagnostics.ess
    )


@pytest.mark.parametrize(
    "name", ["three against three", "three against four", "a hundredfold apart"]
)
def test_modes_that_contradict_each_other_get_their_masses(name):
    exact = GRIDS[name]
    estimate = tolls.fit(
        one_report_each(exact["figures"], exact["grade"]), seed=3, engine="collapsed"
    )
    below = (seen_of(estimate) < exact["log_middle"]).mean()
    assert below == pytest.approx(exact["mass_below"], abs=0.02)
    told = " ".join(estimate.warnings)
    assert ("sources contradict each other" in told) == (min(below, 1 - below) > 0.01)


def test_with_one_start_and_without_the_prior_a_mode_is_lost(monkeypatch):
    """The wrong variant: nothing but the highest mode, as narrow as it is."""
    exact = GRIDS["a hundredfold apart"]
    modes = collapsed.find_modes
    monkeypatch.setattr(collapsed, "find_modes", lambda *given: modes(*given)[:1])
    monkeypatch.setattr(collapsed, "TEMPERATURES", (1.0,))
    monkeypatch.setattr(importance, "FROM_PRIOR", 1e-9)
    found = collapsed.run(gather(one_report_each(exact["figures"], exact["grade"])), 3)
    level = np.log(found.arrays["size"][..., 0] * found.arrays["found"]) + found.arrays["kappa"]
    assert abs((level < exact["log_middle"]).mean() - exact["mass_below"]) > 0.02


def test_the_shared_bias_is_told_from_the_toll_as_the_prior_has_it():
    # of a normal root of log-sd 2.35 and a shared bias of 0.1 whose sum is known, the bias takes
    # 0.1^2 / (2.35^2 + 0.1^2) of how far the sum is from its mean
    estimate = tolls.fit(one_report_each([57], "C"), seed=4, engine="collapsed")
    level, kappa = level_of(estimate).ravel(), estimate.posterior["kappa"].ravel()
    sd = math.log(1e4) / (2 * 1.959963984540054)
    share = 0.1**2 / (sd**2 + 0.1**2)
    rest = kappa - share * (level - math.log(100))
    error = 4 * rest.std() / math.sqrt(estimate.diagnostics.ess)
    assert rest.mean() == pytest.approx(0, abs=error)
    assert rest.std() == pytest.approx(0.1 * math.sqrt(1 - share), rel=0.06)


# --- the shipped case -----------------------------------------------------------------------------


def test_the_default_engine_is_collapsed_and_its_diagnostics_hold(shipped_estimate):
    found = shipped_estimate.diagnostics
    assert shipped_estimate.engine == "collapsed"
    assert found.ok
    assert found.khat < 0.7
    assert found.ess >= 2000
    assert found.rhat is None
    assert found.divergences is None
    assert all(math.isnan(row.rhat) and row.ess_tail >= 2000 for row in found.nodes.values())
    assert found.log_marginal_sd < 0.05
    assert "k-hat" in repr(shipped_estimate)
    assert "R-hat" not in repr(shipped_estimate)


def test_the_marginal_likelihood_does_not_depend_on_the_seed(shipped_estimate):
    again = tolls.fit(shipped_estimate.case, seed=2).diagnostics
    found = shipped_estimate.diagnostics
    error = math.hypot(again.log_marginal_sd, found.log_marginal_sd)
    assert found.log_marginal == pytest.approx(again.log_marginal, abs=4 * error)


def test_the_toll_without_a_source_is_that_of_a_fit_without_it(shipped_estimate):
    """Guards the sign of the weights: doubling a source is not leaving it out."""
    case = shipped_estimate.case
    table = shipped_estimate.sources()
    named = "Antiwar.com"
    kept = [r.as_row() for r in case.reports if r.source != named]
    refit = tolls.fit(case.with_reports(kept), seed=1)
    without, median = table.loc[named, "without"], np.median(refit.tolls("killed"))
    both = np.median(shipped_estimate.tolls("killed"))
    # the error of a median of some 2,000 effective draws of log-sd 0.4 is about 1.1 %
    assert without == pytest.approx(median, rel=4 * math.sqrt(2) * 0.011)
    assert abs(math.log(without / median)) < abs(math.log(both / median)) + 0.03


# --- the same numbers, and who answers ------------------------------------------------------------


def test_the_numbers_do_not_depend_on_the_number_of_threads():
    evidence = gather(one_report_each([100, 110, 3000], "C"))
    found = []
    for workers in (1, 2, 3):
        with ThreadPoolExecutor(workers) as pool:
            found.append(Collapsed(evidence, pool).sample(7))
    for other in found[1:]:
        assert (found[0].weighted.log_weight == other.weighted.log_weight).all()
        for name, values in found[0].arrays.items():
            assert (values == other.arrays[name]).all()


def test_the_command_line_needs_no_heavy_library():
    code = (
        "import sys, io, contextlib\nfrom tolls.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = main(['fit', {str(SHIPPED)!r}, '--seed', '1', '--json'])\n"
        "print(code, *{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    status, *loaded = done.stdout.split()
    assert status == "0"
    heavy = {"pymc", "pytensor", "nutpie", "pandas", "xarray", "matplotlib", "arviz", "numba"}
    assert not heavy & set(loaded)


def failing(evidence, seed):
    """A collapsed engine whose weights are no good."""
    found = collapsed_run(evidence, seed)
    log_weight = np.zeros_like(found.weighted.log_weight)
    log_weight[:50] = np.linspace(5, 30, 50)
    return replace(found, weighted=replace(found.weighted, log_weight=log_weight))


collapsed_run = collapsed.run


def test_a_proposal_that_settles_late_is_given_the_rounds_it_needs():
    """Lists of thousands beside hundreds of dead: ten rounds left 140 effective draws."""
    simulated = tolls.simulate(searching(), seed=1119240970)
    estimate = tolls.fit(simulated.case, seed=3279338939, engine="collapsed")
    assert estimate.diagnostics.ess > 1000


def test_where_its_diagnostics_fail_collapsed_is_refused(monkeypatch):
    monkeypatch.setattr(collapsed, "run", failing)
    with pytest.raises(EstimateRefused, match="k-hat"):
        tolls.fit(one_report_each([57], "C"), seed=1, engine="collapsed")


@pytest.mark.parametrize("why", ["diagnostics", "dimensions"])
def test_auto_falls_back_on_nuts_and_says_why(monkeypatch, why):
    asked = []

    def nuts(evidence, seed, told=()):
        asked.append(told)
        raise InterruptedError

    monkeypatch.setattr(fitting, "_nuts", nuts)
    if why == "diagnostics":
        monkeypatch.setattr(collapsed, "run", failing)
        expected = ("sampled by nuts", "collapsed engine failed", "k-hat", "effective draws")
    else:
        monkeypatch.setattr(collapsed, "MOST_DIMENSIONS", 1)
        expected = ("sampled by nuts", "3 dimensions")
    with pytest.raises(InterruptedError):
        tolls.fit(one_report_each([57], "C"), seed=1)
    assert all(fragment in asked[0][0] for fragment in expected)


def conditionals_of(evidence):
    """A conditional of every source, as two draws would have it."""
    engine = Collapsed(evidence, ThreadPoolExecutor(1))
    z, drawn = np.zeros((2, engine.coordinates.dimension)), SourceDraws(*np.ones((4, 2)))
    given = engine.coordinates.level(z), engine.coordinates.growth(z), z
    return {
        s.name: Conditional.fitted(s, predictors(evidence, s, *given), np.full(2, 0.5), drawn)
        for s in engine.sources
    }


def test_points_go_where_they_lessen_noise_most():
    found = conditionals_of(gather(one_report_each([100, 110, 3000], "C")))
    first, second, third = found
    sized = collapsed._resized(found, {first: 9.0, second: 3.0, third: 0.01}, 0.5)
    assert sized[first].points > sized[second].points > sized[third].points
    told = sum(x / sized[n].points for n, x in zip(found, (9.0, 3.0, 0.01), strict=True))
    assert told <= 0.5
    quiet = collapsed._resized(found, dict.fromkeys(found, 0.01), 0.5)
    assert {c.size for c in quiet.values()} == {5}
    # where no number of points would do, all have the largest
    loud = collapsed._resized(found, dict.fromkeys(found, 1e6), 0.5)
    assert {c.size for c in loud.values()} == {55}
