"""An estimate answers from its draws: built here from synthetic draws, without a fit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers import case_of

import tolls
from tolls.apportionment import integer_tolls
from tolls.convergence import diagnose
from tolls.errors import InputError
from tolls.estimate import Estimate
from tolls.evidence import gather

SRC = Path(__file__).parents[1] / "src"
CHAINS, DRAWS = 4, 500
NESTED = {"killed": ["civilians", "forces", "fighters"], "civilians": ["north", "south"]}
ROWS = [
    {"value": 420, "published": "2025-03-09"},
    {"value": 700, "published": "2025-03-12", "source": "Radio", "qualifier": "about"},
    {"value": 200, "published": "2025-03-12", "source": "Radio", "category": "armed"},
    {"value": 420, "published": "2025-03-10", "source": "Paper", "cites": "Monitor"},
]


def make(*, title="River town", sources=None, rows=ROWS, root=(6.5, 0.25), warnings=(), **declared):
    """Build an estimate of a nested case from independent draws."""
    case = case_of(
        *rows, categories=NESTED, unions={"armed": ["forces", "fighters"]}, title=title,
        sources=sources or {"Monitor": "B", "Radio": {"grade": "C", "kind": "media"}, "Paper": "C"},
        range={"low": 10, "high": 10_000}, kind="massacre", **declared,
    )  # fmt: skip
    evidence = gather(case)
    rng = np.random.default_rng(1)
    shape = (CHAINS, DRAWS)
    total = np.exp(rng.normal(*root, shape))
    top = rng.dirichlet([60, 25, 15], shape)
    below = rng.dirichlet([5, 3], shape)
    column = {"killed": total}
    column |= {part: total * top[..., i] for i, part in enumerate(NESTED["killed"])}
    column |= {p: column["civilians"] * below[..., i] for i, p in enumerate(NESTED["civilians"])}
    column["armed"] = column["forces"] + column["fighters"]
    size = np.stack([column[name] for name in case.names], axis=-1)
    names = len(case.names)
    toll = integer_tolls(np.log(size).reshape(-1, names), case.categories, 1)
    sources_shape = (*shape, len(evidence.sources))
    posterior = {
        "toll": toll.reshape(*shape, names),
        "size": size,
        "share": np.concatenate([top, below], axis=-1),
        "bias": np.exp(rng.normal(-0.1, 0.2, sources_shape)),
        "scatter": np.exp(rng.normal(-1.5, 0.3, sources_shape)),
        "reliability": rng.beta(8, 3, sources_shape),
        "kappa": rng.normal(0, 0.2, shape),
        "eta": rng.normal(0, 0.3, shape),
        "rate": np.exp(rng.normal(-1, 0.3, shape)),
        "shape": np.exp(rng.normal(0.1, 0.2, shape)),
        "found": np.full(shape, 0.9),
    }
    wide = np.exp(np.log(size) + rng.normal(0, 1.5, (*shape, 1))).reshape(-1, names)
    prior = integer_tolls(np.log(wide), case.categories, 2)[None]
    return Estimate(
        evidence=evidence,
        engine="nuts",
        seed=1,
        posterior=posterior,
        prior={"toll": prior},
        diagnostics=diagnose(posterior, case.names, 0),
        warnings=(*evidence.warnings, *warnings),
    )


@pytest.fixture(scope="module")
def estimate():
    return make()


# --- draws ----------------------------------------------------------------------------------------


def test_tolls_are_whole_and_add_up_in_every_draw(estimate):
    of = estimate.tolls
    assert of("killed").dtype == np.int64
    assert of("killed").shape == (CHAINS * DRAWS,)
    assert (of("killed") == of("civilians") + of("forces") + of("fighters")).all()
    assert (of("civilians") == of("north") + of("south")).all()
    assert (of("armed") == of("forces") + of("fighters")).all()


def test_draws_come_chain_after_chain(estimate):
    assert (estimate.tolls("killed")[:DRAWS] == estimate.posterior["toll"][0, :, 0]).all()


@pytest.mark.parametrize(
    "ask",
    [
        lambda e: e.tolls("civilian"),
        lambda e: e.probability("civilian", at_least=1),
        lambda e: e.compare("killed", "civilian"),
        lambda e: e.compare("civilian", "killed"),
        lambda e: e.sentence("civilian"),
    ],
)
def test_an_unknown_node_is_refused_with_the_nearest(estimate, ask):
    with pytest.raises(InputError, match=r'"civilian" is no node; allowed: killed.*"civilians"'):
        ask(estimate)


# --- summary --------------------------------------------------------------------------------------


def test_the_summary_is_that_of_the_draws(estimate):
    table = estimate.summary()
    assert tuple(table.index) == estimate.nodes
    assert table.index.name == "node"
    for node in estimate.nodes:
        draws, row = estimate.tolls(node), table.loc[node]
        assert row["mean"] == pytest.approx(draws.mean())
        assert row["median"] == np.median(draws)
        assert row["sd"] == pytest.approx(np.std(draws, ddof=1))
        assert (row["lo"], row["hi"]) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
        assert row["prior_lo"] < row["lo"] < row["hi"] < row["prior_hi"]
        own = estimate.diagnostics.nodes[node]
        assert (row["ess_bulk"], row["ess_tail"], row["rhat"]) == (
            own.ess_bulk, own.ess_tail, own.rhat,
        )  # fmt: skip
    assert set(table["ci_prob"]) == {0.95}
    assert set(table["ci_kind"]) == {"eti"}


@pytest.mark.parametrize("probability", [0.5, 0.8, 0.99])
def test_intervals_hold_their_probability(estimate, probability):
    for kind in ("eti", "hdi"):
        table = estimate.summary(ci_prob=probability, ci_kind=kind)
        for node in estimate.nodes:
            draws, row = estimate.tolls(node), table.loc[node]
            inside = ((draws >= row["lo"]) & (draws <= row["hi"])).mean()
            # ties at the ends of intervals of whole numbers can only add to it
            assert inside >= probability - 1 / len(draws)
            assert inside == pytest.approx(probability, abs=0.05)


def test_the_highest_density_interval_is_the_shortest_of_its_probability(estimate):
    eti, hdi = (estimate.summary(ci_kind=kind) for kind in ("eti", "hdi"))
    assert ((hdi["hi"] - hdi["lo"]) <= (eti["hi"] - eti["lo"])).all()
    draws = np.sort(estimate.tolls("killed"))
    inside = int(np.ceil(0.95 * len(draws)))
    shortest = (draws[inside - 1 :] - draws[: len(draws) - inside + 1]).min()
    assert hdi.loc["killed", "hi"] - hdi.loc["killed", "lo"] == shortest


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 95, float("nan")])
def test_a_probability_of_an_interval_lies_between_0_and_1(estimate, bad):
    with pytest.raises(InputError, match=r"ci_prob.*between 0 and 1"):
        estimate.summary(ci_prob=bad)
    with pytest.raises(InputError, match=r"ci_prob.*between 0 and 1"):
        estimate.compare("killed", "civilians", ci_prob=bad)
    with pytest.raises(InputError, match=r"ci_prob.*between 0 and 1"):
        estimate.sentence(ci_prob=bad)


def test_an_unknown_kind_of_interval_is_refused(estimate):
    with pytest.raises(InputError, match="eti, hdi"):
        estimate.summary(ci_kind="hpd")


# --- questions ------------------------------------------------------------------------------------


def test_probabilities_are_shares_of_draws(estimate):
    draws = estimate.tolls("civilians")
    edge = int(np.median(draws))
    ask = estimate.probability
    assert ask("civilians", at_least=edge) == (draws >= edge).mean()
    assert ask("civilians", more_than=edge) == (draws > edge).mean()
    assert ask("civilians", at_least=edge) > ask("civilians", more_than=edge)
    assert ask("civilians", at_least=edge) + ask("civilians", fewer_than=edge) == pytest.approx(1)
    assert ask("civilians", more_than=edge) + ask("civilians", at_most=edge) == pytest.approx(1)
    between = ask("civilians", at_least=edge, at_most=edge + 50)
    assert between == ((draws >= edge) & (draws <= edge + 50)).mean()
    assert ask("civilians", at_least=0) == 1.0
    assert ask("civilians", more_than=0, fewer_than=0) == 0.0


def test_a_probability_needs_a_bound(estimate):
    with pytest.raises(InputError, match="at_least, more_than, at_most, fewer_than"):
        estimate.probability("civilians")


def test_a_bound_that_is_no_number_is_refused(estimate):
    with pytest.raises(InputError):
        estimate.probability("civilians", at_least=float("nan"))


def test_nodes_are_compared_draw_by_draw(estimate):
    table = estimate.compare("civilians", "armed")
    assert tuple(table.index) == ("difference", "ratio")
    first, second = estimate.tolls("civilians"), estimate.tolls("armed")
    difference = table.loc["difference"]
    assert difference["median"] == np.median(first - second)
    ends = np.quantile(first - second, [0.025, 0.975])
    assert (difference["lo"], difference["hi"]) == pytest.approx(tuple(ends))
    at = estimate.nodes.index
    size = estimate.posterior["size"].reshape(-1, len(estimate.nodes))
    ratio = size[:, at("civilians")] / size[:, at("armed")]
    assert table.loc["ratio", "median"] == pytest.approx(np.median(ratio))
    assert (table["probability_greater"] == (first > second).mean()).all()


def test_what_two_nodes_share_cancels(estimate):
    """The total varies by a quarter, which the ratio of parts does not see."""
    ratio = estimate.compare("civilians", "killed").loc["ratio"]
    assert ratio["hi"] / ratio["lo"] < 1.5
    killed = estimate.summary().loc["killed"]
    assert killed["hi"] / killed["lo"] > 2


def test_a_node_compared_with_itself_differs_in_nothing(estimate):
    table = estimate.compare("killed", "killed")
    assert tuple(table.loc["difference", ["median", "lo", "hi"]]) == (0, 0, 0)
    assert tuple(table.loc["ratio", ["median", "lo", "hi"]]) == (1, 1, 1)
    assert (table["probability_greater"] == 0).all()


def test_the_table_of_sources_is_that_of_the_draws(estimate):
    table = estimate.sources()
    assert tuple(table.index) == ("Monitor", "Radio")
    assert list(table["grade"]) == ["B", "C"]
    assert list(table["kind"]) == ["other", "media"]
    assert list(table["reports"]) == [1, 2]
    bias = estimate.posterior["bias"][..., 1].reshape(-1)
    row = table.loc["Radio"]
    assert row["bias_median"] == pytest.approx(np.median(bias))
    assert (row["bias_lo"], row["bias_hi"]) == pytest.approx(
        tuple(np.quantile(bias, [0.025, 0.975]))
    )
    prior = estimate.case.source_prior("Radio")
    assert row["bias_prior_median"] == pytest.approx(0.8)
    assert row["bias_prior_lo"] < 0.8 < row["bias_prior_hi"]
    moved = (np.log(bias).mean() - np.log(0.8)) / prior.bias.sd
    assert row["moved"] == pytest.approx(moved)
    assert row["reliability"] == pytest.approx(estimate.posterior["reliability"][..., 1].mean())
    assert row["reliability_prior"] == pytest.approx(0.79)
    assert (table["khat"].ge(0.7) == table["without"].isna()).all()
    known = table.dropna()
    ratio = np.median(estimate.tolls("killed")) / known["without"]
    assert known["influence"].to_numpy() == pytest.approx(ratio.to_numpy())


def test_a_source_that_nobody_minds_changes_nothing():
    far = {"value": 90_000_000, "qualifier": "up_to", "scope": "country"}
    case = case_of({"source": "Web"} | far, scopes={"country": {"relation": "wider"}})
    found = tolls.fit(case, seed=1)
    row = found.sources().iloc[0]
    assert row["without"] == pytest.approx(np.median(found.posterior["toll"]), rel=0.01)
    assert row["khat"] == -np.inf


# --- sentences and reprs --------------------------------------------------------------------------


def numbers(text):
    return [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*\b", text)]


def test_the_sentence_says_what_when_how_sure_and_from_what(estimate):
    text = estimate.sentence()
    row = estimate.summary().loc["killed"]
    assert text.startswith("River town: an estimated ")
    assert "people were killed from 2025-03-06 to 2025-03-10" in text
    assert "95 % credible interval" in text
    assert "judging by 3 reports from 2 sources published by 2025-03-12." in text
    low, high = numbers(text.split("an estimated ")[1])[:2]
    assert low == pytest.approx(row["lo"], rel=0.06)
    assert high == pytest.approx(row["hi"], rel=0.06)


def test_the_sentence_never_has_more_digits_than_the_interval_supports(estimate):
    """Two significant digits of the interval's width: with a width in the hundreds, tens."""
    for node in estimate.nodes:
        row = estimate.summary().loc[node]
        width = row["hi"] - row["lo"]
        told = estimate.sentence(node).split("an estimated ")[1]
        low, high = numbers(told)[:2]
        median = numbers(told.split("median ")[1])[0]
        unit = 10 ** max(int(np.log10(width)) - 1, 0)
        # a number below the unit of the width keeps its own two digits
        for value in (low, high, median):
            own = 10 ** max(int(np.log10(max(value, 1))) - 1, 0)
            assert value % min(unit, own) == 0, (node, told)
        assert low < median < high


