"""Loads saved estimates; executes nothing from the file, and vouches for it or refuses it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tolls.case import Case
from tolls.constants import MAX_ESTIMATE_BYTES, VERSION
from tolls.convergence import Diagnostics
from tolls.errors import InputError, check_path, shown
from tolls.estimate import Estimate
from tolls.evidence import Evidence, gather
from tolls.files import Unreadable, open_plain
from tolls.storage import read_tree, unsealed
from tolls.trees import arrays_of, lengths, needed, node_labels

__all__ = ["load"]

OPEN = (-math.inf, math.inf)
SHARE = (0.0, 1.0)
RANGES = {
    "kappa": OPEN, "eta": OPEN, "reliability": SHARE, "share": SHARE, "found": SHARE, "kept": SHARE,
}  # fmt: skip
"""What draws of a variable can be; of the others, which are sizes and ratios, 0 or more."""


class _Header(BaseModel):
    """What stands in a file beside the draws."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tolls_version: str
    digest: str
    case: str
    as_of: str | None
    engine: Annotated[str, Field(pattern="^[a-z]+$")]
    seed: Annotated[int, Field(ge=0)] | None
    diagnostics: Diagnostics
    measures: dict[str, Diagnostics]
    warnings: list[str]


def load(path: str | Path, *, check: bool = True) -> Estimate:
    """Read an estimate that `Estimate.save` wrote.

    Parameters
    ----------
    path : str or Path
        The NetCDF file.
    check : bool
        Whether to refuse what cannot be vouched for: a file that is not, byte by byte, as it was
        written, or was written by another version of this package, which may judge reports
        otherwise. With ``False`` such a file is looked at all the same, as far as it can be read;
        the estimate then says so in its notes, and its diagnostics do not hold.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If the file cannot be read, is no saved estimate of a known format, or cannot be vouched
        for.

    Examples
    --------
    >>> tolls.load("estimate.nc")  # doctest: +SKIP
    """
    check_path("path", path)
    try:
        with open_plain(Path(path), MAX_ESTIMATE_BYTES) as file:
            content = file.read(MAX_ESTIMATE_BYTES + 1)
    except Unreadable as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; copy it first") from None
    body, fault = unsealed(content)
    if fault and check:
        raise _refused(path, fault)
    # with its seal whole a file can still be another's work; without, it can hold anything
    try:
        groups, told = read_tree(body)
        header = _Header.model_validate_json(told)
        case = Case.from_json(header.case)
        estimate = _restored(header, gather(case, header.as_of), groups)
    except (
        OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError, AttributeError,
        InputError,
    ) as error:  # fmt: skip
        what = (
            "its header is not what it should be"
            if isinstance(error, ValidationError)
            else shown(str(error)[:300])
        )
        raise InputError(
            f"{path}: is no estimate that tolls {VERSION} saved ({fault or what}); fit again"
        ) from None
    faults = [fault] if fault else []
    if header.tolls_version != VERSION:
        faults.append(
            f"was written by tolls {shown(header.tolls_version[:20])}, and this is {VERSION}"
        )
    if case.digest != header.digest:
        faults.append("holds another case than its digest says")
    if faults and check:
        raise _refused(path, "; ".join(faults))
    return _unvouched(estimate, faults) if faults else estimate


def _refused(path: str | Path, fault: str) -> InputError:
    return InputError(
        f"{path}: {fault}; fit again, or look at it without trust: tolls.load(…, check=False)"
    )


def _unvouched(estimate: Estimate, faults: list[str]) -> Estimate:
    """Mark an estimate that was only looked at."""
    reason = f"loaded without a check, nothing is vouched for: the file {'; '.join(faults)}"
    found = estimate.diagnostics
    judged = replace(found, ok=False, reasons=(*found.reasons, reason))
    return replace(estimate, diagnostics=judged, warnings=(reason, *estimate.warnings))


def _restored(
    header: _Header, evidence: Evidence, groups: Mapping[str, Mapping[str, NDArray[Any]]]
) -> Estimate:
    """Put an estimate together again; what does not fit the case is an error of some sort."""
    each = [evidence, *(e for name, e in evidence.others.items() if name in header.measures)]
    if {e.case.measure for e in each} != set(header.measures):
        raise ValueError("its measures are not those of its case")
    parts = {name: arrays_of(each, arrays) for name, arrays in groups.items()}
    for own, posterior, prior in zip(each, parts["posterior"], parts["prior"], strict=True):
        _check_draws("posterior", own, posterior, needed(own))
        _check_draws("prior", own, prior)
        # those of the killed are judged with the others', and have their nodes too
        if not {*own.case.names} <= {*header.measures[own.case.measure].nodes}:
            raise ValueError("its diagnostics are of other nodes than its case")
    if {*header.diagnostics.nodes} != {*node_labels(each)}:
        raise ValueError("its diagnostics are of other nodes than its case")
    estimates = [
        Estimate(own, header.engine, header.seed, posterior, prior, header.measures[measure])
        for own, posterior, prior in zip(each, parts["posterior"], parts["prior"], strict=True)
        for measure in [own.case.measure]
    ]
    return replace(
        estimates[0],
        diagnostics=header.diagnostics,
        warnings=tuple(header.warnings),
        others={e.case.measure: e for e in estimates[1:]},
    )


def _check_draws(
    group: str, own: Evidence, arrays: Mapping[str, NDArray[Any]], names: Sequence[str] = ()
) -> None:
    """Raise ValueError where the draws of one measure are not what a fit gives."""
    if missing := [name for name in ("toll", *names) if name not in arrays]:
        raise ValueError(f"{group} lacks {', '.join(missing)}")
    if other := [name for name in arrays if name not in ("toll", "share", *names)]:
        raise ValueError(f"{group} holds {other[0]}, which no fit of its case gives")
    draws = arrays["toll"].shape[:2]
    for name, array in arrays.items():
        if array.shape != (*draws, *lengths(own, name)) or not array.size:
            raise ValueError(f"{group} has {name} of another shape than its case")
        low, high = RANGES.get(name, (0.0, math.inf))
        whole = array.dtype == (np.int64 if name == "toll" else np.float64)
        if not (whole and np.isfinite(array).all() and low <= array.min() <= array.max() <= high):
            raise ValueError(f"{group} holds {name} that no fit gives: not finite, or out of range")
