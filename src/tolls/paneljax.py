"""The density of a panel in JAX, which compiles it for graphics cards and many cores.

`paneldensity` has the equations and lays out the tables. All arithmetic is written anew, in arrays
instead of loops, and the gradient is JAX's: each of the two tests the other. Numbers are of double
precision, which callers switch on (`jax.enable_x64`) around all that they do with a density.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import log_sigmoid, log_softmax, sigmoid, softmax
from jax.scipy.special import ndtr

from tolls.paneldensity import Density
from tolls.panelloops import LEAST, Entries, Open, Sums, Verified
from tolls.panelmode import SOFT, Mode
from tolls.panelpriors import Hierarchy, Natural, Space
from tolls.sizelaw import LARGE, NONE

__all__ = ["along_axes", "density_of", "placed_by"]

type Array = Any  # of JAX, whose types are traced too


def density_of(density: Density) -> Callable[[Array], Array]:
    """Return the log density of a panel as a function of a point that JAX can trace.

    Parameters
    ----------
    density : Density

    Returns
    -------
    callable
        Takes a point, (coordinate,), and returns the log posterior density up to a constant.
    """
    entries, sums = density.entries, density.sums
    space, threshold = density.space, density.threshold
    piece_of = np.repeat(np.arange(len(entries.voice)), np.diff(entries.begin))
    pattern_of = np.repeat(np.arange(len(sums.events)), np.diff(sums.begin))
    term_of = np.repeat(np.arange(len(sums.mass)), sums.statements[pattern_of])

    def value(point: Array) -> Array:
        own = _natural(point, space)
        said = jnp.log(_told(entries, piece_of, own)).ravel()
        masses = [_masses(group, own, threshold) for group in density.groups]
        mass = jnp.log(jnp.concatenate(masses)).ravel()
        terms = mass[sums.mass] + _added(said[sums.chance], term_of, len(sums.mass))
        found = _log_prior(point, space) + jnp.dot(sums.events, _log_sums(terms, pattern_of, sums))
        if threshold is not None:
            found += density.listed * jnp.log(own.listed[0])
        return found

    return value


def _added(values: Array, place: Any, number: int) -> Array:
    """Add up values by their place, in which they are sorted."""
    return jax.ops.segment_sum(values, place, number, indices_are_sorted=True)


def _log_sums(terms: Array, pattern_of: Any, sums: Sums) -> Array:
    """Return the log of the sum of every pattern's terms, whose logs are given."""
    number = len(sums.events)
    top = jax.lax.stop_gradient(
        jax.ops.segment_max(terms, pattern_of, number, indices_are_sorted=True)
    )
    return top + jnp.log(_added(jnp.exp(terms - top[pattern_of]), pattern_of, number))


def _share(ratios: Array, place: int, normed: Any = softmax) -> Array:
    """Return shares, or their logs, from log ratios to that at `place`, (…, share)."""
    own = jnp.zeros((*ratios.shape[:-1], 1))
    return normed(jnp.concatenate([ratios[..., :place], own, ratios[..., place:]], axis=-1))


def _named(point: Array, space: Space) -> dict[str, Array]:
    """Return the coordinates by name."""
    return {name: point[space.slices[name]].reshape(shape) for name, shape in space.shapes.items()}


def _natural(point: Array, space: Space) -> Natural:
    """Return the unknowns of a point."""
    own, p = _named(point, space), space.priors
    several, listed = len(p.kind) > 1, jnp.zeros(1)
    if several:
        record = _share(own["record"], p.reach)[None]
    else:
        record = jnp.eye(len(p.record))[p.reach][None]
    if space.threshold is not None:
        below = _share(own["record"] + p.apart * own["below"], p.reach)[None] if several else record
        record, listed = jnp.concatenate([below, record]), sigmoid(own["listed"])
    found: dict[str, Array] = dict(
        law=p.law[0] + p.law[1] * own["law"],
        record=record,
        listed=listed,
        bias=p.bias.mean[p.kind] + p.bias.unit[p.kind] * own["bias"],
        spread=p.scatter * jnp.exp(p.scatter_sd * own["spread"]),
        gross=sigmoid(own["gross"]),
        agreement=sigmoid(p.agreement.mean[p.kind] + p.agreement.unit[p.kind] * own["agreement"]),
        definition=sigmoid(own["definition"]) if several else jnp.zeros(1),
        offset=_share(own["offset"], p.reach),
    )
    return Natural(**found)


def _log_dirichlet(ratios: Array, weights: Any, place: int) -> Array:
    return (weights * _share(ratios, place, log_softmax)).sum()


def _log_beta(logit: Array, weights: Any) -> Array:
    return (weights[0] * log_sigmoid(logit) + weights[1] * log_sigmoid(-logit)).sum()


def _log_hierarchy(values: Array, kind: Any, h: Hierarchy) -> Array:
    """Return the log density of normal numbers whose kinds' means are normal too."""
    # the covariance of a kind's numbers is between^2 on the diagonal, and sd^2 everywhere
    members = (kind == np.arange(len(h.mean))[:, None]).astype(float)
    covariance = h.between**2 * np.eye(len(kind)) + members.T @ (h.sd[:, None] ** 2 * members)
    away = values * h.unit[kind]
    return -away @ np.linalg.solve(covariance, np.eye(len(kind))) @ away / 2


