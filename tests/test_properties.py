"""What holds of every table of reports, tried on many small ones."""

import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from helpers import COLUMNS, END, START, attempt, content, table
from hypothesis import given
from hypothesis import strategies as st

import tolls
from tolls.columns import QUALIFIERS
from tolls.evidence import FATES, Evidence, gather

DECLARED = {
    "categories": {"killed": ["civilians", "forces"], "civilians": ["women", "men"]},
    "unions": {"grown_men": ["forces", "men"]},
    "start": START,
    "end": END,
}
NODES = ["killed", "civilians", "forces", "women", "men", "grown_men"]
ORIGINS, RELAYING = ["Monitor", "Police"], ["Paper", "Radio"]
# few figures and days, so that repeats, relays and bulletins meet
COUNTS = st.sampled_from([0, 1, 5, 7, 12, 95, 100, 107, 1000])
DAYS = st.integers(6, 12)


@st.composite
def valid_rows(draw):
    """One valid row: an own figure of an origin, or a relay that cites an origin."""
    cites = draw(st.sampled_from(["", "", *ORIGINS]))
    day = draw(DAYS)
    row = {
        "source": draw(st.sampled_from(RELAYING if cites else ORIGINS)),
        "cites": cites,
        "category": draw(st.sampled_from(NODES)),
        "published": f"2025-03-{day:02d}",
        "as_of": f"2025-03-{draw(st.integers(6, day)):02d}",
        "qualifier": draw(
            st.sampled_from(["exact"] * 6 + ["about", "at_least", "more_than", "up_to", "range"])
        ),
    }
    if row["qualifier"] == "range":
        low, high = sorted((draw(COUNTS), draw(COUNTS)))
        return row | {"low": low, "high": high}
    return row | {"value": draw(COUNTS)}


@st.composite
def bulletins(draw):
    """Exact parts of one partition stated together, with or without their printed total."""
    of, parts = draw(st.sampled_from(list(DECLARED["categories"].items())))
    shared = draw(valid_rows().filter(lambda row: not row["cites"]))
    shared = {key: shared[key] for key in ("source", "cites", "published", "as_of")}
    shared["qualifier"] = "exact"
    rows = [shared | {"category": part, "value": draw(COUNTS)} for part in parts]
    if draw(st.booleans()):
        total = sum(row["value"] for row in rows) + draw(st.sampled_from([0, 0, 1, -1, 50]))
        rows.append(shared | {"category": of, "value": max(total, 0)})
    return rows


def flat(groups):
    return [row for rows in groups for row in rows]


ONE_OR_MORE = valid_rows().map(lambda row: [row]) | bulletins()
TABLES = st.lists(ONE_OR_MORE, min_size=1, max_size=8).map(flat)


def gathered(rows, as_of=None, **declared) -> Evidence | None:
    """Gather the evidence of valid rows, or return None where all of them say nothing."""
    case = tolls.Case(rows, **(DECLARED | declared))
    evidence, problems = attempt(lambda: gather(case, as_of))
    assert all("no report is left" in message for message in problems)
    return evidence


def renamed(item, names):
    return (names.get(item[0], item[0]), *item[1:])


def statements(evidence, names=None):
    """Return what all statements and compositions say, without rows and in no order."""
    items = [*evidence.statements, *evidence.compositions] if evidence else []
    return Counter(repr(renamed(content(item), names or {})) for item in items)


def fates_by_content(evidence):
    if evidence is None:
        return Counter()
    rows = {r.row: tuple(r.as_row().items()) for r in evidence.case.reports}
    return Counter((rows[row], fate) for row, (fate, _) in evidence.fates.items())


# --- the ledger -----------------------------------------------------------------------------------


@given(TABLES, st.none() | DAYS)
def test_every_row_has_one_fate_and_the_counts_add_up(rows, day):
    evidence = gathered(rows, as_of=day and f"2025-03-{day:02d}")
    if evidence is None:
        return
    counts = evidence.counts
    assert list(evidence.fates) == [r.row for r in evidence.case.reports]
    assert {fate for fate, _ in evidence.fates.values()} <= set(FATES)
    assert counts["read"] == len(rows) == sum(n for fate, n in counts.items() if fate != "read")


