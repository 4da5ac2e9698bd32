"""`tolls.sensitivity` as a whole: its rows, where they come from, and what it says of them."""

import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import case_of, everything

import tolls
from tolls.errors import EstimateRefused, InputError
from tolls.fitting import fit_evidence
from tolls.variants import bias_median_one, gathered, graded, without

SHIPPED = Path(__file__).parents[1] / "models" / "syria-coast-2025"
SOURCES = {n: {"grade": "B", "kind": "monitor"} for n in "ABC"} | {
    "D": {"grade": "D", "kind": "witness"}
}
ROWS = [
    {"source": "A", "value": 280, "published": "2025-03-12"},
    {"source": "B", "value": 340, "published": "2025-03-13"},
    {"source": "C", "value": 310, "published": "2025-03-14"},
    {"source": "D", "value": 500, "qualifier": "at_least", "published": "2025-03-20"},
    {"source": "B", "value": 90, "category": "forces", "published": "2025-03-22"},
    {"source": "C", "value": 900, "measure": "injured", "published": "2025-03-22"},
]
CHANGED = [
    "as declared", "zero mean", "free mean", "anchored", "grades one up", "grades one down",
    "priors weaker", "priors stronger", "reports weaker", "reports stronger", "mean bias × 0.5",
    "mean bias × 2",
]  # fmt: skip


@pytest.fixture(scope="module")
def case():
    return case_of(
        *ROWS, sources=SOURCES, kind="massacre", categories=["civilians", "forces"],
        range={"low": 10, "high": 10_000}, title="River town",
    )  # fmt: skip


@pytest.fixture(scope="module")
def estimate(case):
    return tolls.fit(case, seed=1)


@pytest.fixture(scope="module")
def result(case):
    return tolls.sensitivity(case, seed=1, at_least=250)


def test_there_is_a_row_for_everything_that_was_changed(result):
    table = result.summary()
    assert list(table.index) == [*CHANGED, *(f"without {s}" for s in "ABCD")]
    assert set(table["method"]) <= {"fit", "reweighted", "refit"}
    assert (table["method"] == "fit").sum() == 1
    assert (table["ess"] > 500).all()
    assert (table.loc[table["method"] == "reweighted", "khat"] < 0.7).all()
    assert table["lo"].lt(table["median"]).all()
    assert table["median"].lt(table["hi"]).all()
    assert table["ratio"].iloc[0] == 1
    assert (table["ci_prob"] == 0.95).all()


def test_the_first_row_is_the_fit(result, estimate):
    own, row = estimate.summary().loc["killed"], result.summary().iloc[0]
    assert (row["median"], row["lo"], row["hi"]) == (own["median"], own["lo"], own["hi"])
    assert row["probability"] == estimate.probability("killed", at_least=250)
    for node in ("civilians", "forces"):
        own, row = estimate.summary(0.9).loc[node], result.summary(node, ci_prob=0.9).iloc[0]
        assert (row["median"], row["lo"], row["hi"]) == (own["median"], own["lo"], own["hi"])


def test_refits_are_fits_of_the_variant_with_the_same_seed(case, result):
    variants = {
        "grades one up": graded(case, 1),
        "grades one down": graded(case, -1),
        "without A": without(case, "killed", "A"),
    }
    refitted = result.summary().query("method == 'refit'")
    assert {"grades one up", "grades one down"} <= set(refitted.index)
    for name, variant in variants.items():
        if name in refitted.index:
            draws = tolls.fit(variant, seed=1).tolls("killed")
            row = refitted.loc[name]
            expected = [np.median(draws), *np.quantile(draws, [0.025, 0.975])]
            assert list(row[["median", "lo", "hi"]]) == pytest.approx(expected)


def test_without_a_source_is_what_sources_says(estimate, result):
    table, sources = result.summary(), estimate.sources()
    for name in "ABCD":
        row = table.loc[f"without {name}"]
        assert row["khat"] == pytest.approx(sources.loc[name, "khat"])
        if row["method"] == "reweighted":
            # the median of picked draws and that of weighted ones: next to each other
            assert row["median"] == pytest.approx(sources.loc[name, "without"], abs=3)


def test_the_bar_counts_every_variant(monkeypatch):
    told = []

    @contextmanager
    def progress(_text, total):
        told.append(total)
        yield told.append

    monkeypatch.setattr("tolls.questions.progress", progress)
    rows = [{"value": 40}, {"source": "Court", "value": 35, "category": "civilians"}]
    tolls.sensitivity(case_of(*rows, categories=["civilians", "fighters"]), seed=1)
    total, *done = told
    assert done == list(range(1, total + 1))


