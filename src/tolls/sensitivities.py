"""What an estimate rests on, as a result: the headline under everything that was changed.

A `Sensitivity` holds draws and plain numbers and tells them as tables and in sentences; it fits
nothing. `questions` asks. pandas loads when a table is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.case import Case
from tolls.constants import CI_PROB
from tolls.contributions import STATEMENTS, Contributions
from tolls.errors import InputError
from tolls.estimate import Estimate
from tolls.formatting import count, interval, percent, text_table
from tolls.intervals import credible_interval
from tolls.level import LevelCurve
from tolls.scaling import ALL_PRIORS, REPORTS
from tolls.scenarios import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DECLARED", "LEVEL", "POWERS", "PRIORS", "SOURCES", "STREAM", "Sensitivity", "Split"]

DECLARED, PRIORS, POWERS, LEVEL, SOURCES = (
    "declared", "other priors", "powers", "mean bias", "without a source",
)  # fmt: skip
BIASES = "sources' biases"
HALF = 0.5  # people that stand for none where a ratio is taken
STREAM = 7  # of random numbers, apart from those of the fit


@dataclass(frozen=True, eq=False)
class Split:
    """What the reports on a node itself say of it, and what all others do."""

    node: str
    direct: Scenario
    indirect: Scenario


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """What one node's toll rests on.

    Attributes
    ----------
    estimate : Estimate
        Of the node's measure, as declared.
    node : str
        As ``estimate.case`` names it.
    at_least : float or None
        The statement that is asked about: so many people or more.
    scenarios : tuple of Scenario
        As declared, then everything that was changed.
    curve : LevelCurve
    splits : tuple of Split
        For every node with reports on itself and with others.
    contributions : Contributions
    powers : dict of str to float
        Sensitivity to power-scaling, by component.
    """

    estimate: Estimate
    node: str
    at_least: float | None
    scenarios: tuple[Scenario, ...]
    curve: LevelCurve
    splits: tuple[Split, ...]
    contributions: Contributions
    powers: dict[str, float]

    @property
    def case(self) -> Case:
        """The case of the node's measure."""
        return self.estimate.case

    def _place(self, node: str | None = None) -> int:
        name = self.node if node is None else node
        if name not in self.case.names:
            raise InputError(f'"{name}" is no node; allowed: {", ".join(self.case.names)}')
        return self.case.names.index(name)

    def summary(self, node: str | None = None, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Return the toll as declared and under everything that was changed.

        Parameters
        ----------
        node : str, optional
            Another node or union of the same measure.
        ci_prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Index ``scenario``; ``group``; ``median``, ``lo``, ``hi`` in people; ``ratio``, the
            median over that as declared; ``probability`` of the statement, where one was given;
            ``method``, ``khat`` and ``ess`` say how the row came about (see `Scenario`).

        Raises
        ------
        InputError
            If the node is none of this measure's.
        """
        import pandas as pd

        place = self._place(node)
        rows = [{"scenario": s.name, **self._row(s, place, ci_prob)} for s in self.scenarios]
        return pd.DataFrame(rows).set_index("scenario")

    def _row(self, scenario: Scenario, place: int, ci_prob: float) -> dict[str, Any]:
        tolls, declared = scenario.tolls[:, place], self.scenarios[0].tolls[:, place]
        median, lo, hi = _told(tolls, ci_prob)
        middle = float(np.median(declared))
        row: dict[str, Any] = {
            "group": scenario.group,
            "median": median,
            "lo": lo,
            "hi": hi,
            "ci_prob": ci_prob,
            "ratio": median / middle if middle else math.nan,
        }
        if self.at_least is not None:
            row["probability"] = float((tolls >= self.at_least).mean()) if len(tolls) else math.nan
        return row | {"method": scenario.method, "khat": scenario.khat, "ess": scenario.ess}

    def level(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Return the level curve: the headline against the assumed mean bias of all sources.

        Parameters
        ----------
        ci_prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Index ``factor``: of all sources' biases, as a multiple of what is declared; columns as
            in `summary`.
        """
        import pandas as pd

        place = self._place()
        pairs = zip(self.curve.factors, self.curve.scenarios, strict=True)
        rows = [{"factor": f, **self._row(s, place, ci_prob)} for f, s in pairs]
        return pd.DataFrame(rows).set_index("factor").drop(columns="group")

    def fails_at(self, probability: float = 0.5) -> float:
        """Return the mean bias from which on the statement is less probable than this.

        Parameters
        ----------
        probability : float
            In (0, 1).

        Returns
        -------
        float
            A multiple of what is declared, within the grid; 0 where the statement fails already at
            its smallest, infinity where it holds at its largest; NaN where the fit of that end was
            refused, so that nothing is known of it.

        Raises
        ------
        InputError
            If no statement was given.
        """
        if self.at_least is None:
            raise InputError("fails_at: no statement was given; pass at_least=… to sensitivity")
        if not 0 < probability < 1:
            raise InputError(f"probability: {probability}; allowed: between 0 and 1")
        return self.curve.fails_at(self._place(), self.at_least, probability)

    def direct(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Return what reports on each node itself say of it, against all others.

        Both are fits of their own (Dias et al. 2010, Statistics in Medicine 29(7-8), split nodes of
        a network so). They share priors, and a source that speaks in both has the same bias in
        truth and two in the comparison: conflict is told too seldom rather than too often.

        Parameters
        ----------
        ci_prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Index ``node``; for ``direct`` and ``indirect`` the median and ends in people, and how
            they came about; ``ratio`` of direct to indirect with its ends, and ``p``: twice the
            smaller probability that one is the greater.
        """
        import pandas as pd

        rows = [self._split(s, ci_prob) for s in self.splits]
        return pd.DataFrame(rows, columns=None if rows else ["node"]).set_index("node")

    def _split(self, split: Split, ci_prob: float) -> dict[str, Any]:
        place = self._place(split.node)
        row: dict[str, Any] = {"node": split.node}
        for name, scenario in (("direct", split.direct), ("indirect", split.indirect)):
            median, lo, hi = _told(scenario.tolls[:, place], ci_prob)
            row |= {name: median, f"{name}_lo": lo, f"{name}_hi": hi}
            row |= {f"{name}_method": scenario.method}
        rng = np.random.default_rng([self.estimate.seed or 0, STREAM])
        pair = [rng.permutation(s.tolls[:, place]) for s in (split.direct, split.indirect)]
        length = min(map(len, pair))
        one, other = (np.log(np.maximum(x[:length], HALF)) for x in pair)
        ratio, ratio_lo, ratio_hi = _told(np.exp(one - other), ci_prob)
        sides = ((one > other).mean(), (one < other).mean()) if length else (math.nan,)
        ends = {"ratio": ratio, "ratio_lo": ratio_lo, "ratio_hi": ratio_hi}
        return row | ends | {"p": min(1.0, 2 * float(min(sides))), "ci_prob": ci_prob}

    def shares(self) -> pd.DataFrame:
        """Return what part of the headline's interval comes from what.

        Returns
        -------
        DataFrame
            Index ``block``; ``share`` of the variance of the log toll (see `contributions`), and
            ``power``, the sensitivity to power-scaling of that block's prior, or of the reports: 0
            where nothing moves; ``sensitive`` where it is as large as is worth telling.
        """
        import pandas as pd

        shares = self.contributions.shares | {ALL_PRIORS: 1 - self.contributions.shares[STATEMENTS]}
        powers = {STATEMENTS: self.powers.get(REPORTS)} | self.powers
        rows = [(block, share, powers.get(block)) for block, share in shares.items()]
        table = pd.DataFrame(rows, columns=["block", "share", "power"]).set_index("block")
        least = self.case.presets.sensitivity.told_above
        return table.assign(sensitive=table["power"].astype(float) >= least)

    def weights(self) -> pd.DataFrame:
        """Return the weight of every source in the headline.

        Returns
        -------
        DataFrame
            Index ``source`` (a dependence group is one); ``weight``: by how many percent the
            headline rises if the source's bias is taken to be one percent smaller.
        """
        import pandas as pd

        found = self.contributions.weights
        table = pd.DataFrame({"source": list(found), "weight": list(found.values())})
        return table.set_index("source")

    def sentence(self) -> str:
        """Say in a few sentences what the headline rests on."""
        place, presets = self._place(), self.estimate.case.presets.sensitivity
        median, lo, hi = _told(self.scenarios[0].tolls[:, place], CI_PROB)
        told = [
            f"{self.case.title}, {self.node}: {count(median, hi - lo)} ({interval(lo, hi)}) as "
            f"declared."
        ]
        for group, words in ((PRIORS, "Under other priors"), (SOURCES, "Without any one source")):
            medians = [
                float(np.median(s.tolls[:, place]))
                for s in self.scenarios
                if s.group == group and s.method not in ("prior", "refused")
            ]
            if medians:
                ends = (count(m, hi - lo) for m in (min(medians), max(medians)))
                told.append(f"{words} the median lies between {' and '.join(ends)}.")
        told += [
            f"{s.name[0].upper()}{s.name[1:]} no report is left, and the prior is the answer."
            for s in self.scenarios
            if s.method == "prior"
        ]
        quarters = [(s.name, _told(s.tolls[:, place], CI_PROB)[0]) for s in self.curve.quarters]
        each = " and ".join(f"{count(m, hi - lo)} ({name})" for name, m in quarters)
        told.append(
            f"If all sources stated less, or more, than their priors say, it would be {each}."
        )
        if self.at_least is not None:
            p = float((self.scenarios[0].tolls[:, place] >= self.at_least).mean())
            told.append(
                f"At least {self.at_least:,.0f} has probability {p:.2f} with biases as declared;"
            )
            told += [_failure(self.fails_at(q), q) for q in presets.probabilities]
            told[-1] = told[-1].removesuffix(";") + "."
        found = self.contributions
        parts = found.of
        told.append(
            f"Of the variance of the log toll {percent(round(parts['priors'], 2))} comes from "
            f"priors ({percent(round(found.shares['shared bias'], 2))} from the bias that all "
            f"sources share, {percent(round(found.shares[BIASES], 2))} from their own), "
            f"{percent(round(parts['sources'], 2))} from how sources scatter and err, "
            f"{percent(round(parts[STATEMENTS], 2))} from single statements."
        )
        n = len(found.weights)
        told.append(
            f"The {n} source{'s' * (n != 1)} weigh{'s' * (n == 1)} as much as "
            f"{found.independent:.1f} equal, independent ones."
        )
        return " ".join(told)

    def _tables(self) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        """Tables as text: scenarios, level curve, shares, splits."""
        place = self._place()
        head = ("", "median", f"{percent(CI_PROB)} interval", "method")
        yield head, [(s.name, *self._cells(s, place)) for s in self.scenarios]
        yield (
            ("mean bias ×", *head[1:]),
            [
                (f"{f:.2f}", *self._cells(s, place))
                for f, s in zip(self.curve.factors, self.curve.scenarios, strict=True)
            ],
        )
        yield (
            ("interval from", "share"),
            [
                (block, percent(round(share, 3)))
                for block, share in self.contributions.shares.items()
            ],
        )
        if self.splits:
            rows = [self._split(s, CI_PROB) for s in self.splits]
            yield ("node", "its own reports", "all others", "p"), [
                (r["node"], *(_shown(*(r[f"{k}{end}"] for end in ("", "_lo", "_hi")))
                              for k in ("direct", "indirect")), f"{r['p']:.2f}")
                for r in rows
            ]  # fmt: skip

    def _cells(self, scenario: Scenario, place: int) -> tuple[str, str, str]:
        median, lo, hi = _told(scenario.tolls[:, place], CI_PROB)
        return count(median, hi - lo), interval(lo, hi), scenario.method

    @property
    def _below(self) -> tuple[str, ...]:
        """What holds for all tables: the diagnostics of the case as declared, and its notes."""
        return self.estimate.verdict, *self.estimate.notes

    def __repr__(self) -> str:
        verdict, *notes = self._below
        below = "\n".join([verdict, *(f"Note: {note}" for note in notes)])
        tables = (text_table(*table) for table in self._tables())
        return "\n\n".join([self.sentence(), *tables, below])

    def _repr_html_(self) -> str:
        verdict, *notes = self._below
        tables = "".join(markup.table(*table) for table in self._tables())
        below = markup.paragraph(verdict) + markup.notes(notes)
        return markup.paragraph(self.sentence()) + tables + below


def _told(tolls: NDArray[Any], ci_prob: float) -> tuple[float, float, float]:
    """Median and ends of an interval; no numbers where there are no draws."""
    if not len(tolls):
        return math.nan, math.nan, math.nan
    return float(np.median(tolls)), *credible_interval(tolls, ci_prob, "eti")


def _shown(median: float, lo: float, hi: float) -> str:
    return f"{count(median, hi - lo)} ({interval(lo, hi)})"


def _failure(factor: float, probability: float) -> str:
    """Say where a statement fails."""
    if math.isnan(factor):
        return f"where it passes {probability:g} is not known, for fits were refused there;"
    if factor == 0:
        return f"it reaches {probability:g} at no mean bias considered;"
    if factor == math.inf:
        return f"it stays above {probability:g} at every mean bias considered;"
    if factor < 1:
        return f"it reaches {probability:g} if all are {factor:.2f} times that, or less;"
    return f"it falls below {probability:g} if all are {factor:.2f} times that, or more;"