@given(TABLES)
def test_evidence_is_what_stands_behind_statements_and_compositions(rows):
    evidence = gathered(rows)
    if evidence is None:
        return
    used = [row for item in (*evidence.statements, *evidence.compositions) for row in item.rows]
    assert set(used) == {row for row, (fate, _) in evidence.fates.items() if fate == "evidence"}
    # no count enters twice: each row stands behind one statement at most
    assert max(Counter(row for s in evidence.statements for row in s.rows).values()) == 1


# --- what must not matter -------------------------------------------------------------------------


@given(TABLES, st.integers())
def test_the_order_of_rows_changes_nothing(rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))
    before, after = gathered(rows), gathered(shuffled)
    assert statements(before) == statements(after)
    assert fates_by_content(before) == fates_by_content(after)


@given(TABLES)
def test_the_order_of_columns_changes_nothing(rows):
    turned = [dict(reversed(row.items())) for row in rows]
    assert statements(gathered(rows)) == statements(gathered(turned))


@pytest.mark.parametrize(
    "names",
    [
        {"Monitor": "Police", "Police": "Monitor", "Paper": "Radio", "Radio": "Paper"},
        {"Monitor": 'é, the "source"', "Police": "0", "Paper": "all", "Radio": "killed"},
    ],
    ids=["swapped", "strange"],
)
@given(rows=TABLES)
def test_the_names_of_sources_change_nothing(names, rows):
    other = [
        row | {key: names[row[key]] for key in ("source", "cites") if row[key]} for row in rows
    ]
    before, after = gathered(rows), gathered(other)
    assert statements(before, names) == statements(after)
    assert before is None or before.counts == after.counts


@given(TABLES, st.data())
def test_saying_the_same_twice_changes_nothing(rows, data):
    again = data.draw(st.sampled_from(rows))
    assert statements(gathered(rows)) == statements(gathered([*rows, again]))


@given(TABLES, st.data())
def test_one_more_relay_of_a_known_own_figure_changes_nothing(rows, data):
    own = [row for row in rows if not row["cites"]]
    if not own:
        return
    told = data.draw(st.sampled_from(own))
    relay = told | {"source": "Paper", "cites": told["source"], "published": "2025-03-20"}
    assert statements(gathered(rows)) == statements(gathered([*rows, relay]))


@given(TABLES, DAYS)
def test_a_cut_is_the_same_as_not_having_the_later_rows(rows, day):
    cut = f"2025-03-{day:02d}"
    earlier = [row for row in rows if row["published"] <= cut]
    declared = {"sources": dict.fromkeys(ORIGINS + RELAYING, "B")}
    whole = gathered(rows, cut, **declared)
    if not earlier:
        assert whole is None
        return
    part = gathered(earlier, cut, **declared)
    assert statements(whole) == statements(part)
    assert whole is None or whole.period == part.period


# --- saving ---------------------------------------------------------------------------------------


@given(TABLES)
def test_a_case_comes_back_from_json_with_its_digest_and_its_evidence(rows):
    case = tolls.Case(rows, title="A case", **DECLARED)
    again = tolls.Case.from_json(case.to_json())
    assert again.digest == case.digest
    assert again.reports == case.reports
    assert again.names == case.names
    assert statements(gathered(rows)) == (
        statements(gather(again)) if gathered(rows) else Counter()
    )


@pytest.mark.parametrize("title", ["A case", ""])
def test_a_case_comes_back_with_everything_it_declares(title):
    source = {
        "grade": "B2",
        "kind": "monitor",
        "rationale": "Names published.",
        "bias": {"median": 0.9, "low": 0.6, "high": 1.3, "mass": 0.95},
        "scatter": {"low": 0.05, "high": 0.3},
        "reliability": {"mean": 0.9, "strength": 20},
    }
    case = tolls.Case(
        table({"value": 5, "published": "2025-03-09T14:30", "archive": "x"}, {"value": 6}),
        title=title, kind="massacre", sources={"Monitor": source},
        range={"low": 10, "high": 500, "mass": 0.9}, **DECLARED,
    )  # fmt: skip
    again = tolls.Case.from_json(case.to_json())
    assert again.digest == case.digest
    assert (again.title, again.kind) == (case.title, case.kind)
    assert (again.start, again.end) == (case.start, case.end)
    assert again.sources == case.sources
    assert again.root_prior == case.root_prior
    assert again.categories.partitions == case.categories.partitions
    assert again.reports == case.reports
    assert again.presets == case.presets


