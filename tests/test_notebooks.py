"""The notebooks run from the top, and the README quotes what they show."""

import re
from pathlib import Path

import nbformat
import pytest
from execute import execute

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT / "notebooks" / "evidence.ipynb"
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


def shown(notebook):
    """Return all text that the cells put out."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    texts = [o["text"] if "text" in o else o["data"].get("text/plain", "") for o in outputs]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "path", sorted(EVIDENCE.parent.glob("*.ipynb")), ids=lambda path: path.stem
)
def test_a_notebook_shows_what_it_computed_and_nothing_of_the_machine(path):
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, cell.source
            assert not [o for o in cell.outputs if o.output_type == "error"]
    for text in texts(notebook):
        assert not re.search(r"(?<![\w/:.<>~])/[A-Za-z][\w.-]*/", text), "an absolute path"
        assert not re.search(r"https?://\S*(pypi|simple)", text), "a package index"


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
