"""Threads of the linear algebra: one per fit, whatever runs beside it.

How many there are would show in the last digits of a fit, and the limit is the process's own: fits
in several threads of one process have to share it.
"""

from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController, threadpool_limits

__all__ = ["ONE_THREAD"]


class _OneThread:
    """A context in which linear algebra has one thread, until the last who entered has left."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                _take_over()
                self._limits = threadpool_limits(1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                _take_over()
                self._limits.restore_original_limits()
                _take_over()


def _take_over() -> None:
    """Let this thread set limits: else it would be the one alone that did so first."""
    for library in ThreadpoolController().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


ONE_THREAD = _OneThread()
