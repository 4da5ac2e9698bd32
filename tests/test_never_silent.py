"""Faults that could pass in silence: each would make a number of what nobody meant."""

import pandas as pd
import pytest
from helpers_hostile import GOOD, folder_of, refused

import tolls

ROW = {"source": "A", "value": 50, "published": "2025-03-09"}


def test_a_misspelt_column_of_any_row_is_told():
    with pytest.raises(tolls.InputError, match='"qualifer" is no known column'):
        tolls.Case([ROW, {**ROW, "source": "B", "qualifer": "at_least"}])


def test_a_source_named_like_the_voice_of_an_undeclared_one_is_told():
    rows = [{**ROW, "source": "A on missing"}, {**ROW, "measure": "missing"}]
    with pytest.raises(tolls.InputError, match="is what the voice of A is called"):
        tolls.Case(rows)


def test_a_group_named_like_an_undeclared_source_is_told():
    with pytest.raises(tolls.InputError, match="give the group a name of its own"):
        tolls.Case([ROW], sources={"B": {"group": "A"}})


@pytest.mark.parametrize(
    ("qualifier", "words"), [("exact", "seven"), ("about", "at least 200"), ("exact", "about 50")]
)
def test_words_beside_a_figure_that_they_do_not_say_are_told(qualifier, words):
    with pytest.raises(tolls.InputError, match="row 2, column words"):
        tolls.Case([{**ROW, "qualifier": qualifier, "words": words}])


def test_words_beside_the_figure_that_they_say_are_fine():
    row = {**ROW, "value": 1500, "qualifier": "about", "words": "nearly 1,500"}
    assert tolls.Case([row]).reports[0].stated() == "nearly 1,500"


@pytest.mark.parametrize("name", ["Killed", "KILLED", "Injured"])
def test_a_part_that_is_almost_a_root_is_told(name):
    with pytest.raises(tolls.InputError, match=r"differs from .* \(the root\)"):
        tolls.Case([ROW], categories=[name, "others"])


def test_a_category_that_only_begins_like_unknown_is_told():
    with pytest.raises(tolls.InputError, match='"unknowna" is no known node'):
        tolls.Case([{**ROW, "category": "unknowna"}], categories=["a", "b"])


@pytest.mark.parametrize("other", ["المرصـد", "المُرصد"])
def test_arabic_with_vowel_signs_or_stretched_is_the_same_name(other):
    with pytest.raises(tolls.InputError, match="differs from"):
        tolls.Case([{**ROW, "source": "المرصد"}, {**ROW, "source": other}])


@pytest.mark.parametrize(
    "options",
    [
        {"categories": 5}, {"categories": {"a", "b"}}, {"categories": [1, 2]},
        {"unions": ["a"]}, {"unions": {"u": 5}}, {"sources": ["A"]}, {"sources": {"A": None}},
        {"range": (1, 10)}, {"range": {"killed": {"low": 1, "high": 9}, "low": 5}},
        {"definitions": ["x"]}, {"scopes": {"x": 5}}, {"bridges": ["a"]}, {"bridges": None},
        {"columns": ["value"]}, {"columns": {"value": 5}}, {"start": pd.NaT},
    ],
)  # fmt: skip
def test_arguments_of_another_shape_are_told(options):
    with pytest.raises(tolls.InputError):
        tolls.Case([ROW], **options)


def test_a_count_of_thousands_of_digits_and_a_missing_day_are_told():
    with pytest.raises(tolls.InputError, match=r"10\^5000"):
        tolls.Case([{**ROW, "value": 10**5000}])
    with pytest.raises(tolls.InputError, match="is no date"):
        tolls.fit(tolls.Case([ROW]), seed=1, as_of=pd.NaT)


def test_a_fault_of_a_range_hides_none_of_table_and_kinds(capsys, tmp_path):
    toml = (
        'format = 1\nkind = "zz"\n[sources.Monitor]\nkind = "yy"\ngrade = "Z"\n'
        "[tolls.killed]\nrange = {low = 5, high = 1}\n"
    )
    folder = folder_of(tmp_path, toml, GOOD.replace(",5,", ",x,"))
    told = "\n".join(refused(capsys, ["check", str(folder)]))
    for part in ("tolls.killed.range", "grade", '"zz"', '"yy"', 'column value: "x"'):
        assert part in told


