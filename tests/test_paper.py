"""The papers: no number typed by hand, the numbers that the code computes, PDFs without pictures.

Everything is built from few runs here; the numbers that are committed come from the long ones.
"""

import json
import math
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from build import NUMBERS, documents
from drawings import figures
from facts import computed, facts, sensitivity
from prose import filled

from tolls.scoreboard import OURS
from tolls.storage import as_json

ROOT = Path(__file__).parents[1]
TEXTS = ("methods.md", "paper.md")
LARGE = (
    "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "hundred",
    "thousand", "million",
)  # fmt: skip
PLACEHOLDER = re.compile(r"{{(.*?)}}|{%(.*?)%}", re.DOTALL)
# dates and places of authors that the form of the journal asks for
HEADER = re.compile(r"^(date: .*|\s+index: .*|\s+affiliation: .*)$", re.MULTILINE)
# labels, targets and sizes of figures, and citations
NO_PROSE = re.compile(r"`[^`\n]*`{=typst}|(?<=\])\([^)\s]+\)({[^{}\n]*})?|{#[^{}\n]*}|@[a-z]+\d{4}")
MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
OF_FORM = {"0", "1", "2"}  # in equations: a half, a square, one less


def typed(text):
    """Return the numbers of a text in Markdown that no placeholder computes."""
    text = HEADER.sub("", text)
    found = [n for own in PLACEHOLDER.findall(text) for n in _literals("".join(own))]
    text = NO_PROSE.sub(" ", PLACEHOLDER.sub(" ", text))
    equations = " ".join(own.group() for own in MATH.finditer(text))
    found += [n for n in re.findall(r"\d+(?:[.,]\d+)*", equations) if n not in OF_FORM]
    text = MATH.sub(" ", text)
    found += re.findall(r"\d+(?:[.,]\d+)*", text)
    plain = re.sub(r'"[^"\n]*"', " ", text)  # words that reports use
    return found + re.findall(rf"\b({'|'.join(LARGE)})\b", plain, re.IGNORECASE)


def _literals(code):
    """Return the numbers in a placeholder that are neither a place in a list nor decimals shown."""
    strings = [n for own in re.findall(r'"([^"]*)"', code) for n in re.findall(r"\d+", own)]
    code = re.sub(r'"[^"]*"', '""', code)
    code = re.sub(r"\[\d\]|\bfixed\(\d\)|\b(verified|coverage)\(\"\", \d\)", "", code)
    return strings + re.findall(r"(?<![\w])\d+(?:\.\d+)?", code)


