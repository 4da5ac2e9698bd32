"""Translates what pydantic finds wrong in a TOML file into this package's messages.

A closed schema rejects unknown keys; the message names the key path, the value, what is allowed
and the nearest known key.
"""

import copy
from collections.abc import Mapping
from datetime import date, time
from types import NoneType, UnionType
from typing import Any

from pydantic import BaseModel, ValidationError

from tolls.errors import Problems

__all__ = ["add_faults", "without_faults"]

OPTIONAL = ("tolls", "sources")  # without which the rest of a declaration means the same
_WORDS = {
    "string_type": "must be text in quotes",
    "dict_type": "must be a table of keys and values",
    "model_type": "must be a table of keys and values",
    "tuple_type": "must be a list in square brackets",
    "float_type": "must be a number, without quotes",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "string_pattern_mismatch": "allowed: a letter A to F, or letter and digit as in B2",
}  # of the kinds of fault that pydantic knows; the only pattern is that of a grade


def add_faults(problems: Problems, error: ValidationError, model: type[BaseModel]) -> None:
    """Add every fault of a validation to the problems of its file."""
    for fault in error.errors(include_url=False):
        location = tuple(part for part in fault["loc"] if part != "[key]")
        path = ".".join(str(part) for part in location)
        where = f"key {path}" if path else ""
        if fault["type"] == "extra_forbidden":
            problems.unknown(where, "key", str(location[-1]), _known_keys(model, location))
        elif fault["type"] == "missing":
            what = "is missing" + ("; write format = 1" if path == "format" else "; state it")
            problems.add(where, what)
        else:
            problems.add(where, _told(fault))


def _told(fault: Mapping[str, Any]) -> str:
    """Say what is wrong with a value, and what is allowed."""
    what = _WORDS.get(fault["type"], fault["msg"]).format(**fault.get("ctx", {}))
    what = what.removeprefix("Value error, ").removeprefix("Input ")
    if fault["type"] == "too_long":
        allowed = fault["ctx"]["max_length"]
        what = "names" if isinstance(fault["input"], list | tuple) else fault["loc"][-1]
        return f"has {len(fault['input']):,} {what}; allowed: {allowed:,}"
    # what begins with the value shows it already
    if not isinstance(fault["input"], dict | list | tuple | BaseModel) and what[0] != '"':
        what += f", found {_as_toml(fault['input'])}"
    return (
        what if "; " in what or "allowed" in what else f"{what}; tolls schema lists what is allowed"
    )


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | time) else repr(value)


def without_faults(raw: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return a copy without what is at fault, so that the rest can be checked too."""
    rest = copy.deepcopy(raw)
    for fault in error.errors(include_url=False):
        place: Any = rest
        *path, last = (*fault["loc"],) if fault["loc"] else (None,)
        if fault["type"] == "missing" and path and path[0] in OPTIONAL:
            *path, last = path
        for step in path:
            try:
                place = place[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            if isinstance(place, dict):
                place.pop(last, None)
    return rest


def _known_keys(model: Any, location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        model = _descend(model, part)
    return [field.alias or name for name, field in getattr(model, "model_fields", {}).items()]


def _descend(annotation: Any, part: int | str) -> Any:
    """Follow one step of a key path: into a field of a model, or into a container's values."""
    if hasattr(annotation, "model_fields"):
        field = annotation.model_fields.get(part)
        annotation = field.annotation if field else None
        if isinstance(annotation, UnionType):
            annotation = next(a for a in annotation.__args__ if a is not NoneType)
        return annotation
    values = [a for a in getattr(annotation, "__args__", ()) if a is not Ellipsis]
    return values[-1] if values else None
