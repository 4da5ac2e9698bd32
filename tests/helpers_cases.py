"""Whole valid cases as Hypothesis draws them, and what is asked of every estimate.

`cases` mixes all that a case may declare and a table may say, over tolls of 0 to 10^7 and more;
`answers` asks an estimate all that a user can ask and asserts that every number is finite.
"""

import json
import math
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tolls
from tolls.columns import EVIDENCE, QUALIFIERS
from tolls.constants import MAX_COUNT
from tolls.presets import load_presets

PRESETS = load_presets()
START = date(2025, 3, 6)
MOST = 1e10  # people: the largest end of a declared range
SOURCES = ("Monitor", "Court", "Radio", "Paper", "Web", "Survey", "Army", "Desk", "Ministry")
WORDS = (
    *PRESETS.words.terms, "dozens of people", "nearly 400", "about 1,200", "more than 30",
    "at least 12", "just over 100",
)  # fmt: skip
TREES: tuple[dict[str, Any], ...] = (
    {},
    {"killed": ["civilians", "forces"]},
    {"killed": ["a", "b", "c", "d", "e"]},
    {"killed": ["civilians", "forces"], "civilians": ["women", "men"]},
    {"killed": [["civilians", "forces"], ["north", "south", "coast"]]},
    {"killed": ["civilians", "forces"], "injured": ["grave", "slight"]},
    {"killed": ["x", "y"], "x": ["x1", "x2"], "x1": ["x11", "x12"]},
)
UNIONS = {1: {"both": ["civilians", "forces"]}, 2: {"some": ["a", "c"], "most": ["a", "b", "d"]},
          3: {"grown_men": ["forces", "men"]}}  # fmt: skip
SCOPES = {
    "country": {"relation": "wider"},
    "region": {"relation": "wider", "share": {"low": 0.05, "high": 0.7}},
    "city": {"relation": "narrower", "share": {"low": 0.3, "high": 0.8}},
    "street": {"relation": "narrower"},
}
SHARE = {"low": 0.1, "high": 0.6}


def _one_in(n: int) -> st.SearchStrategy[bool]:
    return st.integers(1, n).map(lambda i: i == n)


def _range(low: float, high: float) -> st.SearchStrategy[dict[str, float]]:
    """A range whose log ends lie anywhere between two; narrow ones as often as wide ones."""

    def build(middle: float, log_width: float, mass: float) -> dict[str, float]:
        half = 10**log_width / 2
        ends = math.exp(middle - half), min(math.exp(middle + half), MOST)
        return {"low": ends[0], "high": ends[1], "mass": mass}

    return st.builds(
        build, st.floats(math.log(low), math.log(high)), st.floats(-1, 1.1),
        st.sampled_from([0.5, 0.9, 0.95]),
    )  # fmt: skip


@st.composite
def _source(draw: st.DrawFn, nodes: list[str]) -> dict[str, Any]:
    """What is declared of one source; most often a grade and a kind."""
    kinds = st.sampled_from(list(PRESETS.source_kinds))
    table: dict[str, Any] = {
        "grade": draw(st.sampled_from("ABCDEF")) + draw(st.sampled_from(["", "", "", "2", "5"])),
        "kind": draw(kinds),
    }
    if draw(_one_in(6)):
        table["bias"] = draw(_range(0.05, 20))
    if draw(_one_in(6)):
        table["scatter"] = draw(_range(1e-3, 5))
    if draw(_one_in(6)):
        table["reliability"] = {
            "mean": draw(st.floats(0.01, 0.99)), "strength": draw(st.sampled_from([0.5, 5, 100])),
        }  # fmt: skip
    if draw(_one_in(6)):
        table["evidence"] = draw(st.sampled_from(EVIDENCE))
    if draw(_one_in(6)):
        own = st.fixed_dictionaries({"kind": kinds}) | st.just({"bias": {"low": 0.3, "high": 2}})
        table["nodes"] = {draw(st.sampled_from(nodes)): draw(own)}
    return table


