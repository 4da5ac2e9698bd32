"""The closed schemas of what analysts write, as JSON Schema for editors.

Nothing is declared here: the schema of a case is that of the models which validate it, that of a
row is made of the domains that the reader of rows takes.
"""

import json
from typing import Any

from tolls.columns import COLUMNS, COUNT, COUNTS, EVIDENCE, LEVEL, NAMES, QUALIFIERS
from tolls.constants import MAX_COUNT, MAX_NAME, MAX_TEXT, MEASURES
from tolls.declaration import Declaration
from tolls.errors import InputError
from tolls.names import DAY, NAME_PATTERN, TEXT_PATTERN
from tolls.presets import Learned, Presets, load_presets

__all__ = ["as_text", "schema"]

_SCHEMAS = ("case", "reports", "scale")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MOMENT = f"^({DAY}([T ][0-9].*)?)?$"


def schema(of: str = "case") -> dict[str, Any]:
    """Return a JSON Schema, draft 2020-12, that knows every key and admits no other.

    Parameters
    ----------
    of : str
        ``case`` for a ``case.toml``, ``reports`` for one row of a ``reports.csv`` as an object of
        texts without blanks around. Columns of one's own, which a table may have, are no part of
        it. ``scale`` for the file that a case names in ``reliability``.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If there is no such schema.

    Examples
    --------
    >>> schema("reports")["required"]
    ['source', 'published']
    """
    if of not in _SCHEMAS:
        raise InputError(f"schema {of}: no such schema; allowed: {', '.join(_SCHEMAS)}")
    return {"case": _case, "reports": _row, "scale": _scale}[of]()


def as_text(of: str) -> str:
    """Return a schema as the text of a JSON file."""
    return json.dumps(schema(of), indent=2, ensure_ascii=False)


def _case() -> dict[str, Any]:
    found = {"$schema": _DIALECT, **Declaration.model_json_schema()}
    presets = load_presets()
    # a scale of one's own may add kinds, so these are shown and not required
    found["properties"]["kind"]["examples"] = list(presets.event_kinds)
    for table in ("SourceTable", "NodeTable"):
        found["$defs"][table]["properties"]["kind"]["examples"] = list(presets.source_kinds)
    return found


def _scale() -> dict[str, Any]:
    found = {"$schema": _DIALECT, **Presets.model_json_schema(), "title": "a scale"}
    for name, table in [("", found), *found["$defs"].items()]:
        if name != Learned.__name__:  # of all else the shipped scale has what a file leaves out
            table.pop("required", None)
    for named in (found["properties"]["hedges"], found["$defs"]["Words"]["properties"]["terms"]):
        named["additionalProperties"] = {"anyOf": [named["additionalProperties"], {"const": False}]}
    return found


def _row() -> dict[str, Any]:
    filled = [{"required": [c], "properties": {c: {"minLength": 1}}} for c in (*COUNTS, "words")]
    return {
        "$schema": _DIALECT,
        "title": "reports.csv, one row",
        "type": "object",
        "properties": {name: _column(name) | {"description": COLUMNS[name]} for name in COLUMNS},
        "required": ["source", "published"],
        "anyOf": filled,
        "additionalProperties": False,
    }


def _column(name: str) -> dict[str, Any]:
    words = {"measure": MEASURES, "qualifier": QUALIFIERS, "evidence": EVIDENCE}
    if name in words:
        return {"enum": ["", *words[name]]}
    if name in COUNTS:
        text = {"type": "string", "pattern": f"^({COUNT})?$"}
        return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_COUNT}, text]}
    if name == "level":
        return {"type": "string", "pattern": f"^({LEVEL})?$"}
    if name in ("published", "as_of"):
        least = {"minLength": 1} if name == "published" else {}
        return {"type": "string", "pattern": _MOMENT, **least}
    if name in NAMES:
        pattern = NAME_PATTERN if name == "source" else f"^$|{NAME_PATTERN}"
        return {"type": "string", "maxLength": MAX_NAME, "pattern": pattern}
    return {"type": "string", "maxLength": MAX_TEXT, "pattern": TEXT_PATTERN}
