"""A track record or two quantiles become a grade and priors, told as what a report of 500 means."""

import ast
import math
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from helpers import assert_told, case_of
from scipy.stats import norm

import tolls
import tolls.elicitation
from tolls.errors import InputError
from tolls.presets import load_presets
from tolls.reliability import SourceDeclaration, source_prior

PRESETS = load_presets()
KAPPA, GROSS = PRESETS.shared_bias.sd, PRESETS.belief.gross_sd
GOOD = [(900, 1000), (380, 450), (2100, 2000), (1150, 1200), (400, 520), (710, 800)]


def prior_of(grade, kind, **declared):
    return source_prior(SourceDeclaration("", grade, kind, **declared), PRESETS)


def evidences(record, kind, draws, rng, gross=True, own_noise=False):
    """Likelihood of a record by Monte Carlo at each grade, and its relative standard error.

    Shares nothing with the package: everything that the grid integrates is drawn, every event's own
    bias and the shared one among it. `own_noise`: counting noise follows them too.
    """
    found = []
    for grade in "ABCDE":
        prior, nature = prior_of(grade, kind), PRESETS.source_kinds[kind]
        beta = rng.normal(math.log(nature.median), nature.sd, draws)
        scatter = np.exp(rng.normal(prior.scatter.mean, prior.scatter.sd, draws))
        p = rng.beta(prior.reliability.a, prior.reliability.b, draws) if gross else 1.0
        likelihood = np.ones(draws)
        for reported, verified in record:
            case = rng.normal(beta, PRESETS.grades[grade].scatter)
            centre = math.log(verified) + case + rng.normal(0, KAPPA, draws)
            counted = centre if own_noise else math.log(verified) + beta
            variance = scatter**2 + PRESETS.belief.counting * np.exp(-np.maximum(counted, 0))
            edges = [np.log(reported + 0.5), np.log(max(reported - 0.5, 1e-300))]
            of = [
                -np.subtract(*(norm.sf((e - centre) / np.sqrt(v)) for e in edges))
                for v in (variance, variance + GROSS**2)
            ]
            likelihood *= p * of[0] + (1 - p) * of[1]
        found.append((likelihood.mean(), likelihood.std() / likelihood.mean() / draws**0.5))
    return np.array(found).T


def test_two_quantiles_are_those_of_the_bias():
    known = tolls.elicit(quantiles={0.1: 0.6, 0.9: 1.2}, kind="monitor")
    # by symmetry the median is the geometric mean; 1.281552 is the 90 % quantile of a normal
    assert known.bias.median == pytest.approx(math.sqrt(0.6 * 1.2))
    assert known.bias.sd == pytest.approx(math.log(2) / (2 * 1.281552), rel=1e-6)
    assert known.bias.interval(0.8) == pytest.approx((0.6, 1.2))


@pytest.mark.parametrize(("p", "q"), [(0.025, 0.3), (0.5, 0.9), (0.9, 0.99)])
def test_any_two_quantiles_in_any_order_are_kept(p, q):
    bias = tolls.elicit(quantiles={q: 1.7, p: 0.8}).bias
    for probability, ratio in ((p, 0.8), (q, 1.7)):
        assert norm.cdf((math.log(ratio) - bias.mean) / bias.sd) == pytest.approx(probability)


@pytest.mark.parametrize("grade", list("ABCDE"))
@pytest.mark.parametrize("kind", ["monitor", "forensic", "own_losses"])
def test_quantiles_as_wide_as_a_grades_prior_give_that_grade(grade, kind):
    prior = prior_of(grade, kind)
    low, high = prior.bias.interval(0.8)
    known = tolls.elicit(quantiles={0.1: 2 * low, 0.9: 2 * high}, kind=kind)
    assert known.grade == grade
    assert known.bias.median == pytest.approx(2 * prior.bias.median)
    assert (known.scatter, known.reliability) == (prior.scatter, prior.reliability)


