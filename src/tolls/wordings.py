r"""How probable a statement is, given what its source believes: one function of the wording.

A source believes X with :math:`\log X` normal; a statement is an interval of X, for the bounds of
X shifted by an exponential overshoot. Probabilities are exact in both tails: `log_ndtr` flipped to
the left tail, and for narrow cells the density in the middle times the width, with what slope and
curvature add.
"""

import math
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

from tolls.phrases import word_cells
from tolls.presets import Presets
from tolls.rounding import rounding_cells

__all__ = ["log_pmf"]

type Floats = NDArray[np.floating[Any]]

NARROW = 0.2  # sd: up to this width the series about the middle of a cell holds to 1e-9
STEEP = 1.0  # and up to this change of the log density over the cell
FAR = 100.0  # sd: from there on the series of the ratio of density to CDF holds to 1e-7
NEGLIGIBLE = 0.02  # sd: up to this width terms of the fourth order are below 1e-9
TINY = 1e-37  # a positive number in single precision too
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


def log_pmf(
    wording: str,
    figure: tuple[Any, ...],
    centre: Floats,
    sd: Floats,
    presets: Presets,
    sigma: tuple[float, float] | None = None,
    habit: tuple[float, ...] | None = None,
) -> Floats:
    """Return the log probability that a source believing X words it so.

    Parameters
    ----------
    wording : str
        ``exact``, ``about``, ``at_least``, ``up_to``, ``range``, ``words``, ``estimate``, ``floor``
        or ``ceiling``.
    figure : tuple of int or str
        ``(y,)``, or ``(low, high)`` of a range, in people; the word of ``words``.
    centre, sd : arrays of one shape
        Mean and sd of log X.
    presets : Presets
        Shares of the rounding units, overshoot, table of words.
    sigma : (float, float), optional
        Of an estimate: its own sd where its figure lies below and above X.
    habit : tuple of float, optional
        Of ``about``: shares of the rounding units in place of the preset's.

    Returns
    -------
    array of that shape
        Sums to one over y, or over the words of the table, for every wording but ``range``,
        ``floor`` and ``ceiling``, which are probabilities of a set.

    Raises
    ------
    ValueError
        If the wording is none of these.

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> m, s = np.array([np.log(100.0)]), np.array([0.1])
    >>> float(np.exp(log_pmf("range", (1, 10**9), m, s, load_presets())).round(6)[0])
    1.0
    """
    low, high = figure[0], figure[-1]
    if wording in ("exact", "range"):
        return _log_cell(low - 0.5, high + 0.5, centre, sd)
    if wording == "about":
        units = rounding_cells(low, presets.about, habit)
        return _mixed((share, _log_cell(a, b, centre, sd)) for a, b, share in units)
    if wording == "at_least":
        return _log_floor(low, centre, sd, presets)
    if wording == "up_to":
        return _log_ceiling(low, centre, sd, presets)
    if wording == "floor":
        return _log_above(low - 0.5, centre, sd)
    if wording == "ceiling":
        return _log_cell(0.0, low + 0.5, centre, sd)
    if wording == "words":
        return _mixed((w, _log_cell(a, b, centre, sd)) for a, b, w in word_cells(low, presets))
    if wording == "estimate" and sigma is not None:
        return _log_estimate(low, centre, sd, sigma)
    raise ValueError(f"wording {wording!r} has no likelihood")


def _mixed(terms: Iterable[tuple[float, Floats]]) -> Floats:
    """Return the log of a weighted sum of probabilities, given as (weight, log probability)."""
    logs = [math.log(weight) + term for weight, term in terms]
    if len(logs) == 1:
        return logs[0]
    top = reduce(np.maximum, logs)
    total = reduce(np.add, (np.exp(term - top) for term in logs))
    mixed: Floats = top + np.log(total)
    return mixed


def _add_of_middle(log_density: Floats, width: float, slope: Floats, bend: Floats) -> None:
    """Turn a log-density in the middle of a narrow cell into the log of its integral, in place.

    The mean of exp(slope t) over the cell is sinh(a) / a, a = slope width / 2, here as a series for
    |a| up to 1/2; curvature adds its share of the mean of t^2 under it.
    """
    square = slope * (width / 2)
    np.clip(square, -1.0, 1.0, out=square)  # beyond, the series is not used
    square *= square
    log_density += math.log(width)
    log_density += square * (1 / 6 - square * (1 / 180 - square / 2835))
    log_density += bend * width**2 * (1 / 24 + square * (1 / 180 - square / 1890))


