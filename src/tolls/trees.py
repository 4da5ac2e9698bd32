"""Arrays of an estimate as one xarray DataTree, and back.

Tolls and sizes of all measures share the axis ``node``. Any other variable of a measure beside the
killed bears its name, as in ``bias_injured`` along ``source_injured``. Sources of one dependence
group repeat their group's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import ROOTS
from tolls.evidence import Evidence
from tolls.measures import label

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DIMS", "arrays_of", "dataset", "lengths", "needed", "node_labels", "suffix"]

type Arrays = Mapping[str, NDArray[Any]]

DIMS = {
    "toll": ("node",),
    "size": ("node",),
    "share": ("part",),
    "bias": ("source",),
    "scatter": ("source",),
    "reliability": ("source",),
    "alive": ("list",),
    "clearing": ("list",),
    "kept": ("list",),
}


def needed(evidence: Evidence) -> tuple[str, ...]:
    """Return the variables that every fit of one measure has beside tolls and shares."""
    return (
        *("size", "bias", "scatter", "reliability", "kappa", "eta"),
        *(("found",) if evidence.searched else ()),
        *(("rate", "shape") if evidence.grows else ()),
        *(("alive", "clearing", "kept") if evidence.lists else ()),
    )


def lengths(evidence: Evidence, name: str) -> list[int]:
    """Return the lengths of a variable of one measure behind those of chains and draws."""
    due = {
        "node": len(evidence.case.names),
        "source": len(evidence.sources),
        "list": len(evidence.lists),
        "part": sum(len(p.into) for p in evidence.case.categories.ordered_partitions),
    }
    return [due[dim] for dim in DIMS.get(name, ())]


def node_labels(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return what the nodes and unions of all measures are called, the killed first."""
    killed = evidence[0].case.names
    return tuple(label(e.case.measure, node, killed) for e in evidence for node in e.case.names)


def suffix(measure: str) -> str:
    """Return what a measure's variables and axes end in: nothing for the killed."""
    return "" if measure == ROOTS[0] else f"_{measure}"


def dataset(evidence: Sequence[Evidence], arrays: Sequence[Arrays]) -> xr.Dataset:
    """Put the arrays of every measure into one dataset.

    Parameters
    ----------
    evidence : sequence of Evidence
        One per measure, the killed first.
    arrays : sequence of mapping of str to (chain, draw, …) arrays

    Returns
    -------
    Dataset
    """
    import xarray as xr

    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for own, values in zip(evidence, arrays, strict=True):
        mark = suffix(own.case.measure)
        names, voices = zip(*own.speakers, strict=True)
        parts = [part for p in own.case.categories.ordered_partitions for part in p.into]
        labels = {"part": parts, "source": list(names), "list": list(own.lists)}
        for name, array in values.items():
            dims = DIMS.get(name, ())
            if dims == ("node",):
                continue
            given = array[..., list(voices)] if dims == ("source",) else array
            marked = tuple(dim + mark for dim in dims)
            variables[name + mark] = (("chain", "draw", *marked), given)
            coords |= {dim + mark: labels[dim] for dim in dims}
    for name in (n for n, dims in DIMS.items() if dims == ("node",) and n in arrays[0]):
        together = np.concatenate([values[name] for values in arrays], axis=-1)
        variables[name] = (("chain", "draw", "node"), together)
    chains, length = arrays[0]["toll"].shape[:2]
    coords |= {"chain": np.arange(chains), "draw": np.arange(length)}
    return xr.Dataset(variables, coords | {"node": list(node_labels(evidence))})


def arrays_of(evidence: Sequence[Evidence], variables: Arrays) -> list[dict[str, NDArray[Any]]]:
    """Take a dataset's variables apart again, one mapping per measure."""
    found, start = [], 0
    for own in evidence:
        mark, end = suffix(own.case.measure), start + len(own.case.names)
        voices = [i for _, i in own.speakers]
        first = [voices.index(i) for i in range(len(own.sources))]
        arrays = {}
        for name, array in variables.items():
            plain = name.removesuffix(mark) if mark else name
            if DIMS.get(name) == ("node",):
                arrays[name] = array[..., start:end]
            elif (plain != name) if mark else not any(name.endswith(f"_{r}") for r in ROOTS[1:]):
                arrays[plain] = array[..., first] if DIMS.get(plain) == ("source",) else array
        found.append(arrays)
        start = end
    return found
