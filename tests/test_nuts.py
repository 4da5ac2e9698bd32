"""Compiled models are reused by cases of one structure, and give the bytes of a fresh compilation.

Only the tests of the fixture `runs` compile: two models, the second from numba's cache.
"""

import ctypes
import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import nutpie
import pytensor
import pytest
from helpers import case_of, evidence_of
from pytensor.compile.mode import Mode

import tolls
from tolls import nuts
from tolls.evidence import gather
from tolls.graph import NUMBERS, assemble, build, split
from tolls.nuts import KEPT, Settings, compile_model, sample

PLAIN = Mode("py", "fast_compile")
QUICK = Settings(tune=200, draws=100, target_accept=0.8)

ROWS = [
    {"value": 120},
    {"value": 150, "published": "2025-03-11"},
    {"value": 80, "category": "civilians", "qualifier": "at_least", "published": "2025-03-10"},
    {"value": 100, "source": "Radio", "qualifier": "about", "published": "2025-03-08"},
    {"value": 60, "category": "civilians", "source": "Ministry"},
    {"value": 30, "category": "forces", "source": "Ministry"},
    {"value": 70, "category": "civilians", "source": "Ministry", "published": "2025-03-14"},
    {"value": 40, "category": "forces", "source": "Ministry", "published": "2025-03-14"},
]
DECLARED = {
    "categories": ["civilians", "forces"], "kind": "battle",
    "sources": {"Monitor": "B", "Radio": "D", "Ministry": "C"},
}  # fmt: skip
FIRST = evidence_of(*ROWS, **DECLARED)


def other_evidence():
    """Of the structure of `FIRST`, with other figures, dates, priors and presets throughout."""
    case = case_of(
        {"value": 2345},
        {"value": 1780, "published": "2025-03-19"},
        {"value": 7, "category": "civilians", "qualifier": "at_least", "published": "2025-03-12"},
        {"value": 1999, "source": "Radio", "qualifier": "about", "published": "2025-03-09T03:00",
         "evidence": "rumour"},
        {"value": 0, "category": "civilians", "source": "Ministry", "published": "2025-04-01"},
        {"value": 1200, "category": "forces", "source": "Ministry", "published": "2025-04-01"},
        {"value": 5, "category": "civilians", "source": "Ministry", "published": "2025-04-20"},
        {"value": 1100, "category": "forces", "source": "Ministry", "published": "2025-04-20"},
        categories=["civilians", "forces"], kind="storm", start="2025-03-01",
        sources={
            "Monitor": {"grade": "E", "kind": "own_losses"}, "Radio": "A2", "Ministry": "B",
        },
        range={"low": 300, "high": 9000, "mass": 0.8},
    )  # fmt: skip
    content = json.loads(case.to_json())
    presets = content["presets"]
    for table, changed in {
        "belief": {
            "gross_sd": 1.2, "gross_composition": 4.0, "scatter_log_sd": 0.4, "part_sd": 0.5,
            "part_growth_sd": 0.4, "counting": 0.6,
        },
        "growth": {"eta_sd": 0.4, "shape_log_mean": 0.2, "shape_log_sd": 0.3},
        "links": {"fresh": 0.3, "memory_days": 30.0},
        "bounds": {"means": [0.3, 2.0]},
        "shared_bias": {"sd": 0.3},
        "partition": {"sd": 1.2},
    }.items():  # fmt: skip
        presets[table] |= changed
    presets["event_kinds"]["flood"]["rate_sd"] = 0.7
    return gather(tolls.Case.from_json(json.dumps(content)))


OTHER = other_evidence()


@pytest.fixture(scope="module")
def runs():
    """Both cases on one compiled model, and the second on one of its own."""
    counted = []
    with pytest.MonkeyPatch.context() as patch:
        real = nutpie.compile_pymc_model
        patch.setattr(
            nutpie, "compile_pymc_model", lambda model: counted.append(model) or real(model)
        )
        patch.setattr(nuts, "_compiled", lru_cache(KEPT)(nuts._compiled.__wrapped__))
        first = compile_model(FIRST)
        first_draws = sample(first, seed=3, settings=QUICK)
        other = compile_model(OTHER)
        other_draws = sample(other, seed=3, settings=QUICK)
        again_draws = sample(first, seed=3, settings=QUICK)
        reused = len(counted)
        nuts._compiled.cache_clear()
        fresh = compile_model(OTHER)
        fresh_draws = sample(fresh, seed=3, settings=QUICK)
    return SimpleNamespace(**locals())


