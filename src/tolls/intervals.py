"""Credible intervals of draws: the only place where one is computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.constants import CiKind
from tolls.errors import InputError, as_given, is_number

__all__ = ["credible_interval"]


def credible_interval(draws: NDArray[Any], ci_prob: float, ci_kind: CiKind) -> tuple[float, float]:
    """Return the ends of a credible interval of draws."""
    if not (is_number(ci_prob) and 0 < ci_prob < 1):
        raise InputError(
            f"ci_prob: {as_given(ci_prob)} is no probability; allowed: between 0 and 1"
        )
    if ci_kind == "eti":
        lo, hi = np.quantile(draws, [(1 - ci_prob) / 2, (1 + ci_prob) / 2])
        return float(lo), float(hi)
    if ci_kind == "hdi":
        ordered = np.sort(draws)
        inside = int(np.ceil(ci_prob * len(ordered)))
        widths = ordered[inside - 1 :] - ordered[: len(ordered) - inside + 1]
        first = int(np.argmin(widths))
        return float(ordered[first]), float(ordered[first + inside - 1])
    raise InputError(f'ci_kind: "{ci_kind}" is unknown; allowed: eti, hdi')