def test_the_sentence_names_its_node_and_its_probability(estimate):
    text = estimate.sentence("armed", ci_prob=0.8)
    assert "forces and fighters were killed" in text
    assert "80 % credible interval" in text


def test_a_single_report_of_a_single_day_is_told_in_the_singular():
    rows = [{"value": 5, "published": "2025-03-06", "as_of": "2025-03-06"}]
    text = make(rows=rows, start="2025-03-06", end="2025-03-06").sentence()
    assert "people were killed on 2025-03-06 (" in text
    assert "judging by 1 report from 1 source published by 2025-03-06." in text


def test_a_toll_that_may_be_zero_reads_well():
    text = make(root=(-1.0, 0.8)).sentence()
    low, _high = numbers(text.split("an estimated ")[1])[:2]
    assert low == 0
    assert "-" not in text.split("an estimated ")[1].split(" people")[0]


def test_the_text_repr_says_the_sentence_the_table_the_verdict_and_the_level(estimate):
    text = repr(estimate)
    assert text.startswith(estimate.sentence())
    for node in estimate.nodes:
        assert re.search(rf"^{node} ", text, re.MULTILINE)
    assert "Diagnostics hold." in text
    assert estimate.level in text
    assert "biases" in estimate.level


def test_notes_stand_at_the_end():
    text = repr(make(warnings=("something was assumed",)))
    assert text.endswith("Note: something was assumed")


