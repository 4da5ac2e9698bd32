"""The PyMC model against the NumPy likelihood, with which it shares no code.

Graphs are evaluated by PyTensor's Python linker, so that nothing is compiled.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import case_of, every_kind, evidence_of, reworded, searching
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from scipy import stats
from scipy.special import roots_jacobi

import tolls
from tolls.collapsed import Collapsed
from tolls.coordinates import Coordinates
from tolls.evidence import gather
from tolls.graph import build, log_ndtr, pymc_model, split
from tolls.importance import log_prior as log_prior_of
from tolls.likelihood import Parameters, log_likelihood
from tolls.simulation import draw_sizes

SYRIA = Path(__file__).parents[1] / "models" / "syria-coast-2025"
PLAIN = Mode("py", "fast_compile")
DRAWS = 50

NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}
WORDED = [
    # every wording on the root, with links between figures
    {"value": 0, "published": "2025-03-06"},
    {"value": 3, "published": "2025-03-07"},
    {"value": 40, "published": "2025-03-08", "qualifier": "at_least"},
    {"value": 70, "published": "2025-03-09", "qualifier": "about"},
    {"value": 120, "published": "2025-03-10", "qualifier": "up_to"},
    {"low": 90, "high": 110, "published": "2025-03-11", "qualifier": "range"},
    {"value": 100, "published": "2025-03-20", "as_of": "2025-03-09"},
    # edges of the wordings, each by a source of its own
    {"source": "A", "value": 1, "qualifier": "at_least"},
    {"source": "B", "value": 0, "qualifier": "up_to"},
    {"source": "C", "value": 1, "qualifier": "up_to"},
    {"source": "D", "value": 2, "qualifier": "fewer_than"},
    {"source": "E", "value": 0, "qualifier": "about"},
    {"source": "F", "value": 1000, "qualifier": "about"},
    {"source": "G", "value": 1234, "qualifier": "about"},
    {"source": "H", "low": 0, "high": 5, "qualifier": "range"},
    {"source": "I", "value": 5, "published": "2025-03-08T03:00"},
    # parts and unions stated alone, one leaning on the other
    {"source": "J", "category": "fighters", "value": 12, "published": "2025-03-07"},
    {"source": "J", "category": "fighters", "value": 19, "published": "2025-03-09"},
    {"source": "J", "category": "armed", "value": 31, "qualifier": "at_least"},
    {"source": "J", "category": "north", "value": 0},
    # bulletins: nested, linked, with zeros
    {"source": "K", "category": "north", "value": 8, "published": "2025-03-08"},
    {"source": "K", "category": "south", "value": 0, "published": "2025-03-08"},
    {"source": "K", "category": "forces", "value": 4, "published": "2025-03-08"},
    {"source": "K", "category": "fighters", "value": 5, "published": "2025-03-08"},
    {"source": "K", "category": "north", "value": 20, "published": "2025-03-11"},
    {"source": "K", "category": "south", "value": 3, "published": "2025-03-11"},
    {"source": "K", "category": "forces", "value": 5, "published": "2025-03-11"},
    {"source": "K", "category": "fighters", "value": 11, "published": "2025-03-11"},
]
GRADES = dict(
    zip("ABCDEFGHIJK", ["A", "B2", "C", "D", "E", "F", "A", "B", "C", "D", "B"], strict=True)
)
ROUNDED = [
    *({"source": "A", "value": v, "qualifier": "about", "published": f"2025-03-{d:02d}"}
      for d, v in enumerate((8, 60, 100, 200, 500, 1000, 2000), 7)),
    *({"source": "B", "value": v, "qualifier": "about", "published": f"2025-03-{d:02d}"}
      for d, v in enumerate((1230, 1480, 1500, 1620, 1810), 8)),
    *({"source": "C", "value": v, "qualifier": "about"} for v in (340, 1234)),
]  # fmt: skip
DECLARED = {
    "categories": NESTED, "unions": {"armed": ["forces", "fighters"]}, "sources": GRADES,
    "kind": "battle",
}  # fmt: skip

EVIDENCE = {
    "shipped": lambda: gather(tolls.read_case(SYRIA)),
    "early": lambda: gather(tolls.read_case(SYRIA), "2025-03-08"),
    "conflict": lambda: evidence_of(*WORDED, **(DECLARED | {"kind": "conflict"})),
    "worded": lambda: evidence_of(*WORDED, **DECLARED),
    "every kind": lambda: gather(every_kind()),
    "the missing": lambda: gather(searching()),
    "habits": lambda: evidence_of(*ROUNDED, **DECLARED),
}


@pytest.fixture(scope="module", params=EVIDENCE)
def evidence(request):
    return EVIDENCE[request.param]()


def prior_points(evidence, seed=1, draws=DRAWS):
    """Draws of the prior: as the likelihood takes them, and as values of the model's variables."""
    case, rng = evidence.case, np.random.default_rng(seed)
    presets, event = case.presets, case.presets.event_kinds[case.kind]
    priors = [case.source_prior(name) for name in evidence.sources]

    def log_normal(of):
        return np.exp(
            rng.normal(
                [of(p).mean for p in priors], [of(p).sd for p in priors], (draws, len(priors))
            )
        )

    size = draw_sizes(case, draws, rng)
    lists = [presets.missing.lists[name] for name in evidence.lists]
    points = {
        "kappa": rng.normal(0, presets.shared_bias.sd, draws),
        "eta": rng.normal(0, presets.growth.eta_sd, draws),
        "rate": np.exp(rng.normal(math.log(event.rate or 1), event.rate_sd or 1, draws)),
        "shape": np.exp(
            rng.normal(presets.growth.shape_log_mean, presets.growth.shape_log_sd, draws)
        ),
        "found": rng.beta(*event.found, draws),
        "alive": np.exp([[rng.normal(math.log(of.alive), of.alive_sd) for of in lists]
                         for _ in range(draws)]),
        "clearing": np.exp([[rng.normal(math.log(of.days), of.days_sd) for of in lists]
                            for _ in range(draws)]),
        "kept": np.array([[rng.beta(*of.kept) for of in lists] for _ in range(draws)]),
        "bias": log_normal(lambda p: p.bias),
        "scatter": log_normal(lambda p: p.scatter),
        "reliability": np.clip(
            rng.beta(
                [p.reliability.a for p in priors], [p.reliability.b for p in priors],
                (draws, len(priors)),
            ), 1e-12, 1 - 1e-12,
        ),
    }  # fmt: skip
    parameters = Parameters.of({"size": size, **points})
    points["root"] = size[:, 0]
    for partition in case.categories.ordered_partitions:
        logs = np.log(size[:, [case.names.index(part) for part in partition.into]])
        points[f"log_share_of_{partition.of}"] = logs - logs.mean(axis=1, keepdims=True)
    return parameters, points


