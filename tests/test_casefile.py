"""Cases on disk: what a ``case.toml`` may declare, and how each fault of it is told."""

import pytest
from helpers import assert_told, attempt, problems_of, table, write_case, write_csv

import tolls

PARTS = '[[partitions]]\nof = "killed"\ninto = ["civilians", "forces"]\n'


def test_a_folder_and_its_toml_are_the_same_case(tmp_path):
    path = write_case(tmp_path, 'format = 1\ntitle = "A flood"\n')
    assert tolls.read_case(tmp_path).digest == tolls.read_case(path).digest
    assert tolls.read_case(str(path)).title == "A flood"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_toml_file_is_read_with_and_without_bom(tmp_path, encoding):
    path = write_case(tmp_path, "")
    path.write_bytes('format = 1\ntitle = "طرطوس"\n'.encode(encoding))
    assert tolls.read_case(path).title == "طرطوس"


def test_what_is_declared_is_what_the_case_holds(tmp_path):
    text = """
    format = 1
    title = "Coast"
    kind = "massacre"
    start = 2025-03-06
    end = 2025-03-10
    [tolls.killed]
    range = { low = 10, high = 5000, mass = 0.9 }
    [[partitions]]
    of = "killed"
    into = ["civilians", "forces", "fighters"]
    [unions]
    both_sides = ["forces", "fighters"]
    [definitions]
    civilians = "not fighting when killed"
    [sources.Monitor]
    grade = "B2"
    kind = "monitor"
    rationale = "Names and places published."
    reference = "https://example.org"
    """
    case = tolls.read_case(write_case(tmp_path, text))
    assert (case.title, case.kind) == ("Coast", "massacre")
    assert (str(case.start), str(case.end)) == ("2025-03-06", "2025-03-10")
    assert case.names == ("killed", "civilians", "forces", "fighters", "both_sides")
    assert case.root_prior.interval(0.9) == pytest.approx((10, 5000))
    source = case.sources["Monitor"]
    assert (source.grade, source.kind) == ("B2", "monitor")
    assert source.rationale == "Names and places published."
    assert case.assumptions == ()


def test_an_event_without_an_end_lasts_one_day(tmp_path):
    case = tolls.read_case(write_case(tmp_path, "format = 1\nstart = 2025-03-06\n"))
    assert case.start == case.end


def test_what_was_not_declared_is_assumed_and_said(tmp_path):
    rows = table({"value": 5, "as_of": "2025-03-07"}, {"value": 6, "source": "Radio"})
    case = tolls.read_case(write_csv(tmp_path / "reports.csv", rows))
    assert case.names == ("killed",)
    assert str(case.start) == "2025-03-07"
    assert {name: s.grade for name, s in case.sources.items()} == {"Monitor": "F", "Radio": "F"}
    assert_told(case.assumptions, "start", "2025-03-07")
    assert_told(case.assumptions, "grade F", "Monitor", "Radio")
    assert_told(case.assumptions, "range", "1 and 10,000")


def test_a_category_in_a_bare_table_is_an_error_that_shows_how_to_declare_it(tmp_path):
    rows = table({"value": 5, "category": "civilians"})
    path = write_csv(tmp_path / "reports.csv", rows)
    assert_told(
        problems_of(path),
        str(path), "row 2, column category", '"civilians"', "[[partitions]]", 'of = "killed"',
    )  # fmt: skip


def test_a_case_cannot_be_changed_once_it_is_valid(tmp_path):
    case = tolls.read_case(write_case(tmp_path, "format = 1\n"))
    with pytest.raises(AttributeError):
        case.reports = ()


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing", "missing.csv", "missing.toml"])
def test_a_path_that_does_not_exist_is_named(tmp_path, name):
    assert_told(problems_of(tmp_path / name), str(tmp_path / name), "reports.csv")


def test_a_folder_without_a_case_is_named(tmp_path):
    assert_told(problems_of(tmp_path), str(tmp_path), "case.toml")


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "reports.xlsx"
    path.touch()
    assert_told(problems_of(path), str(path), '".xlsx"', ".csv")


def test_reports_that_do_not_exist_are_named(tmp_path):
    path = write_case(tmp_path, 'format = 1\nreports = "other.csv"\n')
    problems = problems_of(path)
    assert_told(problems, str(tmp_path / "other.csv"), "cannot be read")
    assert len(problems) == 1


