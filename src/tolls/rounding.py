"""Rounding: the beliefs that a figure with "about" may stand for, and how a source rounds.

A unit is a number of significant digits, or one person where a figure is not rounded. How often
each is used stands in ``[about]`` of ``presets/wordings.toml``; a source with enough figures shows
a habit of its own. No probability of a statement is worked out here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tolls.formatting import percent
from tolls.presets import About
from tolls.statements import Statement

__all__ = ["habit_of", "habits_in_words", "rounding_cells", "with_habit"]

CONVERGED = 1e-12  # largest change of a share in the last step
TELLING = 10  # people: below, all units are one person


def rounding_cells(
    y: int, about: About, habit: Sequence[float] | None = None
) -> list[tuple[float, float, float]]:
    """Return the cells (low, high, share) of beliefs that round to y, one per unit y admits.

    Parameters
    ----------
    y : int
        The figure, in people.
    about : About
    habit : sequence of float, optional
        Shares of the units in place of the preset's, in the order of ``about.shares``.

    Returns
    -------
    list of (float, float, float)

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> rounding_cells(120, load_presets().about)
    [(119.5, 120.5, 0.02), (119.5, 120.5, 0.18), (115.0, 125.0, 0.4)]
    """
    cells = zip(_cells(y, about), habit or about.shares, strict=True)
    return [(*cell, share) for cell, share in cells if cell]


def _cells(y: int, about: About) -> list[tuple[float, float] | None]:
    """Return the cell of every unit, or None where y is not of that unit."""
    length = len(str(y))
    cells: list[tuple[float, float] | None] = [(y - 0.5, y + 0.5)]
    for digits in about.digits:
        unit = max(10 ** (length - digits), 1)
        # below a power of ten the unit is a tenth: 97 rounds to 100 by tens, not by hundreds
        below = max(unit // 10, 1) if y == 10 ** (length - 1) else unit
        cells.append(None if y % unit else (y - below / 2, y + unit / 2))
    return cells


def habit_of(figures: Iterable[int], about: About) -> tuple[float, ...] | None:
    r"""Learn from a source's figures how often it rounds to each unit.

    The shares w have a Dirichlet prior that is worth c figures (``about.strength``) at the preset's
    shares v. Of beliefs spread evenly on the log scale, unit k makes figure y of a part that is
    proportional to the log width :math:`d_k(y)` of its cell, and of none where y has more digits;
    so 300 speaks for one digit, though nothing rules out that it is exact. What is returned solves

    .. math:: (c + n)\, w_k = c\, v_k + \sum_y \frac{w_k d_k(y)}{\sum_j w_j d_j(y)}

    by expectation and maximisation: the mode of the posterior as a density of log ratios, of which
    there is one, since the log density is concave in w. Their mean has a term for each way to
    assign n figures to the units; for five figures it differs by 0.01 or less.

    Parameters
    ----------
    figures : iterable of int
        In people, in any order. Those below ten show nothing and do not count.
    about : About

    Returns
    -------
    tuple of float, or None
        In the order of ``about.shares``, with sum one; None where the figures are fewer than
        ``about.least_figures``.

    References
    ----------
    Dempster, Laird and Rubin (1977), Journal of the Royal Statistical Society B 39(1).
    MacKay (1998), Choice of basis for Laplace approximation, Machine Learning 33(1).

    Examples
    --------
    >>> from tolls.presets import load_presets
    >>> [round(w, 2) for w in habit_of([300, 500, 2000, 80, 4000], load_presets().about)]
    [0.01, 0.09, 0.22, 0.68]
    >>> habit_of([300, 500], load_presets().about) is None
    True
    """
    telling = sorted(y for y in figures if y >= TELLING)  # sums depend on the order, by a last bit
    if len(telling) < about.least_figures:
        return None
    widths = np.array(
        [[math.log(c[1] / c[0]) if c else 0.0 for c in _cells(y, about)] for y in telling]
    )
    prior = about.strength * np.array(about.shares)
    shares, change = np.array(about.shares), 1.0
    while change > CONVERGED:
        parts = shares * widths
        assigned = (parts / parts.sum(axis=1, keepdims=True)).sum(axis=0)
        before, shares = shares, (prior + assigned) / (about.strength + len(telling))
        change = np.abs(shares - before).max()
    return tuple((shares / shares.sum()).tolist())


def _figures(statements: Iterable[Statement]) -> list[int]:
    """Return what was stated with "about"; a figure that comes back on a node counts once."""
    return [y for _, y in {(s.node, s.figure[0]) for s in statements if s.wording == "about"}]


def with_habit(statements: Sequence[Statement], about: About) -> list[Statement]:
    """Return one voice's statements, each with its habit if it is rounded and there is one."""
    habit = habit_of(_figures(statements), about)
    return [
        replace(s, reading=replace(s.reading, habit=habit)) if s.wording == "about" else s
        for s in statements
    ]


def habits_in_words(statements: Sequence[Statement], about: About, measure: str = "") -> list[str]:
    """Say in one line whose habits were learned, from how many figures, and what they are.

    Parameters
    ----------
    statements : sequence of Statement
        Of all voices.
    about : About
    measure : str, optional
        What is counted, where that needs saying.

    Returns
    -------
    list of str
        Empty where no habit was learned.
    """
    names = ["not rounded", *(f"to {k} digit{'s' * (k > 1)}" for k in about.digits)]
    told = []
    for voice, habit in {s.source: s.reading.habit for s in statements if s.reading.habit}.items():
        own = [y for y in _figures(s for s in statements if s.source == voice) if y >= TELLING]
        shares = (f"{percent(round(w, 2))} {name}" for w, name in zip(habit, names, strict=True))
        told.append(f"{voice} ({len(own)} figures: {', '.join(shares)})")
    if not told:
        return []
    of = f" ({measure})" if measure else ""
    return [
        f"how a source rounds{of}, learned from its own figures in place of the preset: "
        + "; ".join(told)
    ]