def test_html_holds_the_same_and_is_well_formed(estimate):
    from xml.etree import ElementTree

    html = estimate._repr_html_()
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    text = " ".join(tree.itertext())
    assert estimate.sentence() in text
    assert [row.find("th").text for row in tree.iter("tr")][1:] == list(estimate.nodes)
    assert estimate.level in text


def test_html_escapes_what_analysts_typed():
    hostile = '<b>Flood & "storm"</b><script>alert(1)</script>'
    sources = {"<i>Radio</i>": "B"}
    rows = [
        {"value": 5, "source": "<i>Radio</i>"},
        {"value": 9, "source": "<u>Paper</u>"},
    ]
    estimate = make(title=hostile, sources=sources, rows=rows)
    html = estimate._repr_html_()
    for raw in ("<b>", "<script>", "<i>", "<u>"):
        assert raw not in html
    assert "&lt;b&gt;Flood &amp;" in html
    assert "&lt;u&gt;Paper&lt;/u&gt;" in html
    assert hostile in repr(estimate)


def test_a_refused_estimate_says_so_in_both_reprs(estimate):
    failed = diagnose(estimate.posterior, estimate.nodes, 2)
    refused = Estimate(estimate.evidence, "nuts", 1, estimate.posterior, estimate.prior, failed)
    for text in (repr(refused), refused._repr_html_()):
        assert "REFUSED, do not quote: 2 divergent transitions" in text
        assert "Diagnostics hold" not in text


