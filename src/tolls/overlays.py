"""Reads one's own tables, lays them over the shipped ones, and takes out what they remove."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tolls.errors import Problems
from tolls.files import Unreadable, read_toml

__all__ = ["SHIPPED_SCALES", "overlaid", "own_tables", "without_removed"]

SHIPPED_SCALES = ("admiralty",)


def own_tables(scale: str, base: Path, problems: Problems) -> dict[str, Any]:
    """Read the file that a case of a folder names as its scale; its faults go to `problems`."""
    key = "key reliability"
    if not scale.endswith(".toml"):
        problems.unknown(key, "scale and no path to a .toml file", scale, SHIPPED_SCALES)
        return {}
    # a scale may be shared by the cases of one project, hence one folder up is allowed
    path = (base / scale).resolve()
    if Path(scale).is_absolute() or not path.is_relative_to(base.parent):
        problems.add(
            key,
            f'"{scale}" lies outside the project; allowed: a relative path to a .toml file '
            "in the case's folder or beside it",
        )
        return {}
    try:
        return read_toml(path)
    except Unreadable as error:
        problems.add(key, f'"{scale}" {error}')
    return {}


def overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables with one's own values in place of those of the same key, at any depth."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = (
            overlaid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return merged


def without_removed(tables: Mapping[str, Any], shipped: Mapping[str, Any]) -> dict[str, Any]:
    """Take the shipped words and hedges out that one's own file sets to false."""
    words = tables["words"]
    if isinstance(words, dict):
        words = words | {"terms": _kept(words["terms"], shipped["words"]["terms"])}
    return {**tables, "words": words, "hedges": _kept(tables["hedges"], shipped["hedges"])}


def _kept(named: Any, shipped: Mapping[str, Any]) -> Any:
    if not isinstance(named, dict):
        return named
    return {name: v for name, v in named.items() if v is not False or name not in shipped}
