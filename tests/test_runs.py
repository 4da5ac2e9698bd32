"""Runs on executors: kept as they come, taken up again, the same wherever they ran."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import threadpoolctl

from tolls.errors import InputError, TollsError
from tolls.runs import NAME, Journal, run_all

HEADER = {"what": "squares", "seed": 1}


def square(number):
    return {"of": number, "is": number * number}


def where_it_runs(number):
    pools = threadpoolctl.threadpool_info()
    return [os.getpid(), *(p["num_threads"] for p in pools if p["user_api"] == "blas")]


def fails_at_three(number):
    if number == 3:
        raise InputError("three is wrong")
    time.sleep(0.01)
    return number


def arguments(count):
    return {number: (number,) for number in range(count)}


def run(work, count, journal=None, **options):
    with ThreadPoolExecutor(1) as executor:
        options = {"executor": executor} | options
        return run_all(work, arguments(count), text="", journal=journal, **options)


def test_results_come_in_the_order_of_the_runs():
    assert run(square, 4) == {n: square(n) for n in range(4)}


def test_finished_runs_are_not_done_again(tmp_path):
    first = run(square, 3, Journal(tmp_path, HEADER))
    assert run(fails_at_three, 3, Journal(tmp_path, HEADER)) == first
    more = run(square, 5, Journal(tmp_path, HEADER))
    assert list(more) == list(range(5))
    lines = (tmp_path / NAME).read_text().splitlines()
    assert json.loads(lines[0]) == HEADER
    assert len(lines) == 6
    assert run(square, 2, Journal(tmp_path, HEADER)) == {n: square(n) for n in range(2)}


def test_a_line_that_was_cut_off_is_done_again_and_nothing_else(tmp_path):
    run(square, 3, Journal(tmp_path, HEADER))
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    journal = Journal(tmp_path, HEADER)
    assert sorted(journal.results) == [0, 1]
    assert run(square, 3, journal) == {n: square(n) for n in range(3)}
    assert path.read_bytes() == whole


def test_runs_of_something_else_are_refused(tmp_path):
    run(square, 1, Journal(tmp_path, HEADER))
    with pytest.raises(InputError, match=r"seed is 1, now 2\); name another folder"):
        Journal(tmp_path, HEADER | {"seed": 2})
    with pytest.raises(InputError, match="version is None, now 3"):
        Journal(tmp_path, HEADER | {"version": 3})


@pytest.mark.parametrize("content", ["", "source,value\nA,3\n", "[1]\n", '{"run": 1}'])
def test_another_file_of_that_name_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / NAME
    path.write_text(content)
    with pytest.raises(InputError, match="is no record of runs"):
        Journal(tmp_path, HEADER)
    assert path.read_text() == content


def test_a_run_that_fails_ends_the_work_and_what_is_done_is_kept(tmp_path):
    with pytest.raises(InputError, match="three is wrong"):
        run(fails_at_three, 50, Journal(tmp_path, HEADER))
    assert {0, 1, 2} <= set(Journal(tmp_path, HEADER).results)
    assert len(Journal(tmp_path, HEADER).results) < 49


def test_processes_share_the_work_with_one_thread_of_linear_algebra_each():
    found = run_all(where_it_runs, arguments(8), text="")
    assert os.getpid() not in {process for process, *_ in found.values()}
    assert {n for _, *threads in found.values() for n in threads} == {1}


SCRIPT = """
import os, time
from tolls.runs import Journal, run_all

def slowly(number):
    time.sleep(0.1)
    return os.getpid()

runs = {{n: (n,) for n in range(1000)}}
{guard}run_all(slowly, runs, text="", journal=Journal({folder!r}, {header}))
"""


def lives(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def written(tmp_path, guard):
    script = tmp_path / "script.py"
    folder = str(tmp_path / "runs")
    script.write_text(SCRIPT.format(guard=guard, folder=folder, header=HEADER))
    return [sys.executable, str(script)], Path(folder)


def test_a_kill_loses_only_the_runs_in_flight_and_leaves_no_process_behind(tmp_path):
    command, folder = written(tmp_path, 'if __name__ == "__main__": ')
    process = subprocess.Popen(command)
    try:
        path, deadline = folder / NAME, time.monotonic() + 60
        while not path.exists() or path.read_bytes().count(b"\n") < 6:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = Journal(folder, HEADER).results
    assert len(done) >= 5
    # runs are begun in order: only those in the hands of a worker may be missing before the last
    assert max(done) - len(done) < (os.cpu_count() or 1)
    deadline = time.monotonic() + 20
    for worker in set(done.values()):
        while lives(worker):
            assert time.monotonic() < deadline, f"process {worker} outlives its parent"
            time.sleep(0.05)


def test_a_script_without_its_guard_is_told_what_it_lacks(tmp_path):
    command, _ = written(tmp_path, "")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    # after it Python may warn of what the dead pool left
    told = [line for line in done.stderr.splitlines() if TollsError.__name__ in line]
    assert any('if __name__ == "__main__":' in line for line in told), told
