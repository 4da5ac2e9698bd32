"""What is declared of the sources of a panel: grade, kind and group, in Python or in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tolls.domains import Name
from tolls.errors import InputError, Problems, check_type
from tolls.files import Unreadable, read_toml
from tolls.presets import Presets
from tolls.validation import add_faults

__all__ = ["PanelSource", "check_sources", "read_sources"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PanelSource(_Table):
    """One ``[sources.NAME]`` table; sources of one group count as one."""

    grade: Annotated[str, Field(pattern="^[A-F][1-6]?$")] = "F"
    kind: Name = "other"
    group: Name | None = None


class _File(_Table):
    sources: dict[Name, PanelSource]


def read_sources(sources: Any, presets: Presets) -> dict[str, PanelSource]:
    """Read what is declared of sources.

    Parameters
    ----------
    sources : mapping, str, Path or None
        By name; or a TOML file of ``[sources.NAME]`` tables.
    presets : Presets
        Whose grades and kinds there are.

    Returns
    -------
    dict of str to PanelSource

    Raises
    ------
    InputError
        With every fault.
    """
    if sources is None:
        return {}
    check_type(
        "sources", sources, Mapping | str | Path, 'a mapping, as {"monitor": {"grade": "B"}}'
    )
    problems = Problems("fit_panel" if isinstance(sources, Mapping) else str(sources))
    try:
        whole = {"sources": sources} if isinstance(sources, Mapping) else read_toml(Path(sources))
        found = _File.model_validate(whole).sources
    except Unreadable as error:
        raise InputError(f"{problems.file}: {error}") from None
    except ValidationError as error:
        add_faults(problems, error, _File)
        raise InputError(problems.told()) from None
    for name, own in found.items():
        if own.grade not in {**presets.grades, **presets.combined}:
            problems.unknown(f"key sources.{name}.grade", "grade", own.grade, presets.grades)
        if own.kind not in presets.source_kinds:
            where = f"key sources.{name}.kind"
            problems.unknown(where, "kind of source", own.kind, presets.source_kinds)
    problems.raise_if_any()
    return found


def check_sources(
    sources: Mapping[str, PanelSource], stating: set[str], problems: Problems
) -> None:
    """Note what is declared of sources that state nothing."""
    for name in sources:
        if stating and name not in stating:
            problems.unknown("key sources", "source of the table", name, sorted(stating))
