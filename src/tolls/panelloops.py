"""Compiled loops of a panel's density and of its gradient; `paneldensity` has the equations.

Tables are made once, before anything is sampled. Forward loops return what the backward ones need,
which add to a gradient in the unknowns. `pull` is the gradient in what a forward loop returned.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tolls.compiled import compiled
from tolls.panelpriors import Natural

__all__ = [
    "Entries",
    "Open",
    "Sums",
    "Told",
    "Verified",
    "largest",
    "open_masses",
    "open_slopes",
    "predicted",
    "slopes",
    "summed",
    "told",
    "verified_masses",
    "verified_slopes",
]

type Floats = NDArray[np.floating[Any]]
type Ints = NDArray[np.int64]

LEAST = 1e-290  # a probability below it is one all the same: its log has to be a number
ROOM = 1e-250  # a product below it may have lost digits to the smallest numbers there are
FAR = 12.0  # sd: a cell farther out is gross error and nothing else, to the last digit
NARROW = 0.3  # sd: of a narrower cell three terms of a series are exact to seven digits
ROOT_TAU = math.sqrt(2 * math.pi)


class Entries(NamedTuple):
    """Statements of voices where the record is in a cell; what is said is cells of its own."""

    voice: Ints  # (entry,)
    begin: Ints  # (entry + 1,): first of its pieces
    low: Floats  # (piece,): log ends, from the middle of the record's cell
    high: Floats
    weight: Floats
    extra: Floats  # (piece,): variance beside the voice's own
    agree: Floats  # (entry, offset): chance where the voice repeats the record
    gross: float  # variance of a gross error


class Told(NamedTuple):
    """Probabilities of entries, and their derivatives.

    The record is the toll moved by a definition, (entry, offset); all else stands where that is 0.
    """

    chance: Floats  # (entry, offset)
    repeats: Floats
    own: Floats
    wrong: Floats
    bias: Floats
    variance: Floats


class Sums(NamedTuple):
    """Terms of the sum of every pattern: a point of it, and an offset kept there.

    Masses and chances are looked up in their flat arrays.
    """

    begin: Ints  # (pattern + 1,): first term
    events: Floats  # (pattern,): how many
    mass: NDArray[np.int32]  # (term,)
    statements: Ints  # (pattern,): how many
    chance: NDArray[np.int32]  # of every statement, one term after the other


class Verified(NamedTuple):
    """Masses of the record's cells where one toll was verified, of one kind of event."""

    begin: Ints  # (toll + 1,): first of its cells
    given: Floats  # (share, cell): P(record | toll)
    place: Ints  # (share, cell): of the offset for which it stands there


class Open(NamedTuple):
    """Masses of the record's cells where the toll is open, linear in survival.

    All numbers are places among the tolls at which survival is wanted.
    """

    first: Ints  # (side, offset, cell): tolls that such an offset moves into the cell begin here
    last: Ints  # and end before this
    edges: Ints  # (toll + 1,): of cells of the toll
    sides: Ints  # (side + 1,): first of its cells of the toll, and the end
    spread: Floats  # (spread, cell, toll): record's cell given the toll's
    threshold: int  # of the register; -1 where none matters
    place: Ints  # (share, cell): of the offset for which it stands there


@compiled
def _piece(low: float, high: float, bias: float, variance: float) -> tuple[float, float, float]:
    """Return the probability of a cell, and its derivatives in bias and in variance."""
    per = 1 / math.sqrt(variance)
    a, b = (low - bias) * per, (high - bias) * per
    if a > FAR or b < -FAR:
        return 0.0, 0.0, 0.0
    width, middle = b - a, (a + b) / 2
    if width * max(1.0, abs(middle)) < NARROW:
        # of a Taylor series about the middle, whose terms are Hermite polynomials times the density
        m, square, part = middle, middle * middle, width * width / 24
        more = part * part * 0.3  # width^4 / 1920
        dense = math.exp(-square / 2) / ROOT_TAU * width
        second, third = square - 1, m * (square - 3)
        fourth, fifth = (square - 6) * square + 3, m * ((square - 10) * square + 15)
        sixth = ((square - 15) * square + 45) * square - 15
        chance = dense * (1 + part * second + more * fourth)
        of_bias = dense * (m + part * third + more * fifth) * per
        of_variance = dense * (second + part * fourth + more * sixth) * per * per / 2
        return chance, of_bias, of_variance
    at_a, at_b = math.exp(-a * a / 2), math.exp(-b * b / 2)
    of_bias = (at_a - at_b) * per / ROOT_TAU
    of_variance = (a * at_a - b * at_b) * per * per / (2 * ROOT_TAU)
    side = -1.0 if middle > 0 else 1.0  # into the left tail, where no digits are lost
    root = math.sqrt(0.5)
    chance = abs(math.erfc(-side * b * root) - math.erfc(-side * a * root)) / 2
    return chance, of_bias, of_variance


