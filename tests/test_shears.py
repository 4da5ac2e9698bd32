"""Maps to straighter coordinates: they go back, keep volumes, and say what they claim to say."""

import numpy as np
import pytest
from benchmarks.growing import growing_case
from helpers import evidence_of

import tolls
from tolls.coordinates import Coordinates
from tolls.likelihood import log_known
from tolls.shears import Shears, Sticks, contrasts

NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}
ROWS = [
    {"value": 50, "published": "2025-03-12"},
    {"value": 31, "category": "civilians", "published": "2025-03-20"},
    {"value": 25, "category": "armed", "published": "2025-04-20"},
]  # fmt: skip
SHEARS = Coordinates(
    evidence_of(*ROWS, categories=NESTED, unions={"armed": ["forces", "fighters"]}, kind="battle")
).shears


class Stretched:
    """No shear: it stretches the first coordinate by a function of the second."""

    def straight(self, z):
        moved = z.copy()
        moved[:, 0] *= np.exp(0.1 * z[:, 1])
        return moved


def points(count=20, dimension=8):
    return 1.5 * np.random.default_rng(1).standard_normal((count, dimension))


def volumes(shears):
    """Absolute determinants of the derivative at random points."""
    step, found = 1e-5, []
    for z in points():
        ahead, behind = (shears.straight(z + h * np.eye(len(z))) for h in (step, -step))
        found.append(abs(np.linalg.det((ahead - behind) / (2 * step))))
    return np.array(found)


def test_all_goes_back():
    z = points()
    assert SHEARS.curved(SHEARS.straight(z)) == pytest.approx(z, abs=1e-9)
    assert np.abs(SHEARS.straight(z) - z).max() > 0.1


def test_volumes_stay_as_they_are():
    assert volumes(SHEARS) == pytest.approx(1, abs=1e-7)
    assert np.abs(volumes(Shears([Stretched()])) - 1).max() > 0.1


def test_the_best_reported_parts_are_broken_off_first():
    first, second, _ = SHEARS.steps
    assert first.order[0] == 0  # north and south are spoken of by nobody, civilians are
    assert second.order == (0, 1)
    late = Coordinates(evidence_of({"value": 3, "category": "fighters"}, categories=NESTED))
    assert late.shears.steps[0].order == (2, 0, 1)


def test_what_is_broken_off_is_the_logit_of_a_share_against_what_is_left():
    stick = Sticks(0, (2, 0, 1), 1.5)
    z = points(dimension=2)
    odds = np.exp(1.5 * z @ contrasts(3))
    found = stick.straight(z) @ stick.logits
    assert found[:, 0] == pytest.approx(np.log(odds[:, 2] / (odds[:, 0] + odds[:, 1])))
    assert found[:, 1] == pytest.approx(np.log(odds[:, 0] / odds[:, 1]))


def test_what_was_seen_is_the_level_with_what_was_knowable():
    coordinates = Coordinates(evidence_of(*ROWS[:2], categories=NESTED, kind="battle"))
    first, _, seen = coordinates.shears.steps
    z = points()
    known = log_known(coordinates.evidence.now, coordinates.growth(z), coordinates.evidence)
    moved = seen.straight(z)
    sd = coordinates.level_sd
    assert moved[:, 0] == pytest.approx(z[:, 0] + known[:, 0] / sd)  # as of the report on all
    later = (moved - z)[:, 1:3] @ first.logits
    assert later[:, 0] == pytest.approx(known[:, 1] - known[:, 0])  # civilians, spoken of later
    assert later[:, 1] == pytest.approx(0, abs=1e-12)  # spoken of by nobody
    assert (moved - z)[:, 3:] == pytest.approx(0, abs=1e-12)  # its parts, and how knowledge grows


def test_parts_that_nobody_spoke_of_are_sampled_well(monkeypatch):
    case = growing_case(20, 10, 10)
    with_them = tolls.fit(case, seed=1, engine="collapsed")
    assert with_them.diagnostics.ess >= 2000
    monkeypatch.setattr(Coordinates, "shears", Shears())
    with pytest.raises(tolls.EstimateRefused, match="effective draws"):
        tolls.fit(case, seed=1, engine="collapsed")
