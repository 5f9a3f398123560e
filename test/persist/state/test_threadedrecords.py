"""Records of a database whose driver waits, for coroutines."""

from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.threadedrecords import InlineRecords, ThreadedRecords


class Blocking:
    """Waits for what the event loop does meanwhile."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.closed = 0

    def wait(self, result: int) -> int:
        assert self.event.wait(60)
        return result

    def close(self) -> None:
        self.closed += 1


def test_event_loop_goes_on() -> None:
    blocking = Blocking()
    records = ThreadedRecords(blocking)

    async def use() -> int:
        task = asyncio.ensure_future(records.wait(3))
        await asyncio.sleep(0)
        blocking.event.set()
        result: int = await task
        await records.close()
        return result

    assert asyncio.run(use()) == 3
    assert blocking.closed == 1


def test_can_be_used_again_after_closing() -> None:
    records = ThreadedRecords(MemoryRecords())

    async def use() -> None:
        assert await records.is_set_up()
        await records.close()

    asyncio.run(use())
    asyncio.run(use())


@pytest.mark.parametrize("kind", [InlineRecords, ThreadedRecords])
def test_travels(kind: type[InlineRecords | ThreadedRecords]) -> None:
    copy = pickle.loads(pickle.dumps(kind(MemoryRecords())))

    async def use() -> bool:
        result: bool = await copy.is_set_up()
        await copy.close()
        return result

    assert asyncio.run(use())
    with pytest.raises(AttributeError):
        _ = copy._nothing
