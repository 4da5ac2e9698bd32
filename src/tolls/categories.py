"""The tree of what is counted: a root, partitions whose parts add up to it, and unions.

A node is the root or a part; a union is a sum of nodes that are disjoint by ancestry. The order of
declaration is the order in every table and array.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tolls.constants import MEASURES, ROOT_WORDS, ROOTS
from tolls.errors import Problems

__all__ = ["Categories", "Partition"]


@dataclass(frozen=True, slots=True)
class Partition:
    """Parts that add up to a node, with the sd of their centred logistic-normal shares."""

    of: str
    into: tuple[str, ...]
    sd: float


@dataclass(frozen=True)
class Categories:
    """One measure's root with its partitions and unions, valid by construction.

    Parameters
    ----------
    root : str
        Name of the root, which is its measure.
    partitions : tuple of Partition
        In any order; several partitions of one node are independent of each other.
    unions : mapping of str to tuple of str
        Sums that reports speak of.

    Raises
    ------
    InputError
        With every fault of the declaration at once.
    """

    root: str
    partitions: tuple[Partition, ...] = ()
    unions: Mapping[str, tuple[str, ...]] = None  # type: ignore[assignment]
    where: str = "categories"

    def __post_init__(self) -> None:
        object.__setattr__(self, "unions", dict(self.unions or {}))
        problems = Problems(self.where)
        self._check_partitions(problems)
        self._check_unions(problems)
        problems.raise_if_any()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The root and all parts, each parent before its parts."""
        found = [self.root]
        for partition in self.ordered_partitions:
            found.extend(partition.into)
        return tuple(found)

    @property
    def ordered_partitions(self) -> tuple[Partition, ...]:
        """Partitions from the root downwards, in declared order within a level."""
        waiting, known, ordered = list(self.partitions), {self.root}, []
        while waiting:
            ready = [p for p in waiting if p.of in known]
            if not ready:
                break
            for partition in ready:
                ordered.append(partition)
                known.update(partition.into)
                waiting.remove(partition)
        return tuple(ordered)

    @property
    def labelled(self) -> tuple[tuple[str, Partition], ...]:
        """`ordered_partitions` with a label each: the node's name, numbered from its second on."""
        found: list[tuple[str, Partition]] = []
        for partition in self.ordered_partitions:
            before = sum(p.of == partition.of for _, p in found)
            label = f"{partition.of}_{before + 1}" if before else partition.of
            found.append((label, partition))
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Nodes, then unions: everything a report may speak of."""
        return self.nodes + tuple(self.unions)

    @cached_property
    def _parents(self) -> dict[str, str]:
        return {part: p.of for p in reversed(self.partitions) for part in p.into}

    def parent(self, node: str) -> str | None:
        """Return the node that this one is a part of, or None for the root."""
        return self._parents.get(node)

    def members(self, name: str) -> tuple[str, ...]:
        """Return the nodes whose tolls add up to this node or union."""
        return self.unions.get(name, (name,))

    def _check_partitions(self, problems: Problems) -> None:
        declared = dict.fromkeys((self.root, *(part for p in self.partitions for part in p.into)))
        reached = {p.of for p in self.ordered_partitions}
        parent: dict[str, str] = {}
        for i, p in enumerate(self.partitions, 1):
            key = f"partition {i} (of {p.of})"
            if len(p.into) < 2:
                problems.add(key, f"has {len(p.into)} part; allowed: two or more")
            for part in p.into:
                if part == self.root:
                    problems.add(
                        key, f'"{part}" is the root: the parts run in a circle; take it out'
                    )
                elif fault := _reserved(part):
                    problems.add(key, fault)
                elif parent.get(part, p.of) != p.of:
                    problems.add(
                        key,
                        f'part "{part}" is a part of {parent[part]} too: that is a crossed table, '
                        "which a tree cannot hold; name the two differently",
                    )
                elif part in parent:
                    problems.add(key, f'part "{part}" is declared twice; name it once')
                parent.setdefault(part, p.of)
            if p.of not in declared:
                own = set(p.into)
                problems.unknown(key, "node", p.of, [n for n in declared if n not in own])
            elif p.of not in reached and p.of in self.ancestors(p.of):
                problems.add(
                    key,
                    f'"{p.of}" is a part of its own parts: they run in a circle; begin at the root',
                )

    def ancestors(self, node: str) -> tuple[str, ...]:
        """Return parent, grandparent and so on; a circle ends where it comes back."""
        found: dict[str, None] = {}
        above = self.parent(node)
        while above is not None and above not in found:
            found[above] = None
            above = self.parent(above)
        return tuple(found)

    def _crossed(self, members: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield members that lie in another partition of a node than one before them."""
        inside = {part: i for i, p in enumerate(self.partitions) for part in p.into}
        first: dict[str, tuple[int, str]] = {}  # by node: the partition that is used, and by whom
        for member in members:
            path = (member, *self.ancestors(member))
            for below, above in pairwise(path):
                used, other = first.setdefault(above, (inside[below], member))
                if used != inside[below]:
                    yield other, member
                    break

    def _check_unions(self, problems: Problems) -> None:
        nodes = (self.root, *(part for p in self.partitions for part in p.into))
        for name, members in self.unions.items():
            key = f"unions.{name}"
            if fault := _reserved(name):
                problems.add(key, fault)
            elif name in nodes:
                problems.add(key, f'"{name}" is a node already; give the union a name of its own')
            if len(members) < 2 or len(set(members)) < len(members):
                problems.add(key, f"has members {list(members)}; allowed: two or more, each once")
            for member in members:
                if member not in nodes:
                    problems.unknown(key, "node", member, nodes)
            for member, other in self._crossed([m for m in members if m in nodes]):
                problems.add(
                    key,
                    f'"{member}" and "{other}" are parts of different partitions, which '
                    "overlap: members must be disjoint; name parts of one partition",
                )
            named = {*members}
            for member in members:
                inside = named.intersection(self.ancestors(member)) - {member}
                if inside:
                    problems.add(
                        key,
                        f'"{member}" is a part of "{min(inside)}": members must be disjoint; '
                        "name one of the two",
                    )


def _reserved(name: str) -> str:
    """Say why a name cannot be that of a part or a union; nothing where it can."""
    if name.lower() in ROOT_WORDS or not name.strip():
        return f'"{name}" is a word for the root and cannot name a part; give it another name'
    if name.startswith(tuple(f"{root}/" for root in ROOTS)):  # in results: a node of that measure
        return f'"{name}" reads as a node of another measure; give it another name'
    if name in MEASURES:
        return f'"{name}" is a measure and cannot name a part; give it another name'
    return ""
