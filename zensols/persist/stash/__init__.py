"""Stashes in front of other stashes, and stores of values.  The stores in databases
are imported when they are first used.

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names
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

__getattr__, __dir__ = lazy_names(globals(), _MODULES)
