r"""The log density of a panel with every toll summed out, and its gradient by hand.

For an event with statements y of the voices j,

.. math::

    p(y) &= \sum_R m(R) \prod_j p_j(y_j | R), \qquad m(R) = \sum_T p(T)\, v(T)\, p(R | T) \\
    p_j(y | R) &= (1 - e_j) \Big[a_j \sum_\delta q_{j\delta}\, P(y | X = R + \delta) + (1 - a_j)
    P(y | X \sim LN(\log R + \beta_j, \tau_j^2 + c_R))\Big] \\
    &\quad + e_j\, P(y | X \sim LN(\log R + \beta_j, \tau_j^2 + c_R + \sigma_e^2))

with counting noise c_R = 0.5 min(1 / R, 1). The record R is the toll T plus an offset, or
log-normal around it with one of two spreads. Of a register that begins at c the event is in it with
probability v = l [T >= c]; where it is not, v = 1 - l [T >= c]. A verified toll leaves one T, or
those in its range. R runs over the cells of a pattern's grid, with the exact mass of the cell and
the statements' probabilities in its middle.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

from tolls.lattice import logs, steps
from tolls.panelpriors import Natural, Space
from tolls.patterns import Patterns, Status
from tolls.sizelaw import surviving
from tolls.utterances import Cells

__all__ = ["Density", "believed", "overlaps"]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

LEAST = 1e-290  # a probability below it is one all the same: its log has to be a number
WHOLE, RATIO = 40, 1.12  # of the grid of tolls under the spreads of the record, which are wide
FARTHEST = 60.0  # log of people that stands for infinity
ROOT_TAU = np.sqrt(2 * np.pi)


def _counting(low: Ints, high: Ints, presets: Any) -> Floats:
    """Return the counting noise of a source that counts so many."""
    middle = np.maximum((low + high) / 2, 1.0)
    noise: Floats = presets.belief.counting / middle
    return noise


def believed(low: Floats, high: Floats, centre: Floats, sd: Floats) -> Floats:
    """Return P(low <= log X < high) of a normal log X, in both tails accurate."""
    a, b = (low - centre) / sd, (high - centre) / sd
    side = np.where(a + b > 0, -1.0, 1.0)
    chance: Floats = np.abs(ndtr(side * b) - ndtr(side * a))
    return chance


def _log_ends(ends: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.clip(np.log(ends), -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class _Pieces:
    """Cells of what is said at entries, one after the other."""

    entry: Ints
    low: Floats
    high: Floats
    weight: Floats
    spread: Floats
    single: bool  # one cell at every entry

    @classmethod
    def of(cls, said: Ints, cells: tuple[Cells, ...]) -> "_Pieces":
        number = np.array([len(c.weight) for c in cells])
        first = np.concatenate([[0], np.cumsum(number)[:-1]])
        entry = np.repeat(np.arange(len(said)), number[said])
        within = np.arange(len(entry)) - np.repeat(
            np.cumsum(number[said]) - number[said], number[said]
        )
        at = first[said[entry]] + within
        low, high, weight = (
            np.concatenate([getattr(c, name) for c in cells])[at]
            for name in ("low", "high", "weight")
        )
        spread = np.array([c.spread for c in cells])[said[entry]]
        return cls(entry, low, high, weight, spread, bool((number == 1).all()))

    def summed(self, values: Floats, entries: int) -> Floats:
        """Add what cells of an entry have, weighted."""
        if self.single:
            return values * self.weight
        return np.bincount(self.entry, values * self.weight, entries)


def overlaps(
    pieces: _Pieces, low: Ints, high: Ints, reach: int, zero: float, entries: int
) -> Floats:
    """Return what is said where the belief is the record plus an offset, (offset, entry).

    A belief of so many people is anywhere in the half on either side; a cell's is the mean over its
    numbers. A statement with an error of its own has that error alone.
    """
    found = np.empty((2 * reach + 1, entries))
    ends = np.where(pieces.low == 0, -np.inf, pieces.low), pieces.high
    spread = pieces.spread > 0
    for place, offset in enumerate(range(-reach, reach + 1)):
        first, last = (np.maximum(side + offset, 0)[pieces.entry] for side in (low, high))
        inside = np.minimum(ends[1], last + 0.5) - np.maximum(ends[0], first - 0.5)
        share = np.maximum(inside, 0.0) / (last - first + 1.0)
        if spread.any():
            own = (side[spread] for side in (first, last, pieces.low, pieces.high, pieces.spread))
            a, b, bottom, top, variance = own
            centre = logs(a.astype(np.int64), b.astype(np.int64), zero)
            sd = np.sqrt(variance)
            share[spread] = believed(_log_ends(bottom), _log_ends(top), centre, sd)
        found[place] = pieces.summed(share, entries)
    return found


class _Statements:
    """Probabilities of what voices say at every entry."""

    def __init__(self, patterns: Patterns, space: Space) -> None:
        presets = space.presets
        self.voice, self.voices = patterns.voice, len(space.voices)
        self.entries = len(self.voice)
        low, high = patterns.entry_low, patterns.entry_high
        self.pieces = pieces = _Pieces.of(patterns.said, patterns.cells)
        zero = presets.panels.zero
        self.agree = overlaps(pieces, low, high, presets.panels.reach, zero, self.entries)
        centre = logs(low, high, zero)[pieces.entry]
        self.piece_voice = self.voice[pieces.entry]
        self.low, self.high = _log_ends(pieces.low) - centre, _log_ends(pieces.high) - centre
        self.extra = _counting(low, high, presets)[pieces.entry] + pieces.spread
        self.gross = presets.belief.gross_sd**2

    def _component(self, bias: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the probability of cells, and its derivatives in bias and in variance."""
        per = 1 / np.sqrt(variance)
        a, b = (self.low - bias) * per, (self.high - bias) * per
        at_a, at_b = np.exp(-0.5 * a * a), np.exp(-0.5 * b * b)
        per *= 1 / ROOT_TAU
        of_bias = (at_a - at_b) * per
        at_a *= a
        at_b *= b
        of_variance = (at_a - at_b) * per * per * (0.5 * ROOT_TAU)
        flipped = a + b > 0  # into the left tail, where no digits are lost
        np.negative(a, out=a, where=flipped)
        np.negative(b, out=b, where=flipped)
        return np.abs(ndtr(b) - ndtr(a)), of_bias, of_variance

    def chances(self, natural: Natural) -> tuple[Floats, Any]:
        """Return the probability at every entry, and what its gradient needs."""
        bias, spread = natural.bias[self.piece_voice], natural.spread[self.piece_voice]
        variance = spread**2 + self.extra
        honest = self._component(bias, variance)
        gross = self._component(bias, variance + self.gross)
        own, wrong = (self.pieces.summed(part[0], self.entries) for part in (honest, gross))
        voice = self.voice
        repeats = (self.agree * natural.offset.T[:, voice]).sum(axis=0)
        a, e = natural.agreement[voice], natural.gross[voice]
        sound = a * repeats + (1 - a) * own
        chance = np.maximum((1 - e) * sound + e * wrong, LEAST)
        return chance, (honest, gross, own, wrong, repeats, sound, a, e)

    def slopes(self, natural: Natural, kept: Any, pull: Floats) -> dict[str, Floats]:
        """Return the gradient in the voices' unknowns; `pull` is that in the probabilities."""
        honest, gross, own, wrong, repeats, sound, a, e = kept
        voice, voices = self.voice, self.voices

        def by_voice(values: Floats) -> Floats:
            return np.bincount(voice, values, voices)

        agreeing = pull * (1 - e) * a
        offset = np.stack([by_voice(agreeing * row) for row in self.agree], axis=1)
        to_own = (pull * (1 - e) * (1 - a))[self.pieces.entry] * self.pieces.weight
        to_wrong = (pull * e)[self.pieces.entry] * self.pieces.weight
        bias = to_own * honest[1] + to_wrong * gross[1]
        variance = to_own * honest[2] + to_wrong * gross[2]
        return {
            "bias": np.bincount(self.piece_voice, bias, voices),
            "spread": 2 * natural.spread * np.bincount(self.piece_voice, variance, voices),
            "gross": by_voice(pull * (wrong - sound)),
            "agreement": by_voice(pull * (1 - e) * (repeats - own)),
            "offset": offset,
        }


