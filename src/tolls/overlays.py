"""Lays one's own tables over the shipped ones, and takes out what they remove."""

from collections.abc import Mapping
from typing import Any

__all__ = ["overlaid", "without_removed"]


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
