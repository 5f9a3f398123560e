from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from robots import Robot, remade

from zensols.persist.error import PersistableError
from zensols.persist.module import (
    Imported,
    Keeper,
    ManualClock,
    export_all,
    import_all,
    read_export,
)


class Strict(Robot):
    """Takes numbers only, and changes before it finds that out."""

    def restore(self, data: dict[str, Any]) -> None:
        self.value = None
        self.value = float(data["value"])


@pytest.fixture
def robots(keeper: Keeper) -> list[Robot]:
    return [Robot("a"), Robot("b"), Strict("c")]


def values(robots: list[Robot]) -> list[Any]:
    return [robot.value for robot in robots]


def texts(home: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in home.glob("[!.]*.json*")}


def test_exports_what_backup_returns(robots: list[Robot]) -> None:
    robots[0].value = [1]
    exported = export_all()
    assert exported == {robot.persistence_key: robot.backup() for robot in robots}
    assert json.loads(json.dumps(exported)) == exported
    robots[0].value.append(2)
    assert exported["a"] == {"value": [1]}


def test_file(robots: list[Robot], tmp_path: Path) -> None:
    path = tmp_path / "new" / "export.json"
    robots[1].value = 2
    assert export_all(path) == json.loads(path.read_text())
    robots[1].value = 3
    assert import_all(path).keys == ("a", "b", "c")
    assert values(robots) == [1, 2, 1]
    assert import_all(path.read_bytes()).keys == ("a", "b", "c")
    assert import_all(str(path)).keys == ("a", "b", "c")


def test_import_is_written_at_once(
    robots: list[Robot], home: Path, keeper: Keeper
) -> None:
    robots[0].value = 8
    keeper.flush()
    import_all({"a": {"value": 5}, "c": {"value": 6}})
    assert values(robots) == [5, 1, 6]
    written = {name: json.loads(text) for name, text in texts(home).items()}
    assert written == {
        "a.json": {"value": 5},
        "a.json.bak": {"value": 8},
        "c.json": {"value": 6},
    }
    assert not (home / ".import.journal").exists()


def test_backup_first_undoes_it(robots: list[Robot], home: Path) -> None:
    robots[0].value, robots[1].value = 2, 3
    done = import_all({"a": {"value": 5}})
    assert isinstance(done, Imported)
    assert done.backup.parent == home / "backups"
    assert json.loads(done.backup.read_text()) == {
        "a": {"value": 2},
        "b": {"value": 3},
        "c": {"value": 1.0},
    }
    robots[1].value = 4
    again = import_all(done.backup)
    assert values(robots) == [2, 3, 1]
    assert again.backup != done.backup
    import_all(again.backup)
    assert values(robots) == [5, 4, 1]


def test_two_imports_in_a_second_have_a_backup_each(
    robots: list[Robot], home: Path
) -> None:
    backups = {import_all({"a": {"value": n}}).backup for n in range(5)}
    assert len(backups) == 5
    assert set(home.joinpath("backups").iterdir()) == backups


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"a": {"value": 5}, "x": {}}, "no module 'x'"),
        ({"a": {"value": 5}, "b": [1]}, "'b' is list instead of an object"),
        ({"a": {"value": object()}}, "the import"),
        (b"[1]", "list instead of an object"),
        (b'{"a": {"value": 5}, "b": ', "Damaged JSON in the data"),
        (b"", "Damaged JSON"),
        (b"\xff\xfe", "Damaged JSON"),
        (b'{"a": {"value": 5}, "b": {"$set": [[]]}}', "the data"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "deeper than 100 levels"),
        (b'{"a": {"value": ' + b"[" * 101 + b"]" * 101 + b"}}", "100 levels"),
        (b'{"a": {"value": "' + b"x" * (16 << 20) + b'"}}', "16777216 bytes"),
    ],
    ids=range(12),
)
def test_bad_export_touches_nothing(
    source: Any, said: str, robots: list[Robot], home: Path
) -> None:
    with pytest.raises(PersistableError) as caught:
        import_all(source)
    message = str(caught.value)
    assert said in message, message[:500]
    assert [robot.restored for robot in robots] == [[], [], []]
    assert values(robots) == [1, 1, 1]
    assert not (home / "backups").exists()


