"""Functions called with what they do not take: an input error that says what they do take."""

import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest

import tolls
from tolls.errors import InputError

LONG = 10**5000  # Python prints no such number
ROWS = [{"source": "Monitor", "value": 5, "published": "2025-03-09"}]
CASE = tolls.Case(ROWS, categories=["a", "b"])


@pytest.fixture(scope="module")
def estimate():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tolls.TollsWarning)
        return tolls.fit(CASE, seed=1)


def name(value: object) -> str:
    return "long" if isinstance(value, int) and value > 10**100 else repr(value)[:20]


SEEDED = {
    "fit": lambda **given: tolls.fit(**{"case": CASE, "seed": 1} | given),
    "simulate": lambda **given: tolls.simulate(**{"case": CASE, "seed": 1} | given),
    "sensitivity": lambda **given: tolls.sensitivity(**{"case": CASE, "seed": 1} | given),
    "timeline": lambda **given: tolls.timeline(
        **{"case": CASE, "dates": ["2025-03-09"], "seed": 1} | given
    ),
    "backtest": lambda **given: tolls.backtest(
        **{"case": CASE, "truth": 5, "as_of": [0], "seed": 1} | given
    ),
    "calibrate": lambda **given: tolls.calibrate(**{"case": CASE, "n": 1, "seed": 1} | given),
    "render": lambda **given: tolls.render(
        **{"case": CASE, "folder": "nowhere", "seed": 1} | given
    ),
}


@pytest.mark.parametrize("of", SEEDED)
@pytest.mark.parametrize("seed", [None, "1", 1.0, -1, 2**63, True, np.nan, [1], LONG], ids=name)
def test_no_seed(of, seed):
    with pytest.raises(InputError, match=r"seed: .* is no seed; allowed: "):
        SEEDED[of](seed=seed)


@pytest.mark.parametrize("of", SEEDED)
@pytest.mark.parametrize("case", [None, 5, "x", [], {}, object(), ROWS], ids=name)
def test_no_case(of, case):
    with pytest.raises(InputError, match=r"case|backtest"):
        SEEDED[of](case=case)


@pytest.mark.parametrize("of", ["fit", "simulate", "sensitivity", "render"])
@pytest.mark.parametrize(
    "day", [5, "", "soon", [], "2025-02-30", "٢٠٢٥-٠٣-٠٩", pd.NaT, LONG], ids=name
)
def test_no_date(of, day):
    with pytest.raises(InputError, match=r"as_of: .* is no date; allowed: YYYY-MM-DD"):
        SEEDED[of](as_of=day)


@pytest.mark.parametrize("day", ["", "soon", [], "٣", -1, 1.5, True, LONG], ids=name)
def test_no_day_of_a_backtest(day):
    with pytest.raises(InputError, match=r"as_of: .* is no date"):
        SEEDED["backtest"](as_of=[day])


@pytest.mark.parametrize("executor", ["", 0, [], "x", object()], ids=name)
@pytest.mark.parametrize("of", ["calibrate", "backtest"])
def test_no_executor(of, executor):
    with pytest.raises(InputError, match=r"executor: is a .*; allowed: a concurrent"):
        SEEDED[of](executor=executor)


@pytest.mark.parametrize("n", [None, "1", 0, -1, 1.5, True, np.nan, LONG], ids=name)
def test_no_number_of_runs(n):
    with pytest.raises(InputError, match=r"n: .* is no number of runs; allowed: 1 to"):
        SEEDED["calibrate"](n=n)


@pytest.mark.parametrize("of", ["calibrate", "backtest"])
@pytest.mark.parametrize("folder", ["a\0b", "/dev/null/x"])
def test_no_folder(of, folder):
    with pytest.raises(InputError, match=r"cannot be made .*; name a folder that can be written"):
        SEEDED[of](folder=folder)


@pytest.mark.parametrize(
    "given",
    [5, "x", {"a": "x", "b": 1}, {"a": None, "b": 2}, {5: 1}, {"a": True, "b": 1},
     {"a": np.nan, "b": 1}, {"a": LONG, "b": 1}, {"a": 1}],
    ids=lambda given: name(next(iter(given.values())) if isinstance(given, dict) else given),
)  # fmt: skip
def test_no_tolls_to_simulate(given):
    with pytest.raises(InputError, match=r"tolls: .*; allowed: "):
        tolls.simulate(CASE, seed=1, tolls=given)


