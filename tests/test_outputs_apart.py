"""What is written never takes the place of what was read, nor of what is no ordinary file."""

import json
import os

import pytest
from helpers_hostile import folder_of, limited, refused

import tolls
from tolls.backtesting import HEADER
from tolls.runs import Journal, code_digest


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("estimates.csv", ["fit"]),
        ("reports.svg", ["render"]),
        ("coverage.csv", ["calibrate", "-n", "1"]),
        ("scores.csv", ["backtest"]),
    ],
)
def test_no_command_writes_over_a_table_that_it_read(capsys, tmp_path, name, command):
    folder = folder_of(tmp_path, f'format = 1\nreports = "{name}"\n')
    table = (folder / "reports.csv").rename(folder / name)
    (folder / "truth.csv").write_text("value,date\n5,2025-06-01\n")
    before = table.read_bytes()
    arguments = [command[0], str(folder), *command[1:], "--seed", "1", "-o", str(folder)]
    refused(capsys, arguments, name, "would be written over")
    assert table.read_bytes() == before


PANEL = "event,source,value\na,one,3\n"


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        (["--learn", ""], ["--learn", "is no file"]),
        (["--learn", "  "], ["--learn", "is no file"]),
        (["--learn", "a\0b"], ["--learn", "cannot be a file"]),
        (["--learn", "x" * 5000], ["--learn", "cannot be a file"]),
        (["--learn", "events.csv"], ["--learn", "the file that is read"]),
        (["--learn", "/dev/null"], ["--learn", "device"]),
        (["--learn", "."], ["--learn", "is a folder"]),
        (["--learn", "events.csv/x"], ["events.csv", "cannot be made"]),
        (["--learn", "s.toml", "--measure", "injured"], ["is of the injured"]),
        (["--learn", "out/sources.csv", "-o", "out"], ["sources.csv", "written over"]),
        (["-o", "."], ["events.csv", "written over"]),
        (["-o", "x" * 5000], ["cannot be made"]),
    ],
    ids=lambda given: " ".join(given)[:30],
)
def test_where_a_panel_writes_is_judged_before_it_is_fitted(
    capsys, tmp_path, monkeypatch, options, fragments
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").write_text(PANEL)
    monkeypatch.setattr("tolls.panelfitting.fit_panel", lambda *_, **__: pytest.fail("was fitted"))
    told = refused(capsys, ["panel", "events.csv", "--seed", "1", *options], *fragments)
    assert max(map(len, told)) < 500
    assert (tmp_path / "events.csv").read_text() == PANEL


@pytest.mark.parametrize(
    "name", ["", "  ", "a\0b", "x" * 5000, ".", "/dev/null"], ids=lambda n: n[:9]
)
def test_what_no_file_is_called_is_refused_by_every_command_that_writes_one(
    capsys, tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    folder = folder_of(tmp_path / "case")
    refused(capsys, ["simulate", str(folder), "--seed", "1", "-o", name], "-o")
    refused(capsys, ["import", "csv", str(folder / "reports.csv"), "-o", name], "-o")


def test_an_empty_name_is_no_folder(capsys, tmp_path):
    refused(capsys, ["fit", str(folder_of(tmp_path)), "--seed", "1", "-o", ""], "is no folder")


@pytest.mark.parametrize("what", ["pipe", "link"])
def test_a_pipe_or_link_is_not_replaced_by_a_file(capsys, tmp_path, what):
    folder, target = folder_of(tmp_path / "case"), tmp_path / "out"
    if what == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to(tmp_path / "elsewhere")
    refused(capsys, ["simulate", str(folder), "--seed", "1", "-o", str(target)], "link, device")
    assert not target.is_file()


def test_no_estimate_is_read_from_a_pipe_device_or_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with limited(), pytest.raises(tolls.InputError, match="name an ordinary file"):
            tolls.load(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_record_of_runs_that_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "runs.jsonl")
    with limited(), pytest.raises(tolls.InputError, match="name another folder"):
        Journal(tmp_path, {})


def test_a_record_of_runs_nested_without_end_is_refused(tmp_path):
    (tmp_path / "runs.jsonl").write_bytes(b"[" * 10**5 + b"]" * 10**5 + b"\n")
    with pytest.raises(tolls.InputError, match="is no record of runs"):
        Journal(tmp_path, {})


@pytest.mark.parametrize(
    "changed",
    [
        {"run": "x"}, {"run": 0, "result": 5}, {"run": 0, "result": {"ranked": "x", "prior": {}}},
        {"run": 0, "result": {"ranked": {"toll[killed]": 10**9}, "prior": {}}},
        {"run": 0, "result": {"ranked": {"toll[killed]": float("nan")}, "prior": {}}},
    ],
)  # fmt: skip
def test_a_changed_record_of_a_calibration_is_not_believed(tmp_path, changed):
    case = tolls.read_case(folder_of(tmp_path / "case"))
    header = {"tolls": tolls.__version__, "cases": [case.digest], "seed": 1}
    header["code"] = code_digest()
    lines = [header, {"result": {"ranked": {}, "prior": {}}} | changed]
    (tmp_path / "runs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(tolls.InputError, match="is no record of runs"):
        tolls.calibrate(case, n=1, seed=1, folder=tmp_path)


@pytest.mark.parametrize(
    "result",
    [
        None, {"tolls": {}, "sizes": {}}, {"tolls": {"killed": []}, "sizes": {}, "note": ""},
        {"tolls": {"killed": [-1]}, "sizes": {"killed": [1.0]}, "note": ""},
        {"tolls": {"killed": [1]}, "sizes": {"killed": [float("inf")]}, "note": ""},
    ],
)  # fmt: skip
def test_a_changed_record_of_a_backtest_is_not_believed(tmp_path, result):
    case = tolls.read_case(folder_of(tmp_path / "case"))
    lines = [HEADER, {"run": 0, "result": result}]
    (tmp_path / "runs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(tolls.InputError, match="is no record of runs"):
        tolls.backtest(case, {"killed": 5}, as_of=[1], seed=1, folder=tmp_path)
