"""Having one at a time fill a stash, of all that could."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.multi import WorkStoppedError
from zensols.multi.turn import turn
from zensols.persist import DictionaryStash, DirectoryStash, Stash


@pytest.fixture(params=["dictionary", "directory"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "dictionary":
        return DictionaryStash()
    return DirectoryStash(tmp_path / "data")


def test_one_waits_for_the_other(delegate: Stash[Any]) -> None:
    order: list[str] = []
    asked = threading.Event()

    def is_to_stop() -> bool:
        asked.set()
        return False

    def second() -> None:
        with turn(delegate, is_to_stop):
            order.append("second")

    thread = threading.Thread(target=second)
    with turn(delegate):
        thread.start()
        assert asked.wait(60)
        with turn(delegate):
            order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_waiting_can_be_given_up(delegate: Stash[Any]) -> None:
    errors = []

    def second() -> None:
        try:
            with turn(delegate, lambda: True):
                pass
        except WorkStoppedError as e:
            errors.append(str(e))

    thread = threading.Thread(target=second)
    with turn(delegate):
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "while somebody else filled" in errors[0]
    with turn(delegate, lambda: True):
        pass


def test_error_ends_the_turn(delegate: Stash[Any]) -> None:
    with pytest.raises(ZeroDivisionError), turn(delegate):
        raise ZeroDivisionError
    entered = threading.Event()

    def second() -> None:
        with turn(delegate):
            entered.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert entered.wait(60)
    thread.join()
