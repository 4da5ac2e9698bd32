r"""What is believed of a panel's unknowns beforehand, and in which coordinates they are sampled.

Everything that has a normal prior is sampled as a standard normal number, hierarchies non-centred;
probabilities on the log-odds scale, shares as log ratios to that of no offset. For voice j of kind
k and grade g,

.. math::

    \beta_j &= \mu_k + \omega_\beta z_j, \quad \mu_k \sim N(\log m_k, s_k^2) \\
    \mathrm{logit}\, a_j &= \alpha_k + \omega_a z'_j, \; \alpha_k \sim N(\bar\alpha, s_\alpha^2) \\
    1 - e_j &\sim \mathrm{Beta}(g), \quad \log \tau_j \sim N(\log(\sqrt2\, s_g), 0.5^2) \\
    q_j &\sim \mathrm{Dirichlet}, \quad \pi \sim \mathrm{Dirichlet}

with bias, agreement, gross errors, spread and offsets of a voice, and the shares of the record.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from tolls.panelrows import Voice
from tolls.presets import Presets
from tolls.sizelaw import PARAMETERS

__all__ = ["Natural", "Space"]

type Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Natural:
    """Unknowns as the model speaks of them; arrays may have leading axes of draws.

    Attributes
    ----------
    law : (kind of event, 3) array
        Of sizes, as `sizelaw.cumulative` takes it.
    record : (offset and spread) array
        Shares of the common record: of every offset from the toll, then of every log-scale spread.
    listed : () array
        Share of events at or above the threshold that the register holds.
    bias, spread : (voice,) arrays
        Log of stated : recorded of an own estimate, and its sd.
    gross : (voice,) array
        Share of gross errors.
    agreement : (voice,) array
        Of the others, share that repeat the record.
    offset : (voice, offset) array
        Of those, share by how many more they count.
    """

    law: Floats
    record: Floats
    listed: Floats
    bias: Floats
    spread: Floats
    gross: Floats
    agreement: Floats
    offset: Floats

    def at(self, draw: Any) -> "Natural":
        """Return one of the draws, or some of them."""
        return Natural(*(getattr(self, f.name)[draw] for f in fields(self)))


@dataclass(frozen=True)
class Space:
    """The coordinates of a panel.

    Attributes
    ----------
    voices : tuple of Voice
    event_kinds : int
    threshold : bool
        Whether the register has one.
    presets : Presets
    """

    voices: tuple[Voice, ...]
    event_kinds: int
    threshold: bool
    presets: Presets

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of source."""
        return tuple(dict.fromkeys(voice.kind for voice in self.voices))

    @cached_property
    def _kind(self) -> NDArray[np.int64]:
        return np.array([self.kinds.index(voice.kind) for voice in self.voices])

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Coordinates by name, in the order in which they are sampled."""
        panels, voices = self.presets.panels, len(self.voices)
        return {
            "law": (self.event_kinds, PARAMETERS),
            "record": (len(panels.record) - 1,),
            "listed": (int(self.threshold),),
            "kind_bias": (len(self.kinds),),
            "kind_agreement": (len(self.kinds),),
            "between": (2,),
            "bias": (voices,),
            "agreement": (voices,),
            "gross": (voices,),
            "spread": (voices,),
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

    @property
    def dimensions(self) -> int:
        """Number of coordinates."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def parts(self, point: Floats) -> dict[str, Floats]:
        """Take points, (…, coordinate), apart."""
        return {
            name: point[..., self.slices[name]].reshape(*point.shape[:-1], *shape)
            for name, shape in self.shapes.items()
        }

    @cached_property
    def _grades(self) -> tuple[Floats, Floats, Floats]:
        """Of every voice: Beta(a, b) of its reliability, and scatter."""
        presets = self.presets
        betas, scatters = [], []
        for voice in self.voices:
            grade = presets.grades[voice.grade[0]]
            betas.append(
                presets.combined[voice.grade] if len(voice.grade) > 1 else grade.reliability
            )
            scatters.append(grade.scatter)
        a, b = np.array(betas).T
        return a, b, np.array(scatters)

    @cached_property
    def _kind_priors(self) -> tuple[Floats, Floats]:
        own = [self.presets.source_kinds[kind] for kind in self.kinds]
        return np.array([math.log(k.median) for k in own]), np.array([k.sd for k in own])

    def natural(self, point: Floats) -> Natural:
        """Return the unknowns of points, (…, coordinate)."""
        panels, own = self.presets.panels, self.parts(np.asarray(point, dtype=float))
        mean, sd = self._kind_priors
        omega = np.exp(own["between"]) * [panels.bias_between, panels.agreement_between]
        bias = (mean + sd * own["kind_bias"])[..., self._kind] + omega[..., :1] * own["bias"]
        logit = panels.agreement_mean + panels.agreement_sd * own["kind_agreement"]
        logit = logit[..., self._kind] + omega[..., 1:] * own["agreement"]
        return Natural(
            self._law(own["law"]),
            _shares(own["record"], panels.reach),
            expit(own["listed"][..., 0]) if self.threshold else np.zeros(point.shape[:-1]),
            bias,
            # one figure per event tells no bias of the event from scatter: their squares add up
            math.sqrt(2) * self._grades[2] * np.exp(self._scatter_sd * own["spread"]),
            expit(own["gross"]),
            expit(logit),
            _shares(own["offset"], panels.reach),
        )

    @property
    def _scatter_sd(self) -> float:
        return self.presets.belief.scatter_log_sd

    def _law(self, law: Floats) -> Floats:
        panels = self.presets.panels
        scale = math.log(panels.scale) + panels.scale_sd * law[..., 1]
        tail = math.log(panels.tail) + panels.tail_sd * law[..., 2]
        return np.stack([law[..., 0], scale, tail], axis=-1)

    def pulled(self, point: Floats, natural: Natural, slope: Natural) -> Floats:
        """Turn the gradient in the unknowns of one point into that in its coordinates."""
        panels, own = self.presets.panels, self.parts(point)
        sd = self._kind_priors[1]
        omega = np.exp(own["between"]) * [panels.bias_between, panels.agreement_between]
        logit = slope.agreement * natural.agreement * (1 - natural.agreement)

        def by_kind(values: Floats) -> Floats:
            return np.bincount(self._kind, values, len(self.kinds))

        return self._joined(
            {
                "law": slope.law * [1.0, panels.scale_sd, panels.tail_sd],
                "record": _pulled_shares(natural.record, slope.record, panels.reach),
                "listed": slope.listed * natural.listed * (1 - natural.listed),
                "kind_bias": sd * by_kind(slope.bias),
                "kind_agreement": panels.agreement_sd * by_kind(logit),
                "between": omega * [slope.bias @ own["bias"], logit @ own["agreement"]],
                "bias": omega[0] * slope.bias,
                "agreement": omega[1] * logit,
                "gross": slope.gross * natural.gross * (1 - natural.gross),
                "spread": slope.spread * natural.spread * self._scatter_sd,
                "offset": _pulled_shares(natural.offset, slope.offset, panels.reach),
            }
        )

    def _joined(self, parts: Mapping[str, Any]) -> Floats:
        whole = np.empty(self.dimensions)
        for name, where in self.slices.items():
            whole[where] = np.ravel(parts[name]) if where.stop > where.start else 0.0
        return whole

    def log_prior(self, point: Floats) -> tuple[float, Floats]:
        """Return the log density of the priors at one point, up to a constant, and its gradient."""
        panels, own = self.presets.panels, self.parts(point)
        a, b, _ = self._grades
        nobody, nobody_slope = _log_beta(own["law"][:, 0], *panels.no_deaths)
        listed, listed_slope = _log_beta(own["listed"], *panels.listed)
        gross, gross_slope = _log_beta(own["gross"], b, a)
        record, record_slope = _log_dirichlet(own["record"], panels.record, panels.reach)
        offset, offset_slope = _log_dirichlet(own["offset"], panels.offsets, panels.reach)
        # a half-normal number on the log scale
        wide = np.exp(2 * own["between"])
        slopes = {name: -values for name, values in own.items()}
        slopes |= {
            "law": np.column_stack([nobody_slope, -own["law"][:, 1:]]),
            "record": record_slope,
            "listed": listed_slope,
            "between": 1 - wide,
            "gross": gross_slope,
            "offset": offset_slope,
        }
        normal = sum(
            float((own[name] ** 2).sum())
            for name in ("kind_bias", "kind_agreement", "bias", "agreement", "spread")
        )
        normal += float((own["law"][:, 1:] ** 2).sum())
        value = nobody + listed + gross + record + offset - normal / 2
        value += float((own["between"] - wide / 2).sum())
        return value, self._joined(slopes)

    def start(self, seed: int) -> Floats:
        """Draw where a chain starts: near the middle of the prior, and off it."""
        rng = np.random.default_rng(seed)
        centre = np.zeros(self.dimensions)
        panels = self.presets.panels
        for name, weights in (("record", panels.record), ("offset", panels.offsets)):
            given: Sequence[float] = [w for i, w in enumerate(weights) if i != panels.reach]
            ratios = np.log(np.array(given) / weights[panels.reach])
            centre[self.slices[name]] = np.resize(ratios, math.prod(self.shapes[name]))
        a, b, _ = self._grades
        centre[self.slices["gross"]] = np.log(b / a)
        return centre + rng.normal(0.0, 0.5, self.dimensions)


