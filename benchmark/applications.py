"""Many applications at once, whose states are on a server."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from .batches import start_postgres, start_redis
from .burrs import BURR, CHAPTER, KEEPERS, Keeper, open_postgres, open_redis
from .peers import installed
from .row import Bar, Case
from .states import some_states
from .timing import Measurement, Settings, interleave
from .workspace import new_folder

__all__ = ["CASES"]

_APPS: Final = 32

Open = Callable[[str, str], Coroutine[Any, Any, Keeper]]
Task = Callable[[int], Awaitable[Any]]
"""What an application does, of its number."""


async def _all_do(task: Task) -> None:
    await asyncio.gather(*map(task, range(_APPS)))


class _Applications:
    """Applications whose states one persister has."""

    def __init__(self, keeper: Keeper, calls: int) -> None:
        """
        :param keeper: the persister

        :param calls: how often each application calls it in a turn

        """
        self._persister = keeper.persister
        self._states = some_states(keeper)
        self._calls = calls
        self._starts = itertools.count(step=calls)

    async def save(self) -> None:
        """Have each save some states, one after the other."""
        start = next(self._starts)

        async def save(app: int) -> None:
            for number in range(start, start + self._calls):
                state = self._states[(app + number) % len(self._states)]
                await self._persister.save(
                    "user 1", f"chat {app}", number, "ask", state, "completed"
                )

        await _all_do(save)

    async def load(self) -> None:
        """Have each load its latest state some times."""

        async def load(app: int) -> None:
            for _ in range(self._calls):
                await self._persister.load("user 1", f"chat {app}")

        await _all_do(load)


def _measure(
    start: Callable[[Path, ExitStack], str],
    open_named: Open,
    method: str,
    settings: Settings,
) -> list[Measurement]:
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        url = start(folder, stack)
        runner = stack.enter_context(asyncio.Runner())
        samplers = {}
        for name in KEEPERS:
            with installed(name):
                keeper = runner.run(open_named(name, url))
                stack.callback(_close, runner, keeper)
                apps = _Applications(keeper, settings.calls)
                # Connects, makes tables, and has something to load.
                runner.run(apps.save())
                do = getattr(apps, method)
                samplers[name] = partial(_sample, runner, do, settings.calls)
        return interleave(samplers, settings.few_rounds)


def _close(runner: asyncio.Runner, keeper: Keeper) -> None:
    runner.run(keeper.close())


def _sample(runner: asyncio.Runner, do: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    runner.run(do())
    return (time.perf_counter() - start) / calls / _APPS


def _case(
    name: str, engine: str, method: str, start: Any, open_named: Open, note: str = ""
) -> Case:
    what = "save states to" if method == "save" else "load the latest states from"
    return Case(
        f"{name}-state-{method}",
        f"{what} {engine}, {_APPS} applications at once",
        BURR,
        partial(_measure, start, open_named, method),
        Bar(1 / 3),
        note=(
            f"Coroutines of one process, each with its own application.  States of 10 "
            f"messages; a figure is of one call.{note}"
        ),
        chapter=CHAPTER,
    )


_REDIS: Final = "  The server is Valkey, with an append-only file."
_POSTGRES: Final = "  Burr's has a pool of connections."

CASES = (
    _case("redis", "Redis", "save", start_redis, open_redis, _REDIS),
    _case("redis", "Redis", "load", start_redis, open_redis, _REDIS),
    _case("postgres", "PostgreSQL", "save", start_postgres, open_postgres, _POSTGRES),
    _case("postgres", "PostgreSQL", "load", start_postgres, open_postgres, _POSTGRES),
)
"""What this module measures."""
