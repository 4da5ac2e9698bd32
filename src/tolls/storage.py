"""Files, written atomically: NetCDF with a JSON header, JSON.

What the header means is decided where estimates are made (`estimate`) and loaded (`loading`).
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tolls.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["as_json", "read_tree", "write_atomically", "write_tree"]

FORMAT = 3


def as_json(content: dict[str, Any]) -> str:
    """Return numbers and texts as JSON that any reader takes: what is no finite number is null."""
    return json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """Replace what is no finite number by null: JSON has no other word for it."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file so that at any moment either the old or the new one is whole."""
    path = Path(path)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def write_tree(tree: xr.DataTree, header: dict[str, Any], path: str | Path) -> None:
    """Write a tree of draws and its header to a NetCDF file."""
    tree = tree.copy()
    tree.attrs = {"tolls_format": FORMAT, "tolls": json.dumps(header, sort_keys=True)}
    with tempfile.TemporaryDirectory(prefix="tolls-") as folder:
        scratch = Path(folder) / "estimate.nc"
        tree.to_netcdf(scratch, engine="h5netcdf")
        write_atomically(path, scratch.read_bytes())


def read_tree(path: str | Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Read the arrays of every group, and the header, of a file that `write_tree` wrote."""
    import xarray as xr

    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; name a file that estimate.save wrote")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            groups = {
                group: {str(name): array.to_numpy() for name, array in tree[group].items()}
                for group in ("posterior", "prior")
            }
            written = tree.attrs.get("tolls_format")
            header: dict[str, Any] = json.loads(tree.attrs["tolls"])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: is no estimate that tolls saved ({error})") from None
    if written != FORMAT:
        raise InputError(f"{path}: format {written} is unknown; allowed: {FORMAT}; fit again")
    return groups, header
