"""Runs commands in processes that are killed, and judges what they leave; a program of its own.

It imports what commands need, once, and runs each command in a copy of itself (fork), so that a
kill falls into the work and not into the imports.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

OLD = b"an older file"
RUNS = "runs.jsonl"


def begun(command: list[str]) -> int:
    """Run a command in a copy of this process, silently."""
    child = os.fork()
    if not child:
        from tolls.cli import main

        os.setpgid(0, 0)
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        os._exit(main(command))
    return child


def done(command: list[str]) -> float:
    """Run a command to its end; return the seconds it took."""
    start = time.monotonic()
    _, status = os.waitpid(begun(command), 0)
    assert status == 0, (command, status)
    return time.monotonic() - start


def faults(folder: Path, whole: dict[str, bytes]) -> list[str]:
    """Say what in a folder is neither the old file nor the new one."""
    found = []
    for path in folder.iterdir():
        content = path.read_bytes()
        if path.name == RUNS:  # a record of runs: whole lines, and the last may be cut off
            lines = content.split(b"\n")[:-1]
            if any(not isinstance(json.loads(line), dict) for line in lines):
                found.append(f"{path.name} holds no record")
        elif path.name not in whole:
            found.append(f"{path.name} is left over")
        elif content not in (OLD, whole[path.name]):
            found.append(f"{path.name} is neither old nor new ({len(content)} bytes)")
    return found


def killed(command: list[str], folder: Path, kills: int, seed: int) -> dict[str, object]:
    """Kill a command at random moments, and let it finish after each; return what was seen."""
    for module in (*FITTING, *(OTHERS if command[0] != "fit" else ())):
        import_module(module)
    drawn = random.Random(seed)
    first = folder / "first"
    lasted = done([*command, "-o", str(first)])
    whole = {path.name: path.read_bytes() for path in first.iterdir() if path.name != RUNS}
    told: list[str] = []
    early = resumed = 0
    target = folder / "killed"
    for kill in range(kills):
        moment = drawn.uniform(0, lasted)
        if kill % 4 == 0:  # begun anew now and then; else what the last kill left is gone on with
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            for name in whole:
                (target / name).write_bytes(OLD)
        child = begun([*command, "-o", str(target)])
        time.sleep(moment)
        os.killpg(child, signal.SIGKILL) if kill % 2 else os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        early += os.WIFEXITED(status)
        told += [f"kill {kill} at {moment:.3f} s: {fault}" for fault in faults(target, whole)]
        resumed += (target / RUNS).exists() and (target / RUNS).read_bytes().count(b"\n") > 1
    done([*command, "-o", str(target)])
    after = {path.name: path.read_bytes() for path in target.iterdir() if path.name != RUNS}
    if after != whole:
        told.append("after the last kill the same command does not give the same files")
    return {"faults": told, "kills": kills, "ended before": early, "resumed": resumed}


def dies_at_three(number: int) -> int:
    """Stand in for a process that runs out of memory."""
    if number == 3:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


FITTING = "tolls.cli", "tolls.collapsed", "tolls.fitting", "pandas", "xarray", "h5netcdf"
OTHERS = (
    "tolls.rendering", "tolls.calibration", "tolls.backtesting", "tolls.figures", "jinja2", "typst",
)  # fmt: skip


if __name__ == "__main__":
    command, folder, kills, seed = json.loads(sys.argv[1])
    print(json.dumps(killed(command, Path(folder), kills, seed)))
