"""A progress bar: on a terminal, after two seconds, in the process that someone watches."""

import io
import time

import pytest
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
