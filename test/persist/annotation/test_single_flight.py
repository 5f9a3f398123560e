from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from zensols.persist.annotation.shared import SharedValue
from zensols.persist.annotation.single_flight import fly, is_inside


def make_holder() -> SharedValue:
    return SharedValue("x")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what another thread does sets no event
        await asyncio.sleep(0)


class Computation:
    """Counts its runs, each of which ends when told to."""

    def __init__(self, outcome: Callable[[], Any] = object) -> None:
        self.started = 0
        self.cancelled = 0
        self.outcome = outcome
        self.running = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self) -> Any:
        self.started += 1
        self.running.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.outcome()


def test_one_computation_for_all() -> None:
    async def main() -> None:
        holder, compute = make_holder(), Computation()
        tasks = [asyncio.create_task(fly(holder, compute)) for _ in range(10)]
        await compute.running.wait()
        assert holder.flight is not None
        compute.go_on.set()
        results = await asyncio.gather(*tasks)
        assert len(set(map(id, results))) == 1
        assert compute.started == 1
        assert holder.flight is None

    asyncio.run(main())


def test_next_one_starts_again() -> None:
    async def main() -> None:
        holder, compute = make_holder(), Computation()
        compute.go_on.set()
        assert await fly(holder, compute) is not await fly(holder, compute)
        assert compute.started == 2

    asyncio.run(main())


def test_failure_reaches_all() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        holder, compute = make_holder(), Computation(fail)
        compute.go_on.set()
        tasks = [asyncio.create_task(fly(holder, compute)) for _ in range(3)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(r) for r in results] == [ValueError] * 3
        assert compute.started == 1
        assert holder.flight is None

    asyncio.run(main())


def test_cancelled_waiter_does_not_cancel_it_for_others() -> None:
    async def main() -> None:
        holder, compute = make_holder(), Computation(lambda: 3)
        first = asyncio.create_task(fly(holder, compute))
        await compute.running.wait()
        second = asyncio.create_task(fly(holder, compute))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        compute.go_on.set()
        assert await second == 3
        assert (compute.started, compute.cancelled) == (1, 0)

    asyncio.run(main())


def test_cancelled_when_nobody_waits() -> None:
    async def main() -> None:
        holder, compute = make_holder(), Computation(lambda: 3)
        tasks = [asyncio.create_task(fly(holder, compute)) for _ in range(2)]
        await compute.running.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Whoever comes now must not wait for what is being cancelled.
        compute.go_on.set()
        assert await fly(holder, compute) == 3
        assert (compute.started, compute.cancelled) == (2, 1)

    asyncio.run(main())


def test_cancellation_inside_of_it_is_not_retried() -> None:
    def cancel() -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        holder, compute = make_holder(), Computation(cancel)
        compute.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await fly(holder, compute)
        assert compute.started == 1

    asyncio.run(main())


def test_is_inside() -> None:
    async def main() -> None:
        holder, other = make_holder(), make_holder()

        async def compute() -> list[bool]:
            child = asyncio.create_task(ask())
            return [is_inside(holder), is_inside(other), *await child]

        async def ask() -> list[bool]:
            return [is_inside(holder), is_inside(other)]

        assert await fly(holder, compute) == [True, False, True, False]
        assert not is_inside(holder)

    asyncio.run(main())


def test_not_inside_once_it_is_over() -> None:
    async def main() -> None:
        holder = make_holder()
        over = asyncio.Event()

        async def linger() -> bool:
            await over.wait()
            return is_inside(holder)

        async def compute() -> Any:
            return asyncio.create_task(linger())

        task = await fly(holder, compute)
        over.set()
        assert not await task

    asyncio.run(main())


def test_event_loops_one_after_another() -> None:
    holder = make_holder()

    async def compute() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    first = asyncio.run(fly(holder, compute))
    second = asyncio.run(fly(holder, compute))
    assert first is not second


def test_loop_that_was_left_in_the_middle() -> None:
    holder = make_holder()

    async def hang() -> None:
        await asyncio.Event().wait()

    async def compute() -> int:
        return 3

    async def leave() -> None:
        task = asyncio.create_task(fly(holder, hang))
        await until(lambda: holder.flight is not None)
        assert not task.done()

    asyncio.run(leave())
    assert asyncio.run(fly(holder, compute)) == 3


def test_event_loops_of_several_threads() -> None:
    holder = make_holder()
    running, go_on = threading.Event(), threading.Event()
    results: list[Any] = []

    async def compute() -> object:
        running.set()
        await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 60)
        return object()

    async def wait_too() -> Any:
        task = asyncio.create_task(fly(holder, compute))
        await until(lambda: holder.flight is not None and holder.flight._waiting == 2)
        go_on.set()
        return await task

    first = threading.Thread(
        target=lambda: results.append(asyncio.run(fly(holder, compute)))
    )
    first.start()
    assert running.wait(60)
    results.append(asyncio.run(wait_too()))
    first.join(60)
    assert len(results) == 2
    assert results[0] is results[1]


def test_other_thread_goes_on_when_the_first_loop_ends() -> None:
    holder = make_holder()
    computing, waiting = threading.Event(), threading.Event()
    results: list[Any] = []

    async def hang() -> None:
        computing.set()
        await asyncio.Event().wait()

    async def leave() -> None:
        task = asyncio.create_task(fly(holder, hang))
        await asyncio.get_running_loop().run_in_executor(None, waiting.wait, 60)
        assert not task.done()

    async def compute() -> int:
        return 3

    async def wait() -> int:
        task = asyncio.create_task(fly(holder, compute))
        await until(lambda: holder.flight is not None and holder.flight._waiting == 2)
        waiting.set()
        result: int = await task
        return result

    first = threading.Thread(target=asyncio.run, args=(leave(),))
    first.start()
    assert computing.wait(60)
    results.append(asyncio.run(wait()))
    first.join(60)
    assert results == [3]