def test_the_numbers_for_json_are_those_of_the_summary(estimate):
    found = json.loads(json.dumps(estimate.to_dict(), allow_nan=False))
    assert list(found) == [
        "tolls_version", "case", "digest", "seed", "engine", "as_of", "period", "reports",
        "diagnostics", "nodes", "sources", "warnings",
    ]  # fmt: skip
    assert found["case"] == "River town"
    assert found["digest"].startswith("sha256:")
    assert found["period"] == ["2025-03-06", "2025-03-10"]
    assert found["reports"]["read"] == 4
    assert sum(v for k, v in found["reports"].items() if k != "read") == 4
    assert found["diagnostics"]["ok"] is True
    table = estimate.summary()
    for row in found["nodes"]:
        own = table.loc[row["node"]]
        for key in ("mean", "median", "sd", "lo", "hi", "ci_prob", "ci_kind"):
            assert row[key] == own[key]
        draws = estimate.tolls(row["node"])
        for level, value in row["quantiles"].items():
            assert value == pytest.approx(np.quantile(draws, float(level)))
        assert list(row["quantiles"]) == ["0.05", "0.25", "0.5", "0.75", "0.95"]
    assert [row["source"] for row in found["sources"]] == ["Monitor", "Radio"]
    assert [row["reports"] for row in found["sources"]] == [1, 2]