@st.composite
def cases(draw: st.DrawFn) -> tolls.Case:
    """Draw a valid case."""
    tree = draw(st.integers(0, len(TREES) - 1))
    unions = UNIONS.get(tree, {}) if draw(st.booleans()) else {}
    listed = [p for parts in TREES[tree].values() for p in parts]
    parts = [p for some in listed for p in ([some] if isinstance(some, str) else some)]
    injured = [p for p in parts if p in ("grave", "slight")]
    nodes = ["killed", *(p for p in parts if p not in injured), *unions]
    duration = draw(st.sampled_from([0, 0, 4, 30, 400]))
    dated = draw(st.booleans()) or duration > 0
    declared: dict[str, Any] = {
        "title": "A drawn case",
        "kind": draw(st.sampled_from(list(PRESETS.event_kinds))),
        "categories": TREES[tree],
        "unions": unions,
        "start": str(START) if dated else None,
        "end": str(START + timedelta(duration)) if dated else None,
    }
    base = draw(st.floats(-0.5, 7.3))  # log10 of what most figures lie near
    if draw(st.booleans()):
        declared["range"] = {"killed": draw(_range(10 ** max(base - 1, 0), 10 ** (base + 1)))}
        if draw(st.booleans()):
            declared["range"]["injured"] = draw(_range(1, 1e5))
    speaking = SOURCES[: draw(st.integers(1, len(SOURCES)))]
    sources = {n: draw(_source(nodes)) for n in speaking if not draw(_one_in(8))}
    anchors = [n for n in sources if n == "Survey" and draw(_one_in(2))]
    for name in anchors:
        sources[name]["anchor"] = True
    grouped = [n for n in ("Paper", "Web") if n in sources]
    if len(grouped) == 2 and draw(_one_in(3)):
        sources["Paper"]["group"] = "agency"
        sources["Web"] = sources["Paper"]
    framed = draw(_one_in(4))
    if framed:
        declared["scopes"] = SCOPES
        declared["bridges"] = [{"from": "registered", "to": "killed", "share": SHARE}]
    spread = draw(st.sampled_from([0.05, 0.3, 0.3, 1.0, 2.5]))  # of log10 figures about the base

    def figure() -> int:
        exponent = base + spread * draw(st.floats(-1, 1))
        if draw(_one_in(12)):
            return draw(st.sampled_from([0, 0, 1, 10**7, MAX_COUNT]))
        count = min(round(10**exponent), MAX_COUNT)
        digits = draw(st.sampled_from([9, 9, 1, 2]))
        return int(float(f"{count:.{digits - 1}e}"))

    rows = [
        draw(_row(speaking, nodes, injured, anchors, framed, duration, figure))
        for _ in range(draw(st.integers(1, 18)))
    ]
    return tolls.Case(rows, sources=sources, **declared)


