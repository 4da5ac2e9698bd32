"""Maps between coordinates that keep volumes: a density in one is the density in the other.

A shear moves one coordinate by a function of others. Posteriors that are curved in prior
coordinates become straight enough for a mixture of few components where what the data know is a
coordinate of its own.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shear", "Shears", "Shift", "Sticks", "contrasts"]

type Floats = NDArray[np.floating[Any]]


class Shear(Protocol):
    """One map and its inverse, (draw, dimension) to the same."""

    def straight(self, z: Floats) -> Floats:
        """Map prior coordinates to straighter ones."""

    def curved(self, y: Floats) -> Floats:
        """Map them back."""


class Shift(ABC):
    """A shear that adds to some coordinates what others, which it leaves, tell of them."""

    def straight(self, z: Floats) -> Floats:
        """Map prior coordinates to straighter ones."""
        return self._moved(z, 1.0)

    def curved(self, y: Floats) -> Floats:
        """Map them back; what tells of the move is the same in both."""
        return self._moved(y, -1.0)

    @abstractmethod
    def _moved(self, z: Floats, sign: float) -> Floats:
        """Return coordinates moved one way or the other."""


@dataclass(frozen=True)
class Shears:
    """Several maps, one after the other; none leaves everything as it is."""

    steps: Sequence[Shear] = ()

    def straight(self, z: Floats) -> Floats:
        """Map prior coordinates to straighter ones."""
        for step in self.steps:
            z = step.straight(z)
        return z

    def curved(self, y: Floats) -> Floats:
        """Map them back."""
        for step in reversed(self.steps):
            y = step.curved(y)
        return y

    def linearised(self, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
        """Return mean and covariance in straighter coordinates of a normal in prior ones."""
        step = 1e-4
        ahead, behind = (self.straight(mean + h * np.eye(len(mean))) for h in (step, -step))
        slope = (ahead - behind) / (2 * step)
        return self.straight(mean[None])[0], slope.T @ covariance @ slope


@dataclass(frozen=True)
class Sticks:
    """Shares of a partition as a stick of which one part after the other is broken off.

    Where only some parts are reported on, their share of the whole is known and the others divide
    what is left. In the logits of shares that is a curved surface; in the logit of each part
    against all that follow it, the best reported first, it is nearly a box.

    Attributes
    ----------
    first : int
        Position of the partition's first coordinate.
    order : tuple of int
        Positions of its parts in the order in which they are broken off.
    sd : float
        Of the centred logits.
    """

    first: int
    order: tuple[int, ...]
    sd: float

    def straight(self, z: Floats) -> Floats:
        """Take from each logit against the last part that of all parts that follow it."""
        logit = z[:, self._columns] @ self.logits
        following = np.zeros(len(z))
        for i in reversed(range(logit.shape[1])):
            own = logit[:, i].copy()
            logit[:, i] -= following
            following = np.logaddexp(following, own)
        return self._of(z, logit)

    def curved(self, y: Floats) -> Floats:
        """Add it again."""
        logit = y[:, self._columns] @ self.logits
        following = np.zeros(len(y))
        for i in reversed(range(logit.shape[1])):
            logit[:, i] += following
            following = np.logaddexp(following, logit[:, i])
        return self._of(y, logit)

    def moved(self, y: Floats, by: Floats) -> Floats:
        """Add to the logits of all parts but the last, (draw, part - 1) in the stick's order."""
        return self._of(y, y[:, self._columns] @ self.logits + by)

    def _of(self, z: Floats, logit: Floats) -> Floats:
        changed = z.copy()
        changed[:, self._columns] = logit @ self._coordinates
        return changed

    @cached_property
    def _columns(self) -> slice:
        return slice(self.first, self.first + len(self.order) - 1)

    @cached_property
    def logits(self) -> Floats:
        """Matrix from coordinates to logits against the last part, (coordinate, part - 1)."""
        ordered = contrasts(len(self.order))[:, list(self.order)]
        logits: Floats = self.sd * (ordered[:, :-1] - ordered[:, -1:])
        return logits

    @cached_property
    def _coordinates(self) -> Floats:
        """Matrix back from logits to coordinates."""
        return np.linalg.inv(self.logits)


def contrasts(parts: int) -> Floats:
    """Return an orthonormal basis of what adds up to zero, (part - 1, part): Helmert's."""
    basis = np.zeros((parts - 1, parts))
    for i in range(1, parts):
        basis[i - 1, :i] = 1.0
        basis[i - 1, i] = -i
        basis[i - 1] /= math.sqrt(i * (i + 1))
    return basis
