"""Extremes of tolls, tables and priors: finite and sensible numbers, or a refusal that says why."""

import json
import math
from datetime import date, timedelta

import numpy as np
import pytest
from helpers import attempt, case_of
from helpers_cases import assert_finite

import tolls
from tolls.apportionment import integer_tolls, split
from tolls.errors import EstimateRefused
from tolls.factors import _jacobi
from tolls.presets import load_presets
from tolls.wordings import log_pmf

PRESETS = load_presets()
WIDE = {"low": 1, "high": 1e9}
LATE = "2025-03-20"


def each(*values, grade="A", kind="monitor", source=None, **row):
    """One report by one source per value, and the sources' declaration."""
    names = [f"source {i}" for i in range(len(values))]
    rows = [
        {"source": n, "value": v, "published": LATE} | row
        for n, v in zip(names, values, strict=True)
    ]
    return rows, {"sources": {n: {"grade": grade, "kind": kind} | (source or {}) for n in names}}


def worded(word):
    rows, declared = each(0, 0, 0, 0, qualifier="words", words=word)
    return [{k: v for k, v in row.items() if k != "value"} for row in rows], declared


def anchored(low, high):
    row = {"source": "Survey", "qualifier": "estimate", "low": low, "high": high}
    table = {"grade": "A", "kind": "survey", "anchor": True}
    return [row | {"published": LATE}], {"sources": {"Survey": table}}


def with_(made, **declared):
    rows, own = made
    return rows, own | declared


SEVERAL = (100, 101, 102)
PARTS = {"categories": ["a", "b", "c"]}

# what, and the tolls of which one lies in the 95 % interval of the root
TABLE = {
    "nobody, says one": (each(0), 0),
    "nobody, say ten": (each(*[0] * 10), 0),
    "nobody, where a million was expected": (
        with_(each(0), range={"low": 9e5, "high": 1.1e6}), 10**6),
    "ten million, says one": (with_(each(10**7), range=WIDE), 10**7),
    "ten million, say ten": (with_(each(*[10**7] * 10), range=WIDE), 1.2e7),
    "ten million, where few were expected": (each(*[10**7] * 10), 10**7),
    "a billion": (with_(each(*[10**9] * 3), range=WIDE), 1.1e9),
    "a hundred, say ten": (each(*[100] * 10), 110),
    "five orders apart": (with_(each(1, 10, 100, 1000, 10**4, 10**5), range=WIDE), 1000),
    "one source over six orders": (
        [{"value": v, "published": f"2025-03-{11 + i}"}
         for i, v in enumerate([1, 10**5, 3, 10**6, 0, 500])], {"sources": {"Monitor": "B"}}, 300),
    "scatter of a thousandth": (
        each(*SEVERAL, source={"scatter": {"low": 9e-4, "high": 1.1e-3}}), 110),
    "scatter of a thousandth, contradicting": (
        each(100, 1000, 10**4, source={"scatter": {"low": 9e-4, "high": 1.1e-3}}), 1000),
    "scatter of five": (each(*SEVERAL, source={"scatter": {"low": 4.5, "high": 5.5}}), 110),
    "scatter over five orders": (
        each(*SEVERAL, source={"scatter": {"low": 1e-4, "high": 50}}), 110),
    "scatter over five orders, bounds": (
        each(*SEVERAL, qualifier="at_least", source={"scatter": {"low": 1e-4, "high": 50}}), 130),
    "bias over six orders": (each(*SEVERAL, source={"bias": {"low": 1e-3, "high": 1e3}}), 110),
    "bias of a million": (each(*SEVERAL, source={"bias": {"low": 8e5, "high": 1e6}}), 0),
    "reliability all but certain": (
        each(*SEVERAL, source={"reliability": {"mean": 0.999, "strength": 1e6}}), 110),
    "reliability of strength 2,000": (
        each(*SEVERAL, source={"reliability": {"mean": 0.99, "strength": 2000}}), 110),
    "reliability all but none": (
        each(*SEVERAL, source={"reliability": {"mean": 0.001, "strength": 1}}), 110),
    "at least, and no more": (each(*[100] * 5, qualifier="at_least"), 150),
    "at least a billion": (with_(each(*[10**9] * 3, qualifier="at_least"), range=WIDE), 1.4e9),
    "up to, and no more": (each(*[100] * 5, qualifier="up_to"), 100),
    "up to nobody": (each(0, 0, qualifier="up_to"), 0),
    "at least nobody": (each(0, 0, qualifier="at_least"), "no report is left"),
    "few, in words": (worded("a few"), 4),
    "millions, in words": (with_(worded("millions"), range=WIDE), 4e6),
    "only missing": (with_(each(300, 300, measure="missing"), kind="flood"), 100),
    "nobody missing": (with_(each(0, 0, measure="missing"), kind="flood"), 0),
    "only dead or missing": (with_(each(300, 300, measure="dead_or_missing"), kind="flood"), 200),
    "only injured": (each(300, measure="injured"), "no report is left"),
    "an anchor alone": (anchored(90, 110), 100),
    "an anchor as sharp as two people": (anchored(999, 1000), 1000),
    "an anchor over eight orders": (with_(anchored(1, 10**8), range=WIDE), 10**4),
    "all on one part": (with_(each(*[100] * 5, category="a"), **PARTS), 200),
    "nobody on one part": (with_(each(*[0] * 5, category="a"), **PARTS), 5),
    "a part of a part of a part": (
        [{"value": 50, "category": "a5", "published": LATE}],
        {"categories": {"killed": ["a0", "b0"]} | {
            f"a{i}": [f"a{i + 1}", f"b{i + 1}"] for i in range(5)}}, 1000),
    "a range of a person": (with_(each(*SEVERAL), range={"low": 100, "high": 100.01}), 100),
    "a range to what no number holds": (
        with_(each(*SEVERAL), range={"low": 1, "high": 1e30}), "must be 1e.10 or less"),
}  # fmt: skip
for kind, *around in (("attack", 1000, 120, 110), ("epidemic", 10**4, 500, 110)):
    dated = {"kind": kind, "range": {"low": 10, "high": 1e5}}
    for day, toll in zip(("2025-03-06", "2025-03-10", "2045-03-11"), around, strict=True):
        TABLE[f"{kind}, all said on {day}"] = (with_(each(100, 100, published=day), **dated), toll)
    TABLE[f"{kind} of ten years, the first day of which is known"] = (
        with_(each(100, published="2025-03-06"), end="2035-03-06", **dated), 10**4)  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_extremes_are_estimated_in_sensible_numbers_or_refused(name):
    *made, expected = TABLE[name]
    rows, declared = made[0] if len(made) == 1 else made
    if isinstance(expected, str):
        with pytest.raises((EstimateRefused, tolls.InputError), match=expected):
            tolls.fit(case_of(*rows, **declared), seed=1, engine="collapsed")
        return
    estimate = tolls.fit(case_of(*rows, **declared), seed=1, engine="collapsed")
    json.dumps(estimate.to_dict(), allow_nan=False)
    for what, values in estimate.posterior.items():
        assert_finite(what, values)
    lo, hi = np.quantile(estimate.tolls("killed"), [0.025, 0.975])
    assert lo <= expected <= hi, (lo, hi)


