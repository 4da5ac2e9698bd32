"""Compiles inner loops to machine code that runs without the interpreter's lock.

Loops that call each other stand in one file: a cached one is compiled anew when its own file has
changed, not when that of another has.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

__all__ = ["compiled"]


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function of numbers and arrays when it is first called, once per machine."""
    found: F = njit(cache=True, nogil=True, error_model="numpy")(function)
    return found
