"""Tolls verified later: how they are read, and which of them a case is scored on."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from helpers import assert_told, case_of

import tolls
from tolls.truths import read_truth

DECLARED = {
    "categories": ["civilians", "forces"],
    "definitions": {"civilians": "not fighting"},
}


def case(**declared):
    rows = [{"value": 100}, {"value": 300, "measure": "injured"}]
    return case_of(*rows, **(DECLARED | declared))


def row(**cells):
    return {"category": "civilians", "value": 90, "date": "2025-07-01"} | cells


def faults(*rows):
    with pytest.raises(tolls.InputError) as caught:
        read_truth(list(rows), case())
    return caught.value.problems


def test_a_file_is_read(tmp_path):
    path = tmp_path / "truth.csv"
    text = (
        "event,category,value,low,high,date\nx,civilians,90,,,2025-07-22\nx,,,100,120,2025-07-01\n"
    )
    path.write_text(text, encoding="utf-8")
    found = read_truth(path, case())
    assert list(found.tolls) == ["civilians", "killed"]
    assert found.tolls["civilians"].values.tolist() == [90]
    assert (found.tolls["killed"].low, found.tolls["killed"].high) == (100, 120)
    assert found.published == date(2025, 7, 1)
    assert read_truth(pd.read_csv(path), case()).tolls.keys() == found.tolls.keys()


@pytest.mark.parametrize(
    ("truth", "name", "low", "high"),
    [
        (120, "killed", 120, 120),
        ({"killed": 120}, "killed", 120, 120),
        ({"civilians": (80, 120)}, "civilians", 80, 120),
        ({"injured": 500}, "injured", 500, 500),
    ],
)
def test_a_mapping_or_a_number_has_no_date(truth, name, low, high):
    found = read_truth(truth, case())
    own = found.tolls[name]
    assert (own.low, own.high, found.published) == (low, high, None)


def test_a_single_row_is_a_table_of_one():
    found = read_truth(row(), case())
    assert (list(found.tolls), found.published) == (["civilians"], date(2025, 7, 1))


def test_an_interval_is_evenly_spread_over_its_logs():
    own = read_truth({"killed": (1_000, 8_000)}, case()).tolls["killed"]
    steps = np.diff(np.log(own.values))
    assert steps == pytest.approx(np.log(8) / len(own.values), rel=0.02)
    assert np.log(own.values).mean() == pytest.approx(np.log([1_000, 8_000]).mean(), abs=1e-3)
    assert own.weights.sum() == pytest.approx(1)
    assert read_truth({"killed": (0, 3)}, case()).tolls["killed"].values.min() == 0


def test_rows_on_one_node_weigh_the_same():
    rows = [row(value=90), row(value="", low=100, high=200)]
    own = read_truth(rows, case()).tolls["civilians"]
    assert own.weights[own.values == 90].sum() == pytest.approx(0.5)
    assert (own.low, own.high) == (90, 200)


@pytest.mark.parametrize(
    ("cells", "name", "reason"),
    [
        ({"category": "civilans"}, "civilans", 'no node of the case (did you mean "civilians"?)'),
        ({"measure": "missing"}, "missing/civilians", "no toll of its own"),
        ({"measure": "injured"}, "injured/civilians", "no node of the case"),
        ({"definition": "registered"}, "civilians", 'the case counts "not fighting"'),
        ({"category": "forces", "definition": "in uniform"}, "forces", "does not define"),
    ],
)
def test_what_counts_another_thing_is_listed_with_the_reason(cells, name, reason):
    found = read_truth([row(**cells), row(value=110, category="all")], case())
    assert list(found.tolls) == ["killed"]
    ((about, why),) = found.unscored
    assert about == name
    assert reason in why


@pytest.mark.parametrize("definition", ["", "civilians", "not fighting"])
def test_the_same_definition_is_scored(definition):
    assert "civilians" in read_truth([row(definition=definition)], case()).tolls


def test_a_measure_without_reports_is_not_scored():
    found = read_truth([row(measure="injured", category="")], case_of({"value": 100}))
    assert found.unscored == (("injured", "measure injured: the case has no report of it, hence no "
                               "estimate"),)  # fmt: skip


def test_every_fault_is_told_at_once():
    told = faults(
        row(value="9x"),
        row(value=""),
        row(value="", low=5),
        row(value="", low=9, high=5),
        row(value=20, low=5, high=9),
        row(date=""),
        row(date="2025-02-30"),
        row(date="2025-03-01"),
        row(measure="kiled"),
    )
    for number, fragments in enumerate(
        [
            ("column value", '"9x" is no integer'),
            ("column value", "is empty"),
            ("column high", "is empty"),
            ("column low", "9 is above high, 5"),
            ("column value", "20 lies outside its interval, 5 to 9"),
            ("column date", "is empty"),
            ("column date", '"2025-02-30" is no date'),
            ("column date", "before the case's start, 2025-03-06"),
            ("column measure", 'did you mean "killed"?'),
        ],
        2,
    ):
        assert_told(told, f"truth, row {number}, ", *fragments)


@pytest.mark.parametrize(
    ("truth", "fragment"),
    [
        (None, "truth: is a NoneType"),
        ([], "has no row"),
        ([{"category": "civilians", "value": 9}], 'column "date" is missing'),
        ({"killed": (1, 2, 3)}, "killed has 3 figures"),
        ("nowhere.csv", "cannot be read"),
    ],
)
def test_what_is_no_truth_is_refused(truth, fragment):
    with pytest.raises(tolls.InputError) as caught:
        read_truth(truth, case())
    assert_told(caught.value.problems, fragment)


@pytest.mark.parametrize("value", ["x", "dozens", "~200", "200+", "200-300"])
def test_no_column_is_advised_that_a_truth_has_not(value):
    (told,) = faults(row(value=value))
    assert told.startswith(f'truth, row 2, column value: "{value}" is no integer')
    assert "low and high where it is a range" in told
    assert "qualifier" not in told
    assert "words" not in told
