from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from robots import remade

from zensols.persist.error import CorruptDataError
from zensols.persist.module import document, journal


def test_nothing_is_left_of_a_change(tmp_path: Path) -> None:
    seen = []
    folder = str(tmp_path / "new")
    journal.change(folder, {"a": {"x": 1}}, lambda: seen.extend(os.listdir(folder)))
    assert ".import.journal" in seen
    assert os.listdir(folder) == []


def test_failed_change_leaves_none(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        journal.change(str(tmp_path), {"a": {}}, fail)
    assert os.listdir(tmp_path) == []


def interrupt(folder: Path) -> None:
    states = {"a": {"value": 7}, "b/c": {"value": 8}}
    data = document.encode(states, "it")
    (folder / ".import.journal").write_bytes(data)


def test_interrupted_change_is_finished_by_the_next_module(home: Path) -> None:
    home.mkdir()
    (home / "a.json").write_text('{"value": 1}')
    interrupt(home)
    assert remade("other").value == 1.0
    assert sorted(os.listdir(home)) == ["a.json", "a.json.bak", "b%2Fc.json"]
    assert json.loads((home / "a.json").read_text()) == {"value": 7}
    assert remade("b/c").value == 8


def test_damaged_journal_is_told_and_left(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.mkdir()
    (home / ".import.journal").write_text("{")
    robot = remade("a")
    assert robot.value == 1.0
    assert (home / ".import.journal").exists()
    (record,) = (one for one in caplog.records if one.name.startswith("zensols."))
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], CorruptDataError)
    assert str(home / ".import.journal") in record.message


def test_recovers_once(tmp_path: Path) -> None:
    interrupt(tmp_path)
    for _ in range(2):
        journal.recover(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["a.json", "b%2Fc.json"]