def _log_prior(point: Array, space: Space) -> Array:
    """Return the log density of the priors, up to a constant."""
    own, p = _named(point, space), space.priors
    law = own["law"]
    sizes = [place for place in range(law.shape[1]) if place not in (NONE, LARGE)]
    return (
        _log_beta(law[:, NONE], p.no_deaths)
        + _log_beta(law[:, LARGE : LARGE + 1], p.large)
        - (law[:, np.array(sizes)] ** 2).sum() / 2
        - ((own["below"] ** 2).sum() + (own["spread"] ** 2).sum()) / 2
        + (_log_dirichlet(own["record"], p.record, p.reach) if len(p.kind) > 1 else 0.0)
        + _log_dirichlet(own["offset"], p.offset, p.reach)
        + _log_beta(own["listed"], p.listed)
        + _log_beta(own["gross"], p.reliability[::-1])
        + _log_beta(own["definition"], p.definition)
        + _log_hierarchy(own["bias"], p.kind, p.bias)
        + _log_hierarchy(own["agreement"], p.kind, p.agreement)
    )


def _within(low: Any, high: Any, centre: Array, variance: Array) -> Array:
    """Return the probability of cells of a normal number, in both tails accurate."""
    sd = jnp.sqrt(variance)
    a, b = (low - centre) / sd, (high - centre) / sd
    side = jax.lax.stop_gradient(jnp.where(a + b > 0, -1.0, 1.0))
    return side * (ndtr(side * b) - ndtr(side * a))


def _told(entries: Entries, piece_of: Any, own: Natural) -> Array:
    """Return the probability of every entry, (entry, offset)."""
    voice, n = entries.voice, len(entries.voice)
    of_piece = voice[piece_of]
    centre, variance = own.bias[of_piece], own.spread[of_piece] ** 2 + entries.extra
    honest, wrong = (
        _added(entries.weight * _within(entries.low, entries.high, centre, v), piece_of, n)[:, None]
        for v in (variance, variance + entries.gross)
    )
    agreement, gross, definition = (
        of[voice][:, None] for of in (own.agreement, own.gross, own.definition)
    )
    repeats = (entries.agree * own.offset[voice]).sum(axis=1, keepdims=True)
    as_toll = entries.agree[:, ::-1]  # the toll is the record moved back
    agreed = agreement * (definition * as_toll + (1 - definition) * repeats)
    return jnp.maximum((1 - gross) * (agreed + (1 - agreement) * honest) + gross * wrong, LEAST)


def _surviving(law: Array, at: Any, threshold: int | None) -> Array:
    """Return the probability of so many deaths or more."""
    none = sigmoid(law[NONE])

    def tail(scale: Array, beyond: Any) -> Array:
        alpha = jnp.exp(law[2])
        return -alpha * jnp.log1p(beyond / (alpha * jnp.exp(scale)))

    left = jnp.ones(len(at))
    if threshold is None:
        some = at >= 1
        return left.at[some].set((1 - none) * jnp.exp(tail(law[1], at[some] - 1)))
    large, below = sigmoid(law[LARGE]), (at >= 1) & (at < threshold)
    beyond = at >= max(threshold, 1)
    if below.any():
        gone, whole = (-jnp.expm1(tail(law[1], n)) for n in (at[below] - 1, threshold - 1.0))
        left = left.at[below].set(large + (1 - large) * (1 - none) * (1 - gone / whole))
    return left.at[beyond].set(large * jnp.exp(tail(law[4], at[beyond] - threshold)))


def _masses(group: Any, own: Natural, threshold: int | None) -> Array:
    """Return the mass of (cell of the record, offset) in a group."""
    above = _surviving(own.law[group.kind], group.at, threshold)
    masses = group.masses
    if isinstance(masses, Verified):
        shares = _of_verified(masses, above, own.record)
    else:
        shares = _of_open(masses, above, own)
    cells = np.broadcast_to(np.arange(shares.shape[1]), shares.shape)
    offsets = own.offset.shape[1]
    return jnp.full((shares.shape[1], offsets), LEAST).at[cells, masses.place].add(shares)


def _of_verified(masses: Verified, above: Array, record: Array) -> Array:
    """Return the mass of (share, cell) where tolls were verified."""
    many = len(above) // 2
    tolls = above[:many] - above[many:]
    return (
        record[-1][:, None]
        * masses.given
        * tolls[np.repeat(np.arange(many), np.diff(masses.begin))]
    )


def _of_open(masses: Open, above: Array, own: Natural) -> Array:
    """Return the mass of (share, cell) where the toll is open."""
    if masses.threshold >= 0:
        beyond = above[np.maximum(np.arange(len(above)), masses.threshold)]
        above = above - own.listed[0] * beyond
    tolls = above[masses.edges[:-1]] - above[masses.edges[1:]]
    found = 0.0
    for side, (begin, end) in enumerate(pairwise(masses.sides)):
        moved = above[masses.first[side]] - above[masses.last[side]]
        spread = masses.spread[..., begin:end] @ tolls[begin:end]
        found += own.record[side][:, None] * jnp.concatenate([moved, spread])
    return found


def placed_by(mode: Mode) -> Callable[[Array], tuple[Array, Array]]:
    """Return what takes values along the axes of a mode to a point and the log Jacobian."""
    side = mode.roots.side

    def placed(values: Array) -> tuple[Array, Array]:
        values = mode.centre + mode.axes @ values
        bent = 1 + side * values
        log_root, log_one = (jnp.log(jnp.logaddexp(0.0, t / SOFT)) for t in (bent, 1.0))
        point = mode.roots.centre + jnp.where(side == 0, values, 3 * side * (log_root - log_one))
        # the derivative of a soft root is a logistic curve
        per = jnp.log(3 / SOFT) + log_sigmoid(bent / SOFT) - log_root
        return point, jnp.where(side == 0, 0.0, per).sum()

    return placed


def along_axes(density: Density, mode: Mode) -> Callable[[Array], Array]:
    """Return the log density along the axes of a mode."""
    value, placed = density_of(density), placed_by(mode)

    def along(values: Array) -> Array:
        point, log_jacobian = placed(values)
        return value(point) + log_jacobian

    return along
