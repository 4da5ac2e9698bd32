r"""Where the density of a panel is highest and how it bends there: what makes sampling cheap.

Chains run in coordinates in which the density is about standard normal, on the points of every
pattern that matter around there. What is left out is looked at again after sampling: see `agrees`.

A share p of which few cases tell is about Gamma distributed, and its log has a long tail to the
left, in which chains need small steps. The cube root of a Gamma number is about normal [1]_, so
log odds l with the mode l_0 are sampled as y with

.. math:: l = l_0 \pm 3 \log \frac{s(1 \pm y)}{s(1)}, \qquad s(t) = \tau \log(1 + e^{t / \tau})

where s keeps the root above zero, and the sign is that of the rarer side. Log ratios of shares that
are smaller than the one they are compared with are treated alike.

References
----------
.. [1] Wilson and Hilferty (1931), The distribution of chi-square, PNAS 17(12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from tolls.paneldensity import Density

__all__ = ["LogDensity", "Mode", "Roots", "agrees", "found_mode", "thinned"]

type Floats = NDArray[np.floating[Any]]

STEP = 1e-4  # of differences of the gradient, whose errors are then of the ninth digit
SOFT = 0.25  # of a root that is one at the mode
LEAST = 0.1  # curvature: the priors' own is one or so
ROUNDS = 500
# where points are looked at, in sd of the mode, at how many places, and what share is none
WIDE, PLACES, NEGLIGIBLE = 1.5, 24, 1e-7
# draws at which all points are summed again, and by how much the log density may differ
LOOKED, SLACK = 50, 0.05


type LogDensity = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True)
class Roots:
    """Coordinates as functions of others, in which log odds have no long tails.

    Attributes
    ----------
    centre : (coordinate,) array
        What coordinates are where the others are 0.
    side : (coordinate,) array
        1 or -1 of log odds, by which side is the rarer; 0 of what is only moved.
    """

    centre: Floats
    side: Floats

    def points(self, values: Floats) -> Floats:
        """Return the coordinates of values, (…, coordinate)."""
        root = _soft(1 + self.side * values)[0]
        logs = 3 * self.side * np.log(root / _soft(1.0)[0])
        found: Floats = self.centre + np.where(self.side == 0, values, logs)
        return found

    def density(self, density: LogDensity) -> LogDensity:
        """Return the density of values, with its gradient."""

        def of(values: Floats) -> tuple[float, Floats]:
            value, slope = density(self.points(values))
            root, grows = _soft(1 + self.side * values)
            some = self.side != 0
            per = np.where(some, 3 * grows / root, 1.0)
            bent = self.side * ((1 - grows) / SOFT - grows / root)
            return value + float(np.log(per).sum()), slope * per + bent

        return of


def _soft(t: Any) -> tuple[Floats, Floats]:
    """Return a number above zero that is about t where that is large, and its derivative."""
    return SOFT * np.logaddexp(0.0, t / SOFT), expit(t / SOFT)


@dataclass(frozen=True)
class Mode:
    """A mode, and axes along which the density is about standard normal."""

    roots: Roots
    centre: Floats
    axes: Floats  # (coordinate, axis)

    def points(self, values: Floats) -> Floats:
        """Return the coordinates of values along the axes, (…, axis)."""
        return self.roots.points(self.centre + values @ self.axes.T)

    def density(self, density: LogDensity) -> LogDensity:
        """Return a density along the axes, with its gradient."""
        rooted = self.roots.density(density)

        def along(values: Floats) -> tuple[float, Floats]:
            value, slope = rooted(self.centre + values @ self.axes.T)
            return value, self.axes.T @ slope

        return along


def found_mode(density: Density, start: Floats) -> Mode:
    """Climb to a mode, and take the axes from the curvature there."""
    odds = density.space.log_odds(top := _climbed(density, start))
    roots = Roots(top, np.where(np.isnan(odds), 0.0, np.where(odds < 0, 1.0, -1.0)))
    rooted = roots.density(density)
    centre = _climbed(rooted, np.zeros(len(top)))
    moves = STEP * np.eye(len(top))
    bend = np.array([rooted(centre - m)[1] - rooted(centre + m)[1] for m in moves]) / (2 * STEP)
    curvature, axes = np.linalg.eigh((bend + bend.T) / 2)
    return Mode(roots, centre, axes / np.sqrt(np.maximum(curvature, LEAST)))


def _climbed(density: LogDensity, start: Floats) -> Floats:
    def down(point: Floats) -> tuple[float, Floats]:
        value, slope = density(point)
        return -value, -slope

    found = minimize(down, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    top: Floats = found.x
    return top


def thinned(density: Density, mode: Mode, rng: np.random.Generator) -> Density:
    """Return the density on the points that matter somewhere within a few sd of the mode."""
    values = WIDE * rng.standard_normal((PLACES, len(mode.centre)))
    values[0] = 0.0
    keep = density.weights(mode.points(values)) > NEGLIGIBLE
    return Density(density.patterns.thinned(keep), density.space, density.threshold)


def agrees(whole: Density, thin: Density, draws: Floats) -> bool:
    """Tell whether a thinned density differs from the whole one by a constant, (draw, …)."""
    places = np.linspace(0, len(draws) - 1, min(LOOKED, len(draws))).round().astype(int)
    apart = [whole(draws[i])[0] - thin(draws[i])[0] for i in places]
    return bool(np.ptp(apart) < SLACK)
