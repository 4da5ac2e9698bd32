"""A collection of bad tables: every one is refused with its place, its value and the mend."""

import resource

import pytest
from helpers_hostile import folder_of, refused

HEADER = (
    "source,measure,category,value,low,high,qualifier,words,level,published,as_of,cites,event,"
    "scope,note"
)
PLAIN = {"source": "Monitor", "value": "5", "published": "2025-03-09"}
TOML = """
format = 1
start = 2025-03-06
[[partitions]]
of = "killed"
into = ["civilians", "forces"]
"""


def check(capsys, tmp_path, reports, *fragments, toml="format = 1\n"):
    folder = folder_of(tmp_path, toml, reports)
    return refused(
        capsys, ["check", str(folder)], *fragments, file=str(folder / "reports.csv")
    )  # fmt: skip


# --- the form of a file ---------------------------------------------------------------------------

LINES = "source,value,published\nMonitor,5,2025-03-09\nRadio é,6,2025-03-10\n"
FORMS = [
    ("empty", b"", ["no row"]),
    ("blank", b"\n\n  \n", ["no row"]),
    ("header alone", b"source,value,published\n", ["no row"]),
    ("header and blank rows", b"source,value,published\n,,\n\n", ["no row"]),
    ("BOM alone", b"\xef\xbb\xbf", ["no row"]),
    ("UTF-16 with BOM", LINES.encode("utf-16"), ["UTF-16", "UTF-8"]),
    ("UTF-16 big endian", LINES.encode("utf-16-be"), ["UTF-16", "UTF-8"]),
    ("UTF-16 little endian", LINES.encode("utf-16-le"), ["UTF-16", "UTF-8"]),
    ("UTF-32", LINES.encode("utf-32"), ["UTF-32", "UTF-8"]),
    ("Latin-1", LINES.encode("latin-1"), ["row 3", "UTF-8", "0xe9"]),
    ("Windows-1252", LINES.replace("é", "“é”").encode("cp1252"), ["row 3", "UTF-8", "0x93"]),
    ("Windows-1251", "source,value,published\nМонитор,5,2025-03-09\n".encode("cp1251"),
     ["row 2", "UTF-8"]),
    ("half a character", LINES.encode()[:-16] + b"\xc3\n", ["row 3", "UTF-8"]),
    ("a surrogate", LINES.replace("é", "\ud800").encode("utf-8", "surrogatepass"),
     ["row 3", "UTF-8"]),
    ("NUL", b"source,value,published\nMon\0itor,5,2025-03-09\n", ["row 2", "NUL"]),
    ("NULs at the end", b"source,value,published\nMonitor,5,2025-03-09\n" + b"\0" * 512,
     ["row 3", "NUL"]),
    ("BOM in the middle", LINES.replace("Radio", "\ufeffRadio").encode(), ["row 3", "U+FEFF"]),
    ("two BOMs", b"\xef\xbb\xbf\xef\xbb\xbf" + LINES.encode(), ["row 1", "U+FEFF"]),
    ("a workbook", b"PK\x03\x04\x14\0\x06\0" + b"\x8f" * 200, ["workbook", "CSV"]),
    ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x8f" * 200, ["workbook", "CSV"]),
    ("gzip", b"\x1f\x8b\x08\0" + b"\x8f" * 200, ["compressed"]),
    ("PDF", b"%PDF-1.7\n" + b"\x8f\n" * 200, ["PDF"]),
    ("a web page", b"<!DOCTYPE html>\n<html><body>404</body></html>\n", ["web page"]),
    ("JSON", b'[{"source": "Monitor", "value": 5}]\n', ["no row"]),
    ("semicolons", LINES.replace(",", ";").encode(), ["row 1", "semicolons", "commas"]),
    ("semicolons and decimal commas", b"source;value;published;note\nA;5;2025-03-09;1,5\n",
     ["row 1", "semicolons"]),
    ("a comma in a header of semicolons", b"source;value;published;a, b\nA;5;2025-03-09;x, y\n",
     ["row 1", "semicolons"]),
    ("sep line", b"sep=;\nsource;value;published\nA;5;2025-03-09\n", ["row 1", "sep=;"]),
    ("sep line with commas", b"sep=,\nsource,value,published\nA,5,2025-03-09\n",
     ["row 1", "sep=,"]),
    ("tabs", LINES.replace(",", "\t").encode(), ["row 1", "tabs", "commas"]),
    ("pipes", LINES.replace(",", "|").encode(), ["row 1", "bars", "commas"]),
    ("blanks", LINES.replace(",", " ").encode(), ["row 1", "commas"]),
    ("an unclosed quote", b'source,value,published\n"A,5,2025-03-09\nB,6,2025-03-09\n',
     ["row 2", "quote"]),
    ("an unclosed quote at the end", b'source,value,published\nA,5,"2025-03-09\n',
     ["row 2", "quote"]),
    ("a quote inside", b'source,value,published\n"A"B,5,2025-03-09\n', ["row 2", "quote"]),
    ("an unclosed quote that another closes",
     b'source,value,published,note\nA,5,2025-03-09,"x\nB,6,2025-03-09,"\nC,7,2025-03-09,\n',
     ["row 2", "line 3", "quote"]),
    ("a field without an end", b'source,value,published,note\nA,5,2025-03-09,"' + b"x" * 200_000,
     ["row 2", "quote"]),
    ("a very long cell", b"source,value,published,note\nA,5,2025-03-09," + b"x" * 200_000 + b"\n",
     ["row 2", "100,000"]),
    ("a very long line", b"source,value,published\n" + b"x" * 3_000_000, ["row 2", "line"]),
    ("too few fields", b"source,value,published\nA,5\n", ["row 2", "2 fields", "3"]),
    ("too many fields", b"source,value,published\nA,1,225,2025-03-09\n", ["row 2", "4 fields"]),
    ("duplicate column", b"source,value,value,published\nA,5,6,2025-03-09\n",
     ["row 1", '"value"', "twice"]),
    ("duplicate column but for case", b"source,value,Value,published\nA,5,6,2025-03-09\n",
     ["row 1", '"Value"', '"value"']),
    ("no source", b"value,published\n5,2025-03-09\n", ["row 1", '"source"', "missing"]),
    ("no published", b"source,value\nA,5\n", ["row 1", '"published"', "missing"]),
    ("no count", b"source,published,deaths\nA,2025-03-09,5\n", ["row 1", "value", "low", "words"]),
    ("misspelt source", b"suorce,value,published\nA,5,2025-03-09\n",
     ["row 1", '"suorce"', 'mean "source"']),
    ("misspelt value", b"source,vaule,published\nA,5,2025-03-09\n", ['"vaule"', 'mean "value"']),
    ("misspelt as_of", b"source,value,published,as of\nA,5,2025-03-09,2025-03-08\n",
     ["row 1", '"as of"', 'mean "as_of"']),
    ("misspelt cites", b"source,value,published,cite\nA,5,2025-03-09,B\n", ['mean "cites"']),
    ("misspelt qualifier", b"source,value,published,qualifer\nA,5,2025-03-09,about\n",
     ['"qualifer"', 'mean "qualifier"']),
    ("capital columns", b"Source,Value,Published\nA,5,2025-03-09\n",
     ['"Source"', 'mean "source"']),
    ("a column without a name", b"source,value,published,\nA,5,2025-03-09,x\n",
     ["row 2", "column 4", "no name", '"x"']),
    ("no header", b"Monitor,5,2025-03-09\nRadio,6,2025-03-10\n", ["row 1", "header"]),
    ("a title above the header", b"Deaths in March\nsource,value,published\nA,5,2025-03-09\n",
     ["row 1", "header"]),
    ("a control character in the header", b"source,value,published,no\x1bte\nA,5,2025-03-09,x\n",
     ["row 1", "U+001B"]),
    ("many columns", b",".join([b"source,value,published"] + [b"c%d" % i for i in range(5000)])
     + b"\nA,5,2025-03-09" + b"," * 5000 + b"\n", ["row 1", "columns", "500"]),
    ("two events", b"source,value,published,event\nA,5,2025-03-09,x\nA,6,2025-03-09,y\n",
     ["event", "2 events"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"), [pytest.param(c, f, id=name) for name, c, f in FORMS]
)
def test_a_file_of_bad_form_is_refused(capsys, tmp_path, content, fragments):
    check(capsys, tmp_path, content, *fragments)


@pytest.mark.parametrize("newline", ["\r", "\r\n", "\n"])
def test_faults_stand_in_their_row_whatever_ends_the_lines(capsys, tmp_path, newline):
    lines = ["source,value,published", "A,5,2025-03-09", "B,x,2025-03-09", "C,6,2025-02-30", ""]
    told = check(capsys, tmp_path, newline.join(lines).encode(), "row 3, column value", '"x"')
    assert any("row 4, column published" in message for message in told)


# --- the cells of a row ---------------------------------------------------------------------------

COUNTS = [
    ("1.234", ["1234"]), ("1.000", ["1000"]), ("12.000", ["12000"]), ("1.000.000", ["1000000"]),
    ("1,234", ["1234"]), ("1,5", ["integer"]), ("1 234", ["1234"]), ("1\u00a0234", ["1234"]),
    ("1\u202f234", ["1234"]), ("1'234", ["1234"]), ("1’234", ["1234"]), ("1_234", ["1234"]),
    ("1.5", ["integer"]), ("5.", ["integer"]), (".5", ["integer"]), ("1e3", ["exponent"]),
    ("1E+05", ["exponent"]), ("1,2E+05", ["exponent"]), ("#REF!", ["spreadsheet"]),
    ("#N/A", ["spreadsheet"]), ("#VALUE!", ["spreadsheet"]), ("#DIV/0!", ["spreadsheet"]),
    ("#####", ["spreadsheet"]), ("'120", ["apostrophe"]), ("=1+1", ["formula"]),
    ("=SUM(A1:A3)", ["formula"]), ("+5", ["integer"]), ("-5", ["0 to"]), ("−5", ["0 to"]),
    ("--", ["empty"]), ("-", ["empty"]), ("n/a", ["empty"]), ("NA", ["empty"]), ("nan", ["empty"]),
    ("NULL", ["empty"]), ("None", ["empty"]), ("?", ["empty"]), ("unknown", ["empty"]),
    ("inf", ["integer"]), ("-inf", ["0 to"]), ("1000000001", ["1,000,000,000"]),
    ("1000000000000", ["1,000,000,000"]), ("9" * 400, ["integer"]), ("1" * 5000, ["integer"]),
    ("１２０", ["digits 0 to 9"]), ("١٢٠", ["digits 0 to 9"]), ("१२०", ["digits 0 to 9"]),
    ("²", ["integer"]), ("Ⅻ", ["integer"]), ("½", ["integer"]), ("0x1F", ["integer"]),
    ("12O", ["integer"]), ("l2", ["integer"]), ("twelve", ["words"]), ("dozens", ["words"]),
    ("~120", ["about"]), ("≈120", ["about"]), ("c. 120", ["about"]), ("120+", ["at_least"]),
    (">120", ["more_than"]), ("> 120", ["more_than"]), ("≥120", ["at_least"]),
    ("<120", ["fewer_than"]),
    ("120-150", ["range"]), ("120–150", ["range"]), ("120 to 150", ["range"]),
    ("120?", ["integer"]),
    ("120*", ["integer"]), ("120 people", ["digits"]), ("120%", ["integer"]), ("$120", ["integer"]),
    ("True", ["integer"]), ("5;6", ["integer"]), ("2025-03-09", ["integer"]),
    ("12\u200b0", ["integer"]),
    ("\u202e021", ["U+202E"]), ("5\x1b[31m", ["U+001B"]), ("5\x7f", ["U+007F"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fragments"), [pytest.param(t, f, id=ascii(t)[:20]) for t, f in COUNTS]
)
@pytest.mark.parametrize("column", ["value", "high"])
def test_a_count_that_is_none_is_refused(capsys, tmp_path, text, fragments, column):
    cells = PLAIN if column == "value" else PLAIN | {"value": "", "low": "1", "qualifier": "range"}
    check(
        capsys, tmp_path, written(cells | {column: text}), f"row 2, column {column}", *fragments
    )  # fmt: skip


DATES = [
    "09/03/2025", "3/9/2025", "09.03.2025", "9-3-2025", "2025/03/09", "2025.03.09", "20250309",
    "2025-3-9", "25-03-09", "March 9, 2025", "9 March 2025", "2025-02-30", "2025-02-29",
    "2025-13-01", "2025-00-10", "2025-03-00", "2025-03-32", "0000-01-01", "0025-03-09",
    "0999-12-31", "9999-12-31", "2925-03-09", "10000-01-01", "-2025-03-09", "2025-03", "2025",
    "2025-W10-7", "2025-068", "45725", "45725.5", "1741478400", "2025-03-09T", "2025-03-09T25:00",
    "2025-03-09T14:60", "2025-03-09 14h30", "2025-03-09T14:30+99:00", "2025-03-09T14:30 CET",
    "2025-03-09Z", "2025-03-09T14:30[Europe/Paris]", "2025-03-09 to 2025-03-10", "yesterday",
    "today", "nan", "#REF!", "=TODAY()", "'2025-03-09", "２０２５-03-09", "2025‐03‐09",
    "2025–03–09", "2025-03-0９", "2025-O3-09", "2025-03-09\u200b", "\u202e2025-03-09",
    "2025-03-09x", "1000-01-01T00:00+14:00", "2025-03-09,", "0001-01-01T00:00+10:00",
]  # fmt: skip


@pytest.mark.parametrize("text", DATES, ids=ascii)
@pytest.mark.parametrize("column", ["published", "as_of"])
def test_a_date_that_is_none_is_refused(capsys, tmp_path, text, column):
    check(capsys, tmp_path, written(PLAIN | {column: text}), f"row 2, column {column}")


ROWS = [
    ("no count at all", {"value": ""}, ["column value", "none of"]),
    ("a range without high", {"value": "", "low": "3", "qualifier": "range"}, ["high"]),
    ("a range upside down", {"value": "", "low": "9", "high": "3", "qualifier": "range"},
     ["low", "9", "above high, 3"]),
    ("a range with a value", {"low": "3", "high": "9", "qualifier": "range"}, ["value", '"5"']),
    ("a range with a level",
     {"value": "", "low": "3", "high": "9", "qualifier": "range", "level": "0.95"},
     ["level", "estimate"]),
    ("low and high of an exact figure", {"low": "3", "high": "9"}, ["low", "exact"]),
    ("words and no words", {"value": "", "qualifier": "words"}, ["words"]),
    ("unknown words", {"value": "", "qualifier": "words", "words": "a few dozzen"},
     ["words", '"a few dozzen"']),
    ("a count without end in words",
     {"value": "", "qualifier": "words", "words": "about " + "9" * 5000}, ["column words"]),
    ("an absurd count in words",
     {"value": "", "qualifier": "words", "words": "about 9000000000000"},
     ["column words", "1,000,000,000"]),
    ("other digits in words", {"value": "", "qualifier": "words", "words": "about １２０"},
     ["column words"]),
    ("fewer than 0 in words", {"value": "", "qualifier": "words", "words": "fewer than 0"},
     ["column words", "fewer than 0"]),
    ("fewer than 0", {"value": "0", "qualifier": "fewer_than"}, ["value", "0"]),
    ("qualifier", {"qualifier": "rougly"}, ["qualifier", '"rougly"', "about"]),
    ("capital qualifier", {"qualifier": "Exact"}, ["qualifier", '"Exact"', 'mean "exact"']),
    ("measure", {"measure": "kiled"}, ["measure", '"kiled"', 'mean "killed"']),
    ("evidence", {"evidence": "hearsay"}, ["evidence", '"hearsay"', "rumour"]),
    ("estimate outside its interval",
     {"low": "10", "high": "20", "qualifier": "estimate"}, ["value", "5", "10 to 20"]),
    ("estimate from 0", {"low": "0", "high": "20", "qualifier": "estimate"}, ["low", "0"]),
    ("estimate without width", {"low": "5", "high": "5", "qualifier": "estimate"}, ["low", "5"]),
    ("half an estimate", {"low": "3", "qualifier": "estimate"}, ["high"]),
    *((f"level {text}",
       {"value": "20", "low": "10", "high": "40", "qualifier": "estimate", "level": text},
       ["column level", f'"{text}"'])
      for text in ("0", "1", "0.0", "1.0", "95", "95%", "0,95", "-0.9", "1.5", "nan", "inf", "9e-1",
                   "0.05", "0.99999999999999999999", "0.٩٥", "0." + "9" * 400, ".", "high")),
    ("as_of after published", {"as_of": "2025-03-10"}, ["as_of", "2025-03-10", "2025-03-09"]),
    ("as_of before the start", {"as_of": "2025-03-01"}, ["as_of", "2025-03-01", "2025-03-06"]),
    ("published before the start", {"published": "2025-03-01"}, ["published", "2025-03-06"]),
    ("published a slip of a digit later", {"published": "2095-03-09", "as_of": "1925-03-09"},
     ["1925-03-09"]),
    ("projected by a slip of a digit", {"as_of": "2525-03-10", "evidence": "projection"}, ["2525"]),
    ("no source", {"source": ""}, ["source", "empty"]),
    ("a source of blanks", {"source": "  \t "}, ["source", "empty"]),
    ("cites itself", {"cites": "Monitor"}, ["cites", '"Monitor"', "itself"]),
    ("cites itself but for case", {"cites": "MONITOR"}, ['"MONITOR"', '"Monitor"']),
    ("unknown node", {"category": "civilans"}, ["category", '"civilans"', 'mean "civilians"']),
    ("a node but for case", {"category": "Civilians"}, ["category", '"Civilians"', '"civilians"']),
    ("a node of no part", {"category": "unknown civilans"}, ["category", '"unknown civilans"']),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "fragments"), [pytest.param(c, f, id=name[:40]) for name, c, f in ROWS]
)
def test_a_row_that_contradicts_itself_is_refused(capsys, tmp_path, cells, fragments):
    check(capsys, tmp_path, written(PLAIN | cells), "row 2", *fragments, toml=TOML)


def test_a_projection_over_more_than_a_century_is_refused(capsys, tmp_path):
    row = PLAIN | {"published": "1950-03-09", "as_of": "2095-03-10", "evidence": "projection"}
    check(capsys, tmp_path, written(row), "row 2, column as_of", "2095-03-10", "100 years")


def written(*rows: dict[str, str]) -> str:
    """Write rows with all columns, every cell in quotes."""
    names = list(dict.fromkeys([*HEADER.split(","), *(name for row in rows for name in row)]))
    quoted = [[row.get(n, "").replace('"', '""') for n in names] for row in rows]
    return "\n".join([",".join(names), *(",".join(f'"{c}"' for c in r) for r in quoted), ""])


# --- names ----------------------------------------------------------------------------------------

STRANGE = {
    "escape": "\x1b[31mMonitor", "backspace": "Mon\x08itor", "bell": "Mon\x07itor",
    "start of heading": "\x01Monitor", "tab": "Mon\titor", "line break": "Mon\nitor",
    "return": "Mon\ritor", "vertical tab": "Mon\x0bitor", "delete": "Mon\x7fitor",
    "C1": "Mon\x85itor", "C1 CSI": "Mon\x9b31mitor", "line separator": "Mon\u2028itor",
    "paragraph separator": "Mon\u2029itor", "zero width": "Mon\u200bitor",
    "joiner in Latin": "Mon\u200ditor", "word joiner": "Mon\u2060itor",
    "soft hyphen": "Mon\u00aditor", "override": "Mon\u202eitor", "embedding": "Mon\u202bitor",
    "isolate": "Mon\u2067itor", "mark": "Mon\u200fitor",
    "private": "Mon\ue000itor", "tag": "Mon\U000e0041itor", "no character": "Mon\uffffitor",
    "replacement": "Mon\ufffditor", "long": "M" * 201, "very long": "M" * 50_000,
    "selector": "Mon\ufe0fitor", "braille without a dot": "Mon\u2800itor",
    "empty note": "Mon\U0001d159itor", "slur": "Mon\U0001d177itor",
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("column", ["source", "cites", "event", "scope"])
def test_a_name_that_cannot_be_shown_is_refused(capsys, tmp_path, name, column):
    check(capsys, tmp_path, written(PLAIN | {column: name}), f"row 2, column {column}")


@pytest.mark.parametrize("column", ["note", "url", "archive"])
@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\u202eb", "a\x00b"[:1] + "\x07", "x" * 100_001])
def test_a_text_that_would_reach_terminals_is_refused(capsys, tmp_path, column, text):
    check(capsys, tmp_path, written(PLAIN | {column: text}), "row 2", column)


ALIKE = [
    ("SOHR", "sohr"), ("A B", "A  B"), ("A B", "A\u00a0B"), ("A B", "ab"), ("Straße", "STRASSE"),
    ("ﬁ", "fi"), ("A", "\uff21"), ("İstanbul", "i̇stanbul"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE, ids=ascii)
def test_two_sources_that_differ_in_case_or_blanks_are_refused(capsys, tmp_path, one, other):
    rows = written(PLAIN | {"source": one}, PLAIN | {"source": other, "value": "7"})
    check(capsys, tmp_path, rows, "row 3, column source", f'"{one}"', "row 2")


def test_canonically_equal_names_are_one(capsys, tmp_path):
    from tolls.cli import main

    rows = written(PLAIN | {"source": "é"}, PLAIN | {"source": "e\u0301", "value": "7"})
    assert main(["check", str(folder_of(tmp_path, "format = 1\n", rows))]) == 0
    assert "Sources used as evidence\n  é:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "المرصد",
        "می‌خواهم",
        "क्‍ष",
        "Обсерватория",
        "観測所",
        "Đài",
        "נ״ב",
        "O'Neil & Sons",
        "😀",
        "N°5",
        "ﷺ",
    ],
)
def test_letters_of_any_script_are_fine(capsys, tmp_path, name):
    from tolls.cli import main

    rows = written(PLAIN | {"source": name})
    assert main(["check", str(folder_of(tmp_path, "format = 1\n", rows))]) == 0
    assert name in capsys.readouterr().out


# --- many rows ------------------------------------------------------------------------------------


def test_circles_of_citations_are_refused(capsys, tmp_path):
    rows = [
        PLAIN | {"source": a, "cites": b} for a, b in [("A", "B"), ("B", "C"), ("C", "A")]
    ]  # fmt: skip
    check(capsys, tmp_path, written(*rows), "row 2, column cites", "circle", "A cites B")


def test_all_faults_of_a_table_are_told_at_once(capsys, tmp_path):
    rows = written(
        PLAIN | {"value": "1.234"}, PLAIN | {"published": "09/03/2025"}, PLAIN | {"source": ""},
        PLAIN | {"qualifier": "rougly", "as_of": "x", "cites": "Monitor"},
        PLAIN | {"source": "\x1b"},
    )  # fmt: skip
    told = check(capsys, tmp_path, rows)
    for place in ("row 2, column value", "row 3, column published", "row 4, column source",
                  "row 5, column qualifier", "row 5, column as_of", "row 5, column cites",
                  "row 6, column source"):  # fmt: skip
        assert any(place in message for message in told), place


def test_many_faults_are_cut_with_their_number_and_hide_no_other(capsys, tmp_path):
    rows = [PLAIN | {"value": "1.234"}] * 5000 + [PLAIN | {"published": "soon"}]
    told = check(capsys, tmp_path, written(*rows), "column value", "4,900 more")
    assert len(told) < 200
    assert any("row 5002, column published" in message for message in told)


@pytest.mark.parametrize("faulty", [False, True])
def test_more_rows_than_a_case_may_have_are_refused(capsys, tmp_path, monkeypatch, faulty):
    monkeypatch.setattr("tolls.tables.MAX_ROWS", 1000)
    row = f"Monitor,{'x' if faulty else 5},2025-03-09\n"
    told = check(capsys, tmp_path, "source,value,published\n" + row * 1001, "more than 1,000 rows")
    assert any("column value: … and 900 more" in message for message in told) == faulty


@pytest.mark.slow
@pytest.mark.parametrize("faulty", [False, True])
def test_a_million_rows_are_refused_within_a_minute_and_two_gigabytes(capsys, tmp_path, faulty):
    row = "M{0},1.{1:03},09/03/2025,exakt{0}\n" if faulty else "M{1},{0},2025-03-09,about\n"
    rows = "".join(row.format(i, i % 900) for i in range(1_000_000))
    folder = folder_of(tmp_path, reports=f"source,value,published,qualifier\n{rows}")
    del rows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    refused(capsys, ["check", str(folder)], "1,000,001 lines", "200,000", seconds=60)
    used = resource.getrusage(resource.RUSAGE_SELF)
    assert used.ru_utime - before < 60
    assert used.ru_maxrss < 2 * 2**20  # in KB


def test_more_sources_than_a_case_may_have_are_refused(capsys, tmp_path):
    rows = "".join(f"S{i},5,2025-03-09\n" for i in range(1001))
    check(capsys, tmp_path, "source,value,published\n" + rows, "1,001 sources", "1,000")
