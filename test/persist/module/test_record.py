from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from robots import Robot, remade

from zensols.persist.error import PersistableError
from zensols.persist.module import Keeper, release
from zensols.persist.module import record as records
from zensols.persist.module.module import record_of
from zensols.persist.module.record import Record


class Placed(Robot):
    """Tells in which thread it was asked."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.threads: list[threading.Thread] = []
        self.waits: threading.Event | None = None

    def backup(self) -> dict[str, Any]:
        self.threads.append(threading.current_thread())
        if self.waits is not None:
            self.waits.wait(60)
        return super().backup()


async def test_backup_is_called_in_the_loop_of_the_constructor(keeper: Keeper) -> None:
    placed = Placed("a")
    placed.value = 2
    placed.threads.clear()
    await asyncio.to_thread(keeper.flush)
    assert placed.threads == [threading.current_thread()]
    assert remade_later("a", placed).value == 2


def remade_later(key: str, module: Robot) -> Robot:
    release(module)
    return remade(key)


async def test_backup_is_called_in_the_loop_of_the_request(keeper: Keeper) -> None:
    placed = await asyncio.to_thread(Placed, "a")
    placed.threads.clear()
    placed.value = 2
    await asyncio.to_thread(keeper.flush)
    assert threading.current_thread() not in placed.threads
    placed.value = 3
    placed.request_backup()
    placed.threads.clear()
    await asyncio.to_thread(keeper.cycle)
    assert placed.threads == [threading.current_thread()]


async def test_files_are_written_outside_of_the_loop(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zensols.persist.module import document

    threads = []

    def note(*args: Any, **kwargs: Any) -> None:
        threads.append(threading.current_thread())

    monkeypatch.setattr(document, "replace", note)
    placed = Placed("a")
    placed.value = 2
    await asyncio.to_thread(keeper.flush)
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_loop_that_has_ended(keeper: Keeper) -> None:
    async def make() -> Placed:
        return Placed("a")

    placed = asyncio.run(make())
    placed.value = 2
    assert keeper.flush()
    assert remade_later("a", placed).value == 2


async def test_loop_that_is_busy(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(records, "_LOOP_SECONDS", 0.01)
    placed = Placed("a")
    placed.value = 2
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(keeper.flush()))
    thread.start()
    # The loop does not run meanwhile.
    thread.join(60)
    assert result == [False]
    (record, *_) = (one for one in caplog.records if one.name.startswith("zensols."))
    assert "busy" in str(record.exc_info)
    monkeypatch.undo()
    await asyncio.to_thread(keeper.flush)
    assert keeper.flush()


async def test_parked_loop(keeper: Keeper) -> None:
    placed = Placed("a")
    placed.value = 2
    placed.threads.clear()
    result: list[bool] = []
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=lambda: result.append(keeper.flush(loop)))
    thread.start()
    thread.join(60)
    assert result == [True]
    assert placed.threads == [thread]


def test_older_state_does_not_replace_a_newer_one(keeper: Keeper) -> None:
    robot = Robot("a")
    record = record_of(robot)
    robot.value = 2
    older = record.take()
    robot.value = 3
    newer = record.take()
    assert record.save(newer, requested=True)
    assert not record.save(older, requested=True)
    assert remade_later("a", robot).value == 3


def test_error_in_the_loop_is_handed_over(keeper: Keeper) -> None:
    async def main() -> None:
        robot = Robot("a")
        robot.value = object()
        with pytest.raises(PersistableError, match="'a'"):
            await asyncio.to_thread(record_of(robot).take)
        robot.value = 1

    asyncio.run(main())


def test_module_that_is_not_constructed_yet() -> None:
    with pytest.raises(PersistableError, match="not constructed yet"):
        Record().module  # noqa: B018


def test_backup_that_fails_at_first(keeper: Keeper, home: Path) -> None:
    class Late(Robot):
        ready = False

        def backup(self) -> dict[str, Any]:
            if not self.ready:
                raise AttributeError("too early")
            return super().backup()

    late = Late("late")
    late.ready = True
    release(late)
    assert (home / "late.json").exists()
