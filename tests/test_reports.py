"""Reading tables of reports: one content from every kind of table, and every fault named."""

import itertools
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import END, START, assert_told, case_of, problems_of, table, write_case, write_csv

import tolls
from tolls.columns import QUALIFIERS
from tolls.errors import InputError
from tolls.growth import Moment

ROWS = [
    {"source": "A", "category": "civilians", "value": 340, "low": None, "high": None,
     "qualifier": "exact", "published": date(2025, 3, 8), "as_of": date(2025, 3, 7)},
    {"source": "Bé, Inc.", "category": None, "value": None, "low": 2300, "high": 2400,
     "qualifier": "range", "published": date(2025, 3, 9), "as_of": None},
    {"source": "C", "category": "all", "value": 0, "low": None, "high": None,
     "qualifier": "about", "published": date(2025, 3, 10), "as_of": date(2025, 3, 10)},
]  # fmt: skip
CASE_TOML = f"""
format = 1
start = {START}
end = {END}
[[partitions]]
of = "killed"
into = ["civilians", "forces"]
"""


def read(reports, **options):
    return tolls.Case(reports, categories=["civilians", "forces"], start=START, **options)


@pytest.fixture
def expected():
    return read(ROWS).reports


# --- one content from every kind of table ---------------------------------------------------------


def test_a_list_of_mappings_is_read_as_it_stands(expected):
    first, second, third = expected
    assert (first.source, first.category, first.figure) == ("A", "civilians", (340,))
    assert (second.category, second.figure) == ("killed", (2300, 2400))
    assert (third.category, third.figure, third.qualifier) == ("killed", (0,), "about")
    assert second.as_of == second.published == Moment.parse("2025-03-09")


def test_pandas_reads_the_same(expected):
    assert read(pd.DataFrame(ROWS)).reports == expected


def test_pandas_with_nullable_integers_and_timestamps_reads_the_same(expected):
    frame = pd.DataFrame(ROWS).astype({"value": "Int64", "low": "Int64", "high": "Int64"})
    frame["published"] = pd.to_datetime(frame["published"])
    frame["as_of"] = pd.to_datetime(frame["as_of"])
    assert read(frame).reports == expected


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_pandas_with_its_other_dtypes_reads_the_same(expected, backend):
    assert read(pd.DataFrame(ROWS).convert_dtypes(dtype_backend=backend)).reports == expected


@pytest.mark.parametrize("missing", [np.nan, pd.NaT, pd.NA])
@pytest.mark.parametrize("frame", [list, lambda rows: pd.DataFrame(rows, dtype=object)])
def test_missing_values_in_any_form_are_empty_cells(expected, frame, missing):
    rows = [{k: missing if v is None else v for k, v in row.items()} for row in ROWS]
    assert read(frame(rows)).reports == expected


def test_polars_reads_the_same(expected):
    assert read(pl.DataFrame(ROWS)).reports == expected


def test_a_csv_file_reads_the_same(tmp_path, expected):
    path = write_case(tmp_path, CASE_TOML, ROWS)
    assert tolls.read_case(path).reports == expected


def test_a_csv_read_by_pandas_or_polars_reads_the_same(tmp_path, expected):
    path = write_csv(tmp_path / "reports.csv", ROWS)
    assert read(pd.read_csv(path)).reports == expected
    assert read(pl.read_csv(path, try_parse_dates=True)).reports == expected


def test_numpy_scalars_are_counts():
    rows = table({"value": np.int64(7)}, {"value": np.float64(7)}, {"value": np.uint8(7)})
    assert [r.value for r in tolls.Case(rows).reports] == [7, 7, 7]


@pytest.mark.parametrize("frame", [list, pd.DataFrame, pl.DataFrame])
def test_other_column_names_are_mapped(frame):
    rows = [{"who": "A", "deaths": 5, "day": "2025-03-08", "said on": "2025-03-09"}]
    columns = {"source": "who", "value": "deaths", "as_of": "day", "published": "said on"}
    (report,) = tolls.Case(frame(rows), columns=columns).reports
    assert (report.source, report.value) == ("A", 5)
    assert (str(report.as_of), str(report.published)) == ("2025-03-08", "2025-03-09")