@pytest.mark.parametrize("kind", list(PRESETS.source_kinds))
def test_without_records_the_priors_are_those_of_the_kind_and_grade_F(kind):
    known, prior = tolls.elicit([], kind=kind), prior_of("F", kind)
    assert (known.grade, known.n, known.probabilities) == ("F", 0, {})
    assert (known.bias, known.scatter, known.reliability) == (
        prior.bias, prior.scatter, prior.reliability,
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2])
def test_few_records_leave_grade_F_and_move_its_prior_a_little(count):
    known, prior = tolls.elicit([(1800, 1000)] * count, kind="monitor"), prior_of("F", "monitor")
    assert known.grade == "F"
    assert prior.bias.median < known.bias.median < 1.8
    assert PRESETS.grades["F"].scatter < known.bias.sd < prior.bias.sd


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        pytest.param(GOOD[:3], "monitor", id="good"),
        pytest.param([(300, 1000), (700, 500), (2000, 2100), (90, 600)], "media", id="wild"),
        pytest.param([(0, 300), (400, 500), (700, 600)], "own_losses", id="a zero"),
        pytest.param([(3, 4), (1, 3), (5, 5)], "monitor", id="few people"),
    ],
)
def test_probabilities_of_the_grades_agree_with_monte_carlo(record, kind):
    expected, tolerance = shares(evidences(record, kind, 40_000, np.random.default_rng(1)))
    found = np.array(list(tolls.elicit(record, kind=kind).probabilities.values()))
    assert np.all(np.abs(found - expected) < tolerance)


def test_counting_noise_at_the_lasting_bias_costs_little_even_where_few_died():
    record, rng = [(3, 4), (1, 3), (5, 5)], np.random.default_rng(1)
    expected, tolerance = shares(evidences(record, "monitor", 40_000, rng, own_noise=True))
    found = np.array(list(tolls.elicit(record, kind="monitor").probabilities.values()))
    assert np.all(np.abs(found - expected) < 0.02 + tolerance)


def shares(found):
    """Return the grades' probabilities and four of their standard errors."""
    likelihood, error = found
    w = likelihood / likelihood.sum()
    # relative error of E / sum E: (1 - w) of its own and w' of every other, independent
    return w, 4 * w * np.sqrt((np.outer(np.ones(5), w) - np.eye(5)) ** 2 @ error**2)


def test_a_denser_grid_changes_nothing(monkeypatch):
    record = [*GOOD[:3], (9000, 500), (0, 40)]
    coarse = tolls.elicit(record, kind="monitor")
    monkeypatch.setattr(tolls.elicitation, "NODES", (61, 31, 73))
    fine = tolls.elicit(record, kind="monitor")
    assert coarse.probabilities == pytest.approx(fine.probabilities, abs=1e-3)
    assert (coarse.bias.mean, coarse.bias.sd) == pytest.approx(
        (fine.bias.mean, fine.bias.sd), abs=1e-3
    )
    assert coarse.reliability.mean == pytest.approx(fine.reliability.mean, abs=1e-3)


def test_where_nothing_but_the_bias_is_open_the_posterior_is_the_conjugate_one(
    tmp_path, monkeypatch
):
    grades = "".join(
        f"[grades.{g}]\nscatter = 0.2\nreliability = [1e6, 1.0]\n" for g in "ABCDE"
    )  # all honest, and all alike
    (tmp_path / "scale.toml").write_text(grades + "[belief]\nscatter_log_sd = 0.01\n")
    monkeypatch.chdir(tmp_path)
    ratios = np.array([0.7, 0.9, 1.3, 1.1, 0.8])
    record = [(int(r * 10**6), 10**6) for r in ratios]
    known = tolls.elicit(record, kind="monitor", reliability="scale.toml")
    of_kind = PRESETS.source_kinds["monitor"].sd
    each = 0.2**2 + KAPPA**2 + 0.2**2
    precision = 1 / of_kind**2 + len(ratios) / each
    mean = (math.log(0.9) / of_kind**2 + np.log(ratios).sum() / each) / precision
    assert known.bias.mean == pytest.approx(mean, abs=1e-3)
    assert known.bias.sd == pytest.approx(math.sqrt(1 / precision + 0.2**2), rel=1e-3)
    assert list(known.probabilities.values()) == pytest.approx([0.2] * 5)


def simulated(grade, kind, events, rng, typical=False):
    """Draw a source, or one typical of its grade, its record, and its bias in one case more."""
    prior, nature = prior_of(grade, kind), PRESETS.source_kinds[kind]
    of_case = PRESETS.grades[grade].scatter
    beta = rng.normal(math.log(nature.median), nature.sd)
    scatter = math.exp(rng.normal(prior.scatter.mean, prior.scatter.sd))
    p = rng.beta(prior.reliability.a, prior.reliability.b)
    if typical:
        scatter, p = prior.scatter.median, prior.reliability.mean
    verified = np.exp(rng.uniform(2, 8, events))
    centre = np.log(verified) + rng.normal(beta, math.hypot(of_case, KAPPA), events)
    variance = scatter**2 + 0.5 * np.exp(-np.maximum(centre, 0))
    variance += np.where(rng.random(events) < p, 0, GROSS**2)
    reported = np.floor(np.exp(rng.normal(centre, np.sqrt(variance))) + 0.5)
    record = list(zip(reported.tolist(), verified.tolist(), strict=True))
    return record, beta, rng.normal(beta, of_case)