@pytest.mark.parametrize("reports", ["../reports.csv", "/tmp/reports.csv", "a/../../reports.csv"])
def test_reports_outside_the_folder_of_the_case_are_refused(tmp_path, reports):
    path = write_case(tmp_path / "case", f'format = 1\nreports = "{reports}"\n')
    write_csv(tmp_path / "reports.csv", table({"value": 5}))
    assert_told(problems_of(path), str(path), "key reports", f'"{reports}"', "allowed: ")


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    path = write_case(tmp_path / "case", "format = 1\n")
    outside = write_csv(tmp_path / "outside.csv", table({"value": 5}))
    (tmp_path / "case" / "reports.csv").unlink()
    (tmp_path / "case" / "reports.csv").symlink_to(outside)
    assert_told(problems_of(path), "key reports", "outside")


@pytest.mark.parametrize("key", ["reports", "reliability"])
def test_a_path_with_a_null_character_is_refused(tmp_path, key):
    path = write_case(tmp_path, f'format = 1\n{key} = "a\\u0000.toml"\n')
    assert_told(problems_of(path), f"key {key}")


@pytest.mark.parametrize(
    ("content", "fragment"),
    [(b"format = \n", "TOML"), (b"format = 1\nformat = 1\n", "TOML"), (b"title = '\xff'", "UTF-8")],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path, content, fragment):
    path = write_case(tmp_path, "")
    path.write_bytes(content)
    assert_told(problems_of(path), str(path), fragment)


# --- faults of a declaration ----------------------------------------------------------------------