def test_priors_with_more_power_narrow_and_with_less_widen(result):
    table = result.summary()
    width = np.log(table["hi"] / table["lo"])
    assert width["priors stronger"] < width["as declared"] < width["priors weaker"]
    assert width["reports stronger"] < width["reports weaker"]
    assert width["anchored"] < width["as declared"] < width["free mean"]
    assert width["grades one up"] < width["grades one down"]


def test_the_level_curve_falls_as_biases_rise_and_tells_where_a_statement_fails(case, result):
    table = result.level()
    assert list(table.index) == pytest.approx([4.0 ** (i / 8) for i in range(-8, 9)])
    assert table["median"].is_monotonic_decreasing
    assert table["probability"].between(0.001, 0.999).sum() > 5
    assert table.loc[table["probability"].between(0.001, 0.999), "probability"].diff().max() < 0
    rises = table["probability"].diff().max()  # by Monte Carlo error alone, where all but one
    assert rises < 4 * np.sqrt(0.001 / 2000)
    assert table.loc[1.0, "median"] == result.summary()["median"].iloc[0]
    # nothing but the range holds the level, by the posterior's variance over its own
    held = result.estimate.parameters.log_size[:, 0].var() / case.root_prior.sd**2
    moved = table.loc[0.25, "median"] / table.loc[1.0, "median"]
    assert moved == pytest.approx(4 ** (1 - held), rel=0.05)
    for probability in (0.5, 0.95):
        factor = result.fails_at(probability)
        above, below = table[table.index <= factor], table[table.index >= factor]
        assert above["probability"].iloc[-1] >= probability >= below["probability"].iloc[0]


def test_direct_and_indirect_evidence_stand_side_by_side(case, result):
    table = result.direct()
    assert list(table.index) == ["killed", "forces"]
    assert table["p"].between(0, 1).all()
    for side in ("direct", "indirect"):
        assert table[f"{side}_lo"].lt(table[side]).all()
    # what is left of the killed is one part of it: its own reports say more
    width = {s: np.log(table.loc["killed", f"{s}_hi"] / table.loc["killed", f"{s}_lo"])
             for s in ("direct", "indirect")}  # fmt: skip
    assert width["direct"] < width["indirect"]


def test_a_node_whose_reports_contradict_the_others_is_told():
    rows = [{"source": s, "value": v} for s, v in zip("AB", (300, 310), strict=True)]
    rows += [{"source": s, "value": v, "category": "forces", "published": "2025-03-12"}
             for s, v in zip("CD", (2900, 3100), strict=True)]  # fmt: skip
    sources = {s: {"grade": "A", "kind": "survey"} for s in "ABCD"}
    found = tolls.sensitivity(
        case_of(*rows, sources=sources, categories=["civilians", "forces"], kind="conflict"), seed=1
    ).direct()
    assert found.loc["forces", "p"] < 0.01
    assert found.loc["forces", "ratio"] > 5


def test_shares_add_up_and_weights_are_those_of_the_sources(result):
    table, weights = result.shares(), result.weights()
    blocks = table.drop(index="all but statements")
    assert blocks["share"].sum() == pytest.approx(1)
    assert (blocks["share"] >= 0).all()
    assert list(weights.index) == list("ABCD")
    assert 0.8 < weights["weight"].sum() < 1.1
    assert weights["weight"].idxmin() == "D"
    assert 2 < result.contributions.independent < 4
    assert table.loc["all but statements", "power"] > 0.05  # as it has to be: priors hold the level
    assert table["sensitive"].equals(table["power"] >= 0.05)
    assert table.loc["statements", "power"] == result.powers["reports"]


def test_it_says_so_in_sentences(result):
    told = result.sentence()
    table = result.summary()
    for fragment in (
        "River town, killed:", "Under other priors", "Without any one source",
        "(mean bias × 0.5)", f"At least 250 has probability {table['probability'].iloc[0]:.2f}",
        f"{result.fails_at(0.5):.2f} times", "equal, independent ones.",
    ):  # fmt: skip
        assert fragment in told, fragment
    text, html = repr(result), result._repr_html_()
    assert str(result) == text
    for row in CHANGED:
        assert row in text
        assert row in html
    assert html.count("<table>") == 4
    assert not re.search(r"\bnan\b", text)


