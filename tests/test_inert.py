"""Names from inputs stay text in CSV, on terminals, in JSON and in figures."""

import json
import re
import sys

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import case_of, write_csv
from helpers_estimate import estimate_of, sensitivity_of, timeline_of
from hypothesis import given
from hypothesis import strategies as st

import tolls
from tolls import plots
from tolls.cli import main
from tolls.errors import Problems
from tolls.figures import as_svg
from tolls.reports import as_csv
from tolls.spreadsheets import escaped, table_csv, unescaped
from tolls.storage import as_json
from tolls.tables import read_csv
from tolls.terminal import say_table

FORMULAS = ["=1+1", "+cmd|' /C calc'!A1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''-x"]
EVIL = "Radio $\\frac{$ <b>&\"']]>#panic()"
STEERING = "\x1b[2J\x07\x9b31m\x7f\u2028\u2066"
STEERS = {c for c in STEERING if not c.isprintable()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ODD = TEXT | st.builds(
    lambda a, b: a + b, st.sampled_from(["=", "+", "-", "@", "'", "\t", "\r"]), TEXT
)


def begins_a_formula(text):
    return text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(ODD)
def test_no_text_is_a_formula_and_every_text_comes_back(text):
    cell = escaped(text)
    assert unescaped(cell) == text
    assert not begins_a_formula(cell) or float(cell) == float(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_escaped(text):
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+3.25", "-1e-5", "1,200", "Monitor", "'t Veer", ""])
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert escaped(text) == text == unescaped(text)


# no reader takes a file with a NUL, and cells of several lines may be a quote that was forgotten
WRITTEN = ODD.filter(lambda text: not {*text} & {*"\0\n\r"})
ROWS = st.fixed_dictionaries({"source": WRITTEN, "note": WRITTEN, "=extra": WRITTEN})


@given(st.lists(ROWS, min_size=1))
def test_reports_that_are_written_read_as_they_were(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("made") / "reports.csv"
    rows = [{"value": "5", "published": "2025-03-09", **row} for row in rows]
    path.write_text(as_csv(rows), encoding="utf-8", newline="")
    problems = Problems("reports.csv")
    read = [row for _, row in read_csv(path, problems)]
    assert not problems.messages
    assert [{n: r.get(n, "") for n in rows[0]} for r in read] == rows


def test_tables_escape_text_alone():
    table = pd.DataFrame({"node": ["=A1", "b"], "mean": [-1.5, 2.0], "said": ["-5", None]})
    for shown in (table, table.set_index("node")):
        assert table_csv(shown).decode() == "node,mean,said\n'=A1,-1.5,-5\nb,2.0,\n"


def test_fit_writes_no_formula(tmp_path):
    rows = [{"value": 5}, {"value": 3, "category": "=SUM(A1)"}]
    (tmp_path / "case.toml").write_text(
        'format = 1\n[[partitions]]\nof = "killed"\ninto = ["=SUM(A1)", "@others"]\n'
    )
    write_csv(
        tmp_path / "reports.csv", [{"source": "M", "published": "2025-03-09"} | r for r in rows]
    )
    assert main(["fit", str(tmp_path), "--seed", "1", "-o", str(tmp_path / "made")]) == 0
    text = (tmp_path / "made" / "estimates.csv").read_text()
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "node", "killed", "'=SUM(A1)", "'@others",
    ]  # fmt: skip


# --- terminals ------------------------------------------------------------------------------------


def test_what_would_steer_a_terminal_is_printed_as_escapes(tmp_path, capsys):
    row = {
        "source": "M",
        "published": "2025-03-09",
        "words": f"few{STEERING}",
        "qualifier": "words",
    }
    write_csv(tmp_path / "reports.csv", [row, row | {"published": STEERING}])
    bad = tmp_path / f"no{STEERING}where"
    for command in (["check", str(tmp_path / "reports.csv")], ["check", str(bad)]):
        assert main(command) == 2
        for text in capsys.readouterr():
            assert re.search(r"\\(u00|x)1b", text) or not text
            assert not STEERS & set(text), (command, text)


def test_json_loses_nothing_and_steers_nothing():
    content = {"title": f"A{STEERING}\u202eB\n\t", "nan": float("nan")}
    text = as_json(content)
    assert not (STEERS | {"\u202e"}) & set(text)
    assert json.loads(text) == content | {"nan": None}


def test_a_table_on_a_terminal_is_shown_and_in_a_pipe_is_as_it_is(capsys, monkeypatch):
    say_table(f"source,note\nM,a{STEERING}b\n")
    assert STEERING in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    say_table(f"source,note\nM,a{STEERING}b\n")
    assert not STEERS & set(capsys.readouterr().out)


# --- figures --------------------------------------------------------------------------------------


def evil_case():
    rows = [
        {"source": EVIL, "value": 30},
        {"source": EVIL, "value": 20, "category": "$\\frac{"},
        {"source": "Paper $x^$", "value": 9, "category": "$_^$", "qualifier": "at_least"},
    ]
    return case_of(
        *rows, categories=["$\\frac{", "$_^$"], title=EVIL,
        sources={EVIL: "B", "Paper $x^$": {"grade": "C", "kind": "media"}},
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_no_figure_takes_a_name_for_mathematics_or_markup():
    case = evil_case()
    estimate = estimate_of(case)
    for draw in (
        lambda: plots.tolls(estimate),
        lambda: plots.reports(estimate),
        lambda: plots.sources(estimate),
        lambda: plots.sensitivity(sensitivity_of(case)),
        lambda: plots.timeline(timeline_of(case, "2025-03-09", "2025-03-12"), node="$\\frac{"),
    ):
        axes = draw()
        texts = [t.get_text() for t in axes.figure.findobj(plt.Text)]
        assert any("$" in text for text in texts)
        svg = as_svg(axes).decode()
        assert "<b>" not in svg
        assert "]]>" not in svg.replace("]]></style>", "")


def test_the_figure_of_a_backtest_takes_names_as_they_are():
    case = evil_case()
    result = tolls.backtest(case, {"killed": 33}, as_of=[7], seed=1)
    assert as_svg(plots.backtest(result)).startswith(b"<?xml")
