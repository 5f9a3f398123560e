"""The states of applications, which go on where they stopped.  The names below are
imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .asynchronous import (
        AsyncBaseStateLoader,
        AsyncBaseStatePersister,
        AsyncBaseStateSaver,
    )
    from .asyncpersister import AsyncPersister
    from .diff import Difference
    from .error import StateConflictError, StateVersionError
    from .exchange import RawLoss, StateExchange
    from .interface import (
        BaseStateLoader,
        BaseStatePersister,
        BaseStateSaver,
        PersistedStateData,
        Status,
    )
    from .memorypersister import AsyncInMemoryPersister, InMemoryPersister
    from .mongodb import AsyncMongoDBPersister, MongoDBPersister
    from .opening import open_async_persister, open_persister
    from .past import HistoryItem
    from .persister import Persister
    from .postgresql import AsyncPostgreSQLPersister, PostgreSQLPersister
    from .raw import RawFork, RawState
    from .records import ALL
    from .redis import AsyncRedisPersister, RedisPersister
    from .schema import Migration
    from .serde import StateSerde
    from .sqlite import AsyncSQLitePersister, SQLitePersister, SQLLitePersister
    from .stashpersister import AsyncStashPersister, StashPersister
    from .state import State
    from .upkeep import Pruned

__all__ = [
    "ALL",
    "AsyncBaseStateLoader",
    "AsyncBaseStatePersister",
    "AsyncBaseStateSaver",
    "AsyncInMemoryPersister",
    "AsyncMongoDBPersister",
    "AsyncPersister",
    "AsyncPostgreSQLPersister",
    "AsyncRedisPersister",
    "AsyncSQLitePersister",
    "AsyncStashPersister",
    "BaseStateLoader",
    "BaseStatePersister",
    "BaseStateSaver",
    "Difference",
    "HistoryItem",
    "InMemoryPersister",
    "Migration",
    "MongoDBPersister",
    "PersistedStateData",
    "Persister",
    "PostgreSQLPersister",
    "Pruned",
    "RawFork",
    "RawLoss",
    "RawState",
    "RedisPersister",
    "SQLLitePersister",
    "SQLitePersister",
    "StashPersister",
    "State",
    "StateConflictError",
    "StateExchange",
    "StateSerde",
    "StateVersionError",
    "Status",
    "open_async_persister",
    "open_persister",
]

_MODULES = {
    "ALL": "records",
    "AsyncBaseStateLoader": "asynchronous",
    "AsyncBaseStatePersister": "asynchronous",
    "AsyncBaseStateSaver": "asynchronous",
    "AsyncInMemoryPersister": "memorypersister",
    "AsyncMongoDBPersister": "mongodb",
    "AsyncPersister": "asyncpersister",
    "AsyncPostgreSQLPersister": "postgresql",
    "AsyncRedisPersister": "redis",
    "AsyncSQLitePersister": "sqlite",
    "AsyncStashPersister": "stashpersister",
    "BaseStateLoader": "interface",
    "BaseStatePersister": "interface",
    "BaseStateSaver": "interface",
    "Difference": "diff",
    "HistoryItem": "past",
    "InMemoryPersister": "memorypersister",
    "Migration": "schema",
    "MongoDBPersister": "mongodb",
    "PersistedStateData": "interface",
    "Persister": "persister",
    "PostgreSQLPersister": "postgresql",
    "Pruned": "upkeep",
    "RawFork": "raw",
    "RawLoss": "exchange",
    "RawState": "raw",
    "RedisPersister": "redis",
    "SQLLitePersister": "sqlite",
    "SQLitePersister": "sqlite",
    "StashPersister": "stashpersister",
    "State": "state",
    "StateConflictError": "error",
    "StateExchange": "exchange",
    "StateSerde": "serde",
    "StateVersionError": "error",
    "Status": "interface",
    "open_async_persister": "opening",
    "open_persister": "opening",
}

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
