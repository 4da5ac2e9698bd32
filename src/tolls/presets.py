"""The shipped defaults: reads ``presets/*.toml`` and validates them against a closed schema.

No statistical number is written in code. A case replaces any of these tables by naming its own
TOML file in ``reliability = "…"``; tables that the file leaves out keep the shipped values.
"""

import math
import tomllib
from collections import Counter
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tolls.constants import LEVELS, MAX_COUNT
from tolls.domains import (
    NUMBER,
    Evidenced,
    Letter,
    LetterDigit,
    Line,
    Name,
    Positive,
    Probability,
    Spread,
    Wording,
)  # fmt: skip
from tolls.errors import InputError, Problems
from tolls.overlays import SHIPPED_SCALES, overlaid, own_tables, without_removed
from tolls.validation import add_faults

__all__ = ["Presets", "load_presets"]

_TABLES = (
    "source_kinds", "evidence", "growth", "wordings", "words", "dependence", "sizes", "sensitivity",
    "checks", "panels",
)  # fmt: skip

type Below = Annotated[float, Field(ge=0, le=1e9), NUMBER]
# of statements, sources, digits or days
type AtLeastOne = Annotated[int, Field(ge=1, le=10_000), NUMBER]
type AtLeastTwo = Annotated[int, Field(ge=2, le=10_000), NUMBER]
type Share = Annotated[float, Field(ge=0, lt=1), NUMBER]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grade(_Table):
    """What a letter grade means: reliability Beta(a, b), scatter, composition concentration."""

    words: Line
    reliability: tuple[Positive, Positive]
    scatter: Spread
    composition: Positive


class SourceKind(_Table):
    """Prior of the bias of a kind of source: median and log-scale sd."""

    words: Line
    median: Positive
    sd: Spread


class Learned(_Table):
    """What a panel taught of one source (`tolls.learn`), in place of its grade and kind.

    Median and log-scale sd of its bias, median scatter, reliability Beta(a, b); and of how many of
    its counts.
    """

    bias: Positive
    bias_sd: Spread
    scatter: Spread
    reliability: tuple[Positive, Positive]
    counts: Annotated[int, Field(ge=1, le=MAX_COUNT), NUMBER]


class EventKind(_Table):
    """How tolls of a kind of event become known.

    Prior of the rate per day, and Beta(a, b) of the share of the dead who are ever found.
    """

    rate: Positive | None = None
    rate_sd: Spread | None = None
    found: tuple[Positive, Positive]

    @model_validator(mode="after")
    def _both(self) -> "EventKind":
        if (self.rate is None) != (self.rate_sd is None):
            raise ValueError("rate and rate_sd are given together or not at all")
        return self


class EvidenceKind(_Table):
    """What a report's kind of evidence makes of its bias and of the growth of knowledge."""

    median: Positive
    sd: Spread | None = None
    pace: Below


