"""Simulation-based calibration of panels: unknowns and tolls are drawn, simulated, and ranked.

    uv run pytest -m slow tests/test_panel_calibration.py

takes half an hour. The simulation shares no code with the density.
"""

import numpy as np
import pytest
from helpers_panel import SCALE, randomised_rank, simulated, unknowns

import tolls
from tolls.panelpriors import mean_offset
from tolls.presets import load_presets
from tolls.uniformity import chance, least_tail

RUNS, FEW, SLOTS, EVENTS, THRESHOLD = 80, 15, 100, 40, 4
WRONG = "agreement_mean = 3.0\nagreement_sd = 0.3\n"  # of the table in which SCALE ends


def ranked(folder, runs, scale):
    """Ranks of every unknown, and of one toll that nobody verified, (run, quantity)."""
    presets = load_presets("own.toml", folder)
    found = []
    for seed in range(runs):
        rng = np.random.default_rng([seed, 8])
        made = simulated(rng, presets, events=EVENTS, threshold=THRESHOLD)
        panel = tolls.fit_panel(
            made.rows, made.truth or None, seed=seed, reliability=scale,
            threshold=THRESHOLD if made.truth else None,
        )  # fmt: skip
        if not made.truth:
            continue  # nothing verified: another model, without the share listed
        ranks = []
        for name, values in unknowns(panel).items():
            true = made.unknowns[name]
            if name == "offset":
                values, true = mean_offset(values), mean_offset(true)
            thin = values[np.linspace(0, len(values) - 1, SLOTS - 1).astype(int)]
            ranks.append(np.ravel((thin < true).sum(axis=0)))
        event = rng.choice([e for e in made.tolls if e not in made.truth])
        place = randomised_rank(made.tolls[event], panel.toll(event).to_numpy().T, rng)
        ranks.append(np.array([min(int(place * SLOTS), SLOTS - 1)]))
        found.append(np.concatenate(ranks))
    return np.array(found)


def family_wise(ranks):
    """Probability of the quantity that is farthest from uniform, were all so (Bonferroni)."""
    each = [chance(least_tail(own, SLOTS), len(own), SLOTS) for own in ranks.T]
    return min(each) * len(each)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(SCALE, encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(SCALE + WRONG, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_panels_are_calibrated(folder):
    ranks = ranked(folder, RUNS, "own.toml")
    assert len(ranks) > 0.8 * RUNS  # in the others nothing was verified
    assert family_wise(ranks) > 0.05
    inside = np.mean(np.abs(ranks[:, -1] - SLOTS / 2) < 0.45 * SLOTS)
    assert abs(inside - 0.9) < 2.5 * np.sqrt(0.09 / len(ranks))


@pytest.mark.slow
def test_a_panel_with_wrong_priors_is_found_out(folder):
    assert family_wise(ranked(folder, FEW, "wrong.toml")) < 0.05
