"""What one more such report may do: a row per wording and feature, with direction and rough size.

A row of `EFFECTS` compares two tables of reports that share a base and bounds the ratio of one
quantity between them. Its ``wrong`` is a model that a hasty implementation might be: under it the
same bounds have to be broken, or they would have no teeth.
"""

from dataclasses import dataclass, field
from typing import Any

# --- who speaks -----------------------------------------------------------------------------------

AGENCY = {"grade": "B", "kind": "monitor", "group": "agency"}
# all but without error of its own, so that the wording alone leaves room
CLERK = {
    "grade": "A", "reliability": {"mean": 0.99, "strength": 1000},
    "bias": {"median": 1, "low": 0.99, "high": 1.01},
    "scatter": {"median": 0.01, "low": 0.009, "high": 0.011},
}  # fmt: skip
SOURCES = (
    {f"{grade}{i}": {"grade": grade, "kind": "monitor"} for grade in "ABCE" for i in range(10)}
    | {f"Press {i}": {"grade": "B", "kind": "monitor"} for i in range(40)}
    | {f"Channel {i}": AGENCY for i in range(5)}
    | {
        "Coroner": {"grade": "A", "kind": "forensic"},
        "Envoy": {"grade": "B", "kind": "third_state"},
        "Survey": {"grade": "A", "kind": "survey", "anchor": True},
        "Clerk": CLERK, "Other clerk": CLERK,
    }
)  # fmt: skip
ALONE = {name: {k: v for k, v in s.items() if k != "group"} for name, s in SOURCES.items()}
NO_ANCHOR = SOURCES | {"Survey": {"grade": "A", "kind": "survey"}}
ALL_A = SOURCES | {"E9": {"grade": "A", "kind": "monitor"}}
ARMY = {"grade": "B", "kind": "third_state", "nodes": {"forces": {"kind": "own_losses"}}}
PARTS = {"categories": ["civilians", "forces"], "sources": SOURCES | {"Army": ARMY}}
NO_SIDE = PARTS | {"sources": SOURCES | {"Army": {"grade": "B", "kind": "third_state"}}}
USUAL = {"kind": "conflict", "range": {"low": 1, "high": 100_000}, "sources": SOURCES}
# no bias is shared and all are found, so that what is said alone leaves room
ALL_SEEN = {
    "presets": {
        "shared_bias": {"sd": 0.001}, "event_kinds": {"conflict": {"found": [1e5, 1.0]}},
    },
}  # fmt: skip
# as if lists kept all whom nobody finds, and held two who live per dead
KEPT = {"official": {"kept": [1e5, 1.0]}, "residue": 0.002}
LIVING = KEPT | {"official": {"kept": [1e5, 1.0], "alive": 2.0, "alive_sd": 1.5}}
MISSING, DAYS = {"measure": "missing"}, ("2025-03-08", "2025-03-12", "2025-03-20", "2025-06-04")
FLOOD = {"kind": "flood", "start": "2025-03-06", "end": "2025-03-06"}
QUAKE = {"kind": "earthquake", "start": "2025-03-06", "end": "2025-03-06"}


# --- what is said ---------------------------------------------------------------------------------


def say(source, value=None, **columns):
    """Return a report of ten days after the harm."""
    return {"source": source, "published": "2025-03-20"} | (
        columns if value is None else {"value": value} | columns
    )


def each(names, values, first=0, **columns):
    """Return a report of each source, by a name such as ``B#``, numbered from `first`."""
    return tuple(say(names.replace("#", str(i)), v, **columns) for i, v in enumerate(values, first))


def at_least(source, value, **columns):
    return say(source, value, qualifier="at_least", **columns)


def up_to(source, value):
    return say(source, value, qualifier="up_to")


def between(source, low, high):
    return say(source, low=low, high=high, qualifier="range")


def estimated(source, value, low, high):
    return say(source, value, low=low, high=high, qualifier="estimate")


def about(source, value, **columns):
    return say(source, value, qualifier="about", **columns)


def words(source, said):
    return say(source, qualifier="words", words=said)


def on_day(source, value, published):
    return say(source, value, published=published)