def assert_same_bytes(ones, others):
    assert ones[0].keys() == others[0].keys()
    for name, values in ones[0].items():
        assert values.tobytes() == others[0][name].tobytes(), name
    assert ones[1] == others[1]


def test_a_refit_with_other_numbers_dates_and_priors_compiles_nothing(runs):
    assert runs.reused == 1
    assert len(runs.counted) == 2


def test_a_reused_model_draws_the_bytes_of_a_fresh_one(runs):
    assert_same_bytes(runs.other_draws, runs.fresh_draws)


def test_a_model_stays_what_it_was_when_another_case_reuses_it(runs):
    assert_same_bytes(runs.first_draws, runs.again_draws)
    assert np.median(runs.first_draws[0]["size"][..., 0]) < 400
    assert np.median(runs.other_draws[0]["size"][..., 0]) > 400


def test_chains_start_where_those_of_a_fresh_model_start(runs):
    starts = [c.initial_point_func(8) for c in (runs.other, runs.fresh, runs.first)]
    assert starts[0].tobytes() == starts[1].tobytes()
    # under one seed the starts differ by the means of the priors alone
    assert not np.allclose(starts[0], starts[2], atol=0.01)


def log_density(compiled, points):
    """Log density and gradient, as nutpie's sampler calls them."""
    number, pointer = ctypes.c_uint64, ctypes.c_void_p
    function = ctypes.CFUNCTYPE(ctypes.c_int64, number, pointer, pointer, pointer, pointer)(
        compiled.compiled_logp_func.address
    )
    found = []
    for point in points:
        slope, value = np.zeros_like(point), np.zeros(())
        arrays = (point, slope, value, compiled.user_data)
        assert function(len(point), *(array.ctypes.data for array in arrays)) == 0
        found.append(np.array([value, *slope]))
    return np.array(found)


@pytest.mark.parametrize("which", ["first", "other"])
def test_log_density_and_slope_are_those_of_a_model_built_for_the_case(runs, which):
    compiled, evidence = (getattr(runs, which), {"first": FIRST, "other": OTHER}[which])
    model = build(evidence)
    values, logp = model.value_vars, model.logp()
    function = pytensor.function(values, [logp, *pytensor.grad(logp, values)], mode=PLAIN)
    sizes = [model.initial_point()[v.name].shape for v in values]
    rng = np.random.default_rng(4)
    points = [compiled.initial_point_func(seed) for seed in range(3)]
    points += [point + rng.normal(size=point.shape) for point in points]
    cuts = np.cumsum([int(np.prod(size)) for size in sizes])[:-1]
    expected = []
    for point in points:
        parts = [part.reshape(s) for part, s in zip(np.split(point, cuts), sizes, strict=True)]
        expected.append(np.concatenate([np.ravel(part) for part in function(*parts)]))
    assert log_density(compiled, points) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-9)


# --- what a structure is: nothing is compiled -----------------------------------------------------


def structure_of(*rows, **declared):
    return split(evidence_of(*rows, **(DECLARED | declared)))[0]


def test_the_other_evidence_has_other_numbers_in_every_column():
    """The tests of reuse rest on it: only positions are alike."""
    (structure, numbers), (other_structure, other_numbers) = split(FIRST), split(OTHER)
    assert structure == other_structure
    assert hash(structure) == hash(other_structure)
    ends = np.cumsum([math.prod(shape) for *_, shape in structure.shapes])[:-1]
    columns = zip(np.split(numbers, ends), np.split(other_numbers, ends), strict=True)
    named = [f"{table} {column}" for table, column, _ in structure.shapes]
    same = {name for name, (a, b) in zip(named, columns, strict=True) if (a == b).all()}
    assert same == {
        "statements source", "statements node", "statements seen", "pieces statement",
        "pieces which",
        "compositions_of_killed source",
    }  # fmt: skip


