"""The contracts of stashes, and the stashes that others are built from."""

from __future__ import annotations

from .chunks import chunks
from .closeable import CloseableStash
from .delegate import DelegateDefaults, DelegateStash, ReadOnlyDelegateStash
from .factory import CacheFactoryStash, FactoryStash
from .keys import UnionKeys, snapshot
from .limit import KeyLimitStash
from .mapping import StashMapping
from .noop import NoopStash
from .pickleable import NotPickleable
from .preemptive import PreemptiveStash
from .primeable import PrimablePreemptiveStash, Primeable, PrimeableStash
from .protective import ProtectiveStash
from .readonly import ReadOnlyStash
from .stash import Stash, V, require_key
from .subset import KeySubsetStash

__all__ = [
    "CacheFactoryStash",
    "CloseableStash",
    "DelegateDefaults",
    "DelegateStash",
    "FactoryStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "NoopStash",
    "NotPickleable",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "Primeable",
    "PrimeableStash",
    "ProtectiveStash",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "Stash",
    "StashMapping",
    "UnionKeys",
    "V",
    "chunks",
    "require_key",
    "snapshot",
]
