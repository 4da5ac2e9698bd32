"""The shipped defaults are those of the design, and one's own file replaces them table by table."""

import math
import re
from pathlib import Path

import pytest
from helpers import assert_told, write_case

from tolls import read_case
from tolls.errors import InputError
from tolls.phrases import read_phrase
from tolls.presets import load_presets

SHIPPED = load_presets()
TOLD = (Path(__file__).parents[1] / "models" / "README.md").read_text(encoding="utf-8")


def numbers(text):
    return [float(number) for number in text.split(", ")]


def own(folder, text):
    (folder / "scale.toml").write_text(text, encoding="utf-8")
    return load_presets("scale.toml", folder)


def refusal(folder, text, scale="scale.toml"):
    (folder / "scale.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        load_presets(scale, folder)
    return caught.value.problems


@pytest.mark.parametrize(
    ("letter", "reliability", "scatter", "composition"),
    [
        ("A", (19.5, 0.5), 0.07, 400),
        ("B", (13.3, 1.7), 0.14, 100),
        ("C", (7.9, 2.1), 0.25, 30),
        ("D", (3.5, 6.5), 0.50, 8),
        ("E", (1.5, 8.5), 0.85, 3),
        ("F", (2, 2), 0.50, 8),
    ],
)
def test_grades_are_those_that_were_tuned(letter, reliability, scatter, composition):
    grade = SHIPPED.grades[letter]
    assert grade.reliability == reliability
    assert (grade.scatter, grade.composition) == (scatter, composition)


def test_kinds_of_source_are_those_that_the_readme_of_the_cases_tells():
    told = {}
    for names, medians, sds in re.findall(
        r"^\| ([a-z_, ]+) \| ([\d., ]+) \| ([\d., ]+) \|", TOLD, re.M
    ):
        told |= zip(
            names.split(", "),
            zip(numbers(medians), numbers(sds), strict=True),
            strict=True,
        )
    assert told == {name: (k.median, k.sd) for name, k in SHIPPED.source_kinds.items()}


def test_paces_of_events_are_those_that_the_readme_of_the_cases_tells():
    sentence = re.search(r"The median rate per day is ([^;]*);", TOLD)[1]
    told = {}
    for rate, kinds in re.findall(r"([\d.]+) for ([^\d]*)", sentence):
        told |= dict.fromkeys(re.findall(r"(?:an?) (\w+)", kinds), float(rate))
    assert told == {
        name: k.rate for name, k in SHIPPED.event_kinds.items() if k.rate and name != "other"
    }
    assert SHIPPED.event_kinds["conflict"].rate is None


def test_spreads_and_memories_are_those_of_the_design_and_of_the_backtest():
    growth, belief, links = SHIPPED.growth, SHIPPED.belief, SHIPPED.links
    assert SHIPPED.shared_bias.sd == 0.1
    assert (growth.eta_sd, growth.shape_log_mean, growth.shape_log_sd) == (0.5, 0.1, 0.25)
    assert (growth.least_days, growth.least_hours) == (0.5, 1.0)
    assert (belief.gross_sd, belief.scatter_log_sd) == (1.5, 0.5)
    assert (belief.part_sd, belief.counting) == (0.15, 0.5)
    assert (links.r_max, links.memory_days, links.fresh, links.floor_factor) == (0.95, 10, 0.2, 1.2)
    assert (SHIPPED.root.low, SHIPPED.root.high, SHIPPED.root.mass) == (1, 10_000, 0.95)
    assert SHIPPED.partition.sd == 1.5
    assert dict(zip(SHIPPED.bounds.means, SHIPPED.bounds.weights, strict=True)) == {
        0.2: 0.05,
        20: 0.95,
    }


def test_about_rounds_to_two_and_one_digits_with_four_tenths_each():
    weights = dict(zip(SHIPPED.about.digits, SHIPPED.about.weights, strict=True))
    assert (weights[2], weights[1]) == (0.4, 0.4)
    assert weights[3] + SHIPPED.about.unrounded == pytest.approx(0.2)


def test_every_letter_has_every_credibility_digit_and_worse_content_lowers_reliability():
    assert set(SHIPPED.combined) == {letter + digit for letter in "ABCDEF" for digit in "123456"}
    for letter in "ABCDEF":
        means = [a / (a + b) for a, b in (SHIPPED.combined[letter + d] for d in "12345")]
        assert means == sorted(means, reverse=True)
        assert SHIPPED.combined[letter + "6"] == SHIPPED.grades[letter].reliability


def test_own_numbers_replace_single_entries_and_leave_the_rest(tmp_path):
    changed = own(tmp_path, "[grades.B]\nscatter = 0.3\n")
    assert changed.grades["B"].scatter == 0.3
    assert changed.grades["B"].reliability == SHIPPED.grades["B"].reliability
    assert changed.grades["A"] == SHIPPED.grades["A"]
    assert changed.source_kinds == SHIPPED.source_kinds


def test_own_kinds_are_added_to_the_shipped_ones(tmp_path):
    changed = own(tmp_path, '[source_kinds.morgue]\nwords = "a morgue"\nmedian = 0.7\nsd = 0.2\n')
    assert changed.source_kinds["morgue"].median == 0.7
    assert changed.source_kinds["monitor"] == SHIPPED.source_kinds["monitor"]


def test_a_word_or_hedge_set_to_false_is_taken_out(tmp_path):
    changed = own(tmp_path, "[words.terms]\nscores = false\n[hedges]\n'just over' = false\n")
    assert read_phrase("scores", changed) is None
    assert read_phrase("just over 90", changed) is None
    assert read_phrase("dozens", changed) == read_phrase("dozens", SHIPPED)
    assert len(changed.words.terms) == len(SHIPPED.words.terms) - 1


def test_a_word_that_none_replaces_cannot_be_taken_out(tmp_path):
    with pytest.raises(InputError, match="no word covers 10 to 24"):
        own(tmp_path, "[words.terms]\n'a dozen' = false\n")


def test_only_what_is_there_can_be_taken_out(tmp_path):
    with pytest.raises(InputError, match=r"key words\.terms\.scroes: must be a table"):
        own(tmp_path, "[words.terms]\nscroes = false\n")


def test_a_wording_of_ones_own_word_stands_for_no_other(tmp_path):
    added = "[words.terms]\n'many scores' = { low = 100, high = 200, share = 0.2 }\n"
    with pytest.raises(InputError, match='"many scores" stands for two words'):
        own(tmp_path, added)
    assert read_phrase("many scores", own(tmp_path, f"{added}scores = false\n")).qualifier


def test_presets_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        SHIPPED.shared_bias.sd = 1.0


def test_an_unknown_scale_names_the_shipped_ones_and_the_nearest():
    with pytest.raises(InputError) as caught:
        load_presets("admirality")
    assert_told(
        caught.value.problems,
        "reliability", '"admirality"', "allowed: admiralty", 'did you mean "admiralty"',
    )  # fmt: skip


@pytest.mark.parametrize("scale", ["/etc/scale.toml", "../../scale.toml", "a/../../../b.toml"])
def test_a_scale_outside_the_project_is_refused(tmp_path, scale):
    folder = tmp_path / "models" / "case"
    folder.mkdir(parents=True)
    assert_told(refusal(folder, "", scale), "reliability", scale, "allowed: ")


def test_a_scale_beside_the_case_folder_may_be_shared(tmp_path):
    folder = tmp_path / "models" / "case"
    folder.mkdir(parents=True)
    (folder.parent / "shared.toml").write_text("[shared_bias]\nsd = 0.4\n")
    assert load_presets("../shared.toml", folder).shared_bias.sd == 0.4


def test_a_missing_scale_is_named(tmp_path):
    with pytest.raises(InputError, match=r"reliability.*gone\.toml"):
        load_presets("gone.toml", tmp_path)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        pytest.param("[grades.B\n", ("scale.toml", "TOML"), id="not TOML"),
        pytest.param(b"\xff\xfe", ("scale.toml", "UTF-8"), id="not UTF-8"),
        pytest.param(
            "[grdes.B]\nscatter = 1\n",
            ("scale.toml", "key grdes", "allowed: ", 'did you mean "grades"'),
            id="unknown table",
        ),
        pytest.param(
            "[grades.B]\nscater = 1\n",
            ("scale.toml", "key grades.B.scater", 'did you mean "scatter"'),
            id="unknown key",
        ),
        pytest.param(
            "[grades.B]\nscatter = -0.2\n",
            ("scale.toml", "key grades.B.scatter", "-0.2", "0.001 or more"),
            id="negative scatter",
        ),
        pytest.param(
            "[grades.B]\nreliability = [12.0]\n",
            ("scale.toml", "key grades.B.reliability"),
            id="half a Beta",
        ),
        pytest.param(
            "[about]\ndigits = [2, 1]\nweights = [0.4, 0.4]\n",
            ("scale.toml", "key about", "sum to one"),
            id="rounding weights",
        ),
        pytest.param(
            "[about]\nleast_figures = 0\n",
            ("scale.toml", "key about.least_figures", "0", "1"),
            id="figures of a habit",
        ),
        pytest.param(
            "[bounds]\nmeans = [0.2]\nweights = [0.5]\n",
            ("scale.toml", "key bounds", "sum to one"),
            id="overshoot weights",
        ),
        pytest.param(
            "[event_kinds.siege]\nrate = 0.2\nfound = [60, 1]\n",
            ("scale.toml", "key event_kinds.siege", "rate_sd"),
            id="rate without spread",
        ),
    ],
)
def test_a_faulty_scale_is_refused_with_file_key_and_value(tmp_path, text, fragments):
    assert_told(refusal(tmp_path, text), *fragments)


