"""What one source says: parts of one bulletin, repeats, and figures that lean on earlier ones."""

import math

import pytest
from helpers import assert_told, case_of, evidence_of, fates, said

from tolls import simulate
from tolls.evidence import gather
from tolls.growth import Moment

SPLIT = {"killed": ["civilians", "forces", "fighters"]}
NESTED = {"killed": ["civilians", "forces"], "civilians": ["women", "men"]}
UNION = {"both_sides": ["forces", "fighters"]}


def parts(civilians, forces, fighters, **shared):
    values = {"civilians": civilians, "forces": forces, "fighters": fighters}
    return [{"category": node, "value": value} | shared for node, value in values.items()]


def bulletin(*rows, categories=SPLIT, **options):
    return evidence_of(*rows, categories=categories, **options)


# --- bulletins ------------------------------------------------------------------------------------


def test_exact_parts_enter_as_their_sum_and_their_composition():
    found = bulletin(*parts(745, 125, 148))
    assert said(found) == [("Monitor", "killed", "exact", 1018)]
    (composition,) = found.compositions
    assert (composition.of, composition.counts) == ("killed", (745, 125, 148))
    assert fates(found) == ["evidence"] * 3


def test_a_composition_stands_in_declared_order_whatever_the_order_of_the_rows():
    (composition,) = bulletin(*reversed(parts(745, 125, 148))).compositions
    assert composition.parts == ("civilians", "forces", "fighters")
    assert composition.counts == (745, 125, 148)


@pytest.mark.parametrize("qualifier", ["exact", "about", "at_least", "up_to"])
def test_a_printed_total_of_the_parts_is_redundant(qualifier):
    found = bulletin(*parts(745, 125, 148), {"value": 1018, "qualifier": qualifier})
    assert fates(found) == ["evidence"] * 3 + ["redundant"]
    assert said(found) == [("Monitor", "killed", "exact", 1018)]
    assert not any("add up" in warning for warning in found.warnings)


def test_a_printed_total_off_by_a_few_is_redundant_and_reported():
    found = bulletin(*parts(745, 125, 148), {"value": 1016})
    assert fates(found)[-1] == "redundant"
    assert said(found) == [("Monitor", "killed", "exact", 1018)]
    assert_told(found.warnings, "row 5", "Monitor", "1,016", "1,018")


def estimated(value=1018, low=900, high=1300, **more):
    return {"value": value, "low": low, "high": high, "qualifier": "estimate"} | more


@pytest.mark.parametrize("value", [1018, 1016, ""])
def test_a_total_printed_as_an_estimate_keeps_its_interval_beside_its_parts(value):
    found = bulletin(*parts(745, 125, 148), estimated(value))
    alone = bulletin(estimated(value or 1018))
    (statement,) = found.statements
    assert statement.reading == alone.statements[0].reading
    assert statement.rows == (2, 3, 4, 5)
    assert not statement.alone
    assert [c.counts for c in found.compositions] == [(745, 125, 148)]
    assert fates(found) == ["evidence"] * 4
    told = [w for w in found.warnings if "add up to" in w]
    assert bool(told) == (value == 1016)


def test_an_estimate_far_from_the_parts_is_a_figure_of_its_own():
    found = bulletin(*parts(745, 125, 148), estimated(1100))
    assert said(found) == [
        ("Monitor", "killed", "exact", 1018), ("Monitor", "killed", "estimate", 1100)
    ]  # fmt: skip


def test_people_in_no_part_are_of_the_estimate_too():
    found = bulletin(*parts(745, 125, 138), {"category": "unknown", "value": 10}, estimated())
    assert said(found) == [("Monitor", "killed", "estimate", 1018)]
    assert fates(found) == ["evidence"] * 5


def test_two_splits_share_one_estimate():
    split = {"killed": [["civilians", "forces", "fighters"], ["north", "south"]]}
    places = [{"category": c, "value": v} for c, v in {"north": 500, "south": 518}.items()]
    found = bulletin(*parts(745, 125, 148), *places, estimated(), categories=split)
    assert said(found) == [("Monitor", "killed", "estimate", 1018)]
    assert len(found.compositions) == 2
    assert fates(found) == ["evidence"] * 6


def test_of_two_estimates_of_one_bulletin_the_last_counts():
    rows = [estimated(published="2025-03-10", as_of="2025-03-09"),
            estimated(1020, 950, 1200, published="2025-03-12", as_of="2025-03-09")]  # fmt: skip
    found = bulletin(*parts(745, 125, 148), *rows)
    assert said(found) == [("Monitor", "killed", "estimate", 1020)]
    assert fates(found) == ["evidence"] * 3 + ["redundant", "evidence"]


