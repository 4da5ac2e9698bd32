"""The closed schema of ``case.toml``: which keys exist and what each may hold.

A key that is not known is an error that names the nearest, because a declaration that was ignored
would make a wrong number.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tolls.columns import Evidence
from tolls.constants import LEVELS, MAX_NODES, MAX_SOURCES, MAX_YEARS
from tolls.domains import NUMBER, Day, Flag, Line, Name, Text
from tolls.errors import LONG_NUMBER, InputError, Problems, is_long
from tolls.names import composed
from tolls.presets import Presets
from tolls.priors import Beta, LogNormal
from tolls.validation import add_faults, without_faults

__all__ = ["Declaration", "validate"]

type Measure = Literal["killed", "injured"]
# wide enough for any judgement, and narrow enough that no number computed from them overflows
type Mass = Annotated[float, Field(ge=LEVELS[0], le=LEVELS[1]), NUMBER]
type People = Annotated[float, Field(ge=1e-3, le=1e10), NUMBER]  # more than there are
type Factor = Annotated[float, Field(ge=1e-6, le=1e6), NUMBER]
type Names = Annotated[
    tuple[Name, ...],
    # too few and repeated ones are told by `categories`, with their place in the tree
    Field(max_length=MAX_NODES, json_schema_extra={"minItems": 2, "uniqueItems": True}),
]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeDeclaration(_Table):
    """A range of a factor or a size, with the probability that it holds."""

    low: Factor
    high: Factor
    mass: Mass = 0.95
    median: Factor | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "RangeDeclaration":
        if not self.low < self.high:
            raise ValueError(
                f"low ({self.low:g}) must be below high ({self.high:g}); swap or widen them"
            )
        if self.median is not None and not self.low < self.median < self.high:
            raise ValueError(
                f"median ({self.median:g}) must lie between low and high; move it, or leave it out"
            )
        return self

    def prior(self) -> LogNormal:
        """Return the log-normal with this interval."""
        return LogNormal.from_range(self.low, self.high, self.mass, self.median)


class PeopleDeclaration(RangeDeclaration):
    """A range of a toll in people, with the probability that it holds."""

    low: People
    high: People
    median: People | None = None


class ReliabilityDeclaration(_Table):
    """A Beta by its mean and strength (the number of statements it is worth)."""

    mean: Annotated[float, Field(ge=1e-3, le=0.999), NUMBER]
    strength: Annotated[float, Field(ge=0.1, le=1e6), NUMBER]

    def prior(self) -> Beta:
        """Return the Beta distribution."""
        return Beta(self.mean * self.strength, (1 - self.mean) * self.strength)


class NodeTable(_Table):
    """One ``[sources.NAME.nodes.NODE]`` table: what is different there."""

    kind: Name | None = None
    bias: RangeDeclaration | None = None
    scatter: RangeDeclaration | None = None


class SourceTable(_Table):
    """One ``[sources.NAME]`` table."""

    grade: Annotated[
        str,
        Field(pattern="^[A-F][1-6]?$", description="a letter A to F, or letter and digit as in B2"),
    ] = "F"
    kind: Annotated[Name, Field(description="what sort of source: picks the prior of its bias")] = (
        "other"
    )
    rationale: Annotated[Text, Field(description="why this grade, for the reader")] = ""
    reference: Annotated[Text, Field(description="where to look, for the reader")] = ""
    bias: Annotated[
        RangeDeclaration | None, Field(description="reported : true, in place of kind and grade")
    ] = None
    scatter: Annotated[
        RangeDeclaration | None,
        Field(description="log-scale sd of honest statements, in place of the grade's"),
    ] = None
    reliability: Annotated[
        ReliabilityDeclaration | None,
        Field(description="probability of an honest statement, in place of the grade's"),
    ] = None
    group: Annotated[Name | None, Field(description="one name for sources that are one")] = None
    anchor: Annotated[Flag, Field(description="its estimates fix the level")] = False
    evidence: Annotated[
        Evidence | None, Field(description="what its counts rest on, where rows do not say")
    ] = None
    nodes: Annotated[
        dict[Name, NodeTable], Field(description="nodes on which it speaks otherwise")
    ] = {}


class PartitionTable(_Table):
    """One ``[[partitions]]`` table; concentration 4 halves the sd of the shares, 1/4 doubles it."""

    of: Annotated[Name, Field(description="killed, injured, or a part")]
    into: Annotated[Names, Field(description="two or more parts that add up to it")]
    concentration: Annotated[float, Field(ge=0.01, le=10_000), NUMBER] = 1.0


class TollTable(_Table):
    """One ``[tolls.MEASURE]`` table."""

    range: PeopleDeclaration


class ScopeTable(_Table):
    """One ``[scopes.TEXT]`` table: a place or period that is not the event's.

    `share` is the part of a wider scope's toll that belongs to the event, or the part of the
    event's toll that a narrower scope covers.
    """

    relation: Literal["wider", "narrower"]
    share: RangeDeclaration | None = None
    rationale: Text = ""

    @field_validator("share")
    @classmethod
    def _part(cls, share: RangeDeclaration | None) -> RangeDeclaration | None:
        if share is not None and share.high > 1:
            raise ValueError(f"high ({share.high:g}) is above 1; allowed: a part, from 0 to 1")
        return share


class BridgeTable(_Table):
    """One ``[[bridges]]`` table: what is counted, as a share of the toll of a node."""

    model_config = ConfigDict(serialize_by_alias=True)

    counted: Name = Field(alias="from", description="the text of column definition")
    to: Annotated[Name, Field(description="node or union")]
    share: Annotated[RangeDeclaration, Field(description="what is counted : the toll")]
    rationale: Text = ""


class Declaration(_Table):
    """A whole ``case.toml``."""

    format: Annotated[Literal[1], Field(description="version of this format")]
    title: Annotated[Line, Field(description="what results call the case")] = ""
    kind: Annotated[
        Name, Field(description="kind of event: picks the prior of how tolls become known")
    ] = "other"
    start: Annotated[Day | None, Field(description="first day of the harm")] = None
    end: Annotated[Day | None, Field(description="last day of the harm; left out: one day")] = None
    reports: Annotated[Name, Field(description="the table, a path inside the case's folder")] = (
        "reports.csv"
    )
    reliability: Annotated[
        Name, Field(description="a shipped scale, or a relative path to one's own .toml")
    ] = "admiralty"
    tolls: Annotated[
        dict[Measure, TollTable], Field(description="range of each root before any report")
    ] = {}
    partitions: Annotated[
        tuple[PartitionTable, ...], Field(description="parts that add up to their parent")
    ] = ()
    unions: Annotated[
        dict[Name, Names], Field(description="sums of nodes that reports speak of")
    ] = {}
    sources: Annotated[
        dict[Name, SourceTable],
        Field(max_length=MAX_SOURCES, description="who reports, and how far to rely on each"),
    ] = {}
    definitions: Annotated[dict[Name, Text], Field(description="who counts, by node")] = {}
    scopes: Annotated[
        dict[Name, ScopeTable], Field(description="places or periods other than the event's")
    ] = {}
    bridges: Annotated[
        tuple[BridgeTable, ...], Field(description="what else is counted, as a share of a toll")
    ] = ()

    @field_validator("format", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("must be the number 1")
        return value

    @model_validator(mode="after")
    def _few_nodes(self) -> "Declaration":
        nodes = 1 + len(self.unions) + sum(len(p.into) for p in self.partitions)
        if nodes > MAX_NODES:
            raise ValueError(
                f"has {nodes:,} nodes and unions; allowed: {MAX_NODES}, all of which are estimated"
            )
        return self

    @model_validator(mode="after")
    def _ordered(self) -> "Declaration":
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start}); swap them")
        if self.end is not None and self.start is None:
            raise ValueError("end is given without start; state the first day of the harm")
        if self.start and self.end and self.end.year - self.start.year > MAX_YEARS:
            raise ValueError(
                f"end ({self.end}) is more than {MAX_YEARS} years after start ({self.start}); "
                "look for a slip in a year"
            )
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
    raw = _composed(raw, "", problems)
    try:
        declaration = Declaration.model_validate(raw)
    except ValidationError as error:
        add_faults(problems, error, Declaration)
        rest = {"format": 1} | without_faults(raw, error)
        for _ in range(3):  # a table without what it needs goes too: a range, its toll
            try:
                return Declaration.model_validate(rest)
            except ValidationError as deeper:
                rest = without_faults(rest, deeper)
        raise InputError(problems.told()) from None
    return declaration


def _composed(given: Any, path: str, problems: Problems) -> Any:
    """Compose every text and key of nested tables."""
    if isinstance(given, str):
        return composed(given)
    if is_long(given):
        raise InputError(f"{problems.file}, key {path.removeprefix('.')}: {LONG_NUMBER}")
    if isinstance(given, list | tuple):
        return type(given)(_composed(item, f"{path}.{i}", problems) for i, item in enumerate(given))
    if not isinstance(given, Mapping):
        return given
    table: dict[Any, Any] = {}
    for key, value in given.items():
        name = composed(key) if isinstance(key, str) else key
        if name in table:
            problems.add(f"key {path.removeprefix('.')}", f'"{name}" stands twice; keep one')
        table[name] = _composed(value, f"{path}.{name}", problems)
    return table


def check_kinds(declaration: Declaration, presets: Presets, problems: Problems) -> None:
    """Note kinds and grades that the scale in force does not know."""
    if declaration.kind not in presets.event_kinds:
        problems.unknown("key kind", "kind of event", declaration.kind, presets.event_kinds)
    for name, source in declaration.sources.items():
        key = f"key sources.{name}"
        if source.kind not in presets.source_kinds:
            problems.unknown(f"{key}.kind", "kind of source", source.kind, presets.source_kinds)
        for node, table in source.nodes.items():
            if table.kind is not None and table.kind not in presets.source_kinds:
                where = f"{key}.nodes.{node}.kind"
                problems.unknown(where, "kind of source", table.kind, presets.source_kinds)
        if source.grade[0] not in presets.grades:
            problems.unknown(f"{key}.grade", "grade", source.grade, presets.grades)