def test_a_case_reads_its_own_scale(tmp_path):
    path = write_case(tmp_path, 'format = 1\nreliability = "scale.toml"\n')
    (tmp_path / "scale.toml").write_text("[shared_bias]\nsd = 0.4\n")
    assert read_case(path).presets.shared_bias.sd == 0.4


def test_a_scale_is_found_from_the_cases_folder_wherever_its_reports_lie(tmp_path):
    path = write_case(tmp_path, 'format = 1\nreports = "data/r.csv"\nreliability = "scale.toml"\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "reports.csv").rename(tmp_path / "data" / "r.csv")
    (tmp_path / "scale.toml").write_text("[shared_bias]\nsd = 0.4\n")
    assert read_case(path).presets.shared_bias.sd == 0.4


# --- what no fit reads ----------------------------------------------------------------------------


def test_what_an_estimate_is_held_against_is_as_documented():
    asked, checks = SHIPPED.sensitivity, SHIPPED.checks
    assert asked.free_mean_sd == pytest.approx(math.log(2), abs=0.005)
    assert asked.factors == pytest.approx([4.0 ** (i / 8) for i in range(-8, 9)])
    assert (asked.nudge, asked.told_above) == (0.01, 0.05)  # Kallioinen et al. 2023
    assert 3 * checks.level <= 0.1


@pytest.mark.parametrize(
    "lines", ["lowest = 0.5", "points = 16", "lowest = 2.0\nhighest = 0.5", "power = 0.9"]
)
def test_a_grid_that_is_not_even_around_one_is_refused(tmp_path, lines):
    assert_told(refusal(tmp_path, f"[sensitivity]\n{lines}\n"), "sensitivity")


def test_questions_and_checks_are_no_part_of_a_cases_digest(tmp_path):
    path = write_case(tmp_path, 'format = 1\nstart = 2025-03-06\nreliability = "scale.toml"\n')
    (tmp_path / "scale.toml").write_text("[checks]\nlevel = 0.1\n")
    case = read_case(path)
    (tmp_path / "scale.toml").write_text("")
    assert case.presets.checks.level == 0.1
    assert case.digest == read_case(path).digest
