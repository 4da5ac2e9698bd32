"""Ranks of a panel's statements: against sums by hand, and of panels whose unknowns are known."""

from dataclasses import replace

import helpers_panel
import numpy as np
import pytest
from helpers_panel import PRESETS, ROWS, SCALE, TRUTH, by_hand, simulated

from tolls import panelchecks
from tolls.errors import InputError
from tolls.panel import Panel
from tolls.panelchecks import check_panel
from tolls.paneldensity import Density
from tolls.panelloops import predicted, told
from tolls.panelpriors import Space, log_prior
from tolls.panelrows import Said, read_reports
from tolls.paneltruth import read_verified
from tolls.patterns import gathered
from tolls.presets import load_presets

THRESHOLD, CATEGORIES = 4, ("victims",)
MORE = [
    *ROWS,
    # of one source two counts, which are no evidence of each other
    {"event": "f", "source": "two", "value": 6},
    {"event": "f", "source": "two", "value": 5, "category": "victims"},
    {"event": "f", "source": "one", "value": 6},
]


def unfitted(rows, truth, draws=None, presets=PRESETS, threshold=THRESHOLD):
    """A panel as a fit leaves it, with draws from elsewhere."""
    reports = read_reports(
        rows, measure="killed", categories=CATEGORIES, sources={}, presets=presets
    )
    verified, _ = read_verified(truth, reports.events, measure="killed", threshold=threshold)
    space = Space(reports.voices, 1, threshold, presets)
    patterns = gathered(reports, verified, [0] * len(reports.events), threshold, presets)
    if callable(draws):
        draws = draws(space)
    kinds = dict.fromkeys(reports.events, "event")
    return Panel(
        "killed", reports, verified, kinds, threshold, space, patterns, None, draws, None, "", 1,
        "sha256:0",
    )  # fmt: skip


