"""Reads a case from disk: a case folder, its ``case.toml`` or a bare ``reports.csv``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from tolls.case import Case, presets_of
from tolls.declaration import Declaration, validate
from tolls.errors import InputError, Problems
from tolls.reports import read_csv

__all__ = ["read_case"]


def read_case(path: str | Path, *, columns: Mapping[str, str] | None = None) -> Case:
    """Read a case and validate all of it before anything is computed.

    Parameters
    ----------
    path : str or Path
        A case folder, a ``case.toml``, or a ``reports.csv`` alone. The last knows roots only, gives
        every source grade F and says what it assumed in ``case.assumptions``.
    columns : mapping of str to str, optional
        Column of ``reports.csv`` to its name in the file.

    Returns
    -------
    Case

    Raises
    ------
    InputError
        With every fault of a file at once: file, row or key path, value, what is allowed.

    Examples
    --------
    >>> import tolls
    >>> case = tolls.read_case("models/syria-coast-2025")
    >>> case.title
    'Syrian coast, March 2025'
    """
    path = Path(path)
    if "\0" in str(path):
        raise InputError(f"{str(path)!r}: no such file; a path holds no null character")
    try:
        if path.is_dir():
            path = path / "case.toml"
        found = path.is_file()
    except OSError as error:
        raise InputError(f"{str(path)[:80]}…: {error.strerror}; name a case") from None
    if not found:
        raise InputError(
            f"{path}: no such file; name a case folder with a case.toml, a case.toml, or a "
            "reports.csv"
        )
    if path.suffix == ".toml":
        return _read_folder(path, columns)
    if path.suffix == ".csv":
        declaration = Declaration(format=1, title=path.stem, reports=path.name)
        return _read_reports(declaration, path, Problems(str(path)), columns)
    raise InputError(f'{path}: ends in "{path.suffix}"; allowed: a folder, a .toml or a .csv file')


def _read_folder(path: Path, columns: Mapping[str, str] | None) -> Case:
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is not valid TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply; a case.toml has four levels") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    problems = Problems(str(path))
    declaration = validate(raw, problems)
    try:
        table = path.parent / declaration.reports
        inside = table.resolve().is_relative_to(path.parent.resolve())
    except ValueError:  # a null character
        inside = False
    if not inside:
        problems.add(
            "key reports",
            f'"{declaration.reports}" lies outside the case\'s folder; allowed: a path inside it',
        )
        problems.raise_if_any()
    return _read_reports(declaration, table, problems, columns)


def _read_reports(
    declaration: Declaration, table: Path, problems: Problems, columns: Mapping[str, str] | None
) -> Case:
    form = Problems(str(table))
    rows = read_csv(table, form)
    folder = Path(problems.file).parent
    presets = presets_of(declaration, folder, problems)
    try:
        case = Case.from_declaration(
            declaration,
            rows,
            presets,
            problems=problems,
            reports_file=str(table),
            columns=columns,
        )
    except InputError as error:
        # a file that could not be read has no rows: its own fault says more
        others = [p for p in error.problems if not (form.messages and "has no row" in p)]
        raise InputError((*form.messages, *others)) from None
    form.raise_if_any()
    return case
