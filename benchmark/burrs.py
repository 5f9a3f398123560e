"""Persisters that are compared: Burr's, ours, and ours for applications of Burr."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .row import OURS

__all__ = [
    "BRIDGE",
    "BURR",
    "CHAPTER",
    "KEEPERS",
    "Keeper",
    "open_postgres",
    "open_redis",
    "open_sqlite",
]

CHAPTER: Final = "States"
"""Under what heading the persisters stand in the documentation."""

BURR: Final = "apache-burr"
"""What Burr's own persisters are called in each row."""

BRIDGE: Final = "zensols.persist.state.burr"
"""What ours for its applications are called."""

KEEPERS: Final = (BURR, OURS, BRIDGE)
"""All of them."""


@dataclass(frozen=True)
class Keeper:
    """A persister, and the states that it takes."""

    name: str

    persister: Any

    state: Callable[[dict[str, Any]], Any]
    """Makes a state."""

    close: Callable[[], Any]
    """Closes the persister, and what it is on."""


def open_sqlite(name: str, folder: Path, durability: str = "process") -> Keeper:
    """Open a persister in a file of its own.

    :param name: one of :data:`KEEPERS`

    :param folder: where the file is

    :param durability: what ours have to survive

    :raises ModuleNotFoundError: if Burr is needed and not installed

    """
    path = str(folder / f"{name}.db")
    if name == BURR:
        from burr.core.persistence import SQLitePersister

        persister: Any = SQLitePersister(db_path=path)
        persister.initialize()
        return Keeper(name, persister, _state_of(name), persister.cleanup)
    ours = _ours(name).SQLitePersister(path, durability=durability)
    return Keeper(name, ours, _state_of(name), ours.cleanup)


async def open_redis(name: str, url: str) -> Keeper:
    """Open a persister for coroutines on a Redis server, as :func:`open_sqlite`
    does.

    :param name: one of :data:`KEEPERS`

    :param url: the server's

    """
    if name == BURR:
        from burr.integrations.persisters.b_redis import AsyncRedisBasePersister

        place: Any = urlsplit(url)
        persister = AsyncRedisBasePersister.from_values(place.hostname, place.port, 0)
        return Keeper(name, persister, _state_of(name), persister.cleanup)
    ours = _ours(name).AsyncRedisPersister(url, namespace=name)
    return Keeper(name, ours, _state_of(name), ours.cleanup)


async def open_postgres(name: str, url: str) -> Keeper:
    """Open a persister for coroutines on a PostgreSQL server, as :func:`open_sqlite`
    does; Burr's with a pool, as its documentation has it for more than one task.

    :param name: one of :data:`KEEPERS`

    :param url: the server's

    """
    if name == BURR:
        from asyncpg import create_pool
        from burr.integrations.persisters.b_asyncpg import AsyncPostgreSQLPersister

        # One that it makes itself is every event loop's.
        pool = await create_pool(url)
        persister: Any = AsyncPostgreSQLPersister(pool=pool)
        await persister.initialize()
        return Keeper(name, persister, _state_of(name), pool.close)
    table = "ours" if name == OURS else "bridge"
    ours = _ours(name).AsyncPostgreSQLPersister(url, table_name=table)
    return Keeper(name, ours, _state_of(name), ours.cleanup)


def _ours(name: str) -> Any:
    if name == BRIDGE:
        from zensols.persist.state import burr

        return burr
    from zensols.persist import state

    return state


def _state_of(name: str) -> Callable[[dict[str, Any]], Any]:
    if name == OURS:
        from zensols.persist.state import State

        return State
    from burr.core.state import State as BurrState

    return BurrState
