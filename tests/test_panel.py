"""Panels: tolls of events are exact, what is simulated is found again, and all is told."""

import numpy as np
import pytest
from distributed import Client, LocalCluster
from helpers_panel import (
    ROWS,
    SCALE,
    TRUTH,
    by_hand,
    contented,
    panel,
    randomised_rank,
    simulated,
    unknowns,
)

import tolls
from tolls import panelchains
from tolls.errors import EstimateRefused, InputError
from tolls.panel import Panel, _told
from tolls.panelchains import Settings
from tolls.paneldensity import Density
from tolls.panelfitting import _noted
from tolls.paneltolls import toll_posteriors
from tolls.presets import load_presets

THRESHOLD = 4


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A simulated panel, and its fit."""
    folder = tmp_path_factory.mktemp("panel")
    (folder / "scale.toml").write_text(SCALE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        presets = load_presets("scale.toml", folder)
        made = simulated(np.random.default_rng(3), presets, events=120, threshold=THRESHOLD)
        found = tolls.fit_panel(
            made.rows, made.truth, seed=1, threshold=THRESHOLD, reliability="scale.toml"
        )
    return made, found


@pytest.mark.parametrize("seed", range(3))
def test_tolls_of_events_are_the_sum_over_every_record(seed):
    reports, verified, space, density = panel()
    point = space.start(seed)
    point[space.slices["law"]] = [0.3, -0.5, 1.0 + 0.2 * seed, 0.5 - 0.4 * seed, -0.6]
    found = toll_posteriors(density, point[None])
    hand = list(by_hand(reports, verified, space.natural(point), THRESHOLD))
    for place, pattern in enumerate(density.patterns.patterns):
        low, high, mass = found.of(place)
        assert mass.sum() == pytest.approx(1, abs=1e-12)
        weight, gross = hand[pattern.events[0]]
        lone = (low == high) & (low <= 14)  # beyond, cells hold several numbers
        # cells beyond 16 people are looked at in their middle
        np.testing.assert_allclose(mass[lone], weight[low[lone]] / weight.sum(), atol=2e-4)
        np.testing.assert_allclose(found.gross[place], gross, atol=2e-4)


def test_what_is_verified_is_known_and_what_is_not_is_not(known):
    made, found = known
    for event, toll in list(made.truth.items())[:20]:
        assert found.toll(event).to_numpy().tolist() == [[toll, toll, 1.0]]
    events = found.events.set_index("event")
    assert (events.loc[list(made.truth), "verified_lo"] == list(made.truth.values())).all()
    assert events["verified_lo"].isna().sum() == len(made.tolls) - len(made.truth)


def test_unknowns_behind_a_panel_are_inside_their_intervals(known):
    made, found = known
    outside = total = 0
    for name, values in unknowns(found).items():
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        inside = (low <= made.unknowns[name]) & (made.unknowns[name] <= high)
        outside, total = outside + np.sum(~inside), total + np.size(inside)
    # 5 % of 50 that hang together; eight and more are one in a hundred of independent ones
    assert total == 50
    assert outside < 8


def ranks(made, toll_of, rng):
    """Randomised ranks of the tolls that nobody verified, among their posteriors."""
    for event, toll in made.tolls.items():
        if event in made.truth:
            continue
        yield randomised_rank(toll, toll_of(event), rng)


def beyond(rank, level):
    """By how many errors the share of ranks in the middle differs from the level."""
    inside = np.mean(np.abs(rank - 0.5) < level / 2)
    return abs(inside - level) / np.sqrt(level * (1 - level) / len(rank))


def test_intervals_of_tolls_hold_what_they_say(known):
    made, found = known

    def toll_of(event):
        return found.toll(event).to_numpy().T

    rank = np.array(list(ranks(made, toll_of, np.random.default_rng(1))))
    assert max(beyond(rank, level) for level in (0.5, 0.8, 0.9, 0.95)) < 3


def test_sources_that_are_believed_too_much_are_found_out(known):
    made, found = known
    density = Density(found.patterns, found.space, THRESHOLD)
    points = found.draws.reshape(-1, found.space.dimensions)[::40].copy()
    points[:, found.space.slices["gross"]] = -8.0
    points[:, found.space.slices["agreement"]] = 6.0
    for name in ("offset", "record"):  # all count alike, and the record is the toll
        points[:, found.space.slices[name]] = -8.0
    wrong = toll_posteriors(density, points)
    place = {e: i for i, p in enumerate(found.patterns.patterns) for e in p.events}

    def toll_of(event):
        return wrong.of(place[found.reports.events.index(event)])

    rank = np.array(list(ranks(made, toll_of, np.random.default_rng(1))))
    assert max(beyond(rank, level) for level in (0.5, 0.8, 0.9, 0.95)) > 3


def test_tables_tell_of_all_sources_events_and_conflicts(known):
    made, found = known
    assert found.sources["source"].tolist() == ["source 0", "source 1", "source 2"]
    assert found.sources["reports"].sum() == len(made.rows) == found.reports.counts["used"]
    for name in ("repeats", "gross", "bias", "spread", "definition", "offset"):
        assert (found.sources[f"{name}_lo"] <= found.sources[name]).all()
        assert (found.sources[name] <= found.sources[f"{name}_hi"]).all()
    assert found.events["event"].tolist() == list(made.tolls)
    assert (found.events["lo"] <= found.events["hi"]).all()
    assert (found.conflicts["gross"] > 0.5).all()
    assert found.conflicts["gross"].is_monotonic_decreasing
    doubted = set(found.events.loc[found.events["conflict"] > 0.5, "event"])
    assert set(found.conflicts["event"]) <= doubted
    text = found.summary()
    assert f"{len(made.rows):,} counts of killed by 3 sources in 120 events" in text
    assert f"{len(made.truth)} of them verified later" in text
    assert "Diagnostics sound" in text
    assert "<table" in found._repr_html_()


def test_sizes_are_those_of_the_tolls(known):
    made, found = known
    tolls_made, own = np.array(list(made.tolls.values())), made.unknowns
    table = found.sizes.set_index("at_least")
    assert table["events"].tolist() == [120] * 4
    assert table["share"].is_monotonic_decreasing
    # of the law from which tolls were drawn, and of the tolls themselves within four errors
    deaths = 1 - (1 - own["large"]) * own["no_deaths"]
    assert table["lo"][1] < deaths < table["hi"][1]
    for size, row in table.iterrows():
        error = np.sqrt(max(row["share"] * (1 - row["share"]), 1e-3) / 120)
        assert abs((tolls_made >= size).mean() - row["share"]) < 4 * error
    assert f"Of events {100 * table['share'][1]:.0f} %" in found.summary()


def test_a_count_that_nothing_speaks_against_is_no_conflict(monkeypatch):
    contented(monkeypatch, Settings(100, 100, 0.8))
    lone = tolls.fit_panel([{"event": "a", "source": "x", "value": 3}], seed=1)
    assert lone.posteriors.gross[0][0] == pytest.approx(0.5, abs=0.1)  # as grade F has it
    assert lone.conflicts.empty
    assert lone.to_dict()["sources"][0]["definition"] is None  # a NaN is no JSON
    assert "not told" in lone.summary()
    values = (3, 3, 3, 4000)
    rows = [{"event": "a", "source": s, "value": n} for s, n in zip("wxyz", values, strict=True)]
    against = tolls.fit_panel(rows, {"a": 3}, seed=1)
    assert against.conflicts["source"].tolist() == ["z"]


def test_kinds_are_read_from_a_file_and_have_sizes_of_their_own(monkeypatch, tmp_path):
    contented(monkeypatch, Settings(100, 100, 0.8))
    rows = [
        {"event": f"{kind} {i}", "source": source, "value": value + i % 3}
        for kind, value in (("fall", 1), ("flood", 300))
        for i in range(12)
        for source in ("x", "y")
    ]
    lines = [f"{event},{event.split()[0]}" for event in dict.fromkeys(r["event"] for r in rows)]
    file = tmp_path / "kinds.csv"
    file.write_text("\n".join(["event,kind", *lines, "other,flood"]), encoding="utf-8")
    found = tolls.fit_panel(rows, seed=1, kinds=file)
    table = found.sizes.set_index(["kind", "at_least"])
    assert table["hi"]["fall", 100] < table["lo"]["flood", 100]  # though the tail is long
    assert "Of events (flood)" in found.summary()
    assert any("kind that no report speaks of: 1." in note for note in found.notes)
    file.write_text("\n".join(["event,kind", *lines, "fall 1,Fall"]), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        tolls.fit_panel(rows, seed=1, kinds=file)
    assert '"fall 1" is of two kinds, fall and Fall' in str(caught.value)
    assert '"Fall" differs from "fall" (row 2, column kind) in case' in str(caught.value)


def test_columns_that_are_not_read_are_told(monkeypatch):
    contented(monkeypatch, Settings(100, 100, 0.8))
    row = {"event": "a", "source": "x", "value": 10, "wording": "at least"}
    found = tolls.fit_panel([row, {"event": "b", "source": "x", "valu": 3, "value": ""}], seed=1)
    assert any("not read: wording (rows: 1), valu (rows: 1)" in note for note in found.notes)


def test_an_event_that_nobody_speaks_of_is_named(known):
    with pytest.raises(KeyError, match=r'did you mean "event 12'):
        known[1].toll("evnt 12")


def test_a_panel_that_does_not_converge_is_refused_with_its_draws(monkeypatch):
    monkeypatch.setattr(panelchains, "ATTEMPTS", (Settings(5, 10, 0.8), Settings(5, 10, 0.8)))
    with pytest.raises(EstimateRefused, match="effective draws") as caught:
        tolls.fit_panel(ROWS, TRUTH, seed=1)
    refused = caught.value.estimate
    assert refused.draws.shape[:2] == (4, 10)
    assert sum("sampled again" in note for note in refused.notes) == 1  # once, for two runs
    with pytest.warns(tolls.TollsWarning, match="the panel is refused"):
        tolls.fit_panel(ROWS, TRUTH, seed=1, on_failure="warn")
    with pytest.raises(InputError, match="its diagnostics fail"):
        tolls.learn(refused)


def test_a_note_tells_of_categories_that_no_count_is_of_and_of_verified_tolls_left_out():
    reports, verified, *_ = panel([*ROWS, {**ROWS[0], "category": "Victims"}])
    left = {"other measures": 2, "in no report": 1}
    notes = _noted(reports, ["victims", "ALL", "killed"], verified, left, THRESHOLD)
    assert notes[0] == "Categories that no count is of: victims."
    assert notes[1] == "Verified tolls that were left out: other measures (2), in no report (1)."
    assert notes[2].endswith("for they do not count the toll: Victims (1).")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"measure": "kiled"}, 'measure: "kiled" is unknown; allowed: killed, injured'),
        ({"categories": None}, r'categories: is a NoneType; allowed: names, as \("victims",\)'),
        ({"categories": [3]}, r'categories: is a int; allowed: names, as \("victims",\)'),
        ({"categories": "victims"}, r'categories: is a text; allowed: a tuple, as \("victims",\)'),
        ({"threshold": 4}, "threshold: is that of a register of verified tolls; give truth too"),
        ({"threshold": -1, "truth": TRUTH}, "threshold: is -1; allowed: a toll, 0 or more"),
        ({"threshold": 5, "truth": TRUTH}, "4 is below the register's threshold, 5"),
        ({"kinds": {"a": "flood"}}, 'kinds: events without a kind: 4, among them "b"'),
        ({"sources": {"on": {}}}, '"on" is no known source of the table.* did you mean "one"'),
        ({"sources": {"one": {"grade": "G"}}}, "key sources.one.grade: allowed: a letter A to F"),
        ({"truth": 4}, "truth: is a int; allowed: the name of a file, a DataFrame"),
        ({"truth": {"z": 4}}, "speaks of no event of the reports"),
        ({"on_failure": "ignore"}, 'on_failure: "ignore" is unknown'),
        ({"reliability": "none"}, "none"),
    ],
)
def test_arguments_that_are_wrong_are_told(options, told):
    with pytest.raises(InputError, match=told):
        tolls.fit_panel(ROWS, seed=1, **options)


def fitted(seed):
    """One of many panels, as a worker fits it."""
    return tolls.fit_panel(ROWS, TRUTH, seed=seed, threshold=THRESHOLD)


@pytest.mark.slow
def test_many_panels_are_the_same_on_two_workers_of_dask_and_here():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        there = list(client.get_executor().map(fitted, (1, 2)))
    for seed, other in zip((1, 2), there, strict=True):
        here = fitted(seed)
        assert other.digest == here.digest
        np.testing.assert_array_equal(other.draws, here.draws)
        np.testing.assert_array_equal(other.posteriors.probability, here.posteriors.probability)
    assert (there[0].draws != there[1].draws).any()


def test_one_statement_reads_as_one_and_rows_left_out_are_no_measures():
    rows = [
        *({"event": "a", "source": name, "value": 3} for name in ("one", "two")),
        {"event": "a", "source": "three", "value": 90_000},
        *({"event": "a", "source": name, "value": 3, "measure": "injured"} for name in "xy"),
    ]
    reports, verified, space, density = panel(rows, {"a": 3}, None)
    draws = space.start(1)[None, None]
    found = Panel(
        "killed", reports, verified, {"a": "event"}, None, space, density.patterns,
        toll_posteriors(density, draws[0]), draws, None, "", 1, "sha256:0",
    )  # fmt: skip
    lines = found._lines()
    assert lines[0] == (
        "1 statement is rather a gross error than a count: a: three states 90,000, the toll is 3."
    )
    assert lines[-1] == "5 rows read, 3 used; not used: other measures (2)."


def test_an_offset_of_next_to_nothing_has_no_sign_of_its_own():
    row = {"offset": -0.001, "offset_lo": -0.4, "offset_hi": 0.3}
    assert _told(row, "offset") == "+0.00 (-0.40 to +0.30)"
