"""Translates what pydantic finds wrong in a TOML file into this package's messages.

A closed schema rejects unknown keys; the message names the key path, the value, what is allowed
and the nearest known key.
"""

from typing import Any

from pydantic import BaseModel, ValidationError

from tolls.errors import Problems, nearest

__all__ = ["add_faults"]


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
            what = "is missing"
        else:
            message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
            what = f"{message}, found {fault['input']!r}"
        problems.add(f"key {path}" if path else "", what)


def _known_keys(model: Any, location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        model = _descend(model, part)
    return [f.alias or name for name, f in getattr(model, "model_fields", {}).items()]


def _descend(model: Any, part: int | str) -> Any:
    """Follow one step of a key path through the annotations of a model."""
    if hasattr(model, "model_fields"):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                return _inner(field.annotation)
        return None
    return _inner(model)


def _inner(annotation: Any) -> Any:
    """Unwrap optionals and containers down to the model of their values."""
    while getattr(annotation, "__args__", None):
        annotation = next((a for a in reversed(annotation.__args__) if a is not type(None)), None)
    return annotation
