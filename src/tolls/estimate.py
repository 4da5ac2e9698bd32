"""The result of a fit, the same whichever engine ran.

An `Estimate` holds plain arrays and answers questions about them; it draws no plot and fits no
model. pandas, xarray and ArviZ load when a table or tree is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.case import Case
from tolls.checks import Finding, findings
from tolls.constants import CI_KIND, CI_PROB, INNER_PROB, QUANTILES, VERSION, CiKind
from tolls.convergence import Diagnostics
from tolls.errors import InputError, check_path, is_number, nearest
from tolls.evidence import Evidence
from tolls.formatting import count, interval, percent, period, text_table
from tolls.influence import rests_on, source_rows
from tolls.intervals import credible_interval
from tolls.likelihood import Parameters
from tolls.storage import sealed_tree, write_atomically
from tolls.trees import dataset, node_labels

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Estimate"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Estimate:
    """Joint posterior of tolls and sources, with what it rests on.

    Attributes
    ----------
    evidence : Evidence
        What every report counted for.
    engine : str
        Which engine drew the posterior.
    seed : int or None
        Seed of the fit.
    posterior : mapping of str to (chain, draw, …) arrays
        ``toll`` (node) in whole people; ``size`` (node), ``share`` (part), ``bias``, ``scatter``,
        ``reliability`` (source), ``kappa``, ``eta``, ``rate``, ``shape``, ``found``;
        ``alive``, ``clearing`` and ``kept`` (list) where there are reports of the missing.
    prior : mapping of str to (chain, draw, …) arrays
        ``toll`` before any report.
    diagnostics : Diagnostics
    warnings : tuple of str
        What was assumed or decided for the analyst.
    others : mapping of str to Estimate
        Those of measures beside the killed, fitted on their own.
    """

    evidence: Evidence
    engine: str
    seed: int | None
    posterior: Mapping[str, NDArray[Any]]
    prior: Mapping[str, NDArray[Any]]
    diagnostics: Diagnostics
    warnings: tuple[str, ...] = field(default=())
    others: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        """The case that was fitted."""
        return self.evidence.case

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes and unions in declared order, of all measures."""
        return node_labels([self.evidence, *(e.evidence for e in self.others.values())])

    def of(self, node: str) -> tuple[Estimate, int]:
        """Return the estimate of a node's measure, and the node's position there.

        Raises
        ------
        InputError
            If the node is unknown.
        """
        if node not in self.nodes:
            near = nearest(str(node), self.nodes)
            hint = f'; did you mean "{near}"?' if near else ""
            raise InputError(f'"{node}" is no node; allowed: {", ".join(self.nodes)}{hint}')
        place = self.nodes.index(node)
        for estimate in (self, *self.others.values()):
            if place < len(estimate.case.names):
                return estimate, place
            place -= len(estimate.case.names)
        raise AssertionError(node)

    def tolls(self, node: str) -> NDArray[np.int64]:
        """Return all draws of one node's toll, in people, chains one after the other.

        Parameters
        ----------
        node : str
            A node or union.

        Returns
        -------
        (draw,) int array

        Raises
        ------
        InputError
            If the node is unknown.
        """
        own, i = self.of(node)
        draws: NDArray[np.int64] = own.posterior["toll"][..., i].reshape(-1)
        return draws

    def summary(self, ci_prob: float = CI_PROB, ci_kind: CiKind = CI_KIND) -> pd.DataFrame:
        """Summarise every node, with the diagnostics in the row they qualify.

        Parameters
        ----------
        ci_prob : float
            Probability of the credible interval, in (0, 1). ArviZ's own default is 0.89.
        ci_kind : {"eti", "hdi"}
            Equal-tailed or highest density.

        Returns
        -------
        DataFrame
            Index ``node``; ``mean``, ``median``, ``sd``, ``lo``, ``hi`` in people, ``prior_lo`` and
            ``prior_hi`` before any report, ``ess_bulk``, ``ess_tail``, ``rhat`` (no number
            where the engine has no chains), ``checks`` that tell something, in words.

        Raises
        ------
        InputError
            If the probability or the kind is out of range.

        Examples
        --------
        >>> estimate.summary(ci_prob=0.9)  # doctest: +SKIP
        """
        import pandas as pd

        return pd.DataFrame(self._summary(ci_prob, ci_kind)).set_index("node")

    def _summary(self, ci_prob: float, ci_kind: CiKind) -> list[dict[str, Any]]:
        """Rows of `summary`, without pandas: a row per node."""
        rows = []
        for node in self.nodes:
            of, i = self.of(node)
            draws, before = self.tolls(node), of.prior["toll"][..., i].reshape(-1)
            lo, hi = credible_interval(draws, ci_prob, ci_kind)
            prior_lo, prior_hi = credible_interval(before, ci_prob, ci_kind)
            own = self.diagnostics.nodes[node]
            rows.append(
                {
                    "node": node,
                    "mean": float(draws.mean()),
                    "median": float(np.median(draws)),
                    "sd": float(draws.std(ddof=1)),
                    "lo": lo,
                    "hi": hi,
                    "ci_prob": ci_prob,
                    "ci_kind": ci_kind,
                    "prior_lo": prior_lo,
                    "prior_hi": prior_hi,
                    "ess_bulk": own.ess_bulk,
                    "ess_tail": own.ess_tail,
                    "rhat": own.rhat,
                    "checks": "; ".join(
                        f.text for f in of._own_checks if f.node == of.case.names[i]
                    ),
                }
            )
        return rows

    def sources(self, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Summarise every source: what the data made of its prior, and the toll without it.

        Parameters
        ----------
        ci_prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Index ``source``; grade, kind, number of reports used; ``bias`` (reported : true) as
            median and interval, with its prior; ``scatter`` (median), ``reliability`` (mean) and
            its prior mean; ``moved``, the shift of the log bias in prior sd; ``without``, the
            median toll of the root without the source, and ``influence``, the ratio of the
            headline to it; both empty where ``khat`` is 0.7 or more, the ratio also where it would
            be to a toll of 0.
        """
        import pandas as pd

        root = self.tolls(self.nodes[0]).astype(float)
        rows = source_rows(self.evidence, self.posterior, self.parameters, root, ci_prob)
        return pd.DataFrame(rows).set_index("source")

    @cached_property
    def parameters(self) -> Parameters:
        """Draws of everything the likelihood depends on, chains one after the other."""
        chains, length = self.posterior["toll"].shape[:2]
        return Parameters.of(
            {n: v.reshape(chains * length, *v.shape[2:]) for n, v in self.posterior.items()}
        )

    def probability(
        self,
        node: str,
        *,
        at_least: float | None = None,
        more_than: float | None = None,
        at_most: float | None = None,
        fewer_than: float | None = None,
    ) -> float:
        """Return the posterior probability that a toll satisfies all the given bounds.

        Parameters
        ----------
        node : str
            A node or union.
        at_least, more_than, at_most, fewer_than : float, optional
            Bounds in people; at least one.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        InputError
            If the node is unknown or no bound is given.
        """
        draws = self.tolls(node)
        bounds = {np.greater_equal: at_least, np.greater: more_than}
        bounds |= {np.less_equal: at_most, np.less: fewer_than}
        given = [(holds, v) for holds, v in bounds.items() if v is not None]
        if not given or not all(is_number(v) for _, v in given):
            told = "at_least, more_than, at_most, fewer_than"
            raise InputError(f"probability: no finite number is given; allowed: {told}")
        return float(np.logical_and.reduce([holds(draws, v) for holds, v in given]).mean())

    def compare(self, node: str, other: str, ci_prob: float = CI_PROB) -> pd.DataFrame:
        """Compare two nodes draw by draw, so that what they share cancels.

        Parameters
        ----------
        node, other : str
            Nodes or unions.
        ci_prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Rows ``difference`` (people) and ``ratio`` (of the continuous sizes, so that a toll of
            zero divides); columns ``median``, ``lo``, ``hi`` and ``probability_greater``, the
            probability that the first toll is the greater.
        """
        import pandas as pd

        first, second = self.tolls(node), self.tolls(other)
        of_each = (self.of(name) for name in (node, other))
        sizes = (of.posterior["size"][..., i].reshape(-1) for of, i in of_each)
        ratio = next(sizes) / next(sizes)
        greater = float((first > second).mean())
        rows = []
        for name, draws in (("difference", first - second), ("ratio", ratio)):
            lo, hi = credible_interval(draws, ci_prob, "eti")
            rows.append(
                {
                    "quantity": name,
                    "median": float(np.median(draws)),
                    "lo": lo,
                    "hi": hi,
                    "ci_prob": ci_prob,
                    "probability_greater": greater,
                }
            )
        return pd.DataFrame(rows).set_index("quantity")

    @cached_property
    def draws(self) -> xr.DataTree:
        """Draws as ArviZ expects them: an xarray DataTree with posterior and prior."""
        import xarray as xr

        each = (self, *self.others.values())
        evidence = [e.evidence for e in each]
        groups = {"posterior": [e.posterior for e in each], "prior": [e.prior for e in each]}
        return xr.DataTree.from_dict(
            {name: dataset(evidence, arrays) for name, arrays in groups.items()}
        )

    def save(self, path: str | Path) -> None:
        """Write the estimate to a NetCDF file; a file already there stays whole until the end.

        Parameters
        ----------
        path : str or Path
            Usually ends in ``.nc``; `tolls.load` reads it.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        check_path("path", path)
        write_atomically(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of the file that `save` writes: the same estimate, the same bytes."""
        header = {
            "tolls_version": VERSION,
            "digest": self.case.digest,
            "case": self.case.to_json(),
            "as_of": str(self.evidence.as_of) if self.evidence.as_of else None,
            "engine": self.engine,
            "seed": self.seed,
            "diagnostics": asdict(self.diagnostics),
            "measures": {
                e.case.measure: asdict(e.diagnostics) for e in (self, *self.others.values())
            },
            "warnings": self.warnings,
        }
        return sealed_tree(self.draws, header)

    def sentence(self, node: str | None = None, ci_prob: float = CI_PROB) -> str:
        """Say the estimate in one sentence that can be printed.

        Parameters
        ----------
        node : str, optional
            A node or union; the root where left out.
        ci_prob : float
            Probability of the equal-tailed interval.

        Returns
        -------
        str
        """
        name = self.nodes[0] if node is None else node
        draws = self.tolls(name)
        of, i = self.of(name)
        lo, hi = credible_interval(draws, ci_prob, "eti")
        members = of.case.categories.members(of.case.names[i])
        who = "people" if i == 0 else " and ".join(members).replace("_", " ")
        used = len(of.evidence.behind())
        sources = len(of.evidence.speakers)
        return (
            f"{self.case.title}: an estimated {interval(lo, hi)} {who} were {of.case.measure} "
            f"{period(*self.evidence.period)} ({percent(ci_prob)} credible interval; median "
            f"{count(float(np.median(draws)), hi - lo)}), judging by {used} "
            f"report{'s' * (used != 1)} from {sources} source{'s' * (sources != 1)} published by "
            f"{of.evidence.latest}."
        )

    @property
    def level(self) -> str:
        """Say what the height of the estimate rests on."""
        return rests_on(self.evidence)

    def _lines(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        chains = self.diagnostics.rhat is not None
        header = ("node", "median", f"{percent(CI_PROB)} interval", "prior interval", "ESS")
        rows: list[tuple[str, ...]] = []
        for row in self._summary(CI_PROB, CI_KIND):
            width = row["hi"] - row["lo"]
            cells = (
                row["node"],
                count(row["median"], width),
                interval(row["lo"], row["hi"]),
                interval(row["prior_lo"], row["prior_hi"]),
                f"{min(row['ess_bulk'], row['ess_tail']):,.0f}",
            )
            rows.append((*cells, f"{row['rhat']:.3f}") if chains else cells)
        return (*header, "R-hat") if chains else header, rows

    @property
    def verdict(self) -> str:
        """Say whether the diagnostics hold."""
        if self.diagnostics.ok:
            khat = self.diagnostics.khat
            return "Diagnostics hold" + (f" (k-hat {khat:.2f})." if khat is not None else ".")
        return f"REFUSED, do not quote: {'; '.join(self.diagnostics.reasons)}."

    @cached_property
    def _own_checks(self) -> tuple[Finding, ...]:
        # of what is refused there is nothing more to say
        return findings(self.evidence, self.parameters) if self.diagnostics.ok else ()

    @property
    def checks(self) -> tuple[Finding, ...]:
        """Where the model and the reports do not fit; empty where nothing is told."""
        return tuple(f for own in (self, *self.others.values()) for f in own._own_checks)

    @property
    def notes(self) -> tuple[str, ...]:
        """All that a reader has to know: what was assumed, and what the checks tell."""
        return (*self.warnings, *(finding.text for finding in self.checks))

    @property
    def _told(self) -> tuple[list[str], list[str]]:
        """What stands above the table, a refusal first, and what below it."""
        above, below = [self.sentence()], [self.level]
        (below if self.diagnostics.ok else above).insert(0, self.verdict)
        return above, below

    def __repr__(self) -> str:
        above, below = self._told
        notes = [f"Note: {note}" for note in self.notes]
        return "\n".join([*above, "", text_table(*self._lines()), "", *below, *notes])

    def _repr_html_(self) -> str:
        (*refusal, sentence), below = self._told
        header, rows = self._lines()
        if not refusal:  # what is refused is not drawn
            heading, drawn = self._bars()
            header = (*header[:4], heading, *header[4:])
            rows = [(*r[:4], bar, *r[4:]) for r, bar in zip(rows, drawn, strict=True)]
        above = "".join(markup.paragraph(markup.strong(text)) for text in refusal)
        table = markup.paragraph(sentence) + markup.table(header, rows)
        return above + table + markup.paragraph(" ".join(below)) + markup.notes(self.notes)

    def _bars(self) -> tuple[markup.Html, list[markup.Html]]:
        """Heading and one bar per node."""
        outer, inner = (self._summary(prob, CI_KIND) for prob in (CI_PROB, INNER_PROB))
        drawn = [
            markup.Bar(
                median=o["median"],
                inner=(i["lo"], i["hi"]),
                outer=(o["lo"], o["hi"]),
                before=(o["prior_lo"], o["prior_hi"]),
            )
            for o, i in zip(outer, inner, strict=True)
        ]
        return markup.bars(drawn, percent(INNER_PROB), percent(CI_PROB))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers that ``tolls fit --json`` prints."""
        found = self.diagnostics
        nodes = []
        kept = ("node", "mean", "median", "sd", "lo", "hi", "ci_prob", "ci_kind")
        for row in self._summary(CI_PROB, CI_KIND):
            quantiles = np.quantile(self.tolls(row["node"]), QUANTILES)
            nodes.append(
                {key: row[key] for key in kept}
                | {
                    "quantiles": {
                        f"{q:g}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)
                    }
                }
            )
        bias = np.moveaxis(self.posterior["bias"], -1, 0)
        ends = [credible_interval(own, CI_PROB, "eti") for own in bias]
        sources = [
            {
                "source": name,
                "grade": self.case.voices[self.evidence.sources[i]].grade,
                "bias_median": float(np.median(self.posterior["bias"][..., i])),
                **dict(zip(("bias_lo", "bias_hi"), ends[i], strict=True)),
                "reliability": float(self.posterior["reliability"][..., i].mean()),
                "reports": self.evidence.rows_of(name, self.evidence.sources[i]),
            }
            for name, i in self.evidence.speakers
        ]
        return {
            "tolls_version": VERSION,
            "case": self.case.title,
            "digest": self.case.digest,
            "seed": self.seed,
            "engine": self.engine,
            "as_of": str(self.evidence.as_of) if self.evidence.as_of else None,
            "period": [str(day) for day in self.evidence.period],
            "reports": self.evidence.counts,
            "diagnostics": {
                "ok": found.ok,
                "ess": found.ess,
                "khat": found.khat,
                "rhat": found.rhat,
                "divergences": found.divergences,
                "log_marginal": found.log_marginal,
                "log_marginal_sd": found.log_marginal_sd,
            },
            "nodes": nodes,
            "sources": sources,
            "warnings": list(self.notes),
        }
