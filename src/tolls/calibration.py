"""Simulation-based calibration: whether 95 % intervals hold the truth in 95 of 100 cases.

Cases are drawn from the model's own priors and fitted; where engine, likelihood and simulation mean
the same, the rank of the truth among the draws is uniform for every quantity (Talts et al. 2018,
Validating Bayesian inference algorithms with simulation-based calibration, arXiv:1804.06788; the
log likelihood as a quantity: Modrák et al. 2023, Bayesian Analysis 20(2)). One run is in
`ranking`, the judgement in `uniformity`; here they come together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.case import Case
from tolls.constants import VERSION
from tolls.errors import InputError, as_given
from tolls.evidence import gather
from tolls.formatting import percent, text_table
from tolls.ranking import PRIOR, RANKED, SLOTS, Fit, fitted, rank_run
from tolls.runs import Journal, code_digest, run_all
from tolls.simulation import check_seed
from tolls.uniformity import band, below, chance, least_tail

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Calibration", "calibrate"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
FAMILY = 0.95  # probability that the ranks of all quantities stay inside, where all is right
MOST_RUNS = 1_000_000
NONE = -1  # in place of a rank, where a case has no such quantity
ALL = "all"

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """Ranks of the truth in simulated cases, and what they say of the intervals.

    Attributes
    ----------
    cases : tuple of Case
        Whose designs and priors were simulated, in turn.
    seed : int
    quantities : tuple of str
        ``toll[killed]``, ``bias[SOHR]``, ``kappa``, ``log_likelihood`` …: named as in
        ``estimate.draws``, sources of one group as the group.
    ranks : (run, quantity) int array
        Number of draws below the truth, from 0 to 199, ties at random; -1 where a run's case has no
        such quantity.
    """

    cases: tuple[Case, ...]
    seed: int
    quantities: tuple[str, ...]
    ranks: Ints

    def of(self, quantity: str) -> Ints:
        """Return the ranks of one quantity, in the order of the runs that have it."""
        if quantity not in self.quantities:
            raise InputError(f'"{quantity}" was not ranked; allowed: {", ".join(self.quantities)}')
        column = self.ranks[:, self.quantities.index(quantity)]
        ranks: Ints = column[column != NONE]
        return ranks

    @cached_property
    def p_values(self) -> dict[str, float]:
        """How probable ranks as uneven as a quantity's are, by quantity, were all right.

        Judged by the smallest binomial tail probability along the distribution function of the
        ranks; each quantity by itself, so that of twenty one falls below 0.05 by chance.
        """
        each = {name: self.of(name) for name in self.quantities}
        return {n: chance(least_tail(r, SLOTS), len(r), SLOTS) for n, r in each.items()}

    @property
    def furthest(self) -> str:
        """The quantity whose ranks are furthest from uniform."""
        return min(self.p_values, key=lambda name: self.p_values[name])

    @property
    def p_value(self) -> float:
        """How probable ranks as uneven as the furthest's are among all quantities, at most.

        The smallest p-value times the number of quantities. That bound holds however quantities
        hang together (a total and its parts do); where they do not at all it is less than 3 %
        above the exact value, at 0.05.
        """
        return min(1.0, len(self.quantities) * self.p_values[self.furthest])

    @property
    def inside(self) -> bool:
        """Whether the ranks of all quantities lie inside the one band of 95 %."""
        return self.p_value > 1 - FAMILY

    def ecdf(self, quantity: str) -> tuple[Floats, Floats, Floats, Floats]:
        """Return how a quantity's ranks are distributed, as differences from uniform.

        Parameters
        ----------
        quantity : str

        Returns
        -------
        four (point,) arrays
            Points in (0, 1); share of the ranks below each, less the point; lower and upper end of
            the band that holds the differences of all quantities at all points together with 95 %
            probability.
        """
        ranks = self.of(quantity)
        points = np.arange(1, SLOTS) / SLOTS
        limits = self._bands[len(ranks)]
        share, low, high = (n / len(ranks) - points for n in (below(ranks, SLOTS), *limits))
        return points, share, low, high

    @cached_property
    def _bands(self) -> dict[int, tuple[Ints, Ints]]:
        of_one = 1 - (1 - FAMILY) / len(self.quantities)
        return {n: band(n, SLOTS, of_one) for n in {len(self.of(q)) for q in self.quantities}}

    def summary(self) -> pd.DataFrame:
        """Return how often equal-tailed intervals held the truth.

        Returns
        -------
        DataFrame
            A row per quantity and level (50, 80, 90, 95 %), after rows of all quantities and of all
            of one sort together: ``quantity``, ``level``, ``coverage``, ``mc_error`` (standard
            error of the coverage, were all right; of several quantities together estimated from the
            runs, within which they hang together), ``z`` (coverage less level, in such errors),
            ``runs``. A toll that equals an end of its interval counts at random, for whole numbers
            reach no exact level.

        Examples
        --------
        >>> calibration.summary().query("quantity == 'toll[killed]'")  # doctest: +SKIP
        """
        import pandas as pd

        return pd.DataFrame([row for name in self._groups for row in self._coverage(name)])

    @cached_property
    def _groups(self) -> dict[str, list[int]]:
        """Columns of all quantities, of every sort of several, and of each by itself."""
        sorts: dict[str, list[int]] = {}
        for place, name in enumerate(self.quantities):
            sorts.setdefault(name.partition("[")[0], []).append(place)
        several = {sort: places for sort, places in sorts.items() if len(places) > 1}
        each = {name: [place] for place, name in enumerate(self.quantities)}
        return {ALL: list(range(len(self.quantities)))} | several | each

    def _coverage(self, name: str) -> list[dict[str, Any]]:
        """Rows of `summary` for one quantity or several together."""
        ranks = self.ranks[:, self._groups[name]]
        there = ranks != NONE
        ranks, there = ranks[there.any(axis=1)], there[there.any(axis=1)]
        runs, rows = len(ranks), []
        for level in LEVELS:
            first = round((1 - level) / 2 * SLOTS)
            held = there & (first <= ranks) & (ranks < SLOTS - first)
            of_run = held.sum(axis=1) / there.sum(axis=1)
            variance = level * (1 - level)
            if ranks.shape[1] > 1:
                variance = float(of_run.var(ddof=1)) if runs > 1 else np.nan
            coverage, error = float(of_run.mean()), float(np.sqrt(variance / runs))
            rows.append(
                {
                    "quantity": name,
                    "level": level,
                    "coverage": coverage,
                    "mc_error": error,
                    "z": (coverage - level) / error if error else np.nan,
                    "runs": runs,
                }
            )
        return rows

    @property
    def sentence(self) -> str:
        """Say in one sentence whether the ranks are uniform."""
        where = "inside" if self.inside else "OUTSIDE"
        titles = ", ".join(dict.fromkeys(case.title for case in self.cases))
        return (
            f"{titles}: in {len(self.ranks):,} simulated cases, each fitted and none left out, the "
            f"ranks of the truth of {len(self.quantities)} quantities lie {where} the band that "
            f"holds all of them with {percent(FAMILY)} probability; furthest out is "
            f"{self.furthest} (p = {self.p_value:.2g} for the furthest of so many)."
        )

    def coverage(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return header and rows of the coverage by sort of quantity, with its error, as text."""
        header = ("coverage of", *(f"{percent(level)} intervals" for level in LEVELS))
        sorts = dict.fromkeys([ALL, *(name.partition("[")[0] for name in self.quantities)])
        rows = []
        for sort in sorts:
            name = sort if sort in self._groups else self._alone(sort)
            cells = (f"{r['coverage']:.3f} ± {r['mc_error']:.3f}" for r in self._coverage(name))
            rows.append((name, *cells))
        return header, rows

    def _alone(self, sort: str) -> str:
        return next(name for name in self.quantities if name.partition("[")[0] == sort)

    def __repr__(self) -> str:
        return f"{self.sentence}\n\n{text_table(*self.coverage())}"

    def _repr_html_(self) -> str:
        return markup.paragraph(self.sentence) + markup.table(*self.coverage())

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict and the coverage, as ``tolls calibrate -o`` writes them."""
        return {
            "tolls_version": VERSION,
            "cases": [{"case": case.title, "digest": case.digest} for case in self.cases],
            "seed": self.seed,
            "runs": len(self.ranks),
            "quantities": len(self.quantities),
            "inside": self.inside,
            "furthest": self.furthest,
            "p_value": self.p_value,
            "p_values": self.p_values,
            "coverage": [row for name in self._groups for row in self._coverage(name)],
        }


def calibrate(
    case: Case | Sequence[Case],
    n: int,
    *,
    seed: int,
    executor: Executor | None = None,
    folder: str | Path | None = None,
) -> Calibration:
    """Simulate cases from their priors, fit each, and rank the truth among the draws.

    Tolls and all else are drawn from the prior, reports are drawn like the case's own
    (`simulate`), and the default engine fits them (`fit`). No run is left out, whatever its
    diagnostics look like: a fit that is refused ends the calibration.

    Parameters
    ----------
    case : Case or sequence of Case
        Gives the design (who reports what, when, in which wording) and the priors; what its reports
        say plays no part. Several are taken in turn, and quantities of one name are put together.
    n : int
        Number of simulated cases, 1 to 1,000,000.
    seed : int
        Seed of everything. Every run has random numbers of its own, so that results depend on
        neither the executor nor the order; a larger `n` adds runs to those of a smaller.
    executor : Executor, optional
        Any ``concurrent.futures.Executor``, ``Client.get_executor()`` of Dask among them; it stays
        open. Left out: processes, one per core. They import the calling script, which therefore
        needs the guard of the example.
    folder : str or Path, optional
        Where finished runs are kept, one line each, as they come. A calibration that was ended goes
        on from there. A folder of other cases, another seed, version or code is refused.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If an argument is out of range, a case has no evidence, or the folder holds something else.
    EstimateRefused
        If a fit is refused; the message names the run and its seeds.

    Notes
    -----
    Ranges and bounds of evidence ``certified`` have no distribution to draw from and are simulated
    as exact. A posterior that is right on average over the prior, which is what ranks show, may
    still rest on priors that are wrong: see `backtest` for that.

    References
    ----------
    Talts et al. (2018), arXiv:1804.06788; Säilynoja, Bürkner and Vehtari (2022), Statistics and
    Computing 32(32).

    Examples
    --------
    >>> import tolls
    >>> if __name__ == "__main__":
    ...     case = tolls.read_case("models/syria-coast-2025")
    ...     calibration = tolls.calibrate(case, n=100, seed=1)  # doctest: +SKIP
    """
    return ranked(case, n, seed=seed, executor=executor, folder=folder)


def _sound(result: Any) -> bool:
    """Tell whether a result is what `rank_run` gives."""
    return (
        isinstance(result, dict)
        and result.keys() == {RANKED, PRIOR}
        and all(
            isinstance(ranks, dict)
            and all(type(r) is int and 0 <= r < SLOTS for r in ranks.values())
            for ranks in result.values()
        )
    )


def ranked(
    case: Case | Sequence[Case],
    n: int,
    *,
    seed: int,
    executor: Executor | None = None,
    folder: str | Path | None = None,
    fit_case: Fit = fitted,
) -> Calibration:
    """Calibrate any way of making an estimate of a case and a seed: what tests break on purpose."""
    cases = tuple(case) if isinstance(case, Iterable) else (case,)
    check_seed(seed)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST_RUNS:
        raise InputError(f"n: {as_given(n)} is no number of runs; allowed: 1 to {MOST_RUNS:,}")
    if not cases or not all(isinstance(one, Case) for one in cases):
        raise InputError("case: is no tolls.Case; allowed: a case (tolls.read_case), or several")
    for one in cases:
        gather(one)  # refuses a case without evidence before anything is drawn
    header = {
        "tolls": VERSION,
        "code": code_digest(),
        "cases": [one.digest for one in cases],
        "seed": int(seed),
    }
    found = run_all(
        rank_run,
        {run: (cases[run % len(cases)], run, int(seed), fit_case) for run in range(n)},
        text="calibrating",
        executor=executor,
        journal=None if folder is None else Journal(folder, header, _sound),
    )
    # a quantity that no fit ever had, as the rate of an event all of which is known, is none
    names = dict.fromkeys(name for result in found.values() for name in result[RANKED])
    ranks = [[(r[PRIOR] | r[RANKED]).get(name, NONE) for name in names] for r in found.values()]
    return Calibration(cases, int(seed), tuple(names), np.array(ranks, dtype=np.int64))