FAULTS = [
    # text after "format = 1", what the message holds beside the file
    ("unknown key", 'titel = "x"', ["key titel", "allowed: ", 'did you mean "title"']),
    (
        "unknown key of a source",
        "[sources.Monitor]\nbais = { low = 1, high = 2 }",
        ["key sources.Monitor.bais", "allowed: grade", 'did you mean "bias"'],
    ),
    (
        "unknown key of a partition",
        f"{PARTS}concentrate = 2",
        ["partitions", "concentrate", "allowed: of", 'did you mean "concentration"'],
    ),
    (
        "unknown key of a range",
        "[tolls.killed]\nrange = { low = 1, high = 9, mas = 0.9 }",
        ["key tolls.killed.range.mas", "allowed: low", 'did you mean "mass"'],
    ),
    (
        "unknown key of a prior",
        "[sources.Monitor]\nreliability = { mean = 0.9, strenght = 20 }",
        ["key sources.Monitor.reliability.strenght", 'did you mean "strength"'],
    ),
    ("kind of event", 'kind = "masacre"', ["key kind", '"masacre"', "allowed: ", '"massacre"']),
    (
        "kind of source",
        '[sources.Monitor]\nkind = "moniter"',
        ["key sources.Monitor.kind", '"moniter"', "allowed: own_losses", 'mean "monitor"'],
    ),
    ("grade", '[sources.Monitor]\ngrade = "G"', ["key sources.Monitor.grade", "'G'", "A to F"]),
    ("small grade", '[sources.Monitor]\ngrade = "b"', ["key sources.Monitor.grade", "'b'"]),
    ("digit of a grade", '[sources.Monitor]\ngrade = "B7"', ["key sources.Monitor.grade", "'B7'"]),
    (
        "low of a range is 0",
        "[tolls.killed]\nrange = { low = 0, high = 9 }",
        ["key tolls.killed.range.low", "0.001 or more", "found 0"],
    ),
    (
        "low of a range is infinite",
        "[tolls.killed]\nrange = { low = 1, high = inf }",
        ["key tolls.killed.range.high", "finite", "inf"],
    ),
    (
        "low of a range above high",
        "[tolls.killed]\nrange = { low = 90, high = 9 }",
        ["key tolls.killed.range", "low (90)", "below high (9)"],
    ),
    (
        "low of a range equal to high",
        "[tolls.killed]\nrange = { low = 9, high = 9 }",
        ["key tolls.killed.range", "low (9)", "below high (9)"],
    ),
    (
        "mass of 1",
        "[tolls.killed]\nrange = { low = 1, high = 9, mass = 1 }",
        ["key tolls.killed.range.mass", "0.9999 or less", "found 1"],
    ),
    (
        "mass of 0",
        "[tolls.killed]\nrange = { low = 1, high = 9, mass = 0 }",
        ["key tolls.killed.range.mass", "0.5 or more", "found 0"],
    ),
    (
        "median outside its range",
        "[sources.Monitor]\nbias = { median = 2, low = 0.6, high = 1.3 }",
        ["key sources.Monitor.bias", "median (2)", "between"],
    ),
    (
        "reliability as a percentage",
        "[sources.Monitor]\nreliability = { mean = 90, strength = 20 }",
        ["key sources.Monitor.reliability.mean", "90", "0.999 or less"],
    ),
    ("no such day", 'start = "2025-02-30"', ["key start", "2025-02-30", "date"]),
    ("an hour", "start = 2025-03-06T10:00:00", ["key start", "2025", "date"]),
    (
        "end before start",
        "start = 2025-03-06\nend = 2025-03-01",
        ["end (2025-03-01)", "before", "start (2025-03-06)"],
    ),
    ("end without start", "end = 2025-03-10", ["end", "start"]),
    (
        "partition of an unknown node",
        f'{PARTS}[[partitions]]\nof = "civilans"\ninto = ["women", "men"]',
        ["partition", '"civilans"', "allowed: ", 'did you mean "civilians"'],
    ),
    (
        "one part",
        '[[partitions]]\nof = "killed"\ninto = ["civilians"]',
        ["partition", "killed", "1 part", "allowed: two or more"],
    ),
    (
        "repeated part",
        '[[partitions]]\nof = "killed"\ninto = ["civilians", "civilians"]',
        ["partition", "killed", '"civilians"', "twice"],
    ),
    (
        "circle of partitions",
        '[[partitions]]\nof = "a"\ninto = ["b", "c"]\n[[partitions]]\nof = "b"\ninto = ["a", "d"]',
        ["partition", '"a"', "circle"],
    ),
    (
        "union of an unknown node",
        f'{PARTS}[unions]\nboth = ["civilians", "forcs"]',
        ["unions.both", '"forcs"', "allowed: ", 'did you mean "forces"'],
    ),
    (
        "union of a node and its part",
        f'{PARTS}[unions]\nboth = ["civilians", "killed"]',
        ["unions.both", '"civilians"', '"killed"', "disjoint"],
    ),
    (
        "definition of an unknown node",
        f'{PARTS}[definitions]\ncivilans = "x"',
        ["key definitions", '"civilans"', "allowed: ", 'did you mean "civilians"'],
    ),
    (
        "unknown scale",
        'reliability = "admirality"',
        ["key reliability", '"admirality"', "allowed: admiralty", 'did you mean "admiralty"'],
    ),
    (
        "scale outside the project",
        'reliability = "../../scale.toml"',
        ["key reliability", "../../scale.toml", "allowed: "],
    ),
    ("a measure without a toll", "[tolls.missing]\nrange = { low = 1, high = 9 }", ["key tolls"]),
    (
        "a group with the name of a source",
        '[sources.Monitor]\ngroup = "Radio"\n[sources.Radio]\ngrade = "A"',
        ["key sources.Monitor.group", '"Radio"', "name of its own"],
    ),
    (
        "members of a group that differ",
        '[sources.Monitor]\ngroup = "x"\n[sources.Radio]\ngroup = "x"\ngrade = "A"',
        ["key sources.Radio.grade", "Monitor", "declare the same"],
    ),
    (
        "a side on no node",
        '[sources.Monitor.nodes.forcez]\nkind = "own_losses"',
        ["key sources.Monitor.nodes", "forcez"],
    ),
    (
        "a side of no kind",
        '[sources.Monitor.nodes.killed]\nkind = "own_loses"',
        ["key sources.Monitor.nodes.killed.kind", "own_losses"],
    ),
    ("no kind of evidence", '[sources.Monitor]\nevidence = "hearsay"', ["evidence", "rumour"]),
    ("a bridge to nowhere", '[[bridges]]\nfrom = "certified"', ["key bridges.0.to", "is missing"]),
    (
        "an unknown key of a bridge",
        '[[bridges]]\nform = "certified"',
        ["key bridges.0.form", "allowed: from, to, share, rationale", 'did you mean "from"?'],
    ),
    (
        "a scope beyond the whole",
        '[scopes."a year"]\nrelation = "wider"\nshare = { low = 0.5, high = 2 }',
        ["key scopes.a year.share", "high (2) is above 1", "allowed: a part"],
    ),
    (
        "a scope of no relation",
        '[scopes."a year"]\nrelation = "larger"',
        ["key scopes.a year.relation", "'wider' or 'narrower'", "'larger'"],
    ),
]


