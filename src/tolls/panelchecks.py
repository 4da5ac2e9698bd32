r"""Whether every source of a panel is foretold by the others as often as it should be.

For a statement y of source j on an event, with D all that was stated and verified but for what j
says of that event,

.. math:: P(Y \ge y | D) = \int P(Y \ge y | y_{-j}, \theta)\, p(\theta | D)\, d\theta, \qquad
    p(\theta | D) \propto \frac{p(\theta | D, y_j)}{p(y_j | y_{-j}, \theta)}

where the other sources' statements on the event, and its toll where it was verified, stand in
:math:`y_{-j}`. Tolls and records are summed out as in the panel's density, on its grids; draws of
the unknowns :math:`\theta` that the panel has are weighed by the second equation [1]_, with weights
truncated as those of a case's checks [2]_. Of the 548 different ones on 2,756 events half move by
less than 0.0003 with the weights, but those that tell of a source's few gross errors by up to 0.2;
and exact leave-one-out costs nothing more.

A statement's rank is drawn between P(Y < y) and P(Y <= y) [3]_, of a range or size class between
P(Y < low) and P(Y <= high), and where model and panel agree it is uniform. Shares inside intervals
and mean ranks are what they are on average over such draws, which takes chance from them; p-values
are of one draw. Where nearly all probability is on one count, as of sources that repeat a record,
ranks are mostly chance, and tell of little but how often others are stated.

All that one source says of an event is left out together, in whichever category: its counts are no
evidence of each other.

The unknowns of a source are learned from its statements on all other events, so a bias or spread
that fits it on average shows in no mean rank; ranks tell of shapes, sizes and company in which it
does not. For the same reason ranks should stray a little less than independent ones do, and
p-values be on the large side, which is an argument and was not measured.

References
----------
.. [1] Gelfand, Dey and Chang (1992), Model determination using predictive distributions with
   implementation via sampling-based methods, Bayesian Statistics 4.
.. [2] Ionides (2008), Truncated importance sampling, Journal of Computational and Graphical
   Statistics 17(2).
.. [3] Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics
   65(4).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tolls import markup
from tolls.errors import check_type
from tolls.formatting import all_inert, text_table
from tolls.panel import Panel
from tolls.paneldensity import Density
from tolls.progress import progress
from tolls.simulation import check_seed
from tolls.uniformity import chance, least_tail

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PanelCheck", "check_panel"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

# draws over which predictions are averaged, and statements of patterns times draws: of many events
# the unknowns are known so well that few draws tell all
MOST, FEWEST, ROOM = 1000, 50, 10**6
LEVELS = (0.5, 0.8, 0.9, 0.95)
SLOTS = 100  # of ranks whose uniformity is judged: the outermost hold what 98 % intervals miss
TINY = 1e-9  # a p-value of which nobody needs more than a bound
ALONE, WORDED = "alone", "worded"


@dataclass(frozen=True, eq=False, repr=False)
class PanelCheck:
    """How often the counts of every source are foretold by the others, from `tolls.check_panel`.

    Attributes
    ----------
    sources : DataFrame
        A row per source (where it counts several categories, per source and category): ``source``;
        ``counts``, of which ``ranked``, ``alone`` (no other source speaks of the event, and nothing
        was verified) and ``worded`` (bounds, roundings and words, which are not ranked);
        ``as_stated``, the probability of what it states, on average; ``mean_rank``; ``inside_50``,
        ``inside_80``, ``inside_90``, ``inside_95``, the share of the ranked inside the middle of
        what is foretold with so much probability, and ``less_95`` and ``more_95``, below and above
        it; ``p``, how probable ranks as far from uniform are. Missing where nothing is ranked.
    statements : DataFrame
        A row per statement: ``event``, ``source``, ``stated``; ``others``, how many statements of
        other sources stand beside it, and ``verified``, whether a verified toll does; ``below`` and
        ``upto``, the probabilities of less, and of no more, than what is stated; ``rank``, drawn
        between them; ``left_out``, why there is none (``alone``, ``worded``), else empty.
    measure : str
    draws : int
        Over which predictions are averaged.
    effective : float
        Least number of them that count where a statement is left out.
    level : float
        Probability that sources are named in the summary though all is as it should be.
    seed : int
    digest : str
        Of the panel.
    """

    sources: pd.DataFrame
    statements: pd.DataFrame
    measure: str
    draws: int
    effective: float
    level: float
    seed: int
    digest: str

    @property
    def strange(self) -> pd.DataFrame:
        """Rows of ``sources`` whose ranks are not uniform, at a level shared among all ranked."""
        some = self.sources[self.sources["ranked"] > 0]
        return some[some["p"] < self.level / max(len(some), 1)]

    def _headline(self) -> str:
        return (
            f"{self.sources['ranked'].sum():,} of {len(self.statements):,} counts of "
            f"{self.measure} ranked among what other sources and verified tolls foretell of them."
        )

    def _rows(self) -> list[tuple[str, ...]]:
        found = []
        for row in self.sources.to_dict("records"):
            cells = [f"{row['counts']:,}", f"{row['ranked']:,}"]
            if row["ranked"]:
                cells += [f"{100 * row['as_stated']:.1f} %", f"{row['mean_rank']:.2f}"]
                cells += [f"{100 * row[name]:.1f} %" for name in map(_inside, LEVELS)]
                cells.append(f"{row['p']:.3f}" if row["p"] >= 0.001 else "< 0.001")
            found.append((str(row["source"]), *cells, *[""] * (len(_HEADER) - 1 - len(cells))))
        return found

    def _lines(self) -> list[str]:
        found = []
        for row in self.strange.to_dict("records"):
            inside = f"{100 * row[_inside(0.9)]:.1f} %"
            found.append(
                f"{row['source']} is not foretold as often as it should be: its ranks are "
                f"{row['mean_rank']:.2f} on average, where 0.50 is expected, and {inside} of its "
                "counts lie inside intervals for 90 %."
            )
        if not found:
            found.append("Of no source are the ranks farther from uniform than chance makes them.")
        left = Counter(self.statements["left_out"])
        if left[ALONE]:
            found.append(f"Not ranked: {left[ALONE]:,} that nothing else on their event foretells.")
        if left[WORDED]:
            found.append(
                f"Not ranked: {left[WORDED]:,} worded as a bound, rounded or in words, which are "
                "no count to compare."
            )
        return [
            *found,
            f"Averaged over {self.draws:,} draws, at least {self.effective:,.0f} of them effective "
            f"where a statement is left out; seed {self.seed}, {self.digest[:19]}.",
        ]

    def summary(self) -> str:
        """Return the table of sources, as text for a terminal."""
        lines = [self._headline(), "", text_table(_HEADER, self._rows()), "", *self._lines()]
        return "\n".join(all_inert(lines))

    def __repr__(self) -> str:
        return f"<PanelCheck: {self._headline()}>"

    def _repr_html_(self) -> str:
        return "".join(
            [
                markup.paragraph(self._headline()),
                markup.table(_HEADER, self._rows()),
                markup.notes(self._lines()),
            ]
        )


def check_panel(panel: Panel, *, seed: int) -> PanelCheck:
    """Check of every source whether its counts are foretold by the others as they should be.

    Every statement is ranked among what the other sources' statements on its event, and its toll
    where it was verified, foretell of it, without the statement itself. Of a model that is true the
    ranks of a source are uniform: half of them lie inside the 50 % intervals, 95 % inside those of
    95 %.

    Parameters
    ----------
    panel : Panel
    seed : int
        Of the ranks, which are drawn where a count holds much probability.

    Returns
    -------
    PanelCheck

    Examples
    --------
    >>> print(tolls.check_panel(panel, seed=1).summary())  # doctest: +SKIP

    References
    ----------
    Gelfand, Dey and Chang (1992), Model determination using predictive distributions with
    implementation via sampling-based methods, Bayesian Statistics 4.
    """
    check_type("panel", panel, Panel, "a Panel, as tolls.fit_panel returns it")
    check_seed(seed)
    same, more, draws, effective = _foretold(panel)
    statements = _statements(panel, same, more, np.random.default_rng(seed))
    level = panel.space.presets.checks.level
    sources = _sources(panel, statements)
    return PanelCheck(
        sources, statements, panel.measure, draws, effective, level, int(seed), panel.digest
    )


def _foretold(panel: Panel) -> tuple[Floats, Floats, int, float]:
    """Return P(as stated) and P(as stated or more) of every statement of the patterns.

    And over how many draws, and the least number that are effective.
    """
    density = Density(panel.patterns, panel.space, panel.threshold)
    tails, source = density.tails(), _source(panel)
    points = panel.draws.reshape(-1, panel.space.dimensions)
    most = min(MOST, max(FEWEST, ROOM // len(source)), len(points))
    used = points[np.linspace(0, len(points) - 1, most).round().astype(int)]
    found: Floats = np.empty((most, 3, len(source)))
    with progress("ranks of statements", most) as show:
        for d, point in enumerate(used):
            found[d] = density.predicted(point, tails, source)
            if show:
                show(d + 1)
    same, more, own = found.swapaxes(0, 1)
    weight = own.min(axis=0) / own
    weight = np.minimum(weight / weight.sum(axis=0), most**-0.5)
    weight /= weight.sum(axis=0)
    effective = float((1 / (weight**2).sum(axis=0)).min())
    return (weight * same).sum(axis=0), (weight * more).sum(axis=0), most, effective


def _source(panel: Panel) -> Ints:
    """Return a number for the source of every statement of the patterns, one after the other."""
    names = [voice.source for voice in panel.reports.voices]
    place = {name: i for i, name in enumerate(dict.fromkeys(names))}
    voices = [voice for pattern in panel.patterns.patterns for voice, _ in pattern.statements]
    return np.array([place[names[voice]] for voice in voices], dtype=np.int64)


def _statements(panel: Panel, same: Floats, more: Floats, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table of statements, in the order of events and voices."""
    import pandas as pd

    reports, patterns = panel.reports, panel.patterns
    said = dict.fromkeys(one for p in patterns.patterns for _, one in p.statements)
    bounded = dict(zip(said, (cells.bounded for cells in patterns.cells), strict=True))
    rows, first = [], 0
    for pattern in patterns.patterns:
        sources = [reports.voices[voice].source for voice, _ in pattern.statements]
        times, verified = Counter(sources), pattern.status is not None
        for k, (voice, one) in enumerate(pattern.statements):
            others = len(sources) - times[sources[k]]
            reason = "" if bounded[one] else WORDED
            reason = reason if others or verified else ALONE
            below = min(max(1 - more[first + k], 0.0), 1.0)
            ends = (np.nan, np.nan) if reason else (below, min(below + same[first + k], 1.0))
            name, told = reports.voices[voice].name, one.told()
            rows += [
                (event, voice, name, told, others, verified, *ends, reason)
                for event in pattern.events
            ]
        first += len(sources)
    rows.sort(key=lambda row: row[:2])
    table = pd.DataFrame(
        rows,
        columns=[
            "event", "voice", "source", "stated", "others", "verified", "below", "upto", "left_out",
        ],
    )  # fmt: skip
    table["event"] = [reports.events[event] for event in table["event"]]
    low, high = table["below"], table["upto"]
    table.insert(7, "rank", low + rng.random(len(table)) * (high - low))
    return table


