"""Importing what people have: the code books' formats and any CSV. All figures are invented."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import assert_told

import tolls
from tolls.adapters import FORMATS, import_reports
from tolls.cli import main
from tolls.columns import COLUMNS
from tolls.errors import InputError
from tolls.formats import SHIPPED_FORMATS, load_format

GED = """\
id,year,type_of_violence,side_a,side_b,source_article,source_office,source_date,source_headline,\
where_coordinates,adm_1,country,date_prec,date_start,date_end,deaths_a,deaths_b,deaths_civilians,\
deaths_unknown,best,high,low,gwnoa
101,2030,1,Government of X,Group Y,"Agency, 2030-05-04",Agency,2030-05-04;2030-05-06,Clash,Town,\
North,X,1,2030-05-03 00:00:00.000,2030-05-03 00:00:00.000,3,7,2,1,13,20,9,1
102,2030,3,Group Y,Civilians,Paper,Paper,2030-05-01,Raid,Village,South,X,2,2030-05-04,2030-05-07,\
0,0,6,0,6,6,6,
103,2030,2,Group Y,Group Z,Paper,Paper,,Feud,Hill,South,X,5,2030-01-01,2030-12-31,0,0,0,5,4,9,4,
"""
ACLED = """\
event_id_cnty,event_date,event_type,sub_event_type,actor1,actor2,location,source,notes,fatalities,\
timestamp
XXX1,16 May 2030,Battles,Armed clash,Army,Group Y,Town,Paper; Radio,"Army and group, near Town.",\
12,1905552000
XXX2,2030-05-17,Protests,Peaceful protest,Protesters,,Town,Radio,March.,0,1905552000
XXX3,17 May 2030,Explosions/Remote violence,Air/drone strike,Army,,Hill,Paper,Strike.,3,
"""
AIRWARS = """\
Unique Reference Code,Date,Permalink,Civilians Reported Killed Min,Civilians Reported Killed Max,\
Location,Belligerent,Grading
XS1,2030-03-01,https://example.org/xs1,3,8,Town,Coalition,Fair
XS2,2030-03-02,https://example.org/xs2,4,4,Town,Coalition,confirmed
XS3,2030-03-02,https://example.org/xs3,0,6,Hill,Army,Discounted
"""
IBC = """\
"Some lines of text, with commas, stand above the header."
Licence: somebody's

