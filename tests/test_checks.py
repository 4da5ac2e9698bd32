"""Checks: seldom told where the model is true, told where a fault was built in, and told well."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import case_of, everything, with_presets
from scipy import stats

import tolls
from tolls.presets import load_presets

MODELS = Path(__file__).parents[1] / "models"
LEVEL = load_presets().checks.level
MONITOR = {"grade": "B", "kind": "monitor"}
FIGURES = dict(zip("ABCDEF", (280, 310, 330, 295, 305, 320), strict=True))
SOUND = [
    {"source": s, "value": v, "published": f"2025-03-{12 + i}"}
    for i, (s, v) in enumerate(FIGURES.items())
]
SURVEY = {"grade": "A", "kind": "survey"}


def monthly(*values, source="G", **columns):
    """Return figures of one source, a month apart."""
    return [
        {"source": source, "value": v, "published": f"2025-{3 + i:02}-28"} | columns
        for i, v in enumerate(values)
    ]


def estimate(*more, rows=SOUND, survey=SURVEY, **declared):
    sources = dict.fromkeys(FIGURES, MONITOR) | {"G": survey}
    usual = {"kind": "conflict", "range": {"low": 10, "high": 10_000}, "sources": sources}
    return tolls.fit(case_of(*rows, *more, **(usual | declared)), seed=1)


def told(found):
    return [(f.check, f.about) for f in found.checks]


# --- faults that were built in --------------------------------------------------------------------


def test_nothing_is_told_of_a_sound_case():
    found = estimate(*monthly(300, 310))
    assert found.checks == ()
    assert found.notes == found.warnings
    assert (found.summary()["checks"] == "").all()


def test_a_source_far_from_where_its_kind_puts_it():
    found = estimate(*monthly(900, 800, 850))
    assert told(found) == [("conflict", "G")]
    (finding,) = found.checks
    assert "G seems to state" in finding.text
    assert "times what is knowable" in finding.text
    assert finding.value < LEVEL / 6
    # once its bias is declared, there is no conflict
    stated = SURVEY | {"bias": {"low": 2.0, "high": 9.0}}
    assert told(estimate(*monthly(900, 800, 850), survey=stated)) == []


def test_a_range_that_none_of_the_reports_fits():
    found = estimate(range={"low": 1, "high": 30})
    assert told(found) == [("conflict", "killed")]
    assert "far from the declared range (1 to 30)" in found.checks[0].text


def test_knowledge_that_grows_slower_than_the_kind_of_event_lets_expect():
    course = [
        {"source": s, "value": v, "published": f"2025-{month}-12"}
        for s in FIGURES
        for month, v in (("03", 40), ("05", 150), ("07", 290))
    ]
    found = estimate(rows=course, kind="attack")
    assert told(found) == [("conflict", "rate")]
    assert "an event of kind attack" in found.checks[0].text


@pytest.mark.parametrize(
    ("values", "grade"),
    [((100, 620, 190, 900, 140), "A"), ((30, 1500, 100, 3000, 40, 700), "B")],
)
def test_figures_that_scatter_more_than_the_grade_allows(values, grade):
    found = estimate(*monthly(*values), survey=SURVEY | {"grade": grade})
    assert ("predictive", "G") in told(found)
    assert "do not fit its grade" in " ".join(found.notes)
    # the same figures are no wonder of a source that cannot be judged
    assert told(estimate(*monthly(*values), survey=SURVEY | {"grade": "E"})) == []


def test_a_slip_of_the_pen():
    found = estimate({"source": "G", "value": 310_000, "published": "2025-03-20"})
    assert told(found) == [("unexplained", "row 8")]
    assert "row 8 (p = " in found.checks[0].text
    assert "G, 310,000 killed" in found.checks[0].text
    # ten times too many may be a gross error, which the model knows of
    tenfold = {"source": "G", "value": 3100, "published": "2025-03-20"}
    assert told(estimate(tenfold)) == []


def test_two_splits_that_contradict_each_other():
    rows = [
        {"source": s, "category": c, "value": v, "published": "2025-03-20"}
        for s, counts in (("G", (250, 40, 20)), ("A", (20, 40, 250)), ("B", (30, 35, 240)))
        for c, v in zip("xyz", counts, strict=True)
    ]
    sources = dict.fromkeys("GAB", SURVEY)
    found = estimate(rows=rows, categories=["x", "y", "z"], sources=sources)
    assert ("unexplained", "row 2, 3, 4") in told(found)
    assert "250 x, 40 y and 20 z" in " ".join(f.text for f in found.checks)


def test_an_answer_that_is_mostly_its_prior():
    word = {"source": "G", "words": "dozens", "qualifier": "words", "published": "2025-03-12"}
    found = estimate(word, rows=[], survey="F", range={"low": 20, "high": 200})
    assert told(found) == [("dominated", "killed")]
    (finding,) = found.checks
    sd = np.log(found.posterior["size"][..., 0]).std()
    assert finding.value == pytest.approx(sd / found.case.root_prior.sd)


def test_parts_that_no_report_speaks_of():
    found = estimate(categories={"killed": ["x", "y"], "x": ["north", "south"]})
    assert told(found) == [("dominated", "x and y"), ("dominated", "north and south")]
    column = found.summary()["checks"]
    assert "x and y are" in column["killed"]
    assert "north and south are" in column["x"]
    assert column["north"] == ""


# --- where it is told -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty():
    injured = [{"source": s, "value": v, "measure": "injured", "published": "2025-03-20"}
               for s, v in (("A", 900), ("B", 880), ("G", 900_000))]  # fmt: skip
    return estimate({"source": "G", "value": 310_000, "published": "2025-03-20"}, *injured)


def test_checks_of_all_measures_are_told_with_the_measure(faulty):
    about = [f.text for f in faulty.checks]
    assert about[0].startswith("no part of the model explains row 8")
    assert any(text.startswith("injured: ") for text in about[1:])
    column = faulty.summary()["checks"]
    assert "row 8" in column["killed"]
    assert column["injured"].startswith("injured: ")


def test_what_checks_tell_is_printed_and_in_the_json(faulty):
    (text, *_) = (f.text for f in faulty.checks)
    assert f"Note: {text}" in repr(faulty)
    assert f"<li>{text}</li>" in faulty._repr_html_()
    assert text in json.loads(json.dumps(faulty.to_dict()["warnings"]))
    assert text not in faulty.sentence()


def test_a_saved_estimate_tells_the_same(faulty, tmp_path):
    faulty.save(tmp_path / "e.nc")
    assert tolls.load(tmp_path / "e.nc").checks == faulty.checks


@pytest.mark.filterwarnings("ignore::tolls.TollsWarning")
def test_nothing_more_is_said_of_a_refused_estimate(faulty):
    refused = replace(faulty.diagnostics, ok=False, reasons=("k-hat",))
    assert replace(faulty, diagnostics=refused, others={}).checks == ()


def test_thresholds_are_the_presets():
    strict = load_presets().checks.model_copy(update={"dominated": 0.01})
    found = estimate()
    case = with_presets(found.case, checks=strict)
    assert told(tolls.fit(case, seed=1)) == [("dominated", "killed")]


# --- where the model is true ----------------------------------------------------------------------


def alarms(design, count):
    """How many simulated cases each check tells something of, though the model is true."""
    tally = dict.fromkeys(("conflict", "predictive", "unexplained", "any"), 0)
    for seed in range(count):
        simulated = tolls.simulate(design, seed=seed)
        found = tolls.fit(simulated.case, seed=seed, engine="collapsed", on_failure="warn")
        checks = {f.check for f in found.checks} - {"dominated"}
        for check in (*checks, *(["any"] if checks else [])):
            tally[check] += 1
    return tally


def assert_seldom(tally, count, measures=1):
    most = stats.binom(count, measures * LEVEL).ppf(0.999)
    for check in ("conflict", "predictive", "unexplained"):
        assert tally[check] <= most, tally
    assert tally["any"] <= stats.binom(count, measures * 3 * LEVEL).ppf(0.999), tally


def test_a_true_model_is_seldom_doubted():
    design = case_of(
        *SOUND[:4], *monthly(300, 310, 320, source="A"), kind="conflict",
        range={"low": 30, "high": 3000}, sources=dict.fromkeys("ABCD", MONITOR),
    )  # fmt: skip
    assert_seldom(alarms(design, 30), 30)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::tolls.TollsWarning")
def test_a_true_model_of_everything_is_seldom_doubted():
    tally = alarms(everything(), 300)
    assert_seldom(tally, 300, measures=2)
    assert tally["any"] <= 0.1 * 300


# --- the shipped cases ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(p.parent.name for p in MODELS.glob("*/case.toml")))
def test_no_shipped_case_is_told_anything(name):
    """As of this version: where that changes, look whether what is told is true and of use."""
    assert told(tolls.fit(tolls.read_case(MODELS / name), seed=1)) == []