def potentials_of(evidence, points):
    """Values of the potentials at the points, (draw,) by name."""
    model = build(evidence)
    names = [v.name for v in model.free_RVs]
    function = pytensor.function(
        model.free_RVs, model.potentials, mode=PLAIN, on_unused_input="ignore"
    )
    values = np.array(
        [function(*(points[name][i] for name in names)) for i in range(len(points["root"]))]
    )
    return {p.name: values[:, i] for i, p in enumerate(model.potentials)}


def likelihood_of(evidence, parameters):
    """The same from the NumPy likelihood."""
    stated, split = log_likelihood(evidence, parameters)
    found = {"statements": stated.sum(axis=1)}
    for i, composition in enumerate(evidence.compositions):
        name = f"compositions_of_{composition.of}"
        found[name] = found.get(name, 0.0) + split[:, i]
    return found


def with_presets(evidence, table, **changed):
    """The same evidence under presets of which one table differs."""
    content = json.loads(evidence.case.to_json())
    content["presets"][table] |= changed
    return gather(tolls.Case.from_json(json.dumps(content)), evidence.as_of)


# --- one model, written twice ---------------------------------------------------------------------


def test_both_likelihoods_agree_at_points_of_the_prior(evidence):
    parameters, points = prior_points(evidence)
    graph, numpy = potentials_of(evidence, points), likelihood_of(evidence, parameters)
    assert graph.keys() == numpy.keys()
    # the graph integrates bounds with a few nodes: felt where they bound a handful of people
    wide = any(s.wording in BOUNDS and s.figure[0] < 10 for s in evidence.statements)
    for name, values in graph.items():
        error = 5e-4 if wide and name == "statements" else 1e-6
        assert np.isfinite(values).all()
        assert values == pytest.approx(numpy[name], rel=1e-9, abs=error), name


