"""The scores of a backtest: tables, averages over cases, and what chance makes of so few cases.

Averages weigh every case the same; intervals come from a bootstrap over cases. Nothing is fitted or
scored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.constants import CI_PROB
from tolls.formatting import count, percent, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "OURS", "Backtest", "not_scored"]

type Floats = NDArray[np.float64]

OURS = "tolls"
KINDS = ("tolls", "point", "errors")
RESAMPLES = 4000
AVERAGED = (
    "crps", "log_score", "interval_score_90", "interval_score", "covered_50", "covered_80",
    "covered_90", "covered_95",
)  # fmt: skip
UNIT = ("case", "day", "node")  # what is scored once by every method


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Scores of estimates and of baselines against tolls verified later.

    Attributes
    ----------
    scores : DataFrame
        A row per case, as-of date, node and method: ``case``, ``as_of`` (date), ``day`` after the
        start, ``node``, ``method``, ``kind`` (``tolls``; ``point``, a baseline that is a number;
        ``errors``, a baseline with a distribution), ``truth_lo`` and ``truth_hi``, ``point``
        (median), ``lo``, ``hi`` (95 %), ``lo_50``, ``hi_50`` in people; ``crps``, ``log_score``,
        ``interval_score_90``, ``interval_score`` (95 %) of the log toll, the less the better;
        ``pit``; ``covered_50``, ``covered_80``, ``covered_90``, ``covered_95``, the share of the
        verified toll inside; ``note``. Of a point only ``point`` and ``crps``.
    unscored : DataFrame
        What was asked for and not scored: ``case``, ``day``, ``node``, ``reason``.
    seed : int
        Of the fits and of the bootstrap.
    notes : tuple of str
        What a reader of the scores must know.
    """

    scores: pd.DataFrame
    unscored: pd.DataFrame
    seed: int
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """The cases that are scored."""
        return tuple(dict.fromkeys(self.scores["case"]))

    @cached_property
    def _resamples(self) -> NDArray[np.int64]:
        """Return the cases of every bootstrap sample."""
        rng = np.random.default_rng([self.seed, len(self.cases)])
        return rng.integers(len(self.cases), size=(RESAMPLES, len(self.cases)))

    def _of_cases(self, rows: pd.DataFrame, column: str) -> Floats:
        """Return the mean of a column over the rows of every case."""
        return rows.groupby("case")[column].mean().reindex(list(self.cases)).to_numpy(dtype=float)

    def _interval(self, above: Floats, below: Floats | None = None) -> tuple[float, float]:
        """Return the bootstrap interval of a mean over cases, or of the ratio of two."""
        if np.isfinite(above).sum() < 2:
            return float("nan"), float("nan")
        drawn = _means(above[self._resamples])
        if below is not None:
            drawn = drawn / _means(below[self._resamples])
        lo, hi = np.nanquantile(drawn, [(1 - CI_PROB) / 2, (1 + CI_PROB) / 2])
        return float(lo), float(hi)

    @cached_property
    def _crps(self) -> pd.DataFrame:
        """A row per what is scored once, a column per method."""
        return self.scores.pivot(index=list(UNIT), columns="method", values="crps")

    def _pair(self, method: str, other: str) -> tuple[Floats, Floats]:
        """Return the CRPS of two methods by case, over what both speak of."""
        both = self._crps[[method, other]].set_axis(["one", "other"], axis=1).dropna()
        rows = both.reset_index()
        return self._of_cases(rows, "one"), self._of_cases(rows, "other")

    def _ratio(self, method: str, other: str) -> float:
        """Return the mean CRPS of a method over that of another."""
        one, two = map(_mean, self._pair(method, other))
        return one / two if two > 0 else float("nan")

    @cached_property
    def _best(self) -> dict[str, str]:
        found = {}
        for kind in KINDS[1:]:
            own = self.scores[self.scores["kind"] == kind]
            spoken = own.groupby("method", sort=False)["case"].nunique()
            full = [str(method) for method in spoken.index[spoken == spoken.max()]]
            if full:
                found[kind] = max(full, key=self._beaten_by)
        return found

    def _beaten_by(self, method: str) -> float:
        """Return our mean CRPS over a method's; infinite where that is off by nothing."""
        ratio = self._ratio(OURS, method)
        return ratio if np.isfinite(ratio) else np.inf

    def best(self, kind: str) -> str | None:
        """Return the baseline of a kind that is hardest to beat.

        Parameters
        ----------
        kind : {"point", "errors"}

        Returns
        -------
        str, optional
            The one with the least CRPS beside that of tolls, among those that speak of as many
            cases as any of the kind; None where there is no baseline.
        """
        return self._best.get(kind)

    def summary(self) -> pd.DataFrame:
        """Return the scores of every method, averaged within cases and then over cases.

        Returns
        -------
        DataFrame
            Index ``method``; ``kind``; ``cases`` and ``scores``, on how many it rests; the mean of
            every score; ``crps_lo``, ``crps_hi``, ``covered_90_lo``, ``covered_90_hi``, 95 %
            intervals by a bootstrap over cases (none for one case); ``ratio`` with ``ratio_lo`` and
            ``ratio_hi``, the CRPS of tolls over that of the method where both say something (below
            one where tolls is better); ``skill_point`` and ``skill_errors``, one minus the CRPS
            over that of the best baseline of the kind, where both say something.

        Examples
        --------
        >>> result.summary()[["crps", "ratio", "covered_90"]]  # doctest: +SKIP
        """
        return self._summary.copy()

    @cached_property
    def _summary(self) -> pd.DataFrame:
        import pandas as pd

        rows = []
        for name, own in self.scores.groupby("method", sort=False):
            method, by_case = str(name), {score: self._of_cases(own, score) for score in AVERAGED}
            row: dict[str, Any] = {"method": method, "kind": own["kind"].iloc[0]}
            row |= {"cases": own["case"].nunique(), "scores": len(own)}
            row |= {score: _mean(values) for score, values in by_case.items()}
            for score in ("crps", "covered_90"):
                row[f"{score}_lo"], row[f"{score}_hi"] = self._interval(by_case[score])
            row["ratio"] = self._ratio(OURS, method)
            row["ratio_lo"], row["ratio_hi"] = self._interval(*self._pair(OURS, method))
            for kind, best in self._best.items():
                row[f"skill_{kind}"] = 1 - self._ratio(method, best)
            rows.append(row)
        return pd.DataFrame(rows).set_index("method")

    def by_case(self) -> pd.DataFrame:
        """Return the scores of tolls by case, beside the CRPS of the best baselines.

        Returns
        -------
        DataFrame
            Index ``case``; ``scores``, ``crps``, ``covered_90``, ``covered_95``, ``pit`` and the
            CRPS of the best baseline of each kind, named by its method.
        """
        ours = self.scores[self.scores["method"] == OURS]
        means = ours.groupby("case", sort=False)
        table = means[["crps", "covered_90", "covered_95", "pit"]].mean()
        table.insert(0, "scores", means.size())
        for method in self._best.values():
            theirs = self.scores[self.scores["method"] == method]
            table[method] = theirs.groupby("case")["crps"].mean()
        return table

    def sentence(self) -> str:
        """Say the result in a sentence or two that can be printed."""
        table: dict[Any, dict[Any, Any]] = self._summary.to_dict("index")
        ours = table[OURS]
        held = _spread(ours["covered_90_lo"], ours["covered_90_hi"])
        said = (
            f"{_many(len(self.cases), 'case')}, {_many(ours['scores'], 'score')}: the 90 % "
            f"intervals hold {ours['covered_90']:.2f}{held} of the tolls verified later; the CRPS "
            f"of the log toll is {ours['crps']:.3f}"
        )
        words = {"point": "the best point baseline", "errors": "the best baseline with errors"}
        for kind, method in self._best.items():
            row = table[method]
            ends = _spread(row["ratio_lo"], row["ratio_hi"])
            if np.isfinite(row["ratio"]):
                said += f", {row['ratio']:.2f}{ends} times that of {words[kind]} ({method})"
            else:
                said += f", where {words[kind]} ({method}) is off by nothing"
        return f"{said}."

    def _lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        header = (
            "method", "cases", "scores", "CRPS", "tolls / it", "log score", "IS 90 %", "IS 95 %",
            *(f"in {percent(p / 100)}" for p in (50, 80, 90, 95)),
        )  # fmt: skip
        rows: list[tuple[str, ...]] = []
        for method, row in self._summary.to_dict("index").items():
            ratio = "" if method == OURS else _number(row["ratio"], 2)
            rows.append(
                (
                    str(method),
                    f"{row['cases']}",
                    f"{row['scores']}",
                    _number(row["crps"], 3),
                    ratio,
                    *(_number(row[name], 2) for name in AVERAGED[1:]),
                )
            )
        return header, rows

    def _case_lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        ours = self.scores[self.scores["method"] == OURS]
        header = ("case", "day", "node", "verified", "median", "95 % interval", "CRPS", "in 90 %")
        rows: list[tuple[str, ...]] = []
        for row in ours.to_dict("records"):
            ends = dict.fromkeys(f"{row[name]:,.0f}" for name in ("truth_lo", "truth_hi"))
            width = row["hi"] - row["lo"]
            low, high = (count(row[name], width) for name in ("lo", "hi"))
            mark = "*" if row["note"] else ""
            rows.append(
                (
                    row["case"],
                    f"{row['day']}{mark}",
                    row["node"],
                    " to ".join(ends),
                    count(row["point"], width),
                    f"{low} to {high}",
                    _number(row["crps"], 3),
                    _number(row["covered_90"], 2),
                )
            )
        return header, rows

    @property
    def _told(self) -> list[str]:
        """What stands below the tables."""
        ours = self.scores[(self.scores["method"] == OURS) & (self.scores["note"] != "")]
        told = dict.fromkeys(
            f"* {row['case']}, day {row['day']}: {row['note']}" for row in ours.to_dict("records")
        )
        return [*told, *not_scored(self.unscored.to_dict("records")), *self.notes]

    def __repr__(self) -> str:
        tables = [text_table(*self._lines()), text_table(*self._case_lines())]
        return "\n".join([self.sentence(), "", *"\n\n".join(tables).split("\n"), "", *self._told])

    def _repr_html_(self) -> str:
        tables = markup.table(*self._lines()) + markup.table(*self._case_lines())
        return markup.paragraph(self.sentence()) + tables + markup.notes(self._told)


def not_scored(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Say what was not scored and why, the days of one reason together."""
    days: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        what = f"{row['case']}, {row['node']}" if row["node"] else row["case"]
        own = days.setdefault((what, row["reason"]), [])
        own += [] if row["day"] is None else [f"{row['day']}"]
    return [
        f"not scored: {what}{', day ' * bool(own)}{', '.join(own)}: {reason}"
        for (what, reason), own in days.items()
    ]


def _means(values: Floats) -> Floats:
    """Return the means of rows over what is a number; of a row without any, no number."""
    known = np.isfinite(values)
    totals = np.where(known, values, 0.0).sum(axis=-1)
    means: Floats = np.full(totals.shape, np.nan)
    np.divide(totals, known.sum(axis=-1), out=means, where=known.any(axis=-1))
    return means


def _mean(values: Floats) -> float:
    return float(_means(values[None])[0])


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


def _spread(lo: float, hi: float) -> str:
    return f" ({lo:.2f} to {hi:.2f})" if np.isfinite(lo) else ""


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
