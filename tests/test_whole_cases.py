"""Whole valid cases: every one is estimated in finite numbers, or refused for a stated reason.

`pytest -m slow tests/test_whole_cases.py` takes 2,000 of them through the collapsed engine.
"""

import pytest
from helpers_cases import answers, assert_finite, cases, kept
from hypothesis import HealthCheck, Phase, given, seed, settings

import tolls
from tolls.errors import EstimateRefused, InputError

PARTS, EACH = 80, 25  # of the 2,000: parts run apart, for Hypothesis varies what it drew before
DRAWN = settings(
    max_examples=EACH, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def estimated(case, number=1):
    """The estimate of a case, or none where it was refused for a reason that is told."""
    try:
        return tolls.fit(case, seed=number, engine="collapsed")
    except EstimateRefused as refused:
        reasons = refused.estimate.diagnostics.reasons
        assert reasons
        assert all("k-hat" in r or "effective draws" in r for r in reasons), reasons
        assert_finite("k-hat", refused.estimate.diagnostics.khat)
        for values in refused.estimate.posterior.values():
            assert_finite("what is known of what is refused", values)
    except InputError as error:
        assert_stated(error)
    return None


def assert_stated(error, *others):
    """Assert that a valid case is refused as input for nothing but these reasons."""
    reasons = ("no report is left", "no number holds", *others)
    assert any(reason in str(error) for reason in reasons), error


@settings(max_examples=6, phases=[Phase.generate])
@given(cases())
def test_any_valid_case_is_estimated_or_refused_for_a_reason(tmp_path_factory, case):
    if estimate := estimated(case):
        answers(estimate)
        kept(estimate, tmp_path_factory.mktemp("kept") / "estimate.nc")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_two_thousand_valid_cases_are_estimated_or_refused_for_a_reason(tmp_path, part):
    refused = []

    @seed(part)
    @DRAWN
    @given(cases())
    def taken_through(case):
        estimate = estimated(case, part)
        refused.append(estimate is None)
        if estimate:
            answers(estimate)
            if len(refused) % 5 == 0:
                kept(estimate, tmp_path / "estimate.nc")

    taken_through()
    assert len(refused) == EACH


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_what_is_simulated_like_a_case_is_estimated_too(part):
    @seed(100 + part)
    @settings(DRAWN, max_examples=5)
    @given(cases())
    def taken_through(case):
        try:
            simulated = tolls.simulate(case, seed=part)
        except InputError as error:
            # under a wide range tolls are drawn that no report may state
            return assert_stated(error, "out of range; allowed: 0 to 1,000,000,000")
        assert_finite("simulated tolls", list(simulated.tolls.values()))
        if estimate := estimated(simulated.case):
            answers(estimate)

    taken_through()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_what_a_case_rests_on_is_told_in_finite_numbers(part):
    @seed(200 + part)
    @settings(DRAWN, max_examples=3)
    @given(cases())
    def taken_through(case):
        try:
            found = tolls.sensitivity(case, seed=part, engine="collapsed")
        except (EstimateRefused, InputError):
            return
        table = found.summary()
        told = table[table["method"] != "refused"]
        assert_finite("scenarios", told[["median", "lo", "hi"]])
        assert_finite("shares", found.shares()["share"])
        assert "nan" not in repr(found).split()

    taken_through()
