"""Persisters in SQLite."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Final

from ..domain import StashURL
from ..error import PersistableError
from ..stash.directory import Durability
from .asyncpersister import AsyncPersister
from .persister import Persister
from .sqliterecords import SqliteRecords
from .threadedrecords import ThreadedRecords

__all__ = ["AsyncSQLitePersister", "SQLLitePersister", "SQLitePersister"]

_TABLE: Final = "burr_state"
_TIMEOUT: Final = 60.0


class SQLitePersister(Persister):
    """Saves and loads the states of applications in a SQLite file.

    Safe to use from many threads and processes at once, and across forks.

    >>> import tempfile
    >>> from zensols.persist.state import State
    >>> path = os.path.join(tempfile.mkdtemp(), "states.db")
    >>> with SQLitePersister(path) as persister:
    ...     persister.save("user 1", "chat", 1, "ask", State(text="hi"), "completed")
    ...     persister.load("user 1", "chat")["state"]["text"]
    'hi'

    """

    twin: ClassVar[str] = "AsyncSQLitePersister"

    def __init__(
        self,
        db_path: str | Path,
        table_name: str = _TABLE,
        *,
        durability: Durability = "process",
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param db_path: the file, made with the first save

        :param table_name: the name of the table, and what those of two others begin
                           with

        :param durability: ``process``: a save survives the death of the process.
                           ``fsync``: it also survives a loss of power, and waits for
                           that

        :param timeout: how many seconds to wait for others that write

        :param options: as for :class:`.Persister`

        """
        records = _records(db_path, table_name, durability, timeout)
        super().__init__(records, **options)
        self._set_address(
            _address(db_path), **_settings(table_name, durability, timeout)
        )


SQLLitePersister = SQLitePersister
"""The name by which Burr has it."""


class AsyncSQLitePersister(AsyncPersister):
    """What :class:`SQLitePersister` is, with coroutines: SQLite works in threads, so
    that the event loop goes on.

    For the coroutines of one event loop, and of others in other processes.

    >>> import asyncio, tempfile
    >>> from zensols.persist.state import State
    >>> async def chat(path):
    ...     async with AsyncSQLitePersister(path) as persister:
    ...         await persister.save("user 1", "chat", 1, "ask", State(), "completed")
    ...         return await persister.list_app_ids("user 1")
    >>> asyncio.run(chat(os.path.join(tempfile.mkdtemp(), "states.db")))
    ['chat']

    """

    def __init__(
        self,
        db_path: str | Path,
        table_name: str = _TABLE,
        *,
        durability: Durability = "process",
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param db_path: as for :class:`SQLitePersister`, like all that follow

        """
        records = _records(db_path, table_name, durability, timeout)
        super().__init__(ThreadedRecords(records), **options)
        self._set_address(
            _address(db_path), **_settings(table_name, durability, timeout)
        )


def _records(
    db_path: str | Path, table_name: str, durability: Durability, timeout: float
) -> SqliteRecords:
    if durability not in ("process", "fsync"):
        raise PersistableError(
            f"Unknown durability {durability!r} of states in '{db_path}': use "
            f"'process' or 'fsync'"
        )
    synchronous = "FULL" if durability == "fsync" else "NORMAL"
    return SqliteRecords(_absolute(db_path), table_name, timeout, synchronous)


def _absolute(db_path: str | Path) -> str:
    return os.path.abspath(os.path.expanduser(db_path))


def _address(db_path: str | Path) -> str:
    return StashURL.of_path("sqlite", Path(_absolute(db_path))).reveal()


def _settings(
    table_name: str, durability: Durability, timeout: float
) -> dict[str, object]:
    return {
        "table": None if table_name == _TABLE else table_name,
        "durability": None if durability == "process" else durability,
        "timeout": None if timeout == _TIMEOUT else timeout,
    }
