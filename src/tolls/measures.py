"""What of a declaration speaks of which measure: killed and injured each have a root.

A measure has its own tree and its own behaviour of every source. Names are looked up in the tree of
the killed first; ``injured/civilians`` says which is meant where both have them.
"""

from tolls.constants import ROOTS
from tolls.declaration import Declaration, PartitionTable

__all__ = ["declaration_of", "label", "nodes_of", "readable"]


def label(measure: str, node: str, killed: tuple[str, ...]) -> str:
    """Return what a node is called beside those of the killed."""
    return f"{measure}/{node}" if measure != ROOTS[0] and node in killed else node


def readable(node: str) -> str:
    """Return the name of a node as readers expect it.

    Examples
    --------
    >>> readable("security_forces"), readable("injured/security_forces")
    ('security forces', 'injured, security forces')
    """
    for root in ROOTS:
        if node.startswith(f"{root}/"):
            node = f"{root}, {node.removeprefix(f'{root}/')}"
    return node.replace("_", " ")


def _partitions(declaration: Declaration, measure: str) -> tuple[PartitionTable, ...]:
    """Partitions below a measure's root; what hangs on nothing is left to the killed."""
    found: dict[str, list[PartitionTable]] = {}
    rest = list(declaration.partitions)
    for root in ROOTS:
        known, own = {root}, found.setdefault(root, [])
        prefix = f"{root}/"
        while ready := [p for p in rest if p.of.removeprefix(prefix) in known]:
            for table in ready:
                plain = tuple(part.removeprefix(prefix) for part in table.into)
                changed = {"of": table.of.removeprefix(prefix), "into": plain}
                own.append(table.model_copy(update=changed))
                known.update(plain)
                rest.remove(table)
    return (*found[measure], *(rest if measure == ROOTS[0] else ()))


def nodes_of(declaration: Declaration, measure: str) -> tuple[str, ...]:
    """Return the root and all parts of a measure."""
    return (measure, *(part for p in _partitions(declaration, measure) for part in p.into))


def declaration_of(declaration: Declaration, measure: str) -> Declaration:
    """Return the declaration of one measure, as if there were no other.

    Parameters
    ----------
    declaration : Declaration
    measure : str
        One of the roots.

    Returns
    -------
    Declaration
    """
    nodes = nodes_of(declaration, measure)
    elsewhere = [n for root in ROOTS if root != measure for n in nodes_of(declaration, root)]
    prefix = f"{measure}/"
    unions = {}
    for name, members in declaration.unions.items():
        plain = tuple(m.removeprefix(prefix) for m in members)
        marked = any(m.startswith(prefix) for m in members)
        killed = measure == ROOTS[0]
        here = set(plain) <= set(nodes)
        # a union of names that both have is one of the killed; of unknown names too, to be told
        if here and (killed or marked or not set(plain) <= set(elsewhere)):
            unions[name.removeprefix(prefix)] = plain
        elif killed and not any(
            {m.removeprefix(f"{root}/") for m in members} <= set(nodes_of(declaration, root))
            for root in ROOTS
        ):
            unions[name] = members
    sources = {
        name: table
        if measure == ROOTS[0]
        else table.model_copy(
            update={"nodes": {n: t for n, t in table.nodes.items() if n in nodes}}
        )
        for name, table in declaration.sources.items()
    }
    return declaration.model_copy(
        update={
            "partitions": _partitions(declaration, measure),
            "unions": unions,
            "sources": sources,
            "bridges": tuple(
                b.model_copy(update={"to": b.to.removeprefix(prefix)})
                for b in declaration.bridges
                if b.to.removeprefix(prefix) in (*nodes, *unions)
            ),
            "definitions": {
                k: v for k, v in declaration.definitions.items() if k in (*nodes, *unions)
            },
        }
    )
