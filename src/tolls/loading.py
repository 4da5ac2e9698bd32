"""Loads saved estimates; executes nothing from the file."""

from pathlib import Path

from tolls.case import Case
from tolls.convergence import Diagnostics, Row
from tolls.estimate import DIMS, Estimate
from tolls.evidence import gather
from tolls.storage import read_tree

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
    # sources of one group repeat its values: each voice is kept once
    voices = [i for _, i in evidence.speakers]
    first = [voices.index(i) for i in range(len(evidence.sources))]
    posterior = {
        name: values[..., first] if DIMS.get(name) == ("source",) else values
        for name, values in groups["posterior"].items()
    }
    found = header["diagnostics"]
    found["nodes"] = {node: Row(**row) for node, row in found["nodes"].items()}
    found["reasons"] = tuple(found["reasons"])
    return Estimate(
        evidence=evidence,
        engine=header["engine"],
        seed=header["seed"],
        posterior=posterior,
        prior=groups["prior"],
        diagnostics=Diagnostics(**found),
        warnings=tuple(header["warnings"]),
    )
