"""Panels as Parquet: numbers of the data frames, block by block, whole files or the old ones."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers_hostile import refused
from helpers_panel import ROWS, TRUTH
from helpers_panel import panel as read_in
from pyarrow import parquet
from test_kills import contents, files_of_at_most

import tolls
from tolls import panelstorage
from tolls.cli import main
from tolls.constants import VERSION
from tolls.convergence import Diagnostics
from tolls.panel import Panel
from tolls.paneltolls import toll_posteriors

FORMULA = '=HYPERLINK("x")'
NAMES = [f"{name}.parquet" for name in ("conflicts", "events", "sizes", "sources", "tolls")]
THRESHOLD = 4


def made(rows=ROWS, truth=TRUTH, seed=1):
    """A panel whose draws are starts of chains: what is written is tested, not what is learned."""
    reports, verified, space, density = read_in(rows, truth, THRESHOLD)
    draws = np.array([space.start(seed + i) for i in range(6)])
    return Panel(
        "killed", reports, verified, dict.fromkeys(reports.events, "event"), THRESHOLD, space,
        density.patterns, toll_posteriors(density, draws), draws[None],
        Diagnostics(True, 1000.0, 1.0, 0, None, {}), "nuts", seed, "sha256:" + "0" * 64,
    )  # fmt: skip


@pytest.fixture(scope="module")
def panel():
    rows = [*ROWS, {"event": FORMULA, "source": "-2+3", "value": 12}]
    rows += [{"event": FORMULA, "source": "one", "value": 5000}]
    rows += [{"event": f"event {i}", "source": "two", "value": i % 40} for i in range(60)]
    return made(rows)


@pytest.fixture(scope="module")
def folder(panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    tolls.write_panel(panel, folder / "new")
    return folder / "new"


def test_tables_come_back_as_the_data_frames(panel, folder):
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    for name in ("sources", "sizes", "events", "conflicts"):
        frame = getattr(panel, name)
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), frame)
        other = pl.read_parquet(folder / f"{name}.parquet")
        assert other.columns == list(frame.columns)
        expected = frame.astype(object).where(frame.notna(), None)
        assert other.rows() == list(expected.itertuples(index=False, name=None))


def test_names_that_begin_as_formulas_stay_as_they_are(panel, folder):
    assert FORMULA in pl.read_parquet(folder / "events.parquet")["event"].to_list()
    assert FORMULA in pl.read_parquet(folder / "tolls.parquet")["event"].to_list()
    assert "-2+3" in pl.read_parquet(folder / "sources.parquet")["source"].to_list()


def test_posteriors_of_all_events_are_those_of_each(panel, folder):
    table = pd.read_parquet(folder / "tolls.parquet")
    assert table["event"].unique().tolist() == list(panel.reports.events)
    for event, own in table.groupby("event"):
        pd.testing.assert_frame_equal(
            own.drop(columns="event").reset_index(drop=True), panel.toll(event)
        )
    other = pl.read_parquet(folder / "tolls.parquet")
    assert other.rows() == list(table.itertuples(index=False, name=None))


@pytest.mark.parametrize("rows", [1, 100, 1000])
def test_blocks_make_row_groups_and_change_no_number(panel, folder, tmp_path, monkeypatch, rows):
    monkeypatch.setattr(panelstorage, "ROWS", rows)
    tolls.write_panel(panel, tmp_path)
    for name in NAMES:
        whole, parts = (parquet.ParquetFile(at / name) for at in (folder, tmp_path))
        groups = [parts.metadata.row_group(i).num_rows for i in range(parts.num_row_groups)]
        assert max(groups, default=0) <= rows
        assert parts.read().equals(whole.read(), check_metadata=True)
    found = panel.posteriors
    held = [table.num_rows for table in panelstorage._posteriors(panel)]
    most = np.diff(found.begin).max()  # cells of one event, which stand together
    assert max(held) <= max(rows, most)
    assert len(held) >= sum(held) / max(rows, most)
    assert len(held) > 1


def test_a_table_without_rows_has_the_types_of_one_with_rows(panel, folder, tmp_path):
    calm = replace(
        panel,
        posteriors=replace(
            panel.posteriors, gross=tuple(np.zeros_like(g) for g in panel.posteriors.gross)
        ),
    )
    tolls.write_panel(calm, tmp_path)
    there = parquet.read_schema(tmp_path / "conflicts.parquet")
    assert parquet.read_metadata(tmp_path / "conflicts.parquet").num_rows == 0
    assert len(panel.conflicts)
    assert there.equals(parquet.read_schema(folder / "conflicts.parquet"))


@pytest.mark.parametrize("threshold", [THRESHOLD, None])
def test_every_table_says_what_it_was_made_from(panel, tmp_path, threshold):
    tolls.write_panel(replace(panel, threshold=threshold), tmp_path)
    for name in NAMES:
        about = json.loads(parquet.read_schema(tmp_path / name).metadata[b"tolls"])
        assert about == {
            "version": VERSION, "measure": "killed", "digest": panel.digest, "engine": "nuts",
            "seed": 1, "threshold": threshold,
        }  # fmt: skip


def test_the_same_panel_is_written_in_the_same_bytes(panel, folder, tmp_path):
    tolls.write_panel(panel, str(tmp_path))
    assert contents(tmp_path) == contents(folder)


def test_on_a_full_disk_all_tables_stay_as_they_were(panel, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")
    with (
        files_of_at_most(5000),
        pytest.raises(OSError, match=r"cannot be written \(File too large\)") as caught,
    ):
        tolls.write_panel(panel, tmp_path)
    assert caught.value.filename in [str(tmp_path / name) for name in NAMES]
    assert contents(tmp_path) == dict.fromkeys(NAMES, b"old")


def test_a_panel_that_is_cut_off_leaves_the_old_tables(panel, tmp_path, monkeypatch):
    for name in NAMES:
        (tmp_path / name).write_bytes(b"old")

    def posteriors(_):
        yield next(found)
        raise KeyboardInterrupt

    monkeypatch.setattr(panelstorage, "ROWS", 100)
    found = panelstorage._posteriors(panel)
    monkeypatch.setattr(panelstorage, "_posteriors", posteriors)
    with pytest.raises(KeyboardInterrupt):
        tolls.write_panel(panel, tmp_path)
    assert contents(tmp_path) == dict.fromkeys(NAMES, b"old")


def test_what_is_no_panel_or_folder_is_refused(panel, tmp_path):
    with pytest.raises(tolls.InputError, match="panel: is a str; allowed: a Panel"):
        tolls.write_panel("panel", tmp_path)
    with pytest.raises(tolls.InputError, match="is no name of a file or folder"):
        tolls.write_panel(panel, " ")
    (tmp_path / "file").write_text("")
    with pytest.raises(tolls.InputError, match="cannot be made"):
        tolls.write_panel(panel, tmp_path / "file")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Arguments of a command in a folder of its own, which fits in no time."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports.csv").write_text("event,source,value\na,one,3\n", encoding="utf-8")
    monkeypatch.setattr("tolls.panelfitting.fit_panel", lambda *_, **__: made())
    return ["panel", "reports.csv", "--seed", "1"]


def test_the_command_writes_parquet_instead(command, tmp_path, capsys):
    assert main([*command, "-o", "out", "--parquet"]) == 0
    told = capsys.readouterr()
    assert f"written to out: {', '.join([*NAMES[:2], 'panel.json', *NAMES[2:]])}" in told.err
    assert sorted(contents(tmp_path / "out")) == sorted([*NAMES, "panel.json"])
    head = json.loads((tmp_path / "out" / "panel.json").read_text(encoding="utf-8"))
    whole = made().to_dict()
    assert set(whole) - set(head) == {"events", "conflicts"}
    assert head["sources"] == whole["sources"]
    assert head["digest"] == whole["digest"]


def test_only_who_asks_for_every_event_in_json_has_it_made(command, monkeypatch, capsys):
    monkeypatch.setattr(Panel, "to_dict", lambda *_, **asked: asked)
    kept = []
    monkeypatch.setattr("tolls.storage.as_json", lambda content: kept.append(content) or "{}")
    for options in ([], ["-o", "out"], ["-o", "out", "--parquet"], ["--json"]):
        assert main([*command, *options]) == 0
    assert kept == [{"events": True}, {"events": False}, {}]


def test_parquet_without_a_folder_is_refused(command, capsys):
    refused(capsys, [*command, "--parquet"], "--parquet", "name a folder", "-o")


@pytest.mark.parametrize("name", [*NAMES, "panel.json"])
def test_parquet_takes_the_place_of_nothing_that_is_read(command, tmp_path, capsys, name):
    (tmp_path / "reports.csv").rename(tmp_path / name)
    before = contents(tmp_path)
    refused(capsys, ["panel", name, "-o", ".", "--parquet"], name, "would be written over")
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_fitted(
    command, tmp_path, capsys, monkeypatch
):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr("tolls.storage.os.access", lambda *_: False)  # root may write everywhere
    monkeypatch.setattr("tolls.panelfitting.fit_panel", lambda *_, **__: pytest.fail("was fitted"))
    assert main([*command, "-o", "out", "--parquet"]) == 3
    assert "out" in (told := capsys.readouterr().err)
    assert "cannot be written to" in told
    assert not contents(tmp_path / "out")