def _shares(ratios: Floats, place: int) -> Floats:
    """Return shares, (…, share), from log ratios to that at `place`."""
    logs = np.insert(ratios, place, 0.0, axis=-1)
    shares = np.exp(logs - logs.max(axis=-1, keepdims=True))
    found: Floats = shares / shares.sum(axis=-1, keepdims=True)
    return found


def _pulled_shares(shares: Floats, slope: Floats, place: int) -> Floats:
    """Turn a gradient in shares into that in log ratios."""
    whole = shares * (slope - (shares * slope).sum(axis=-1, keepdims=True))
    return np.delete(whole, place, axis=-1)


def _log_beta(logit: Floats, a: Any, b: Any) -> tuple[float, Floats]:
    """Return the log density of Beta(a, b) numbers on the log-odds scale, and its gradient."""
    share = expit(logit)
    value = a * log_expit(logit) + b * log_expit(-logit)
    return float(value.sum()), a * (1 - share) - b * share


def _log_dirichlet(ratios: Floats, weights: Sequence[float], place: int) -> tuple[float, Floats]:
    """Return the log density of Dirichlet shares in log ratios, and its gradient."""
    shares, own = _shares(ratios, place), np.array(weights)
    value = float((own * np.log(shares)).sum())
    slope = own - own.sum() * shares
    return value, np.delete(slope, place, axis=-1)
