r"""Where the integral over one source's bias and scatter is evaluated, for every draw.

Nodes of log s are equally spaced over the range that matters for a draw. At each, the modes of b
are found by expectation maximisation, every statement taken as its normal stand-in: from the
prior's mean and from figures of the source itself in the middle of the range, and from the modes
found there towards both ends. A node carries its other modes along, so that they can share the
integral.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.likelihood import Offsets
from tolls.standins import WIDEST, SourceArrays

__all__ = ["FINE", "ROUGH", "Accuracy", "Nodes", "lay_nodes"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

REACH = 4.0  # prior sd of log s on both sides, to begin with
STEPS = (8, 2)  # of expectation maximisation, at the first node of log s and at the others
SLACK = 1.5  # nats by which the ends of the range of log s may lie above what is left out
TURNS = 12
WIDER = 1.5  # times at the most that sd of b grow for not knowing who is honest
LOG_MOST_ODDS = 60.0  # of a component against a gross error: its square is a number still
MOST_ODDS = math.exp(LOG_MOST_ODDS)
APART = 0.5  # sd within which two modes are one


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How closely to integrate.

    Attributes
    ----------
    bias_nodes : int
        Number of nodes around a mode of b.
    stretch : float
        How much further apart they are far from the mode: at sd sinh(stretch u) / stretch.
    height : float
        Nats below the highest at which a mode is left out.
    settled : float
        Share by which the sum over every other node of b may differ from that over all, before
        they are laid closer.
    widest : float
        Sd between nodes of log s, at the most: at 1.5 the sum of a normal's errs by 3 10^-4.
    per_node : float
        Step of u.
    """

    bias_nodes: int
    stretch: float
    height: float
    settled: float
    widest: float
    per_node: float = 1.0

    def doubled(self) -> "Accuracy":
        """Return the same with another node between any two."""
        return replace(self, bias_nodes=2 * self.bias_nodes - 1, per_node=self.per_node / 2)


FINE = Accuracy(41, 0.4, 12.0, 0.02, 0.7, 0.4)  # errs by less than 0.02 nats per source
ROUGH = Accuracy(5, 0.6, 4.5, math.inf, 1.5)  # enough to begin with


@dataclass(frozen=True)
class Nodes:
    """Nodes of log s, each with one of its modes of b; a node and mode is an entry.

    Attributes
    ----------
    draw : (entry,) int array
    log_scatter, step : (entry,) arrays
        Node, and distance to the next.
    mode : (entry,) int array
        Column of the arrays below that is the entry's own.
    bias, bias_sd, height : (entry, mode) arrays
        All modes of this draw at this node: log bias, its sd, log mass; minus infinity where
        a mode is left out.
    honest, honest_sd : (entry,) arrays
        Estimate of the reliability, and the sd of its logit.
    """

    draw: Ints
    log_scatter: Floats
    step: Floats
    mode: Ints
    bias: Floats
    bias_sd: Floats
    height: Floats
    honest: Floats
    honest_sd: Floats

    def of(self, which: NDArray[np.bool_]) -> "Nodes":
        """Return some of the entries."""
        return Nodes(*(getattr(self, f.name)[which] for f in fields(self)))


@dataclass(frozen=True)
class _Rows:
    """The draws that are still without nodes, with their range of log s."""

    draw: Ints
    at: Offsets
    split_odds: Floats
    low: Floats
    high: Floats

    def of(self, which: Ints | NDArray[np.bool_]) -> "_Rows":
        at = self.at
        part = Offsets(*(x[which] for x in (at.centre, at.leaning, at.extra, at.extra_leaning)))
        return _Rows(
            self.draw[which], part, self.split_odds[which], self.low[which], self.high[which]
        )


@dataclass(frozen=True)
class _Modes:
    """Modes of b at every node of log s, (row, node, mode)."""

    log_scatter: Floats
    bias: Floats
    bias_sd: Floats
    height: Floats
    honest: Floats
    honest_sd: Floats
    kept: NDArray[np.bool_]


