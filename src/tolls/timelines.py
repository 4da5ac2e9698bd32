"""The estimate as of several dates: what could have been said on each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tolls.case import Case
from tolls.constants import CI_PROB
from tolls.errors import InputError
from tolls.estimate import Estimate
from tolls.fitting import fit
from tolls.growth import parse_day
from tolls.intervals import credible_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Timeline", "timeline"]

MOST_DATES = 6  # each date compiles a model of its own


@dataclass(frozen=True)
class Timeline:
    """Estimates of one case as of several dates, in order.

    Attributes
    ----------
    case : Case
    estimates : tuple of Estimate
        One per date; each knows its ``evidence.as_of``.
    """

    case: Case
    estimates: tuple[Estimate, ...]

    def summary(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Return a row per date and node: ``as_of``, ``node``, ``median``, ``lo``, ``hi``."""
        import numpy as np
        import pandas as pd

        rows = []
        for estimate in self.estimates:
            for node in estimate.nodes:
                draws = estimate.tolls(node)
                lo, hi = credible_interval(draws, ci_prob, "eti")
                rows.append(
                    {
                        "as_of": estimate.evidence.as_of,
                        "node": node,
                        "median": float(np.median(draws)),
                        "lo": lo,
                        "hi": hi,
                        "ci_prob": ci_prob,
                    }
                )
        return pd.DataFrame(rows)


def timeline(
    case: Case,
    dates: Sequence[date | str],
    *,
    seed: int,
    engine: str = "auto",
    on_failure: str = "raise",
) -> Timeline:
    """Fit a case as of each date, using only what was published by then.

    Parameters
    ----------
    case : Case
    dates : sequence of date or ISO str
        One to six dates, in any order; each date is a fit of its own.
    seed : int
        Seed of every fit, so that ``fit(case, seed=seed, as_of=date)`` gives the same draws.
    engine, on_failure : str
        As in `fit`.

    Returns
    -------
    Timeline

    Raises
    ------
    InputError
        If there are no dates or too many, or none of the reports is left as of one.
    EstimateRefused
        If one of the estimates fails its diagnostics.
    """
    days = sorted({parse_day(d, "dates") for d in dates})
    if not 0 < len(days) <= MOST_DATES:
        raise InputError(
            f"dates: {len(days)} are given; allowed: 1 to {MOST_DATES}, for each one compiles and "
            "samples a model"
        )
    fits = [fit(case, seed=seed, engine=engine, as_of=d, on_failure=on_failure) for d in days]
    return Timeline(case, tuple(fits))
