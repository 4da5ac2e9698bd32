"""Where a command may write: apart from what it read, and in the place of no link or device.

What is asked for is judged before anything is computed; how files are written stands in `storage`.
"""

from collections.abc import Sequence
from pathlib import Path

from tolls.case import Case
from tolls.errors import InputError, shown
from tolls.storage import made, write_atomically
from tolls.terminal import tell

__all__ = ["apart", "inputs_of", "made_apart", "write"]

WRITTEN = (
    "index.html", "document.pdf", "estimate.json", "estimate.nc", "estimates.csv", "panel.json",
    "runs.jsonl", "calibration.json", "coverage.csv", "scores.csv", "summary.csv", "unscored.csv",
    "sources.csv", "sizes.csv", "events.csv", "conflicts.csv", "checks.csv", "sources.parquet",
    "sizes.parquet", "events.parquet", "conflicts.parquet", "tolls.parquet",
)  # fmt: skip
"""Names of files that commands write to a folder, beside figures."""


def inputs_of(path: str | Path, case: Case) -> list[Path]:
    """Return the files that a case was read from.

    Parameters
    ----------
    path : str or Path
        The folder, case.toml or bare table that was named.
    case : Case
        Read from it.

    Returns
    -------
    list of Path
        Of a bare table with names beside it that may not exist.
    """
    given, declared = Path(path), case.declaration
    folder = given if given.is_dir() else given.parent
    return [given, *(folder / n for n in ("case.toml", declared.reports, declared.reliability))]


def made_apart(folder: str | None, read: Sequence[Path] = ()) -> Path | None:
    """Make an output folder before anything is computed, so that a fault shows at once.

    Parameters
    ----------
    folder : str, optional
        As on the command line; nothing is made where it is left out.
    read : sequence of Path
        What was read or is written apart, and stays as it is.

    Returns
    -------
    Path or None
        The folder, if one was named.

    Raises
    ------
    InputError
        If the name is empty, the folder cannot be made, or a file in it that was read would be
        written over.
    """
    if folder is None:
        return None
    if not folder.strip():
        raise InputError('-o "": is no folder; name one')
    target = made(Path(folder))
    for path in read:
        inside = path.resolve().parent == target.resolve()
        if inside and (path.name in WRITTEN or path.suffix == ".svg"):
            raise InputError(
                f"-o {folder}: {path.name}, which has another use, would be written over; name "
                "another folder"
            )
    return target


def apart(option: str, name: str, read: Sequence[Path]) -> Path:
    """Return a file to write, judged before anything is computed.

    Parameters
    ----------
    option, name : str
        As on the command line.
    read : sequence of Path
        What is read, and stays as it is.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no file can have the name, or a folder, link, device or what is read has it.
    """
    target, told = Path(name), f'{option} "{shown(name[:200])}"'
    if not name.strip():
        raise InputError(f"{told}: is no file; name one")
    try:
        special = target.is_symlink() or (target.exists() and not target.is_file())
        special = special or target.resolve() in [path.resolve() for path in read]
    except (OSError, ValueError) as error:  # a null character is no OSError
        why = getattr(error, "strerror", error)
        raise InputError(f"{told}: cannot be a file ({why}); name another") from None
    if special:
        raise InputError(
            f"{told}: is a folder, link, device or the file that is read; name another file"
        )
    made(target.parent)
    return target


def write(target: Path, text: str) -> None:
    """Write a file whole or not at all, and say where it is."""
    write_atomically(target, text.encode())
    tell(f"written to {target}")
