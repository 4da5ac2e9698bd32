"""Opens what strangers hand in: ordinary files of a bounded size, UTF-8, line by line or as TOML.

Nothing here waits for a pipe, follows a device or takes an encoding for granted; nothing knows what
the content means.
"""

import io
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tolls.constants import MAX_CSV_BYTES, MAX_LINE, MAX_TOML_BYTES
from tolls.errors import LONG_NUMBER, Problems, is_long

__all__ = ["Unreadable", "lines_of", "open_plain", "read_toml"]

DEEPEST = 12  # levels of a TOML file; a case has five
MOST_DOTS = 100  # outside quotes, in a line of TOML: time grows with the square of a dotted key
_AGAIN = "save it as UTF-8 (of a table a spreadsheet's Save As offers CSV UTF-8)"
_MARKS = (
    (b"\xff\xfe\0\0", f"is UTF-32; {_AGAIN}"),
    (b"\0\0\xfe\xff", f"is UTF-32; {_AGAIN}"),
    (b"\xff\xfe", f"is UTF-16; {_AGAIN}"),
    (b"\xfe\xff", f"is UTF-16; {_AGAIN}"),
    (b"PK\x03\x04", "is a workbook or an archive, no text; save the table as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is a workbook, no text; save the table as CSV UTF-8"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"%PDF", "is a PDF; type its figures into a table"),
)
_BROKEN = re.compile("[\0\ufeff\udc80-\udcff]")


class Unreadable(Exception):
    """A file that cannot be read at all; says why and what to do."""


def open_plain(path: Path, limit: int) -> BinaryIO:
    """Open an ordinary file of at most `limit` bytes, without ever waiting for it."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}; name an existing file") from None
    except ValueError:  # a null character
        raise Unreadable("cannot be read: no such file; name an existing file") from None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device or pipe"
        raise Unreadable(f"cannot be read: it is {what}; name an ordinary file")
    if found.st_size > limit:
        os.close(handle)
        raise Unreadable(f"has {found.st_size:,} bytes; allowed: {limit:,} bytes")
    return os.fdopen(handle, "rb")


def _check_marks(head: bytes) -> None:
    if head and not any(head):
        raise Unreadable("begins with nothing but NUL bytes: it is damaged; copy it again")
    for mark, what in _MARKS:
        if head.startswith(mark):
            raise Unreadable(what)
    if head[:64].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise Unreadable("is a web page; download the table itself")
    if len(head) > 7 and not all(any(head[start:64:2]) for start in (0, 1)):
        raise Unreadable(f"is UTF-16; {_AGAIN}")


def lines_of(path: Path, problems: Problems, most: int) -> Iterator[str]:
    """Yield the lines of a text file, with their ends; bytes that are no text go to `problems`.

    A file of more than `most` lines is refused before its first is yielded.

    Raises
    ------
    Unreadable
        If the file cannot be read, or not as text.
    """
    with open_plain(path, MAX_CSV_BYTES) as raw:
        try:
            _check_marks(raw.read(128))
            raw.seek(0)
            count = _count_lines(raw)
            if count > most:
                raise Unreadable(f"has {count:,} lines; allowed: {most:,}")
            raw.seek(0)
            text = io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="")
            number = 0
            while line := text.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise Unreadable(
                        f"row {number} is a line of more than {MAX_LINE:,} characters; look for a "
                        "quote that is never closed, or for line ends that are none"
                    )
                if broken := _BROKEN.search(line):
                    problems.add(f"row {number}", _broken(broken[0]))
                    line = _BROKEN.sub("?", line)
                yield line
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}; copy it first") from None


def _count_lines(raw: BinaryIO) -> int:
    """Count line ends, of which a file has one kind."""
    feeds = returns = 0
    while part := raw.read(2**20):
        feeds += part.count(b"\n")
        returns += part.count(b"\r")
    return max(feeds, returns)


def _broken(character: str) -> str:
    if character == "\0":
        return "holds a NUL byte, which no text has; save the file again as CSV UTF-8"
    if character == "\ufeff":
        return "holds a byte order mark (U+FEFF) inside; delete it"
    return f"is not UTF-8 (byte 0x{ord(character) - 0xDC00:02x}); {_AGAIN}"


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    Unreadable
        If it cannot be read, is no UTF-8 or no TOML, or nested deeper than any file of ours.
    """
    with open_plain(path, MAX_TOML_BYTES) as file:
        try:
            content = file.read(MAX_TOML_BYTES + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}; copy it first") from None
    _check_marks(content[:128])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise Unreadable(
            f"line {line} is not UTF-8 (byte 0x{byte:02x}); save it as UTF-8"
        ) from None
    if broken := _BROKEN.search(text):
        line = text.count("\n", 0, broken.start()) + 1
        what = "a NUL byte" if broken[0] == "\0" else "a byte order mark (U+FEFF)"
        raise Unreadable(f"line {line} holds {what}; delete it")
    _check_dots(text)
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"is not valid TOML: {error}; mend that line") from None
    except ValueError:  # an integer that Python refuses to convert
        raise Unreadable(LONG_NUMBER) from None
    except RecursionError:
        raise Unreadable(_nested()) from None
    _check_depth(found)
    return found


def _check_dots(text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS and _bare_dots(line) > MOST_DOTS:
            raise Unreadable(
                f"line {number} has a dotted key of more than {MOST_DOTS} parts, or so many bare "
                "dots; a case.toml needs five"
            )


def _bare_dots(line: str) -> int:
    dots, quote, escaped = 0, "", False
    for character in line:
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = quote == '"'
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "#":
            break
        else:
            dots += character == "."
    return dots


def _check_depth(found: dict[str, Any]) -> None:
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list) or is_long(inner)
        ]
        if any(map(is_long, level)):  # of hexadecimal digits Python converts as many as there are
            raise Unreadable(LONG_NUMBER)
    if level:
        raise Unreadable(_nested())


def _nested() -> str:
    return f"is nested too deeply; allowed: {DEEPEST} levels, and a case.toml has five"
