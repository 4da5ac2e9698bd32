"""The command line: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tolls
from tolls.cli import main
from tolls.truths import read_truth

SHIPPED = "models/syria-coast-2025"


def write_case(folder: Path, toml: str = "format = 1\n", reports: str | None = None) -> Path:
    """Write a small case folder."""
    table = "source,value,published\nmonitor,120,2025-03-09\n" if reports is None else reports
    (folder / "case.toml").write_text(toml, encoding="utf-8")
    (folder / "reports.csv").write_text(table, encoding="utf-8")
    return folder


def test_check_prints_what_was_understood_on_stdout_alone(capsys):
    assert main(["check", SHIPPED]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for expected in (
        "Syrian coast, March 2025 (massacre, from 2025-03-06 to 2025-03-10)",
        "killed = civilians + security_forces + pro_assad_fighters",
        "SOHR: a monitor that documents deaths; grade B (usually reliable)",
        "Reports: 49 read",
        "used as evidence: 31",
        "relays, set aside: 11",
        "row 26: BBC, 2025-03-09: about 745 civilians as of 2025-03-08 — relays SOHR",
    ):
        assert expected in out


def test_check_tells_of_a_part_above_its_whole(tmp_path, capsys):
    parts = 'format = 1\n[[partitions]]\nof = "killed"\ninto = ["a", "b"]\n'
    rows = (
        "source,category,value,published\nM,,50,2025-03-09\nM,a,120,2025-03-09\nN,a,90,2025-03-09\n"
    )
    assert main(["check", str(write_case(tmp_path, parts, rows))]) == 0
    told = [
        line for line in capsys.readouterr().out.splitlines() if "of which it is a part" in line
    ]
    assert len(told) == 1
    assert "row 3: M states 120 for a and, in row 2, 50 for killed" in told[0]


def test_check_as_of_counts_later_reports_apart(capsys):
    assert main(["check", SHIPPED, "--as-of", "2025-03-08"]) == 0
    assert "published after the cut: 34" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("toml", "reports", "expected"),
    [
        ('format = 1\nkindd = "battle"\n', None, ["case.toml, key kindd", "kind"]),
        ('format = 1\nkind = "batle"\n', None, ["key kind", '"batle"', "battle"]),
        ('format = 1\n[sources.monitor]\ngrupe = "x"\n', None, ["sources.monitor.grupe", "group"]),
        ("format = 1\n", "source,value,published\nmonitor,12O,2025-03-09\n", ["row 2", '"12O"']),
        ("format = 1\n", "source,value,published\nmonitor,9,2025-02-30\n", ["2025-02-30"]),
        ("format = 1\n", "source,value,published\n", ["has no row"]),
        ("format = 1\n", 'source,value,published\n"monitor,1,2025-03-09\n', ["quote"]),
    ],
)
@pytest.mark.parametrize("command", ["check", "fit"])
def test_bad_input_ends_in_a_clear_error_and_exit_code_2(
    tmp_path, capsys, command, toml, reports, expected
):
    arguments = [command, str(write_case(tmp_path, toml, reports))]
    assert main(arguments + ["--seed", "1"] * (command == "fit")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    for word in expected:
        assert word in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "nowhere"],
        ["fit", SHIPPED, "--seed", "-1"],
        ["fit", SHIPPED, "--seed", "1", "--as-of", "yesterday"],
        ["fit", SHIPPED, "--seed", "1", "--as-of", "2025-03-01"],
        ["fit", SHIPPED, "--seed", "1", "--engine", "gibbs"],
        ["fit", SHIPPED, "--seed", "1", "--on-failure", "ignore"],
        ["calibrate", SHIPPED, "--seed", "1", "-n", "0"],
        ["calibrate", SHIPPED, "--seed", "-1", "-n", "1"],
        ["calibrate", SHIPPED, "nowhere", "--seed", "1", "-n", "1"],
    ],
)
def test_bad_arguments_end_in_exit_code_2(capsys, arguments):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")


def test_an_unknown_option_ends_in_exit_code_2(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", SHIPPED, "--sed", "1"])
    assert "--sed" in capsys.readouterr().err


def test_a_bare_table_says_what_was_assumed(tmp_path, capsys):
    write_case(tmp_path)
    assert main(["check", str(tmp_path / "reports.csv")]) == 0
    out = capsys.readouterr().out
    assert "the harm is taken to begin on 2025-03-09" in out
    assert "between 1 and 10,000" in out
    assert "not declared, hence grade F: monitor" in out


def loaded_after(statement: str) -> set[str]:
    """Top-level modules in a fresh process after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_heavy_library():
    heavy = {"pymc", "pytensor", "matplotlib", "pandas", "xarray", "arviz", "nutpie", "scipy"}
    assert not loaded_after("import tolls") & heavy


