from __future__ import annotations

import io

import pytest

from zensols.persist.cli.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_elsewhere_than_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = io.StringIO()
    monkeypatch.setattr("sys.stderr", error)
    with Bar("Copying", lambda: pytest.fail("counted")) as bar:
        bar.advance()
        bar.update(2)
        bar.tell(3, 4)
    assert error.getvalue() == ""


@pytest.mark.parametrize("total", [5, None])
def test_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, total: int | None
) -> None:
    error = Terminal()
    monkeypatch.setattr("sys.stderr", error)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Bar("Copying", lambda: total) as bar:
        bar.advance(2)
        bar.update(4)
        bar.advance()
    shown = error.getvalue()
    assert "Copying" in shown
    assert "5/5" in shown if total else "5/?" in shown


def test_how_many_there_are_is_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Terminal()
    monkeypatch.setattr("sys.stderr", error)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Bar("Backing up", lambda: None) as bar:
        bar.tell(7, 9)
    assert "7/9" in error.getvalue()
