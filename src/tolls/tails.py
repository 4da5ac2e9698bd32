"""How far out a source's statements lie, given all that they depend on, at draws.

Of every statement the probabilities of a figure as low or lower, and as high or higher; of a split
those of every part. A bound can only be broken on one side, and how a source words what it
believes is left aside: that makes tails larger, never smaller.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

from tolls.evidence import Evidence
from tolls.likelihood import Parameters, levels, log_likelihood, offsets
from tolls.phrases import word_cells
from tolls.presets import Presets
from tolls.readings import Reading
from tolls.statements import Composition, Statement
from tolls.unknowns import behind

__all__ = ["Tails", "tails_of"]

type Floats = NDArray[np.floating[Any]]
type Belief = tuple[Floats, Floats]  # mean and variance of a log count

FIRM = 0.05  # least concentration of a split of hardly anybody
_OPEN = {"at_least": "below", "floor": "below", "up_to": "above", "ceiling": "above"}


@dataclass(frozen=True)
class Tails:
    """How far out one statement or split lies.

    Attributes
    ----------
    unit : Statement or Composition
    log_likelihood : (draw,) array
    below, above : (part, draw) arrays
        Probability of a figure as low or lower, and as high or higher; one part but for a split.
        1 on the side where a bound is open.
    """

    unit: Statement | Composition
    log_likelihood: Floats
    below: Floats
    above: Floats

    def given(self, weight: Floats) -> float:
        """Return the tail probability over weighted draws, of both sides where there are two.

        Of a split it is that of the part that lies farthest out, times the number of parts.
        """
        least = np.minimum(self.below @ weight, self.above @ weight)
        bound = isinstance(self.unit, Statement) and self.unit.wording in _OPEN
        return float(min(1.0, (1 if bound else 2) * len(least) * least.min()))


def tails_of(evidence: Evidence, source: str, draws: Parameters) -> list[Tails]:
    """Return how far out everything lies that one source said.

    Parameters
    ----------
    evidence : Evidence
    source : str
        One of ``evidence.sources``.
    draws : Parameters
        Of the whole fit.

    Returns
    -------
    list of Tails
        Statements, then splits.
    """
    own = evidence.only(unit for unit in evidence.units if unit.source == source)
    draws = behind(draws, evidence, own)
    stated, split = log_likelihood(own, draws)
    level = levels(own, draws.log_size, draws.kappa)
    sides = (*_statements(own, draws, level), *_splits(own, draws, level))
    logs = np.hstack([stated, split]).T
    return [Tails(unit, log, *side) for unit, log, side in zip(own.units, logs, sides, strict=True)]


def _mixed(parts: list[Floats], honest: Floats, presets: Presets) -> Floats:
    """Mix what leans, what is fresh and what is a gross error."""
    leaning, anew, gross = parts
    fresh = presets.links.fresh
    mixed: Floats = honest * ((1 - fresh) * leaning + fresh * anew) + (1 - honest) * gross
    return mixed


def _statements(
    evidence: Evidence, draws: Parameters, level: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Both tails of every statement, (1, draw) each."""
    presets, at = evidence.case.presets, offsets(evidence, level, draws.growth)
    b, variance = np.log(draws.bias[:, 0]), draws.scatter[:, 0] ** 2
    honest = draws.reliability[:, 0]
    for i, statement in enumerate(evidence.statements):
        r = evidence.link[i]
        fresh = at.centre[:, i] + b, variance + at.extra[:, i]
        leaning = at.leaning[:, i] + (1 - r) * b, (1 - r**2) * variance + at.extra_leaning[:, i]
        gross = fresh[0], fresh[1] + presets.belief.gross_sd**2
        beliefs = (leaning if statement.link else fresh, fresh, gross)
        sides = zip(*(_sides(statement.reading, x, presets) for x in beliefs), strict=True)
        below, above = (_mixed(list(side), honest, presets) for side in sides)
        yield below[None], above[None]


def _sides(reading: Reading, belief: Belief, presets: Presets) -> tuple[Floats, Floats]:
    """Probabilities of a count up to the upper, and from the lower end of what is stated."""
    mean, variance = belief
    sd = np.sqrt(variance + presets.belief.counting * np.exp(-np.maximum(mean, 0.0)))
    low, high = _ends(reading, presets)
    spread = reading.sigma or (0.0, 0.0)
    below = _cumulated(high, mean, sd, spread) if high < math.inf else np.ones_like(sd)
    above = 1 - _cumulated(low, mean, sd, spread) if low > 0 else np.ones_like(sd)
    side = _OPEN.get(reading.wording)
    return (
        np.ones_like(sd) if side == "below" else below,
        np.ones_like(sd) if side == "above" else above,
    )


def _cumulated(x: float, mean: Floats, sd: Floats, sigma: tuple[float, float]) -> Floats:
    """Probability of a count below x; of an estimate from its two-piece normal."""
    below, above = (np.hypot(sd, s) for s in sigma)
    off = math.log(x) - mean
    left = 2 * below / (below + above) * ndtr(off / below)
    right = 1 - 2 * above / (below + above) * ndtr(-off / above)
    cumulated: Floats = np.where(off < 0, left, right)
    return cumulated


def _ends(reading: Reading, presets: Presets) -> tuple[float, float]:
    """Return the ends of the counts that what is stated may stand for."""
    if reading.wording == "words":
        cells = word_cells(reading.figure[0], presets)
        return min(low for low, *_ in cells), max(high for _, high, _ in cells)
    low, high = reading.figure[0], reading.figure[-1]
    digits = str(low)
    # a figure with "about" may be rounded to its last digit that is not 0
    zeros = len(digits) - len(digits.rstrip("0")) if reading.wording == "about" and low else 0
    half = 0.5 * 10**zeros
    return max(low - half, 0.0), high + half


def _splits(
    evidence: Evidence, draws: Parameters, level: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Both tails of every part of every split, (part, draw) each.

    A part's count is beta-binomial: taken for a Beta of the same mean and variance.
    """
    case, presets, names = evidence.case, evidence.case.presets, evidence.case.names
    b, honest = np.log(draws.bias[:, 0]), draws.reliability[:, 0]
    for split in evidence.compositions:
        parts, whole = [names.index(p) for p in split.parts], names.index(split.of)
        shares = np.exp(level[:, parts] - level[:, [whole]]).T
        total = sum(split.counts)
        stated = np.minimum(math.log(total) - level[:, whole] - b, 0.0)
        uneven = (presets.belief.part_growth_sd * stated) ** 2 / len(parts)
        firm = 1 / (1 / case.source_prior(split.source).composition + uneven)
        loose = 1 / (1 / presets.belief.gross_composition + uneven)
        leaning = shares
        if split.link:
            previous = np.array(split.link.previous)[:, None]
            leaning = (1 - split.link.r) * shares + split.link.r * previous
        counts = np.array(split.counts)[:, None]
        found = []
        for edge in (counts + 0.5, counts - 0.5):
            x = np.clip(edge / total, 0.0, 1.0)
            around = ((leaning, firm), (shares, firm), (shares, loose))
            found.append(_mixed([_beta(x, mean, c, total) for mean, c in around], honest, presets))
        yield found[0], 1 - found[1]


def _beta(x: Floats, mean: Floats, concentration: Floats, total: int) -> Floats:
    """Probability of a share below x, with the variance of a beta-binomial of so many people."""
    firm = total * (1 + concentration) / (total + concentration) - 1
    firm = np.maximum(firm, FIRM)
    below: Floats = betainc(firm * mean, firm * (1 - mean), x)
    return below