def test_the_same_seed_gives_the_same_answers(case, result):
    again = tolls.sensitivity(case, seed=1, at_least=250)
    pd.testing.assert_frame_equal(again.summary(), result.summary())
    pd.testing.assert_frame_equal(again.direct(), result.direct())
    assert again.sentence() == result.sentence()


def test_another_measure_has_an_answer_of_its_own(case):
    found = tolls.sensitivity(case, seed=1, node="injured")
    assert found.case.measure == "injured"
    assert "probability" not in found.summary()
    own = tolls.fit(case, seed=1).summary().loc["injured"]
    assert found.summary().iloc[0]["median"] == own["median"]
    assert "At least" not in found.sentence()
    # without its only source the prior is left
    row = found.summary().loc["without C"]
    assert row["method"] == "prior"
    assert row["hi"] == pytest.approx(own["prior_hi"])
    assert found.splits == ()
    assert found.direct().empty
    assert repr(found)


def test_a_cut_in_time_holds_for_every_variant(case):
    found = tolls.sensitivity(case, seed=1, as_of="2025-03-13")
    assert [n for n in found.summary().index if n.startswith("without")] == [
        "without A", "without B",
    ]  # fmt: skip
    zero = fit_evidence(gathered(bias_median_one(case), "killed", "2025-03-13"), seed=1)
    median = found.summary().loc["zero mean", "median"]
    assert median == pytest.approx(np.median(zero.tolls("killed")), rel=0.06)


def test_without_its_only_source_a_case_is_told_to_be_the_prior():
    told = tolls.sensitivity(case_of(ROWS[0], sources=SOURCES), seed=1).sentence()
    assert "Without A no report is left, and the prior is the answer." in told
    assert "Without any one source" not in told


def test_an_answer_that_is_refused_has_no_number(case, monkeypatch):
    def refuse(*_, **__):
        raise EstimateRefused("no", None)

    monkeypatch.setattr("tolls.scenarios.fit_evidence", refuse)
    found = tolls.sensitivity(case, seed=1)
    row = found.summary().loc["grades one up"]
    assert row["method"] == "refused"
    assert np.isnan(row["median"])
    assert np.isfinite(row["khat"])
    assert "—" in repr(found)


@pytest.mark.parametrize("at_least", [0, -5, float("nan")])
def test_a_statement_of_nobody_is_refused(case, at_least):
    with pytest.raises(InputError, match="at_least"):
        tolls.sensitivity(case, seed=1, at_least=at_least)


def test_unknown_nodes_and_missing_statements_are_refused(case, result):
    with pytest.raises(InputError, match="civilian"):
        tolls.sensitivity(case, seed=1, node="civilian")
    with pytest.raises(InputError, match="allowed: killed, civilians, forces"):
        result.summary("injured")
    with pytest.raises(InputError, match="between 0 and 1"):
        result.fails_at(1.5)


@pytest.mark.slow
def test_with_anchors_groups_relays_and_scopes_all_answers_are_there():
    found = tolls.sensitivity(everything(), seed=1, at_least=300)
    assert (found.summary()["method"] != "refused").all()
    # an anchor holds the level whatever is assumed of others, unless it is taken for an error: by
    # those who are taken to state half of what is knowable, and agree
    level = found.level().loc[0.59:2.0, "median"]
    assert level.max() / level.min() < 1.5
    assert found.weights()["weight"].idxmax() == "Office"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_reweighted_rows_of_the_shipped_case_are_those_of_a_fit(seed):
    case = tolls.read_case(SHIPPED)
    found = tolls.sensitivity(case, seed=seed)
    table = found.summary()
    reweighted = {
        "zero mean": bias_median_one(case),
        **{f"without {s}": without(case, "killed", s) for s in found.estimate.evidence.sources},
    }
    compared = 0
    for name, variant in reweighted.items():
        if table.loc[name, "method"] != "reweighted":
            continue
        draws = np.log(tolls.fit(variant, seed=seed + 10).tolls("killed"))
        sd, row = draws.std(), table.loc[name]
        for column, q, width in (("lo", 0.025, 2.67), ("median", 0.5, 1.25), ("hi", 0.975, 2.67)):
            error = width * sd * (1 / row["ess"] + 1 / 2000) ** 0.5
            assert abs(np.log(row[column]) - np.quantile(draws, q)) < 4.5 * error, (name, column)
            compared += 1
    assert compared >= 12
