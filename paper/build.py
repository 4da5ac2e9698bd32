"""Compute every number of the papers, draw the figures, fill the texts and set both PDFs.

    uv run python paper/build.py [--runs N] [--folder FOLDER]

``paper/numbers.json`` holds the numbers, unrounded; figures, filled texts and PDFs go to
``paper/build/``. ``--runs`` is the number of simulated cases of the calibration; with ``--folder``
runs that are kept there are taken up. The same inputs give the same bytes.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pypandoc
import typst
from drawings import figures
from facts import RUNS, computed, facts, sensitivity
from prose import HERE, Facts, filled

from tolls.storage import as_json, made, write_atomically, write_together

NUMBERS = HERE / "numbers.json"
OUT = HERE / "build"
PAPERS = {"methods": True, "paper": False}  # whether sections and equations are numbered
BIBLIOGRAPHY = HERE / "paper.bib"


def typeset(text: str, numbered: bool, pictures: Mapping[str, bytes]) -> bytes:
    """Return a text in Markdown as PDF; its figures stay vectors."""
    options = [
        "--citeproc", f"--bibliography={BIBLIOGRAPHY}", f"--template={HERE / 'template.typ'}",
        "--metadata=link-citations:true", "--columns=10000",
    ]  # fmt: skip
    if numbered:
        options.append("--variable=numbered")
    main = pypandoc.convert_text(
        text, "typst", format="markdown", extra_args=options, sandbox=False
    )
    with tempfile.TemporaryDirectory(prefix="tolls-") as folder:
        root = Path(folder)
        for name, svg in pictures.items():
            (root / f"{name}.svg").write_bytes(svg)
        (root / "main.typ").write_text(main, encoding="utf-8")
        # fonts of the machine would make another document of the same inputs
        return typst.compile(root / "main.typ", root=root, ignore_system_fonts=True)


def documents(numbers: Facts, pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what is built of numbers and figures, by the name of the file."""
    contents = {f"{name}.svg": svg for name, svg in pictures.items()}
    for name, numbered in PAPERS.items():
        text = filled(f"{name}.md", numbers)
        contents[f"{name}.md"] = text.encode()
        contents[f"{name}.pdf"] = typeset(text, numbered, pictures)
    return contents


def main() -> None:
    """Build everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="simulated cases (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where finished runs are kept and taken up")
    options = parser.parse_args()
    results = computed(runs=options.runs, folder=options.folder)
    text = as_json(facts(results) | {"sensitivity": sensitivity()})
    write_atomically(NUMBERS, f"{text}\n".encode())
    contents = documents(json.loads(text), figures(results))
    write_together(made(OUT), contents)
    for name in contents:
        print(OUT / name)


if __name__ == "__main__":
    main()
