"""Bad tables of many events, and of what was verified of them: all are refused."""

import pytest
from helpers_hostile import refused

GOOD = "event,source,value\na,one,3\nb,one,4\na,two,5\n"
TABLES = [
    ("empty", "", ["no row"]),
    ("header alone", "event,source,value\n", ["no row"]),
    ("no event", "source,value\none,3\n", ["row 1", '"event"', "missing"]),
    ("an event without name", "event,source,value\n,one,3\n", ["row 2", "column event", "empty"]),
    ("a source without name", "event,source,value\na,,3\n", ["row 2", "column source", "empty"]),
    ("negative", "event,source,value\na,one,-3\n", ["row 2", "column value", '"-3"']),
    ("absurd", "event,source,value\na,one,99999999999\n", ["row 2", "out of range"]),
    ("blank alone", "event,source,value\na,one,\n", ["no report of killed is left"]),
    ("no date tells", GOOD + "a,one,9\n", ["row 5", "no date says which is later"]),
    ("an escape in an event", "event,source,value\na\x1b,one,3\n", ["row 2", "U+001B"]),
    ("an escape in a source", "event,source,value\na,one\u202e,3\n", ["row 2", "U+202E"]),
    ("no date", "event,source,value,published\na,one,3,soon\n", ["row 2", "published", '"soon"']),
    ("words", "event,source,words,qualifier\na,one,lots,words\n", ["row 2", "words", '"lots"']),
    ("another category", "event,source,value,category\na,one,3,x\n", ["no report", "(x)"]),
    ("very many sources", "event,source,value\n" + "".join(f"a,s{i},3\n" for i in range(1001)),
     ["column source", "1,001", "1,000"]),
]  # fmt: skip
TRUTHS = [
    ("no event", "value\n3\n", ["truth.csv"]),
    ("another event", "event,value\nz,3\n", ["no event of the reports", "as a"]),
    ("negative", "event,value\na,-1\n", ["row 2", "column value", '"-1"', "0 to"]),
    ("a fraction", "event,value\na,1.5\n", ["row 2", "column value", '"1.5"']),
    ("nothing", "event,value,low\na,,\n", ["row 2", "none of value, low and high"]),
    ("upside down", "event,low,high\na,5,3\n", ["row 2", "5 is above high, 3"]),
    ("twice", "event,value\na,3\na,4\n", ["row 3", "verified twice"]),
    ("an escape", "event,value\na\x1b,3\n", ["row 2", "U+001B"]),
    ("another measure", "event,value,measure\na,3,dead\n", ["row 2", '"dead"', "killed, injured"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"), [pytest.param(c, f, id=name) for name, c, f in TABLES]
)
def test_a_bad_panel_is_refused(capsys, tmp_path, content, fragments):
    (tmp_path / "panel.csv").write_text(content, encoding="utf-8")
    command = ["panel", str(tmp_path / "panel.csv"), "--seed", "1"]
    refused(capsys, command, *fragments, file="panel.csv")


@pytest.mark.parametrize(
    ("content", "fragments"), [pytest.param(c, f, id=name) for name, c, f in TRUTHS]
)
def test_a_bad_truth_of_a_panel_is_refused(capsys, tmp_path, content, fragments):
    (tmp_path / "panel.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "truth.csv").write_text(content, encoding="utf-8")
    command = ["panel", str(tmp_path / "panel.csv"), "--truth", str(tmp_path / "truth.csv")]
    told = refused(capsys, [*command, "--seed", "1"], *fragments, file="truth.csv")
    assert len(told) == 1
