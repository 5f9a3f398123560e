"""Stashes that the tests fill; worker processes import them by their name.

An item is a text, ``DEED[:ARGUMENT]``; one that is no deed makes itself in capitals.

"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from labour import await_that, is_alive

from zensols.multi import MultiProcessor, MultiProcessStash
from zensols.persist import ReadOnlyStash, Stash

logger = logging.getLogger("chores")


class Awkward(Exception):
    """Takes other arguments than it passes on."""

    def __init__(self, code: int, *, where: str) -> None:
        super().__init__(f"{code} in {where}")
        self.code = code
        self.where = where


class Silent(Exception):
    """Passes no argument on, and can't be pickled as it is."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock

    def __str__(self) -> str:
        return "silent"


class Touchy:
    """A value that another process can't read."""

    def __reduce__(self) -> Any:
        return int, ("touchy",)


class Chores(MultiProcessStash[Any]):
    """Makes something of each item, and notes each time that it begins one."""

    def __init__(
        self,
        delegate: Stash[Any],
        folder: Path,
        chores: Iterable[Any] | Callable[[], Iterable[Any]],
        **options: Any,
    ) -> None:
        self.folder = folder
        self.chores = chores
        super().__init__(delegate, **{"show_progress": False, **options})

    def _create_data(self) -> Iterable[Any]:
        return self.chores() if callable(self.chores) else self.chores

    def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
        for chore in chunk:
            yield str(chore), do(self.folder, chore, self)

    def __getstate__(self) -> dict[str, Any]:
        # Which may be a generator.
        return {**super().__getstate__(), "chores": ()}


class OwnProcessor(MultiProcessor):
    """Runs chunks here, in a way of its own."""

    def _invoke_work(
        self, workers: int, chunk_size: int, data: Any, fn: Callable[[Any], int]
    ) -> list[int]:
        return list(map(fn, data))


class OwnChores(Chores):
    """Has a processor of its own."""

    processor_class = OwnProcessor


class ChoreFactory(ReadOnlyStash[Any]):
    """Makes something of each key, and notes each time that it begins one."""

    def __init__(self, folder: Path, chores: list[str]) -> None:
        super().__init__()
        self.folder = folder
        self.chores = chores

    def load(self, name: str) -> Any:
        return do(self.folder, name)

    def exists(self, name: str) -> bool:
        return name in self.chores

    def keys(self) -> list[str]:
        return self.chores


def note(folder: Path, chore: object) -> None:
    """Note that this process begins a chore."""
    log = os.open(folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(log, f"{chore} {os.getpid()}\n".encode())
    finally:
        os.close(log)


def times(folder: Path) -> Counter[str]:
    """How often each chore was begun."""
    return Counter(chore for chore, _ in notes(folder))


def notes(folder: Path) -> list[tuple[str, int]]:
    """Which chores were begun by which process, in this order."""
    try:
        lines = (folder / "notes").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(chore, int(pid)) for chore, pid in (line.rsplit(" ", 1) for line in lines)]


def workers_of(folder: Path) -> set[int]:
    """The processes that noted something, and are still there."""
    return {pid for _, pid in notes(folder) if is_alive(pid)}


def do(folder: Path, chore: object, stash: Any = None) -> Any:
    """Do a chore and return what it makes."""
    note(folder, chore)
    deed = str(chore).partition(":")[0]
    result = _DEEDS[deed](Call(folder, str(chore), stash)) if deed in _DEEDS else None
    return str(chore).upper() if result is None else result


def made(chores: Iterable[Any]) -> dict[str, str]:
    """What chores make that make something."""
    return {str(chore): str(chore).upper() for chore in chores}


class Call(NamedTuple):
    """What a deed gets."""

    folder: Path
    chore: str
    stash: Any

    @property
    def argument(self) -> str:
        return self.chore.partition(":")[2]

    @property
    def count(self) -> int:
        """How often this chore has been begun, now included."""
        return times(self.folder)[self.chore]


def _kill(call: Call) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_once(call: Call) -> None:
    if call.count == 1:
        _kill(call)


def _exit(call: Call) -> None:
    os._exit(3)


def _leave(call: Call) -> None:
    sys.exit(3)


def _cancel(call: Call) -> None:
    raise asyncio.CancelledError(call.argument)


def _interrupt(call: Call) -> None:
    raise KeyboardInterrupt(call.argument)


def _fail(call: Call) -> None:
    if not call.argument or call.count <= int(call.argument):
        raise ValueError(f"no luck at attempt {call.count}")


def _awkward(call: Call) -> None:
    raise Awkward(7, where=call.argument)


def _silent(call: Call) -> None:
    raise Silent(threading.Lock())


def _lock(call: Call) -> Any:
    return threading.Lock()


def _touchy(call: Call) -> Touchy:
    return Touchy()


def _large(call: Call) -> bytes:
    """Make 4 MiB, and be killed about then, the first time."""
    if call.count == 1:
        threading.Thread(
            target=lambda: (time.sleep(float(call.argument)), _kill(call)), daemon=True
        ).start()
    return bytes(4 << 20)


def _log(call: Call) -> None:
    logger.warning("doing %s", call.argument, extra={"argument": call.argument})


def _dice(call: Call) -> tuple[float, int]:
    return random.random(), call.stash.chunk_seed


def _sleep(call: Call) -> None:
    time.sleep(float(call.argument or 100_000))


def _spin(call: Call) -> None:
    while True:
        pass


def _hog(call: Call) -> None:
    """Never end, whatever interrupts it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    _sleep(call)


def _await(call: Call) -> None:
    assert await_that((call.folder / call.argument).exists)


_DEEDS: dict[str, Callable[[Call], Any]] = {
    name.strip("_").replace("_", "-"): deed
    for name, deed in list(globals().items())
    if name.startswith("_") and getattr(deed, "__module__", None) == __name__
}
