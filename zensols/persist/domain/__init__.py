"""The contracts of stashes, and the stashes that others are built from."""

from __future__ import annotations

from .batch import BatchGate, key_lock
from .chunks import chunks
from .closeable import CloseableStash
from .delegate import DelegateDefaults, DelegateStash, ReadOnlyDelegateStash
from .entries import EntryStore
from .factory import CacheFactoryStash, FactoryStash
from .keys import UnionKeys, snapshot
from .limit import KeyLimitStash
from .mapping import StashMapping
from .noop import NoopStash
from .opening import Opener, codec_options, open_stash
from .pickleable import NotPickleable
from .preemptive import PreemptiveStash
from .primeable import PrimablePreemptiveStash, Primeable, PrimeableStash
from .protective import ProtectiveStash
from .reach import Reach
from .readonly import ReadOnlyStash
from .stash import Stash, V, require_key
from .subset import KeySubsetStash
from .url import StashURL, mask_passwords, one_of, positive_seconds

__all__ = [
    "BatchGate",
    "CacheFactoryStash",
    "CloseableStash",
    "DelegateDefaults",
    "DelegateStash",
    "EntryStore",
    "FactoryStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "NoopStash",
    "NotPickleable",
    "Opener",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "Primeable",
    "PrimeableStash",
    "ProtectiveStash",
    "Reach",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "Stash",
    "StashMapping",
    "StashURL",
    "UnionKeys",
    "V",
    "chunks",
    "codec_options",
    "key_lock",
    "mask_passwords",
    "one_of",
    "open_stash",
    "positive_seconds",
    "require_key",
    "snapshot",
]