def test_an_estimate_of_a_union_of_parts_is_redundant():
    rows = [*parts(532, 93, 120), estimated(213, 200, 230, category="both_sides")]
    found = bulletin(*rows, unions=UNION)
    assert fates(found) == ["evidence"] * 3 + ["redundant"]


def test_a_simulated_bulletin_has_its_estimate_and_its_parts():
    rows = [*parts(745, 125, 138), {"category": "unknown", "value": 10}, estimated()]
    case = case_of(*rows, categories=SPLIT)
    for seed in range(20):
        found = gather(simulate(case, seed=seed).case)
        (statement,) = found.statements
        assert statement.wording == "estimate"
        (whole,) = [r for r in found.case.reports if r.category == "killed"]
        others = [r for r in found.case.reports if r.category != "killed"]
        assert {r.qualifier for r in others} == {"exact"}
        assert sum(r.value for r in others) == pytest.approx(whole.value, abs=2)


def test_a_total_far_from_the_parts_is_evidence_of_its_own():
    found = bulletin(*parts(745, 125, 148), {"value": 1311})
    assert fates(found) == ["evidence"] * 4
    assert ("Monitor", "killed", "exact", 1311) in said(found)


def test_a_total_of_another_date_is_evidence_of_its_own():
    found = bulletin(*parts(745, 125, 148), {"value": 1018, "as_of": "2025-03-08"})
    assert len(found.statements) == 1  # one run of one figure
    assert fates(found)[-1] == "repeat"


def test_a_printed_union_of_the_parts_is_redundant():
    found = bulletin(*parts(532, 93, 120), {"category": "both_sides", "value": 213}, unions=UNION)
    assert fates(found)[-1] == "redundant"
    assert found.fates[5][1] == "the parts of its bulletin add up to 213"


@pytest.mark.parametrize("qualifier", ["about", "at_least", "more_than", "up_to", "fewer_than"])
def test_an_inexact_part_is_no_part_of_a_bulletin(qualifier):
    rows = parts(745, 125, 148)
    rows[0]["qualifier"] = qualifier
    found = bulletin(*rows)
    assert found.compositions == ()
    assert [(s.node, s.alone) for s in found.statements] == [
        ("civilians", True), ("forces", True), ("fighters", True)
    ]  # fmt: skip


def test_an_incomplete_bulletin_is_a_set_of_lone_parts():
    found = bulletin(*parts(745, 125, 148)[:2])
    assert found.compositions == ()
    assert all(s.alone for s in found.statements)


def test_parts_of_two_dates_are_no_bulletin():
    rows = parts(745, 125, 148)
    rows[0]["as_of"] = "2025-03-08"
    assert bulletin(*rows).compositions == ()


def test_parts_of_two_sources_are_no_bulletin():
    rows = parts(745, 125, 148)
    rows[0]["source"] = "Ministry"
    assert bulletin(*rows).compositions == ()


def test_parts_published_on_two_days_about_one_are_one_bulletin():
    rows = parts(745, 125, 148, as_of="2025-03-08")
    rows[0]["published"] = "2025-03-10"
    found = bulletin(*rows)
    assert found.compositions[0].counts == (745, 125, 148)
    assert str(found.statements[0].published) == "2025-03-10"


@pytest.mark.parametrize("again", ["2025-03-09", "2025-03-10", "2025-03-12"])
def test_a_part_that_is_said_twice_does_not_break_its_bulletin(again):
    rows = parts(745, 125, 148, as_of="2025-03-08")
    rows[0]["published"] = "2025-03-10"
    found = bulletin(*rows, rows[1] | {"published": again})
    assert [c.counts for c in found.compositions] == [(745, 125, 148)]
    assert said(found) == [("Monitor", "killed", "exact", 1018)]
    assert sorted(fates(found)) == ["evidence"] * 3 + ["repeat"]


def test_two_bulletins_of_one_day_pair_by_size():
    found = bulletin(*parts(745, 125, 148), *parts(532, 93, 120))
    assert [c.counts for c in found.compositions] == [(532, 93, 120), (745, 125, 148)]
    assert [s.figure for s in found.statements] == [(745,), (1018,)]


def test_two_bulletins_about_one_day_may_share_a_part():
    found = bulletin(
        *parts(532, 93, 120, published="2025-03-08", as_of="2025-03-08"),
        *parts(745, 93, 148, published="2025-03-09", as_of="2025-03-08"),
    )
    assert [c.counts for c in found.compositions] == [(532, 93, 120), (745, 93, 148)]
    assert [(s.node, s.figure) for s in found.statements] == [
        ("killed", (745,)),
        ("killed", (986,)),
    ]


