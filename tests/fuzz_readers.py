"""A coverage-guided fuzzer of the readers: `uv run --with atheris python tests/fuzz_readers.py`.

The first byte of an input says which file it is, the rest is its content. Whatever it holds, it is
read or refused with an InputError; anything else is a fault and ends the run. Options are those of
libFuzzer, as ``-max_total_time=30`` (the default) and ``-seed=1``. What it finds is kept, short and
as text, in ``tests/corpus``, which the default suite reads.
"""

import sys
import tempfile
from pathlib import Path

from tolls.errors import InputError

JOINED = dict.fromkeys(map(ord, "\u200c\u200d"))
CORPUS = Path(__file__).parent / "corpus"
TOML = 'format = 1\nstart = 2025-03-06\n[[partitions]]\nof = "killed"\ninto = ["a", "b"]\n'
TABLE = "source,value,published\nA,5,2025-03-09\n"
FOLDER = tempfile.TemporaryDirectory()
FORMATS = {"u": "ucdp-ged", "l": "acled", "w": "airwars", "i": "iraq-body-count", "v": "csv"}


def run(data: bytes) -> None:
    """Hand an input to its reader."""
    from tolls.adapters import import_reports
    from tolls.casefile import read_case
    from tolls.evidence import gather
    from tolls.truths import read_truth

    folder = Path(FOLDER.name)
    which, content = data[:1].decode("latin-1"), data[1:]
    names = {"c": "case.toml", "r": "reports.csv", "s": "own.toml", "t": "truth.csv"}
    toml = TOML.replace("start", 'reliability = "own.toml"\nstart') if which == "s" else TOML
    for name, given in {"case.toml": toml, "reports.csv": TABLE, "own.toml": ""}.items():
        (folder / name).write_text(given, encoding="utf-8")
    (folder / names.get(which, "table.csv")).write_bytes(content)
    try:
        if which in names:
            case = read_case(folder)
            gather(case)
            if which == "t":
                read_truth(folder / "truth.csv", case)
        else:
            import_reports(folder / "table.csv", FORMATS.get(which, "csv"))
    except InputError as error:
        unprintable = [p for p in error.problems if not p.translate(JOINED).isprintable()]
        if unprintable or not error.problems:
            raise RuntimeError(f"cannot be shown: {error.problems}") from error


def main() -> None:
    """Fuzz, starting from the corpus; new inputs go to a folder that is thrown away."""
    import atheris

    with atheris.instrument_imports(include=["tolls", "csv", "tomllib"]):
        import tolls.adapters
        import tolls.casefile
        import tolls.evidence
        import tolls.truths  # noqa: F401

    found = tempfile.mkdtemp()
    options = sys.argv[1:] or ["-max_total_time=30"]
    atheris.Setup([sys.argv[0], found, str(CORPUS), "-max_len=4096", "-timeout=10", *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
