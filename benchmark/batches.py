"""Many values at once, in SQLite and on servers."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from zensols.persist import Stash

from .files import small_value
from .row import OURS, Bar, Case, LeftOut
from .stores import CHAPTER
from .timing import Measurement, Settings, interleave
from .workspace import ROOT, new_folder

__all__ = ["CASES", "open_sqlite", "start_mongo", "start_postgres", "start_redis"]

_LOOP = "the loop"
_MOST_ROUNDS = 5


def open_sqlite(folder: Path, _stack: ExitStack) -> str:
    """Return the URL of a SQLite file.

    :param folder: where it is

    """
    return f"sqlite:{folder}/data.db"


def start_redis(folder: Path, stack: ExitStack) -> str:
    """Start a Redis server and return its URL.

    :param folder: where its data is

    :param stack: stops it

    :raises LeftOut: if that can't be done

    """
    return str(_start("server_redis", "RedisServer", folder, stack).url)


def start_postgres(folder: Path, stack: ExitStack) -> str:
    """Start a PostgreSQL server and return its URL, as :func:`start_redis` does."""

    # It may run as another user, to whom temporary folders are closed.
    folder.chmod(0o755)
    return str(_start("server_postgres", "PostgresServer", folder, stack).url)


def start_mongo(folder: Path, stack: ExitStack) -> str:
    """Start a MongoDB server and return its URL, as :func:`start_redis` does."""
    return f"{_start('server_mongo', 'MongoServer', folder, stack).url}benchmark"


def _start(module: str, name: str, folder: Path, stack: ExitStack) -> Any:
    """Start a server of the tests'."""
    support = str(ROOT / "test/support")
    if support not in sys.path:
        sys.path.append(support)
    try:
        return stack.enter_context(getattr(import_module(module), name)(folder))
    except (ImportError, OSError, RuntimeError) as e:
        raise LeftOut(f"the server can't be started: {e}") from e


def _measure(
    place: Callable[[Path, ExitStack], str], settings: Settings
) -> list[Measurement]:
    from zensols.persist import open_stash

    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        stash: Any = open_stash(place(folder, stack))
        stack.callback(stash.close)
        value = small_value()
        numbers = itertools.count()

        def sample(dump: Callable[[Any, list[tuple[str, Any]]], None]) -> float:
            number = next(numbers)
            items = [(f"{number}-{n}", value) for n in range(settings.batch)]
            start = time.perf_counter()
            dump(stash, items)
            taken = time.perf_counter() - start
            stash.clear()
            return taken / settings.batch

        samplers = {_LOOP: partial(sample, _loop), OURS: partial(sample, _dump_many)}
        for sampler in samplers.values():
            # Connects, and makes tables.
            sampler()
        return interleave(samplers, min(_MOST_ROUNDS, settings.few_rounds))


def _loop(stash: Stash[Any], items: list[tuple[str, Any]]) -> None:
    for key, value in items:
        stash.dump(key, value)


def _dump_many(stash: Stash[Any], items: list[tuple[str, Any]]) -> None:
    stash.dump_many(items)


def _case(name: str, engine: str, limit: float, place: Any, note: str = "") -> Case:
    return Case(
        f"{name}-dump-many",
        f"dump 10,000 values to {engine} at once",
        _LOOP,
        partial(_measure, place),
        Bar(limit),
        note=f"New keys each time; both are of ours, and a figure is of one value.{note}",
        chapter=CHAPTER,
    )


CASES = (
    _case("sqlite", "SQLite", 1 / 3, open_sqlite),
    _case("redis", "Redis", 1 / 10, start_redis, "  The server is Valkey."),
    _case("postgres", "PostgreSQL", 1 / 10, start_postgres),
    _case("mongo", "MongoDB", 1 / 10, start_mongo, "  The server is SecantusDB."),
)
"""What this module measures."""
