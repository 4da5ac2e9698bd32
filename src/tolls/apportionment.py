"""Whole people from continuous sizes: tolls are integers and parts add up to their parent exactly.

Top-down within a draw. Where the parent has fewer than 100 people, the parts' fractions are rounded
at random without bias (systematic sampling: Madow 1949, Annals of Mathematical Statistics 20(3));
above that by the largest remainder (Hamilton's method), ties in declared order.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tolls.categories import Categories
from tolls.errors import InputError
from tolls.priors import LogNormal

__all__ = ["check_sizes", "integer_tolls", "split"]

RANDOM_BELOW = 100
FAR = 6.0  # sd: one draw in 10^9 lies farther
MOST = math.log(2**63)  # people that an integer holds
LEAST = math.log(1e-300)  # of a share that a floating-point number holds

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


def split(total: Ints, shares: Floats, seed: int) -> Ints:
    """Split whole totals into whole parts.

    Parameters
    ----------
    total : (draw,) int array
        People to split, at least 0.
    shares : (draw, part) float array
        Non-negative, rows add up to one.
    seed : int
        Seed of the random rounding.

    Returns
    -------
    (draw, part) int array
        Rows add up to `total`; each entry differs from its quota by less than one.

    Examples
    --------
    >>> split(np.array([1000]), np.array([[0.5, 0.3, 0.2]]), seed=1)
    array([[500, 300, 200]])
    """
    quota = total[:, None] * shares
    whole = np.floor(quota)
    rest = quota - whole
    missing = np.rint(total - whole.sum(axis=1))
    # largest remainder: a stable sort keeps declared order among ties
    order = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1)
    largest = order < missing[:, None]
    # systematic sampling: a unit grid with a random start crosses part i with probability rest_i
    start = np.random.default_rng(seed).random((len(total), 1))
    ends = np.cumsum(rest, axis=1)
    ends[:, -1] = missing
    crossed = np.floor(ends + start) - np.floor(np.hstack([start * 0, ends[:, :-1]]) + start)
    extra = np.where((total < RANDOM_BELOW)[:, None], crossed, largest)
    found = (whole + extra).astype(np.int64)
    # above 2^53 a quota in floating point is off by people; below, nothing is left over here
    found[np.arange(len(total)), shares.argmax(axis=1)] += total - found.sum(axis=1)
    return found


def check_sizes(root: LogNormal, categories: Categories) -> None:
    """Refuse priors under which a toll may be more, or a part less, than a number holds.

    Parameters
    ----------
    root : LogNormal
        Prior of the root's size, in people.
    categories : Categories
        The tree.

    Raises
    ------
    InputError
        With the node, and what to declare instead.
    """
    high, low = root.mean + FAR * root.sd, root.mean - FAR * root.sd
    if high > MOST or low < LEAST:
        end = "more than 9 x 10^18 people" if high > MOST else "less than 10^-300 of a person"
        raise InputError(
            f"{categories.root}: the range admits tolls of {end}, which no number holds; "
            "allowed: a range whose middle and six standard deviations stay between them: declare "
            "a narrower one"
        )
    # shares are ratios of exponentials: two normals of the partition's sd apart
    lower = {categories.root: low}
    for partition in categories.ordered_partitions:
        least = lower[partition.of] - FAR * math.sqrt(2) * partition.sd
        if least < LEAST:
            raise InputError(
                f"partition of {partition.of}: its concentration admits shares of less than "
                "10^-300, which no number holds; allowed: a greater concentration"
            )
        lower |= dict.fromkeys(partition.into, least)


def integer_tolls(log_size: Floats, categories: Categories, seed: int) -> Ints:
    """Return integer tolls of every node and union.

    Parameters
    ----------
    log_size : (draw, name) float array
        Log sizes in the order of ``categories.names``.
    categories : Categories
        The tree.
    seed : int
        Seed of the random rounding of small tolls.

    Returns
    -------
    (draw, name) int array
        In every row parts add up to their parent and unions to their members.

    Raises
    ------
    InputError
        If a toll is more than an integer holds.
    """
    names = categories.names
    position = {name: i for i, name in enumerate(names)}
    tolls = np.zeros(log_size.shape, dtype=np.int64)
    root = position[categories.root]
    if not log_size[:, root].max() < MOST:
        raise InputError(
            f"{categories.root}: a draw of the toll is more than 9 x 10^18 people, which no number "
            "holds; declare a narrower range, and look for a bias far below 1"
        )
    tolls[:, root] = np.rint(np.exp(log_size[:, root]))
    for number, partition in enumerate(categories.ordered_partitions):
        parts = [position[part] for part in partition.into]
        shares = np.exp(log_size[:, parts] - log_size[:, [position[partition.of]]])
        shares /= shares.sum(axis=1, keepdims=True)
        tolls[:, parts] = split(tolls[:, position[partition.of]], shares, seed + number)
    for name, members in categories.unions.items():
        tolls[:, position[name]] = tolls[:, [position[m] for m in members]].sum(axis=1)
    return tolls
