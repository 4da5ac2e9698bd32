"""A bar that tells how far work is, where it lasts over two seconds and somebody may watch.

On a terminal it stands on stderr; in a notebook it is an output of the cell, for rich shows nothing
there without widgets. When the work is done it is gone from both.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing import parent_process
from threading import Lock, Timer
from typing import Any

from rich.console import Console
from rich.progress import Progress

from tolls import markup

__all__ = ["progress"]

PATIENCE = 2.0  # seconds
STEPS = 100  # of a bar in a notebook: each is a message
_shown = ContextVar("_shown", default=False)  # whether greater work shows how far it is


@contextmanager
def progress(text: str, total: int | None) -> Iterator[Callable[[int], None] | None]:
    """Show how far work is.

    Parameters
    ----------
    text : str
        What is done.
    total : int or None
        Number of steps; None where it is not known.

    Yields
    ------
    callable or None
        Takes the number of steps done; None where no bar can be shown: there is neither a notebook
        nor a terminal, or this is part of greater work, here or in the parent process, that has
        one.
    """
    console = Console(stderr=True)
    watched = console.is_terminal or console.is_jupyter
    if _shown.get() or parent_process() is not None or not watched:
        yield None
        return
    token = _shown.set(True)
    bar: _OnTerminal | _InNotebook
    bar = _InNotebook(text, total) if console.is_jupyter else _OnTerminal(console, text, total)
    timer = Timer(PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield bar.update
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
        _shown.reset(token)


class _OnTerminal:
    """A bar of rich's."""

    def __init__(self, console: Console, text: str, total: int | None) -> None:
        self.bar = Progress(console=console, transient=True)
        self.task = self.bar.add_task(text, total=total)
        self.start, self.stop = self.bar.start, self.bar.stop

    def update(self, done: int) -> None:
        self.bar.update(self.task, completed=done)


class _InNotebook:
    """An output of a cell that is written anew as work goes on, and empty in the end."""

    def __init__(self, text: str, total: int | None) -> None:
        self.text, self.total = text, total
        self.done = 0
        self.handle: Any = None
        self.lock = Lock()  # the timer, the work and the sampler are threads of their own

    def start(self) -> None:
        from IPython.display import DisplayHandle

        with self.lock:
            self.handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self.handle.display(self._page(), raw=True)

    def update(self, done: int) -> None:
        with self.lock:
            shown, self.done = self._step(), done
            if self.handle is not None and self._step() != shown:
                self.handle.update(self._page(), raw=True)

    def stop(self) -> None:
        with self.lock:
            if self.handle is not None:
                self.handle.update({"text/html": ""}, raw=True)
                self.handle = None

    def _step(self) -> int:
        return STEPS * self.done // self.total if self.total else 0

    def _page(self) -> dict[str, str]:
        return {"text/html": markup.gauge(self.text, self._step() / STEPS if self.total else None)}
