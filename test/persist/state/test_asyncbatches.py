"""What many coroutines ask for at one time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from zensols.persist.state.asyncbatches import AsyncBatches


class Server:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.arrived = asyncio.Semaphore(0)
        self.is_open = asyncio.Event()

    async def send(self, numbers: list[int]) -> Sequence[Any]:
        self.batches.append(numbers)
        self.arrived.release()
        await self.is_open.wait()
        return [-number for number in numbers]


async def reach(server: Server, more: int = 1) -> None:
    """Let the event loop go on until so many more batches were sent."""
    async with asyncio.timeout(60):
        for _ in range(more):
            await server.arrived.acquire()


async def test_each_gets_its_own_answer() -> None:
    server = Server()
    batches = AsyncBatches(server.send, size=3, most=2)
    asked = asyncio.gather(*map(batches.ask, range(8)))
    await reach(server, 2)
    assert server.batches == [[0, 1, 2], [3, 4, 5]]
    server.is_open.set()
    assert await asked == [-number for number in range(8)]
    assert server.batches[2:] == [[6, 7]]


async def test_who_asks_later_need_not_wait_for_others() -> None:
    server = Server()
    batches = AsyncBatches(server.send, size=3, most=2)
    one = asyncio.ensure_future(batches.ask(1))
    await reach(server)
    two = asyncio.ensure_future(batches.ask(2))
    await reach(server)
    three = asyncio.ensure_future(batches.ask(3))
    four = asyncio.ensure_future(batches.ask(4))
    server.is_open.set()
    assert await asyncio.gather(one, two, three, four) == [-1, -2, -3, -4]
    assert server.batches == [[1], [2], [3, 4]]


async def test_one_error_is_one_s() -> None:
    async def send(numbers: list[int]) -> Sequence[Any]:
        return [ValueError(number) if number == 1 else number for number in numbers]

    batches = AsyncBatches(send, size=5, most=1)
    found = await asyncio.gather(*map(batches.ask, range(3)), return_exceptions=True)
    assert found[::2] == [0, 2]
    assert isinstance(found[1], ValueError)


async def test_what_fails_fails_for_all_and_no_longer() -> None:
    failing = True

    async def send(numbers: list[int]) -> Sequence[Any]:
        if failing:
            raise OSError("down")
        return numbers

    batches = AsyncBatches(send, size=2, most=1)
    found = await asyncio.gather(*map(batches.ask, range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [OSError] * 3
    failing = False
    assert await batches.ask(7) == 7


async def test_who_gives_up_does_not_disturb_others() -> None:
    server = Server()
    batches = AsyncBatches(server.send, size=3, most=1)
    tasks = [asyncio.ensure_future(batches.ask(number)) for number in range(4)]
    await reach(server)
    tasks[1].cancel()
    tasks[3].cancel()
    server.is_open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[::2] == [0, -2]
    assert all(isinstance(error, asyncio.CancelledError) for error in found[1::2])


def test_loop_that_ends_leaves_nothing_for_the_next() -> None:
    servers = []
    sent: list[list[int]] = []

    async def send(numbers: list[int]) -> Sequence[Any]:
        sent.append(numbers)
        return await servers[-1].send(numbers)

    batches = AsyncBatches(send, size=1, most=1)

    async def leave() -> asyncio.Task[Any]:
        servers.append(Server())
        tasks = [asyncio.ensure_future(batches.ask(number)) for number in range(3)]
        await reach(servers[-1])
        return tasks[-1]

    async def ask() -> Any:
        servers.append(Server())
        servers[-1].is_open.set()
        return await batches.ask(9)

    assert asyncio.run(leave()).cancelled()
    assert asyncio.run(ask()) == -9
    assert sent == [[0], [9]]


async def test_sender_that_is_cancelled_cancels_who_waits() -> None:
    server = Server()
    batches = AsyncBatches(server.send, size=1, most=1)
    before = asyncio.all_tasks()
    tasks = [asyncio.ensure_future(batches.ask(number)) for number in range(2)]
    await reach(server)
    (sender,) = asyncio.all_tasks() - before - set(tasks)
    sender.cancel()
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task
