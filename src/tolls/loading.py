"""Loads saved estimates; executes nothing from the file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tolls.case import Case
from tolls.convergence import Diagnostics, Row
from tolls.estimate import Estimate
from tolls.evidence import gather
from tolls.storage import read_tree
from tolls.trees import arrays_of

__all__ = ["load"]


def load(path: str | Path) -> Estimate:
    """Read an estimate that `Estimate.save` wrote.

    Parameters
    ----------
    path : str or Path
        The NetCDF file.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If the file cannot be read or is no saved estimate of a known format.

    Examples
    --------
    >>> tolls.load("estimate.nc")  # doctest: +SKIP
    """
    groups, header = read_tree(path)
    evidence = gather(Case.from_json(header["case"]), header["as_of"])
    measures = header["measures"]
    each = [evidence, *(e for name, e in evidence.others.items() if name in measures)]
    posteriors, priors = (arrays_of(each, groups[name]) for name in ("posterior", "prior"))
    estimates = [
        Estimate(own, header["engine"], header["seed"], posterior, prior, judged)
        for own, posterior, prior in zip(each, posteriors, priors, strict=True)
        for judged in [_read(measures[own.case.measure])]
    ]
    others = {e.case.measure: e for e in estimates[1:]}
    return replace(
        estimates[0],
        diagnostics=_read(header["diagnostics"]),
        warnings=tuple(header["warnings"]),
        others=others,
    )


def _read(found: dict[str, Any]) -> Diagnostics:
    """Restore diagnostics from what their header holds."""
    rows = {node: Row(**row) for node, row in found["nodes"].items()}
    return Diagnostics(**(found | {"nodes": rows, "reasons": tuple(found["reasons"])}))