def test_a_toll_of_none_without_a_source_has_no_influence_and_does_not_divide():
    rows, declared = each(*[0] * 8)
    estimate = tolls.fit(case_of(*rows, **declared), seed=1, engine="collapsed")
    table = estimate.sources()
    assert (table["without"] == 0).all()
    assert table["influence"].isna().all()


@pytest.mark.parametrize("day", ["2025-03-06", "2025-03-08", "2025-03-10", "2025-03-20"])
def test_a_cut_at_each_date_is_estimated(day):
    rows = [
        {"value": 10 * i, "published": d, "source": s}
        for i, d in enumerate(("2025-03-06", "2025-03-08", "2025-03-10", "2025-03-20"), 1)
        for s in ("Monitor", "Paper")
    ]
    estimate = tolls.fit(case_of(*rows), seed=1, engine="collapsed", as_of=day)
    json.dumps(estimate.to_dict(), allow_nan=False)
    assert estimate.evidence.period[1].isoformat() == min(day, "2025-03-10")


def test_a_cut_before_any_report_is_refused():
    case = case_of({"value": 10, "published": "2025-03-08"})
    _, problems = attempt(lambda: tolls.fit(case, seed=1, as_of="2025-03-07"))
    assert "no report is left" in problems[0]


@pytest.mark.slow
def test_sixty_nodes_are_estimated():
    case = case_of(*each(50)[0], categories=[f"p{i}" for i in range(59)])
    estimate = tolls.fit(case, seed=1, engine="collapsed")
    assert estimate.diagnostics.ok
    tolls_of = estimate.posterior["toll"]
    assert (tolls_of[..., 0] == tolls_of[..., 1:].sum(axis=-1)).all()
    lo, hi = np.quantile(estimate.tolls("killed"), [0.025, 0.975])
    assert lo < 50 < hi


@pytest.mark.slow
def test_two_hundred_sources_are_estimated():
    figures = np.random.default_rng(0).lognormal(math.log(100), 0.3, 200).astype(int).tolist()
    estimate = tolls.fit(case_of(*each(*figures, grade="C")[0]), seed=1, engine="collapsed")
    assert_finite("size", estimate.posterior["size"])
    lo, hi = np.quantile(estimate.tolls("killed"), [0.025, 0.975])
    assert lo < 110 < hi