def _wide(per_width: Floats, slope_width: Floats) -> NDArray[np.bool_] | None:
    """Tell where a cell is too wide or too steep for the series, if anywhere."""
    if per_width.max() > NARROW or max(slope_width.max(), -slope_width.min()) > STEEP:
        wide: NDArray[np.bool_] = (per_width > NARROW) | (np.abs(slope_width) > STEEP)
        return wide
    return None


def _log_interval(low: Floats, high: Floats) -> Floats:
    """Return log(Phi(high) - Phi(low)), mirrored into the left tail where it is accurate."""
    right = low + high > 0
    a, b = np.where(right, -high, low), np.where(right, -low, high)
    top = log_ndtr(b)
    return top + np.log(-np.expm1(log_ndtr(a) - top))


def _log_above(low: float, centre: Floats, sd: Floats) -> Floats:
    """Return log P(X >= low)."""
    if low <= 0:
        return np.zeros_like(centre + sd)
    above: Floats = log_ndtr((centre - math.log(low)) / sd)
    return above


def _log_estimate(y: int, centre: Floats, sd: Floats, sigma: tuple[float, float]) -> Floats:
    """Return log P(y) of a figure around X whose sd differs on the two sides: a two-piece normal.

    Its sides meet at the centre, where both have the same density, hence weights by their sd.
    """
    below, above = (np.hypot(sd, s).astype(centre.dtype) for s in sigma)
    if sigma[0] == sigma[1]:
        return _log_cell(y - 0.5, y + 0.5, centre, below)
    side = np.where(math.log(y) < centre, below, above)
    cell: Floats = _log_cell(y - 0.5, y + 0.5, centre, side)
    return cell + np.log(2 * side / (below + above))


def _log_cell(low: float, high: float, centre: Floats, sd: Floats) -> Floats:
    """Return log P(low <= X < high)."""
    if high == math.inf:
        return _log_above(low, centre, sd)
    top = math.log(high)
    if low <= 0:
        cell: Floats = log_ndtr((top - centre) / sd)
        return cell
    bottom, width = math.log(low), math.log1p((high - low) / low)

    def exact(centre: Floats, sd: Floats) -> Floats:
        return _log_interval(
            (bottom - centre.astype(float)) / sd, (top - centre.astype(float)) / sd
        ).astype(centre.dtype)

    per = 1 / sd
    if width * per.min() > NARROW:
        return exact(centre, sd)
    z = (bottom + width / 2 - centre) * per
    slope, bend = z * per, -per * per
    quick = np.log(per)
    z *= z
    quick -= 0.5 * z
    quick -= LOG_ROOT_TAU
    _add_of_middle(quick, width, slope, bend)
    if width * per.max() > NEGLIGIBLE:
        square = np.minimum(width * per, 1.0)  # beyond, the series is not used
        square *= square
        quick += square * square / 1440
    if (wide := _wide(width * per, width * slope)) is not None:
        quick[wide] = exact(centre[wide], sd[wide])
    return quick


def _log_below(edge: float, centre: Floats, sd: Floats, mean: float) -> tuple[Floats, Floats]:
    """Return log P(Z < edge) and log P(Z > edge) of Z = log X - E, E exponential with `mean`."""
    u, k = (centre - edge) / sd, sd / mean
    x, log_upper = u - k, log_ndtr(u)
    log_tail = -k * u + k**2 / 2 + log_ndtr(x)
    ratio = log_tail - log_upper
    if k.max() > FAR or u.min() < -FAR:
        # left of 0 the square in a CDF's log is taken out of it: large ones cancel
        left, of_upper = (np.log(erfcx(np.maximum(-v, 0.0) * math.sqrt(0.5)) / 2) for v in (x, u))
        log_tail = np.where(x < 0, left - 0.5 * u * u, log_tail)
        ratio = np.where(u < 0, left - of_upper, log_tail - log_upper)
    below = np.logaddexp(log_ndtr(-u), log_tail)
    above = log_upper + np.log(-np.expm1(np.minimum(ratio, -TINY)))
    return below, above