@pytest.mark.parametrize("qualifier", ["exact", "about", "more_than"])
def test_a_part_that_was_told_before_is_still_a_part_of_its_bulletin(qualifier):
    before = {"category": "civilians", "value": 745, "qualifier": qualifier}
    found = bulletin(
        before | {"published": "2025-03-08", "as_of": "2025-03-08"},
        *parts(745, 125, 148, published="2025-03-09", as_of="2025-03-08"),
    )
    assert [c.counts for c in found.compositions] == [(745, 125, 148)]
    assert said(found) == [("Monitor", "killed", "exact", 1018)]
    assert sorted(fates(found)) == ["evidence"] * 3 + ["repeat"]


def test_a_bulletin_of_zeros_says_zero_and_has_no_composition():
    found = bulletin(*parts(0, 0, 0))
    assert said(found) == [("Monitor", "killed", "exact", 0)]
    assert found.compositions == ()
    assert fates(found) == ["evidence"] * 3


def test_a_bulletin_with_one_empty_part_has_a_composition():
    assert bulletin(*parts(5, 0, 0)).compositions[0].counts == (5, 0, 0)


def test_only_the_root_is_never_alone():
    found = bulletin(
        {"value": 900}, {"category": "civilians", "value": 700},
        {"category": "both_sides", "value": 200}, unions=UNION,
    )  # fmt: skip
    assert {s.node: s.alone for s in found.statements} == {
        "killed": False, "civilians": True, "both_sides": True
    }  # fmt: skip


# --- bulletins within bulletins -------------------------------------------------------------------


def nested(**values):
    rows = [{} if node == "killed" else {"category": node} for node in values]
    return bulletin(
        *(row | {"value": value} for row, value in zip(rows, values.values(), strict=True)),
        categories=NESTED,
    )


def test_parts_of_parts_add_up_to_the_bulletin_above():
    found = nested(women=10, men=20, forces=5)
    assert {c.of: c.counts for c in found.compositions} == {
        "civilians": (10, 20),
        "killed": (30, 5),
    }
    assert said(found) == [("Monitor", "killed", "exact", 35)]


@pytest.mark.parametrize("printed", [29, 30, 31])
def test_the_printed_total_of_parts_of_parts_is_redundant(printed):
    found = nested(women=10, men=20, civilians=printed, forces=5)
    assert {c.of: c.counts for c in found.compositions} == {
        "civilians": (10, 20),
        "killed": (30, 5),
    }
    assert said(found) == [("Monitor", "killed", "exact", 35)]
    assert fates(found) == ["evidence", "evidence", "redundant", "evidence"]


def test_printed_totals_of_every_level_are_redundant():
    found = nested(women=10, men=20, civilians=30, forces=5, killed=35)
    assert said(found) == [("Monitor", "killed", "exact", 35)]
    assert fates(found) == ["evidence", "evidence", "redundant", "evidence", "redundant"]


def test_parts_of_parts_alone_are_a_lone_part():
    found = nested(women=10, men=20)
    (statement,) = found.statements
    assert (statement.node, statement.figure, statement.alone) == ("civilians", (30,), True)


# --- repeats --------------------------------------------------------------------------------------


def day(number):
    return f"2025-03-{number:02d}"


def figures(*stated):
    """Rows of (value, published) or (value, published, as_of), as days of March."""
    return [
        {"value": value, "published": day(published), "as_of": day(*as_of or [published])}
        for value, published, *as_of in stated
    ]


def test_a_run_of_one_figure_counts_once_at_its_latest_as_of():
    found = bulletin(*figures((147, 7), (147, 8), (147, 10)))
    assert fates(found) == ["repeat", "repeat", "evidence"]
    assert [str(s.as_of) for s in found.statements] == [day(10)]


def test_of_equal_dates_the_first_publication_counts():
    found = bulletin(*figures((147, 9, 7), (147, 8, 7)))
    assert fates(found) == ["repeat", "evidence"]


@pytest.mark.parametrize("as_of", [7, 8])
def test_a_republication_with_an_old_as_of_adds_nothing(as_of):
    found = bulletin(*figures((147, 8), (240, 9), (147, 10, as_of)))
    assert fates(found) == ["evidence", "evidence", "repeat"]


def test_a_figure_that_comes_back_for_a_newer_date_is_new_evidence():
    found = bulletin(*figures((147, 8), (240, 9), (147, 10)))
    assert fates(found) == ["evidence"] * 3


def test_one_figure_in_two_wordings_counts_once_as_the_more_exact():
    rows = [{"value": 340, "qualifier": "more_than"}, {"value": 340}]
    found = bulletin(*rows)
    assert fates(found) == ["repeat", "evidence"]


def test_figures_of_two_sources_are_no_repeats():
    found = bulletin({"value": 147}, {"value": 147, "source": "Ministry"})
    assert fates(found) == ["evidence", "evidence"]


