"""The states of applications, which go on where they stopped.  The names below are
imported when they are first used.

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asynchronous import (
        AsyncBaseStateLoader,
        AsyncBaseStatePersister,
        AsyncBaseStateSaver,
    )
    from .asyncpersister import AsyncPersister
    from .diff import Difference
    from .error import StateConflictError, StateVersionError
    from .interface import (
        BaseStateLoader,
        BaseStatePersister,
        BaseStateSaver,
        PersistedStateData,
        Status,
    )
    from .memorypersister import AsyncInMemoryPersister, InMemoryPersister
    from .mongodb import AsyncMongoDBPersister, MongoDBPersister
    from .past import HistoryItem
    from .persister import Persister
    from .postgresql import AsyncPostgreSQLPersister, PostgreSQLPersister
    from .records import ALL
    from .redis import AsyncRedisPersister, RedisPersister
    from .schema import Migration
    from .serde import StateSerde
    from .sqlite import AsyncSQLitePersister, SQLitePersister, SQLLitePersister
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
    "RedisPersister",
    "SQLLitePersister",
    "SQLitePersister",
    "State",
    "StateConflictError",
    "StateSerde",
    "StateVersionError",
    "Status",
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
    "RedisPersister": "redis",
    "SQLLitePersister": "sqlite",
    "SQLitePersister": "sqlite",
    "State": "state",
    "StateConflictError": "error",
    "StateSerde": "serde",
    "StateVersionError": "error",
    "Status": "interface",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