def test_the_bias_of_a_new_case_lies_in_its_interval_as_often_as_it_says():
    rng, trials = np.random.default_rng(5), 80
    held, if_certain = 0, 0
    for _ in range(trials):
        grade, kind = rng.choice(list("ABCDE")), rng.choice(list(PRESETS.source_kinds))
        record, _, new = simulated(grade, kind, 4, rng)
        bias = tolls.elicit(record, kind=kind).bias
        off = abs(new - bias.mean) / bias.sd
        held += off < norm.isf(0.05)
        if_certain += off * bias.sd < norm.isf(0.05) * PRESETS.grades["A"].scatter
    tolerance = 4 * math.sqrt(0.9 * 0.1 / trials)  # binomial, of a 90 % interval
    assert held / trials == pytest.approx(0.9, abs=tolerance)
    # as if a source of grade A were known for certain: the test would tell
    assert if_certain / trials < 0.9 - tolerance


@pytest.mark.parametrize("grade", ["B", "D"])
def test_a_long_record_finds_the_lasting_bias_and_keeps_what_a_case_adds(grade):
    events, kind = 120, "monitor"
    record, beta, _ = simulated(grade, kind, events, np.random.default_rng(3), typical=True)
    known = tolls.elicit(record, kind=kind)
    of_case = PRESETS.grades[grade].scatter
    assert known.grade == grade
    # sd of a mean of so many, were all gross errors of 1.5
    error = math.sqrt((2 * of_case**2 + KAPPA**2 + GROSS**2) / events)
    assert known.bias.mean == pytest.approx(beta, abs=4 * error)
    # what a case adds at each grade that is still possible; little more is open
    added = math.sqrt(
        sum(p * PRESETS.grades[g].scatter ** 2 for g, p in known.probabilities.items())
    )
    assert added < known.bias.sd < 1.1 * added


def test_one_outlier_is_a_gross_error_and_does_not_cost_the_grade():
    record = [*GOOD, (20_000, 1000)]
    known = tolls.elicit(record, kind="monitor")
    assert known.grade == tolls.elicit(GOOD, kind="monitor").grade == "A"
    assert known.reliability.mean < tolls.elicit(GOOD, kind="monitor").reliability.mean
    # the wrong variant: every statement honest
    alone, _ = evidences(record, "monitor", 20_000, np.random.default_rng(2), gross=False)
    assert "ABCDE"[alone.argmax()] in "DE"


def test_a_worse_record_gives_a_worse_grade_and_a_wider_prior():
    steady, spread = (
        [(round(1000 * math.exp(0.9 * way * z)), 1000) for z in (-1.5, -1, -0.4, 0, 0.4, 1, 1.5)]
        for way in (0.1, 1)
    )
    better, worse = (tolls.elicit(record, kind="monitor") for record in (steady, spread))
    assert better.grade < worse.grade
    assert better.bias.sd < worse.bias.sd


def test_the_sentence_says_what_the_priors_mean():
    known = tolls.elicit([*GOOD, (20_000, 1000)], kind="monitor")
    # a lognormal's mean square: exp(2 mean + 2 sd^2)
    square = math.exp(2 * known.scatter.mean + 2 * known.scatter.sd**2)
    sd = math.sqrt(known.bias.sd**2 + KAPPA**2 + square + 0.5 / 500)
    median = 500 / known.bias.median
    low, high = median * math.exp(-1.959964 * sd), median * math.exp(1.959964 * sd)
    told = re.fullmatch(
        r"A report of 500 from such a source suggests a true toll of about ([\d,]+) \(([\d,]+) to "
        r"([\d,]+) with 95 % probability, before any other evidence\), if it is honest and "
        r"everything is knowable by then; about (\d+) of 100 of its statements are gross errors\.",
        known.sentence,
    )
    found = [int(number.replace(",", "")) for number in told.groups()]
    # two digits: rounded by a twentieth at the most
    assert found == pytest.approx([median, low, high, 100 * (1 - known.reliability.mean)], rel=0.05)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(tolls.elicit(GOOD, kind="monitor"), id="record"),
        pytest.param(tolls.elicit(GOOD[:1], kind="media"), id="grade F"),
        pytest.param(tolls.elicit([], kind="witness"), id="no record"),
        pytest.param(tolls.elicit(quantiles={0.1: 0.6, 0.9: 1.2}), id="quantiles"),
        pytest.param(tolls.elicit(quantiles={0.2: 1, 0.8: 1.00001}), id="narrow quantiles"),
    ],
)
def test_a_case_reads_the_lines_back(known):
    declared = tomllib.loads("[sources.Monitor]\n" + known.toml())["sources"]
    prior = case_of({"value": 5}, sources=declared).source_prior("Monitor")
    assert prior.grade == known.grade
    assert declared["Monitor"]["kind"] == known.kind
    for found, expected in ((prior.bias, known.bias), (prior.scatter, known.scatter)):
        # written to a hundredth of the sd or closer
        assert found.mean == pytest.approx(expected.mean, abs=expected.sd / 100)
        assert found.sd == pytest.approx(expected.sd, rel=0.01)
    assert (prior.reliability.a, prior.reliability.b) == pytest.approx(
        (known.reliability.a, known.reliability.b), rel=0.01
    )


