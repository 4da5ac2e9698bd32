"""Files: written atomically, JSON that any reader takes, and the sealed NetCDF of an estimate.

What the header of an estimate means is decided where estimates are made (`estimate`) and loaded
(`loading`).
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tolls.errors import InputError, shown
from tolls.formatting import inert

if TYPE_CHECKING:
    import h5py
    import xarray as xr
    from numpy.typing import NDArray

__all__ = [
    "Content", "as_json", "made", "read_tree", "sealed_tree", "unsealed", "write_atomically",
    "write_together",
]  # fmt: skip

type Content = bytes | Callable[[BinaryIO], None]

FORMAT = 4
STALE = 600  # seconds after which a scratch file is no writer's any more: a write takes a few
SUFFIX = ".part"
GROUPS = ("posterior", "prior")
_SEAL = re.compile(rb"\ntolls estimate, format (\d+), sha256:([0-9a-f]{64})\n\Z")
LONGEST_SEAL = 128  # bytes


def as_json(content: Mapping[str, Any]) -> str:
    """Return numbers and texts as JSON that any reader takes: what is no finite number is null.

    Characters that would steer a terminal are written as escapes, which lose nothing.
    """
    text = json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    return inert(text)


def _finite(value: Any) -> Any:
    """Replace what is no finite number by null: JSON has no other word for it."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- writing --------------------------------------------------------------------------------------


def made(folder: Path) -> Path:
    """Make a folder, where it does not exist, that files are to be written to.

    Raises
    ------
    InputError
        If it cannot be made.
    OSError
        If nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a null character is no OSError
        why = getattr(error, "strerror", error)
        raise InputError(
            f"{shown(str(folder)[:200])}: cannot be made ({why}); name a folder that can be written"
        ) from None
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "cannot be written to; name another", str(folder))
    return folder


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file so that at any moment either the old or the new one is whole.

    Raises
    ------
    OSError
        If it cannot be written; the message names the file, which is left as it was.
    """
    path = Path(path)
    if "\0" in str(path):
        raise OSError(
            errno.EINVAL, "cannot be written to: no name holds a NUL character", str(path)
        )
    write_together(path.parent, {path.name: content})


def write_together(folder: Path, contents: Mapping[str, Content]) -> None:
    """Write files of one folder that belong together; a content may be what writes it to a file.

    All are on the disk before the first takes its place, so that a full disk or a kill until then
    changes nothing. They take their places one by one, in the order given, each whole: whoever sees
    the last one new sees all of them new.

    Raises
    ------
    OSError
        If one cannot be written; the message names it, and all files are left as they were.
    """
    with ExitStack() as stack:
        ready = {
            folder / name: stack.enter_context(_beside(folder / name, content))
            for name, content in contents.items()
        }
        for path, place in ready.items():
            with _told(path):
                place()
        _sync(folder)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name the file where the system names a scratch file, or none."""
    try:
        yield
    except OSError as error:
        why = f"cannot be written ({error.strerror}); the file is left as it was"
        raise OSError(error.errno, why, str(path)) from None


@contextmanager
def _beside(path: Path, content: Content) -> Iterator[Callable[[], None]]:
    """Put a content on the disk beside its place; yield what moves it there."""
    with _told(path):
        _sweep(path)
        handle, scratch = _opened(path)
    named = scratch.exists()

    def place() -> None:
        if not named:  # given a name only now that it is whole; `src_dir_fd` makes it follow links
            os.link(f"/proc/self/fd/{handle}", scratch, src_dir_fd=handle)
        scratch.replace(path)

    try:
        with _told(path):
            with open(handle, "wb", closefd=False) as file:
                if callable(content):
                    content(file)
                else:
                    file.write(content)
            os.fsync(handle)
        if named:  # some systems move no file that is open
            os.close(handle)
            scratch.chmod(0o644)
        yield place
    finally:
        if not named:
            os.close(handle)
        scratch.unlink(missing_ok=True)


def _opened(path: Path) -> tuple[int, Path]:
    """Open a scratch file: without a name where the system has such, so that a kill leaves none."""
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o644)
    except (AttributeError, OSError):  # another system, or a disk that cannot
        handle, name = tempfile.mkstemp(SUFFIX, _prefix(path), path.parent)
        return handle, Path(name)
    return handle, path.parent / f"{_prefix(path)}{os.getpid()}-{handle}{SUFFIX}"


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _sweep(path: Path) -> None:
    """Remove what writers of the same file left that were killed."""
    for other in path.parent.iterdir():
        if other.name.startswith(_prefix(path)) and other.name.endswith(SUFFIX):
            with suppress(OSError):  # another writer removed it
                if other.stat().st_mtime < time.time() - STALE:
                    other.unlink()


def _sync(folder: Path) -> None:
    """Put the names in a folder on the disk, where a folder can be opened for that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# --- estimates ------------------------------------------------------------------------------------


def sealed_tree(tree: xr.DataTree, header: Mapping[str, Any]) -> bytes:
    """Return a tree of draws and its header as NetCDF, with a seal after its end.

    Readers of NetCDF pass over the seal: the format and a digest of all bytes before it.
    """
    tree = tree.copy()
    tree.attrs = {"tolls_format": FORMAT, "tolls": json.dumps(header, sort_keys=True)}
    content = bytes(tree.to_netcdf(engine="h5netcdf"))
    digest = hashlib.sha256(content).hexdigest()
    return content + f"\ntolls estimate, format {FORMAT}, sha256:{digest}\n".encode()


def unsealed(content: bytes) -> tuple[bytes, str]:
    """Take the seal off a file's content; say in words what is wrong with it, if anything is."""
    found = _SEAL.search(content, max(0, len(content) - LONGEST_SEAL))
    if found is None:
        why = "has no seal of tolls at its end: it is cut off, was written by another program, or "
        return content, why + f"has a format before {FORMAT}"
    body = content[: found.start()]
    if int(found[1]) != FORMAT:
        return body, f"has format {int(found[1])}; known is format {FORMAT}"
    if hashlib.sha256(body).hexdigest().encode() != found[2]:
        return body, "is not as it was written: its content does not match its digest"
    return body, ""


def read_tree(content: bytes) -> tuple[dict[str, dict[str, NDArray[Any]]], str]:
    """Read the arrays of every group, and the text of the header, of what `sealed_tree` made.

    Numbers alone are read, from the content itself: no object, no link, nothing in another file,
    and no more of them than the content has bytes.

    Raises
    ------
    OSError, KeyError, ValueError, RuntimeError
        If it is anything else.
    """
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        groups = {name: _numbers(_own(file, name, h5py.Group), len(content)) for name in GROUPS}
        return groups, str(file.attrs["tolls"])


def _own(group: h5py.Group, name: str, kind: type) -> Any:
    """Return what stands in a group itself, not what a link leads to."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is missing, or stands elsewhere")
    found = group[name]
    if not isinstance(found, kind):
        raise ValueError(f"{name} is no {kind.__name__}")
    return found


def _numbers(group: h5py.Group, most: int) -> dict[str, NDArray[Any]]:
    """Read the arrays of numbers in a group that are no labels of an axis."""
    import h5py

    arrays = {}
    for name in group:
        array = _own(group, name, h5py.Dataset)
        if array.is_scale:
            continue
        if array.dtype.kind not in "iuf" or array.external or array.is_virtual:
            raise ValueError(f"{name} holds no numbers of its own")
        if array.nbytes > most:
            raise ValueError(f"{name} holds more than its file")
        arrays[name] = array[()]
    return arrays
