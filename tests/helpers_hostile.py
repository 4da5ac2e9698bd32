"""Runs bad inputs through the command line as a stranger would, within a time limit.

What every refusal has in common is asserted here: exit 2, no number, no traceback, and messages
that name the file and say what to do. No test lives here.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from helpers import assert_told

from tolls.cli import main

SECONDS = 20  # of computing, far more than any refusal takes
WAIT = 200  # of waiting, which the machine that tests may make long
GOOD = "source,value,published\nMonitor,5,2025-03-09\n"


@contextmanager
def limited(seconds: int = SECONDS) -> Iterator[None]:
    """Raise TimeoutError where something hangs, even in a read that blocks."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = [signal.signal(s, ring) for s in (signal.SIGALRM, signal.SIGPROF)]
    signal.alarm(WAIT)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in zip((signal.SIGALRM, signal.SIGPROF), before, strict=True):
            signal.signal(number, handler)


def refused(
    capsys, arguments: Sequence[str], *fragments: str, file: str = "", seconds: int = SECONDS
) -> list[str]:
    """Run a command that must refuse its input; return the messages.

    One of them holds the file and all fragments.
    """
    with limited(seconds):
        code = main(list(arguments))
    out, err = capsys.readouterr()
    assert code == 2, f"exit {code}\n{out}\n{err}"
    assert out == ""
    assert "Traceback" not in err
    assert not any(ord(c) < 32 and c != "\n" for c in err), repr(err)
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert told, err
    for message in told:
        assert file in message, message
        # what is allowed, or what to do, follows what is wrong
        assert "; " in message or "allowed" in message, message
    assert_told(told, *fragments)
    return told


def folder_of(
    folder: Path, toml: str | bytes = "format = 1\n", reports: str | bytes = GOOD
) -> Path:
    """Write a case folder from raw content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, given in (("case.toml", toml), ("reports.csv", reports)):
        content = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
        (folder / name).write_bytes(content)
    return folder