def light(space, seed):
    """A point with a tail so light that next to nothing lies beyond 300 people."""
    point = space.start(seed)
    point[space.slices["law"]] = [0.3, -0.5, 4.0 + 0.2 * seed, 0.5 - 0.4 * seed, -0.6]
    return point


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Sums by hand need no more numbers of people."""
    monkeypatch.setattr(helpers_panel, "MOST", 300)


def foretold_by_hand(panel, natural):
    """P(as stated) and P(as stated or more) of every statement: sums over every toll and record."""
    reports = panel.reports

    def weights(statements):
        return np.array(
            [
                weight.sum()
                for weight, _ in by_hand(
                    replace(reports, statements=tuple(statements)), panel.verified, natural, 4
                )
            ]
        )

    found = {}
    for voice, own in enumerate(reports.voices):
        others = [s for s in reports.statements if reports.voices[s.voice].source != own.source]
        mine = [s for s in reports.statements if s.voice == voice]
        # "or more" has no upper end
        tails = [replace(s, said=Said("range", (s.said.figure[0], np.inf))) for s in mine]
        whole, same, more = (weights([*others, *extra]) for extra in ([], mine, tails))
        for s in mine:
            found[reports.events[s.event], own.name] = (
                (same / whole)[s.event],
                (more / whole)[s.event],
            )
    return found


@pytest.mark.parametrize("seed", range(2))
def test_what_others_foretell_is_the_sum_over_every_toll_and_record(seed):
    panel = unfitted(MORE, TRUTH, lambda space: light(space, seed)[None, None])
    found = check_panel(panel, seed=1).statements.set_index(["event", "source"])
    hand = foretold_by_hand(panel, panel.space.natural(panel.draws[0, 0]))
    assert len(hand) == len(found) == len(panel.reports.statements)
    alone = found["left_out"] == "alone"
    assert set(found.index[alone]) == {("e", "three")}
    wrong = []
    for place, (same, more) in hand.items():
        row = found.loc[place]
        if row["left_out"]:
            continue
        # cells beyond 16 people are looked at in their middle: two parts in 10,000 an event
        assert row["below"] == pytest.approx(1 - more, abs=2e-4)
        assert row["upto"] == pytest.approx(1 - more + same, abs=2e-4)
        assert row["below"] <= row["rank"] <= row["upto"]
        wrong.append(abs(row["below"] - (1 - more + same)))
    assert min(wrong) > 2e-3  # one person more or less would show


def test_two_counts_of_one_source_do_not_foretell_each_other():
    def point(space):
        return light(space, 1)[None, None]

    both = check_panel(unfitted(MORE, TRUTH, point), seed=1).statements
    both = both[(both["event"] == "f") & (both["source"] == "two (all)")].iloc[0]
    assert both["others"] == 1
    renamed = [row | {"source": "four"} if "category" in row else row for row in MORE]
    other = check_panel(unfitted(renamed, TRUTH, point), seed=1).statements
    other = other[(other["event"] == "f") & (other["source"] == "two")].iloc[0]
    assert other["others"] == 2
    assert abs(other["upto"] - other["below"] - (both["upto"] - both["below"])) > 0.01


def test_counts_of_every_size_add_up_to_one():
    sizes = range(70)
    rows = [
        row
        for n in sizes
        for row in (
            {"event": f"{n}", "source": "one", "value": 3},
            {"event": f"{n}", "source": "two", "value": n},
        )
    ]
    panel = unfitted(rows, {"0": 4}, lambda space: light(space, 1)[None, None])
    table = check_panel(panel, seed=1).statements
    own = table[(table["source"] == "two") & ~table["verified"]]
    below, upto = own["below"].to_numpy(), own["upto"].to_numpy()
    assert len(own) == len(sizes) - 1
    # every figure has a grid of its own, by a part in 10,000 another
    np.testing.assert_allclose(upto[:-1], below[1:], atol=1e-4)
    assert below[0] + (upto - below).sum() == pytest.approx(upto[-1], abs=5e-4)
    assert upto[-1] > 0.9
    first = table[(table["source"] == "two") & table["verified"]].iloc[0]
    assert first["below"] == pytest.approx(0.0, abs=1e-12)  # nobody states less than nobody


def test_products_beyond_the_smallest_number_are_summed_in_logs():
    panel = unfitted(MORE, TRUTH, lambda space: light(space, 1)[None, None])
    density = Density(panel.patterns, panel.space, THRESHOLD)
    natural = panel.space.natural(panel.draws[0, 0])
    mass, _ = density._masses(natural)
    chance, tail = (told(e, natural).chance for e in (density.entries, density.tails()))
    source = panelchecks._source(panel)
    plain, small = np.empty((2, 3, len(source)))
    predicted(density.sums, source, mass, chance, tail, plain)
    predicted(density.sums, source, mass * 1e-260, chance, tail, small)
    np.testing.assert_allclose(small, plain, rtol=1e-10)
    # four hundred sources that contradict each other: what they state is no number
    rows = [
        {"event": event, "source": f"source {n}", "value": n % 2 * 900 + n // 4}
        for event in "ab"
        for n in range(400)
    ]
    table = check_panel(
        unfitted(rows, {"a": 9}, lambda space: light(space, 1)[None, None]), seed=1
    ).statements
    assert ((table["upto"] > table["below"]) & (table["upto"] <= 1)).all()


def test_a_statement_is_left_out_of_what_the_unknowns_are_known_from():
    """Draws with equal weights are exact where the prior is one over the likelihood."""
    count, (event, source) = 60, ("a", "two")

    def drawn(space):
        points = np.array([light(space, 1)] * count)
        points += np.random.default_rng(2).normal(0.0, 0.4, points.shape)
        return points[None]

    def log_likelihood(panel, points):
        density = Density(panel.patterns, panel.space, THRESHOLD)
        return np.array([density(p)[0] - log_prior(p, panel.space.priors)[0] for p in points])

    panel = unfitted(ROWS, TRUTH, drawn)
    points = panel.draws[0]
    without = [r for r in ROWS if (r["event"], r["source"]) != (event, source)]
    less = unfitted(without, TRUTH, points[None])
    weight = log_likelihood(less, points) - log_likelihood(panel, points)
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    assert weight.max() < count**-0.5  # none is cut off
    hand = [foretold_by_hand(panel, panel.space.natural(p))[event, source] for p in points[:4]]
    found = check_panel(panel, seed=1)
    row = found.statements.set_index(["event", "source"]).loc[(event, source)]
    each = np.array(
        [
            check_panel(replace(panel, draws=p[None, None]), seed=1)
            .statements.set_index(["event", "source"])
            .loc[(event, source), ["below", "upto"]]
            .to_numpy(float)
            for p in points
        ]
    )
    for one, (same, more) in zip(each, hand, strict=False):
        np.testing.assert_allclose(one, [1 - more, 1 - more + same], atol=2e-4)
    np.testing.assert_allclose(row[["below", "upto"]].to_numpy(float), weight @ each, atol=1e-4)
    assert np.abs(each.mean(axis=0) - weight @ each).max() > 2e-3  # as it would be left in
    assert found.effective <= 1 / (weight**2).sum() * (1 + 1e-3)


# --- panels whose unknowns are known --------------------------------------------------------------


def behind(space, own):
    """The point at which the unknowns are what a simulated panel was drawn with."""
    priors, reach = space.priors, space.presets.panels.reach
    point = np.zeros(space.dimensions)

    def logit(share):
        return np.log(share) - np.log1p(-np.asarray(share))

    def ratios(shares):
        return np.delete(np.log(shares) - np.log(shares[..., [reach]]), reach, axis=-1)

    law = [logit(own["no_deaths"]), np.log(own["scale"]), np.log(own["tail"])]
    law += [logit(own["large"]), np.log(own["scale beyond"])]
    below, above = ratios(own["record"])
    values = {
        "law": (np.array(law) - priors.law[0]) / priors.law[1],
        "record": above,
        "below": (below - above)[:1] / priors.apart,
        "listed": logit(own["listed"]),
        "bias": (own["bias"] - priors.bias.mean[0]) / priors.bias.unit[0],
        "agreement": (logit(own["agreement"]) - priors.agreement.mean[0])
        / priors.agreement.unit[0],
        "gross": logit(own["gross"]),
        "spread": np.log(own["spread"] / priors.scatter) / priors.scatter_sd,
        "definition": logit(own["definition"]),
        "offset": ratios(own["offset"]).ravel(),
    }
    for name, value in values.items():
        point[space.slices[name]] = np.ravel(value)
    return point


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A panel of many events, with the unknowns behind it in the place of draws."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "scale.toml").write_text(SCALE, encoding="utf-8")
    presets = load_presets("scale.toml", folder)
    made = simulated(np.random.default_rng(11), presets, events=1500, threshold=THRESHOLD)
    panel = unfitted(
        made.rows, made.truth, lambda space: behind(space, made.unknowns)[None, None], presets
    )
    found, own = panel.natural, made.unknowns
    for name in ("bias", "spread", "gross", "agreement", "definition", "offset", "record"):
        np.testing.assert_allclose(getattr(found, name)[0], own[name], rtol=1e-8)
    return panel


def test_ranks_of_a_model_that_is_true_are_uniform(known):
    found = check_panel(known, seed=1)
    assert found.strange.empty
    assert found.sources["p"].min() > 0.02  # of three sources the least: one in seventeen
    ranked = found.sources["ranked"].to_numpy()
    assert (ranked > 400).all()
    assert (found.sources["counts"] == ranked + found.sources["alone"]).all()
    for level in panelchecks.LEVELS:
        away = (found.sources[f"inside_{100 * level:.0f}"] - level) / np.sqrt(
            level * (1 - level) / ranked
        )
        assert np.abs(away).max() < 3.5  # of twelve, standard normal
    assert "Of no source are the ranks farther from uniform" in found.summary()


@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("spread", lambda values, priors: values - np.log(2) / priors.scatter_sd),
        ("bias", lambda values, priors: values + 0.5 / priors.bias.unit[0]),
        ("agreement", lambda values, _: values + 3.0),
        ("gross", lambda values, _: values - 4.0),
    ],
)
def test_a_model_that_is_wrong_is_found_out(known, name, moved):
    draws = known.draws.copy()
    own = known.space.slices[name]
    draws[..., own] = moved(draws[..., own], known.space.priors)
    found = check_panel(replace(known, draws=draws), seed=1)
    assert found.sources["p"].min() < 0.001
    assert not found.strange.empty
    assert f"{found.strange['source'].iloc[0]} is not foretold as often" in found.summary()


def test_what_is_no_count_is_not_ranked_and_said_to_be_left_out():
    rows = [
        *MORE,
        {"event": "a", "source": "three", "value": 3, "qualifier": "at_least"},
        {"event": "c", "source": "one", "words": "dozens", "qualifier": "words"},
        {"event": "d", "source": "one", "low": 9, "high": 14, "qualifier": "estimate"},
    ]
    found = check_panel(unfitted(rows, TRUTH, lambda space: light(space, 1)[None, None]), seed=1)
    table = found.statements
    left = table.set_index(["event", "source"])["left_out"]
    assert left[left != ""].to_dict() == {
        ("a", "three"): "worded",
        ("c", "one"): "worded",
        ("e", "three"): "alone",
    }
    assert (table["rank"].isna() == (table["left_out"] != "")).all()
    names = ["ranked", "alone", "worded"]
    assert (found.sources["counts"] == found.sources[names].sum(axis=1)).all()
    text = found.summary()
    assert "Not ranked: 1 that nothing else on their event foretells." in text
    assert "Not ranked: 2 worded as a bound" in text
    assert "<table" in found._repr_html_()
    assert f"{len(table) - 3:,} of {len(table):,} counts of killed ranked" in repr(found)


def test_a_seed_gives_the_same_ranks_and_another_gives_others(known):
    first, again, other = (check_panel(known, seed=seed).statements for seed in (1, 1, 2))
    assert first.equals(again)
    assert (first["rank"] != other["rank"]).sum() > 1000
    assert first["below"].equals(other["below"])


def test_only_a_panel_is_checked_and_with_a_seed(known):
    with pytest.raises(InputError, match="panel: is a str"):
        check_panel("panel", seed=1)
    with pytest.raises(InputError, match="seed"):
        check_panel(known, seed=-1)