# --- ArviZ ----------------------------------------------------------------------------------------


def test_draws_are_a_tree_with_named_dims(estimate):
    tree = estimate.draws
    assert isinstance(tree, xr.DataTree)
    posterior = tree["posterior"]
    assert posterior["toll"].dims == ("chain", "draw", "node")
    assert posterior["toll"].dtype == np.int64
    assert posterior["share"].dims == ("chain", "draw", "part")
    for name in ("bias", "scatter", "reliability"):
        assert posterior[name].dims == ("chain", "draw", "source")
    assert posterior["kappa"].dims == ("chain", "draw")
    assert tuple(posterior["node"].values) == estimate.nodes
    assert tuple(posterior["source"].values) == estimate.evidence.sources
    assert list(posterior["part"].values) == [
        "civilians", "forces", "fighters", "north", "south",
    ]  # fmt: skip
    killed = posterior["toll"].sel(node="killed").values.reshape(-1)
    assert (killed == estimate.tolls("killed")).all()
    assert tree["prior"]["toll"].dims == ("chain", "draw", "node")


def test_arviz_takes_the_draws(estimate):
    import arviz_stats

    table = arviz_stats.summary(
        estimate.draws, var_names=["toll", "bias"], ci_prob=0.95, ci_kind="eti", round_to="none"
    )
    assert isinstance(table, pd.DataFrame)
    own = estimate.summary()
    assert table.loc["toll[killed]", "mean"] == pytest.approx(own.loc["killed", "mean"])
    assert table.loc["toll[armed]", "ess_bulk"] == pytest.approx(own.loc["armed", "ess_bulk"])
    assert "bias[Radio]" in table.index
    ess = arviz_stats.ess(estimate.draws, var_names=["toll"])
    found = ess["toll"] if "toll" in ess else ess["posterior"]["toll"]
    assert float(found.sel(node="killed")) == pytest.approx(own.loc["killed", "ess_bulk"])
    arviz_stats.rhat(estimate.draws, var_names=["kappa", "share"])


# --- files ----------------------------------------------------------------------------------------


def assert_same(one, other):
    for group in ("posterior", "prior"):
        assert getattr(one, group).keys() == getattr(other, group).keys()
        for name, values in getattr(one, group).items():
            again = getattr(other, group)[name]
            assert again.dtype == values.dtype, name
            assert (again == values).all(), name
    assert one.case.digest == other.case.digest
    assert one.evidence.fates == other.evidence.fates
    assert (one.engine, one.seed, one.warnings) == (other.engine, other.seed, other.warnings)
    assert one.diagnostics == other.diagnostics
    pd.testing.assert_frame_equal(one.summary(), other.summary())
    assert repr(one) == repr(other)
    assert one.to_dict() == other.to_dict()