PAIRS = [1, (1,), (1, 2, 3), ("a", 1), (1, 0), (5, np.inf), (LONG, 5), (5, LONG), (LONG,)]


@pytest.mark.parametrize("pair", PAIRS, ids=map(str, range(len(PAIRS))))
def test_no_track_record(pair):
    with pytest.raises(InputError, match=r"track_record, pair 1: .*; allowed: "):
        tolls.elicit([pair])


@pytest.mark.parametrize("ratio", [0, -1, "x", None, np.nan, 1e7, 1e308, LONG], ids=name)
def test_no_ratio(ratio):
    with pytest.raises(InputError, match=r"quantiles: the ratio at 0.9 is .*; allowed: "):
        tolls.elicit(quantiles={0.1: 1.0, 0.9: ratio})


@pytest.mark.parametrize("prob", [None, "x", 0, 1, 95, np.nan, True, [0.5], LONG], ids=name)
@pytest.mark.parametrize("method", ["summary", "sources", "sentence"])
def test_no_probability(estimate, method, prob):
    with pytest.raises(
        InputError, match=r"ci_prob: .* is no probability; allowed: between 0 and 1"
    ):
        getattr(estimate, method)(ci_prob=prob)


@pytest.mark.parametrize("bound", ["x", np.nan, [1], object()], ids=name)
def test_no_bound(estimate, bound):
    with pytest.raises(InputError, match="probability: no finite number is given"):
        estimate.probability("a", at_least=bound)


@pytest.mark.parametrize("path", [5, b"x", []], ids=name)
def test_no_path_to_save_to(estimate, path):
    with pytest.raises(InputError, match="path: is a "):
        estimate.save(path)


def test_no_name_of_a_file(estimate):
    with pytest.raises(OSError, match="NUL"):
        estimate.save("a\0b")


@pytest.mark.parametrize(
    "plot", ["tolls", "reports", "sources", "timeline", "sensitivity", "backtest", "calibration"]
)
@pytest.mark.parametrize("result", [None, 5, "x", [], CASE], ids=name)
def test_no_result_to_plot(plot, result):
    with pytest.raises(InputError, match=r"is a .*; allowed: a tolls."):
        getattr(tolls.plots, plot)(result)


@pytest.mark.parametrize("ax", [5, "x", []], ids=name)
def test_no_axes(estimate, ax):
    with pytest.raises(InputError, match=r"ax: is a .*; allowed: matplotlib's Axes"):
        tolls.plots.tolls(estimate, ax=ax)


@pytest.mark.parametrize(
    "given",
    [{"kind": LONG}, {"range": {"low": 1, "high": LONG}}, {"title": [LONG]},
     {"sources": {"Monitor": {"bias": {"low": 0.5, "high": LONG}}}}],
    ids=["kind", "range", "title", "bias"],
)  # fmt: skip
def test_no_number_of_thousands_of_digits(given):
    with pytest.raises(InputError, match=r"Case, key .*: holds a number of thousands of digits"):
        tolls.Case(ROWS, **given)


def test_half_a_character_is_told_as_what_it_is():
    with pytest.raises(InputError, match=r"Case, key title: .* holds U\+D800, a control character"):
        tolls.Case(ROWS, title="a\ud800")


@pytest.mark.parametrize("bridges", [iter([]), {}, "x", 5], ids=name)
def test_no_bridges(bridges):
    with pytest.raises(InputError, match=r"bridges: is a .*; allowed: a list of mappings"):
        tolls.Case(ROWS, bridges=bridges)


def test_a_day_may_be_of_pandas_and_a_number_of_numpy():
    assert tolls.simulate(CASE, seed=np.int64(1), as_of=pd.Timestamp("2025-03-10")).tolls
    assert tolls.simulate(
        CASE, seed=1, as_of=date(2025, 3, 10), tolls={"killed": np.int64(5)}
    ).tolls