def test_limits_are_arguments(robots: list[Robot], tmp_path: Path) -> None:
    source = b'{"a": {"value": [[1]]}}'
    assert import_all(source, max_bytes=len(source), max_depth=4).keys == ("a",)
    with pytest.raises(PersistableError, match="deeper than 3 levels"):
        read_export(source, max_depth=3)
    (tmp_path / "file").write_bytes(source)
    with pytest.raises(PersistableError, match=f"larger than {len(source) - 1} bytes"):
        import_all(tmp_path / "file", max_bytes=len(source) - 1)
    # Of which no more is allocated than there is in the file.
    assert import_all(tmp_path / "file", max_bytes=1 << 60).keys == ("a",)
    with pytest.raises(FileNotFoundError):
        import_all(tmp_path / "none")


def test_of_a_huge_file_no_more_is_read(robots: list[Robot], tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 34)
    with pytest.raises(PersistableError, match="larger than"):
        import_all(path)


def test_failed_restore_puts_all_back(
    robots: list[Robot], home: Path, keeper: Keeper, clock: ManualClock
) -> None:
    robots[0].value, robots[1].value = [1], 3
    keeper.flush()
    before = texts(home)
    inner = robots[0].value
    with pytest.raises(PersistableError, match="module 'c' refuses") as caught:
        import_all({"a": {"value": 5}, "b": {"value": 6}, "c": {"value": "fast"}})
    assert isinstance(caught.value.__cause__, ValueError)
    assert values(robots) == [[1], 3, 1.0]
    assert robots[0].value is inner
    assert texts(home) == before
    clock.advance(10)
    assert {n: t for n, t in texts(home).items() if n != "c.json"} == before


def test_failed_write_puts_all_back(
    robots: list[Robot],
    home: Path,
    keeper: Keeper,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zensols.persist.module import document

    robots[0].value = 2
    keeper.flush()
    replace = document.replace

    def fail(path: str, *args: Any, **kwargs: Any) -> None:
        if path.endswith("b.json"):
            raise OSError(28, "No space left on device", path)
        replace(path, *args, **kwargs)

    monkeypatch.setattr(document, "replace", fail)
    with pytest.raises(PersistableError, match=r"Nothing is imported: .*b\.json"):
        import_all({"a": {"value": 5}, "b": {"value": 6}})
    assert values(robots) == [2, 1, 1]
    monkeypatch.undo()
    clock.advance(10)
    assert json.loads((home / "a.json").read_text()) == {"value": 2}
    assert not (home / ".import.journal").exists()
    assert remade("other").value == 1.0


def test_failed_backup_touches_nothing(robots: list[Robot], home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "backups").write_text("in the way")
    with pytest.raises(PersistableError, match="backups"):
        import_all({"a": {"value": 5}})
    assert values(robots) == [1, 1, 1]


def test_modules_in_several_folders(keeper: Keeper, tmp_path: Path) -> None:
    there = Robot("there", persistence_folder=tmp_path / "there")
    here = Robot("here")
    import_all({"there": {"value": 2}, "here": {"value": 3}})
    assert (there.value, here.value) == (2, 3)
    assert [p.name for p in (tmp_path / "there").glob("*.json")] == ["there.json"]


async def test_restores_in_the_loop_of_the_module(keeper: Keeper) -> None:
    threads = []

    class Placed(Robot):
        def restore(self, data: dict[str, Any]) -> None:
            threads.append(threading.current_thread())
            super().restore(data)

    placed = Placed("a")
    await asyncio.to_thread(import_all, {"a": {"value": 5}})
    assert placed.value == 5
    assert threads == [threading.current_thread()]


def test_export_with_a_backup_that_fails(robots: list[Robot], tmp_path: Path) -> None:
    robots[1].value = object()
    path = tmp_path / "export.json"
    path.write_text("old")
    with pytest.raises(PersistableError, match=r"export.*\['b'\]\['value'\]"):
        export_all(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path).count("export.json") == 1