def test_reading_a_case_loads_no_heavy_library():
    heavy = {"pymc", "pytensor", "matplotlib", "pandas", "xarray", "arviz", "nutpie"}
    assert not loaded_after(f"import tolls; tolls.read_case('{SHIPPED}')") & heavy


def test_fit_prints_in_its_process_what_it_gives_in_this_one(tmp_path, shipped_estimate):
    command = [sys.executable, "-m", "tolls", "fit", SHIPPED, "--seed", "1", "--json"]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    first = subprocess.run(
        [*command, "-o", str(tmp_path)], check=True, capture_output=True, env=alone
    )
    assert first.stdout == (tmp_path / "estimate.json").read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {
        "estimate.json",
        "estimate.nc",
        "estimates.csv",
    }
    found = json.loads(first.stdout)
    assert found["diagnostics"]["ok"] is True
    counts = found["reports"]
    assert counts["read"] == sum(n for fate, n in counts.items() if fate != "read") == 49
    assert [node["node"] for node in found["nodes"]] == [
        "killed",
        "civilians",
        "security_forces",
        "pro_assad_fighters",
        "fighters_both_sides",
    ]
    assert set(found) == {
        "tolls_version", "case", "digest", "seed", "engine", "as_of", "period", "reports",
        "diagnostics", "nodes", "sources", "warnings",
    }  # fmt: skip
    here = json.dumps(shipped_estimate.to_dict(), indent=1, ensure_ascii=False)
    assert first.stdout.decode() == f"{here}\n"


@pytest.mark.parametrize("case", [SHIPPED, "models/paris-2015"])
def test_simulated_reports_are_a_table_that_reads_with_a_truth_to_score_against(
    tmp_path, capsys, case
):
    target = tmp_path / "drawn" / "reports.csv"
    command = ["simulate", case, "--seed", "4", "-o", str(target)]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert err == f"written to {target}\n"
    told = tolls.simulate(tolls.read_case(case), seed=4)
    folder = target.parent
    (folder / "case.toml").write_bytes((Path(case) / "case.toml").read_bytes())
    read = tolls.read_case(folder)
    assert [r.stated() for r in read.reports] == [r.stated() for r in told.case.reports]
    assert [r.as_of for r in read.reports] == [r.as_of for r in told.case.reports]
    (folder / "truth.csv").write_text(out)
    truth = read_truth(folder / "truth.csv", read)
    assert {name: own.low for name, own in truth.tolls.items()} == {
        name: round(size) for name, size in told.tolls.items()
    }
    assert not truth.unscored
    first = target.read_bytes()
    assert main(command) == 0
    assert (target.read_bytes(), capsys.readouterr().out) == (first, out)
    assert main([*command[:2], "--seed", "5", "-o", str(target)]) == 0
    assert target.read_bytes() != first


def test_simulated_reports_do_not_overwrite_the_case(tmp_path, capsys):
    case = write_case(tmp_path)
    table = case / "reports.csv"
    before = table.read_bytes()
    assert main(["simulate", str(case), "--seed", "1", "-o", str(table)]) == 2
    assert "name another file" in capsys.readouterr().err
    assert table.read_bytes() == before


def test_calibrate_prints_the_coverage_writes_it_and_goes_on_from_there(tmp_path, capsys):
    case, folder = write_case(tmp_path), tmp_path / "made"
    command = ["calibrate", str(case), "--seed", "1", "-o", str(folder)]
    assert main([*command, "-n", "2"]) == 0
    first = (folder / "runs.jsonl").read_bytes()
    capsys.readouterr()
    assert main([*command, "-n", "3"]) == 0
    out, err = capsys.readouterr()
    assert "in 3 simulated cases" in out
    assert "95 % intervals" in out
    assert err == f"written to {folder}: calibration.json, coverage.csv\n"
    assert (folder / "runs.jsonl").read_bytes().startswith(first)
    told = json.loads((folder / "calibration.json").read_text())
    assert (told["seed"], told["runs"]) == (1, 3)
    table = (folder / "coverage.csv").read_text().splitlines()
    assert table[0] == "quantity,level,coverage,mc_error,z,runs"
    assert main(["calibrate", str(case), "--seed", "2", "-n", "3", "-o", str(folder)]) == 2
    assert "seed is 1, now 2" in capsys.readouterr().err


def test_an_interrupted_calibration_says_how_it_goes_on(tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tolls.calibration.calibrate", interrupted)
    command = ["calibrate", SHIPPED, "--seed", "1", "-n", "5"]
    assert main([*command, "-o", str(tmp_path)]) == 3
    assert f"goes on from the runs in {tmp_path}" in capsys.readouterr().err
    assert main(command) == 3
    assert capsys.readouterr().err.endswith("interrupted; no file is left half written\n")
