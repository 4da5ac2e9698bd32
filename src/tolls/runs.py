"""Many independent runs on any executor, kept in a file as they come, so that work goes on later.

Nothing here knows what a run is: it has a number and a result that JSON can hold.
"""

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any

from tolls.errors import InputError, TollsError, check_path, check_type
from tolls.progress import progress
from tolls.storage import made, write_atomically

__all__ = ["NAME", "Journal", "code_digest", "run_all"]

NAME = "runs.jsonl"
_END_OF_A_DEAD = 5  # seconds to learn what a dead worker died of


@cache
def code_digest() -> str:
    """Return a digest of this package: what another code computed is not taken up."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


class Journal:
    """The results of finished runs in a folder, a line of JSON each below a header.

    A line is written whole or, where the machine stops meanwhile, cut off at its end and ignored
    when the file is read again.

    Parameters
    ----------
    folder : str or Path
        Made where it does not exist.
    header : mapping
        What the runs depend on; a folder with another header is refused.
    sound : callable, optional
        Tells whether a result that the file holds is one: a file may have been changed.

    Attributes
    ----------
    path : Path
    results : dict of int to result
        Of the runs that the file held.

    Raises
    ------
    InputError
        If the folder holds runs of something else, or a file that is no record of runs.
    """

    def __init__(
        self,
        folder: str | Path,
        header: Mapping[str, Any],
        sound: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        check_path("folder", folder)
        self.path = Path(folder) / NAME
        self.results: dict[int, Any] = {}
        made(self.path.parent)
        if not self.path.exists():
            write_atomically(self.path, _line(header))
            return
        if not self.path.is_file():
            raise InputError(f"{self.path}: is a folder, device or pipe; name another folder")
        whole, end, _ = self.path.read_bytes().rpartition(b"\n")
        written, *lines = whole.split(b"\n")
        try:
            found = json.loads(written)
            differing = [key for key in header if found.get(key) != header[key]]
            held = {} if differing else {r["run"]: r["result"] for r in map(json.loads, lines)}
            if not all(type(run) is int and sound(result) for run, result in held.items()):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(
                f"{self.path}: is no record of runs; name another folder, or delete the file"
            ) from None
        if differing:
            told = "; ".join(f"{k} is {found.get(k)}, now {header[k]}" for k in differing)
            raise InputError(
                f"{self.path}: holds runs of something else ({told}); name another folder, or "
                "delete the file to start anew"
            )
        self.results = held
        os.truncate(self.path, len(whole + end))

    def put(self, run: int, result: Any) -> None:
        """Add a finished run; it is on the disk when this returns.

        Raises
        ------
        OSError
            If it cannot be written; the message names the file, which is left as it was.
        """
        before = self.path.stat().st_size
        try:
            with self.path.open("ab") as file:
                file.write(_line({"run": run, "result": result}))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            os.truncate(self.path, before)
            why = f"cannot be written ({error.strerror}); the runs before this one are kept"
            raise OSError(error.errno, why, str(self.path)) from None


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def run_all(
    work: Callable[..., Any],
    arguments: Mapping[int, tuple[Any, ...]],
    *,
    text: str,
    executor: Executor | None = None,
    journal: Journal | None = None,
) -> dict[int, Any]:
    """Do every run that a journal does not hold yet.

    Parameters
    ----------
    work : callable
        Takes a run's arguments; can be pickled.
    arguments : mapping of int to tuple
        By the number of the run.
    text : str
        What the progress bar says.
    executor : Executor, optional
        Stays open; processes, one per core, where left out.
    journal : Journal, optional
        Holds results of earlier runs, and is given the new ones.

    Returns
    -------
    dict of int to result
        In the order of `arguments`, whichever run ended first.

    Raises
    ------
    TollsError
        If a worker process has died; the message says why. What a run raises is raised. The other
        runs are called off then, as by an interrupt; those that had ended are kept.
    """
    if executor is not None and not hasattr(executor, "submit"):
        check_type("executor", executor, Executor, "a concurrent.futures.Executor")
    done = {run: r for run, r in (journal.results if journal else {}).items() if run in arguments}
    waiting: dict[Future[Any], int] = {}
    others, workers = set(active_children()), set[BaseProcess]()

    def keep(future: Future[Any]) -> None:
        run, result = waiting[future], future.result()
        if journal:
            journal.put(run, result)
        done[run] = result

    left = [run for run in arguments if run not in done]
    try:
        if left:
            with _ready(executor, len(left)) as pool, progress(text, len(arguments)) as show:
                for run in left:
                    waiting[pool.submit(work, *arguments[run])] = run
                workers = set(active_children()) - others
                for future in as_completed(waiting):
                    keep(future)
                    if show:
                        show(len(done))
    except BaseException as error:
        for future in waiting:
            future.cancel()
        for future, run in waiting.items():
            ended = future.done() and not future.cancelled()
            if run not in done and ended and future.exception() is None:
                keep(future)
        if why := _death(error, workers):
            kept = f"; what was done is kept in {journal.path}" if journal else ""
            raise TollsError(f"{why}{kept}") from error
        raise
    return {run: done[run] for run in arguments}


def _death(error: BaseException, workers: Iterable[BaseProcess]) -> str:
    """Say why a worker has died, if that is the error."""
    if isinstance(error, BrokenProcessPool):
        # the pool tells of the end before it knows the cause; the other workers it ends by SIGTERM
        for worker in workers:
            worker.join(_END_OF_A_DEAD)
        codes = {worker.exitcode for worker in workers} - {None, 0, -signal.SIGTERM}
        if -9 in codes:
            return "a worker process was killed (signal 9), as happens where memory runs out"
        return (
            "a worker process ended before its work: it ran out of memory, was killed, or a script "
            'runs without the guard `if __name__ == "__main__":`, which it needs because every '
            "worker imports the script"
        )
    if type(error).__module__.partition(".")[0] == "distributed":
        return f"a Dask worker ended before its work ({type(error).__name__}: {error})"
    if isinstance(error, CancelledError):
        return "the executor called off a run, as it does where its workers are gone"
    return ""


@contextmanager
def _ready(executor: Executor | None, most: int) -> Iterator[Executor]:
    """Yield the executor that is given, or processes that end afterwards."""
    if executor is not None:
        yield executor
        return
    count = min(os.cpu_count() or 1, most)
    # a spawned process inherits no locks or threads of this one
    context, others = get_context("spawn"), set(active_children())
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin_worker) as pool:
        try:
            yield pool
        except BaseException:
            # nobody waits for what nobody wants any more
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise


def _begin_worker() -> None:
    """Settle a worker process: one thread for linear algebra, and no life after its parent."""
    import numpy as np  # noqa: F401 (so that its linear algebra is there to be told)
    from threadpoolctl import threadpool_limits

    # the processes share the cores already; waiting threads cost 40 % more on two of them
    threadpool_limits(1, user_api="blas")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted, and ends the workers
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the parent's end: the pool's queue alone would keep a killed parent's workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
