"""Loads saved estimates; executes nothing from the file, and vouches for it or refuses it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from tolls.case import Case
from tolls.constants import MAX_ESTIMATE_BYTES, VERSION
from tolls.convergence import Diagnostics
from tolls.errors import InputError, check_path
from tolls.estimate import Estimate
from tolls.evidence import Evidence, gather
from tolls.files import Unreadable, open_plain
from tolls.storage import read_tree, unsealed
from tolls.trees import arrays_of, dataset

__all__ = ["load"]

NEEDED = {"posterior": ("toll", "size", "bias", "scatter", "reliability"), "prior": ("toll",)}


class _Header(BaseModel):
    """What stands in a file beside the draws."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tolls_version: str
    digest: str
    case: str
    as_of: str | None
    engine: str
    seed: int | None
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
            "its header is not what it should be" if isinstance(error, ValidationError) else error
        )
        raise InputError(
            f"{path}: is no estimate that tolls {VERSION} saved ({fault or what}); fit again"
        ) from None
    faults = [fault] if fault else []
    if header.tolls_version != VERSION:
        faults.append(f"was written by tolls {header.tolls_version}, and this is {VERSION}")
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
    parts = {name: arrays_of(each, groups[name]) for name in NEEDED}
    for name, needed in NEEDED.items():
        for own, arrays in zip(each, parts[name], strict=True):
            if missing := [array for array in needed if array not in arrays]:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
            if arrays["toll"].shape[2:] != (len(own.case.names),):
                raise ValueError(f"{name} has tolls of other nodes than its case")
        dataset(each, parts[name])  # refuses lengths that do not fit
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