def integrated_potentials(evidence, z):
    """Log likelihood by the model in PyMC with one source's parameters summed out on a grid."""
    (source,), coordinates = evidence.sources, Coordinates(evidence)
    prior, terms = evidence.case.source_prior(source), len(evidence.statements)
    b = prior.bias.mean + prior.bias.sd * np.linspace(-7, 7, 141)
    log_s = prior.scatter.mean + prior.scatter.sd * np.linspace(-5, 9, 71)
    x, weight = roots_jacobi(
        (terms + len(evidence.compositions)) // 2 + 1, prior.reliability.b - 1,
        prior.reliability.a - 1,
    )  # fmt: skip
    bias, scatter, p = (g.ravel() for g in np.meshgrid(b, log_s, (1 + x) / 2, indexing="ij"))
    log_weight = stats.norm.logpdf(bias, prior.bias.mean, prior.bias.sd) + math.log(b[1] - b[0])
    log_weight += stats.norm.logpdf(scatter, prior.scatter.mean, prior.scatter.sd)
    log_weight += math.log(log_s[1] - log_s[0]) + np.tile(
        np.log(weight / weight.sum()), len(b) * len(log_s)
    )
    model = build(evidence)
    variables = {v.name: v for v in model.free_RVs}
    many = {
        variables[name]: pt.as_tensor(values[:, None])
        for name, values in (("bias", np.exp(bias)), ("scatter", np.exp(scatter)),
                             ("reliability", p))
    }  # fmt: skip
    rest = [v for name, v in variables.items() if name not in ("bias", "scatter", "reliability")]
    total = vectorize_graph(sum(model.potentials), replace=many)
    function = pytensor.function(rest, total, mode=PLAIN, on_unused_input="ignore")
    case, level, growth = evidence.case, coordinates.level(z), coordinates.growth(z)
    found = []
    for i in range(len(z)):
        # the likelihood sees the sum of log size and shared bias alone
        values = {"root": math.exp(level[i, 0]), "kappa": 0.0, "eta": growth.eta[i],
                  "rate": growth.rate[i], "shape": growth.shape[i], "found": growth.found[i],
                  "alive": growth.alive[i], "clearing": growth.clearing[i],
                  "kept": growth.kept[i]}  # fmt: skip
        for partition in case.categories.ordered_partitions:
            logs = level[i, [case.names.index(part) for part in partition.into]]
            values[f"log_share_of_{partition.of}"] = logs - logs.mean()
        found.append(np.logaddexp.reduce(function(*(values[v.name] for v in rest)) + log_weight))
    return np.array(found)


INTEGRATED = {
    "totals": [
        {"value": 90, "published": "2025-03-08"},
        {"value": 140, "published": "2025-03-10", "qualifier": "at_least"},
        {"value": 200, "published": "2025-03-20", "qualifier": "about"},
    ],
    "a bulletin": [
        {"value": 60, "category": "civilians", "published": "2025-03-09"},
        {"value": 40, "category": "forces", "published": "2025-03-09"},
        {"value": 150, "published": "2025-03-20"},
    ],
    "a bulletin with the interval of its total": [
        {"value": 60, "category": "civilians", "published": "2025-03-09"},
        {"value": 40, "category": "forces", "published": "2025-03-09"},
        {"value": 100, "low": 70, "high": 180, "qualifier": "estimate", "published": "2025-03-09"},
        {"value": 150, "published": "2025-03-20"},
    ],
    "the missing": [
        {"value": 200, "measure": "missing", "published": "2025-03-10"},
        {"value": 110, "measure": "missing", "published": "2025-03-18"},
    ],
}


@pytest.mark.parametrize("rows", INTEGRATED.values(), ids=INTEGRATED)
def test_the_collapsed_density_is_the_model_with_its_source_integrated_out(rows):
    evidence = evidence_of(
        *rows, categories=["civilians", "forces"], sources={"Monitor": "B"}, kind="battle"
    )
    engine = Collapsed(evidence, _Here())
    z = np.random.default_rng(5).standard_normal((6, engine.coordinates.dimension))
    found, exact = engine.log_density(z), integrated_potentials(evidence, z) + log_prior_of(z)
    assert found == pytest.approx(exact, abs=0.02)  # nats per source, by the design
    # a density without the statements' links would differ by more
    alone = replace(evidence, statements=tuple(replace(s, link=None) for s in evidence.statements))
    other = Collapsed(alone, _Here()).log_density(z)
    assert np.abs(other - exact).max() > 0.1


