"""A learned scale: what it says of sources, where it goes, and what it changes."""

import json
import math
import re
import tomllib
import unicodedata
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from helpers_panel import ROWS, TRUTH, contented

import tolls
from tolls import learning
from tolls.cli import main
from tolls.errors import InputError
from tolls.panelchains import Settings
from tolls.presets import Learned, load_presets
from tolls.priors import LogNormal
from tolls.reliability import SourceDeclaration, source_prior

LEARNED = """
[sources.Ministry]
bias = 0.5
bias_sd = 0.2
scatter = 0.15
reliability = [45.0, 5.0]
counts = 1234
"""
FEW = Settings(200, 150, 0.85)
ROWS_OF_CASE = [
    {"source": "Ministry", "published": "2024-05-02", "category": "killed", "value": 110},
    {"source": "Monitor", "published": "2024-05-03", "category": "killed", "value": 240},
]


@pytest.fixture(scope="module")
def panel():
    with pytest.MonkeyPatch.context() as patch:
        contented(patch, FEW)
        return tolls.fit_panel(ROWS, TRUTH, seed=1, threshold=4)


def case_of(folder, scale):
    folder.mkdir(exist_ok=True)
    (folder / "scale.toml").write_text(scale, encoding="utf-8")
    (folder / "case.toml").write_text(
        'format = 1\ntitle = "Test"\nreliability = "scale.toml"\nstart = 2024-05-01\n'
        '[tolls.killed.range]\nlow = 20\nhigh = 2000\n[sources.Ministry]\ngrade = "B"\n'
        'kind = "ministry"\n[sources.Monitor]\ngrade = "B"\nkind = "monitor"\n',
        encoding="utf-8",
    )
    lines = [",".join(ROWS_OF_CASE[0]), *(",".join(map(str, r.values())) for r in ROWS_OF_CASE)]
    (folder / "reports.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tolls.read_case(folder)


def test_a_group_is_learned_under_the_names_of_its_sources(monkeypatch):
    contented(monkeypatch, FEW)
    sources = {"one": {"group": "agency"}, "two": {"group": "agency"}}
    rows = [row for row in ROWS if row["event"] not in "ab"]
    known = [row for row in rows if row["source"] != "two"] + [
        row | {"source": "two"} for row in rows if row["source"] == "one"
    ]
    rows = [*known, {"event": "f", "source": "two", "value": 3}]
    rows.append({"event": "g", "source": "one", "value": 5})
    whole = tomllib.loads(tolls.learn(tolls.fit_panel(rows, seed=1, sources=sources)))["sources"]
    assert list(whole) == ["one", "two", "three"]
    assert whole["one"] == whole["two"] != whole["three"]


def test_what_is_written_is_a_scale_and_says_where_it_is_from(panel, tmp_path):
    text = tolls.learn(panel, tmp_path / "own" / "learned.toml")
    assert (tmp_path / "own" / "learned.toml").read_text(encoding="utf-8") == text
    assert text == tolls.learn(panel)
    assert panel.digest in text
    assert "from 5 events, 2 of them" in text.replace("\n# ", " ")
    whole = tomllib.loads(text)
    assert list(whole["sources"]) == ["one", "three", "two"]
    found = load_presets("own/learned.toml", tmp_path)
    for name, own in whole["sources"].items():
        prior = source_prior(SourceDeclaration(name), found)
        assert prior.bias.median == pytest.approx(own["bias"])
        assert prior.reliability.mean == pytest.approx(
            own["reliability"][0] / sum(own["reliability"])
        )
        assert prior.words == f"but learned from {own['counts']} of its counts"
    assert found.shared_bias.sd == whole["shared_bias"]["sd"]


def test_honest_errors_have_the_moments_of_their_parts(panel):
    """Of one that repeats with an offset of one, of one that states tolls, of one with its own."""
    n, rng = learning.DRAWS, np.random.default_rng(1)
    shape = panel.natural
    offset = np.zeros_like(shape.offset)
    offset[:, :, 3] = 1.0  # one more than the record
    by_toll = np.full(n, 98.0)
    for agreement, definition, centre, spread in (
        (1.0, 0.0, math.log(101 / 100), 0.0),
        (1.0, 1.0, math.log(98 / 100), 0.0),
        (0.0, 0.5, 0.3, 0.4),
    ):
        natural = shape._replace(
            offset=offset,
            agreement=np.full_like(shape.agreement, agreement),
            definition=np.full_like(shape.definition, definition),
            bias=np.full_like(shape.bias, 0.3),
            spread=np.full_like(shape.spread, 0.4),
        )
        own = SimpleNamespace(natural=natural, space=panel.space)
        draw = rng.integers(len(natural.listed), size=n)
        error = learning._errors(own, 0, np.full(n, 100.0), by_toll, draw, rng)
        sd = math.hypot(spread, math.sqrt(0.5 / 100)) if spread else 0.0
        assert error.mean() == pytest.approx(centre, abs=4 * sd / math.sqrt(n) + 1e-12)
        assert error.std() == pytest.approx(sd, abs=4 * sd / math.sqrt(2 * n) + 1e-12)


def test_a_beta_has_the_moments_of_what_it_stands_for():
    drawn = np.random.default_rng(1).beta(30.0, 2.0, size=200_000)
    a, b = learning._beta(drawn)
    assert a == pytest.approx(30.0, rel=0.03)
    assert b == pytest.approx(2.0, rel=0.03)


def test_a_case_takes_what_was_learned_in_place_of_grade_and_kind(tmp_path):
    case = case_of(tmp_path / "a", LEARNED)
    prior = case.source_prior("Ministry")
    assert prior.bias.median == pytest.approx(0.5)
    assert prior.bias.sd == pytest.approx(0.2)
    assert prior.scatter.median == pytest.approx(0.15)
    assert prior.reliability.mean == pytest.approx(0.9)
    assert "learned from 1,234 of its counts" in prior.in_words()
    assert case.source_prior("Monitor") == case_of(tmp_path / "b", "").source_prior("Monitor")


def test_what_is_declared_goes_before_what_was_learned():
    learned = Learned(bias=0.5, bias_sd=0.2, scatter=0.1, reliability=(9.0, 1.0), counts=7)
    presets = load_presets().model_copy(update={"sources": {"Ministry": learned}})
    own = LogNormal(0.1, 0.3)
    prior = source_prior(SourceDeclaration("Ministry", bias=own), presets)
    assert prior.bias == own
    assert prior.scatter.median == pytest.approx(0.1)
    anchored = source_prior(SourceDeclaration("Ministry", anchor=True), presets)
    assert anchored == replace(
        source_prior(SourceDeclaration("Ministry", anchor=True), load_presets()),
        words=anchored.words,
        reliability=anchored.reliability,
    )


def test_a_scale_that_learned_nothing_changes_no_digest(tmp_path):
    plain = case_of(tmp_path / "a", "")
    assert '"sources"' not in re.sub(r'"declaration":.*?"presets"', "", plain.to_json())
    taught = case_of(tmp_path / "b", LEARNED)
    assert taught.digest != plain.digest
    assert tolls.Case.from_json(taught.to_json()).digest == taught.digest


def test_sensitivity_shows_what_learning_changes(tmp_path):
    taught = case_of(tmp_path / "a", LEARNED)
    found = tolls.sensitivity(taught, seed=1)
    graded = next(s for s in found.scenarios if s.name == "by grade, nothing learned")
    plain, own = (
        np.log(tolls.fit(case, seed=1).posterior["toll"].astype(float))
        for case in (case_of(tmp_path / "b", ""), taught)
    )
    told = np.log(graded.tolls[:, 0].astype(float))
    error = 4 * plain.std() * np.sqrt(1 / 1000 + 1 / graded.ess)
    assert abs(told.mean() - plain.mean()) < error
    assert abs(told.mean() - own.mean()) > error / 2


def test_a_source_is_found_in_a_scale_however_its_letters_are_composed(tmp_path):
    taught = LEARNED.replace("Ministry", '"Minist\u00e8re"')
    presets = [
        case_of(tmp_path / form, unicodedata.normalize(form, taught)).presets
        for form in ("NFC", "NFD")
    ]
    assert presets[0].sources == presets[1].sources != {}


def test_faults_of_a_learned_scale_are_told(tmp_path):
    with pytest.raises(InputError, match=r"sources.Ministry.scatter"):
        case_of(tmp_path / "a", LEARNED.replace("scatter = 0.15", "scatter = -1"))


def test_only_the_killed_of_a_sound_panel_are_learned(panel):
    with pytest.raises(InputError, match="panel: is of the injured"):
        tolls.learn(replace(panel, measure="injured"))
    with pytest.raises(InputError, match="panel: is a str"):
        tolls.learn("panel")


def test_the_command_writes_tables_and_a_scale(tmp_path, capsys, monkeypatch):
    contented(monkeypatch, FEW)
    monkeypatch.chdir(tmp_path)
    lines = [
        "event,source,value",
        *(f"{r['event']},{r['source']},{r.get('value', '')}" for r in ROWS),
    ]
    (tmp_path / "reports.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "truth.csv").write_text("event,value\na,4\nd,12\n", encoding="utf-8")
    (tmp_path / "sources.toml").write_text('[sources.one]\ngrade = "B"\n', encoding="utf-8")
    command = [
        "panel", "reports.csv", "--truth", "truth.csv", "--threshold", "4", "--sources",
        "sources.toml", "--seed", "1", "-o", "out", "--learn", "learned.toml", "--check",
    ]  # fmt: skip
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "8 counts of killed by 3 sources in 5 events, 2 of them verified later." in out
    assert "6 of 8 counts of killed ranked among what other sources" in out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "checks.csv", "conflicts.csv", "events.csv", "panel.json", "sizes.csv", "sources.csv",
    ]  # fmt: skip
    whole = json.loads((tmp_path / "out" / "panel.json").read_text(encoding="utf-8"))
    assert [row["ranked"] for row in whole["checks"]] == [1, 2, 3]
    first = [p.read_bytes() for p in sorted((tmp_path / "out").iterdir())]
    assert '[sources."one"]' in (tmp_path / "learned.toml").read_text(encoding="utf-8")
    assert main(command) == 0
    assert [p.read_bytes() for p in sorted((tmp_path / "out").iterdir())] == first


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[source.one]\ngrade = "B"\n', 'key source: "source" is no known key; allowed: sources'),
        ('[sources.one]\ngrad = "B"\n', 'did you mean "grade"'),
        ("[sources", "sources.toml"),
        ("", "key sources: is missing"),
        ("sources = 1\n", "key sources: must be a table"),
        ("[sources.one]\ngrade = ['A']\n", "key sources.one.grade: must be text in quotes"),
        ('[sources.one]\ngrade = "Z"\n', "key sources.one.grade: allowed: a letter A to F"),
        ("[sources.one]\nkind = {}\n", "key sources.one.kind: must be text in quotes"),
        ('[sources.one]\nkind = "wier"\n', 'key sources.one.kind: "wier" is no known kind'),
        ("[sources.one]\ngroup = [1]\n", "key sources.one.group: must be text in quotes"),
        ('[sources.one]\ngroup = "a\\u001b"\n', "holds U+001B"),
        ('[sources.one]\ngroup = ""\n', "key sources.one.group: is empty"),
        ('[sources."one\\u202e"]\n', "holds U+202E"),
        ("[sources.ones]\n", 'did you mean "one"'),
    ],
)
def test_the_command_tells_what_is_wrong_with_the_sources(tmp_path, capsys, content, told):
    (tmp_path / "reports.csv").write_text("event,source,value\na,one,3\n", encoding="utf-8")
    (tmp_path / "sources.toml").write_text(content, encoding="utf-8")
    code = main(
        ["panel", str(tmp_path / "reports.csv"), "--sources", str(tmp_path / "sources.toml")]
    )
    assert code == 2
    err = capsys.readouterr().err
    assert told in err
    assert f"error: {tmp_path}/" in err
