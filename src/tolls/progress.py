"""A bar on a terminal's stderr that tells how far work is, where it lasts over two seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from threading import Timer

from rich.console import Console
from rich.progress import Progress

__all__ = ["progress"]

PATIENCE = 2.0  # seconds


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
        Takes the number of steps done; None where no bar can be shown: stderr is no terminal, or
        this is a worker process, whose parent shows how far everything is.
    """
    console = Console(stderr=True)
    if parent_process() is not None or not console.is_terminal:
        yield None
        return
    bar = Progress(console=console, transient=True)
    task = bar.add_task(text, total=total)
    timer = Timer(PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done: bar.update(task, completed=done)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