def test_an_estimate_survives_saving_and_loading(estimate, tmp_path):
    path = tmp_path / "estimate.nc"
    estimate.save(path)
    assert_same(estimate, tolls.load(path))
    assert_same(estimate, tolls.load(str(path)))


def test_odd_names_and_notes_survive_saving(tmp_path):
    odd = make(
        title='"Überschwemmung" <b>', rows=[{"value": 5, "source": "Радио, 'x'"}],
        sources={"Радио, 'x'": "B"}, warnings=("a note — with “quotes”",),
    )  # fmt: skip
    odd.save(tmp_path / "odd.nc")
    assert_same(odd, tolls.load(tmp_path / "odd.nc"))


def test_saving_twice_writes_the_same_bytes(estimate, tmp_path):
    estimate.save(tmp_path / "one.nc")
    estimate.save(tmp_path / "two.nc")
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()
    tolls.load(tmp_path / "one.nc").save(tmp_path / "three.nc")
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "three.nc").read_bytes()


def test_saving_replaces_a_file_and_leaves_nothing_else_behind(estimate, tmp_path):
    path = tmp_path / "estimate.nc"
    path.write_text("old", encoding="utf-8")
    estimate.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["estimate.nc"]
    tolls.load(path)


def test_an_estimate_of_an_early_date_is_loaded_with_its_cut(tmp_path):
    whole = make()
    early = Estimate(
        gather(whole.case, "2025-03-12"), "nuts", 1, whole.posterior, whole.prior,
        whole.diagnostics,
    )  # fmt: skip
    early.save(tmp_path / "early.nc")
    again = tolls.load(tmp_path / "early.nc")
    assert str(again.evidence.as_of) == "2025-03-12"
    assert_same(early, again)


def foreign_netcdf(path):
    xr.Dataset({"x": ("draw", np.arange(3))}).to_netcdf(path, engine="h5netcdf")


def foreign_tree(path):
    xr.DataTree.from_dict(
        {
            group: xr.Dataset({"toll": (("chain", "draw"), np.ones((2, 3)))})
            for group in ("posterior", "prior")
        }
    ).to_netcdf(path, engine="h5netcdf")


def other_format(path):
    make().save(path)
    import h5py

    with h5py.File(path, "a") as file:
        file.attrs["tolls_format"] = 99


def truncated(path):
    make().save(path)
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("not a NetCDF file", encoding="utf-8"),
        lambda path: path.write_bytes(b""),
        lambda path: path.mkdir(),
        lambda path: None,
        foreign_netcdf,
        foreign_tree,
        other_format,
        truncated,
    ],
    ids=["text", "empty", "folder", "missing", "netcdf", "tree", "format", "truncated"],
)
def test_a_file_that_is_no_saved_estimate_is_refused_by_name(tmp_path, write):
    path = tmp_path / "foreign.nc"
    write(path)
    with pytest.raises(InputError, match=r"foreign\.nc"):
        tolls.load(path)


def test_saving_where_there_is_no_folder_leaves_nothing_half_written(estimate, tmp_path):
    with pytest.raises((OSError, InputError)):
        estimate.save(tmp_path / "missing" / "estimate.nc")
    assert not list(tmp_path.iterdir())


def test_loading_and_answering_load_neither_the_model_nor_plots(estimate, tmp_path):
    estimate.save(tmp_path / "estimate.nc")
    code = (
        "import sys, tolls; e = tolls.load(sys.argv[1]); e.summary(); repr(e); "
        "print([m for m in ('pymc', 'pytensor', 'nutpie', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "estimate.nc")],
        capture_output=True, text=True, check=True, cwd=SRC,
    )  # fmt: skip
    assert found.stdout.strip() == "[]"
