"""The persisters for applications of Burr: those of :mod:`zensols.persist.state`, by
the same names, that are also Burr's, and load its ``State``.

"""

from __future__ import annotations

from typing import Any

try:
    from burr.core.persistence import AsyncBaseStatePersister, BaseStatePersister
    from burr.core.state import State
except ModuleNotFoundError as e:
    if (e.name or "").partition(".")[0] != "burr":
        raise
    raise ModuleNotFoundError(
        f"{__name__} needs Burr: pip install 'zensols.persist[burr]'", name=e.name
    ) from e

from . import memorypersister, mongodb, postgresql, redis, sqlite, stashpersister
from .asyncpersister import AsyncPersister
from .persister import Persister

__all__ = [
    "AsyncBurrPersister",
    "AsyncInMemoryPersister",
    "AsyncMongoDBPersister",
    "AsyncPostgreSQLPersister",
    "AsyncRedisPersister",
    "AsyncSQLitePersister",
    "AsyncStashPersister",
    "BurrPersister",
    "InMemoryPersister",
    "MongoDBPersister",
    "PostgreSQLPersister",
    "RedisPersister",
    "SQLLitePersister",
    "SQLitePersister",
    "StashPersister",
]


class BurrPersister(Persister, BaseStatePersister):
    """What makes a persister one of Burr: the first of two base classes.

    As safe to use from threads and processes as the other one.

    >>> class MyPersister(BurrPersister, memorypersister.InMemoryPersister):
    ...     pass
    >>> persister = MyPersister()
    >>> persister.save("user 1", "chat", 0, "ask", State({"n": 1}), "completed")
    >>> type(persister.load("user 1", "chat")["state"]) is State
    True

    """

    def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a state of Burr and what it was saved with, or None if there is no
        such.

        :param partition_key: the partition

        :param app_id: the application, or None for that of the partition that was
                       saved last

        :param sequence_id: which step, by default the one that was saved last; Burr
                            does that again if it failed

        :param kwargs: ignored

        :raises CorruptDataError: if it is damaged; the text says which can still be
                                  read

        :raises StateVersionError: if a newer version of the program saved it

        """
        return _to_burr(super().load(partition_key, app_id, sequence_id))


class AsyncBurrPersister(AsyncPersister, AsyncBaseStatePersister):
    """What :class:`BurrPersister` is, for asynchronous persisters.

    For the coroutines of one event loop.

    >>> class MyPersister(AsyncBurrPersister, memorypersister.AsyncInMemoryPersister):
    ...     pass
    >>> MyPersister().is_async()
    True

    """

    async def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return a state of Burr and what it was saved with, or None if there is no
        such; see :meth:`BurrPersister.load`.

        """
        return _to_burr(await super().load(partition_key, app_id, sequence_id))


class SQLitePersister(BurrPersister, sqlite.SQLitePersister):
    """:class:`.sqlite.SQLitePersister` for applications of Burr."""


SQLLitePersister = SQLitePersister
"""The name by which Burr has it, too."""


class AsyncSQLitePersister(AsyncBurrPersister, sqlite.AsyncSQLitePersister):
    """:class:`.sqlite.AsyncSQLitePersister` for applications of Burr."""


class InMemoryPersister(BurrPersister, memorypersister.InMemoryPersister):
    """:class:`.memorypersister.InMemoryPersister` for applications of Burr."""


class AsyncInMemoryPersister(
    AsyncBurrPersister, memorypersister.AsyncInMemoryPersister
):
    """:class:`.memorypersister.AsyncInMemoryPersister` for applications of Burr."""


class PostgreSQLPersister(BurrPersister, postgresql.PostgreSQLPersister):
    """:class:`.postgresql.PostgreSQLPersister` for applications of Burr."""


class AsyncPostgreSQLPersister(AsyncBurrPersister, postgresql.AsyncPostgreSQLPersister):
    """:class:`.postgresql.AsyncPostgreSQLPersister` for applications of Burr."""


class RedisPersister(BurrPersister, redis.RedisPersister):
    """:class:`.redis.RedisPersister` for applications of Burr."""


class AsyncRedisPersister(AsyncBurrPersister, redis.AsyncRedisPersister):
    """:class:`.redis.AsyncRedisPersister` for applications of Burr."""


class MongoDBPersister(BurrPersister, mongodb.MongoDBPersister):
    """:class:`.mongodb.MongoDBPersister` for applications of Burr."""


class AsyncMongoDBPersister(AsyncBurrPersister, mongodb.AsyncMongoDBPersister):
    """:class:`.mongodb.AsyncMongoDBPersister` for applications of Burr."""


class StashPersister(BurrPersister, stashpersister.StashPersister):
    """:class:`.stashpersister.StashPersister` for applications of Burr."""


class AsyncStashPersister(AsyncBurrPersister, stashpersister.AsyncStashPersister):
    """:class:`.stashpersister.AsyncStashPersister` for applications of Burr."""


def _to_burr(found: Any) -> Any:
    return found and {**found, "state": State(found["state"].get_all())}
