"""Kills, interrupts, full disks, closed folders: an old file or a new one, and work that goes on.

`pytest -m slow tests/test_kills.py` kills the four commands at a hundred random moments.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster
from helpers import write_case
from helpers_kills import dies_at_three
from test_runs import HEADER, lives

from tolls.cli import main
from tolls.errors import TollsError
from tolls.runs import NAME, Journal, run_all
from tolls.storage import STALE, write_atomically, write_together

HERE = Path(__file__).parent
TOML = 'format = 1\nkind = "attack"\nstart = 2025-03-06\n'
ROWS = [
    {"source": "Monitor", "value": 30, "published": "2025-03-07"},
    {"source": "Radio", "value": 40, "qualifier": "about", "published": "2025-03-08"},
]
TRUTH = "category,value,date\nkilled,38,2025-06-01\n"
COMMANDS = {
    "fit": ["--seed", "1"],
    "render": ["--seed", "1", "--pdf"],
    "calibrate": ["--seed", "1", "-n", "12"],
    "backtest": ["--seed", "1", "--as-of", "1", "2"],
}


@pytest.fixture
def case(tmp_path):
    """Write a small case with a truth."""
    path = write_case(tmp_path / "case", TOML, ROWS).parent
    (path / "truth.csv").write_text(TRUTH)
    return path


def kill(case, tmp_path, name, kills):
    """Kill a command, in a process of its own; return what was seen."""
    command = [name, str(case), *COMMANDS[name]]
    told = json.dumps([command, str(tmp_path / "made"), kills, 1])
    (tmp_path / "made").mkdir()
    done = subprocess.run(
        [sys.executable, str(HERE / "helpers_kills.py"), told],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_kill_leaves_old_files_or_new_ones(case, tmp_path):
    found = kill(case, tmp_path, "fit", 3)
    assert found["faults"] == []
    assert found["ended before"] < 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kills"), [("fit", 40), ("calibrate", 25), ("backtest", 20), ("render", 15)]
)
def test_a_hundred_kills_leave_old_files_or_new_ones(case, tmp_path, name, kills):
    found = kill(case, tmp_path, name, kills)
    print(name, found)
    assert found["faults"] == []
    assert found["ended before"] < kills / 2


# --- writing --------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from tolls.storage import write_together

for n in range(1_000_000):
    write_together(Path(sys.argv[1]), {name: b"%09d" % n * 30_000 for name in "abc"})
    if not n:
        print(flush=True)
"""


def test_a_kill_while_files_are_written_leaves_each_whole_and_nothing_else(tmp_path):
    for moment in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        with process:
            process.stdout.readline()
            time.sleep(0.013 * moment)
            process.kill()
        contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        others = set(contents) - set("abc")
        # whole, and only if the kill fell between the two steps of one file
        assert len(others) <= 1
        for name in others:
            contents.pop(name)
            (tmp_path / name).unlink()
        numbers = {name: int(content[:9]) for name, content in contents.items()}
        assert all(c == b"%09d" % numbers[n] * 30_000 for n, c in contents.items())
        assert numbers["a"] >= numbers["b"] >= numbers["c"] >= numbers["a"] - 1


