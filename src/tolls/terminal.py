"""What the command line takes for a number, what it says, and how it ends when it is told to.

Everything printed passes here: characters from an input or a path that would steer the terminal are
shown as escapes.
"""

import argparse
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import sleep

from tolls.errors import as_given
from tolls.formatting import inert

__all__ = [
    "DONE",
    "FAILED",
    "REFUSED",
    "WRONG_INPUT",
    "say",
    "say_table",
    "tell",
    "watched",
    "whole",
]

DONE, REFUSED, WRONG_INPUT, FAILED = range(4)  # exit codes
GRACE = 0.5  # seconds that a command has to end by itself
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it


def say(text: object) -> None:
    """Print a result to stdout."""
    print(inert(str(text)))


def say_table(text: str) -> None:
    """Print the text of a CSV file: as it is, unless a terminal shows it."""
    print(inert(text) if sys.stdout.isatty() else text, end="")


def tell(text: object) -> None:
    """Print to stderr what is no result."""
    print(inert(str(text)), file=sys.stderr)


def whole(text: str) -> int:
    """Read an integer as it is written here: Python takes 1_0 and digits of every script too."""
    if not re.fullmatch("-?[0-9]{1,19}", text):
        raise argparse.ArgumentTypeError(f"{as_given(text)} is no whole number")
    return int(text)


@contextmanager
def watched(message: Callable[[], str], code: int) -> Iterator[Callable[[], None]]:
    """End the process within a second of Ctrl-C, whatever it is doing.

    Python passes an interrupt on only between two of its own steps, and then waits for threads; a
    compilation or a large case can take minutes. What is written is whole at any moment, so that
    nothing is lost by an end at once.

    Parameters
    ----------
    message : callable
        Gives what is printed then.
    code : int
        The exit code then.

    Yields
    ------
    callable
        Prints the message, once; for whoever handles the interrupt in time.
    """
    told, (ours, systems) = Event(), socket.socketpair()

    def say_once() -> None:
        if not told.is_set():
            told.set()
            text = SHOW_CURSOR * sys.stderr.isatty() + f"{inert(message())}\n"
            os.write(2, text.encode())  # the lock of sys.stderr may be held for ever

    def wait() -> None:
        while got := ours.recv(1):
            if got[0] == signal.SIGINT:
                sleep(GRACE)
                say_once()
                os._exit(code)

    systems.setblocking(False)
    before = signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
    Thread(target=wait, daemon=True).start()
    try:
        yield say_once
    finally:
        signal.set_wakeup_fd(before)
        systems.close()  # an interrupt that came before is still read