def _log_shifted(bottom: float, width: float, centre: Floats, sd: Floats, mean: float) -> Floats:
    """Return log P(bottom <= Z < bottom + width) of Z = log X - E, E exponential with `mean`."""

    def exact(centre: Floats, sd: Floats) -> Floats:
        wide = centre.astype(float), sd.astype(float), mean
        below, above = _log_below(bottom + width, *wide)
        lower, upper = _log_below(bottom, *wide)
        left = below + np.log(-np.expm1(np.minimum(lower - below, -TINY)))
        right = upper + np.log(-np.expm1(np.minimum(above - upper, -TINY)))
        return np.where(below < upper, left, right).astype(centre.dtype)

    per = 1 / sd
    if width * max(per.min(), 1 / mean) > NARROW:
        return exact(centre, sd)
    # the density is that of an exponential times the normal CDF at x
    u, k = (centre - bottom - width / 2) * per, sd / mean
    x = u - k
    if x.min() > (-30 if x.dtype == np.float64 else -12):  # where the CDF itself is a number
        cdf = ndtr(x)
        quick, mills = np.log(cdf), np.exp(-0.5 * x * x - LOG_ROOT_TAU) / cdf
        quick += k * (0.5 * k - u)
    else:
        x = np.minimum(x, 12.0)  # from where on the CDF is 1
        scaled = erfcx(x * -math.sqrt(0.5))  # 2 exp(x^2 / 2) times the CDF
        quick, mills = np.log(scaled), math.sqrt(2 / math.pi) / scaled
        quick -= math.log(2)
        squares = k * (0.5 * k - u) - 0.5 * x * x
        # of far more scatter than overshoot the squares cancel
        quick += squares if k.max() < FAR else np.where(x < 0, -0.5 * u * u, squares)
    beyond = mills + x
    if x.min() < -FAR:  # and so do the ratio and x
        far = np.minimum(x, -FAR)
        beyond = np.where(x < -FAR, (2 / (far * far) - 1) / far, beyond)
    slope = 1 / mean - mills * per
    if (wide := _wide(width * per, width * slope)) is not None:
        # there the series is not used, and some of its terms are no numbers in single precision
        per, mills, slope = (np.where(wide, 0.0, v).astype(x.dtype) for v in (per, mills, slope))
    bend = -mills * beyond * per * per
    quick -= math.log(mean)
    _add_of_middle(quick, width, slope, bend)
    if width * per.max() > NEGLIGIBLE:
        quick += width**4 * _higher(slope, bend, mills, beyond, per)
    if wide is not None:
        quick[wide] = exact(centre[wide], sd[wide])
    return quick


def _higher(slope: Floats, bend: Floats, mills: Floats, beyond: Floats, per: Floats) -> Floats:
    """Return what the third and fourth derivatives add, per width^4; `beyond` is mills + x."""
    first = -mills * beyond  # derivatives of the ratio
    second = -first * beyond - mills * (first + 1)
    third = -second * beyond - 2 * first * (first + 1) - mills * second
    return bend**2 / 1440 - slope * second * per**3 / 480 + third * per**4 / 1920


def _log_floor(y: int, centre: Floats, sd: Floats, presets: Presets) -> Floats:
    """Return log P(floor(X exp(-E)) = y), E the overshoot of the bounds."""
    mixture = zip(presets.bounds.means, presets.bounds.weights, strict=True)
    if y == 0:
        return _mixed((weight, _log_below(0.0, centre, sd, mean)[0]) for mean, weight in mixture)
    cell = math.log(y), math.log1p(1 / y)
    return _mixed((weight, _log_shifted(*cell, centre, sd, mean)) for mean, weight in mixture)


def _log_ceiling(y: int, centre: Floats, sd: Floats, presets: Presets) -> Floats:
    """Return log P(ceil(X exp(E)) = y), the mirror of `_log_floor`; 0 takes X exp(E) < 1/2."""
    mixture = zip(presets.bounds.means, presets.bounds.weights, strict=True)
    # log X + E is the mirror image of log X - E about the origin
    if y == 0:
        edge = -math.log(0.5)
        return _mixed((weight, _log_below(edge, -centre, sd, mean)[1]) for mean, weight in mixture)
    cell = -math.log(y), math.log(2) if y == 1 else math.log1p(1 / (y - 1))
    return _mixed((weight, _log_shifted(*cell, -centre, sd, mean)) for mean, weight in mixture)