def _sources(panel: Panel, statements: pd.DataFrame) -> pd.DataFrame:
    """Return the table of sources, and take the voices out of that of statements."""
    import pandas as pd

    voices = statements.pop("voice").to_numpy()
    below, upto, rank, left = (
        statements[column].to_numpy() for column in ("below", "upto", "rank", "left_out")
    )
    rows = []
    for place, voice in enumerate(panel.reports.voices):
        own = voices == place
        some = own & (left == "")
        rows.append(
            {
                "source": voice.name,
                "counts": int(own.sum()),
                "ranked": int(some.sum()),
                ALONE: int((left[own] == ALONE).sum()),
                WORDED: int((left[own] == WORDED).sum()),
                **_judged(below[some], upto[some], rank[some]),
            }
        )
    return pd.DataFrame(rows)


def _judged(below: Floats, upto: Floats, ranks: Floats) -> dict[str, float]:
    """Return what is told of the ranks of a source, drawn between two probabilities each."""
    if not len(ranks):
        return dict.fromkeys((*_TOLD, "p"), np.nan)
    wide = np.maximum(upto - below, 1e-300)

    def less(point: float) -> float:
        """Return the probability that a rank is below a point, on average."""
        return float(np.clip((point - below) / wide, 0.0, 1.0).mean())

    inside = [less(0.5 + level / 2) - less(0.5 - level / 2) for level in LEVELS]
    tail = (1 - LEVELS[-1]) / 2
    ranked = float((below + upto).mean() / 2)
    values = [float((upto - below).mean()), ranked, *inside, less(tail), 1 - less(1 - tail)]
    return dict(zip(_TOLD, values, strict=True)) | {"p": _uniform(ranks)}


def _uniform(ranks: Floats) -> float:
    """Return how probable ranks as far from uniform are."""
    slots = np.minimum((ranks * SLOTS).astype(np.int64), SLOTS - 1)
    tail = least_tail(slots, SLOTS)
    bound = 2 * SLOTS * tail  # of any of the points, on either side
    return bound if bound < TINY else chance(tail, len(slots), SLOTS)


def _inside(level: float) -> str:
    return f"inside_{100 * level:.0f}"


_TOLD = ("as_stated", "mean_rank", *map(_inside, LEVELS), "less_95", "more_95")
_HEADER = (
    "source", "counts", "ranked", "as stated", "mean rank",
    *(f"in {100 * n:.0f} %" for n in LEVELS), "p",
)  # fmt: skip
