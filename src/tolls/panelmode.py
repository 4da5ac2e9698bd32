"""Where the density of a panel is highest and how it bends there: what makes sampling cheap.

Chains run in coordinates in which the density is about standard normal, on the points of every
pattern that matter around there. What is left out is looked at again after sampling: see `agrees`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tolls.paneldensity import Density

__all__ = ["Mode", "agrees", "found_mode", "thinned"]

type Floats = NDArray[np.floating[Any]]

STEP = 1e-4  # of differences of the gradient, whose errors are then of the ninth digit
LEAST = 0.1  # curvature: the priors' own is one or so
ROUNDS = 500
# where points are looked at, in sd of the mode, at how many places, and what share is none
WIDE, PLACES, NEGLIGIBLE = 1.5, 24, 1e-7
# draws at which all points are summed again, and by how much the log density may differ
LOOKED, SLACK = 50, 0.05


@dataclass(frozen=True)
class Mode:
    """A mode, and axes along which the density is about standard normal."""

    centre: Floats
    axes: Floats  # (coordinate, axis)

    def points(self, values: Floats) -> Floats:
        """Return the coordinates of values along the axes, (…, axis)."""
        found: Floats = self.centre + values @ self.axes.T
        return found

    def density(self, density: Density) -> Callable[[Floats], tuple[float, Floats]]:
        """Return a density along the axes, with its gradient."""

        def along(values: Floats) -> tuple[float, Floats]:
            value, slope = density(self.points(values))
            return value, self.axes.T @ slope

        return along


def found_mode(density: Density, start: Floats) -> Mode:
    """Climb to a mode, and take the axes from the curvature there."""

    def down(point: Floats) -> tuple[float, Floats]:
        value, slope = density(point)
        return -value, -slope

    centre = minimize(down, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x
    n = len(centre)
    moves = STEP * np.eye(n)
    bend = np.array([density(centre - m)[1] - density(centre + m)[1] for m in moves]) / (2 * STEP)
    curvature, axes = np.linalg.eigh((bend + bend.T) / 2)
    return Mode(centre, axes / np.sqrt(np.maximum(curvature, LEAST)))


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