@pytest.mark.parametrize("qualifier", ["exact", "about", "at_least", "up_to", "more_than"])
def test_any_figure_of_a_wording_fits_the_same_structure(qualifier):
    figures = (2, 3, 9, 10, 95, 100, 1234, 10**6)
    found = {structure_of({"value": y, "qualifier": qualifier}) for y in figures}
    assert len(found) == 1


def test_wordings_of_as_many_pieces_fit_the_same_structure():
    ranged = {"low": 90, "high": 130, "qualifier": "range"}
    assert structure_of({"value": 120}) == structure_of(ranged)
    floor, ceiling = (structure_of({"value": 5, "qualifier": q}) for q in ("at_least", "up_to"))
    assert floor == ceiling
    assert floor != structure_of({"value": 120})


@pytest.mark.parametrize(
    ("rows", "declared"),
    [
        ([*ROWS, {"value": 140, "published": "2025-03-15"}], {}),
        ([ROWS[0] | {"qualifier": "about"}, *ROWS[1:]], {}),
        ([ROWS[0] | {"source": "Agency"}, *ROWS[1:]], {}),
        (ROWS[:-2], {}),
        (ROWS, {"kind": "conflict"}),
        (ROWS, {"unions": {"both": ["civilians", "forces"]}}),
        (ROWS, {"categories": ["civilians", "forces", "others"]}),
        (ROWS, {"categories": {"killed": ["civilians", "forces"], "forces": ["own", "foe"]}}),
    ],
    ids=["statement", "wording", "source", "composition", "growth", "union", "part", "tree"],
)
def test_what_changes_the_structure(rows, declared):
    assert structure_of(*rows, **declared) != structure_of(*ROWS)


def test_the_prior_alone_is_a_structure_of_its_own():
    assert split(FIRST, prior_only=True)[0] != split(FIRST)[0]


def test_a_model_is_the_same_around_any_numbers():
    """Nothing of a case but its structure enters: the data of a model can be exchanged."""
    structure, numbers = split(OTHER)
    model, blank = build(OTHER), assemble(structure, np.ones(len(numbers)))
    blank[NUMBERS].set_value(numbers)
    point = model.initial_point(random_seed=1)
    found = []
    for made in (model, blank):
        function = pytensor.function(made.value_vars, made.logp(), mode=PLAIN)
        found.append(function(*(point[v.name] for v in made.value_vars)))
    assert found[0] == found[1]


# --- what is kept ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stub:
    """What `compile_model` needs of a compiled model."""

    shared_var_keys: dict = field(default_factory=dict)
    initial_point_func: object = None
    data: dict = field(default_factory=dict)

    def with_data(self, **data):
        return Stub(data=data)


@pytest.fixture
def compiled(monkeypatch):
    """Models handed to nutpie, which compiles none of them."""
    models = []
    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda model: models.append(model) or Stub())
    monkeypatch.setattr(nuts, "_compiled", lru_cache(KEPT)(nuts._compiled.__wrapped__))
    return models


def growing(count):
    """Evidence of structures that differ by their number of statements."""
    return [
        evidence_of(
            *({"value": 10 + i, "published": f"2025-03-{11 + i}"} for i in range(length + 1))
        )
        for length in range(count)
    ]


def test_another_structure_is_compiled_anew_and_a_kept_one_is_not(compiled):
    one, two = growing(2)
    for evidence in (one, two, one, two):
        compile_model(evidence)
    assert len(compiled) == 2
    compile_model(one, prior_only=True)
    assert len(compiled) == 3


def test_every_case_brings_its_own_numbers(compiled):
    for evidence in (FIRST, OTHER):
        assert (compile_model(evidence).data[NUMBERS] == split(evidence)[1]).all()
    assert len(compiled) == 1
    assert not (compiled[0][NUMBERS].get_value() != 1).any()


def test_few_models_are_kept_the_latest_used(compiled):
    cases = growing(KEPT + 1)
    for evidence in cases:
        compile_model(evidence)
    assert nuts._compiled.cache_info().currsize == KEPT
    compile_model(cases[-1])
    compile_model(cases[1])
    assert len(compiled) == KEPT + 1
    compile_model(cases[0])
    assert len(compiled) == KEPT + 2
