"""A collection of bad declarations, scales, truths, imports and paths: all are refused."""

import os
import socket
from pathlib import Path

import pytest
from helpers_hostile import GOOD, folder_of, refused

from tolls.cli import main

PARTS = '[[partitions]]\nof = "killed"\ninto = ["civilians", "forces"]\n'
DEEP = "".join(
    f'[[partitions]]\nof = "{"killed" if i == 0 else f"a{i - 1}"}"\ninto = ["a{i}", "b{i}"]\n'
    for i in range(400)
)
WIDE = f'[[partitions]]\nof = "killed"\ninto = {[f"p{i}" for i in range(600)]}\n'

TOMLS = [
    ("empty", b"", ["key format", "missing"]),
    ("no format", b'title = "x"\n', ["key format", "missing"]),
    ("UTF-16", 'format = 1\ntitle = "é"\n'.encode("utf-16"), ["UTF-16", "UTF-8"]),
    ("Latin-1", 'format = 1\ntitle = "é"\n'.encode("latin-1"), ["line 2", "UTF-8"]),
    ("NUL", b'format = 1\ntitle = "\0"\n', ["line 2", "NUL"]),
    ("BOM in the middle", 'format = 1\n\ufefftitle = "x"\n'.encode(), ["line 2"]),
    ("a workbook", b"PK\x03\x04" + b"\x8f" * 99, ["workbook"]),
    ("no TOML", b"format: 1\n", ["TOML", "line 1"]),
    ("JSON", b'{"format": 1}\n', ["TOML"]),
    ("a duplicate key", b"format = 1\nformat = 1\n", ["TOML", "line 2"]),
    ("a duplicate table", b"format = 1\n[sources.A]\n[sources.A]\n", ["TOML", "line 3"]),
    ("an unclosed text", b'format = 1\ntitle = "x\n', ["TOML", "line 2"]),
    ("a curly quote", 'format = 1\ntitle = “x”\n'.encode(), ["TOML", "line 2"]),
    ("no such day, bare", b"format = 1\nstart = 2025-02-30\n", ["TOML"]),
    ("a number of 5,000 digits", b"format = " + b"1" * 5000 + b"\n", ["number"]),
    ("nested arrays", b"format = 1\ntitle = " + b"[" * 300 + b"]" * 300 + b"\n", ["nested"]),
    ("very nested arrays", b"x = " + b"[" * 90_000 + b"\n", ["nested"]),
    ("nested tables", b"x = " + b"{a=" * 300 + b"1" + b"}" * 300 + b"\n", ["nested"]),
    ("a dotted key without end", b"a" + b".a" * 200_000 + b" = 1\n", ["line 1", "dotted"]),
    ("a dotted table without end", b"[a" + b".a" * 200_000 + b"]\n", ["line 1", "dotted"]),
    ("long", b"format = 1\n" + b"# x\n" * 600_000, ["1,000,000 bytes"]),
    *(
        (f"{text}".replace("\n", " ")[:50], f"format = 1\n{text}\n".encode(), told)
        for text, told in [
            ("titel = 'x'", ["key titel", 'mean "title"']),
            ("title = 5", ["key title", "text", "5"]),
            ("title = ['x']", ["key title", "text"]),
            ("title = '''a\nb'''", ["key title", "line break"]),
            ('title = "\\u001b[31mx"', ["key title", "U+001B"]),
            ('title = "\\u202ex"', ["key title", "U+202E"]),
            (f"title = '{'x' * 300}'", ["key title", "200"]),
            ("kind = 'masacre'", ["key kind", 'mean "massacre"']),
            ("kind = true", ["key kind"]),
            ("kind = ''", ["key kind", "allowed"]),
            ("start = '2025-02-30'", ["key start", "2025-02-30"]),
            ("start = '09/03/2025'", ["key start", "09/03/2025"]),
            ("start = 20250309", ["key start", "20250309"]),
            ("start = 0", ["key start"]),
            ("start = 1741219200", ["key start"]),
            ("start = '1741219200'", ["key start"]),
            ("start = 2025-03-09T10:00:00Z", ["key start"]),
            ("start = 2025-03-09T00:00:00", ["key start"]),
            ("start = 10:00:00", ["key start"]),
            ("start = 0001-01-01", ["key start", "1000"]),
            ("start = 9999-01-01", ["key start", "2100"]),
            ("start = 2025-03-09\nend = 2025-03-01", ["end", "before"]),
            ("start = 1900-01-01\nend = 2025-01-01", ["end", "1900-01-01"]),
            ("end = 2025-03-09", ["end", "start"]),
            ("reports = ''", ["key reports", "allowed"]),
            ("reports = 5", ["key reports"]),
            ("reports = '.'", ["folder"]),
            ("reports = 'nowhere.csv'", ["nowhere.csv", "name"]),
            ("reports = 'case.toml'", ["row 1"]),
            ("reports = '../reports.csv'", ["key reports", "outside"]),
            ("reports = '/etc/passwd'", ["key reports", "allowed"]),
            ("reports = '/dev/zero'", ["key reports", "allowed"]),
            ("reports = 'C:\\\\x.csv'", ["x.csv"]),
            ("reports = 'http://example.org/x.csv'", ["example.org"]),
            ("reports = '~/x.csv'", ["x.csv"]),
            ("reports = '$HOME/x.csv'", ["x.csv"]),
            ("reports = 'a\\u0000b.csv'".replace("'", '"'), ["key reports"]),
            (f"reports = '{'x' * 5000}.csv'", ["key reports"]),
            ("reliability = 'admirality'", ["key reliability", 'mean "admiralty"']),
            ("reliability = ''", ["key reliability"]),
            ("reliability = '../../x.toml'", ["key reliability", "outside"]),
            ("reliability = '/etc/x.toml'", ["key reliability", "outside"]),
            ("reliability = 'nowhere.toml'", ["key reliability", "nowhere.toml"]),
            ("reliability = 'reports.csv'", ["key reliability", ".toml"]),
            ("tolls = 5", ["key tolls", "table"]),
            ("tolls.killed.range = 5", ["key tolls.killed.range", "table"]),
            ("[tolls.kiled]\nrange = { low = 1, high = 9 }", ["key tolls", "kiled"]),
            ("[tolls.killed]\nrange = { low = 0, high = 9 }", ["tolls.killed.range.low"]),
            ("[tolls.killed]\nrange = { low = -1, high = 9 }", ["tolls.killed.range.low"]),
            ("[tolls.killed]\nrange = { low = nan, high = 9 }", ["tolls.killed.range.low", "nan"]),
            ("[tolls.killed]\nrange = { low = 1, high = inf }", ["range.high", "inf"]),
            ("[tolls.killed]\nrange = { low = 1e-300, high = 9 }", ["range.low", "1e-300"]),
            ("[tolls.killed]\nrange = { low = 1, high = 1e300 }", ["range.high", "1e+300"]),
            (f"[tolls.killed]\nrange = {{ low = 1, high = 1{'0' * 400} }}", ["range.high"]),
            ("[tolls.killed]\nrange = { low = '1', high = 9 }", ["range.low", "number"]),
            ("[tolls.killed]\nrange = { low = true, high = 9 }", ["range.low", "number"]),
            ("[tolls.killed]\nrange = { low = 9, high = 9 }", ["low (9)", "below"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 1 }", ["mass", "1"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 0 }", ["mass", "0"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 95 }", ["mass", "95"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 0.05 }", ["mass", "0.05"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 1e-300 }", ["mass"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, mass = 0.99999999999999999 }", ["mass"]),
            ("[tolls.killed]\nrange = { low = 1, high = 9, median = 10 }", ["median (10)"]),
            ("[tolls.killed]\nrange = { low = 1 }", ["range.high", "missing"]),
            ("[tolls.killed]\nlow = 1", ["key tolls.killed.low"]),
            ("partitions = 5", ["key partitions"]),
            ("partitions = ['x']", ["key partitions.0"]),
            ("[partitions]\nof = 'killed'\ninto = ['a', 'b']", ["key partitions"]),
            ("[[partitions]]\nof = 'killed'", ["partitions.0.into", "missing"]),
            ("[[partitions]]\nof = 'killed'\ninto = []", ["partition", "two or more"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a']", ["partition", "two or more"]),
            ("[[partitions]]\nof = 'killed'\ninto = 'ab'", ["partitions.0.into"]),
            ("[[partitions]]\nof = 'killed'\ninto = [1, 2]", ["partitions.0.into.0"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'a']", ["partition", '"a"', "twice"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'A']", ['"a"', '"A"']),
            ("[[partitions]]\nof = 'killed'\ninto = ['a b', 'a  b']", ['"a b"', '"a  b"']),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', '']", ["into.1", "empty"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', ' b']", ["into.1", "blank"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'killed']", ["circle"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'injured']", ['"injured"', "measure"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'missing']", ['"missing"', "measure"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'total']", ['"total"', "root"]),
            ("[[partitions]]\nof = 'killed'\ninto = ['a', 'All']", ['"All"', "root"]),
            ('[[partitions]]\nof = "killed"\ninto = ["a", "b\\u001b"]', ["into.1", "U+001B"]),
            ('[[partitions]]\nof = "killed"\ninto = ["a", "b\\u200b"]', ["into.1", "U+200B"]),
            ("[[partitions]]\nof = 'kiled'\ninto = ['a', 'b']", ['"kiled"', 'mean "killed"']),
            (f"{PARTS}[[partitions]]\nof = 'forces'\ninto = ['civilians', 'x']", ["crossed"]),
            (f"{PARTS}[[partitions]]\nof = 'killed'\ninto = ['civilians', 'x']", ["twice"]),
            (f"{PARTS}[[partitions]]\nof = 'forces'\ninto = ['forces', 'x']", ["crossed"]),
            ("[[partitions]]\nof = 'a'\ninto = ['b', 'c']\n[[partitions]]\nof = 'b'\n"
             "into = ['a', 'd']", ["circle"]),
            (f"{PARTS}concentration = 0", ["partitions.0.concentration"]),
            (f"{PARTS}concentration = 1e300", ["partitions.0.concentration"]),
            (f"{PARTS}concentration = true", ["partitions.0.concentration", "number"]),
            (WIDE, ["partitions.0.into", "600 names", "500"]), (DEEP, ["801 nodes", "500"]),
            ("unions = ['x']", ["key unions"]),
            (f"{PARTS}[unions]\nx = 'civilians'", ["unions.x"]),
            (f"{PARTS}[unions]\nx = []", ["unions.x", "two or more"]),
            (f"{PARTS}[unions]\nx = ['civilians']", ["unions.x", "two or more"]),
            (f"{PARTS}[unions]\nx = ['civilians', 'civilians']", ["unions.x", "once"]),
            (f"{PARTS}[unions]\nx = ['civilians', 'forcs']", ['"forcs"', 'mean "forces"']),
            (f"{PARTS}[unions]\nx = ['x', 'forces']", ["unions.x", '"x"']),
            (f"{PARTS}[unions]\nx = ['y', 'forces']\ny = ['x', 'civilians']", ["unions.x", '"y"']),
            (f"{PARTS}[unions]\nx = ['killed', 'forces']", ["unions.x", "disjoint"]),
            (f"{PARTS}[unions]\nforces = ['civilians', 'forces']", ["unions.forces", "node"]),
            (f"{PARTS}[unions]\nForces = ['civilians', 'forces']", ['"Forces"', '"forces"']),
            (f"{PARTS}[unions]\nall = ['civilians', 'forces']", ["unions.all", "root"]),
            (f"{PARTS}[unions]\n'' = ['civilians', 'forces']", ["unions", "empty"]),
            (f"{PARTS}[unions]\ninjured = ['civilians', 'forces']", ['"injured"', "measure"]),
            (f"{PARTS}[[partitions]]\nof = 'killed'\ninto = ['north', 'south']\n[unions]\n"
             "x = ['civilians', 'north']", ["unions.x", "overlap"]),
            ("sources = ['A']", ["key sources"]),
            ("[sources]\nA = 'B'", ["key sources.A", "table"]),
            ("[sources.'']\ngrade = 'A'", ["key sources", "empty"]),
            ("[sources.' A']\ngrade = 'A'", ["key sources. A", "blank"]),
            ('[sources."A\\u001b"]\ngrade = "A"', ["key sources", "U+001B"]),
            ('[sources."A\\nB"]\ngrade = "A"', ["key sources", "line break"]),
            ("[sources.A]\n[sources.a]", ['"A"', '"a"']),
            ('[sources."é"]\n[sources."e\\u0301"]', ["sources", "twice"]),
            ("[sources.A]\ngrade = 'G'", ["key sources.A.grade", "A to F"]),
            ("[sources.A]\ngrade = 'B７'", ["key sources.A.grade"]),
            ("[sources.A]\ngrade = 'A\\n'".replace("'", '"'), ["key sources.A.grade"]),
            ("[sources.A]\ngrade = 1", ["key sources.A.grade"]),
            ("[sources.A]\nkind = 'moniter'", ["key sources.A.kind", 'mean "monitor"']),
            ("[sources.A]\nbais = 1", ["key sources.A.bais", 'mean "bias"']),
            ("[sources.A]\nbias = 0.9", ["key sources.A.bias", "table"]),
            ("[sources.A]\nbias = { low = 0.5, high = 1e12 }", ["key sources.A.bias.high"]),
            ("[sources.A]\nscatter = { low = 1e-12, high = 1 }", ["key sources.A.scatter.low"]),
            ("[sources.A]\nreliability = { mean = 1, strength = 9 }", ["reliability.mean"]),
            ("[sources.A]\nreliability = { mean = 0.9, strength = 0 }", ["reliability.strength"]),
            ("[sources.A]\nreliability = { mean = 0.9, strength = 1e300 }", ["strength"]),
            ("[sources.A]\nreliability = { mean = 90, strength = 9 }", ["mean", "90"]),
            ("[sources.A]\nanchor = 'yes'", ["key sources.A.anchor"]),
            ("[sources.A]\nanchor = 1", ["key sources.A.anchor"]),
            ("[sources.A]\nevidence = 'hearsay'", ["key sources.A.evidence"]),
            ("[sources.A]\ngroup = ''", ["key sources.A.group"]),
            ('[sources.A]\ngroup = "g\\u001b"', ["key sources.A.group", "U+001B"]),
            ("[sources.A]\ngroup = 'g'\n[sources.B]\ngroup = 'G'", ['"g"', '"G"']),
            ("[sources.A]\ngroup = 'B'\n[sources.B]", ["key sources.A.group"]),
            ('[sources.A]\nrationale = "a\\u001b[2J"', ["key sources.A.rationale", "U+001B"]),
            (f"[sources.A]\nrationale = '{'x' * 100_001}'", ["rationale", "100,000"]),
            ('[sources.A]\nreference = "a\\u202eb"', ["key sources.A.reference", "U+202E"]),
            ("[sources.A.nodes.forcs]\nkind = 'monitor'", ["key sources.A.nodes", "forcs"]),
            ("[sources.A.nodes]\nkilled = 5", ["key sources.A.nodes.killed"]),
            ("[sources.A.nodes.killed]\nkind = 'x'", ["key sources.A.nodes.killed.kind"]),
            ("[sources.A.nodes.killed]\nkind = 'other'\n[sources.'A on killed']",
             ['"A on killed"', "name"]),
            ("".join(f"[sources.s{i}]\n" for i in range(1001)), ["1,001 sources", "1,000"]),
            ("definitions = 5", ["key definitions"]),
            ("[definitions]\nkiled = 'x'", ["key definitions", 'mean "killed"']),
            ("[definitions]\nkilled = 5", ["key definitions.killed"]),
            ("[scopes.x]\nrelation = 'larger'", ["key scopes.x.relation"]),
            ("[scopes.x]", ["key scopes.x.relation", "missing"]),
            ("[scopes.'']\nrelation = 'wider'", ["scopes", "empty"]),
            ("[scopes.x]\nrelation = 'wider'\nshare = { low = 0.1, high = 2 }", ["scopes.x.share"]),
            ("[scopes.x]\nrelation = 'wider'\n[scopes.X]\nrelation = 'wider'", ['"x"', '"X"']),
            ("[[bridges]]\nfrom = 'x'", ["bridges.0.to", "missing"]),
            ("[[bridges]]\nfrom = 'x'\nto = 'kiled'\nshare = { low = 0.1, high = 0.5 }",
             ["bridges.0.to", 'mean "killed"']),
            ("[[bridges]]\nfrom = ''\nto = 'killed'\nshare = { low = 0.1, high = 0.5 }",
             ["bridges.0.from", "empty"]),
            ("[[bridges]]\nfrom = 'x'\nto = 'killed'\nshare = { low = 0.1, high = 1e9 }",
             ["bridges.0.share.high"]),
            ("[plots]\ncolour = 'red'", ["key plots", "allowed"]),
            ("__class__ = 'x'", ["key __class__", "allowed"]),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"),
    [pytest.param(c, f, id=f"{i}-{n}") for i, (n, c, f) in enumerate(TOMLS)],
)
def test_a_bad_declaration_is_refused(capsys, tmp_path, content, fragments):
    folder = folder_of(tmp_path / "case", content)
    refused(capsys, ["check", str(folder)], *fragments, file=str(folder))


def test_all_faults_of_declaration_and_table_are_told_at_once(capsys, tmp_path):
    toml = f"""
format = 1
titel = "x"
kind = "masacre"
start = "soon"
reliability = "nowhere.toml"
[sources.A]
grade = "G"
[sources.a]
{PARTS}
[unions]
both = ["civilians", "forcs"]
"""
    folder = folder_of(tmp_path, toml, "source,value,published\nA,1.234,2025-03-09\n,5,soon\n")
    told = refused(capsys, ["check", str(folder)])
    for fragment in ("titel", "masacre", "key start", "nowhere.toml", "sources.A.grade", '"a"',
                     "forcs", "row 2, column value", "row 3, column source",
                     "row 3, column published"):  # fmt: skip
        assert any(fragment in message for message in told), fragment


# --- scales ---------------------------------------------------------------------------------------

LEARNED = (
    b"[sources.A]\nbias = 1\nbias_sd = 0.1\nscatter = 0.1\nreliability = [9, 1]\ncounts = 12\n"
)
SCALES = [
    ("not UTF-8", b"\xff\xfe", ["UTF-16"]),
    ("no TOML", b"grades", ["TOML"]),
    ("nested", b"x = " + b"[" * 5000, ["nested"]),
    ("a dotted key", b"a" + b".a" * 200_000 + b" = 1\n", ["dotted"]),
    ("long", b"# x\n" * 600_000, ["1,000,000 bytes"]),
    ("unknown table", b"[grade.A]\nscatter = 1\n", ["key grade", 'mean "grades"']),
    ("text for a number", b"[grades.A]\nscatter = '0.1'\n", ["grades.A.scatter", "number"]),
    ("true for a number", b"[grades.A]\nscatter = true\n", ["grades.A.scatter", "number"]),
    ("true for a whole number", b"[checks]\nfewest = true\n", ["checks.fewest", "number"]),
    ("true in a list", b"[about]\ndigits = [1, true]\n", ["about.digits.1", "number"]),
    ("very many", b"[sensitivity]\npoints = 1000000001\n", ["sensitivity.points", "101"]),
    ("more than a memory holds", b"[checks]\nfewest = 0x" + b"f" * 9999, ["thousands of digits"]),
    ("an escape", b'[grades.A]\nwords = "a\\u001b"\n', ["grades.A.words", "U+001B"]),
    ("turned", b'[source_kinds.monitor]\nwords = "a\\u202eb"\n', ["words", "U+202E"]),
    ("negative", b"[grades.A]\nscatter = -1\n", ["grades.A.scatter"]),
    ("not finite", b"[grades.A]\nscatter = nan\n", ["grades.A.scatter"]),
    ("infinite", b"[growth]\nshape_log_mean = inf\n", ["growth.shape_log_mean"]),
    ("absurd", b"[grades.A]\nscatter = 1e300\n", ["grades.A.scatter"]),
    ("tiny", b"[grades.A]\nscatter = 1e-300\n", ["grades.A.scatter"]),
    ("a number for a table", b"grades = 5\n", ["key grades"]),
    ("a list for a table", b"[grades]\nA = [1]\n", ["key grades.A"]),
    ("a pair of three", b"[grades.A]\nreliability = [1, 2, 3]\n", ["grades.A.reliability"]),
    ("half a grade", b"[grades.G]\nscatter = 0.1\n", ["grades.G", "missing"]),
    ("weights", b"[about]\nweights = [0.9, 0.9, 0.9]\n", ["about", "sum to one"]),
    ("a grade that no source can have", b"[grades.Z]\nwords = 'x'\n", ["grades.Z", "A to F"]),
    ("a digit that none can have", b"[combined]\nA7 = [1, 2]\n", ["combined.A7", "A to F"]),
    ("evidence that no row can name", b"[evidence_kinds.x]\nmedian = 1\npace = 1\n",
     ["evidence_kinds.x", "count, list"]),
    ("a kind that steers", b'[source_kinds."a\\u001b"]\nsd = 1\n', ["source_kinds", "U+001B"]),
    ("a hedge of nothing", b'[hedges.about]\nalso = [""]\n', ["hedges.about.also.0", "empty"]),
    ("a word in capitals", b"[words.terms.dozens]\nalso = ['Tens of']\n", ['write "tens of"']),
    ("learned, of true", LEARNED.replace(b"12", b"true"), ["sources.A.counts", "number"]),
    ("learned, of text", LEARNED.replace(b"12", b"'12'"), ["sources.A.counts", "number"]),
    ("learned, more than there are", LEARNED.replace(b"12", b"9_999_999_999"), ["counts", "1e+09"]),
    ("learned, half", LEARNED.replace(b"bias = 1\n", b""), ["sources.A.bias", "missing"]),
    ("learned, in capitals", LEARNED.replace(b".A]", b".MONITOR]"),
     ["case.toml", "sources.MONITOR of own.toml", '"Monitor"', "row 2"]),
    ("a gap in the words", b"[words.terms.dozens]\nlow = 90\nhigh = 91\n", ["words"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"), [pytest.param(c, f, id=name) for name, c, f in SCALES]
)
def test_a_bad_scale_is_refused(capsys, tmp_path, content, fragments):
    folder = folder_of(tmp_path, 'format = 1\nreliability = "own.toml"\n')
    (tmp_path / "own.toml").write_bytes(content)
    refused(capsys, ["check", str(folder)], "own.toml", *fragments)


# --- truths ---------------------------------------------------------------------------------------

TRUTHS = [
    ("empty", b"", ["no row"]),
    ("header alone", b"category,value,date\n", ["no row"]),
    ("semicolons", b"category;value;date\nkilled;5;2025-04-01\n", ["semicolons"]),
    ("UTF-16", "category,value,date\nkilled,5,2025-04-01\n".encode("utf-16"), ["UTF-16"]),
    ("no date", b"category,value\nkilled,5\n", ["row 1", '"date"', "missing"]),
    ("no value", b"category,date\nkilled,2025-04-01\n", ["row 1", "value"]),
    ("misspelt", b"category,vaule,date\nkilled,5,2025-04-01\n", ['"vaule"', 'mean "value"']),
    ("thousands", b"category,value,date\nkilled,1.000,2025-04-01\n", ["row 2", "value", "1000"]),
    ("negative", b"category,value,date\nkilled,-1,2025-04-01\n", ["row 2", "value"]),
    ("absurd", b"category,value,date\nkilled,1e12,2025-04-01\n", ["row 2", "value"]),
    ("upside down", b"category,low,high,date\nkilled,9,5,2025-04-01\n", ["row 2", "low"]),
    ("half", b"category,low,high,date\nkilled,9,,2025-04-01\n", ["row 2", "high"]),
    ("a date that is none", b"category,value,date\nkilled,5,01/04/2025\n", ["row 2", "date"]),
    ("before the start", b"category,value,date\nkilled,5,2024-04-01\n", ["row 2", "date"]),
    ("an escape", b"category,value,date\nk\x1billed,5,2025-04-01\n", ["row 2", "U+001B"]),
    ("ragged", b"category,value,date\nkilled,5\n", ["row 2", "2 fields"]),
    ("a quote", b'category,value,date\n"killed,5,2025-04-01\n', ["row 2", "quote"]),
    ("duplicate", b"category,value,value,date\nkilled,5,5,2025-04-01\n", ["value", "twice"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fragments"), [pytest.param(c, f, id=name) for name, c, f in TRUTHS]
)
def test_a_bad_truth_is_refused(capsys, tmp_path, content, fragments):
    folder = folder_of(tmp_path)
    (tmp_path / "truth.csv").write_bytes(content)
    refused(
        capsys, ["backtest", str(folder), "--seed", "1"], *fragments, file="truth.csv"
    )  # fmt: skip


# --- imports --------------------------------------------------------------------------------------

IBC = "IBC code,Start Date,End Date,Reported Minimum,Reported Maximum,Sources\nx,{},{},1,1,AP\n"
ACLED = "event_id_cnty,event_date,fatalities,timestamp,event_type,sub_event_type,source\n"
IMPORTS = [
    ("csv", b"", ["no row"]),
    ("csv", GOOD.encode("utf-16"), ["UTF-16"]),
    ("csv", GOOD.replace(",", ";").encode(), ["semicolons"]),
    ("csv", b"source,value,published\nA,1.000,2025-03-09\n", ["row 2", "1000"]),
    ("csv", b"source,value,published\nA\x1b,5,2025-03-09\n", ["row 2", "U+001B"]),
    ("csv", b"source,value,published\nA,5,09/03/2025\n", ["row 2", "published"]),
    ("csv", b'source,value,published\n"A,5,2025-03-09\n', ["row 2", "quote"]),
    ("acled", b"a,b\n1,2\n", ["header", "missing"]),
    ("ucdp-ged", b"PK\x03\x04" + b"\x8f" * 99, ["workbook"]),
    ("ucdp-ged", b"", ["no row"]),
    ("airwars", b"x" * 3_000_000, ["line"]),
    ("iraq-body-count", b"IBC\n\n", ["no row"]),
    ("iraq-body-count", IBC.format("1 Jan 2030", "1 Jan \u0662\u0660\u0663\u0660").encode(),
     ["row 2, column End Date", "is no date"]),
    ("iraq-body-count", IBC.format("1 Jan 2030", "1 Jan 0001").encode(),
     ["row 2, column End Date", "0001-01-01 is before Start Date, 2030-01-01; mend one of them"]),
]  # fmt: skip


@pytest.mark.parametrize(("form", "content", "fragments"), IMPORTS)
def test_a_bad_import_is_refused(capsys, tmp_path, form, content, fragments):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    refused(capsys, ["import", form, str(path)], *fragments, file=str(path))


# --- paths ----------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def outside(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        made.bind(path.name)
        os.chdir(here)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 * 2**30)


PLACES = {
    "case.toml": ["check", "{folder}"],
    "reports.csv": ["check", "{folder}"],
    "own.toml": ["check", "{folder}"],
    "truth.csv": ["backtest", "{folder}", "--seed", "1"],
    "table.csv": ["import", "csv", "{folder}/table.csv"],
    "bare.csv": ["check", "{folder}/bare.csv"],
}


@pytest.mark.parametrize(
    "make", [fifo, device, loop, dangling, bound, sparse, Path.mkdir], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_ordinary_file_is_refused_and_never_waited_for(capsys, tmp_path, name, make):
    folder = folder_of(tmp_path / "case", 'format = 1\nreliability = "own.toml"\n')
    (folder / "own.toml").write_text("")
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    refused(capsys, [a.format(folder=folder) for a in PLACES[name]], name)


@pytest.mark.parametrize("name", ["reports.csv", "own.toml"])
def test_a_link_out_of_the_folder_is_refused(capsys, tmp_path, name):
    folder = folder_of(tmp_path / "case", 'format = 1\nreliability = "own.toml"\n')
    (folder / name).unlink(missing_ok=True)
    outside(folder / name)
    told = refused(capsys, ["check", str(folder)], "outside")
    assert not any("root:" in message for message in told)


@pytest.mark.parametrize("command", ["check", "fit", "backtest", "simulate", "calibrate", "render"])
def test_an_empty_path_is_not_the_folder_one_is_in(capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(folder_of(tmp_path))
    options = [] if command == "check" else ["--seed", "1"]
    options += ["-n", "1"] if command == "calibrate" else []
    options += ["-o", "out"] if command in ("simulate", "render") else []
    refused(capsys, [command, "", *options], '"" is no name of a file or folder')


@pytest.mark.parametrize(
    "path", ["", "nowhere", "/dev/zero", "/dev/null", "/dev/stdin", "/proc/self/mem", "x\0y",
             "y" * 5000, "http://example.org/reports.csv", "/"],
)  # fmt: skip
def test_a_path_to_no_case_is_refused(capsys, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    refused(capsys, ["check", path])


@pytest.mark.parametrize("seed", ["٣", "1_0", " 1", "+1", "0x1", "1e1", "1.0", "", "9" * 5000])
@pytest.mark.parametrize("command", ["fit", "simulate", "calibrate", "panel"])
def test_what_only_python_takes_for_a_number_is_refused(capsys, tmp_path, command, seed):
    folder = folder_of(tmp_path / "case")
    option = "-n" if command == "calibrate" else "--seed"
    with pytest.raises(SystemExit) as ended:
        main([command, str(folder), "-o", str(tmp_path / "out"), option, seed])
    assert ended.value.code == 2
    assert "is no whole number; see tolls" in capsys.readouterr().err