@pytest.mark.slow
def test_ten_thousand_reports_are_estimated():
    """One figure of every source a day: those of one day are read as a count that grows."""
    names, first = [f"source {i}" for i in range(30)], date(2025, 4, 1)
    rows = [
        {"source": names[i % 30], "value": i, "published": str(first + timedelta(i // 30))}
        for i in range(10_000)  # no figure twice, which would be a repeat
    ]
    design = case_of(*rows, sources=dict.fromkeys(names, "C"))
    case = tolls.simulate(design, tolls={"killed": 1100}, seed=1).case
    estimate = tolls.fit(case, seed=1, engine="collapsed")
    assert len(estimate.evidence.statements) > 9000
    json.dumps(estimate.to_dict(), allow_nan=False)
    lo, hi = np.quantile(estimate.tolls("killed"), [0.025, 0.975])
    assert lo < 1100 < hi


# --- what such cases broke ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"), [(19, 1), (2, 2), (1, 1), (0.005, 0.495), (990, 10), (1980, 20), (999_999, 1)]
)
@pytest.mark.parametrize("count", [1, 2, 9, 16])
def test_nodes_of_any_reliability_integrate_its_moments_exactly(count, a, b):
    """The Beta's moments in closed form, as many as the nodes hold exactly."""
    p, log_share = _jacobi(count, float(a), float(b))
    assert ((p > 0) & (p < 1)).all()
    for power in range(2 * count):
        k = np.arange(power)
        moment = np.prod((a + k) / (a + b + k))
        assert np.exp(log_share) @ p**power == pytest.approx(moment, rel=1e-8)


@pytest.mark.parametrize("wording", ["exact", "at_least", "up_to"])
@pytest.mark.parametrize("figure", [1, 100, 10**9])
@pytest.mark.parametrize("scatter", [1e-9, 1e-3, 5.0, 1e3, 1e9])
def test_a_statement_of_any_scatter_has_a_probability_in_both_precisions(wording, figure, scatter):
    centre = np.array([-3.0, 5.0, 21.0, 40.0])
    single, double = (
        log_pmf(wording, (figure,), centre.astype(kind), np.full(4, scatter, kind), PRESETS)
        for kind in (np.float32, np.float64)
    )
    assert np.isfinite(single).all()
    assert np.isfinite(double).all()
    if scatter >= 1e3:  # then any belief is as likely as any other: the width of the cell decides
        width = {
            "exact": math.log((figure + 0.5) / (figure - 0.5)),
            "at_least": math.log1p(1 / figure),
            "up_to": math.log(2) if figure == 1 else math.log1p(1 / (figure - 1)),
        }[wording]
        level = math.log(width / (scatter * math.sqrt(2 * math.pi)))
        assert single == pytest.approx(level, abs=5e-3)
        assert double == pytest.approx(level, abs=5e-3)


def test_parts_of_tolls_beyond_what_floating_point_counts_add_up():
    rng = np.random.default_rng(1)
    total = rng.integers(2**55, 2**62, 200)
    shares = rng.dirichlet([0.3, 1, 2], 200)
    assert (split(total, shares, 1).sum(axis=1) == total).all()


def test_a_toll_beyond_an_integer_is_refused():
    tree = case_of({"value": 1}).categories
    with pytest.raises(tolls.InputError, match="no number holds"):
        integer_tolls(np.array([[44.0]]), tree, 1)


def test_a_voice_of_which_nothing_is_used_is_no_source_of_the_estimate():
    rows = [
        {"value": 50, "source": "Radio", "definition": "excess"},
        {"value": 60, "source": "Monitor"},
        {"words": "a dozen", "qualifier": "words", "category": "unknown", "source": "Paper"},
    ]
    case = case_of(*rows, categories=["a", "b"])
    estimate = tolls.fit(case, seed=1, engine="collapsed")
    assert estimate.evidence.sources == ("Radio", "Monitor")
    assert estimate.evidence.counts["set_aside"] == 1


def test_an_anchor_has_no_bias_whatever_its_kind():
    def level(kind):
        rows, _ = anchored(90, 110)
        table = {"grade": "A", "kind": kind, "anchor": True}
        estimate = tolls.fit(case_of(*rows, sources={"Survey": table}), seed=1, engine="collapsed")
        return np.median(np.log(estimate.posterior["size"]))

    # the interval's own sd is 0.05, and some 2,000 effective draws tell a median to 0.0015
    assert level("named_list") == pytest.approx(level("survey"), abs=0.006)