def lay_nodes(
    arrays: SourceArrays, at: Offsets, split_odds: Floats, accuracy: Accuracy
) -> Iterator[Nodes]:
    """Yield the nodes of every draw, in a few groups.

    Parameters
    ----------
    arrays : SourceArrays
    at : Offsets
        Of the source's own statements.
    split_odds : (draw, split) array
    accuracy : Accuracy

    Yields
    ------
    Nodes
        Each draw is in one group.
    """
    scatter, everyone = arrays.prior.scatter, np.arange(len(at.centre))
    reach = np.full(len(everyone), REACH * scatter.sd)
    rows = _Rows(everyone, at, split_odds, scatter.mean - reach, scatter.mean + reach)
    groups = [(rows, _first_count(arrays.terms))]
    least_nodes = 5 if arrays.terms == 1 else 6
    for turn in range(TURNS):
        again = []
        for rows, count in groups:
            step = (rows.high - rows.low) / (count - 1)
            modes = _track(arrays, rows, count, accuracy.height)
            height = modes.height.max(axis=2)
            above_ends = height.max(axis=1) - accuracy.height + SLACK
            at_low, at_high = height[:, 0] > above_ends, height[:, -1] > above_ends
            active = modes.kept.any(axis=2)
            coarse = (_bend(height) > accuracy.widest**2) | (active.sum(axis=1) < least_nodes)
            todo = (at_low | at_high | coarse) & (turn < TURNS - 1)
            if not todo.all():
                yield _entries(rows, modes, step, ~todo)
            if not todo.any():
                continue
            # again between the outermost nodes that matter, or beyond an end that does
            first, last = active.argmax(axis=1), count - 1 - active[:, ::-1].argmax(axis=1)
            low = rows.low + (first - np.where(at_low, count // 2, 1)) * step
            high = rows.low + (last + np.where(at_high, count // 2, 1)) * step
            same = coarse & (last - first + 2 >= count - 1)  # no narrower: more nodes then
            for which, nodes in ((todo & ~same, count), (todo & same, 2 * count - 1)):
                if which.any():
                    part = rows.of(which)
                    again.append((replace(part, low=low[which], high=high[which]), nodes))
        groups = again


def _first_count(terms: int) -> int:
    """Return how many nodes of log s to begin with: the more is said, the narrower it is."""
    return 7 if terms == 1 else 9 if terms < 7 else 13


def _bend(height: Floats) -> Floats:
    """Second difference at the highest node: of a normal's log, the square of step over sd."""
    top = np.clip(height.argmax(axis=1), 1, height.shape[1] - 2)[:, None]
    left, middle, right = (np.take_along_axis(height, top + i, axis=1)[:, 0] for i in (-1, 0, 1))
    bend: Floats = 2 * middle - left - right
    return bend


def _entries(rows: _Rows, modes: _Modes, step: Floats, done: NDArray[np.bool_]) -> Nodes:
    row, node, mode = np.nonzero(modes.kept & done[:, None, None])
    return Nodes(
        draw=rows.draw[row],
        log_scatter=modes.log_scatter[row, node],
        step=step[row],
        mode=mode,
        bias=modes.bias[row, node],
        bias_sd=modes.bias_sd[row, node],
        height=np.where(modes.kept[row, node], modes.height[row, node], -np.inf),
        honest=modes.honest[row, node, mode],
        honest_sd=modes.honest_sd[row, node, mode],
    )


def _starts(arrays: SourceArrays, at: Offsets) -> Floats:
    """Log biases to start from, (row, mode): the prior's mean, and what figures imply."""
    implied = np.sort(arrays.target - at.centre, axis=1)
    last = implied.shape[1] - 1
    picks = sorted({0, last // 2, last})
    prior = np.full((len(implied), 1), arrays.prior.bias.mean)
    return np.hstack([prior, implied[:, picks]])


def _track(arrays: SourceArrays, rows: _Rows, count: int, least_height: float) -> _Modes:
    """Find the modes of b at every node of log s."""
    prior = arrays.prior
    log_scatter = rows.low[:, None] + (rows.high - rows.low)[:, None] * np.linspace(0, 1, count)
    starts = _starts(arrays, rows.at)
    shape = (len(starts), count, starts.shape[1])
    bias, bias_sd, honest, honest_sd = np.zeros(shape), *np.ones((3, *shape))
    height = np.full(shape, -np.inf)
    row, mode = np.indices(starts.shape).reshape(2, -1)

    def visit(climb: _Climb, k: int, steps: int) -> None:
        found = climb.at(log_scatter[row, k], steps)
        for values, here in zip((bias, bias_sd, height, honest, honest_sd), found, strict=True):
            values[row, k, mode] = here

    # from the middle, where climbs that meet go on as one, to both ends
    middle = count // 2
    visit(_Climb(arrays, rows, row, starts.ravel()), middle, STEPS[0])
    apart = ~_same(bias[:, middle], bias_sd[:, middle], np.ones(starts.shape, dtype=bool))
    height[:, middle][~apart] = -np.inf
    row, mode = np.nonzero(apart)
    for way in (range(middle + 1, count), range(middle - 1, -1, -1)):
        climb = _Climb(arrays, rows, row, bias[row, middle, mode])
        climb.honest = honest[row, middle, mode]
        for k in way:
            visit(climb, k, STEPS[1])
    away = (log_scatter - prior.scatter.mean) / prior.scatter.sd
    height -= 0.5 * away[..., None] ** 2
    kept = height > height.max(axis=(1, 2), keepdims=True) - least_height
    kept &= ~_same(bias, bias_sd, kept)
    return _Modes(log_scatter, bias, bias_sd, height, honest, honest_sd, kept)


def _same(bias: Floats, sd: Floats, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which modes are one with an earlier one that is kept."""
    same = np.zeros(bias.shape, dtype=bool)
    for m in range(1, bias.shape[-1]):
        for other in range(m):
            near = APART * np.minimum(sd[..., m], sd[..., other])
            met = np.abs(bias[..., m] - bias[..., other]) < near
            same[..., m] |= met & kept[..., other] & ~same[..., other]
    return same


class _Climb:
    """Expectation maximisation over b and p, from many starts at once; keeps where it stands.

    Arrays are (statement, climb), so that sums over statements run along whole arrays.
    """

    def __init__(self, arrays: SourceArrays, rows: _Rows, row: Ints, starts: Floats) -> None:
        self.prior, self.fresh = arrays.prior, arrays.presets.links.fresh
        self.gross_var = arrays.presets.belief.gross_sd**2
        self.r = arrays.link.astype(np.float32)[:, None]
        self.count = arrays.terms
        at, target, width = rows.at, arrays.target, arrays.width

        def of_climbs(values: Floats) -> Floats:
            return values.T.astype(np.float32)[:, row]

        self.reach = of_climbs(target - at.centre)
        self.reach_leaning = of_climbs(target - at.leaning)
        self.extra = of_climbs(at.extra + width)
        self.extra_leaning = of_climbs(at.extra_leaning + width)
        self.split_odds = of_climbs(np.minimum(rows.split_odds, MOST_ODDS))
        self.bounds = arrays.bounds
        self.reach_far = of_climbs(arrays.far - at.centre[:, arrays.bounds])
        self.extra_far = of_climbs(at.extra[:, arrays.bounds] + arrays.far_width)
        self.bias: Floats = starts.astype(np.float32)
        self.honest: Floats = np.full(starts.shape, self.prior.reliability.mean, dtype=np.float32)

    def at(self, log_scatter: Floats, steps: int) -> tuple[Floats, ...]:
        """Return bias, its sd, height, reliability and the sd of its logit, of every climb."""
        prior, pull = self.prior, 1 - self.r
        variance = np.exp(np.minimum(2 * log_scatter.astype(np.float32), WIDEST))
        anew = 1 / (variance + self.extra)
        leaning = 1 / ((1 - self.r**2) * variance + self.extra_leaning)
        gross = anew / (1 + self.gross_var * anew)
        # densities of the components relative to that of the gross error
        gain = self.fresh * np.sqrt(anew / gross)
        gain_leaning = (1 - self.fresh) * np.sqrt(leaning / gross)
        narrower = 0.5 * (gross - anew)
        # a bound far from the belief, which an honest statement and a gross error may be alike
        far = 1 / (variance + self.extra_far)
        gain_far = np.sqrt(far / gross[self.bounds])
        a, b, n = prior.reliability.a, prior.reliability.b, self.count
        for step in range(steps):
            bias, honest = self.bias, self.honest
            off, off_leaning = self.reach - bias, self.reach_leaning - pull * bias
            square = off * off
            odds = honest / (1 - honest)
            of_leaning = 0.5 * (square * gross - off_leaning * off_leaning * leaning)
            of_leaning = gain_leaning * np.exp(np.minimum(of_leaning, LOG_MOST_ODDS)) * odds
            of_anew = gain * np.exp(square * narrower) * odds
            total = 1 + of_leaning + of_anew
            if len(self.bounds):
                off_far = self.reach_far - bias
                of_far = 0.5 * (square * gross)[self.bounds] - 0.5 * off_far * off_far * far
                of_far = gain_far * np.exp(np.minimum(of_far, LOG_MOST_ODDS)) / (1 - honest)
                total[self.bounds] += of_far
            of_gross = 1 / total
            weight_leaning = of_leaning * of_gross * pull * leaning
            weight = (of_anew * anew + gross) * of_gross
            away = (bias - prior.bias.mean) / prior.bias.sd
            precision = (weight_leaning * pull + weight).sum(axis=0) + prior.bias.sd**-2
            slope = (weight_leaning * off_leaning + weight * off).sum(axis=0)
            gross_terms = of_gross.sum(axis=0)
            if len(self.bounds):
                of_far *= of_gross[self.bounds]
                precision += (of_far * far).sum(axis=0)
                slope += (of_far * far * off_far).sum(axis=0)
                gross_terms += (of_far * (1 - honest)).sum(axis=0)
            of_splits = 1 + odds * self.split_odds
            self.bias = bias + (slope - away / prior.bias.sd) / precision
            # Newton in the logit of p; what is not known of who is honest is missing information
            gross_terms += (1 / of_splits).sum(axis=0)
            unsure = (of_gross * (1 - of_gross)).sum(axis=0)
            unsure += ((1 - 1 / of_splits) / of_splits).sum(axis=0)
            wide = honest * (1 - honest)
            complete = (a + b + n) * wide
            information = np.maximum(complete - unsure, (a + b) * wide)
            move = a + n - gross_terms - (a + b + n) * honest
            move = np.clip(move / np.maximum(information, complete / 4), -2.0, 2.0)
            self.honest = 1 / (1 + np.exp(-move) * (1 - honest) / honest)
            if step == steps - 1:
                base = np.log(total * np.sqrt(gross)) - 0.5 * square * gross
                height = base.sum(axis=0) + np.log(of_splits).sum(axis=0)
                height += (a - 0.5) * np.log(honest) + (n + b - 0.5) * np.log1p(-honest)
                # and what is not known of which component it is, from the precision of b
                pull_leaning = pull * off_leaning * leaning
                score = (of_leaning * pull_leaning + (of_anew * anew + gross) * off) * of_gross
                spread = of_leaning * pull_leaning**2 + (of_anew * anew**2 + gross**2) * square
                spread *= of_gross
                if len(self.bounds):
                    score[self.bounds] += of_far * far * off_far
                    spread[self.bounds] += of_far * (far * off_far) ** 2
                missing = (spread - score**2).sum(axis=0)
                observed = np.maximum(precision - missing, precision / WIDER**2)
                height -= 0.5 * away**2 + 0.5 * np.log(observed)
        return self.bias, observed**-0.5, height, self.honest, information**-0.5