IBC code,Start Date,End Date,Time,Location,Target,Weapons,Reported Minimum,Reported Maximum,Sources
x001,1 Jan 2030,2 Jan 2030,10:00 AM,Town,market,gunfire,4,6,"AP 02 Jan, REU 02 Jan"
x002,31 Jan 2030,31 Jan 2030,-,Road,police,IED,1,1,AP 31 Jan
"""
ANY = """\
Outlet,Deaths,Date,Kind,archive id
A,5,2030-03-09,at_least,x-17
B,7,2030-03-10,,x-18
"""
SAMPLES = dict(zip(SHIPPED_FORMATS, (GED, ACLED, AIRWARS, IBC), strict=True))
ANY_MAP = {"source": "Outlet", "value": "Deaths", "published": "Date", "qualifier": "Kind"}


def imported(folder, text, format, **columns):
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return import_reports(path, format, columns=columns)


def faults(folder, text, format, **columns):
    with pytest.raises(InputError) as caught:
        imported(folder, text, format, **columns)
    return caught.value.problems


def brief(row):
    """Return the columns of a row that hold something, without the long ones."""
    left_out = ("source", "measure", "event", "note", "url")
    return {name: text for name, text in row.items() if text and name not in left_out}


# --- the formats ----------------------------------------------------------------------------------


def test_ged_gives_the_best_figure_as_an_estimate_and_its_parts_as_exact(tmp_path):
    rows = imported(tmp_path, GED, "ucdp-ged").rows
    dates = {"published": "2030-05-06", "as_of": "2030-05-03"}
    whole = {"value": "13", "low": "9", "high": "20", "qualifier": "estimate", "level": "0.8"}
    assert brief(rows[0]) == whole | dates
    assert [brief(row) for row in rows[1:5]] == [
        {"category": part, "value": value, "qualifier": "exact"} | dates
        for part, value in [("side_a", "3"), ("side_b", "7"), ("civilians", "2"), ("unknown", "1")]
    ]
    assert {(row["source"], row["event"], row["cites"]) for row in rows[:5]} == {
        ("UCDP GED", "101", "")
    }
    for told in ("type of violence: state-based", "side A: Government of X", "place: Town"):
        assert told in rows[0]["note"]


def test_ged_with_one_figure_is_exact_and_dated_at_the_end_where_its_sources_are_earlier(tmp_path):
    found = imported(tmp_path, GED, "ucdp-ged")
    assert brief(found.rows[5]) == {
        "value": "6", "qualifier": "exact", "published": "2030-05-07", "as_of": "2030-05-07",
    }  # fmt: skip
    assert "from: 2030-05-04" in found.rows[5]["note"]
    assert_told(found.remarks, "low = best = high: taken as exact (row 3)")
    assert_told(found.remarks, "date_end stands for it, as source_date is missing or", "rows 3, 4")


def test_ged_says_what_was_decided(tmp_path):
    remarks = imported(tmp_path, GED, "ucdp-ged").remarks
    assert remarks[0] == "table.csv: 3 rows read as ucdp-ged, 15 reports made of them"
    assert_told(remarks, "low, best, high", "level 0.8", "no probability interval", "rows 2, 4")
    assert_told(remarks, "deaths_civilians + deaths_unknown is not best", "(row 4)")
    assert_told(remarks, "columns left out: year, source_office, gwnoa")
    assert_told(remarks, "3 events: a case is one event")
    assert_told(remarks, "side_a, side_b, civilians, unknown", "case.toml")


def test_acled_gives_its_one_figure_with_its_sources_in_the_note(tmp_path):
    found = imported(tmp_path, ACLED, "acled")
    assert [brief(row) for row in found.rows] == [
        {"value": value, "qualifier": "exact", "published": published, "as_of": as_of}
        for value, published, as_of in [
            ("12", "2030-05-21", "2030-05-16"),
            ("0", "2030-05-21", "2030-05-17"),
            ("3", "2030-05-17", "2030-05-17"),
        ]
    ]
    assert {row["source"] for row in found.rows} == {"ACLED"}
    assert "sources of ACLED: Paper; Radio" in found.rows[0]["note"]
    assert "notes: Army and group, near Town." in found.rows[0]["note"]
    assert_told(found.remarks, "fatalities is 0", "number is unknown", "(row 3)")
    assert_told(found.remarks, "event_date stands for it, as timestamp is missing (row 4)")


def test_airwars_gives_ranges_of_civilians(tmp_path):
    found = imported(tmp_path, AIRWARS, "airwars")
    first, second, third = found.rows
    dates = {"published": "2030-03-01", "as_of": "2030-03-01"}
    assert brief(first) == {
        "category": "civilians", "low": "3", "high": "8", "qualifier": "range",
    } | dates  # fmt: skip
    assert first["url"] == "https://example.org/xs1"
    assert first["note"] == "grading: Fair; belligerent: Coalition; place: Town"
    assert (second["value"], second["qualifier"]) == ("4", "exact")
    assert (third["low"], third["high"]) == ("0", "6")
    assert_told(found.remarks, "Grading Discounted", "combatants", "(row 4)")


def test_iraq_body_count_is_read_below_its_preamble_with_the_lines_of_the_file(tmp_path):
    found = imported(tmp_path, IBC, "iraq-body-count")
    assert [brief(row) for row in found.rows] == [
        {"category": "civilians", "low": "4", "high": "6", "qualifier": "range",
         "published": "2030-01-02", "as_of": "2030-01-02"},
        {"category": "civilians", "value": "1", "qualifier": "exact",
         "published": "2030-01-31", "as_of": "2030-01-31"},
    ]  # fmt: skip
    assert "sources of IBC: AP 02 Jan, REU 02 Jan" in found.rows[0]["note"]
    assert_told(found.remarks, "taken as exact (row 6)")


def test_any_csv_is_read_by_a_map_and_keeps_its_other_columns(tmp_path):
    found = imported(tmp_path, ANY, "csv", **ANY_MAP)
    first, second = found.rows
    assert (first["source"], first["value"], first["qualifier"]) == ("A", "5", "at_least")
    assert (second["qualifier"], second["category"], second["archive id"]) == ("exact", "", "x-18")
    header = "source,measure,value,qualifier,published,as_of,archive id"
    assert found.to_csv().splitlines()[0] == header


def test_a_csv_with_our_names_in_any_capitals_needs_no_map(tmp_path):
    (row,) = imported(tmp_path, "Source,VALUE,Published\nA,5,2030-03-09\n", "csv").rows
    assert (row["source"], row["value"]) == ("A", "5")


def test_a_column_that_gives_way_to_a_mapped_one_is_told(tmp_path):
    text = "source,value,published,dead\nA,5,2030-03-09,6\n"
    found = imported(tmp_path, text, "csv", value="dead")
    assert found.rows[0]["value"] == "6"
    assert_told(found.remarks, "columns left out: value")


def test_one_column_may_be_read_as_two(tmp_path):
    text = "source,value,day\nA,5,2030-03-09\n"
    (row,) = imported(tmp_path, text, "csv", published="day", as_of="day").rows
    assert row["published"] == row["as_of"] == "2030-03-09"


def test_the_columns_of_a_known_format_can_be_mapped_too(tmp_path):
    text = AIRWARS.replace("Civilians Reported Killed Min", "at least")
    assert imported(tmp_path, text, "airwars", low="at least").rows[0]["low"] == "3"


@pytest.mark.parametrize(
    ("format", "columns"),
    [(format, {}) for format in SHIPPED_FORMATS] + [("csv", ANY_MAP)],
)
def test_the_reports_of_one_event_make_a_case(tmp_path, format, columns):
    found = imported(tmp_path, SAMPLES.get(format, ANY), format, **columns)
    written = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [{k: v for k, v in row.items() if v} for row in found.rows] == [
        {k: v for k, v in row.items() if v} for row in written
    ]
    categories = list(dict.fromkeys(row["category"] for row in found.rows if row["category"]))
    for event in dict.fromkeys(row["event"] for row in found.rows):
        rows = [row for row in found.rows if row["event"] == event]
        others = [] if len(categories) > 1 else ["others"]
        case = tolls.Case(rows, categories=[*categories, *others] if categories else None)
        assert [report.as_row()["value"] for report in case.reports] == [r["value"] for r in rows]


@pytest.mark.parametrize("format", SHIPPED_FORMATS)
def test_descriptions_are_valid_and_name_every_column_once(format):
    known = load_format(format)
    parts = len(known.columns) + len(known.parts) + len(known.codes) + len(known.note)
    assert len(known.all_columns) == parts
    assert set(known.all_columns) - set(known.parts) >= {"event", "as_of"}
    assert not {"value", "low", "high"}.isdisjoint(known.columns)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "old", "new", "fragments"),
    [
        ("ucdp-ged", "101,2030,1,", "101,2030,4,",
         ("row 2, column type_of_violence", '"4"', "1 (state-based)", "3 (one-sided)")),
        ("ucdp-ged", "X,1,2030-05-03", "X,7,2030-05-03",
         ("row 2, column date_prec", '"7"', "5 (the year is known)")),
        ("ucdp-ged", "3,7,2,1,13", "three,7,2,1,13",
         ("row 2, column deaths_a", '"three"', "0 to 1,000,000,000")),
        ("ucdp-ged", "13,20,9", ",20,9", ("row 2, column best", "is empty")),
        ("ucdp-ged", "13,20,9", "1300,20,9", ("row 2, column best", "1300", "9 to 20")),
        ("ucdp-ged", "13,20,9", "13,20,-9", ("row 2, column low", '"-9"', "no integer")),
        ("ucdp-ged", "2030-05-04,2030-05-07", "2030-05-08,2030-05-07",
         ("row 3, column date_end", "2030-05-07", "before date_start, 2030-05-08")),
        ("ucdp-ged", "2030-05-04;2030-05-06", "2030-05-04;May",
         ("row 2, column source_date", '"May"', "allowed: 2025-03-09")),
        ("ucdp-ged", "\n102,", "\n101,", ("row 3, column id", '"101"', "row 2", "twice")),
        ("ucdp-ged", "\n102,", "\n,", ("row 3, column id", "is empty")),
        ("ucdp-ged", ",best,", ",bset,", ("header", '"best"', "missing", "--map value=NAME")),
        ("acled", "Battles", "Batles",
         ("row 2, column event_type", '"Batles"', "Riots", 'did you mean "Battles"')),
        ("acled", "Air/drone strike", "Air strike",
         ("row 4, column sub_event_type", '"Air strike"', "allowed: ", "Air/drone strike")),
        ("acled", "16 May 2030", "16/05/2030",
         ("row 2, column event_date", "16/05/2030", "2025-03-09 or 09 March 2025")),
        ("acled", "12,1905552000", "12,16 May 2030",
         ("row 2, column timestamp", '"16 May 2030"', "seconds since 1970")),
        ("acled", "12,1905552000", "12,905552000",
         ("row 2, column event_date", "2030-05-16", "is after published, 1998-09-11")),
        ("acled", "12,1905552000", "tens,1905552000", ("row 2, column fatalities", '"tens"')),
        ("airwars", "Coalition,Fair", "Coalition,Strong",
         ("row 2, column Grading", '"Strong"', "Confirmed, Fair, Weak, Contested, Discounted")),
        ("airwars", "3,8", "8,3", ("row 2, column Civilians Reported Killed Min", "8", "high, 3")),
        ("airwars", "2030-03-01,", ",", ("row 2, column Date", "no date")),
        ("iraq-body-count", "4,6", "4,", ("row 5, column Reported Maximum", "is empty")),
        ("iraq-body-count", "2 Jan 2030,10", "32 Jan 2030,10",
         ("row 5, column End Date", '"32 Jan 2030"', "09 Mar 2025 or 2025-03-09")),
        ("iraq-body-count", "IBC code", "code", ("header", '"IBC code" is missing')),
    ],
)  # fmt: skip
def test_a_fault_names_row_column_value_and_what_is_allowed(tmp_path, format, old, new, fragments):
    assert SAMPLES[format].count(old) >= 1
    told = faults(tmp_path, SAMPLES[format].replace(old, new, 1), format)
    assert_told(told, str(tmp_path / "table.csv"), *fragments)
    if "header" not in fragments:  # one fault is told once
        assert len(told) == 1, told


@pytest.mark.parametrize(
    ("old", "new", "columns", "fragments"),
    [
        ("2030-03-09", "9 March", {}, ("row 2, column Date", '"9 March"', "2025-03-09")),
        ("at_least", "at_lest", {}, ("row 2, column Kind", 'mean "at_least"')),
        ("A,5", "A,dozens", {}, ("row 2, column Deaths", '"dozens"')),
        ("A,5", "A", {}, ("row 2", "has 4 fields")),
        ("Outlet", "Paper", {}, ("map", '"Outlet" is no known column of the file', "Paper")),
        ("A", "A", {"valeu": "Deaths"}, ("map", '"valeu"', 'mean "value"')),
    ],
)
def test_a_fault_of_any_csv_is_told_in_its_own_names(tmp_path, old, new, columns, fragments):
    text = ANY.replace(old, new, 1)
    assert_told(faults(tmp_path, text, "csv", **ANY_MAP, **columns), *fragments)


def test_a_csv_without_a_map_says_how_to_give_one(tmp_path):
    told = faults(tmp_path, ANY, "csv")
    assert_told(told, '"source" is missing; found: Outlet, Deaths', "--map source=NAME")
    assert_told(told, '"published" is missing', "--map published=NAME")


def test_all_faults_are_told_at_once(tmp_path):
    text = ACLED.replace("Battles", "Batles").replace(",3,", ",many,").replace("17 May", "40 May")
    told = faults(tmp_path, text + "XXX4,short\n", "acled")
    assert len(told) == 4
    for column in ("event_type", "fatalities", "event_date"):
        assert_told(told, column)
    assert_told(told, "row 5", "2 fields")


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_rows_is_refused(tmp_path, format):
    assert_told(faults(tmp_path, "id,best\n", format), "has no row")


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InputError, match='did you mean "ucdp-ged"'):
        import_reports("nowhere.csv", "ucdp")


# --- the command ----------------------------------------------------------------------------------


def test_the_command_writes_the_reports_and_tells_the_rest_on_stderr(tmp_path, capsys):
    (tmp_path / "any.csv").write_text(ANY)
    target = tmp_path / "case" / "reports.csv"
    pairs = [f"{ours}={theirs}" for ours, theirs in ANY_MAP.items()]
    command = ["import", "csv", str(tmp_path / "any.csv"), "-o", str(target)]
    assert main([*command, "--map", *pairs[:2], "--map", *pairs[2:]]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "any.csv: 2 rows read as csv, 2 reports made of them" in err
    assert f"written to {target}" in err
    assert [r.value for r in tolls.read_case(target).reports] == [5, 7]


def test_the_command_prints_the_reports_where_no_file_is_named(tmp_path, capsys):
    (tmp_path / "acled.csv").write_text(ACLED)
    assert main(["import", "acled", str(tmp_path / "acled.csv")]) == 0
    out, err = capsys.readouterr()
    assert [row["event"] for row in csv.DictReader(io.StringIO(out))] == ["XXX1", "XXX2", "XXX3"]
    assert "3 events" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["csv", "nowhere.csv"], "cannot be read"),
        (["cvs", "any.csv"], 'did you mean "csv"'),
        (["csv", "any.csv"], "--map source=NAME"),
        (["csv", "any.csv", "--map", "value"], "OURS=THEIRS"),
        (["csv", "any.csv", "--map", "value=Deaths", "value=Date"], "OURS=THEIRS"),
        (["acled", "acled.csv", "-o", "acled.csv"], "the file that is read"),
        (["acled", "acled.csv", "-o", "."], "is a folder"),
    ],
)
def test_wrong_input_ends_in_exit_code_2_and_writes_nothing(
    tmp_path, monkeypatch, capsys, arguments, expected
):
    monkeypatch.chdir(tmp_path)
    Path("any.csv").write_text(ANY)
    Path("acled.csv").write_text(ACLED)
    assert main(["import", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
    assert Path("acled.csv").read_text() == ACLED


def test_importing_loads_no_heavy_library():
    code = "import tolls.adapters, sys; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"pymc", "matplotlib", "pandas", "xarray", "arviz", "nutpie", "scipy"}
    assert not set(done.stdout.split()) & heavy


def test_rows_hold_every_column_of_a_table_of_reports(tmp_path):
    for row in imported(tmp_path, GED, "ucdp-ged").rows:
        assert list(row)[: len(COLUMNS)] == list(COLUMNS)


@pytest.mark.parametrize(
    ("given", "fragments"),
    [
        ({"format": 5}, ["format: is a int", "csv"]),
        ({"format": None}, ["format: is a NoneType"]),
        ({"format": ["csv"]}, ["format: is a list"]),
        ({"columns": "value"}, ["columns: is a str", "mapping"]),
        ({"columns": ["value"]}, ["columns: is a list"]),
        ({"columns": {5: "value"}}, ['"5" is no known column']),
        ({"columns": {"value": 5}}, ['"5" is no known column of the file']),
        ({"columns": {"value": ["value"]}}, ["is no known column of the file"]),
        ({"columns": {"value": None}}, ['"None" is no known column of the file']),
    ],
)
def test_arguments_of_another_type_are_told(tmp_path, given, fragments):
    path = tmp_path / "table.csv"
    path.write_text("source,value,published\nA,5,2025-03-09\n")
    with pytest.raises(InputError) as caught:
        import_reports(path, **({"format": "csv"} | given))
    assert_told(caught.value.problems, *fragments)
