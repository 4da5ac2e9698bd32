"""The closed schema of ``case.toml``: which keys exist and what each may hold.

A key that is not known is an error that names the nearest, because a declaration that was ignored
would make a wrong number.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tolls.constants import ROOTS
from tolls.errors import InputError, Problems
from tolls.presets import Presets
from tolls.priors import Beta, LogNormal
from tolls.validation import add_faults, without_faults

__all__ = ["Declaration", "validate"]

type Evidence = Literal[
    "count", "list", "public_list", "certified", "estimate", "projection", "rumour"
]
type Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
type Probability = Annotated[float, Field(gt=0, lt=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeDeclaration(_Table):
    """A range of a size or of a factor, with the probability that it holds."""

    low: Positive
    high: Positive
    mass: Probability = 0.95
    median: Positive | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "RangeDeclaration":
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.median is not None and not self.low < self.median < self.high:
            raise ValueError(f"median ({self.median:g}) must lie between low and high")
        return self

    def prior(self) -> LogNormal:
        """Return the log-normal with this interval."""
        return LogNormal.from_range(self.low, self.high, self.mass, self.median)


class ReliabilityDeclaration(_Table):
    """A Beta by its mean and strength (the number of statements it is worth)."""

    mean: Probability
    strength: Positive

    def prior(self) -> Beta:
        """Return the Beta distribution."""
        return Beta(self.mean * self.strength, (1 - self.mean) * self.strength)


class NodeTable(_Table):
    """One ``[sources.NAME.nodes.NODE]`` table: what is different there."""

    kind: str | None = None
    bias: RangeDeclaration | None = None
    scatter: RangeDeclaration | None = None


class SourceTable(_Table):
    """One ``[sources.NAME]`` table."""

    grade: str = "F"
    kind: str = "other"
    rationale: str = ""
    reference: str = ""
    bias: RangeDeclaration | None = None
    scatter: RangeDeclaration | None = None
    reliability: ReliabilityDeclaration | None = None
    group: str | None = None
    anchor: bool = False
    evidence: Evidence | None = None
    nodes: dict[str, NodeTable] = {}

    @field_validator("grade")
    @classmethod
    def _letter(cls, grade: str) -> str:
        if not re.fullmatch("[A-F][1-6]?", grade):
            raise ValueError("allowed: a letter A to F, or letter and digit as in B2")
        return grade


class PartitionTable(_Table):
    """One ``[[partitions]]`` table; concentration 4 halves the sd of the shares, 1/4 doubles it."""

    of: str
    into: tuple[str, ...]
    concentration: Positive = 1.0


class TollTable(_Table):
    """One ``[tolls.MEASURE]`` table."""

    range: RangeDeclaration


class ScopeTable(_Table):
    """One ``[scopes.TEXT]`` table: a place or period that is not the event's.

    `share` is the part of a wider scope's toll that belongs to the event, or the part of the
    event's toll that a narrower scope covers.
    """

    relation: Literal["wider", "narrower"]
    share: RangeDeclaration | None = None
    rationale: str = ""

    @field_validator("share")
    @classmethod
    def _part(cls, share: RangeDeclaration | None) -> RangeDeclaration | None:
        if share is not None and share.high > 1:
            raise ValueError(f"high ({share.high:g}) is above 1; allowed: a part, from 0 to 1")
        return share


class BridgeTable(_Table):
    """One ``[[bridges]]`` table: what is counted, as a share of the toll of a node."""

    model_config = ConfigDict(serialize_by_alias=True)

    counted: str = Field(alias="from")
    to: str
    share: RangeDeclaration
    rationale: str = ""


class Declaration(_Table):
    """A whole ``case.toml``."""

    format: Literal[1]
    title: str = ""
    kind: str = "other"
    start: date | None = None
    end: date | None = None
    reports: str = "reports.csv"
    reliability: str = "admiralty"
    tolls: dict[str, TollTable] = {}
    partitions: tuple[PartitionTable, ...] = ()
    unions: dict[str, tuple[str, ...]] = {}
    sources: dict[str, SourceTable] = {}
    definitions: dict[str, str] = {}
    scopes: dict[str, ScopeTable] = {}
    bridges: tuple[BridgeTable, ...] = ()

    @field_validator("format", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("must be the number 1")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "Declaration":
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        if self.end is not None and self.start is None:
            raise ValueError("end is given without start; state the first day of the harm")
        return self


def validate(raw: dict[str, Any], problems: Problems) -> Declaration:
    """Check a parsed ``case.toml`` against the schema.

    Parameters
    ----------
    raw : dict
        As TOML gives it.
    problems : Problems
        Receives every fault of the schema.

    Returns
    -------
    Declaration
        Without what is at fault, so that its meaning can be checked too before the caller raises.
    """
    try:
        declaration = Declaration.model_validate(raw)
    except ValidationError as error:
        add_faults(problems, error, Declaration)
        rest = {"format": 1} | without_faults(raw, error)
        try:
            declaration = Declaration.model_validate(rest)
        except ValidationError:
            raise InputError(problems.messages) from None
    for measure in declaration.tolls:
        if measure not in ROOTS:
            problems.unknown("key tolls", "measure with a toll", measure, ROOTS)
    return declaration


def check_kinds(declaration: Declaration, presets: Presets, problems: Problems) -> None:
    """Note kinds and grades that the scale in force does not know."""
    named = [part for p in declaration.partitions for part in p.into]
    for text in (declaration.title, *declaration.sources, *declaration.unions, *named):
        problems.unprintable("a title or name", text)
    if declaration.kind not in presets.event_kinds:
        problems.unknown("key kind", "kind of event", declaration.kind, presets.event_kinds)
    for name, source in declaration.sources.items():
        key = f"key sources.{name}"
        if not name.strip():
            problems.add("key sources", "a source has an empty name")
        if source.kind not in presets.source_kinds:
            problems.unknown(f"{key}.kind", "kind of source", source.kind, presets.source_kinds)
        for node, table in source.nodes.items():
            if table.kind is not None and table.kind not in presets.source_kinds:
                where = f"{key}.nodes.{node}.kind"
                problems.unknown(where, "kind of source", table.kind, presets.source_kinds)
        if source.grade[0] not in presets.grades:
            problems.unknown(f"{key}.grade", "grade", source.grade, presets.grades)