@st.composite
def _row(
    draw: st.DrawFn, speaking: Any, nodes: Any, injured: Any, anchors: Any, framed: bool,
    duration: int, figure: Any,
) -> dict[str, Any]:  # fmt: skip
    """One row; an anchor states estimates with an interval and nothing else."""
    name = draw(st.sampled_from(speaking))
    row: dict[str, Any] = {"source": name}
    measure = draw(
        st.sampled_from(["killed"] * 12 + ["injured", "injured", "missing", "dead_or_missing"])
    )
    row["measure"] = measure
    own = {"killed": nodes, "injured": ["injured", *injured]}.get(measure, nodes[:1])
    row["category"] = draw(st.sampled_from([own[0], *own]))
    if draw(_one_in(12)) and len(nodes) > 1:
        row["category"] = "unknown" if measure == "killed" else own[0]
    anchored = name in anchors
    qualifier = draw(st.sampled_from(["exact"] * 6 + list(QUALIFIERS)))
    row["qualifier"] = "estimate" if anchored else qualifier
    qualifier = row["qualifier"]
    if qualifier == "words":
        row["words"] = draw(st.sampled_from(WORDS))
    elif qualifier == "range":
        row["low"], row["high"] = sorted((figure(), figure()))
    elif qualifier == "estimate" and (anchored or draw(st.booleans())):
        low, value, high = sorted(max(figure(), 1) for _ in range(3))
        high = max(high, low + 1)
        row |= {"low": low, "high": high, "level": draw(st.sampled_from(["", "0.8"]))}
        if draw(st.booleans()):
            row["value"] = value
    else:
        row["value"] = max(figure(), 1) if qualifier == "fewer_than" else figure()
    if not anchored and draw(_one_in(6)):
        row["evidence"] = draw(st.sampled_from(EVIDENCE))
    if not anchored and draw(_one_in(7)):
        row["cites"] = draw(st.sampled_from(["Villager", "Witness"]))
    after = draw(st.sampled_from([0, 0, 1, 2, 3, 5, 9, 40, 500]))
    row["published"] = str(START + timedelta(after))
    if draw(_one_in(3)):
        ahead = 30 if row.get("evidence") == "projection" else 0
        row["as_of"] = str(START + timedelta(draw(st.integers(0, after + ahead))))
    elif draw(_one_in(8)):
        row["published"] += f"T{draw(st.integers(0, 23)):02d}:30"
    if framed and draw(_one_in(3)):
        scopes = ["region", "city"] if anchored else list(SCOPES)
        row["scope"] = draw(st.sampled_from(scopes))
    if framed and draw(_one_in(4)):
        row["definition"] = draw(st.sampled_from(["registered", "excess"]))
    return row


def assert_finite(what: str, values: Any) -> None:
    """Assert that an array or table of numbers has neither NaN nor infinity."""
    assert np.isfinite(np.asarray(values, dtype=float)).all(), what


def answers(estimate: tolls.Estimate) -> None:
    """Ask an estimate everything, and assert that every number of its answers is one."""
    for own in (estimate, *estimate.others.values()):
        for name, values in (*own.posterior.items(), *own.prior.items()):
            assert_finite(name, values)
        for name in ("size", "bias", "scatter", "reliability"):
            assert (own.posterior[name] > 0).all(), name
        assert (own.posterior["reliability"] < 1).all()
        assert (own.posterior["toll"] >= 0).all()
        _assert_parts_add_up(own)
    numbers = estimate.summary(ci_prob=0.9, ci_kind="hdi").select_dtypes("number")
    assert_finite("summary", numbers.drop(columns="rhat"))
    assert (numbers["lo"] <= numbers["hi"]).all()
    sources = estimate.sources()
    # without what carries too much there is no answer, and khat says so
    absent = (sources["khat"] >= 0.7).to_numpy()
    assert (sources["without"].isna() == absent).all()
    assert (sources["influence"].isna() == absent | (sources["without"] == 0)).all()
    told = sources.select_dtypes("number").drop(columns=["khat", "without", "influence"])
    assert_finite("sources", told)
    json.dumps(estimate.to_dict(), allow_nan=False)
    for text in (repr(estimate), *estimate.notes, estimate.level):
        assert "nan" not in text.lower().split(), text
    for finding in estimate.checks:
        assert_finite(finding.text, finding.value)
    root = estimate.nodes[0]
    assert 0 <= estimate.probability(root, at_least=100) <= 1
    assert_finite("compare", estimate.compare(root, estimate.nodes[-1]).select_dtypes("number"))


def kept(estimate: tolls.Estimate, path: Any) -> None:
    """Save an estimate, load it again, and assert that it is the same."""
    estimate.save(path)
    again = tolls.load(path)
    assert again.to_dict() == estimate.to_dict()
    assert repr(again) == repr(estimate)


def _assert_parts_add_up(estimate: tolls.Estimate) -> None:
    categories, tolls_ = estimate.case.categories, estimate.posterior["toll"]
    place = {name: i for i, name in enumerate(categories.names)}
    for partition in categories.partitions:
        parts = tolls_[..., [place[p] for p in partition.into]].sum(axis=-1)
        assert (parts == tolls_[..., place[partition.of]]).all()