@dataclass(frozen=True)
class _Masses:
    """Mass of the record's cells for the events of one kind and status, linear in survival.

    Where one toll was verified `given` holds P(R | T) and there is no sum.
    """

    kind: int
    points: Ints  # in all points
    cell: Ints  # of each of them, among this one's distinct cells
    cells: int
    at: Floats  # people: where survival is wanted
    shifted: Any  # (offset x cell, at) sparse: the cell moved by every offset
    spread: Floats  # (spread x cell, toll): record's cell given the toll's
    tolls: Any  # (toll, at) sparse: masses of the tolls' cells
    given: Floats | None  # (share, cell)
    beyond: NDArray[np.bool_] | None  # of `at`: above the register's threshold
    threshold: int  # its place in `at`


class Density:
    """The log density of a panel in the coordinates of a `Space`.

    Parameters
    ----------
    patterns : Patterns
    space : Space
    threshold : int, optional
        Smallest toll that the register of verified tolls holds.
    """

    def __init__(self, patterns: Patterns, space: Space, threshold: int | None) -> None:
        self.patterns, self.space, self.threshold = patterns, space, threshold
        self.statements = _Statements(patterns, space)
        self._back = patterns.incidence.T.tocsr()
        self._pattern = np.repeat(
            np.arange(len(patterns.patterns)), np.diff([*patterns.begin, len(patterns.low)])
        )
        self._weight = patterns.count[self._pattern]
        self._masses = tuple(self._groups())
        listed = [p.status is not None for p in patterns.patterns]
        self._listed = float(patterns.count @ np.array(listed, dtype=float))

    @cached_property
    def _ends(self) -> Ints:
        return np.append(self.patterns.begin, len(self.patterns.low))

    def _groups(self) -> Any:
        together: dict[Any, list[int]] = {}
        for i, pattern in enumerate(self.patterns.patterns):
            together.setdefault((pattern.kind, pattern.status), []).append(i)
        for (kind, status), own in together.items():
            points = np.concatenate([np.arange(self._ends[i], self._ends[i + 1]) for i in own])
            yield self._mass(kind, status, points)

    def _mass(self, kind: int, status: Status, points: Ints) -> _Masses:
        panels, patterns = self.space.presets.panels, self.patterns
        base = 2**31
        distinct, cell = np.unique(
            patterns.low[points] * base + patterns.high[points], return_inverse=True
        )
        low, high = distinct // base, distinct % base
        lone = status is not None and status[0] == status[1]
        threshold = self.threshold
        if status is not None and lone:
            edges = np.array([status[0], status[0] + 1])
        else:
            ends = status and (status[0], status[1] + 1)
            begins = () if threshold is None else (threshold,)
            edges = steps([*(ends or ()), *begins], WHOLE, RATIO)
            if status:
                edges = edges[(edges >= status[0]) & (edges <= status[1] + 1)]
        spread = record_given(low, high, edges[:-1], edges[1:] - 1, self.space.presets)
        offsets = np.arange(-panels.reach, panels.reach + 1)
        # the cell holds the records of the tolls in it, moved; below zero there are none
        first = np.where(low == 0, -np.inf, low)[None, :] - offsets[:, None]
        last = high[None, :] + 1.0 - offsets[:, None]
        first, last = (np.maximum(np.where(np.isinf(e), 0, e), 0) for e in (first, last))
        if status:
            first, last = (np.clip(e, status[0], status[1] + 1) for e in (first, last))
        given = None
        if lone:
            given = np.vstack([last - first, spread[..., 0]])
        wanted = np.concatenate([first.ravel(), last.ravel(), edges])
        at, place = np.unique(wanted, return_inverse=True)
        n, rows = first.size, np.arange(first.size)
        one = np.ones(n)
        shifted = csr_array(
            (
                np.concatenate([one, -one]),
                (np.tile(rows, 2), place[: 2 * n]),
            ),
            shape=(n, len(at)),
        )
        tolls, m = place[2 * n :], np.arange(len(edges) - 1)
        mass = csr_array(
            (np.repeat([1.0, -1.0], len(m)), (np.tile(m, 2), np.r_[tolls[:-1], tolls[1:]])),
            shape=(len(m), len(at)),
        )
        beyond: NDArray[np.bool_] | None = None
        where = 0
        if status is None and threshold is not None:
            beyond, where = at > threshold, int(np.searchsorted(at, threshold))
        return _Masses(
            kind,
            points,
            cell,
            len(low),
            at,
            shifted,
            spread.reshape(-1, len(m)),
            mass,
            given,
            beyond,
            where,
        )

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        """Return the log posterior density at a point, up to a constant, and its gradient."""
        space, patterns = self.space, self.patterns
        natural = space.natural(point)
        value, slope = space.log_prior(point)
        chance, kept = self.statements.chances(natural)
        log_point = patterns.incidence @ np.log(chance)
        masses = [self._of(group, natural) for group in self._masses]
        for group, (mass, *_) in zip(self._masses, masses, strict=True):
            log_point[group.points] += np.log(mass)[group.cell]
        top = np.maximum.reduceat(log_point, patterns.begin)
        share = np.exp(log_point - top[self._pattern])
        total = np.add.reduceat(share, patterns.begin)
        value += float(patterns.count @ (top + np.log(total)))
        share *= (patterns.count / total)[self._pattern]
        pull = (self._back @ share) / chance
        law = np.zeros_like(natural.law)
        record: Floats = np.zeros_like(natural.record)
        listed = 0.0
        for group, (mass, *rest) in zip(self._masses, masses, strict=True):
            into = np.bincount(group.cell, share[group.points], group.cells) / mass
            of_law, of_record, of_listed = self._back_of(group, natural, rest, into)
            law[group.kind] += of_law
            record += of_record
            listed += of_listed
        if self.threshold is not None:
            value += self._listed * float(np.log(natural.listed))
            listed += self._listed / float(natural.listed)
        of_voices = self.statements.slopes(natural, kept, pull)
        found = Natural(law=law, record=record, listed=np.asarray(listed), **of_voices)
        return value, slope + space.pulled(point, natural, found)

    def _of(self, group: _Masses, natural: Natural) -> tuple[Floats, ...]:
        """Return the mass of every cell, and what the gradient needs."""
        above, slope = surviving(natural.law[group.kind], group.at)
        if group.given is not None:
            parts = group.given * (above[0] - above[-1])
        else:
            kept = above
            if group.beyond is not None:  # of what the register may hold, what it does not
                kept = above - natural.listed * np.where(
                    group.beyond, above, above[group.threshold]
                )
            offsets = (group.shifted @ kept).reshape(-1, group.cells)
            spreads = (group.spread @ (group.tolls @ kept)).reshape(-1, group.cells)
            parts = np.vstack([offsets, spreads])
        return np.maximum(natural.record @ parts, LEAST), parts, above, slope

    def _back_of(
        self, group: _Masses, natural: Natural, kept: list[Floats], pull: Floats
    ) -> tuple[Floats, Floats, float]:
        """Return the gradient in law, record and share listed; `pull` is that in the masses."""
        parts, above, slope = kept
        of_record = parts @ pull
        if group.given is not None:
            toll = float((natural.record @ group.given) @ pull)
            return toll * (slope[:, 0] - slope[:, -1]), of_record, 0.0
        shares = np.outer(natural.record, pull)
        offsets = group.shifted.shape[0] // group.cells
        down = shares[:offsets].ravel() @ group.shifted
        down = down + (shares[offsets:].ravel() @ group.spread) @ group.tolls
        listed = 0.0
        if group.beyond is not None:
            at, beyond = group.threshold, group.beyond
            listed = -float(down @ np.where(beyond, above, above[at]))
            rest = natural.listed * down
            down = np.where(beyond, down - rest, down)
            down[at] -= rest[~beyond].sum()
        return slope @ down, of_record, listed


def record_given(low: Ints, high: Ints, toll_low: Ints, toll_high: Ints, presets: Any) -> Floats:
    """Return P(record in a cell | toll in another), (spread, record, toll)."""
    centre = logs(toll_low, toll_high, presets.panels.zero)
    noise = _counting(toll_low, toll_high, presets)
    bottom, top = _log_ends(np.maximum(low - 0.5, 0.0)), _log_ends(high + 0.5)
    return np.stack(
        [
            believed(bottom[:, None], top[:, None], centre, np.sqrt(sd**2 + noise))
            for sd in presets.panels.record_spreads
        ]
    )
