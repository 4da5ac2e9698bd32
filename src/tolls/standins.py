"""One source's evidence as arrays, with a normal stand-in for each of its statements.

The stand-in says where a statement puts the log of a belief, and how widely: enough to find the
modes of a posterior and to lay quadrature nodes, never a probability. What is integrated at the
nodes is the likelihood itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tolls.bulletins import Composition, Statement
from tolls.evidence import Evidence
from tolls.likelihood import log_splits
from tolls.presets import Presets
from tolls.reliability import SourcePrior

__all__ = ["SourceArrays", "honest_odds", "source_arrays", "split_odds", "splits_at"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


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
    low, high = max(statement.figure[0], 0.5), max(statement.figure[-1], 0.5)
    target, width = (math.log(low) + math.log(high)) / 2, math.log(high / low) ** 2 / 12
    if statement.wording in ("at_least", "up_to"):
        shift = min(presets.bounds.means)
        target += shift if statement.wording == "at_least" else -shift
        width = shift**2
    return target, width + presets.belief.counting * min(math.exp(-target), 1.0)


def honest_odds(components: tuple[Floats, Floats, Floats], presets: Presets) -> Floats:
    """Return the ratio of the likelihoods of an honest statement and of a gross error."""
    leaning, anew, gross = components
    fresh = presets.links.fresh
    top = np.maximum(leaning, anew)
    honest = (1 - fresh) * np.exp(leaning - top) + fresh * np.exp(anew - top)
    return np.exp(np.clip(np.log(honest) + top - gross, -300.0, 300.0))


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