@pytest.mark.parametrize(
    ("text", "fragments"), [pytest.param(text, told, id=name) for name, text, told in FAULTS]
)
def test_a_fault_names_file_key_value_and_what_is_allowed(tmp_path, text, fragments):
    path = write_case(tmp_path / "models" / "case", f"format = 1\n{text}\n")
    assert_told(problems_of(path), str(path), *fragments)


@pytest.mark.parametrize(
    ("text", "found"), [('title = "no format"', "missing"), ("format = 2", "2")]
)
def test_the_format_must_be_1_and_the_message_says_so(tmp_path, text, found):
    path = write_case(tmp_path / "case", text)
    (message,) = problems_of(path)
    rest = message.removeprefix(str(path))
    assert "format" in rest
    assert found in rest
    assert "1" in rest


def test_a_message_shows_the_value_at_fault_and_not_the_whole_file(tmp_path):
    text = """
    format = 1
    start = 2025-03-06
    end = 2025-03-01
    [sources.Monitor]
    rationale = "Names and places published."
    """
    problems = problems_of(write_case(tmp_path, text))
    assert not any("Names and places" in message for message in problems)


def test_all_faults_of_the_schema_are_told_at_once(tmp_path):
    text = """
    format = 1
    titel = "x"
    start = "yesterday"
    [tolls.killed]
    range = { low = 9, high = 1 }
    [sources.Monitor]
    grade = "G"
    """
    problems = problems_of(write_case(tmp_path, text))
    for key in ("titel", "start", "tolls.killed.range", "sources.Monitor.grade"):
        assert_told(problems, f"key {key}")


def test_all_faults_of_meaning_are_told_at_once(tmp_path):
    text = f"""
    format = 1
    kind = "masacre"
    {PARTS}
    [unions]
    both = ["civilians", "forcs"]
    [definitions]
    civilans = "x"
    [sources.Monitor]
    kind = "moniter"
    """
    problems = problems_of(write_case(tmp_path, text))
    for value in ("masacre", "forcs", "civilans", "moniter"):
        assert_told(problems, f'"{value}"')


def test_faults_of_schema_and_of_meaning_are_told_at_once(tmp_path):
    text = """
    format = 1
    titel = "x"
    kind = "masacre"
    reliability = "admirality"
    [[partitions]]
    of = "killed"
    into = ["civilians"]
    """
    problems = problems_of(write_case(tmp_path, text))
    for value in ("titel", "masacre", "admirality", "two or more"):
        assert_told(problems, value)


def test_faults_of_declaration_and_of_reports_are_told_at_once(tmp_path):
    path = write_case(tmp_path, 'format = 1\nkind = "masacre"\n', table({"value": "many"}))
    problems = problems_of(path)
    assert_told(problems, str(path), '"masacre"')
    assert_told(problems, str(tmp_path / "reports.csv"), '"many"')


KEYS = [
    "format", "title", "kind", "start", "end", "reports", "reliability", "tolls", "partitions",
    "unions", "sources", "definitions", "bridges", "scopes",
]  # fmt: skip
JUNK = ['"x"', '""', "5", "-1", "0.5", "nan", "true", "[]", "[1]", '["x", "x"]', "{}", "{ a = 1 }"]


@pytest.mark.parametrize("key", KEYS)
def test_no_value_of_a_key_ends_in_anything_but_a_case_or_an_input_error(tmp_path, key):
    path = write_case(tmp_path, "")
    for value in JUNK:
        head = "" if key == "format" else "format = 1\n"
        path.write_text(f"{head}{key} = {value}\n")
        case, problems = attempt(lambda: tolls.read_case(path))
        assert case or problems
        assert all(str(tmp_path) in message for message in problems), (value, problems)
