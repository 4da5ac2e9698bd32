"""The estimate as of several dates: what could have been said on each day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tolls import markup
from tolls.case import Case
from tolls.constants import CI_PROB
from tolls.errors import InputError, check_type
from tolls.estimate import Estimate
from tolls.fitting import fit
from tolls.formatting import count, interval, percent, text_table
from tolls.growth import parse_day
from tolls.intervals import credible_interval
from tolls.progress import progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Timeline", "timeline"]

MOST_DATES = 6  # each date compiles a model of its own


@dataclass(frozen=True, eq=False, repr=False)
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
        import pandas as pd

        return pd.DataFrame(
            [self._row(e, node, ci_prob) for e in self.estimates for node in e.nodes]
        )

    def _row(self, estimate: Estimate, node: str, ci_prob: float = CI_PROB) -> dict[str, Any]:
        draws = estimate.tolls(node)
        lo, hi = credible_interval(draws, ci_prob, "eti")
        return {
            "as_of": estimate.evidence.as_of,
            "node": node,
            "median": float(np.median(draws)),
            "lo": lo,
            "hi": hi,
            "ci_prob": ci_prob,
        }

    def sentence(self, node: str | None = None) -> str:
        """Say in a sentence where the estimate began and where it came to.

        Parameters
        ----------
        node : str, optional
            A node or union; the root where left out.

        Returns
        -------
        str

        Raises
        ------
        InputError
            If the node is unknown.
        """
        last = self.estimates[-1]
        name = last.nodes[0] if node is None else node
        last.of(name)  # refuses an unknown one
        known = [estimate for estimate in self.estimates if name in estimate.nodes]
        ends = dict.fromkeys((known[0], last))
        rows = (self._row(estimate, name) for estimate in ends)
        told = [f"{_said(row)} as of {row['as_of']}" for row in rows]
        n = len(self.estimates)
        return (
            f"{self.case.title}, {name}, with what was published by each of {n} "
            f"date{'s' * (n != 1)}, for the harm up to then: {', then '.join(told)} (median and "
            f"{percent(CI_PROB)} credible interval)."
        )

    def _lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        header = ("node", "as of", "reports", f"median ({percent(CI_PROB)} interval)")
        rows: list[tuple[str, ...]] = []
        for node in self.estimates[-1].nodes:
            for estimate in (e for e in self.estimates if node in e.nodes):
                row, (of, _) = self._row(estimate, node), estimate.of(node)
                reports = len(of.evidence.behind())
                rows.append((node, str(row["as_of"]), str(reports), _said(row)))
        return header, rows

    def _across(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return the same with a column per date, for pages, which are wider."""
        header, long = self._lines()
        dates = [str(estimate.evidence.as_of) for estimate in self.estimates]
        cells: dict[str, dict[str, str]] = {}
        for node, day, _, said in long:
            cells.setdefault(node, {})[day] = said
        rows = [(node, *(own.get(day, "") for day in dates)) for node, own in cells.items()]
        return (header[0], *dates), rows

    @property
    def _verdicts(self) -> tuple[list[str], list[str]]:
        """Refusals, which are told first, and what else there is to say of single dates."""
        refused = [
            f"As of {e.evidence.as_of}: {e.verdict}" for e in self.estimates if not e.diagnostics.ok
        ]
        days: dict[str, list[str]] = {}
        for estimate in self.estimates:
            for note in estimate.notes:
                days.setdefault(note, []).append(str(estimate.evidence.as_of))
        told = [f"as of {', '.join(dates)}: {note}" for note, dates in days.items()]
        return refused, told if refused else ["Diagnostics of all dates hold.", *told]

    def __repr__(self) -> str:
        refused, told = self._verdicts
        return "\n".join([*refused, self.sentence(), "", text_table(*self._lines()), "", *told])

    def _repr_html_(self) -> str:
        refused, told = self._verdicts
        above = "".join(markup.paragraph(markup.strong(text)) for text in refused)
        table = markup.table(*self._across())
        return above + markup.paragraph(self.sentence()) + table + markup.notes(told)


def _said(row: dict[str, Any]) -> str:
    """Write median and interval."""
    lo, hi = row["lo"], row["hi"]
    return f"{count(row['median'], hi - lo)} ({interval(lo, hi)})"


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
    check_type("dates", dates, Iterable, "a list of dates")
    days = sorted({parse_day(d, "dates") for d in dates})
    if not 0 < len(days) <= MOST_DATES:
        raise InputError(
            f"dates: {len(days)} are given; allowed: 1 to {MOST_DATES}, for each one compiles and "
            "samples a model"
        )
    fits = []
    with progress("fitting day by day", len(days)) as show:
        for day in days:
            fits.append(fit(case, seed=seed, engine=engine, as_of=day, on_failure=on_failure))
            if show:
                show(len(fits))
    return Timeline(case, tuple(fits))
