"""Carry out what persisters decide, step by step."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

__all__ = ["Steps", "drive", "drive_async"]

T = TypeVar("T")

Steps = Generator[tuple[Any, ...], Any, T]
"""Yields the name of a method and its arguments, is sent what that returns, and
returns a result.  So what persisters decide is written once, whether their database is
waited for or awaited.
"""


def drive(steps: Steps[T], records: Any) -> T:
    """Carry out steps and return their result.

    :param steps: the steps

    :param records: has the methods

    """
    try:
        step = next(steps)
        while True:
            try:
                result = getattr(records, step[0])(*step[1:])
            except BaseException as e:  # noqa: BLE001  the steps decide about it
                step = steps.throw(e)
            else:
                step = steps.send(result)
    except StopIteration as e:
        value: T = e.value
        return value


async def drive_async(steps: Steps[T], records: Any) -> T:
    """Carry out steps and return their result.

    :param steps: the steps

    :param records: has the methods, which are coroutines

    """
    try:
        step = next(steps)
        while True:
            try:
                result = await getattr(records, step[0])(*step[1:])
            except BaseException as e:  # noqa: BLE001  the steps decide about it
                step = steps.throw(e)
            else:
                step = steps.send(result)
    except StopIteration as e:
        value: T = e.value
        return value
