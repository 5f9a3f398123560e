"""Stashes in front of other stashes, and stores of values.  The stores in databases
are imported when they are first used.

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cache import CacheStash
from .dictionary import DictionaryStash
from .directory import DirectoryStash, Durability
from .encoded import EncodedStash
from .expiring import Expiring, ExpiringStash
from .increment import IncrementKeyDirectoryStash
from .lru import LRUCacheStash
from .mapping import MappingStash
from .oneshot import OneShotFactoryStash
from .sorted import SortedStash
from .union import UnionStash

if TYPE_CHECKING:
    from .fsspec import FsspecStash
    from .lmdb import LmdbStash
    from .mongo import MongoStash
    from .postgres import PostgresStash
    from .redis import RedisStash
    from .sqlite import SqliteStash
    from .store import StoreStash

__all__ = [
    "CacheStash",
    "DictionaryStash",
    "DirectoryStash",
    "Durability",
    "EncodedStash",
    "Expiring",
    "ExpiringStash",
    "FsspecStash",
    "IncrementKeyDirectoryStash",
    "LRUCacheStash",
    "LmdbStash",
    "MappingStash",
    "MongoStash",
    "OneShotFactoryStash",
    "PostgresStash",
    "RedisStash",
    "SortedStash",
    "SqliteStash",
    "StoreStash",
    "UnionStash",
]

_MODULES = {
    "FsspecStash": "fsspec",
    "LmdbStash": "lmdb",
    "MongoStash": "mongo",
    "PostgresStash": "postgres",
    "RedisStash": "redis",
    "SqliteStash": "sqlite",
    "StoreStash": "store",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    # Here, sorted is a module.
    return [*{*globals(), *__all__}]
