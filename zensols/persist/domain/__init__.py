"""The contracts of stashes, and the stashes that others are built from."""

from __future__ import annotations

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
from .url import StashURL, mask_passwords, one_of

__all__ = [
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
    "mask_passwords",
    "one_of",
    "open_stash",
    "require_key",
    "snapshot",
]