def test_what_killed_writers_left_does_not_pile_up(tmp_path):
    for name, age in {".a.old.part": 2 * STALE, ".a.new.part": 0, ".b.old.part": 2 * STALE}.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    write_atomically(tmp_path / "a", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a", ".a.new.part", ".b.old.part"}


def test_where_files_have_names_at_once_they_are_replaced_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE")
    for content in (b"one", b"two"):
        write_together(tmp_path, {"a": content, "b": content})
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == dict.fromkeys("ab", content)


@contextmanager
def files_of_at_most(size):
    """Let the system refuse larger files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("unnamed", [True, False])
def test_on_a_full_disk_all_files_stay_as_they_were(tmp_path, monkeypatch, unnamed):
    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE")
    write_together(tmp_path, {"a": b"old", "b": b"old"})
    with (
        files_of_at_most(1000),
        pytest.raises(OSError, match=r"cannot be written \(File too large"),
    ):
        write_together(tmp_path, {"a": b"new", "b": bytes(2000)})
    assert contents(tmp_path) == {"a": b"old", "b": b"old"}


def test_fit_and_calibrate_on_a_full_disk_say_which_file_and_keep_the_old_ones(
    case, tmp_path, capsys
):
    folder = tmp_path / "made"
    folder.mkdir()
    for name in ("estimate.nc", "estimate.json", "estimates.csv"):
        (folder / name).write_bytes(b"old")
    with files_of_at_most(20_000):
        assert main(["fit", str(case), "--seed", "1", "-o", str(folder)]) == 3
    err = capsys.readouterr().err
    assert err == (
        f"error: {folder / 'estimate.nc'}: cannot be written (File too large); the file is left as "
        "it was\n"
    )
    assert set(contents(folder).values()) == {b"old"}
    journal = Journal(tmp_path / "runs", HEADER)
    journal.put(1, "a")
    before = journal.path.read_bytes()
    with files_of_at_most(1000), pytest.raises(OSError, match="the runs before this one are kept"):
        journal.put(2, "b" * 2000)
    assert journal.path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_computed(
    case, tmp_path, capsys, monkeypatch
):
    # root may write anywhere, and tests are often run by root
    monkeypatch.setattr("tolls.storage.os.access", lambda *_: False)
    monkeypatch.setattr("tolls.fitting.fit", None)
    folder = tmp_path / "closed"
    assert main(["fit", str(case), "--seed", "1", "-o", str(folder)]) == 3
    assert capsys.readouterr().err == f"error: {folder}: cannot be written to; name another\n"


def test_in_a_closed_folder_files_stay_as_they_were(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    write_atomically(folder / "a", b"old")
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path, folder):
        path.chmod(0o555 if path == folder else 0o755)
    user = os.geteuid()
    if not user:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError, match=r"cannot be written \(Permission denied"):
            write_atomically(folder / "a", b"new")
    finally:
        os.seteuid(user)
    assert contents(folder) == {"a": b"old"}


# --- interrupts -----------------------------------------------------------------------------------

STUBBORN = """
import signal, time
from tolls.terminal import watched
signal.signal(signal.SIGINT, lambda *_: None)
with watched(lambda: "interrupted; \\x1b", 3):
    print(flush=True)
    time.sleep(60)
"""


def interrupted(process):
    """Interrupt a process and all that it has started; return message and seconds taken."""
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    return err, time.monotonic() - start


def test_what_does_not_listen_to_an_interrupt_is_ended(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    process.stdout.readline()
    err, seconds = interrupted(process)
    assert (process.returncode, err) == (3, "interrupted; \\u001b\n")
    assert seconds < 5  # a second, on a machine that has time


def begun(case, folder, name, *options):
    """Begin a command in a session of its own."""
    command = [name, str(case), *COMMANDS[name], *options, "-o", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "tolls", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def with_runs(process, folder, count=2):
    """Wait until a command has finished some runs."""
    deadline = time.monotonic() + 120
    while not (folder / NAME).exists() or (folder / NAME).read_bytes().count(b"\n") < 1 + count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(process):
    """Return the processes of a command's session."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "-s", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def test_an_interrupted_calibration_ends_at_once_with_its_workers_and_keeps_its_runs(
    case, tmp_path
):
    folder = tmp_path / "made"
    process = begun(case, folder, "calibrate", "-n", "5000")
    with_runs(process, folder)
    workers = children(process)
    err, seconds = interrupted(process)
    assert process.returncode == 3
    assert err.startswith(f"interrupted; the same command goes on from the runs in {folder}\n")
    assert seconds < 5  # a second, on a machine that has time
    deadline = time.monotonic() + 10
    for worker in workers:
        while lives(worker):
            assert time.monotonic() < deadline, f"process {worker} outlives its parent"
            time.sleep(0.05)
    lines = (folder / NAME).read_bytes().split(b"\n")
    assert len([json.loads(line) for line in lines[1:-1]]) >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [("fit", ()), ("fit", ("--engine", "nuts")), ("render", ()), ("backtest", ())],
)
def test_an_interrupt_ends_every_command_within_a_second(case, tmp_path, name, options):
    for moment in (0.3, 1, 2, 4, 8, 16):
        process = begun(case, tmp_path / "made", name, *options)
        time.sleep(moment)
        if process.poll() is not None:
            process.communicate()
            break
        err, seconds = interrupted(process)
        print(name, *options, moment, f"{seconds:.2f}", process.returncode, err.strip()[-80:])
        assert err.startswith("interrupted; ")
        # Python ends by the signal where it came while generated code ran, whoever caught it
        assert process.returncode in (3, -signal.SIGINT)
        assert seconds < 5


# --- workers that die -----------------------------------------------------------------------------


def test_a_killed_worker_is_reported_with_the_cause_and_the_work_goes_on(tmp_path):
    numbers = {n: (n,) for n in range(8)}
    with pytest.raises(TollsError, match=r"killed \(signal 9\).*memory.*is kept in"):
        run_all(dies_at_three, numbers, text="", journal=Journal(tmp_path, HEADER))
    assert {0, 1, 2} <= set(Journal(tmp_path, HEADER).results)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(TollsError, match=r"killed \(signal 9\)"),
    ):
        run_all(dies_at_three, numbers, text="", executor=pool)
    with ThreadPoolExecutor(1) as pool:
        found = run_all(abs, numbers, text="", executor=pool, journal=Journal(tmp_path, HEADER))
    assert found == {n: n for n in range(8)}


@pytest.mark.slow
def test_a_killed_worker_of_dask_is_reported(tmp_path):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        pytest.raises(TollsError, match=r"a Dask worker ended before its work.*is kept in"),
    ):
        run_all(
            dies_at_three, {n: (n,) for n in range(5)}, text="",
            executor=client.get_executor(), journal=Journal(tmp_path, HEADER),
        )  # fmt: skip
    assert {0, 1, 2} <= set(Journal(tmp_path, HEADER).results)


def test_the_command_line_reports_a_dead_worker_without_a_traceback(capsys, monkeypatch):
    def died(*_, **__):
        raise TollsError("a worker process was killed")

    monkeypatch.setattr("tolls.calibration.calibrate", died)
    assert main(["calibrate", "models/paris-2015", "--seed", "1", "-n", "5"]) == 3
    assert capsys.readouterr().err == "error: a worker process was killed\n"
