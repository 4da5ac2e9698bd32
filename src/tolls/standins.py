"""One source's evidence as arrays, with a normal stand-in for each of its statements.

The stand-in says where a statement puts the log of a belief, and how widely: enough to find the
modes of a posterior and to lay quadrature nodes, never a probability. What is integrated at the
nodes is the likelihood itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tolls.evidence import Evidence
from tolls.likelihood import log_splits
from tolls.phrases import word_cells
from tolls.presets import Presets
from tolls.reliability import SourcePrior
from tolls.rounding import rounding_cells
from tolls.statements import Composition, Statement

__all__ = [
    "WIDEST",
    "SourceArrays",
    "honest_odds",
    "source_arrays",
    "split_odds",
    "splits_at",
]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

WIDEST = 80.0  # log variance of a belief, near what single precision holds: it could be anywhere

# on which side of the bound the belief lies
_SIDES = {"at_least": 1, "floor": 1, "up_to": -1, "ceiling": -1}


@dataclass(frozen=True)
class SourceArrays:
    """What one source said.

    Attributes
    ----------
    name : str
    prior : SourcePrior
    presets : Presets
    columns : (statement,) int array
        Its statements' positions in ``evidence.statements``.
    statements : list of Statement
    link : (statement,) array
        Weight r of the previous figure, 0 where there is none.
    target, width : (statement,) arrays
        Mean of the stand-in of log X, and its variance: that of the wording and of counting.
    bounds : (bound,) int array
        Positions of the statements that are bounds, which may lie far from the belief too.
    far, far_width : (bound,) arrays
        Mean and variance of log X for these.
    splits : list of (Composition, positions of its parts, position of its whole)
    """

    name: str
    prior: SourcePrior
    presets: Presets
    columns: Ints
    statements: list[Statement]
    link: Floats
    target: Floats
    width: Floats
    bounds: Ints
    far: Floats
    far_width: Floats
    splits: list[tuple[Composition, list[int], int]]

    @property
    def terms(self) -> int:
        """Number of factors that depend on the reliability."""
        return len(self.statements) + len(self.splits)


def source_arrays(evidence: Evidence) -> list[SourceArrays]:
    """Return the arrays of every source, in the order of ``evidence.sources``."""
    case, names = evidence.case, evidence.case.names
    position = {name: i for i, name in enumerate(names)}
    found = []
    for i, source in enumerate(evidence.sources):
        columns = np.flatnonzero(evidence.source == i)
        statements = [evidence.statements[j] for j in columns]
        target, width = np.array([_stand_in(s, case.presets) for s in statements]).T
        sign = np.array([_SIDES.get(s.wording, 0) for s in statements])
        bounds, near_far = np.flatnonzero(sign), case.presets.bounds.means
        far = target[bounds] + sign[bounds] * (max(near_far) - min(near_far))
        found.append(
            SourceArrays(
                name=source,
                prior=case.source_prior(source),
                presets=case.presets,
                columns=columns,
                statements=statements,
                link=evidence.link[columns],
                target=target,
                width=width,
                bounds=bounds,
                far=far,
                far_width=np.full(len(bounds), max(near_far) ** 2),
                splits=[
                    (c, [position[part] for part in c.parts], position[c.of])
                    for c in evidence.compositions
                    if c.source == source
                ],
            )
        )
    return found


def _stand_in(statement: Statement, presets: Presets) -> tuple[float, float]:
    """Return where a statement puts the log of a belief, and the variance around it."""
    reading = statement.reading
    if reading.wording == "words":
        cells = word_cells(reading.figure[0], presets)
    elif reading.wording == "about":
        cells = rounding_cells(reading.figure[0], presets.about, reading.habit)
    else:
        cells = [(max(reading.figure[0], 0.5), max(reading.figure[-1], 0.5), 1.0)]
    # an open end is taken to be ten times as far
    cells = [(max(a, 0.25), 10 * a if b == math.inf else b, w) for a, b, w in cells]
    total = sum(w for *_, w in cells)
    middles = [(math.log(a) + math.log(b)) / 2 for a, b, _ in cells]
    target = sum(m * w for m, (*_, w) in zip(middles, cells, strict=True)) / total
    width = sum(
        w * ((m - target) ** 2 + math.log(b / a) ** 2 / 12)
        for m, (a, b, w) in zip(middles, cells, strict=True)
    ) / total  # fmt: skip
    if statement.wording in _SIDES:
        shift = min(presets.bounds.means)
        target += _SIDES[statement.wording] * shift
        width = shift**2
    if reading.sigma is not None:
        width += (reading.sigma[0] ** 2 + reading.sigma[1] ** 2) / 2
    return target, width + presets.belief.counting * min(math.exp(-target), 1.0)


def honest_odds(components: tuple[Floats, Floats, Floats], presets: Presets) -> Floats:
    """Return the ratio of the likelihoods of an honest statement and of a gross error."""
    leaning, anew, gross = components
    fresh = presets.links.fresh
    top = np.maximum(leaning, anew)
    honest = (1 - fresh) * np.exp(leaning - top) + fresh * np.exp(anew - top)
    log_odds = (np.log(honest) + top - gross).astype(float)  # single precision ends at e^88
    odds: Floats = np.exp(np.clip(log_odds, -300.0, 300.0))
    return odds


def splits_at(
    arrays: SourceArrays, level: Floats, bias: Floats
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield the components of every split, at log biases (…) and levels (…, name)."""
    for composition, parts, whole in arrays.splits:
        yield log_splits(
            composition,
            np.exp(level[..., parts] - level[..., [whole]]),
            level[..., whole] + bias,
            arrays.prior.composition,
            arrays.presets,
        )


def split_odds(arrays: SourceArrays, level: Floats, bias: Floats) -> Floats:
    """Return `honest_odds` of every split, (draw, split), at one log bias per draw."""
    odds = [honest_odds(c, arrays.presets) for c in splits_at(arrays, level, bias)]
    return np.stack(odds, axis=1) if odds else np.empty((len(bias), 0))