class _Here:
    """An executor in this thread."""

    def map(self, work, *given):
        return map(work, *given)


BOUNDS = ("at_least", "up_to")
WORDINGS = {
    "exact": (0, 1, 2, 15, 980, 10**6),
    "about": (0, 1, 7, 10, 96, 100, 1000, 1230, 1234, 99500, 10**6),
    "at_least": (1, 2, 9, 70, 1018),
    "up_to": (0, 1, 2, 9, 70, 1018),
    "range": ((0, 1), (0, 50), (1, 3), (700, 900), (1, 10**6)),
    "floor": (0, 1, 70, 10**6),
    "ceiling": (0, 1, 70, 10**6),
}


@pytest.mark.parametrize(
    ("wording", "figure"),
    [(w, f if isinstance(f, tuple) else (f,)) for w, fs in WORDINGS.items() for f in fs],
)
def test_both_likelihoods_agree_on_every_wording(wording, figure):
    evidence = evidence_of(
        {"value": 5, "category": "civilians"}, categories=["civilians", "forces"]
    )
    evidence = replace(
        evidence, statements=(reworded(evidence.statements[0], wording=wording, figure=figure),)
    )
    parameters, points = prior_points(evidence)
    graph = potentials_of(evidence, points)["statements"]
    error = 5e-5 if wording in BOUNDS and figure[0] < 10 else 1e-6
    assert graph == pytest.approx(likelihood_of(evidence, parameters)["statements"], abs=error)


@pytest.fixture(scope="module")
def worded():
    """Evidence in every wording, points of its prior, and what both likelihoods make of them."""
    evidence = EVIDENCE["worded"]()
    parameters, points = prior_points(evidence, draws=10)
    found = potentials_of(evidence, points), likelihood_of(evidence, parameters)
    return evidence, parameters, points, *found


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("belief", {"part_sd": 0.36}),
        ("belief", {"part_growth_sd": 0.51}),
        ("belief", {"gross_sd": 1.51}),
        ("belief", {"gross_composition": 3.1}),
        ("belief", {"counting": 0.51}),
        ("links", {"fresh": 0.21}),
        ("links", {"memory_days": 13.0}),
        ("links", {"floor_factor": 1.21}),
        ("about", {"weights": [0.17, 0.41, 0.4]}),
        ("about", {"unrounded": 0.03, "weights": [0.17, 0.4, 0.4]}),
        ("about", {"least_figures": 1}),
        ("bounds", {"means": [0.2, 21.0]}),
        ("bounds", {"weights": [0.06, 0.94]}),
    ],
)
def test_both_likelihoods_follow_the_presets_alike(worded, table, changed):
    """A graph of one scale and a likelihood of another would be told apart."""
    evidence, parameters, points, graph, numpy = worded
    other = with_presets(evidence, table, **changed)
    graph_other, numpy_other = potentials_of(other, points), likelihood_of(other, parameters)
    shift = {name: numpy_other[name] - numpy[name] for name in numpy}
    assert max(np.abs(values).max() for values in shift.values()) > 1e-3
    for name, values in shift.items():
        assert graph_other[name] - graph[name] == pytest.approx(values, abs=2e-4), name


def test_a_habit_is_numbers_of_the_same_model():
    """What is learned from figures may not ask for another compilation."""
    learned = EVIDENCE["habits"]()
    usual = with_presets(learned, "about", least_figures=99)
    assert [s.reading.habit is None for s in learned.statements].count(True) == 2
    assert all(s.reading.habit is None for s in usual.statements)
    (structure, numbers), (other, others) = split(learned), split(usual)
    assert structure == other
    assert np.flatnonzero(numbers != others).size >= 12


def test_the_cut_in_time_reaches_the_model():
    case = tolls.read_case(SYRIA)
    parameters, points = prior_points(gather(case, "2025-03-08"), draws=3)
    model = pymc_model(case, "2025-03-08")
    names = [v.name for v in model.free_RVs]
    found = pytensor.function(
        model.free_RVs, model["statements"], mode=PLAIN, on_unused_input="ignore"
    )(*(points[name][0] for name in names))
    expected = likelihood_of(gather(case, "2025-03-08"), parameters)["statements"][0]
    assert float(found) == pytest.approx(expected, abs=1e-6)


