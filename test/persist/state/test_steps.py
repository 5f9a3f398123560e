"""Carry out what persisters decide, step by step."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from zensols.persist.state.steps import Steps, drive, drive_async


class Numbers:
    def double(self, number: int) -> int:
        return 2 * number

    def fail(self) -> None:
        raise KeyError("fail")


class AsyncNumbers:
    async def double(self, number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async def fail(self) -> None:
        raise KeyError("fail")


def carry_out(way: str, steps: Steps[Any]) -> Any:
    if way == "sync":
        return drive(steps, Numbers())
    return asyncio.run(drive_async(steps, AsyncNumbers()))


@pytest.fixture(params=["sync", "async"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_gets_the_result_of_the_one_before(way: str) -> None:
    def steps() -> Steps[list[int]]:
        first = yield "double", 1
        second = yield "double", first
        return [first, second]

    assert carry_out(way, steps()) == [2, 4]


def test_there_may_be_none(way: str) -> None:
    def steps() -> Steps[str]:
        return "done"
        yield ()

    assert carry_out(way, steps()) == "done"


def test_error_can_be_handled(way: str) -> None:
    def steps() -> Steps[int]:
        try:
            yield ("fail",)
        except KeyError:
            result: int = yield "double", 4
        return result

    assert carry_out(way, steps()) == 8


def test_error_comes_through(way: str) -> None:
    def steps() -> Steps[None]:
        yield ("fail",)

    with pytest.raises(KeyError, match="fail"):
        carry_out(way, steps())


def test_error_of_the_steps_comes_through(way: str) -> None:
    def steps() -> Steps[None]:
        yield "double", 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carry_out(way, steps())