def test_a_value_is_told_as_toml_writes_it(capsys, tmp_path):
    toml = (
        "format = 1\nstart = 2025-03-06T10:00:00\n[sources.A]\nscatter = {low = true, high = 1}\n"
    )
    told = "\n".join(refused(capsys, ["check", str(folder_of(tmp_path, toml))]))
    assert "found 2025-03-06T10:00:00" in told
    assert "found true" in told


@pytest.mark.parametrize(
    "scale",
    [
        "[root]\nlow = 10\nhigh = 1\n",
        "[root]\nmass = 1e-9\n",
        "[grades.F]\nscatter = 1e9\n",
        "[source_kinds.other]\nsd = 1e9\n",
        "[shared_bias]\nsd = 1e9\n",
        "[growth]\neta_sd = 1e9\n",
        "[growth]\nshape_log_sd = 1e9\n",
        "[missing.official]\nalive_sd = 1e-9\n",
        "[missing.official]\ndays_sd = 1e9\n",
    ],
)
def test_a_scale_that_no_computation_can_bear_is_refused(capsys, tmp_path, scale):
    folder = folder_of(tmp_path, 'format = 1\nreliability = "own.toml"\n')
    (folder / "own.toml").write_text(scale)
    refused(capsys, ["check", str(folder)], scale[1:].partition("]")[0])


def test_where_no_report_is_left_the_file_and_each_reason_are_told(capsys, tmp_path):
    rows = "A,0,at_least,2025-03-09\nB,0,at_least,2025-03-09\nA,5,,2025-03-12\n"
    table = "source,value,qualifier,published\n" + rows
    folder = folder_of(tmp_path, "format = 1\nstart = 2025-03-08\n", table)
    file = str(folder / "reports.csv")
    nothing = 'set aside: 2 reports (row 2, 3): "at least 0" says nothing'
    arguments = ["check", str(folder), "--as-of", "2025-03-10"]
    refused(capsys, arguments, nothing, "later: 1 report (row 4): published after", file=file)


def test_a_fault_of_a_scale_is_told_with_its_path(capsys, tmp_path):
    folder = folder_of(tmp_path / "case", 'format = 1\nreliability = "../own.toml"\n')
    (tmp_path / "own.toml").write_text("[grades.A]\nscatter = -1\n")
    refused(capsys, ["check", str(folder)], "grades.A", file=str(folder / ".." / "own.toml"))


def test_the_limit_of_an_import_is_that_of_a_table_of_events(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tolls.adapters.MAX_IMPORT_ROWS", 2)
    table = tmp_path / "table.csv"
    table.write_text(GOOD + "B,6,2025-03-09\nC,7,2025-03-09\n")
    refused(capsys, ["import", "csv", str(table)], "allowed: 2, the rows of a table of events")


CASE = tolls.Case([ROW])


@pytest.mark.parametrize(
    "call",
    [
        lambda: tolls.read_case(None), lambda: tolls.load(None), lambda: tolls.load(5),
        lambda: tolls.fit(3, seed=1), lambda: tolls.simulate(5, seed=1),
        lambda: tolls.pymc_model(5), lambda: tolls.from_pymc(5, 5),
        lambda: tolls.from_pymc(CASE, 5), lambda: tolls.calibrate(5, n=1, seed=1),
        lambda: tolls.calibrate(CASE, n=1, seed=1, folder=5),
        lambda: tolls.calibrate(CASE, n=1, seed=1, executor=5),
        lambda: tolls.backtest(5, seed=1), lambda: tolls.backtest({"a": 5}, seed=1),
        lambda: tolls.backtest({"a": (CASE,)}, seed=1),
        lambda: tolls.backtest(CASE, 50, as_of=None, seed=1),
        lambda: tolls.backtest(CASE, 50, as_of=[0], folder=5, seed=1),
        lambda: tolls.elicit(5), lambda: tolls.elicit([], kind=[]),
        lambda: tolls.elicit(quantiles=5), lambda: tolls.elicit([], reliability=5),
        lambda: tolls.sensitivity(5, seed=1), lambda: tolls.sensitivity(CASE, seed=1, at_least="x"),
        lambda: tolls.sensitivity(CASE, seed=1, node=5),
        lambda: tolls.timeline(5, ["2025-03-09"], seed=1), lambda: tolls.timeline(CASE, 5, seed=1),
        lambda: tolls.render(CASE, None, seed=1), lambda: tolls.render(5, "page", seed=1),
    ],
)  # fmt: skip
def test_an_argument_of_another_type_is_told(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tolls.InputError, match="allowed"):
        call()
