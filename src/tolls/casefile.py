"""Reads a case from disk: a case folder, its ``case.toml`` or a bare ``reports.csv``."""

from collections.abc import Mapping
from pathlib import Path

from tolls.case import Case, presets_of
from tolls.declaration import Declaration, validate
from tolls.errors import InputError, Problems, check_path, shown
from tolls.files import Unreadable, read_toml
from tolls.names import name_fault
from tolls.tables import read_csv

__all__ = ["read_case"]

_CALLED = "name a case folder with a case.toml, a case.toml, or a reports.csv"


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
    check_path("path", path)
    path = Path(path)
    try:
        if path.is_dir():
            path = path / "case.toml"
        there = path.exists()
    except (OSError, ValueError):  # a name that no file can have
        there = False
    if not there:
        raise InputError(f"{shown(str(path)[:200])}: no such file; {_CALLED}")
    if path.suffix == ".toml":
        return _read_folder(path, columns)
    if path.suffix == ".csv":
        declaration, problems = _bare(path)
        return _read_reports(declaration, path, problems, columns)
    raise InputError(f'{shown(str(path))}: ends in "{shown(path.suffix)}"; {_CALLED}')


def _bare(path: Path) -> tuple[Declaration, Problems]:
    """Return the declaration of a table alone, which is called as its file."""
    title = "reports" if name_fault(path.stem) or path.stem != path.stem.strip() else path.stem
    return Declaration(format=1, title=title), Problems(str(path))


def _read_folder(path: Path, columns: Mapping[str, str] | None) -> Case:
    problems = Problems(str(path))
    try:
        raw = read_toml(path)
    except Unreadable as error:
        problems.add("", str(error))
    problems.raise_if_any()
    declaration = validate(raw, problems)
    table = path.parent / declaration.reports
    inside = table.resolve().is_relative_to(path.parent.resolve())
    if not inside or Path(declaration.reports).is_absolute():
        problems.add(
            "key reports",
            f'"{declaration.reports}" lies outside the case\'s folder; allowed: a relative path '
            "inside it",
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
        others = [p for p in error.problems if not (form.messages and "has no row;" in p)]
        raise InputError((*form.told(), *others)) from None
    form.raise_if_any()
    return case
