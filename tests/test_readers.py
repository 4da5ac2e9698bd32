"""What holds of the readers for every valid case, and for whatever the fuzzer has found."""

import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from fuzz_readers import CORPUS, run
from helpers import attempt
from helpers_files import Files, as_table, cases
from helpers_hostile import limited
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tolls
from tolls.errors import InputError
from tolls.evidence import gather

READ = settings(suppress_health_check=list(HealthCheck), deadline=None)


def read(files: Files) -> tolls.Case:
    with tempfile.TemporaryDirectory() as folder:
        return tolls.read_case(files.write(Path(folder)))


def is_read(files: Files) -> None:
    """Assert that a valid case is read whole, survives JSON, and every row finds its fate."""
    case = read(files)
    assert len(case.reports) == len(files.rows)
    assert tolls.Case.from_json(case.to_json()).digest == case.digest
    evidence, problems = attempt(lambda: gather(case))
    assert evidence or all("no report is left" in message for message in problems)
    assert evidence is None or evidence.counts["read"] == len(files.rows)


@given(cases())
@settings(READ, max_examples=100)
def test_every_valid_case_is_read(files):
    is_read(files)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(20))
def test_a_hundred_thousand_valid_cases_are_read(share):
    @hypothesis.seed(share)  # each has cases of its own, and is a run that several cores can share
    @given(cases())
    @settings(READ, max_examples=5_000, database=None)
    def every(files):
        is_read(files)

    every()


@given(cases(), st.integers())
@settings(READ, max_examples=25)
def test_order_of_rows_and_keys_and_empty_columns_change_no_report(files, seed):
    turned = {key: files.declaration[key] for key in reversed(files.declaration)}
    shuffled = random.Random(seed).sample(files.rows, len(files.rows))
    wider = tuple({"own column": "", **dict(reversed(row.items()))} for row in shuffled)
    said = [sorted(map(str, (r.as_row().items() for r in read(f).reports))) for f in (
        files, Files(turned, tuple(shuffled)))]  # fmt: skip
    assert said[0] == said[1]
    other = read(Files(files.declaration, wider)).reports
    assert sorted(str(replace(r, row=0, extra={})) for r in other) == sorted(
        str(replace(r, row=0, extra={})) for r in read(files).reports
    )


@given(cases())
@settings(READ, max_examples=25)
def test_bom_line_ends_and_quotes_change_nothing(files):
    text = as_table(files.rows)
    quoted = "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row)
        for row in [list(dict.fromkeys(n for r in files.rows for n in r)), *(
            [r.get(n, "") for n in dict.fromkeys(n for r in files.rows for n in r)]
            for r in files.rows)]
    )  # fmt: skip
    forms = [text.encode("utf-8-sig"), text.replace("\r\n", "\r").encode(), quoted.encode()]
    digests = {read(files).digest}
    with tempfile.TemporaryDirectory() as name:
        folder = files.write(Path(name))
        for form in forms:
            (folder / "reports.csv").write_bytes(form)
            digests.add(tolls.read_case(folder).digest)
    assert len(digests) == 1


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda p: p.name)
def test_the_corpus_is_read_or_refused(path):
    with limited():
        run(path.read_bytes())


@pytest.mark.slow
def test_half_a_minute_of_fuzzing_finds_nothing():
    pytest.importorskip("atheris")
    fuzzer = Path(__file__).parent / "fuzz_readers.py"
    done = subprocess.run([sys.executable, fuzzer], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-5000:]


@pytest.mark.parametrize("text", [5, None, "", "{}", "[" * 10**5, '{"declaration": 1}'])
def test_what_is_no_saved_case_is_an_input_error(text):
    with pytest.raises(InputError, match="text: is"):
        tolls.Case.from_json(text)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('"source": "M"', '"source": 5'),
        ('"value": "5"', '"value": 5'),
        ('"value": "5"', '"value": null'),
        ('"value": "5"', '"value": ["5"]'),
        ("[[2, {", '[["2", {'),
        ("[[2, {", "[[1e999, {"),
        ("[[2, {", "[[true, {"),
    ],
)
def test_a_saved_case_with_rows_of_something_else_is_an_input_error(good, bad):
    text = tolls.Case([{"source": "M", "value": 5, "published": "2025-03-09"}]).to_json()
    assert good in text
    with pytest.raises(InputError, match="text: is"):
        tolls.Case.from_json(text.replace(good, bad))