FIRM = each("B#", [280, 310, 300, 290])  # median 380: 0.9 are stated of 0.87 who are found
HIGH = each("B#", [840, 930, 900, 870])
WEAK = each("C#", [280, 310, 300])
SINGLE = each("B#", [300])
FEW = each("A#", [190, 200, 210])
OUTLIER = (say("A9", 600),)
RELAYS = each("Press #", [600] * 10, cites="A9")
REPEATS = tuple(
    say("A9", 600, as_of="2025-03-20", published=f"2025-04-{i:02}") for i in range(1, 11)
)
COPIES = (600, 620, 590, 610, 600)
LIKE = (310, 320, 290, 310, 300)
MANY = tuple(300 + 5 * (i % 7) for i in range(40))
FORCES = (12, 13, 14, 16, 17, 18, 19, 21, 22, 23, 24, 26)
BY_ONE, BY_ANOTHER = (
    tuple(
        about(clerk, value, category="forces", published=f"2025-03-{day:02d}")
        for day, value in enumerate(FORCES, 8)
    )
    for clerk in ("Clerk", "Other clerk")
)
COUNTED = tuple(map(on_day, ["B1"] * 4, [120, 170, 195, 200], DAYS))
SOUGHT = tuple(on_day("B1", n, day) | MISSING for n, day in zip((80, 30, 5, 0), DAYS, strict=True))
CLEARED = SOUGHT[-1]
SPLIT = (say("A9", 200, category="civilians"), say("A9", 100, category="forces"))


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What `more` does to a quantity beside what `than` does, both added to `base`.

    Attributes
    ----------
    ratio : (float, float)
        Bounds of the quantity with `more` over that with `than`; (1, 1) says the very same draws.
    quantity : str
        ``median`` of the size, ``width`` of its 90 % interval (log scale), or a probability of the
        toll such as ``P<=0``.
    declared : mapping
        Keys of the case; ``presets`` are other values of tables of the shipped presets.
    wrong : mapping
        Fields of the row that a wrong model has instead.
    fits : int
        Seeds to average over, where the effect is small beside the Monte Carlo error of one.
    fails : str
        What is measured instead, where the package does not do what the row says.
    nuts : bool
        Whether nuts is tried on it in the default suite.
    """

    base: tuple[dict[str, Any], ...] = FIRM
    more: tuple[dict[str, Any], ...]
    than: tuple[dict[str, Any], ...] = ()
    ratio: tuple[float, float]
    why: str
    quantity: str = "median"
    node: str = "killed"
    declared: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)
    fits: int = 1
    fails: str = ""
    nuts: bool = False


SAME = (1.0, 1.0)
EFFECTS = {
    # what is not new evidence
    "ten relays": Effect(
        base=FIRM + OUTLIER, more=RELAYS, ratio=SAME, why="relays are no evidence",
        wrong={"more": each("Press #", [600] * 10)},
    ),
    "ten relays, width": Effect(
        base=FIRM + OUTLIER, more=RELAYS, ratio=SAME, why="nor do they narrow", quantity="width",
        wrong={"more": each("Press #", [600] * 10)},
    ),
    "ten repeats": Effect(
        base=FIRM + OUTLIER, more=REPEATS, ratio=SAME, why="a run of one figure counts once",
        wrong={"more": each("Press #", [600] * 10)},
    ),
    "five copies in a group": Effect(
        more=each("Channel #", COPIES), than=(say("Channel 0", 600),), ratio=(0.95, 1.12),
        why="about once: linked figures of one source", fits=4,
        wrong={"declared": {"sources": ALONE}},  # 1.32
    ),
    "five copies in a group, width": Effect(
        base=(), more=each("Channel #", LIKE), than=(say("Channel 0", 310),), ratio=(0.8, 1.05),
        why="once, and a little for what they show of its scatter", quantity="width", fits=4,
        fails="0.72: gross errors are independent, so like figures of one agency exclude them",
    ),
    "five copies of one figure": Effect(
        base=(), more=each("Channel #", [310] * 5), than=(say("Channel 0", 310),), ratio=SAME,
        why="once", quantity="width", wrong={"declared": {"sources": ALONE}},
    ),
    "five updates by one source": Effect(
        base=SINGLE, more=tuple(on_day("Press 1", v, f"2025-03-2{i}") for i, v in enumerate(LIKE)),
        than=each("Press #", LIKE), ratio=(1.15, 1.6), why="one bias: less than five sources say",
        quantity="width", fits=2, wrong={"more": each("Press #", LIKE)},
    ),
    # many sources
    "five free sources": Effect(
        base=SINGLE, more=each("Press #", LIKE), ratio=(0.25, 0.55), why="narrow",
        quantity="width",
    ),
    "forty free sources": Effect(
        base=(), more=each("Press #", MANY), than=each("Press #", MANY[:5]), ratio=(0.7, 0.95),
        why="never to nothing: bias and unfound are shared; without them sqrt(5 / 40) = 0.35",
        quantity="width", fits=4, wrong={"fits": 1, "declared": ALL_SEEN},
    ),
    # grades
    "outlier graded A": Effect(
        more=(say("A9", 600),), ratio=(1.08, 1.4), why="twice the rest: moves", fits=2,
        wrong={"more": (say("E9", 600),)},
    ),
    "outlier graded E": Effect(
        more=(say("E9", 600),), ratio=(0.97, 1.04), why="barely moves what A moves", fits=4,
        wrong={"declared": {"sources": ALL_A}},
    ),
    "outlier graded A, tenfold": Effect(
        more=(say("A9", 3000),), ratio=(0.98, 1.12), why="a gross error rather than a count",
        fits=4,
    ),
    # bounds
    "at least, far above": Effect(
        base=WEAK, more=(at_least("B9", 1000),), ratio=(1.03, 1.2), why="raises", fits=6, nuts=True,
        wrong={"more": (), "fits": 6},
    ),
    "at least, far above a single source": Effect(
        base=SINGLE, more=(at_least("B9", 3000),), ratio=(1.4, 3.5), why="raises, half believed",
        fits=2, wrong={"more": (up_to("B9", 3000),)},
    ),
    "at least, a fifth": Effect(
        more=(at_least("B9", 66),), ratio=(0.95, 1.02), why="an old or partial count says little",
        fits=16, wrong={"base": SINGLE, "more": (say("B9", 66),), "fits": 8},
    ),
    "at least, a tenth": Effect(
        more=(at_least("B9", 33),), ratio=(0.95, 1.02), why="an old or partial count says little",
        fits=8, wrong={"base": SINGLE, "more": (say("B9", 33),)},
    ),
    "at least, a fiftieth": Effect(
        more=(at_least("B9", 7),), ratio=(0.95, 1.02), why="an old or partial count says little",
        fits=8, wrong={"base": SINGLE, "more": (say("B9", 7),)},
    ),
    "at least, a fifth of weak sources": Effect(
        base=WEAK, more=(at_least("B9", 66),), ratio=(0.95, 1.02), why="the same", fits=16,
    ),
    "at least, a tenth of a single source": Effect(
        base=SINGLE, more=(at_least("B9", 33),), ratio=(0.95, 1.02), why="the same", fits=16,
    ),
    "more than, far above": Effect(
        base=WEAK, more=(say("B9", 1000, qualifier="more_than"),), ratio=(1.03, 1.2),
        why="as at least", fits=6, wrong={"more": (), "fits": 6},
    ),
    "certified, far below": Effect(
        base=SINGLE, more=(at_least("B9", 30, evidence="certified"),), ratio=(0.985, 1.06),
        why="a verified floor is a pure bound: it can only raise", fits=16,
        wrong={"more": (say("B9", 30),)},
    ),
    "certified, far above": Effect(
        base=WEAK, more=(at_least("B9", 1000, evidence="certified"),), ratio=(1.03, 1.2),
        why="raises", fits=8, wrong={"more": (), "fits": 8},
    ),
    "up to, far below": Effect(
        base=WEAK, more=(up_to("B9", 100),), ratio=(0.8, 0.96), why="lowers", fits=4, nuts=True,
        wrong={"more": (at_least("B9", 100, evidence="certified"),)},
    ),
    "fewer than, far below": Effect(
        base=SINGLE, more=(say("B9", 30, qualifier="fewer_than"),), ratio=(0.1, 0.8), why="lowers",
        wrong={"more": (at_least("B9", 30, evidence="certified"),)},
    ),
    "up to, far above": Effect(
        more=(up_to("B9", 3000),), ratio=(0.98, 1.05), why="says little", fits=4,
        wrong={"more": (say("A9", 600),)},
    ),
    "range, far above": Effect(
        base=WEAK, more=(between("B9", 700, 900),), ratio=(1.1, 1.5), why="a report as others are",
        fits=2,
    ),
    "range, wide": Effect(
        more=(between("B9", 100, 1000),), ratio=(0.97, 1.03), why="holds the rest: says little",
        fits=4, wrong={"more": (say("A9", 600),)},
    ),
    # numbers and words
    "about 2,000": Effect(
        base=(), more=(say("Coroner", 2000, qualifier="about"),), than=(say("Coroner", 2000),),
        ratio=(1.03, 1.3), why="more room than exact, though its noughts are the same",
        quantity="width", fits=12,
    ),
    "about 1,500": Effect(
        base=(), more=(say("Clerk", 1500, qualifier="about"),), than=(say("Clerk", 1500),),
        ratio=(1.15, 3), why="more room than exact", quantity="width", declared=ALL_SEEN,
        fits=4, wrong={"more": (say("Clerk", 1500),)},
    ),
    "about 200, by one who says 17": Effect(
        base=(about("Clerk", 200),), more=BY_ONE, than=BY_ANOTHER, ratio=(0.65, 0.9), fits=8,
        why="rounds less coarsely than most, so 200 says more", quantity="P<=170",
        declared=PARTS | ALL_SEEN, wrong={"more": BY_ANOTHER, "fits": 8},
    ),
    "nearly 1,500": Effect(
        base=(), more=(words("Coroner", "nearly 1,500"),), than=(words("Coroner", "about 1,500"),),
        ratio=(0.94, 0.985), why="a little below: lifted by 3 %", fits=24,
        wrong={"more": (words("Coroner", "about 1,500"),), "fits": 24},
    ),
    "nearly 1,500, width": Effect(
        base=(), more=(words("Clerk", "nearly 1,500"),), than=(say("Clerk", 1500),),
        ratio=(1.5, 6), why="more room than exact", quantity="width", declared=ALL_SEEN,
        fits=4, wrong={"more": (say("Clerk", 1500),)},
    ),
    "dozens against 900": Effect(
        base=each("B#", [900]), more=(words("B9", "dozens"),), ratio=(0.2, 0.85), why="lowers",
    ),
    "dozens against a firm 900": Effect(
        base=HIGH, more=(words("B9", "dozens"),), ratio=(0.88, 0.99), why="lowers", fits=8,
    ),
    "hundreds around 300": Effect(
        more=(words("B9", "hundreds"),), ratio=(0.97, 1.07), why="hardly moves", fits=4,
        wrong={"more": (words("B9", "a thousand"),), "base": SINGLE},
    ),
    # estimates and anchors
    "estimate, narrow interval": Effect(
        more=(estimated("Coroner", 600, 560, 640),), than=(estimated("Coroner", 600, 200, 1800),),
        ratio=(1.06, 1.6), why="moves more than a wide one", fits=2,
        wrong={"more": (estimated("Coroner", 600, 200, 1800),)},
    ),
    "estimate, room above": Effect(
        base=SINGLE, more=(estimated("Coroner", 600, 560, 1500),),
        than=(estimated("Coroner", 600, 240, 640),), ratio=(1.1, 2), why="its toll lies higher",
        fits=2, wrong={"more": (estimated("Coroner", 600, 240, 640),)},
    ),
    "anchor": Effect(
        more=(estimated("Survey", 520, 475, 570),), ratio=(1.25, 1.4),
        why="to 520 / 380 = 1.37: the level is the anchor's", fits=6, nuts=True,
        wrong={"declared": {"sources": NO_ANCHOR}},
    ),
    "anchor, width": Effect(
        more=(estimated("Survey", 520, 475, 570),), ratio=(0.1, 0.35),
        why="the interval is its own: 3.3 x 0.048", quantity="width",
        wrong={"declared": {"sources": NO_ANCHOR}},
    ),
    # time
    "day 1": Effect(
        base=(), more=(on_day("B1", 300, "2025-03-07"),), than=(on_day("B1", 300, "2025-06-04"),),
        ratio=(1.5, 4), why="the same figure leaves more room than on day 90",
        quantity="width", declared=QUAKE, wrong={"declared": QUAKE | {"kind": "conflict"}},
    ),
    "day 1, level": Effect(
        base=(), more=(on_day("B1", 300, "2025-03-07"),), than=(on_day("B1", 300, "2025-06-04"),),
        ratio=(2, 10), why="and the toll lies above what is known by then", declared=QUAKE,
        wrong={"declared": QUAKE | {"kind": "conflict"}},
    ),
    "a figure that stands still": Effect(
        base=(on_day("B1", 300, "2025-03-07"),), more=(on_day("B1", 300, "2025-06-04"),),
        ratio=(0.1, 0.5), why="is evidence that no more were to be found", declared=QUAKE,
    ),
    # the missing
    "missing who are found dead": Effect(
        base=COUNTED, more=SOUGHT, ratio=(0.88, 1.1), declared=QUAKE, fits=4,
        why="dead and missing add up all along: little of it is put down to people who live",
        wrong={"declared": QUAKE | {"presets": {"missing": LIVING}}},
    ),
    "nobody missing any more": Effect(
        base=COUNTED, more=(CLEARED,), ratio=(0.8, 1.05), declared=FLOOD, fits=4,
        why="a list that was closed says little of those whom nobody found",
        wrong={"declared": FLOOD | {"presets": {"missing": KEPT}}},
    ),
    "many missing, late": Effect(
        base=COUNTED, more=(CLEARED | {"value": 150},), ratio=(1.1, 2), declared=FLOOD, fits=2,
        why="the sea keeps some, and the list has few who live",
        wrong={"more": (CLEARED,)},
    ),
    # zero
    "zero": Effect(
        base=each("B#", [3]), more=(say("A9", 0),), ratio=(0.1, 0.5), why="zero is a report",
        wrong={"more": ()},
    ),
    "zero, probability": Effect(
        base=each("B#", [3]), more=(say("A9", 0),), ratio=(4, 100), why="none may have died",
        quantity="P<=0", fits=8, wrong={"more": (), "fits": 8},
    ),
    "zero against 300": Effect(
        base=FIRM, more=(say("E9", 0),), ratio=(0.9, 0.995), why="barely: E, and far off", fits=8,
        wrong={"base": SINGLE, "more": (say("A9", 0),)},
    ),
    # kinds of evidence
    "certified count": Effect(
        base=(), more=(say("Coroner", 300, evidence="certified"),), than=(say("Coroner", 300),),
        ratio=(1.3, 1.55), why="1 / 0.7: more died than are certified",
        wrong={"more": (say("Coroner", 300),)},
    ),
    "projection, twice": Effect(
        more=(say("A9", 600, evidence="projection"),), than=(say("A9", 600),),
        ratio=(0.75, 0.95), why="moves less than a count: runs high", fits=4,
        wrong={"more": (say("A9", 600),), "fits": 4},
    ),
    "rumour, twice": Effect(
        more=(say("A9", 600, evidence="rumour"),), than=(say("A9", 600),),
        ratio=(0.7, 0.95), why="moves less than a count", fits=4,
        wrong={"more": (say("A9", 600),), "fits": 4},
    ),
    "rumour, tenfold": Effect(
        more=(say("A9", 3000, evidence="rumour"),), than=(say("A9", 3000),),
        ratio=(0.9, 1.0), why="moves less than a count", fits=4, fails="1.03",
    ),
    # nodes
    "own losses": Effect(
        more=(say("Army", 100, category="forces"),), than=(say("Envoy", 100, category="forces"),),
        ratio=(1.15, 1.8), why="a side understates its own", node="forces", declared=PARTS, fits=2,
        wrong={"declared": NO_SIDE},
    ),
    "own losses, elsewhere": Effect(
        more=(say("Army", 100, category="civilians"),),
        than=(say("Envoy", 100, category="civilians"),),
        ratio=SAME, why="on others it is as any other", node="civilians", declared=PARTS,
    ),
    "printed total": Effect(
        base=FIRM + SPLIT, more=(say("A9", 300),), ratio=SAME, why="redundant with its parts",
        declared=PARTS, wrong={"more": (say("A8", 300),)},
    ),
    # contradiction
    "two camps": Effect(
        base=FEW, more=each("A#", [1900, 2000, 2100], first=5), ratio=(1.8, 5),
        why="both are heard", quantity="width", fits=2, wrong={"more": (say("A9", 2000),)},
    ),
}  # fmt: skip
