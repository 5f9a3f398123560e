"""Processes that save states, what they save, and persisters for tests that care not
whether they are asynchronous.

Run with the name of a persister's class, what it takes as JSON, the first number, what
comes between two of them, and how many there are; 0 for no end, in which case it says
what it does, and after each error waits for a line.

"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, Self

from zensols.persist import state
from zensols.persist.error import StoreUnavailableError

_BOUND = 120
"""Seconds after which a process is taken to hang."""

TEXT = ["x" * 100] * 100


def state_of(number: int) -> state.State:
    """Return what is saved under a number: large, and stored as what changed."""
    return state.State(text=[*TEXT, *map(str, range(number % 50))], number=number)


class Client:
    """A persister, whose methods can be called as if it were not asynchronous."""

    def __init__(self, kind: str, values: dict[str, Any]) -> None:
        """
        :param kind: the name of its class

        :param values: what that takes

        """
        self._persister = getattr(state, kind)(**values)
        self._runner = asyncio.Runner() if self._persister.is_async() else None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._persister, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            return self._runner.run(result) if self._runner else result

        return call

    def step(self, number: int, position: str = "step", **kwargs: Any) -> None:
        """Save the state of a number."""
        self.save("p", "app", number, position, state_of(number), "completed", **kwargs)

    def check(self, app_id: str = "app", partition_key: str = "p") -> list[int]:
        """Return the numbers of an application's states, all of which are right."""
        numbers = [item.sequence_id for item in self.history(partition_key, app_id)]
        for number in numbers:
            found = self.load(partition_key, app_id, number)
            assert found is not None, f"no state {number}"
            assert found["state"] == state_of(number), f"state {number}"
        return numbers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()
        if self._runner:
            self._runner.close()


def start(
    kind: str, values: dict[str, Any], first: int, step: int, count: int
) -> subprocess.Popen[str]:
    """Return a process that saves; see the module."""
    return subprocess.Popen(
        [
            *(sys.executable, __file__, kind, json.dumps(values)),
            *map(str, (first, step, count)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def check_processes(kind: str, values: dict[str, Any], each: int = 10) -> None:
    """Have eight processes save to one application, and see that nothing is lost."""
    children = [start(kind, values, number, 8, each) for number in range(8)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.communicate("\n", timeout=_BOUND)
        assert child.returncode == 0
    with Client(kind, values) as client:
        numbers = client.check()
    assert sorted(numbers) == list(range(8 * each))


async def _save(persister: Any, numbers: Iterable[int], telling: bool) -> None:
    for number in numbers:
        arguments = "p", "app", number, "step", state_of(number), "completed"
        while True:
            try:
                result = persister.save(*arguments)
                if inspect.isawaitable(result):
                    await result
            except StoreUnavailableError:
                if not telling:
                    raise
                print("unavailable", flush=True)
                await asyncio.to_thread(sys.stdin.readline)
            else:
                break
        if telling:
            print(number, flush=True)


async def _run(kind: str, values: dict[str, Any], *numbers: int) -> None:
    first, step, count = numbers
    last = first + (count or 1 << 40) * step
    persister = getattr(state, kind)(**values)
    persister._warned = True
    # Several at once, if it is made for that.
    several = 4 if persister.is_async() and not count else 1
    await asyncio.gather(
        *(
            _save(persister, range(first + at * step, last, several * step), not count)
            for at in range(several)
        )
    )
    result = persister.cleanup()
    if inspect.isawaitable(result):
        await result


if __name__ == "__main__":
    print("ready", flush=True)
    if sys.argv[-1] != "0":
        sys.stdin.readline()
    asyncio.run(_run(sys.argv[1], json.loads(sys.argv[2]), *map(int, sys.argv[3:])))
    sys.stdout.flush()
    os._exit(0)
