"""Stashes in front of other stashes, and stores of values."""

from __future__ import annotations

from .cache import CacheStash
from .dictionary import DictionaryStash
from .directory import DirectoryStash, Durability
from .encoded import EncodedStash
from .expiring import Expiring, ExpiringStash
from .increment import IncrementKeyDirectoryStash
from .lru import LRUCacheStash
from .oneshot import OneShotFactoryStash
from .sorted import SortedStash
from .union import UnionStash

__all__ = [
    "CacheStash",
    "DictionaryStash",
    "DirectoryStash",
    "Durability",
    "EncodedStash",
    "Expiring",
    "ExpiringStash",
    "IncrementKeyDirectoryStash",
    "LRUCacheStash",
    "OneShotFactoryStash",
    "SortedStash",
    "UnionStash",
]