@compiled
def told(entries: Entries, natural: Natural) -> Told:
    """Return the probability of every entry."""
    n, offsets = entries.agree.shape
    found = Told(
        np.empty((n, offsets)), np.empty(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    )
    for i in range(n):
        j = entries.voice[i]
        a, e, bias = natural.agreement[j], natural.gross[j], natural.bias[j]
        spread = natural.spread[j] ** 2
        honest = (1 - e) * (1 - a)
        for k in range(entries.begin[i], entries.begin[i + 1]):
            low, high, weight = entries.low[k], entries.high[k], entries.weight[k]
            variance = spread + entries.extra[k]
            own, of_bias, of_variance = _piece(low, high, bias, variance)
            wrong, as_bias, as_variance = _piece(low, high, bias, variance + entries.gross)
            found.own[i] += weight * own
            found.wrong[i] += weight * wrong
            found.bias[i] += weight * (honest * of_bias + e * as_bias)
            found.variance[i] += weight * (honest * of_variance + e * as_variance)
        repeats = 0.0
        for o in range(offsets):
            repeats += entries.agree[i, o] * natural.offset[j, o]
        found.repeats[i] = repeats
        d = natural.definition[j]
        others = (1 - e) * (a * (1 - d) * repeats + (1 - a) * found.own[i]) + e * found.wrong[i]
        for o in range(offsets):  # the toll is the record moved back
            as_toll = (1 - e) * a * d * entries.agree[i, offsets - 1 - o]
            found.chance[i, o] = max(others + as_toll, LEAST)
    return found


@compiled
def slopes(entries: Entries, natural: Natural, told: Told, pull: Floats, slope: Natural) -> None:
    """Add the gradient in what the voices are like; `pull` is that in chances, (entry, offset)."""
    offsets = entries.agree.shape[1]
    for i in range(len(entries.voice)):
        whole, as_toll = 0.0, 0.0
        for o in range(offsets):
            whole += pull[i, o]
            as_toll += pull[i, o] * entries.agree[i, offsets - 1 - o]
        if whole == 0.0:
            continue
        j = entries.voice[i]
        a, e, d = natural.agreement[j], natural.gross[j], natural.definition[j]
        repeats = whole * (1 - d) * told.repeats[i] + d * as_toll
        own = whole * told.own[i]
        slope.bias[j] += whole * told.bias[i]
        slope.spread[j] += whole * told.variance[i] * 2 * natural.spread[j]
        slope.gross[j] += whole * told.wrong[i] - a * repeats - (1 - a) * own
        slope.agreement[j] += (1 - e) * (repeats - own)
        slope.definition[j] += (1 - e) * a * (as_toll - whole * told.repeats[i])
        for o in range(offsets):
            slope.offset[j, o] += whole * (1 - e) * a * (1 - d) * entries.agree[i, o]


@compiled
def verified_masses(group: Verified, tolls: Floats, record: Floats, mass: Floats) -> None:
    """Fill the masses of cells, (cell, offset); `tolls` are the probabilities of the verified."""
    mass[:] = LEAST
    for t in range(len(tolls)):
        for c in range(group.begin[t], group.begin[t + 1]):
            for s in range(record.shape[1]):
                mass[c, group.place[s, c]] += record[-1, s] * group.given[s, c] * tolls[t]


@compiled
def verified_slopes(
    group: Verified, tolls: Floats, record: Floats, pull: Floats, slope: Natural
) -> Floats:
    """Add the gradient in the record's shares; return that in the tolls' probabilities."""
    found = np.zeros(len(tolls))
    for t in range(len(tolls)):
        for c in range(group.begin[t], group.begin[t + 1]):
            for s in range(record.shape[1]):
                given = pull[c, group.place[s, c]] * group.given[s, c]
                slope.record[-1, s] += given * tolls[t]
                found[t] += given * record[-1, s]
    return found


@compiled
def _unlisted(group: Open, above: Floats, listed: float) -> Floats:
    """Return survival without the share of events that the register holds."""
    if group.threshold < 0:
        return above
    kept = above.copy()
    for i in range(len(above)):
        kept[i] -= listed * above[max(i, group.threshold)]
    return kept


@compiled
def open_masses(group: Open, above: Floats, listed: float, record: Floats, mass: Floats) -> Floats:
    """Fill the masses of (cell, offset) from survival; return parts, (side, share, cell)."""
    mass[:] = LEAST
    kept = _unlisted(group, above, listed)
    sides, offsets, cells = group.first.shape
    parts = np.empty((sides, record.shape[1], cells))
    tolls = kept[group.edges[:-1]] - kept[group.edges[1:]]
    for side in range(sides):
        own = slice(group.sides[side], group.sides[side + 1])
        for c in range(cells):
            for o in range(offsets):
                parts[side, o, c] = kept[group.first[side, o, c]] - kept[group.last[side, o, c]]
            for s in range(len(group.spread)):
                parts[side, offsets + s, c] = np.dot(group.spread[s, c, own], tolls[own])
            for s in range(record.shape[1]):
                mass[c, group.place[s, c]] += record[side, s] * parts[side, s, c]
    return parts


@compiled
def open_slopes(
    group: Open,
    above: Floats,
    listed: float,
    record: Floats,
    parts: Floats,
    pull: Floats,
    slope: Natural,
) -> Floats:
    """Add the gradient in the record's shares and in the share listed; return that in survival."""
    sides, offsets, cells = group.first.shape
    down, tolls = np.zeros(len(above)), np.zeros(len(group.edges) - 1)
    for side in range(sides):
        for c in range(cells):
            for s in range(record.shape[1]):
                slope.record[side, s] += parts[side, s, c] * pull[c, group.place[s, c]]
            for o in range(offsets):
                share = record[side, o] * pull[c, group.place[o, c]]
                down[group.first[side, o, c]] += share
                down[group.last[side, o, c]] -= share
            for s in range(len(group.spread)):
                share = record[side, offsets + s] * pull[c, group.place[offsets + s, c]]
                for t in range(group.sides[side], group.sides[side + 1]):
                    tolls[t] += share * group.spread[s, c, t]
    for t in range(len(tolls)):
        down[group.edges[t]] += tolls[t]
        down[group.edges[t + 1]] -= tolls[t]
    if group.threshold >= 0:
        taken = np.zeros(len(above))
        for i in range(len(above)):
            taken[max(i, group.threshold)] += down[i]
        slope.listed[0] -= np.dot(taken, above)
        down -= listed * taken
    return down


@compiled
def _shares(sums: Sums, p: int, at: int, mass: Floats, chance: Floats, share: Floats) -> float:
    """Fill the shares of a pattern's terms in its probability; return the log of that.

    Its statements begin at `at`.
    """
    begin, n, m = sums.begin[p], sums.begin[p + 1] - sums.begin[p], sums.statements[p]
    total = 0.0
    for i in range(n):
        product = mass[sums.mass[begin + i]]
        for s in range(at + i * m, at + (i + 1) * m):
            product *= chance[sums.chance[s]]
        share[i] = product
        total += product
    top = 0.0
    if total < ROOM:
        for i in range(n):
            share[i] = math.log(mass[sums.mass[begin + i]])
            for s in range(at + i * m, at + (i + 1) * m):
                share[i] += math.log(chance[sums.chance[s]])
        top, total = share[0], 0.0
        for i in range(1, n):
            top = max(top, share[i])
        for i in range(n):
            share[i] = math.exp(share[i] - top)
            total += share[i]
    for i in range(n):
        share[i] /= total
    return top + math.log(total)


@compiled
def summed(sums: Sums, mass: Floats, chance: Floats) -> tuple[float, Floats, Floats]:
    """Return the log probability of all patterns, and its gradient in masses and in chances."""
    masses, chances = mass.ravel(), chance.ravel()
    of_mass, of_chance = np.zeros(len(masses)), np.zeros(len(chances))
    value, at = 0.0, 0
    share = np.empty(np.diff(sums.begin).max())
    for p in range(len(sums.events)):
        begin, n, m = sums.begin[p], sums.begin[p + 1] - sums.begin[p], sums.statements[p]
        value += sums.events[p] * _shares(sums, p, at, masses, chances, share)
        for i in range(n):
            part = share[i] * sums.events[p]
            of_mass[sums.mass[begin + i]] += part
            for s in range(at + i * m, at + (i + 1) * m):
                of_chance[sums.chance[s]] += part
        at += n * m
    of_mass /= masses
    of_chance /= chances
    return value, of_mass.reshape(mass.shape), of_chance.reshape(chance.shape)


@compiled
def largest(sums: Sums, mass: Floats, chance: Floats, found: Floats) -> None:
    """Raise what is the largest share of every term so far to its share now."""
    at = 0
    share = np.empty(np.diff(sums.begin).max())
    for p in range(len(sums.events)):
        begin, n = sums.begin[p], sums.begin[p + 1] - sums.begin[p]
        _shares(sums, p, at, mass.ravel(), chance.ravel(), share)
        for i in range(n):
            found[begin + i] = max(found[begin + i], share[i])
        at += n * sums.statements[p]


@compiled
def _without(
    sums: Sums,
    p: int,
    at: int,
    source: Ints,
    left: int,
    mass: Floats,
    chance: Floats,
    share: Floats,
) -> None:
    """Fill the shares of a pattern's terms in the probability of what other sources state.

    `source` are those of its statements, `left` is the one left out.
    """
    begin, n, m = sums.begin[p], sums.begin[p + 1] - sums.begin[p], len(source)
    total = 0.0
    for i in range(n):
        share[i] = mass[sums.mass[begin + i]]
        for s in range(m):
            if source[s] != left:
                share[i] *= chance[sums.chance[at + i * m + s]]
        total += share[i]
    if total < ROOM:
        top = -np.inf
        for i in range(n):
            share[i] = math.log(mass[sums.mass[begin + i]])
            for s in range(m):
                if source[s] != left:
                    share[i] += math.log(chance[sums.chance[at + i * m + s]])
            top = max(top, share[i])
        total = 0.0
        for i in range(n):
            share[i] = math.exp(share[i] - top)
            total += share[i]
    for i in range(n):
        share[i] /= total


@compiled
def predicted(
    sums: Sums, source: Ints, mass: Floats, chance: Floats, tail: Floats, found: Floats
) -> None:
    """Fill what the other sources' statements on an event foretell of every statement.

    Rows are the probabilities of what is said, of that or more (`tail` has its chances), and of all
    that its source says of the event; columns are the statements, pattern by pattern, of `source`.
    """
    masses, chances, tails = mass.ravel(), chance.ravel(), tail.ravel()
    at, first = 0, 0
    share = np.empty(np.diff(sums.begin).max())
    found[:] = 0.0
    for p in range(len(sums.events)):
        n, m = sums.begin[p + 1] - sums.begin[p], sums.statements[p]
        own = source[first : first + m]
        for k in range(m):
            _without(sums, p, at, own, own[k], masses, chances, share)
            for i in range(n):
                here = at + i * m
                found[0, first + k] += share[i] * chances[sums.chance[here + k]]
                found[1, first + k] += share[i] * tails[sums.chance[here + k]]
                for s in range(m):
                    if own[s] == own[k]:
                        share[i] *= chances[sums.chance[here + s]]
                found[2, first + k] += share[i]
        at += n * m
        first += m