def test_a_repeated_bulletin_counts_once_at_its_latest_as_of():
    found = bulletin(*parts(745, 125, 148), *parts(745, 125, 148, published=day(12)))
    assert fates(found) == ["repeat"] * 3 + ["evidence"] * 3
    assert [str(c.as_of) for c in found.compositions] == [day(12)]
    assert [str(s.as_of) for s in found.statements] == [day(12)]


def test_a_total_that_stands_still_after_its_bulletin_counts_at_its_latest_as_of():
    found = bulletin(*parts(4, 35, 32, published=day(7)), {"value": 71, "published": day(10)})
    (statement,) = found.statements
    assert (statement.figure, str(statement.as_of)) == ((71,), day(10))
    assert [str(c.as_of) for c in found.compositions] == [day(7)]


def test_a_bulletin_republished_with_an_old_as_of_adds_nothing():
    found = bulletin(
        *parts(4, 35, 32, published=day(8)),
        *parts(20, 40, 40, published=day(9)),
        *parts(4, 35, 32, published=day(10), as_of=day(7)),
    )
    assert fates(found) == ["evidence"] * 6 + ["repeat"] * 3
    assert [s.figure for s in found.statements] == [(71,), (100,)]


# --- links ----------------------------------------------------------------------------------------


def links(*rows, **options):
    return [s.link for s in bulletin(*rows, **options).statements]


@pytest.mark.parametrize("days", [1, 3, 14, 60])
def test_a_link_fades_with_the_days_between_publications(days):
    published = Moment.parse(day(6)).when.toordinal() + days
    later = Moment.parse(day(6)).when.fromordinal(published).date().isoformat()
    first, second = links({"value": 100, "published": day(6)}, {"value": 120, "published": later})
    assert first is None
    assert second.r == pytest.approx(min(0.95, math.exp(-days / 10)))


def test_a_link_within_a_day_is_capped():
    assert links({"value": 100}, {"value": 120})[1].r == 0.95


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ({"value": 100}, 100),
        ({"value": 0}, 0.5),
        ({"value": 100, "qualifier": "about"}, 100),
        ({"low": 50, "high": 200, "qualifier": "range"}, 100),
        ({"value": 100, "qualifier": "at_least"}, 120),
        ({"value": 99, "qualifier": "more_than"}, 120),
    ],
)
def test_a_link_leans_on_what_the_previous_wording_says(before, says):
    link = links(before | {"published": day(8)}, {"value": 150})[1]
    assert link.previous == pytest.approx(math.log(says))
    assert str(link.published) == str(link.as_of) == day(8)


@pytest.mark.parametrize("qualifier", ["up_to", "fewer_than"])
def test_a_bound_from_above_is_nothing_to_lean_on(qualifier):
    before = {"value": 100, "qualifier": qualifier, "published": day(8)}
    assert links(before, {"value": 150}) == [None, None]


def test_a_figure_leans_on_the_one_before_by_published_then_as_of_then_low():
    rows = figures((300, 9, 9), (200, 9, 8), (150, 9, 9), (100, 8, 8))
    found = bulletin(*rows)
    assert [s.figure[0] for s in found.statements] == [100, 200, 150, 300]
    leaned = [round(math.exp(s.link.previous)) for s in found.statements if s.link]
    assert leaned == [100, 200, 150]


def test_links_join_neither_sources_nor_nodes():
    found = bulletin(
        {"value": 100, "published": day(8)},
        {"value": 120, "source": "Ministry"},
        {"value": 60, "category": "civilians"},
    )
    assert [s.link for s in found.statements] == [None] * 3


def test_a_lone_part_leans_on_that_part_of_the_bulletin_before():
    found = bulletin(
        *parts(532, 93, 120, published=day(8)), {"category": "civilians", "value": 973}
    )
    (lone,) = [s for s in found.statements if s.node == "civilians"]
    assert math.exp(lone.link.previous) == pytest.approx(532)
    assert lone.link.rows == (2,)


def test_a_composition_leans_on_the_shares_stated_before():
    found = bulletin(*parts(50, 30, 20, published=day(8)), *parts(80, 40, 40, published=day(10)))
    first, second = found.compositions
    assert first.link is None
    assert second.link.previous == pytest.approx((0.5, 0.3, 0.2))
    assert second.link.r == pytest.approx(math.exp(-2 / 10))


def test_a_part_that_is_called_unknown_counts_once():
    rows = [{"category": c, "value": v} for c, v in {"a": 3, "b": 5, "unknown": 2}.items()]
    evidence = evidence_of(*rows, categories=["a", "b", "unknown"])
    assert said(evidence) == [("Monitor", "killed", "exact", 10)]