class Word(_Table):
    """Beliefs that a word covers, from `low` to below `high` (left out: no end), and its share."""

    low: Below
    high: Positive | None = None
    share: Positive
    also: tuple[Wording, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> "Word":
        if self.high is not None and not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self


class Words(_Table):
    """The table of words, and the sd of their edges on the log scale."""

    edge: Positive
    terms: dict[Wording, Word]

    @model_validator(mode="after")
    def _covers(self) -> "Words":
        for low, high, here in self.pieces:
            if not here:
                raise ValueError(
                    f"no word covers {low:g} to {high:g}; the words cover all from 0 on"
                )
        return self

    @model_validator(mode="after")
    def _once(self) -> "Words":
        said = Counter(word for name, t in self.terms.items() for word in {name, *t.also})
        twice = [word for word, times in said.items() if times > 1]
        if twice:
            raise ValueError(
                f'"{twice[0]}" stands for two words; keep one, or set the other to false'
            )
        return self

    @cached_property
    def pieces(self) -> tuple[tuple[float, float, dict[str, float]], ...]:
        """Beliefs between two edges of the table, with the share of every word that covers them."""
        ends = {name: math.inf if t.high is None else t.high for name, t in self.terms.items()}
        edges = sorted({0.0, *(t.low for t in self.terms.values()), *ends.values(), math.inf})
        return tuple(
            (
                low,
                high,
                {n: t.share for n, t in self.terms.items() if t.low <= low and high <= ends[n]},
            )
            for low, high in pairwise(edges)
        )


class Hedge(_Table):
    """What a word before a number makes of it."""

    qualifier: Literal["about", "at_least", "more_than", "up_to", "fewer_than"]
    lift: Annotated[float, Field(ge=-10, le=10), NUMBER] = 0.0
    sd: Below = 0.0
    also: tuple[Wording, ...] = ()


class SharedBias(_Table):
    """Prior sd of the bias that all sources of a measure share (kappa)."""

    sd: Spread


class Growth(_Table):
    """Constants of the growth of knowledge that all kinds of event share."""

    eta_sd: Spread
    shape_log_mean: Annotated[float, Field(ge=-10, le=10), NUMBER]
    shape_log_sd: Spread
    least_days: Positive
    least_hours: Positive


class MissingList(_Table):
    """Whom a list of the missing holds beside the dead who will be found.

    Living people, how many per dead at first and for how many days; and Beta(a, b) of the share of
    the dead never found who stand on it.
    """

    alive: Positive
    alive_sd: Spread
    days: Positive
    days_sd: Spread
    kept: tuple[Positive, Positive]


class Missing(_Table):
    """What lists of the missing hold beside the dead who are not found yet."""

    residue: Positive
    official: MissingList
    public: MissingList

    @property
    def lists(self) -> dict[str, MissingList]:
        """The lists by name."""
        return {"official": self.official, "public": self.public}


class Belief(_Table):
    """Spreads of what a source believes."""

    gross_sd: Positive
    gross_composition: Positive
    scatter_log_sd: Positive
    part_sd: Positive
    part_growth_sd: Positive
    counting: Positive


class About(_Table):
    """Weights of the rounding units of an `about` statement, and when to learn a source's own."""

    digits: tuple[Annotated[int, Field(ge=1, le=9), NUMBER], ...]
    weights: tuple[Probability, ...]
    unrounded: Probability
    least_figures: AtLeastOne
    strength: Positive

    @model_validator(mode="after")
    def _sums_to_one(self) -> "About":
        if len(self.digits) != len(self.weights):
            raise ValueError("digits and weights have the same length")
        if abs(sum(self.weights) + self.unrounded - 1) > 1e-9:
            raise ValueError("weights and unrounded sum to one")
        return self

    @property
    def shares(self) -> tuple[float, ...]:
        """Weight of every unit: of none, then of each of `digits`."""
        return (self.unrounded, *self.weights)


class Bounds(_Table):
    """Mixture of exponentials by which a bound stays off the source's belief."""

    means: tuple[Positive, ...]
    weights: tuple[Probability, ...]

    @model_validator(mode="after")
    def _sums_to_one(self) -> "Bounds":
        if len(self.means) != len(self.weights):
            raise ValueError("means and weights have the same length")
        if abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError("weights sum to one")
        return self


class Links(_Table):
    """Serial dependence of successive figures."""

    r_max: Probability
    memory_days: Positive
    fresh: Probability
    floor_factor: Positive


class Redundant(_Table):
    """How far a printed total may miss the sum of its parts and still be that sum."""

    share: Share
    people: Annotated[int, Field(ge=0, le=MAX_COUNT), NUMBER]
    unassigned: Share

    def slack(self, due: int) -> float:
        """People by which a printed total may miss a sum."""
        return max(min(self.people, due // 10), self.share * due)


class Doubts(_Table):
    """From how many digits on a number that sources share, or a round one, is remarked on."""

    copied_digits: AtLeastOne
    round_digits: AtLeastOne


class Root(_Table):
    """Default range of a root."""

    low: Positive
    high: Positive
    mass: Annotated[float, Field(ge=LEVELS[0], le=LEVELS[1]), NUMBER]

    @model_validator(mode="after")
    def _ordered(self) -> "Root":
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g}); swap them")
        return self


class PartitionPrior(_Table):
    """Default spread of the shares of a partition."""

    sd: Spread


class Elicitation(_Table):
    """How a track record becomes a grade."""

    least_records: AtLeastOne


class Sensitivity(_Table):
    """What an estimate is held against when it is asked what it rests on."""

    free_mean_sd: Positive
    lowest: Positive
    highest: Positive
    points: Annotated[int, Field(ge=3, le=101), NUMBER]
    probabilities: tuple[Probability, ...]
    power: Annotated[float, Field(gt=1, le=1e3), NUMBER]
    nudge: Probability
    told_above: Positive
    least_share: Probability

    @model_validator(mode="after")
    def _around_one(self) -> "Sensitivity":
        if abs(self.lowest * self.highest - 1) > 1e-9 or self.lowest >= 1 or self.points % 2 == 0:
            raise ValueError("lowest is one over highest and below 1, and points is odd")
        return self

    @cached_property
    def factors(self) -> tuple[float, ...]:
        """The grid of mean biases, as multiples of what is declared; its middle is 1."""
        half = self.points // 2
        return tuple(self.highest ** (i / half) for i in range(-half, half + 1))


class Checks(_Table):
    """When it is told that the model and the reports do not fit, or what else looks odd."""

    level: Probability
    learnt: Probability
    fewest: AtLeastOne
    dominated: Probability
    copied_sources: AtLeastTwo
    copied_least: AtLeastOne
    copied_few: AtLeastTwo
    copied_odd: AtLeastTwo
    copied_words: AtLeastTwo
    late_days: AtLeastOne


class Panels(_Table):
    """What is believed of the sources and tolls of many events before any of their reports."""

    reach: Annotated[int, Field(ge=0, le=20), NUMBER]
    offsets: tuple[Positive, ...]
    record: tuple[Positive, ...]
    record_spreads: tuple[Spread, ...]
    record_apart: Spread
    asked: tuple[Positive, Positive]
    unasked: tuple[Positive, Positive]
    agreement_mean: Annotated[float, Field(ge=-10, le=10), NUMBER]
    agreement_sd: Spread
    agreement_between: Spread
    bias_between: Spread
    no_deaths: tuple[Positive, Positive]
    scale: Positive
    scale_sd: Spread
    tail: Positive
    tail_sd: Spread
    large: tuple[Positive, Positive]
    listed: tuple[Positive, Positive]
    zero: Annotated[float, Field(gt=0, lt=0.5), NUMBER]

    @model_validator(mode="after")
    def _as_many(self) -> "Panels":
        offsets = 2 * self.reach + 1
        if len(self.offsets) != offsets:
            raise ValueError(f"offsets has {len(self.offsets)} weights; allowed: {offsets}")
        if len(self.record) != offsets + len(self.record_spreads):
            raise ValueError("record has a weight for every offset, then one for every spread")
        return self


def _shipped[Table: _Table](kind: type[Table], name: str) -> Table:
    return kind.model_validate(_shipped_tables("admiralty")[name])


class Presets(_Table):
    """All defaults of one fit; frozen."""

    grades: dict[Letter, Grade]
    combined: dict[LetterDigit, tuple[Positive, Positive]]
    source_kinds: dict[Name, SourceKind]
    evidence_kinds: dict[Evidenced, EvidenceKind]
    words: Words
    hedges: dict[Wording, Hedge]
    shared_bias: SharedBias
    growth: Growth
    event_kinds: dict[Name, EventKind]
    missing: Missing
    belief: Belief
    about: About
    bounds: Bounds
    links: Links
    redundant: Redundant
    doubts: Doubts
    root: Root
    partition: PartitionPrior
    # a scale that nothing was learned for has none, and the digest of its cases stays as it was
    sources: dict[Name, Learned] = Field(default_factory=dict, exclude_if=lambda found: not found)
    # no fit reads these, so they are no part of a saved case or of its digest
    elicitation: Elicitation = Field(
        default_factory=lambda: _shipped(Elicitation, "elicitation"), exclude=True
    )
    sensitivity: Sensitivity = Field(
        default_factory=lambda: _shipped(Sensitivity, "sensitivity"), exclude=True
    )
    checks: Checks = Field(default_factory=lambda: _shipped(Checks, "checks"), exclude=True)
    panels: Panels = Field(default_factory=lambda: _shipped(Panels, "panels"), exclude=True)


@cache
def _shipped_tables(scale: str) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    folder = resources.files("tolls") / "presets"
    for name in (scale, *_TABLES):
        tables |= tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    return tables


@cache
def _shipped_scale(scale: str) -> "Presets":
    return Presets.model_validate(_shipped_tables(scale))


def load_presets(
    scale: str = "admiralty", folder: Path | None = None, *, file: str = ""
) -> Presets:
    """Load a shipped scale, or one's own TOML file laid over the shipped tables.

    Parameters
    ----------
    scale : str
        Name of a shipped scale, or a path relative to `folder` that ends in ``.toml``.
    folder : Path, optional
        Folder of the case, where a relative path starts.
    file : str, optional
        What the file that names the scale is called in messages.

    Returns
    -------
    Presets
        Validated defaults.

    Raises
    ------
    InputError
        If the scale is unknown, the file unreadable or a table invalid.

    Examples
    --------
    >>> load_presets().grades["B"].reliability
    (12.0, 3.0)
    """
    if scale in SHIPPED_SCALES:
        return _shipped_scale(scale)
    problems = Problems(file or "Case")
    own = own_tables(scale, (folder or Path()).resolve(), problems)
    problems.raise_if_any()
    shipped = _shipped_tables("admiralty")
    whole = without_removed(overlaid(shipped, own), shipped)
    tables = Problems(str((folder or Path()) / scale))
    try:
        return Presets.model_validate(whole)
    except ValidationError as error:
        add_faults(tables, error, Presets)
        raise InputError(tables.told()) from None
