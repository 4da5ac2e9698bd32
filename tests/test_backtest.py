"""Backtests: what is scored against what, when the prior is, and how scores are averaged."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import case_of, write_case

import tolls
from tolls import backtesting
from tolls.backtesting import backtest
from tolls.cli import main
from tolls.errors import EstimateRefused, InputError
from tolls.scoreboard import OURS, Backtest
from tolls.scoring import crps, log_toll

MODELS = Path(__file__).parents[1] / "models"
SOURCES = {
    "Monitor": {"grade": "B", "kind": "monitor"},
    "Office": {"grade": "B", "kind": "ministry"},
}
VERIFIED = {"a": 130, "b": 300, "c": 90}
POINTED = ("largest", "median of sources", "latest", "official", "inverse variance")


def say(source, value, day, **cells):
    return {"source": source, "value": value, "published": f"2025-03-{day:02d}"} | cells


def small(title, *more, scale=1):
    """Two sources, two days; the harm ends on the 7th."""
    rows = [say("Monitor", 60 * scale, 7), say("Office", 100 * scale, 8), *more]
    return case_of(*rows, title=title, start="2025-03-06", end="2025-03-07", sources=SOURCES)


def verified(value, **cells):
    return [{"category": "", "value": value, "date": "2026-01-01"} | cells]


@pytest.fixture(scope="module")
def cases():
    scales = zip(VERIFIED, (1, 2, 1), strict=True)
    return {n: (small(n, scale=s), verified(VERIFIED[n])) for n, s in scales}


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def result(cases, threads):
    return backtest(cases, as_of=[0, 1, 2], seed=1, executor=threads)


def ours(result):
    return result.scores[result.scores["method"] == OURS]


def test_it_scores_the_draws_of_fit(cases, result):
    estimate = tolls.fit(cases["a"][0], seed=1, as_of="2025-03-08")
    draws, truth = estimate.tolls("killed"), np.array([130.0])
    ((_, row),) = ours(result).query("case == 'a' and day == 2").iterrows()
    assert row["as_of"] == date(2025, 3, 8)
    assert row["crps"] == pytest.approx(crps(log_toll(draws), log_toll(truth))[0])
    assert row["point"] == np.median(draws)
    assert (row["lo"], row["hi"]) == pytest.approx(np.quantile(draws, [0.025, 0.975]))
    lo, hi = np.quantile(draws, [0.05, 0.95])
    assert row["covered_90"] == float(lo <= 130 <= hi)
    below, equal = np.mean(draws < 130), np.mean(draws == 130)
    assert below <= row["pit"] <= below + equal
    sizes = np.log(estimate.posterior["size"][..., 0].ravel())
    near = np.mean(np.abs(sizes - math.log(130)) < 0.1) / 0.2
    assert row["log_score"] == pytest.approx(-math.log(near), abs=0.15)


def test_days_before_the_end_of_the_harm_are_listed_and_not_scored(result):
    assert set(result.scores["day"]) == {1, 2}
    assert [tuple(r) for r in result.unscored[["case", "day"]].to_numpy()] == [
        ("a", 0), ("b", 0), ("c", 0),
    ]  # fmt: skip
    assert "not scored: a, day 0: the harm was not over; it ended on 2025-03-07" in repr(result)


def test_baselines_see_what_was_published_by_the_day(result):
    table = result.scores[result.scores["kind"] == "point"]
    wide = table.pivot(index=["case", "day"], columns="method", values="point")
    assert wide.loc[("a", 1)].to_dict() == pytest.approx(
        {name: 60 for name in POINTED if name != "official"} | {"official": math.nan},
        nan_ok=True,
    )
    assert wide.loc[("b", 2), "official"] == pytest.approx(200)
    row = table.query("case == 'b' and day == 2 and method == 'latest'").iloc[0]
    assert row["crps"] == pytest.approx(math.log(300 / 200))
    assert np.isnan(row[["lo", "log_score", "pit", "covered_90"]].astype(float)).all()


def test_errors_are_fitted_on_the_other_cases_of_the_same_day(cases, threads, result):
    fitted = result.scores.query("method == 'latest, errors fitted' and day == 2")
    row = fitted[fitted["case"] == "a"].iloc[0]
    errors = [math.log(300 / 200), math.log(90 / 100)]
    spread = np.std(errors, ddof=1) * math.sqrt(1 + 1 / 2)
    mean = math.log(100) + np.mean(errors)
    assert row["point"] == pytest.approx(math.exp(mean), abs=0.5)
    assert row["lo"] == pytest.approx(math.exp(mean - 1.96 * spread), abs=0.6)
    z = (math.log(130) - mean) / spread
    expected = 0.5 * z**2 + math.log(spread * math.sqrt(2 * math.pi))
    assert row["log_score"] == pytest.approx(expected)
    # its own toll teaches it nothing
    other = cases | {"a": (cases["a"][0], verified(9_000))}
    again = backtest(other, as_of=[2], seed=1, executor=threads).scores
    same = again.query("method == 'latest, errors fitted' and case == 'a'").iloc[0]
    assert (same["point"], same["lo"]) == (row["point"], row["lo"])


def test_a_single_case_has_no_others_to_learn_errors_from(cases):
    found = backtest(*cases["a"], as_of=2, seed=1)
    assert not found.scores["method"].str.contains("fitted").any()
    assert "fewer than 2 other cases" in found.notes[0]
    assert found.best("errors") == "zero-mean biases"
    assert np.isnan(found.summary().loc[OURS, "crps_lo"])
    assert list(found.cases) == ["a"]


def test_nothing_from_the_day_of_the_truth_on_is_used(cases):
    late = say("Monitor", 900, 12)
    with_it = backtest(small("a", late), verified(130, date="2025-03-12"), as_of=[10], seed=1)
    without = backtest(small("a"), verified(130), as_of=10, seed=1)
    named = with_it.scores.set_index("method")["point"]
    assert named[["latest", "largest"]].tolist() == pytest.approx([100, 100])
    same = without.scores.set_index("method")["point"]
    assert named[OURS] == pytest.approx(same[OURS], rel=0.02)  # another digest, another stream
    assert "the day before the toll was verified" in ours(with_it)["note"].iloc[0]
    with pytest.raises(InputError, match="when the toll was verified; it ended on 2025-03-07"):
        backtest(small("a"), verified(130, date="2025-03-07"), as_of=10, seed=1)


def test_without_a_report_the_prior_is_scored_and_baselines_are_silent(threads):
    case = case_of(say("Monitor", 60, 9), start="2025-03-06", end="2025-03-06", sources=SOURCES)
    found = backtest(case, {"killed": 120}, as_of=[1, 3], seed=1)
    early = found.scores[found.scores["day"] == 1]
    assert list(early["method"]) == [OURS]
    row = early.iloc[0]
    assert row["note"] == "no report by 2025-03-07: scored as the prior"
    low, high = case.root_prior.interval(0.95)
    assert np.log([row["lo"], row["hi"]]) == pytest.approx(np.log([max(low, 1), high]), abs=0.25)
    sd = case.root_prior.sd
    assert row["log_score"] == pytest.approx(
        0.5 * ((math.log(120) - case.root_prior.mean) / sd) ** 2
        + math.log(sd * math.sqrt(2 * math.pi)),
        abs=0.1,
    )
    assert f"day 1: {row['note']}" in repr(found)


def test_a_measure_without_a_report_yet_scores_its_prior():
    hurt = say("Office", 500, 20, measure="injured")
    case = small("a", hurt)
    found = ours(backtest(case, {"killed": 130, "injured": 400}, as_of=2, seed=1))
    assert list(found["node"]) == ["killed", "injured"]
    assert list(found["note"]) == [
        "", "no report of people injured by 2025-03-08: scored as the prior",
    ]  # fmt: skip


def test_a_refused_estimate_scores_as_the_prior(monkeypatch, cases):
    case, truth = cases["a"]
    estimate = tolls.fit(case, seed=1)
    failed = replace(estimate.diagnostics, ok=False, reasons=("k-hat is 0.9",))

    def refuse(*_, **__):
        raise EstimateRefused("refused", replace(estimate, diagnostics=failed))

    monkeypatch.setattr(backtesting, "fit", refuse)
    found = ours(backtest(case, truth, as_of=2, seed=1)).iloc[0]
    assert found["note"] == "the estimate is refused (k-hat is 0.9): scored as the prior"
    assert found["hi"] > 5_000


def test_a_toll_known_as_an_interval_is_averaged_over(cases, threads):
    case = cases["a"][0]
    whole = ours(backtest(case, {"killed": (80, 320)}, as_of=2, seed=1, executor=threads)).iloc[0]
    places = np.exp(np.linspace(math.log(79.5), math.log(320.5), 41)[1::2])
    draws = tolls.fit(case, seed=1, as_of="2025-03-08").tolls("killed")
    expected = crps(log_toll(draws), log_toll(np.rint(places))).mean()
    assert whole["crps"] == pytest.approx(expected, rel=0.01)
    assert (whole["truth_lo"], whole["truth_hi"]) == (80, 320)
    lo, hi = np.quantile(draws, [0.25, 0.75])
    assert whole["covered_50"] == pytest.approx(np.mean((lo <= places) & (places <= hi)), abs=0.05)
    assert 0 < whole["covered_50"] < 1


def test_another_definition_is_listed_and_not_scored(cases):
    case = case_of(say("Monitor", 60, 9), sources=SOURCES, definitions={"killed": "all who died"})
    rows = verified(130, definition="those identified") + verified(150, definition="all who died")
    found = backtest(case, rows, as_of=4, seed=1)
    assert set(found.scores["truth_lo"]) == {150}
    assert found.unscored["node"].tolist() == ["killed"]
    assert 'counts another thing, "those identified"' in repr(found)
    with pytest.raises(InputError, match=r"nothing is left to score .*another thing"):
        backtest(case, rows[:1], as_of=4, seed=1)


def test_any_executor_gives_the_same_numbers(cases, result):
    by_processes = backtest(cases, as_of=[0, 1, 2], seed=1)
    pd.testing.assert_frame_equal(by_processes.scores, result.scores)
    pd.testing.assert_frame_equal(by_processes.summary(), result.summary())


def test_kept_fits_are_taken_up_again(cases, result, tmp_path, threads, monkeypatch):
    options = {"as_of": [0, 1, 2], "seed": 1, "executor": threads, "folder": tmp_path}
    first = backtest(cases, **options)
    pd.testing.assert_frame_equal(first.scores, result.scores)

    def never(*_, **__):
        raise AssertionError("fitted anew")

    monkeypatch.setattr(backtesting, "fit", never)
    again = backtest(cases, **options)
    pd.testing.assert_frame_equal(again.scores, result.scores)
    with pytest.raises(AssertionError, match="anew"):
        backtest(cases, **(options | {"seed": 2}))
    monkeypatch.setattr(backtesting, "code_digest", lambda: "another")
    with pytest.raises(AssertionError, match="anew"):
        backtest(cases, **options)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"as_of": []}, "nothing is left to score"),
        ({"as_of": ["yesterday"]}, 'as_of: "yesterday" is no date'),
        ({"seed": -1}, "seed: -1"),
        ({"engine": "gibbs"}, '"gibbs" is unknown'),
        ({"truth": {"kiled": 9}}, 'did you mean "killed"'),
        ({"truth": None}, "truth: is a NoneType"),
    ],
)
def test_wrong_arguments_are_told(cases, arguments, fragment):
    given = {"truth": 130, "as_of": 2, "seed": 1} | arguments
    with pytest.raises(InputError) as caught:
        backtest(cases["a"][0], **given)
    assert fragment in str(caught.value)


def test_several_cases_bring_their_truths_and_differ_in_name(cases):
    pair = cases["a"]
    with pytest.raises(InputError, match="a stands twice"):
        backtest([pair, pair], seed=1)
    with pytest.raises(InputError, match="truth: is given beside several cases"):
        backtest([pair], 130, seed=1)
    with pytest.raises(InputError, match="pairs"):
        backtest([pair[0]], seed=1)


def scored(rows, seed=1):
    """Build a backtest of given CRPS and coverage, by case, day and method."""
    table = pd.DataFrame(
        [
            {"case": c, "day": d, "node": "killed", "method": m, "kind": k, "crps": s,
             "covered_90": v, "as_of": date(2025, 3, d), "truth_lo": 9, "truth_hi": 9, "note": "",
             "point": 9.0, "lo": 5.0, "hi": 20.0}
            for c, d, m, k, s, v in rows
        ]
    )  # fmt: skip
    whole = table.reindex(columns=list(backtesting.COLUMNS))
    return Backtest(whole, pd.DataFrame(columns=["case", "day", "node", "reason"]), seed)


TABLE = [
    ("a", 1, OURS, "tolls", 0.1, 1), ("a", 3, OURS, "tolls", 0.3, 0),
    ("a", 7, OURS, "tolls", 0.2, 0), ("b", 7, OURS, "tolls", 0.6, 1),
    ("a", 1, "largest", "point", 0.4, None), ("a", 3, "largest", "point", 0.6, None),
    ("b", 7, "largest", "point", 1.0, None),
    ("a", 1, "latest", "point", 0.4, None), ("a", 3, "latest", "point", 0.4, None),
    ("a", 7, "latest", "point", 0.4, None), ("b", 7, "latest", "point", 0.8, None),
    ("a", 1, "official", "point", 0.01, None),
]  # fmt: skip


def test_averages_weigh_every_case_the_same_and_pair_what_both_speak_of():
    found = scored(TABLE)
    table = found.summary()
    assert table.loc[OURS, "crps"] == pytest.approx((0.2 + 0.6) / 2)
    assert table.loc[OURS, "covered_90"] == pytest.approx((1 / 3 + 1) / 2)
    assert table.loc["largest", "ratio"] == pytest.approx((0.2 + 0.6) / (0.5 + 1.0))
    assert table.loc["latest", "ratio"] == pytest.approx((0.2 + 0.6) / (0.4 + 0.8))
    assert table.loc["official", "ratio"] == pytest.approx(10)
    assert (table.loc["official", "cases"], table.loc["official", "scores"]) == (1, 1)
    # the official figure is the best of all, but speaks of one case alone
    assert found.best("point") == "latest"
    assert table.loc[OURS, "skill_point"] == pytest.approx(1 - 0.8 / 1.2)
    assert table.loc["largest", "skill_point"] == pytest.approx(1 - 1.5 / 1.2)
    assert found.best("errors") is None
    assert found.by_case().loc["b"].to_dict() == pytest.approx(
        {"scores": 1, "crps": 0.6, "covered_90": 1, "covered_95": math.nan, "pit": math.nan,
         "latest": 0.8},
        nan_ok=True,
    )  # fmt: skip


def test_intervals_come_from_a_seeded_bootstrap_over_cases():
    rng = np.random.default_rng(1)
    means = rng.gamma(2.0, 0.1, 30)
    rows = [(f"c{i}", 1, OURS, "tolls", m, 1) for i, m in enumerate(means)]
    table = scored(rows).summary().loc[OURS]
    reach = 1.96 * means.std() / math.sqrt(30)
    # a percentile bootstrap of 30 cases is near the normal interval; 4,000 samples err by 2 %
    assert table["crps_lo"] == pytest.approx(means.mean() - reach, abs=0.2 * reach)
    assert table["crps_hi"] == pytest.approx(means.mean() + reach, abs=0.2 * reach)
    assert scored(rows).summary().loc[OURS, "crps_lo"] == table["crps_lo"]
    assert scored(rows, seed=2).summary().loc[OURS, "crps_lo"] != table["crps_lo"]


def test_it_reads_in_a_terminal_and_a_notebook(result):
    text, page = repr(result), result._repr_html_()
    assert text.startswith("3 cases, 6 scores: the 90 % intervals hold")
    for word in ("best point baseline", "best baseline with errors", "latest, errors fitted"):
        assert word in text
    assert text.splitlines()[2].split()[:3] == ["method", "cases", "scores"]
    assert "<table>" in page
    assert "zero-mean biases" in page


def test_no_name_of_a_case_acts_as_html():
    page = scored([("<script>", 1, OURS, "tolls", 0.1, 1)])._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 1


def test_the_command_line_scores_a_folder_and_writes_it(tmp_path, capsys, monkeypatch, threads):
    toml = 'format = 1\ntitle = "T"\nstart = 2025-03-06\nend = 2025-03-07\n'
    for name, value in (("one", 130), ("two", 300)):
        write_case(tmp_path / name, toml, [say("Monitor", value // 2, 7)])
        path = tmp_path / name / "truth.csv"
        path.write_text(f"category,value,date\n,{value},2026-01-01\n", encoding="utf-8")
    write_case(tmp_path / "three", toml, [say("Monitor", 9, 7)])
    folders = [tmp_path / name for name in ("one", "two")]
    pairs = {folder.name: (tolls.read_case(folder), folder / "truth.csv") for folder in folders}
    out = tmp_path / "out"
    here = backtest(pairs, as_of=[2, "2025-03-09"], seed=0, executor=threads, folder=out)
    monkeypatch.setattr(backtesting, "fit", None)  # every fit is there already
    assert main(["backtest", str(tmp_path), "--as-of", "2", "2025-03-09", "-o", str(out)]) == 0
    printed, told = capsys.readouterr()
    assert "three: has no truth.csv and is left out" in told
    assert "no --seed given: the seed is 0" in told
    assert printed == f"{here}\n"
    assert printed.startswith("2 cases, 4 scores")
    assert {p.name for p in out.iterdir()} == {
        "backtest.svg", "runs.jsonl", "scores.csv", "summary.csv", "unscored.csv",
    }  # fmt: skip
    assert set(pd.read_csv(out / "scores.csv")["case"]) == {"one", "two"}


def test_the_command_line_scores_one_case(tmp_path, capsys):
    write_case(tmp_path, 'format = 1\ntitle = "T"\n', [say("Monitor", 60, 7)])
    (tmp_path / "found.csv").write_text("value,date\n90,2026-01-01\n", encoding="utf-8")
    truth = str(tmp_path / "found.csv")
    command = ["backtest", str(tmp_path), "--truth", truth, "--as-of", "2", "--seed", "1"]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("1 case, 1 score: ")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["nowhere"], "no such file"),
        (["{case}"], "truth.csv: no such file"),
        (["{case}", "--truth", "{wrong}"], '"9x" is no integer'),
        (["{case}", "--truth", "{right}", "--as-of", "soon"], '"soon" is no date'),
        (["{folder}", "--truth", "{right}"], "holds several cases"),
        (["{folder}"], "no case in it has a truth.csv"),
    ],
)
def test_wrong_input_on_the_command_line_ends_with_exit_code_2(
    tmp_path, capsys, arguments, fragment
):
    write_case(tmp_path / "case", "format = 1\n")
    named = {"case": tmp_path / "case", "folder": tmp_path}
    for name, value in (("wrong", "9x"), ("right", "9")):
        named[name] = tmp_path / f"{name}.csv"
        named[name].write_text(f"category,value,date\n,{value},2026-01-01\n", encoding="utf-8")
    assert main(["backtest", *(a.format(**named) for a in arguments)]) == 2
    printed, told = capsys.readouterr()
    assert printed == ""
    assert fragment in told


def test_the_figure_has_a_row_per_score(result):
    import matplotlib.pyplot as plt

    ax = tolls.plots.backtest(result)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["day 1", "day 2"] * 3
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    assert {t.get_text() for t in ax.get_legend().get_texts()} >= {
        "median",
        "95 % interval",
        "latest",
    }
    middle = ours(result).iloc[0]["point"] / 130
    assert any(np.allclose(line.get_xdata(), [middle]) for line in ax.lines)
    _, given = plt.subplots()
    assert tolls.plots.backtest(result, ax=given) is given


@pytest.mark.slow
def test_the_shipped_cases():
    cases = {
        path.parent.name: (tolls.read_case(path.parent), path.parent / "truth.csv")
        for path in sorted(MODELS.glob("*/case.toml"))
        if (path.parent / "truth.csv").exists()
    }
    found = backtest(cases, seed=1)
    assert len(found.cases) >= 6
    table = found.summary()
    assert table.loc[OURS, "covered_90"] >= 0.8
    assert table.loc[found.best("point"), "ratio"] <= 0.6
    assert table.loc[found.best("errors"), "ratio"] < 1


def test_a_baseline_that_is_off_by_nothing_is_the_best_and_gives_no_ratio():
    rows = [{"source": "A", "value": 50, "published": "2025-03-09"},
            {"source": "B", "value": 60, "published": "2025-03-10"}]  # fmt: skip
    case = tolls.Case(rows, start="2025-03-09")
    result = backtest(case, 60, as_of=[5], seed=1)
    assert result.best("point") in ("largest", "latest")
    assert f"where the best point baseline ({result.best('point')}) is off by nothing" in repr(
        result
    )
    assert "nan" not in repr(result)