# --- priors ---------------------------------------------------------------------------------------


def log_prior(name, evidence, value):
    """Log density of a variable, written out from the design."""
    case = evidence.case
    event = case.presets.event_kinds[case.kind]
    priors = [case.source_prior(s) for s in evidence.sources]

    def log_normal(mean, sd):
        return stats.lognorm(s=sd, scale=np.exp(mean))

    known = {
        "root": lambda: log_normal(case.root_prior.mean, case.root_prior.sd),
        "kappa": lambda: stats.norm(0, 0.1),
        "eta": lambda: stats.norm(0, 0.5),
        "rate": lambda: log_normal(math.log(event.rate), event.rate_sd),
        "shape": lambda: log_normal(0.1, 0.25),
        "found": lambda: stats.beta(*event.found),
        "alive": lambda: log_normal(np.log([0.5, 2.0]), 2.0),
        "clearing": lambda: log_normal(math.log(15), 1.0),
        "kept": lambda: stats.beta(0.5, 0.5),
        "bias": lambda: log_normal([p.bias.mean for p in priors], [p.bias.sd for p in priors]),
        "scatter": lambda: log_normal([p.scatter.mean for p in priors], 0.5),
        "reliability": lambda: stats.beta(
            [p.reliability.a for p in priors], [p.reliability.b for p in priors]
        ),
    }
    if name in known:
        return known[name]().logpdf(value).sum()
    # centred normals: k - 1 orthogonal directions of sd 1.5
    return stats.norm(0, 1.5).logpdf(0) * (len(value) - 1) - (np.square(value) / 1.5**2 / 2).sum()


@pytest.mark.parametrize("which", ["shipped", "worded", "the missing"])
def test_every_prior_is_the_one_that_the_design_states(which):
    evidence = EVIDENCE[which]()
    _, points = prior_points(evidence, draws=3)
    model = build(evidence, prior_only=True)
    assert not model.potentials
    for variable in model.free_RVs:
        logp = model.logp(vars=[variable], jacobian=False)
        (value,) = model.replace_rvs_by_values([variable])
        function = pytensor.function(
            [model.rvs_to_values[variable]], [logp, value], mode=PLAIN, on_unused_input="ignore"
        )
        transform = model.rvs_to_transforms[variable]
        for point in points[variable.name]:
            free = point
            if transform is not None:
                forward = transform.forward(pytensor.tensor.constant(point), *variable.owner.inputs)
                free = forward.eval(mode=PLAIN)
            found, back = function(free)
            assert back == pytest.approx(point)
            assert float(found) == pytest.approx(log_prior(variable.name, evidence, point)), (
                variable
            )


def test_sizes_are_the_roots_shares_and_unions_their_sums():
    evidence = EVIDENCE["worded"]()
    parameters, points = prior_points(evidence, draws=5)
    model = build(evidence)
    names = [v.name for v in model.free_RVs]
    function = pytensor.function(
        model.free_RVs, [model["size"], model["share"]], mode=PLAIN, on_unused_input="ignore"
    )
    size = np.exp(parameters.log_size)
    case = evidence.case
    for i in range(5):
        found, share = function(*(points[name][i] for name in names))
        assert found == pytest.approx(size[i])
        parts = [p for q in case.categories.ordered_partitions for p in q.into]
        parents = [case.categories.parent(p) for p in parts]
        at = case.names.index
        expected = [size[i, at(p)] / size[i, at(q)] for p, q in zip(parts, parents, strict=True)]
        assert share == pytest.approx(expected)


# --- gradients ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["early", "worded"])
def gradient(request):
    """Log density and gradient of a model over its unconstrained values."""
    model = build(EVIDENCE[request.param]())
    logp = model.logp()
    values = model.value_vars
    both = pytensor.function(values, [logp, *pytensor.grad(logp, values)], mode=PLAIN)
    start = model.initial_point(random_seed=1)
    return both, [np.asarray(start[v.name], dtype=float) for v in values], [v.name for v in values]


# shape and the exponent of harm are exponents themselves, hence less far out: 12 and 8 prior sd
LIMITS = {"shape_log__": 3.0, "eta": 4.0}