def test_sources_and_unions_come_back_in_declared_order():
    case = tolls.Case(
        table({"value": 5, "source": "Zeta"}, {"value": 6, "source": "Alpha"}),
        categories=["c", "b", "a"],
        unions={"z": ["a", "b"], "y": ["b", "c"]},
        sources={"Zeta": "A", "Alpha": "B"},
    )
    again = tolls.Case.from_json(case.to_json())
    assert again.names == case.names == ("killed", "c", "b", "a", "z", "y")
    assert list(again.sources) == list(case.sources) == ["Zeta", "Alpha"]
    assert gather(again).sources == gather(case).sources


@pytest.mark.parametrize("name", ["row", "digest", "presets", "extra", ""])
def test_an_extra_column_of_any_name_comes_back(name):
    case = tolls.Case(table({"value": 5, name: "x"}, {"value": 6, name: "x"}))
    again = tolls.Case.from_json(case.to_json())
    assert again.reports == case.reports
    assert gather(again).counts == gather(case).counts


def test_hours_with_seconds_come_back():
    case = tolls.Case(table({"value": 5, "published": "2025-03-09T14:30:59"}))
    assert tolls.Case.from_json(case.to_json()).reports == case.reports


def test_the_digest_does_not_depend_on_the_order_of_columns():
    (row,) = table({"value": 5, "archive": "x", "page": "7"})
    turned = dict(reversed(row.items()))
    assert tolls.Case([row], **DECLARED).digest == tolls.Case([turned], **DECLARED).digest


@given(TABLES, TABLES)
def test_the_digest_tells_cases_apart(rows, other):
    one, two = tolls.Case(rows, **DECLARED), tolls.Case(other, **DECLARED)
    assert (one.digest == two.digest) == (one.reports == two.reports)


# --- any table is read or refused -----------------------------------------------------------------

CELLS = {
    "source": ["Monitor", "Radio", ""],
    "measure": ["", "killed", "injured", "wounded"],
    "category": ["", "all", "civilians", "women", "nobody"],
    "value": ["", "0", "12", "1000000000", "1000000001", "-1", "1.5", "many"],
    "low": ["", "3", "x"],
    "high": ["", "9", "1"],
    "qualifier": ["", *QUALIFIERS, "roughly"],
    "words": ["", "dozens"],
    "published": ["2025-03-07", "2025-03-09", "2025-03-09T10:00", "2025-02-30", ""],
    "as_of": ["", "2025-03-06", "2025-03-10", "2024-01-01"],
    "cites": ["", "", "Monitor", "Radio", "Police"],
    "evidence": ["", "projection", "certified", "hearsay"],
    "scope": ["", "country", "city", "cuntry"],
    "definition": ["", "direct", "excess", "women"],
}
HALF = {"low": 0.3, "high": 0.8}
FRAMED = {
    "scopes": {
        "country": {"relation": "wider"},
        "city": {"relation": "narrower", "share": HALF},
    },
    "bridges": [{"from": "direct", "to": "killed", "share": HALF}],
}


STRANGE = st.text(" \t\n\r\x00,;\"'-+.05\uff15٣éسΩ😀\u2028\ufeffaZ", max_size=6)


@st.composite
def any_rows(draw):
    """Rows of plain cells, with strange text or another cell here and there."""
    row = dict.fromkeys(COLUMNS, "") | {
        "source": "Monitor",
        "value": "5",
        "published": "2025-03-09",
    }
    for column in draw(st.lists(st.sampled_from(COLUMNS), max_size=4)):
        row[column] = draw(st.sampled_from(CELLS[column]) | STRANGE)
    return row


@given(st.lists(any_rows(), max_size=5))
def test_any_table_is_read_or_refused_with_an_input_error(rows):
    evidence, problems = attempt(lambda: gather(tolls.Case(rows, **DECLARED, **FRAMED)))
    assert problems or evidence.counts["read"] == len(evidence.case.reports) == len(rows)


@given(st.text('AB,";\n\r\t 0125-x', max_size=60) | STRANGE)
def test_any_file_is_read_or_refused_with_an_input_error(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.csv"
        path.write_bytes(b"source,value,published\n" + text.encode())
        case, problems = attempt(lambda: tolls.read_case(path))
    assert case or problems
    assert all(str(path) in message for message in problems)
