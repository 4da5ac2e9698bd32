"""The notebooks run from the top and say what they compute; the README quotes it."""

import re
from pathlib import Path

import nbformat
import pytest
from execute import execute

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
EVIDENCE = NOTEBOOKS / "evidence.ipynb"
# in reading order
ORDER = ("first-estimate", "priors", "day-by-day", "level", "evidence", "research", "gallery")
ESSAYS = [name for name in ORDER if name != EVIDENCE.stem]
DECIMAL = r"(?<![\d.])\d[\d,]*\.\d+(?![\d.])"
FEWER = {"runs = 1000": "runs = 8", "days = (1, 3, 7, 14, 30)": "days = (30,)"}


def read(path):
    return nbformat.read(path, as_version=4)


def texts(node):
    """Give every string of a notebook but its pictures."""
    if isinstance(node, str):
        yield node
    for key, inner in node.items() if isinstance(node, dict) else ():
        if not key.startswith("image/"):
            yield from texts(inner)
    for inner in node if isinstance(node, list) else ():
        yield from texts(inner)


def put_out(cell):
    """Return what a cell put out, but for pictures: their bytes depend on fonts."""
    return [
        o["text"]
        if "text" in o
        else {kind: text for kind, text in o["data"].items() if kind.startswith("text/")}
        for o in cell.get("outputs", ())
    ]


def shown(notebook):
    """Return all text that the cells put out."""
    outputs = [output for cell in notebook.cells for output in put_out(cell)]
    return "\n".join(o if isinstance(o, str) else o.get("text/plain", "") for o in outputs)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_computed_and_nothing_of_the_machine(path):
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, cell.source
            assert not [o for o in cell.outputs if o.output_type == "error"]
    for text in texts(notebook):
        assert not re.search(r"(?<![\w/:.<>~])/[A-Za-z][\w.-]*/", text), "an absolute path"
        assert not re.search(r"https?://\S*(pypi|simple)", text), "a package index"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_decimal_of_the_prose_is_other_than_the_cells_have_it(path):
    notebook = read(path)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    stands = set(re.findall(DECIMAL, "\n".join([shown(notebook), *code])))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert set(re.findall(DECIMAL, cell.source)) <= stands, cell.source


# the plots of the gallery are those of test_plot_layout
@pytest.mark.parametrize("name", [*ESSAYS[:-1], pytest.param(ESSAYS[-1], marks=pytest.mark.slow)])
def test_an_essay_says_what_its_cells_compute(name, tmp_path):
    """The same code, seed, versions and type of machine: the same text, sampled chains included."""
    path = NOTEBOOKS / f"{name}.ipynb"
    again = execute(read(path), tmp_path)
    for stored, computed in zip(read(path).cells, again.cells, strict=True):
        assert put_out(computed) == put_out(stored), stored.source
    assert not list(tmp_path.iterdir())


def test_every_notebook_is_run_by_this_file_and_listed_in_the_readme():
    names = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert names == {*ORDER}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## Notebooks\n")[1].split("\n## ")[0]
    listed = re.findall(r"\(notebooks/([\w-]+)\.ipynb\)", section)
    assert listed == [*ORDER]


def test_the_evidence_is_computed_from_the_top(tmp_path):
    notebook = read(EVIDENCE)
    for cell in notebook.cells:
        for said, fewer in FEWER.items():
            cell.source = cell.source.replace(said, fewer)
    assert sum(fewer in cell.source for fewer in FEWER.values() for cell in notebook.cells) == 2
    told = shown(execute(notebook, tmp_path))
    assert "in 8 simulated cases" in told
    assert re.search(r"in 15 simulated cases.* OUTSIDE the band", told)
    assert re.search(r"\d cases, \d+ scores: the 90 % intervals hold", told)
    for figure in ("calibration.svg", "backtest.svg"):
        assert (tmp_path / figure).stat().st_size > 10_000


def test_the_readme_quotes_the_evidence():
    text = shown(read(EVIDENCE))
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Do the intervals")[1]
    quoted = re.findall(r"```\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    lines = [line for block in quoted for line in block.splitlines() if re.search(r"\d\.\d", line)]
    assert len(lines) > 5
    for line in lines:
        assert line.strip() in text
