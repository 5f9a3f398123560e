"""Keep what was expensive to compute.

Methods keep their results (:class:`persisted`), and objects live in *stashes*:
dict-like stores that stack (:class:`Stash`).  The names below are imported when
they are first used, so that importing the package costs little.

>>> from zensols.persist import CacheStash, DictionaryStash
>>> stash = CacheStash(DictionaryStash())
>>> stash["pi"] = 3.14159
>>> dict(stash)
{'pi': 3.14159}

The packages and modules:

* :mod:`zensols.persist.annotation`: what a method returned
* :mod:`zensols.persist.domain`: the contracts of stashes
* :mod:`zensols.persist.stash`, :mod:`~zensols.persist.composite`,
  :mod:`~zensols.persist.shelve`, :mod:`~zensols.persist.zip`,
  :mod:`~zensols.persist.util`: stashes
* :mod:`zensols.persist.codec`: objects to bytes and back
* :mod:`zensols.persist.dealloc`: freeing what objects hold
* :mod:`zensols.persist.module`, :mod:`~zensols.persist.convert`: objects that keep
  their state, and dataclasses to plain data
* :mod:`zensols.persist.error`: the exceptions
* :mod:`zensols.persist.testing`: the tests that any stash should pass

"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Not deferred: an import of these modules, by whomever, would leave the module
# under the name of its class.
from .dealloc import dealloc
from .shelve import shelve

if TYPE_CHECKING:
    from .annotation import (
        FileTextUtil,
        PersistableContainer,
        PersistableContainerMetadata,
        PersistedWork,
        persisted,
        resource,
    )
    from .backup import BackupSchedule as BackupSchedule
    from .composite import DirectoryCompositeStash
    from .convert import from_dict as from_dict
    from .convert import replace_dataclass as replace_dataclass
    from .convert import replace_dict as replace_dict
    from .convert import replace_list as replace_list
    from .convert import replace_set as replace_set
    from .convert import to_dict as to_dict
    from .dealloc import Deallocatable, dealloc_recursive
    from .domain import (
        CacheFactoryStash,
        CloseableStash,
        DelegateDefaults,
        DelegateStash,
        FactoryStash,
        KeyLimitStash,
        KeySubsetStash,
        NoopStash,
        NotPickleable,
        PreemptiveStash,
        PrimablePreemptiveStash,
        Primeable,
        PrimeableStash,
        ProtectiveStash,
        Reach,
        ReadOnlyDelegateStash,
        ReadOnlyStash,
        Stash,
        chunks,
        open_stash,
    )
    from .error import (
        AlteredDataError,
        ClassNotFoundError,
        CorruptDataError,
        LockTimeoutError,
        MissingDataKeysError,
        PersistableError,
        StoreUnavailableError,
        UntrustedDataError,
    )
    from .module import PersistentModule as PersistentModule
    from .module import export_all as export_all
    from .module import import_all as import_all
    from .shelve import ShelveStash
    from .stash import (
        CacheStash,
        DictionaryStash,
        DirectoryStash,
        EncodedStash,
        ExpiringStash,
        FsspecStash,
        IncrementKeyDirectoryStash,
        LmdbStash,
        LRUCacheStash,
        MappingStash,
        MongoStash,
        OneShotFactoryStash,
        PostgresStash,
        RedisStash,
        SortedStash,
        SqliteStash,
        UnionStash,
    )
    from .ui import export_button as export_button
    from .ui import import_button as import_button
    from .zip import ZipStash

__version__ = "0.1.0"

__all__ = [
    "AlteredDataError",
    "CacheFactoryStash",
    "CacheStash",
    "ClassNotFoundError",
    "CloseableStash",
    "CorruptDataError",
    "Deallocatable",
    "DelegateDefaults",
    "DelegateStash",
    "DictionaryStash",
    "DirectoryCompositeStash",
    "DirectoryStash",
    "EncodedStash",
    "ExpiringStash",
    "FactoryStash",
    "FileTextUtil",
    "FsspecStash",
    "IncrementKeyDirectoryStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "LRUCacheStash",
    "LmdbStash",
    "LockTimeoutError",
    "MappingStash",
    "MissingDataKeysError",
    "MongoStash",
    "NoopStash",
    "NotPickleable",
    "OneShotFactoryStash",
    "PersistableContainer",
    "PersistableContainerMetadata",
    "PersistableError",
    "PersistedWork",
    "PostgresStash",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "Primeable",
    "PrimeableStash",
    "ProtectiveStash",
    "Reach",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "RedisStash",
    "ShelveStash",
    "SortedStash",
    "SqliteStash",
    "Stash",
    "StoreUnavailableError",
    "UnionStash",
    "UntrustedDataError",
    "ZipStash",
    "chunks",
    "dealloc",
    "dealloc_recursive",
    "open_stash",
    "persisted",
    "resource",
    "shelve",
]

_MODULES = {
    name: module
    for module, names in {
        "annotation": "FileTextUtil PersistableContainer PersistableContainerMetadata"
        " PersistedWork persisted resource",
        "composite": "DirectoryCompositeStash",
        "dealloc": "Deallocatable dealloc_recursive",
        "domain": "CacheFactoryStash CloseableStash DelegateDefaults DelegateStash"
        " FactoryStash KeyLimitStash KeySubsetStash NoopStash NotPickleable"
        " PreemptiveStash PrimablePreemptiveStash Primeable PrimeableStash"
        " ProtectiveStash Reach ReadOnlyDelegateStash ReadOnlyStash Stash chunks"
        " open_stash",
        "error": "AlteredDataError ClassNotFoundError CorruptDataError"
        " LockTimeoutError MissingDataKeysError PersistableError"
        " StoreUnavailableError UntrustedDataError",
        "shelve": "ShelveStash",
        "stash": "CacheStash DictionaryStash DirectoryStash EncodedStash"
        " ExpiringStash FsspecStash IncrementKeyDirectoryStash LRUCacheStash LmdbStash"
        " MappingStash MongoStash OneShotFactoryStash PostgresStash RedisStash"
        " SortedStash SqliteStash UnionStash",
        "zip": "ZipStash",
    }.items()
    for name in names.split()
}
"""Where each name is defined that is imported when it is first used."""

_OBJECTS = {
    "BackupSchedule": "backup",
    "PersistentModule": "module",
    "export_all": "module",
    "export_button": "ui",
    "from_dict": "convert",
    "import_all": "module",
    "import_button": "ui",
    "replace_dataclass": "convert",
    "replace_dict": "convert",
    "replace_list": "convert",
    "replace_set": "convert",
    "to_dict": "convert",
}
"""The same, of the names for programs whose objects keep their state, which import
the package as ``persistence`` and take none of its names with ``*``."""

_ROOMS = {*_MODULES.values(), *_OBJECTS.values()}


def __getattr__(name: str) -> Any:
    if (module := _MODULES.get(name) or _OBJECTS.get(name)) is not None:
        value = getattr(import_module(f"{__name__}.{module}"), name)
    elif name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_OBJECTS})
