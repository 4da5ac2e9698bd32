"""Translates what pydantic finds wrong in a TOML file into this package's messages.

A closed schema rejects unknown keys; the message names the key path, the value, what is allowed
and the nearest known key.
"""

import copy
from types import NoneType, UnionType
from typing import Any

from pydantic import BaseModel, ValidationError

from tolls.errors import Problems, nearest

__all__ = ["add_faults", "without_faults"]


def add_faults(problems: Problems, error: ValidationError, model: type[BaseModel]) -> None:
    """Add every fault of a validation to the problems of its file."""
    for fault in error.errors(include_url=False):
        location = tuple(part for part in fault["loc"] if part != "[key]")
        path = ".".join(str(part) for part in location)
        if fault["type"] == "extra_forbidden":
            known = _known_keys(model, location)
            near = nearest(str(location[-1]), known)
            hint = f'; did you mean "{near}"?' if near else ""
            what = f"is no known key; allowed: {', '.join(known)}{hint}"
        elif fault["type"] == "missing":
            what = "is missing" + ("; write format = 1" if path == "format" else "; state it")
        else:
            what = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            if not isinstance(fault["input"], dict | list | tuple | BaseModel):
                what += f", found {fault['input']!r}"
        problems.add(f"key {path}" if path else "", what)


def without_faults(raw: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Return a copy without what is at fault, so that the rest can be checked too."""
    rest = copy.deepcopy(raw)
    for fault in error.errors(include_url=False):
        place: Any = rest
        *path, last = (*fault["loc"],) if fault["loc"] else (None,)
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
