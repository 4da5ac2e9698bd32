"""A progress bar: where someone watches, after two seconds, in the process that is watched."""

import io
import time

import execute
import nbformat
import pytest
from nbclient import NotebookClient
from rich.console import Console

from tolls import progress as module
from tolls.progress import progress


@pytest.fixture
def terminal(monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(
        module, "Console", lambda stderr: Console(file=text, force_terminal=stderr, width=80)
    )
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    return text


def test_work_that_lasts_shows_how_far_it_is(terminal):
    with progress("calibrating", 4) as show:
        show(1)
        time.sleep(0.4)
        show(2)
    assert "calibrating" in terminal.getvalue()
    assert "50%" in terminal.getvalue()


def test_work_that_is_soon_done_shows_nothing(terminal):
    with progress("calibrating", 4) as show:
        show(4)
    assert terminal.getvalue() == ""


def test_without_a_terminal_or_in_a_worker_there_is_no_bar(terminal, monkeypatch):
    monkeypatch.setattr(module, "parent_process", lambda: "the parent")
    with progress("sampling", 4) as show:
        assert show is None
    monkeypatch.undo()
    with progress("sampling", 4) as show:
        assert show is None


def test_a_part_of_greater_work_leaves_the_bar_to_it(terminal):
    with progress("asking", 4) as whole:
        with progress("sampling", 9) as part:
            assert part is None
        whole(2)
        time.sleep(0.4)
    assert "asking" in terminal.getvalue()
    assert "sampling" not in terminal.getvalue()
    with progress("sampling", 9) as alone:
        assert alone is not None


NOTEBOOK = """
import time
from tolls import progress
progress.PATIENCE = 0.05
with progress.progress("counting <b>", 4) as show:
    show(1)
    time.sleep(0.5)
    show(2)
    show(2)
    show(4)
with progress.progress("compiling", None):
    time.sleep(0.5)
with progress.progress("soon done", None):
    pass
print("done")
"""


def test_a_notebook_shows_a_bar_and_keeps_none_of_it(tmp_path, monkeypatch):
    pages = []

    class Watched(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            if msg["msg_type"] in ("display_data", "update_display_data"):
                pages.append(msg["content"]["data"]["text/html"])
            return super().process_message(msg, cell, cell_index)

    monkeypatch.setattr(execute, "NotebookClient", Watched)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    found = execute.execute(notebook, tmp_path)
    bar = "<label>{} <progress{}></progress></label>"
    assert pages == [
        *(
            bar.format("counting &lt;b&gt;", f' value="{share}"')
            for share in ("0.25", "0.50", "1.00")
        ),
        "",
        bar.format("compiling", ""),
        "",
    ]
    assert [output["text"] for output in found.cells[0].outputs] == ["done\n"]