def source(name):
    """Read one of the texts."""
    return (ROOT / "paper" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def results():
    """Fit what the papers quote, with few runs."""
    with ThreadPoolExecutor(1) as executor:
        return computed(
            runs=4,
            days=(30,),
            names=("maui-2023", "paris-2015", "rana-plaza-2013"),
            executor=executor,
        )


@pytest.fixture(scope="module")
def numbers(results, committed):
    """Return the numbers as they are written; what the case rests on is not asked again."""
    return json.loads(as_json(facts(results))) | {"sensitivity": committed["sensitivity"]}


@pytest.fixture(scope="module")
def built(results, numbers):
    """Build the papers."""
    return documents(numbers, figures(results))


@pytest.fixture(scope="module")
def committed():
    """Read the numbers behind the papers."""
    return json.loads(NUMBERS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_no_number_is_typed_by_hand(name):
    assert not typed(source(name))


@pytest.mark.parametrize(
    "text",
    [
        "About 1,426 were killed.",
        "In {{ 0.95 | percent }} of cases.",
        'It is {{ "1,426" }}.',
        "{{ [930, 3500] | listed }}",
        "{% set n = 12 %}",
        "With $f = 0.2$ for it.",
        "$$ m = 14 x $$",
        "Of seven sources.",
        "| a | 0.15 |",
        "![Of 49 reports](x.svg){#fig:x width=80%}",
        "abstract: 31 reports",
        "Draws are `6000`.",
        "$x_{0.3}$",
    ],
)
def test_a_number_typed_by_hand_would_be_found(text):
    assert typed(text)


def test_what_is_no_number_of_the_papers_is_let_pass():
    assert not typed(
        "See `@tbl:two2`{=typst} [@vehtari2024], {{ x.covered_90[2] | fixed(2) }} of "
        '{{ verified("killed", 0).value | whole }}, $1/2 + {{ c | plain }} x^2$, "dozens".\n'
        "![Figure](a1.svg){#fig:a1 width=80%}"
    )


@pytest.mark.parametrize("name", TEXTS)
def test_citations_and_bibliography_hold_the_same(name):
    entries = set(re.findall(r"^@\w+{(\w+),", source("paper.bib"), re.MULTILINE))
    cited = {key for text in map(source, TEXTS) for key in re.findall(r"@([a-z]+\d{4})", text)}
    assert cited == entries
    assert set(re.findall(r"@([a-z]+\d{4})", source(name))) <= entries


def differing(one, other, where=""):
    """Tell where two trees of numbers and texts differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differing(one[key], other[key], f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, (a, b) in pairs for d in differing(a, b, f"{where}[{i}]")]
    same = one == other
    if isinstance(one, float) and isinstance(other, int | float):
        same = one == pytest.approx(other, rel=1e-6)  # type of machine moves last digits
    return [] if same else [f"{where}: {one} and {other}"]


def test_what_is_quoted_of_the_case_is_what_the_code_computes(numbers, committed):
    others = {"calibration", "backtest", "sensitivity"}
    assert committed.keys() > others
    assert not differing(
        *({key: own[key] for key in own.keys() - others} for own in (numbers, committed))
    )


@pytest.mark.slow
def test_what_is_quoted_of_what_it_rests_on_is_what_the_code_computes(committed):
    assert not differing(json.loads(as_json(sensitivity())), committed["sensitivity"])


def test_calibration_and_backtest_are_those_of_the_notebook(committed):
    notebook = nbformat.read(ROOT / "notebooks" / "evidence.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [o["text"] if "text" in o else o["data"].get("text/plain", "") for o in outputs]
    lines = [" ".join(line.split()) for line in "\n".join(shown).splitlines()]
    calibration = committed["calibration"]
    assert any(f"in {calibration['runs']:,} simulated cases" in line for line in lines)
    for sort, rows in calibration["coverage"].items():
        cells = (f"{r['coverage']:.3f} ± {r['mc_error']:.3f}" for r in rows)
        assert f"{sort} {' '.join(cells)}" in lines
    for row in committed["backtest"]["methods"]:
        start = f"{row['method']} {row['cases']} {row['scores']} {row['crps']:.3f}"
        assert any(line.startswith(start) for line in lines), start


def test_what_is_said_in_words_is_what_the_numbers_say(committed):
    syria, rests, scores = (committed[k] for k in ("syria", "sensitivity", "backtest"))
    assert syria["counts"]["repeats"] == 1  # "a repeat"
    killed = syria["nodes"]["killed"]["median"]
    half, twice = (quarter["median"] for quarter in rests["quarters"].values())
    assert half == pytest.approx(2 * killed, rel=0.1)  # "about doubles the toll"
    assert twice == pytest.approx(killed / 2, rel=0.1)  # "and doubling it halves the toll"
    for probability, factor in rests["fails_at"].items():
        # "has probability …; it falls below … if all sources state … times that, or more"
        assert syria["probability"]["killed"] > float(probability)
        assert 1 < factor < math.inf
    reports = sorted((row["reports"] for row in syria["sources"]), reverse=True)
    assert reports[0] > sum(reports[1:])  # "one monitor's chain of bulletins is most of the table"
    ours = next(row for row in scores["methods"] if row["method"] == OURS)
    # "below the best point, below the best with errors"
    assert ours["crps"] == min(row["crps"] for row in scores["methods"])
    assert committed["calibration"]["inside"]


def test_the_papers_say_what_they_rest_on(built, numbers):
    text = built["methods.md"].decode()
    assert "Of 4 cases none was left out" in text
    assert "{{" not in text
    for node in ("killed", "civilians", "security_forces"):
        own = numbers["syria"]["nodes"][node]
        assert f"{round(own['median'], -2):,.0f}"[:2] in text


def streams(pdf):
    """Give the bytes of a PDF and everything it holds compressed."""
    yield pdf
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(found.group(1))
        except zlib.error:
            continue


@pytest.mark.parametrize("name", ["methods.pdf", "paper.pdf"])
def test_the_figures_of_a_paper_are_vectors(built, name):
    pdf = built[name]
    assert pdf.startswith(b"%PDF")
    assert not any(re.search(rb"/Subtype\s*/Image", content) for content in streams(pdf))
    assert len(pdf) > 50_000


def test_the_same_results_give_the_same_bytes(results, numbers, built):
    again = documents(numbers, figures(results))
    assert [name for name in built if again[name] != built[name]] == []


def test_the_committed_numbers_fill_both_texts(committed):
    for name in TEXTS:
        assert f"{committed['calibration']['runs']:,}" in filled(name, committed)
