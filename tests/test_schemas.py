"""The exported schemas judge keys, values and rows as the readers do."""

import csv
import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from helpers import attempt, write_case
from test_hostile_cases import LEARNED, SCALES, TOMLS

import tolls
from tolls.cli import main
from tolls.schemas import schema

MODELS = sorted(Path(__file__).parents[1].glob("models/*/case.toml"))


def faults(of, content):
    found = jsonschema.Draft202012Validator(schema(of)).iter_errors(content)
    return [error.message for error in found]


def as_json(text):
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize("of", ["case", "reports", "scale"])
def test_a_schema_is_valid_and_closed(capsys, of):
    assert main(["schema", of]) == 0
    printed = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    tables = [printed, *printed.get("$defs", {}).values()]
    assert all(t["additionalProperties"] is False for t in tables if t.get("type") == "object")
    if of != "scale":  # whose tables are described where they are shipped
        assert all("description" in p or "$ref" in p for p in printed["properties"].values())


def test_an_unknown_schema_is_refused(capsys):
    assert main(["schema", "truth"]) == 2
    assert "allowed: case, reports, scale" in capsys.readouterr().err


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.parent.name)
def test_every_shipped_case_is_valid(path):
    assert faults("case", as_json(path.read_text(encoding="utf-8"))) == []
    with (path.parent / "reports.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = {k: v for k, v in row.items() if k in schema("reports")["properties"]}
            assert faults("reports", known) == []


# what no schema of types can see: which nodes there are, what an order or a spelling means
MEANING = (
    "circle", "twice", "crossed", "overlap", "disjoint", "below", "before", "median (10)", "root",
    "measure", "two or more", "once", "mean ", "kind", "outside", "reports", "reliability", "nodes",
    "start", "end", "nan", "node", "differs", "group", "case.toml", "folder", "scopes.x.share",
    "name", "forcs",
    '"A"', '"g"', '"x"', '"y"', '"Forces"', '"A" ', '"b"', '"injured"', '"a"', '"a b"',
    "key sources.A.group", "above 1", "row 1", "nowhere.csv", "x.csv", "example.org", "killed.kind",
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"),
    # tomllib alone takes minutes over the longest, which the reader refuses unread
    [pytest.param(c, f, id=f"{i}-{n}") for i, (n, c, f) in enumerate(TOMLS) if len(c) < 50_000],
)
def test_what_is_wrong_by_its_form_is_wrong_by_the_schema(content, fragments):
    try:
        given = as_json(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return  # no TOML at all
    if b"\\n'" in content or b'\\n"' in content:
        return  # Python's $ stands before a last line end too, that of editors does not
    if any(word in fragment for fragment in fragments for word in MEANING):
        return
    assert faults("case", given)


BAD_ROWS = [
    {"value": "1.234"}, {"value": -1}, {"value": 1.5}, {"value": ""}, {"vaule": "5"},
    {"value": "5", "qualifier": "rougly"}, {"value": "5", "measure": "kiled"}, {"value": 10**10},
    {"value": "5", "published": "09/03/2025"}, {"value": "5", "source": ""},
    {"value": "5", "source": "a\x1b"}, {"value": "5", "note": "a\u202eb"},
    {"value": "5", "level": "95"},
]  # fmt: skip


@pytest.mark.parametrize("cells", BAD_ROWS, ids=str)
def test_a_bad_row_is_refused_by_schema_and_reader(cells):
    row = {"source": "A", "published": "2025-03-09"} | cells
    assert faults("reports", row)
    assert attempt(lambda: tolls.Case([row]))[1]


def test_a_bad_key_is_refused_by_schema_and_reader(tmp_path):
    text = "format = 1\n[sources.A]\ngrad = 'B'\n"
    assert faults("case", as_json(text))
    assert attempt(lambda: tolls.read_case(write_case(tmp_path, text)))[1]


@pytest.mark.parametrize(
    "toml",
    [
        'start = "20250309"',
        'start = "2025-W10-1"',
        'start = "٢٠٢٥-٠٣-٠٩"',
        "start = 2025-03-09T10:00:00Z",
        '[[partitions]]\nof = "killed"\ninto = ["a"]',
        '[[partitions]]\nof = "killed"\ninto = ["a", "a"]',
        '[unions]\nu = ["a"]',
        f"[unions]\nu = {[f'n{i}' for i in range(501)]}",
    ],
)
def test_days_and_lists_of_parts_are_judged_by_their_form(tmp_path, toml):
    assert faults("case", as_json(f"format = 1\n{toml}"))
    case = write_case(tmp_path, f"format = 1\n{toml}")
    place = re.search("start|partition|union", toml).group()
    assert any(place in problem for problem in attempt(lambda: tolls.read_case(case))[1])


SHIPPED = sorted(Path(tolls.__file__).parent.glob("presets/*.toml"))
OWN = [
    "[grades.B]\nscatter = 0.3\n", "[words.terms]\nscores = false\n", "[hedges]\nnearly = false\n",
    '[source_kinds.morgue]\nwords = "a morgue"\nmedian = 0.7\nsd = 0.2\n', LEARNED.decode(),
]  # fmt: skip


@pytest.mark.parametrize("text", [*(p.read_text(encoding="utf-8") for p in SHIPPED), *OWN])
def test_what_is_shipped_and_what_is_laid_over_it_is_a_scale(text):
    assert faults("scale", as_json(text)) == []


@pytest.mark.parametrize(
    "content",
    [pytest.param(c, id=n) for n, c, f in SCALES if len(c) < 5_000 and n not in (
        "nested", "half a grade", "weights", "a gap in the words", "a word in capitals",
        "evidence that no row can name", "learned, in capitals", "not finite",
    )],
)  # fmt: skip
def test_what_is_wrong_by_the_form_of_a_scale_is_wrong_by_its_schema(content):
    try:
        given = as_json(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return  # no TOML at all
    assert faults("scale", given)
