"""Reports of a panel: what is used is what a plain reading uses, in any form and in little room."""

import random
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers_panel import PRESETS, ROWS
from helpers_panel import panel as read_in

import tolls
from tolls.panelfitting import _digest
from tolls.panelrows import read_reports
from tolls.paneltruth import checked_threshold, read_verified


def read(rows, categories=()):
    return read_reports(rows, measure="killed", categories=categories, sources={}, presets=PRESETS)


def used(reports):
    """Return what is used, by names."""
    return [
        (reports.events[s.event], reports.voices[s.voice].source, s.said.figure[0], s.row)
        for s in reports.statements
    ]


def drawn(seed):
    """Rows of few events, sources and figures, so that they meet; no two of one date differ."""
    rng = random.Random(seed)
    rows = []
    for day in rng.sample(range(1, 29), 25):
        source = rng.choice(["one", "two", "three"])
        row = {
            "event": rng.choice("abc"), "source": source, "value": rng.choice([1, 2, 3, ""]),
            "published": f"2024-05-{day:02}", "category": rng.choice(["", "", "all", "x"]),
            "measure": rng.choice(["killed", "killed", "injured"]), "cites": "",
        }  # fmt: skip
        if rng.random() < 0.4:
            row["cites"] = rng.choice([s for s in ("one", "two", "three", "four") if s != source])
        rows.append(row)
    return rows


def plainly(rows):
    """Decide what is used by looking at all pairs of rows."""
    left = {"blank": 0, "other measures": 0, "other categories": 0, "relays": 0, "replaced": 0}
    given = [(number, row) for number, row in enumerate(rows, 2) if row["value"] != ""]
    left["blank"] = len(rows) - len(given)
    own = []
    for number, row in given:
        if row["measure"] != "killed":
            left["other measures"] += 1
        elif row["category"] == "x":
            left["other categories"] += 1
        elif any(
            (other["event"], other["source"], other["value"])
            == (row["event"], row["cites"], row["value"])
            for _, other in given
        ):
            left["relays"] += 1
        else:
            own.append((number, row))
    last = [
        (number, row)
        for number, row in own
        if all(
            other["published"] <= row["published"]
            for _, other in own
            if (other["event"], other["source"]) == (row["event"], row["source"])
        )
    ]
    left["replaced"] = len(own) - len(last)
    events = list(dict.fromkeys(row["event"] for _, row in own))
    expected = [(r["event"], r["source"], r["value"], number) for number, r in last]
    return sorted(expected, key=lambda one: (events.index(one[0]), one[1])), left


def test_what_is_used_is_what_a_plain_reading_uses():
    seen = dict.fromkeys(["blank", "other measures", "other categories", "relays", "replaced"], 0)
    for seed in range(100):
        rows = drawn(seed)
        reports = read(rows)
        expected, left = plainly(rows)
        assert used(reports) == expected
        assert {what: reports.counts.get(what, 0) for what in left} == left
        assert reports.counts["used"] == len(expected)
        seen = {what: n + left[what] for what, n in seen.items()}
    assert min(seen.values()) > 100  # every decision was made often


@pytest.mark.parametrize("first", [True, False])
def test_a_relay_may_stand_before_what_it_repeats(first):
    relay = {"event": "a", "source": "radio", "value": 3, "cites": "wire"}
    wire = {"event": "a", "source": "wire", "value": 3, "cites": ""}
    assert [u[1] for u in used(read([relay, wire] if first else [wire, relay]))] == ["wire"]


@pytest.mark.parametrize("at_once", [1, 7, 10_000])
@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame])
def test_data_frames_are_read_as_their_rows_whatever_is_read_at_once(monkeypatch, form, at_once):
    monkeypatch.setattr("tolls.tables._AT_ONCE", at_once)
    rows = [{k: None if v == "" else v for k, v in row.items()} for row in drawn(5)]
    assert used(read(form(rows))) == used(read(rows))
    assert read(form(rows)).counts == read(rows).counts


def test_a_panel_has_a_limit_of_rows_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tolls.tables.MAX_PANEL_ROWS", 3)
    path = tmp_path / "panel.csv"
    lines = ["event,source,value", *(f"event {i},one,3" for i in range(4))]
    path.write_text("\n".join(lines[:4]) + "\n", encoding="utf-8")
    assert read(path).counts["used"] == 3
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(tolls.InputError, match="more than 3 rows; allowed: 3, the rows of one p"):
        read(path)


def test_rows_that_say_what_others_say_take_little_room(tmp_path):
    def most(events):
        path = tmp_path / f"{events}.csv"
        rows = [f"event {i},source {j},{i % 50}" for i in range(events) for j in range(3)]
        path.write_text("event,source,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
        del rows
        tracemalloc.start()
        try:
            assert read(path).counts["used"] == 3 * events
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # a third of an event's name and its place (some 60 bytes), and a dozen columns of eight bytes;
    # a Report with its texts takes over 500
    assert (most(12_000) - most(4_000)) / 24_000 < 250


def test_a_digest_is_of_what_is_said_and_not_of_the_order_of_rows():
    rows = [row for row in ROWS if row["value" if "value" in row else "low"] != ""]

    def digest(rows):
        reports, verified, space, _ = read_in(rows)
        return _digest(reports, verified, dict.fromkeys(reports.events, "event"), 4, space)

    first = digest(rows)
    for seed in range(5):
        assert digest(random.Random(seed).sample(rows, len(rows))) == first
    for i, row in enumerate(rows):
        column = "value" if "value" in row else "low"
        assert digest([*rows[:i], row | {column: row[column] + 1}, *rows[i + 1 :]]) != first


def test_rows_of_a_truth_that_are_left_out_are_counted():
    truth = [
        {"event": "a", "value": 3, "measure": "killed"},
        {"event": "a", "value": 9, "measure": "injured"},
        {"event": "b", "value": 9, "measure": "injured"},
        {"event": "z", "value": 5, "measure": "killed"},
    ]
    found, left = read_verified(truth, ["a", "b"], measure="killed", threshold=None)
    assert found == {"a": (3, 3)}
    assert left == {"other measures": 2, "in no report": 1}
    with pytest.raises(tolls.InputError, match=r"other measures \(1\).*measure=killed"):
        read_verified(truth[1:2], ["a"], measure="killed", threshold=None)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"low": "", "high": 9}, (4, 9)),
        ({"low": 5, "high": ""}, (5, 10**9)),
        ({"low": "", "high": 3}, "column high: 3 is below the register's threshold, 4"),
        ({"low": 2, "high": 9}, "column low: 2 is below the register's threshold, 4"),
        ({"low": 9, "high": 5}, "column low: 9 is above high, 5"),
        ({"value": 6, "low": 5, "high": 9}, (5, 9)),
        ({"value": 4, "low": 5, "high": 9}, "column value: 4 lies outside its interval, 5 to 9"),
        ({"value": 8, "low": "", "high": 5}, "column value: 8 lies outside its interval, 4 to 5"),
        ({"low": 9, "high": 3}, "column high: 3 is below the register's threshold, 4"),
        ({"value": 3, "low": ""}, "column value: 3 is below the register's threshold, 4"),
    ],
)
def test_an_open_end_of_a_verified_toll_is_the_threshold(row, expected):
    def ends():
        return read_verified([{"event": "a"} | row], ["a"], measure="killed", threshold=4)[0]["a"]

    if isinstance(expected, tuple):
        assert ends() == expected
    else:
        with pytest.raises(tolls.InputError, match=expected):
            ends()


def test_a_threshold_is_a_plain_number_whatever_it_was():
    assert type(checked_threshold(np.int64(4), verified=True)) is int