@pytest.mark.parametrize("reach", [1.0, 3.0, 6.0])
def test_log_density_and_gradient_are_finite_far_out(gradient, reach):
    function, start, names = gradient
    rng = np.random.default_rng(int(reach))
    for _ in range(20):
        far = [min(reach, LIMITS.get(name, reach)) for name in names]
        point = [v + f * rng.uniform(-1, 1, v.shape) for v, f in zip(start, far, strict=True)]
        assert all(np.isfinite(part).all() for part in function(*point))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("reach", [8.0, 12.0])
def test_log_density_and_gradient_are_finite_where_one_variable_runs_away(gradient, sign, reach):
    function, start, names = gradient
    for i, name in enumerate(names):
        far = sign * min(reach, LIMITS.get(name, reach))
        point = [v + far if j == i else v for j, v in enumerate(start)]
        assert all(np.isfinite(part).all() for part in function(*point)), name


def test_the_gradient_is_the_slope_of_the_log_density(gradient):
    function, start, names = gradient
    rng = np.random.default_rng(5)
    point = [v + rng.uniform(-0.5, 0.5, v.shape) for v in start]
    found = function(*point)[1:]
    for i, name in enumerate(names):
        ahead = rng.normal(size=point[i].shape)
        up, down = (
            float(function(*[v + h * ahead if j == i else v for j, v in enumerate(point)])[0])
            for h in (1e-5, -1e-5)
        )
        slope = float((found[i] * ahead).sum())
        assert (up - down) / 2e-5 == pytest.approx(slope, rel=1e-4, abs=1e-4), name


def test_log_ndtr_has_the_slope_of_the_log_of_the_normal_cdf():
    z = pytensor.tensor.dvector("z")
    at = np.array([-1e5, -300.0, -40.0, -8.0, -1.0, 0.0, 1.0, 8.0, 40.0])
    value, slope = pytensor.function(
        [z], [log_ndtr(z), pytensor.grad(log_ndtr(z).sum(), z)], mode=PLAIN
    )(at)
    assert value == pytest.approx(stats.norm.logcdf(at), rel=1e-12)
    # Mills' ratio: at -z the slope is z + 1/z - 2/z^3 + …
    expected = np.exp(stats.norm.logpdf(at) - stats.norm.logcdf(at))
    expected[:2] = -at[:2] - 1 / at[:2]
    assert slope == pytest.approx(expected, rel=1e-6)


# --- names ----------------------------------------------------------------------------------------


def test_dims_and_names_are_those_of_the_interface():
    evidence = EVIDENCE["worded"]()
    model = build(evidence)
    names = set(model.named_vars)
    assert names >= {
        "size", "share", "bias", "scatter", "reliability", "kappa", "root", "eta", "rate", "shape",
        "log_share_of_killed", "log_share_of_civilians", "found",
    }  # fmt: skip
    assert {name: model.named_vars_to_dims.get(name) for name in names} == {
        name: None for name in names
    } | {
        "size": ("node",), "share": ("part",), "bias": ("source",), "scatter": ("source",),
        "reliability": ("source",), "log_share_of_killed": ("part_of_killed",),
        "log_share_of_civilians": ("part_of_civilians",),
    }  # fmt: skip
    coords = {dim: tuple(labels) for dim, labels in model.coords.items()}
    assert coords == {
        "node": evidence.case.names,
        "source": evidence.sources,
        "part": ("civilians", "forces", "fighters", "north", "south"),
        "part_of_killed": ("civilians", "forces", "fighters"),
        "part_of_civilians": ("north", "south"),
        "list": (),
    }


def test_a_conflict_has_no_growth_and_a_case_without_parts_no_shares():
    names = set(build(evidence_of({"value": 5}, kind="conflict")).named_vars)
    assert names >= {"size", "eta", "kappa"}
    assert not names & {"rate", "shape", "share"}


def test_without_reports_only_the_prior_is_left():
    evidence = EVIDENCE["worded"]()
    full, prior = build(evidence), build(evidence, prior_only=True)
    assert {v.name for v in full.free_RVs} == {v.name for v in prior.free_RVs}
    assert {p.name for p in full.potentials} == {
        "statements", "compositions_of_killed", "compositions_of_civilians",
    }  # fmt: skip


def test_the_model_of_a_case_is_the_model_of_its_evidence():
    case = case_of({"value": 5}, {"value": 9, "source": "Radio", "published": "2025-03-11"})
    assert tuple(pymc_model(case).coords["source"]) == ("Monitor", "Radio")
    assert tuple(pymc_model(case, "2025-03-10").coords["source"]) == ("Monitor",)
