"""Calibration: the model recovers what it simulates, wrong models do not, wherever it runs.

The simulation shares no code with either likelihood. Designs of the wrong models are small, so that
a few runs find them out; the whole model is calibrated as it is.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from distributed import Client, LocalCluster
from helpers import case_of, everything, searching
from helpers_calibration import (
    WRONG,
    all_as_counts,
    hearsay,
    missing_as_dead,
    three_sources,
    whole_model,
)

import tolls
from tolls import calibration
from tolls.calibration import FAMILY, LEVELS, NONE, Calibration, ranked
from tolls.errors import EstimateRefused, InputError
from tolls.ranking import DRAWS, SLOTS

FEW, MORE = 15, 60  # runs that tell a wrong model, and runs of which the toll alone tells it
SEED = 1


def of(case, n, seed=SEED, **options):
    """Calibrate in this process."""
    with ThreadPoolExecutor(1) as executor:
        return ranked(case, n, seed=seed, executor=executor, **options)


def assert_calibrated(found):
    assert found.inside, found
    together = found.summary().set_index("quantity").loc[["all", "toll"]]
    assert (together["z"].abs() < 2.5).all(), found


def test_the_whole_model_is_calibrated():
    assert_calibrated(of(whole_model(), 200))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_model_is_found_out(wrong):
    case, fit_case = WRONG[wrong]
    assert not of(case, FEW, fit_case=fit_case).inside


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_model_is_found_out_with_every_seed(wrong):
    """By the rank of what is wrong after a few runs, and by that of the toll after more.

    A fit that is refused finds it out too: no run is left out.
    """
    case, fit_case = WRONG[wrong]
    for seed in range(1, 11):
        try:
            assert not of(case, FEW, seed, fit_case=fit_case).inside
            found = of(case, MORE, seed, fit_case=fit_case)
        except tolls.EstimateRefused:
            continue
        assert found.to_dict()["p_values"]["toll[killed]"] < 0.05, found


@pytest.mark.slow
def test_reading_everything_as_a_count_is_found_out():
    whole = everything()  # without its estimates, one of which pins the level whatever else is read
    rows = [r.as_row() for r in whole.reports if r.qualifier != "estimate"]
    assert not of(whole.with_reports(rows), 40, fit_case=all_as_counts).inside


@pytest.mark.slow
def test_taking_the_missing_for_dead_is_found_out():
    assert not of(searching(), 40, fit_case=missing_as_dead).inside


def by_nuts(case, seed):
    return tolls.fit(case, seed=seed, engine="nuts")


@pytest.mark.slow
def test_nuts_is_calibrated():
    assert_calibrated(of(everything(), 200, fit_case=by_nuts))


@pytest.mark.slow
def test_a_thousand_cases_are_calibrated(tmp_path):
    assert_calibrated(tolls.calibrate(whole_model(), 1000, seed=SEED, folder=tmp_path))


def test_numbers_are_the_same_wherever_they_are_drawn_and_taken_up_again(tmp_path):
    case, n = three_sources(), 6
    here = of(case, n)
    assert here.ranks.shape == (n, len(here.quantities))
    np.testing.assert_array_equal(of(case, n - 2).ranks, here.ranks[: n - 2])
    assert (of(case, n, SEED + 1).ranks != here.ranks).any()
    of(case, 2, folder=tmp_path)
    in_processes = tolls.calibrate(case, n, seed=SEED, folder=tmp_path)
    again = of(case, n, folder=tmp_path, fit_case=None)  # nothing is left to fit
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        on_dask = tolls.calibrate(case, n, seed=SEED, executor=client.get_executor())
    for other in (in_processes, again, on_dask):
        assert other.quantities == here.quantities
        np.testing.assert_array_equal(other.ranks, here.ranks)


def test_a_folder_of_another_calibration_is_refused(tmp_path):
    of(hearsay(), 1, folder=tmp_path)
    with pytest.raises(InputError, match="seed is 1, now 2"):
        of(hearsay(), 1, 2, folder=tmp_path)
    with pytest.raises(InputError, match=r"cases is .*, now"):
        of(three_sources(), 1, folder=tmp_path)


def test_runs_of_another_code_are_refused(tmp_path, monkeypatch):
    of(hearsay(), 1, folder=tmp_path)
    monkeypatch.setattr(calibration, "code_digest", lambda: "another")
    with pytest.raises(InputError, match=r"code is .*, now another"):
        of(hearsay(), 1, folder=tmp_path)


def refused(case, seed):
    raise EstimateRefused("too few effective draws", None)


def test_a_refused_fit_fails_the_calibration(tmp_path):
    with pytest.raises(EstimateRefused, match=f"of seed {SEED} .*: too few effective draws"):
        of(three_sources(), 3, folder=tmp_path, fit_case=refused)


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "10", 10**7])
def test_a_number_of_runs_that_is_none_is_refused(n):
    with pytest.raises(InputError, match=r"n: .* allowed: 1 to 1,000,000"):
        tolls.calibrate(three_sources(), n, seed=1)


def test_what_is_no_case_and_a_bad_seed_are_refused():
    for case in ([], ["models/syria-coast-2025"]):
        with pytest.raises(InputError, match=r"tolls\.read_case"):
            tolls.calibrate(case, 1, seed=1)
    with pytest.raises(InputError, match="seed"):
        tolls.calibrate(three_sources(), 1, seed=-1)
    nothing = case_of({"value": 0, "qualifier": "at_least"})
    with pytest.raises(InputError, match="no report is left"):
        tolls.calibrate(nothing, 1, seed=1)


def invented(columns, case=None):
    """Return a calibration with these ranks, by name of quantity."""
    ranks = np.array(list(columns.values())).T
    return Calibration((case or three_sources(),), 1, tuple(columns), ranks)


def test_coverage_counts_the_ranks_between_the_ends():
    spread = np.arange(SLOTS)
    narrow = 20 + spread % 160
    table = invented({"kappa": spread, "eta": narrow}).summary().set_index(["quantity", "level"])
    for level in LEVELS:
        assert table.loc[("kappa", level), "coverage"] == pytest.approx(level)
        error = np.sqrt(level * (1 - level) / SLOTS)
        assert table.loc[("kappa", level), "mc_error"] == pytest.approx(error)
        assert table.loc[("kappa", level), "z"] == pytest.approx(0)
        assert table.loc[("kappa", level), "runs"] == SLOTS
    assert table.loc[("eta", 0.8), "coverage"] == 1
    assert table.loc[("all", 0.8), "coverage"] == pytest.approx(0.9)


def test_quantities_that_hang_together_give_no_more_runs():
    one = np.random.default_rng(1).integers(SLOTS, size=300)
    table = invented({f"bias[{i}]": one for i in range(8)}).summary().set_index("quantity")
    assert table.loc["bias", "mc_error"].to_numpy() == pytest.approx(
        table.loc["bias[0]", "mc_error"].to_numpy(), rel=0.2
    )
    assert (table.loc["bias", "coverage"].to_numpy() == table.loc["bias[3]", "coverage"]).all()


def test_runs_without_a_quantity_are_left_out_of_it():
    rng = np.random.default_rng(1)
    often, seldom = rng.integers(SLOTS, size=(2, 400))
    seldom[::2] = NONE
    found = invented({"toll[killed]": often, "toll[injured]": seldom})
    assert len(found.of("toll[injured]")) == 200
    runs = found.summary().set_index("quantity")["runs"]
    assert set(runs["toll[injured]"]) == {200}
    assert set(runs["toll[killed]"]) == set(runs["toll"]) == {400}
    assert found.inside
    with pytest.raises(InputError, match="allowed: toll"):
        found.of("toll[missing]")


def test_the_band_holds_all_quantities_together_as_often_as_it_says():
    rng, drawn, kinds = np.random.default_rng(1), 400, 12
    inside = [
        invented({f"bias[{k}]": rng.integers(SLOTS, size=50) for k in range(kinds)}).inside
        for _ in range(drawn)
    ]
    # four standard errors; a little more than 0.95 where bands are discrete
    assert FAMILY - 4 * np.sqrt(FAMILY * (1 - FAMILY) / drawn) < np.mean(inside) < 0.98


def test_lines_inside_and_p_value_tell_the_same():
    rng = np.random.default_rng(2)
    ranks = {f"bias[{k}]": rng.integers(SLOTS, size=200) for k in range(5)}
    for found in (invented(ranks), invented(ranks | {"bias[4]": rng.integers(150, size=200)})):
        crossed = [
            name
            for name in found.quantities
            for _, share, low, high in [found.ecdf(name)]
            if ((share < low) | (share > high)).any()
        ]
        assert crossed == [] if found.inside else crossed == [found.furthest] == ["bias[4]"]
        assert found.inside == (found.p_value > 1 - FAMILY)
    assert not found.inside


def test_a_calibration_tells_what_it_found():
    rng = np.random.default_rng(1)
    names = ("toll[<b>]", "toll[south]", "kappa", "log_likelihood")
    found = invented({name: rng.integers(SLOTS, size=300) for name in names})
    text, html = repr(found), found._repr_html_()
    assert text.startswith(
        "Case: in 300 simulated cases, each fitted and none left out, the ranks of the truth of 4 "
        "quantities lie inside the band that holds all of them with 95 % probability"
    )
    assert [line.split()[0] for line in text.splitlines()[3:]] == [
        "all", "toll", "kappa", "log_likelihood",
    ]  # fmt: skip
    assert found.furthest in text
    assert "<b>" not in html
    assert "95 % intervals" in html
    told = found.to_dict()
    assert told["inside"] is True
    assert told["runs"] == 300
    assert told["furthest"] == found.furthest
    assert set(told["p_values"]) == set(names)
    assert DRAWS == 199  # said in the docstring of `Calibration`