def test_other_column_names_are_mapped_in_a_file(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("who,deaths,published\nA,5,2025-03-09\n")
    (report,) = tolls.read_case(path, columns={"source": "who", "value": "deaths"}).reports
    assert (report.source, report.value) == ("A", 5)


@pytest.mark.parametrize("order", list(itertools.permutations(["deaths", "value"])))
def test_a_mapped_column_wins_over_one_of_the_plain_name_in_any_order(order):
    row = {"deaths": 5, "value": 7}
    rows = [{"source": "A", "published": "2025-03-09"} | {name: row[name] for name in order}]
    assert tolls.Case(rows, columns={"value": "deaths"}).reports[0].value == 5


def test_a_mapping_to_or_from_an_unknown_column_is_refused():
    with pytest.raises(InputError) as caught:
        tolls.Case(table({"deaths": 5}), columns={"valeu": "deaths", "value": "daeths"})
    assert_told(caught.value.problems, "columns", '"valeu"', 'did you mean "value"')
    assert_told(caught.value.problems, "columns", '"daeths"', 'did you mean "deaths"')


def test_the_order_of_columns_is_free():
    turned = [dict(reversed(row.items())) for row in ROWS]
    assert read(turned).reports == read(ROWS).reports


def test_extra_columns_are_kept():
    (report,) = tolls.Case(table({"value": 5, "archive id": "x-17"})).reports
    assert report.extra == {"archive id": "x-17"}


# --- the form of a file ---------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_utf8_is_read_with_and_without_bom_and_any_line_ending(tmp_path, encoding, newline):
    path = tmp_path / "reports.csv"
    text = newline.join(["source,value,published", "المرصد,5,2025-03-09", ""])
    path.write_bytes(text.encode(encoding))
    (report,) = tolls.read_case(path).reports
    assert (report.source, report.value, report.row) == ("المرصد", 5, 2)


def test_rows_are_numbered_as_the_lines_of_the_file(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text(
        'source,value,published,note\n\nA,5,2025-03-09,"two\nlines, one cell"\nB,6,2025-03-09,\n'
    )
    assert [(r.source, r.row) for r in tolls.read_case(path).reports] == [("A", 3), ("B", 5)]


def test_white_space_around_cells_and_headers_is_no_content(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("source , value,published\n A , 5 , 2025-03-09 \n")
    (report,) = tolls.read_case(path).reports
    assert (report.source, report.value) == ("A", 5)


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        pytest.param(b"", ("no row",), id="empty file"),
        pytest.param(b"source,value,published\n", ("no row",), id="no row left"),
        pytest.param(b"source,value,published\n\n\n", ("no row",), id="blank rows alone"),
        pytest.param(
            b"source,value,published\nA,5,2025-03-09\nB,6\n",
            ("row 3", "2 fields", "allowed: 3"),
            id="too few fields",
        ),
        pytest.param(
            b"source,value,published\nA,1,225,2025-03-09\n",
            ("row 2", "4 fields", "allowed: 3"),
            id="too many fields",
        ),
        pytest.param(
            b'source,value,published\nA,5,2025-03-09\n"B,6,2025-03-09\nC,7,2025-03-09\n',
            ("row 3", "quote"),
            id="unclosed quote",
        ),
        pytest.param(
            b"source,value,value,published\nA,5,6,2025-03-09\n",
            ("row 1", '"value"', "twice"),
            id="duplicate column",
        ),
        pytest.param(
            b"value,published\n5,2025-03-09\n", ("row 1", '"source"', "missing"), id="no source"
        ),
        pytest.param(
            b"source,value\nA,5\n", ("row 1", '"published"', "missing"), id="no published"
        ),
        pytest.param(
            b"source;value;published\nA;5;2025-03-09\n", ("row 1", "comma"), id="semicolons"
        ),
        pytest.param(
            "source,value,published\nObservatório,5,2025-03-09\n".encode("latin-1"),
            ("row 2", "UTF-8", "byte 0xf3"),
            id="not UTF-8",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_its_name_and_row(tmp_path, content, fragments):
    path = tmp_path / "reports.csv"
    path.write_bytes(content)
    assert_told(problems_of(path), str(path), *fragments)


def test_missing_columns_list_what_was_found_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("who,what,when,where,why,how\nA,5,2025-03-09,x,y,z\n")
    assert_told(problems_of(path), '"source"', "found: who, what, when, where, why, how")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, list])
def test_a_table_without_rows_is_refused(frame):
    with pytest.raises(InputError, match="no row"):
        tolls.Case(frame([]))


def test_a_duplicate_column_of_a_data_frame_is_refused():
    columns = ["source", "value", "value", "published"]
    frame = pd.DataFrame([["A", 5, 6, "2025-03-09"]], columns=columns)
    with pytest.raises(InputError, match="value"):
        tolls.Case(frame)


# --- what a row may say ---------------------------------------------------------------------------


def test_what_is_left_out_takes_its_default():
    (report,) = tolls.Case(table({"value": 5})).reports
    assert (report.qualifier, report.measure, report.category) == ("exact", "killed", "killed")
    assert report.as_of == report.published


@pytest.mark.parametrize("text", ["0", "1000000000", "5.0", " 5 "])
def test_counts_from_0_to_a_thousand_million_are_read(text):
    assert tolls.Case(table({"value": text})).reports[0].value == int(float(text))


@pytest.mark.parametrize(
    ("cells", "stated", "bounds"),
    [
        ({"value": 1225}, "1,225", (1225, 1225)),
        ({"value": 1225, "qualifier": "about"}, "about 1,225", (1225, 1225)),
        ({"value": 1225, "qualifier": "at_least"}, "at least 1,225", (1225, 10**9)),
        ({"value": 1225, "qualifier": "more_than"}, "more than 1,225", (1226, 10**9)),
        ({"value": 1225, "qualifier": "up_to"}, "up to 1,225", (0, 1225)),
        ({"value": 1225, "qualifier": "fewer_than"}, "fewer than 1,225", (0, 1224)),
        ({"low": 2300, "high": 2400, "qualifier": "range"}, "2,300 to 2,400", (2300, 2400)),
    ],
)
def test_every_wording_is_read_and_said_again(cells, stated, bounds):
    (report,) = tolls.Case(table(cells)).reports
    assert (report.stated(), report.bounds) == (stated, bounds)


def test_words_and_estimates_are_read_although_later_versions_use_them():
    rows = table(
        {"value": 900, "low": 700, "high": 1200, "qualifier": "estimate", "level": 0.9},
        {"words": "dozens", "qualifier": "words"},
    )
    estimate, words = tolls.Case(rows).reports
    assert estimate.figure == (900, 700, 1200)
    assert words.stated() == "dozens"


def test_the_other_measures_are_read():
    rows = table(
        {"value": 5}, {"value": 6, "measure": "injured"}, {"value": 7, "measure": "missing"}
    )
    assert [r.measure for r in tolls.Case(rows).reports] == ["killed", "injured", "missing"]


def test_a_projection_may_look_ahead():
    (report,) = tolls.Case(
        table({"value": 5, "as_of": "2025-04-01", "evidence": "projection"})
    ).reports
    assert str(report.as_of) == "2025-04-01"


@pytest.mark.parametrize(
    "published",
    [
        "2025-03-09T14:30",
        "2025-03-09 14:30",
        "2025-03-09T16:30+02:00",
        datetime(2025, 3, 9, 14, 30),
    ],
)
def test_hours_are_kept_where_they_are_given(published):
    (report,) = tolls.Case(table({"value": 5, "published": published})).reports
    assert report.published.when == datetime(2025, 3, 9, 14, 30)
    assert report.published.hours_given


# --- faults of a row: row 3 of the file, in the columns named -------------------------------------

FAULTS = [
    # cells of the row, column, what the message holds beside file, row and column
    ({"qualifier": "at_lest"}, "qualifier", ['"at_lest"', *QUALIFIERS, 'did you mean "at_least"']),
    ({"measure": "kiled"}, "measure", ['"kiled"', "allowed: killed, injured", 'mean "killed"']),
    ({"category": "civilans"}, "category", ['"civilans"', "allowed: killed, civilians", "mean"]),
    ({"evidence": "rumor"}, "evidence", ['"rumor"', "allowed: count", 'mean "rumour"']),
    ({"source": ""}, "source", ["is empty"]),
    ({"source": "  "}, "source", ["is empty"]),
    ({"published": ""}, "published", ["is empty", "ISO date"]),
    ({"published": "2025-02-30"}, "published", ['"2025-02-30"', "no date", "allowed: 2025-03-09"]),
    ({"published": "9 March"}, "published", ['"9 March"', "no date", "allowed: 2025-03-09"]),
    ({"published": "09/03/2025"}, "published", ['"09/03/2025"', "allowed: 2025-03-09"]),
    ({"published": "2025-03"}, "published", ['"2025-03"', "allowed: 2025-03-09"]),
    ({"published": "2025-W10"}, "published", ['"2025-W10"', "allowed: 2025-03-09"]),
    ({"published": "0001-01-01T00:00+05:00"}, "published", ["0001-01-01"]),
    ({"published": "9999-12-31T23:00-05:00"}, "published", ["9999-12-31"]),
    ({"as_of": "2025-13-01"}, "as_of", ['"2025-13-01"', "no date", "allowed: 2025-03-09"]),
    ({"as_of": "2025-03-10"}, "as_of", ["2025-03-10", "after published, 2025-03-09"]),
    ({"published": "2025-03-05"}, "published", ["2025-03-05", "before", "start, 2025-03-06"]),
    ({"as_of": "2025-03-05"}, "as_of", ["2025-03-05", "before", "start, 2025-03-06"]),
    ({"value": ""}, "value", ["none of value, low, high and words"]),
    ({"value": "12.5"}, "value", ['"12.5"', "no integer", "allowed: 0 to 1,000,000,000"]),
    ({"value": "1,225"}, "value", ['"1,225"', "no integer", "allowed: 0 to 1,000,000,000"]),
    ({"value": "about 40"}, "value", ['"about 40"', "no integer", "allowed: 0 to"]),
    ({"value": "-3"}, "value", ['"-3"', "allowed: 0 to 1,000,000,000"]),
    ({"value": "1e3"}, "value", ['"1e3"', "no integer"]),
    ({"value": "٣"}, "value", ['"٣"', "no integer"]),
    ({"value": "nan"}, "value", ['"nan"', "no integer"]),
    ({"value": "True"}, "value", ['"True"', "no integer"]),
    ({"value": "1000000001"}, "value", ["1000000001", "allowed: 0 to 1,000,000,000"]),
    ({"value": "9" * 30}, "value", ["9" * 30, "allowed: 0 to 1,000,000,000"]),
    ({"value": "", "low": "x", "high": "9", "qualifier": "range"}, "low", ['"x"', "no integer"]),
    ({"value": "", "low": "1", "high": "9.5", "qualifier": "range"}, "high", ['"9.5"']),
    ({"value": "", "low": "9", "high": "1", "qualifier": "range"}, "low", ["9", "above high, 1"]),
    ({"value": "", "low": "9", "qualifier": "range"}, "high", ["is empty", "low and high"]),
    ({"value": "5", "low": "1", "high": "9", "qualifier": "range"}, "value", ['"5"', "range"]),
    ({"low": "1"}, "low", ['"1"', "no meaning", "exact"]),
    ({"value": "", "words": "dozens"}, "value", ["is empty", "exact"]),
    ({"qualifier": "words"}, "words", ["is empty", "words"]),
    ({"value": "0", "qualifier": "fewer_than"}, "value", ["fewer than 0", "allowed: 1 or more"]),
    ({"cites": "Monitor"}, "cites", ['"Monitor"', "cites itself"]),
]


@pytest.mark.parametrize(
    ("cells", "column", "fragments"),
    [pytest.param(*fault, id=f"{fault[1]} {list(fault[0].values())}") for fault in FAULTS],
)
def test_a_fault_names_file_row_column_value_and_what_is_allowed(
    tmp_path, cells, column, fragments
):
    path = write_case(tmp_path, CASE_TOML, table({}, cells, value="5"))
    problems = problems_of(path)
    assert_told(problems, str(tmp_path / "reports.csv"), f"row 3, column {column}", *fragments)
    assert not any("row 2" in message for message in problems)


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    rows = table({}, *(cells for cells, _, _ in FAULTS[:8]), value="5")
    problems = problems_of(write_case(tmp_path, CASE_TOML, rows))
    for number, (_, column, _) in enumerate(FAULTS[:8], 3):
        assert_told(problems, f"row {number}, column {column}")


def test_several_faults_of_one_row_are_told_at_once():
    with pytest.raises(InputError) as caught:
        case_of({"source": "", "value": "x", "qualifier": "many", "published": "never"})
    for column in ("source", "value", "qualifier", "published"):
        assert_told(caught.value.problems, f"row 2, column {column}")


def test_faults_of_form_and_of_content_are_told_at_once(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("source,value,published\nA,5\nB,many,2025-03-09\n")
    problems = problems_of(path)
    assert_told(problems, "row 2", "2 fields")
    assert_told(problems, "row 3, column value", '"many"')


def test_a_circle_of_citations_is_told_beside_the_faults_of_other_rows():
    with pytest.raises(InputError) as caught:
        case_of(
            {"source": "A", "value": 5, "cites": "B"},
            {"source": "B", "value": 5, "cites": "A"},
            {"source": "C", "value": "many"},
        )
    assert_told(caught.value.problems, "row 4, column value")
    assert_told(caught.value.problems, "column cites", "circle")


def test_reports_of_many_events_are_refused_in_one_case():
    with pytest.raises(InputError) as caught:
        case_of({"value": 5, "event": "flood"}, {"value": 6, "event": "fire"})
    assert_told(caught.value.problems, "column event", "fire, flood", "one event")


def test_faults_of_a_data_frame_count_rows_as_in_the_file_it_could_be():
    with pytest.raises(InputError) as caught:
        tolls.Case(pd.DataFrame(table({"value": "5"}, {"value": "many"})))
    assert_told(caught.value.problems, "row 3, column value", '"many"')


def test_one_column_cannot_be_two():
    row = {"who": "A", "n": 5, "day": "2025-03-09"}
    columns = {"source": "who", "value": "n", "published": "day", "as_of": "day"}
    with pytest.raises(InputError, match='columns: name "day" 2 times'):
        tolls.Case([row], columns=columns)