def test_the_scale_says_how_many_records_it_takes(tmp_path, monkeypatch):
    (tmp_path / "scale.toml").write_text("[elicitation]\nleast_records = 7\n")
    monkeypatch.chdir(tmp_path)
    assert tolls.elicit(GOOD, kind="monitor", reliability="scale.toml").grade == "F"


def test_what_no_fit_reads_is_no_part_of_a_case():
    case = case_of({"value": 5})
    assert "elicitation" not in case.presets.model_dump()
    assert tolls.Case.from_json(case.to_json()).presets.elicitation == PRESETS.elicitation


def test_numpy_pairs_are_read_and_their_order_does_not_matter():
    known = tolls.elicit(np.array(GOOD), kind="monitor")
    again = tolls.elicit(reversed(GOOD), kind="monitor")
    assert known.n == again.n == len(GOOD)
    assert known.bias.mean == pytest.approx(again.bias.mean, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "fragments"),
    [
        pytest.param({}, ("neither given", "allowed: one of them"), id="neither"),
        pytest.param(
            {"track_record": [], "quantiles": {0.1: 0.6, 0.9: 1.2}}, ("both given",), id="both"
        ),
        pytest.param(
            {"track_record": [], "kind": "moniter"},
            ('"moniter"', "allowed: ", 'did you mean "monitor"'),
            id="kind",
        ),
        pytest.param({"track_record": [(5, 0)]}, ("verified is 0", "above 0"), id="nobody"),
        pytest.param({"track_record": [(5, math.nan)]}, ("verified is nan",), id="nan"),
        pytest.param({"track_record": [(5, 5), (-1, 5)]}, ("pair 2", "is -1"), id="below 0"),
        pytest.param({"track_record": [(5.5, 5)]}, ("reported is 5.5", "whole number"), id="half"),
        pytest.param({"track_record": [("5", 5)]}, ("reported is '5'",), id="text"),
        pytest.param({"track_record": [(True, 5)]}, ("reported is True",), id="truth"),
        pytest.param({"track_record": [5]}, ("5 is no pair", "(reported, verified)"), id="no pair"),
        pytest.param({"quantiles": {0.5: 1}}, ("1 given", "allowed: two"), id="one quantile"),
        pytest.param({"quantiles": {0.1: 1.2, 0.9: 0.6}}, ("not in order", "1.2"), id="unordered"),
        pytest.param({"quantiles": {0.1: 1, 0.9: 1}}, ("not in order",), id="equal"),
        pytest.param({"quantiles": {0.1: 1, 0.1001: 9}}, ("mean an sd of 3.9e+03",), id="narrow"),
        pytest.param({"quantiles": {10: 0.6, 90: 1.2}}, ("10 is no probability",), id="percent"),
        pytest.param({"quantiles": {0.1: 0, 0.9: 1}}, ("at 0.1 is 0", "0.000001 to"), id="ratio 0"),
        pytest.param({"quantiles": {0.1: 1, 0.9: math.inf}}, ("at 0.9 is inf",), id="no end"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(given, fragments):
    with pytest.raises(InputError) as caught:
        tolls.elicit(**given)
    assert_told(caught.value.problems, "elicit", *fragments)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        tolls.elicit([(1, 0), (-1, 2)], kind="none")
    assert len(caught.value.problems) == 3


def test_a_report_of_nobody_implies_nothing():
    with pytest.raises(InputError, match="at least 1 person"):
        tolls.elicit([]).implied(0)


def test_the_readme_quotes_what_its_record_says():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.partition("## From a track record to a prior")[2]
    record = ast.literal_eval(re.search(r"^record = (.*)$", section, re.MULTILINE).group(1))
    sentence = tolls.elicit(record, kind="monitor").sentence
    assert f"_{sentence}_" in " ".join(section.split())
