r"""What is believed of a panel's unknowns beforehand, and in which coordinates they are sampled.

Probabilities are sampled on the log-odds scale, shares as log ratios to that of no offset, the rest
in units of its prior sd. For voice j of kind k and grade g,

.. math::

    \beta_j &\sim N(\mu_k, \omega_\beta^2), \quad \mu_k \sim N(\log m_k, s_k^2) \\
    \mathrm{logit}\, a_j &\sim N(\alpha_k, \omega_a^2), \; \alpha_k \sim N(\bar\alpha, s^2) \\
    1 - e_j &\sim \mathrm{Beta}(g), \quad \log \tau_j \sim N(\log(\sqrt2\, s_g), 0.5^2) \\
    d_j &\sim \mathrm{Beta}(c), \quad q_j \sim \mathrm{Dirichlet}, \quad
    \pi \sim \mathrm{Dirichlet}

with bias, agreement, gross errors, spread, definition and offsets of a voice, and the shares of the
record. Those of tolls below the register's threshold, none of which is ever verified, are as those
above with all log ratios moved by one N(0, s_r^2) number. Where one voice speaks alone the
record is the toll: whether it or the voice strays nothing could tell, and chains did not find from
the one to the other. The means of kinds are integrated out:
with them, and with a prior for the sd omega between sources of a kind, a thousand events made a
funnel. With a few sources of a kind nothing tells omega, so it is given.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tolls.compiled import compiled
from tolls.panelrows import Voice
from tolls.presets import Presets
from tolls.sizelaw import LARGE, NONE, places

__all__ = ["Natural", "Space", "log_prior", "mean_offset", "natural_of", "pulled"]

type Floats = NDArray[np.floating[Any]]

# Places of what is sampled in a vector of coordinates, in `Space.shapes`' order.
LAW, RECORD, BELOW, LISTED, BIAS, AGREEMENT, GROSS, SPREAD, DEFINITION, OFFSET = range(10)


class Natural(NamedTuple):
    """Unknowns as the model speaks of them; arrays may have leading axes of draws.

    Attributes
    ----------
    law : (kind of event, place) array
        Of sizes, as `sizelaw.surviving` takes it.
    record : (side, offset and spread) array
        Shares of the common record: of every offset from the toll, then of every log-scale spread.
        Where the register has a threshold, of tolls below it, then of the others.
    listed : (1,) array
        Share of events at or above the threshold that the register holds; 0 without a threshold.
    bias, spread : (voice,) arrays
        Log of stated : recorded of an own estimate, and its sd.
    gross : (voice,) array
        Share of gross errors.
    agreement : (voice,) array
        Of the others, share that repeat the record.
    definition : (voice,) array
        Of those, share that state the toll where the record is the toll by another definition.
    offset : (voice, offset) array
        Of the others that repeat it, share by how many more they count.
    """

    law: Floats
    record: Floats
    listed: Floats
    bias: Floats
    spread: Floats
    gross: Floats
    agreement: Floats
    definition: Floats
    offset: Floats

    def at(self, draw: Any) -> "Natural":
        """Return one of the draws, or some of them."""
        return Natural(*(values[draw] for values in self))


def mean_offset(shares: Floats) -> Floats:
    """Return by how many people shares of offsets, (…, offset), move a count on average."""
    reach = shares.shape[-1] // 2
    mean: Floats = shares @ np.arange(-reach, reach + 1)
    return mean


class Hierarchy(NamedTuple):
    """Prior of a number of every voice: normal around a mean of its kind, which is normal too."""

    mean: Floats  # (kind,)
    sd: Floats
    between: float  # sd between voices of a kind
    unit: Floats  # (kind,): sd of a voice, in which it is sampled


class Priors(NamedTuple):
    """Numbers of the priors, as the loops below take them."""

    begin: NDArray[np.int64]  # of every name of `Space.shapes`, and the end
    reach: int
    kind: NDArray[np.int64]  # of every voice
    bias: Hierarchy
    agreement: Hierarchy  # log odds
    reliability: Floats  # (a and b, voice)
    scatter: Floats  # (voice,)
    scatter_sd: float
    no_deaths: tuple[float, float]
    large: tuple[float, float]
    law: Floats  # (mean and sd, place)
    listed: tuple[float, float]
    record: Floats
    apart: float  # sd of log ratios of shares below the threshold, from those above
    definition: Floats  # (a and b, voice)
    offset: Floats


@dataclass(frozen=True)
class Space:
    """The coordinates of a panel.

    Attributes
    ----------
    voices : tuple of Voice
    event_kinds : int
    threshold : int or None
        Of the register.
    presets : Presets
    """

    voices: tuple[Voice, ...]
    event_kinds: int
    threshold: int | None
    presets: Presets

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of source."""
        return tuple(dict.fromkeys(voice.kind for voice in self.voices))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Coordinates by name, in the order in which they are sampled."""
        panels, voices = self.presets.panels, len(self.voices)
        threshold, several = int(self.threshold is not None), int(voices > 1)
        return {
            "law": (self.event_kinds, places(self.threshold)),
            "record": ((len(panels.record) - 1) * several,),
            "below": (threshold * several,),
            "listed": (threshold,),
            "bias": (voices,),
            "agreement": (voices,),
            "gross": (voices,),
            "spread": (voices,),
            "definition": (voices * several,),
            "offset": (voices, 2 * panels.reach),
        }

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Where each stands in the vector of coordinates."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            found[name] = slice(start, start + math.prod(shape))
            start = found[name].stop
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What every coordinate is called."""
        return tuple(
            f"{name}[{', '.join(map(str, place))}]"
            for name, shape in self.shapes.items()
            for place in np.ndindex(shape)
        )

    @property
    def dimensions(self) -> int:
        """Number of coordinates."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @cached_property
    def _grades(self) -> tuple[Floats, Floats]:
        """Of every voice: Beta(a, b) of its reliability, and scatter."""
        presets = self.presets
        betas, scatters = [], []
        for voice in self.voices:
            grade = presets.grades[voice.grade[0]]
            betas.append(
                presets.combined[voice.grade] if len(voice.grade) > 1 else grade.reliability
            )
            scatters.append(grade.scatter)
        return np.array(betas).T.copy(), np.array(scatters)

    @cached_property
    def _definitions(self) -> Floats:
        """Of every voice: Beta(a, b) of the share that follows the definition of the toll."""
        panels = self.presets.panels
        given = [panels.asked if voice.category else panels.unasked for voice in self.voices]
        return np.array(given, dtype=float).T.copy()

    @cached_property
    def priors(self) -> Priors:
        """Numbers of the priors."""
        panels, presets = self.presets.panels, self.presets
        kinds = [presets.source_kinds[kind] for kind in self.kinds]
        tails = [(math.log(panels.scale), panels.scale_sd), (math.log(panels.tail), panels.tail_sd)]
        law = [(0.0, 1.0), *tails, (0.0, 1.0), tails[0]][: places(self.threshold)]
        return Priors(
            np.array([0, *(s.stop for s in self.slices.values())]),
            panels.reach,
            np.array([self.kinds.index(voice.kind) for voice in self.voices]),
            _hierarchy([(math.log(k.median), k.sd) for k in kinds], panels.bias_between),
            _hierarchy(
                [(panels.agreement_mean, panels.agreement_sd)] * len(kinds),
                panels.agreement_between,
            ),
            self._grades[0],
            # one figure per event tells no bias of the event from scatter: their squares add up
            math.sqrt(2) * self._grades[1],
            presets.belief.scatter_log_sd,
            (float(panels.no_deaths[0]), float(panels.no_deaths[1])),
            (float(panels.large[0]), float(panels.large[1])),
            np.array(law).T.copy(),
            (float(panels.listed[0]), float(panels.listed[1])),
            np.array(panels.record, dtype=float),
            panels.record_apart,
            self._definitions,
            np.array(panels.offsets, dtype=float),
        )

    def natural(self, points: Floats) -> Natural:
        """Return the unknowns of points, (…, coordinate)."""
        flat = np.ascontiguousarray(points, dtype=float).reshape(-1, self.dimensions)
        found = [natural_of(point, self.priors) for point in flat]
        return Natural(
            *(
                np.stack(own).reshape(*points.shape[:-1], *own[0].shape)
                for own in zip(*found, strict=True)
            )
        )

    def log_odds(self, point: Floats) -> Floats:
        """Return log odds and log ratios of shares with Beta and Dirichlet priors at a point.

        NaN of other coordinates, and of log ratios of shares above the one that they are compared
        with.
        """
        odds = np.full(self.dimensions, np.nan)
        for name in ("listed", "gross", "definition", "record", "offset"):
            odds[self.slices[name]] = point[self.slices[name]]
        for name in ("record", "offset"):
            ratios = odds[self.slices[name]]
            ratios[ratios > 0] = np.nan
        shares = [place for place in (NONE, LARGE) if place < places(self.threshold)]
        into, given = (own[self.slices["law"]].reshape(self.shapes["law"]) for own in (odds, point))
        into[:, shares] = given[:, shares]
        return odds

    def start(self, seed: int) -> Floats:
        """Draw where a chain starts: near the middle of the prior, and off it."""
        rng = np.random.default_rng(seed)
        centre = np.zeros(self.dimensions)
        panels = self.presets.panels
        for name, weights in (("record", panels.record), ("offset", panels.offsets)):
            given: Sequence[float] = [w for i, w in enumerate(weights) if i != panels.reach]
            ratios = np.log(np.array(given) / weights[panels.reach])
            if math.prod(self.shapes[name]):
                centre[self.slices[name]] = np.resize(ratios, math.prod(self.shapes[name]))
        a, b = self._grades[0]
        centre[self.slices["gross"]] = np.log(b / a)
        a, b = self._definitions
        centre[self.slices["definition"]] = np.log(a / b)[: self.shapes["definition"][0]]
        return centre + rng.normal(0.0, 0.5, self.dimensions)


def _hierarchy(kinds: Sequence[tuple[float, float]], between: float) -> Hierarchy:
    mean, sd = np.array(kinds).T
    return Hierarchy(mean.copy(), sd.copy(), between, np.hypot(sd, between))


@compiled
def _expit(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


@compiled
def _shares(ratios: Floats, place: int, shares: Floats) -> None:
    """Fill shares from log ratios to that at `place`."""
    top, total, taken = 0.0, 0.0, 0
    for ratio in ratios:
        top = max(top, ratio)
    for i in range(len(shares)):
        ratio = 0.0
        if i != place:
            ratio = ratios[taken]
            taken += 1
        shares[i] = math.exp(ratio - top)
        total += shares[i]
    shares /= total


@compiled
def natural_of(point: Floats, p: Priors) -> Natural:
    """Return the unknowns of one point."""
    at, voices, offsets = p.begin, len(p.kind), len(p.offset)
    law = point[at[LAW] : at[LAW + 1]].copy().reshape(-1, p.law.shape[1])
    law = p.law[0] + p.law[1] * law
    threshold, ratios = at[BIAS] > at[LISTED], point[at[RECORD] : at[BELOW]]
    record = np.zeros((1 + int(threshold), len(p.record)))
    if voices > 1:
        _shares(ratios, p.reach, record[-1])
        if threshold:
            _shares(ratios + p.apart * point[at[BELOW]], p.reach, record[0])
    else:
        record[:, p.reach] = 1.0
    listed = np.zeros(1)
    if threshold:
        listed[0] = _expit(point[at[LISTED]])
    bias, spread, gross = np.empty(voices), np.empty(voices), np.empty(voices)
    agreement, definition = np.empty(voices), np.zeros(voices)
    offset = np.empty((voices, offsets))
    for j in range(voices):
        k = p.kind[j]
        bias[j] = p.bias.mean[k] + p.bias.unit[k] * point[at[BIAS] + j]
        logit = p.agreement.mean[k] + p.agreement.unit[k] * point[at[AGREEMENT] + j]
        agreement[j] = _expit(logit)
        gross[j] = _expit(point[at[GROSS] + j])
        if voices > 1:
            definition[j] = _expit(point[at[DEFINITION] + j])
        spread[j] = p.scatter[j] * math.exp(p.scatter_sd * point[at[SPREAD] + j])
        first = at[OFFSET] + j * (offsets - 1)
        _shares(point[first : first + offsets - 1], p.reach, offset[j])
    return Natural(law, record, listed, bias, spread, gross, agreement, definition, offset)


@compiled
def _pulled_shares(shares: Floats, slope: Floats, place: int, into: Floats) -> None:
    """Add a gradient in shares as one in log ratios."""
    mean, taken = (shares * slope).sum(), 0
    for i in range(len(shares)):
        if i != place:
            into[taken] += shares[i] * (slope[i] - mean)
            taken += 1


@compiled
def pulled(point: Floats, natural: Natural, slope: Natural, p: Priors, into: Floats) -> None:
    """Add the gradient in the unknowns of a point as one in its coordinates."""
    at, offsets = p.begin, len(p.offset)
    into[at[LAW] : at[LAW + 1]] += (slope.law * p.law[1]).ravel()
    threshold, several = at[BIAS] > at[LISTED], len(p.kind) > 1
    above = into[at[RECORD] : at[BELOW]]
    if several:
        _pulled_shares(natural.record[-1], slope.record[-1], p.reach, above)
    if several and threshold:
        apart = np.zeros(len(above))
        _pulled_shares(natural.record[0], slope.record[0], p.reach, apart)
        above += apart
        into[at[BELOW]] += p.apart * apart.sum()
    if threshold:
        into[at[LISTED]] += slope.listed[0] * natural.listed[0] * (1 - natural.listed[0])
    for j in range(len(p.kind)):
        k = p.kind[j]
        logit = slope.agreement[j] * natural.agreement[j] * (1 - natural.agreement[j])
        into[at[BIAS] + j] += p.bias.unit[k] * slope.bias[j]
        into[at[AGREEMENT] + j] += p.agreement.unit[k] * logit
        into[at[GROSS] + j] += slope.gross[j] * natural.gross[j] * (1 - natural.gross[j])
        into[at[SPREAD] + j] += slope.spread[j] * natural.spread[j] * p.scatter_sd
        if several:
            share = natural.definition[j]
            into[at[DEFINITION] + j] += slope.definition[j] * share * (1 - share)
        first = at[OFFSET] + j * (offsets - 1)
        own = into[first : first + offsets - 1]
        _pulled_shares(natural.offset[j], slope.offset[j], p.reach, own)


@compiled
def _log_beta(logit: float, a: float, b: float) -> tuple[float, float]:
    """Return the log density of a Beta(a, b) number on the log-odds scale, and its slope."""
    # the log of one plus an exponential that cannot overflow
    left = -math.log1p(math.exp(-abs(logit)))
    value = a * (left + min(logit, 0.0)) + b * (left - max(logit, 0.0))
    share = _expit(logit)
    return value, a * (1 - share) - b * share


@compiled
def _log_dirichlet(ratios: Floats, weights: Floats, place: int, slope: Floats) -> float:
    """Return the log density of Dirichlet shares in log ratios, and set its gradient."""
    shares = np.empty(len(weights))
    _shares(ratios, place, shares)
    value, total, taken = 0.0, weights.sum(), 0
    for i in range(len(weights)):
        value += weights[i] * math.log(shares[i])
        if i != place:
            slope[taken] = weights[i] - total * shares[i]
            taken += 1
    return value


@compiled
def _log_hierarchy(point: Floats, kind: Any, h: Hierarchy, slope: Floats) -> float:
    """Return the log density of voices' numbers, in units off their kinds' means; set its slope."""
    number, middle = np.zeros(len(h.mean)), np.zeros(len(h.mean))
    for j in range(len(point)):
        number[kind[j]] += 1
        middle[kind[j]] += point[j] * h.unit[kind[j]]
    middle /= number
    value, narrow = 0.0, h.between**2
    for j in range(len(point)):
        k = kind[j]
        away, whole = point[j] * h.unit[k] - middle[k], narrow + number[k] * h.sd[k] ** 2
        value -= (away**2 / narrow + middle[k] ** 2 / whole) / 2
        slope[j] = -(away / narrow + middle[k] / whole) * h.unit[k]
    return value


@compiled
def log_prior(point: Floats, p: Priors) -> tuple[float, Floats]:
    """Return the log density of the priors at one point, up to a constant, and its gradient."""
    at, offsets = p.begin, len(p.offset)
    slope = -point  # of the standard normal coordinates; the others' are set
    value = 0.0
    for name in (BELOW, SPREAD):
        for i in range(at[name], at[name + 1]):
            value -= point[i] ** 2 / 2
    here = slice(at[BIAS], at[BIAS + 1])
    value += _log_hierarchy(point[here], p.kind, p.bias, slope[here])
    here = slice(at[AGREEMENT], at[AGREEMENT + 1])
    value += _log_hierarchy(point[here], p.kind, p.agreement, slope[here])
    for i in range(at[LAW], at[LAW + 1], p.law.shape[1]):
        own, slope[i] = _log_beta(point[i], p.no_deaths[0], p.no_deaths[1])
        value += own
        for k in range(i + 1, i + p.law.shape[1]):
            if k == i + LARGE:
                own, slope[k] = _log_beta(point[k], p.large[0], p.large[1])
                value += own
            else:
                value -= point[k] ** 2 / 2
    for i in range(at[LISTED], at[LISTED + 1]):
        own, slope[i] = _log_beta(point[i], p.listed[0], p.listed[1])
        value += own
    for j in range(len(p.kind)):
        i = at[GROSS] + j
        own, slope[i] = _log_beta(point[i], p.reliability[1, j], p.reliability[0, j])
        value += own
        if len(p.kind) > 1:
            i = at[DEFINITION] + j
            own, slope[i] = _log_beta(point[i], p.definition[0, j], p.definition[1, j])
            value += own
        first = at[OFFSET] + j * (offsets - 1)
        here = slice(first, first + offsets - 1)
        value += _log_dirichlet(point[here], p.offset, p.reach, slope[here])
    here = slice(at[RECORD], at[RECORD + 1])
    if len(p.kind) > 1:
        value += _log_dirichlet(point[here], p.record, p.reach, slope[here])
    return value, slope
