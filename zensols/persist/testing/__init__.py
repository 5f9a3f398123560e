"""Suites of tests that ship with the package, for whoever implements one of its
contracts.  They need pytest and hypothesis: ``pip install
'zensols.persist[test]'``.

"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch import BatchContract
    from .beside import BesideContract
    from .codec import CodecContract
    from .concurrency import ConcurrencyContract
    from .entries import EntriesContract
    from .hooks import StashHooks
    from .hostile import HostileKeysContract
    from .keys import HOSTILE_KEYS
    from .large import LargeContract
    from .model import ModelContract
    from .past import PastContract
    from .persistence import PersistenceContract
    from .persister import AsyncPersisterContract, PersisterContract
    from .persisterhooks import PersisterHooks
    from .racing import RacingContract
    from .readable import ReadableContract
    from .saving import SavingContract
    from .stash import StashContract
    from .writable import WritableContract

__all__ = [
    "HOSTILE_KEYS",
    "AsyncPersisterContract",
    "BatchContract",
    "BesideContract",
    "CodecContract",
    "ConcurrencyContract",
    "EntriesContract",
    "HostileKeysContract",
    "LargeContract",
    "ModelContract",
    "PastContract",
    "PersistenceContract",
    "PersisterContract",
    "PersisterHooks",
    "RacingContract",
    "ReadableContract",
    "SavingContract",
    "StashContract",
    "StashHooks",
    "WritableContract",
]

_MODULES = {
    "HOSTILE_KEYS": "keys",
    "AsyncPersisterContract": "persister",
    "BatchContract": "batch",
    "BesideContract": "beside",
    "CodecContract": "codec",
    "ConcurrencyContract": "concurrency",
    "EntriesContract": "entries",
    "HostileKeysContract": "hostile",
    "LargeContract": "large",
    "ModelContract": "model",
    "PersistenceContract": "persistence",
    "PersisterContract": "persister",
    "SavingContract": "saving",
    "PersisterHooks": "persisterhooks",
    "PastContract": "past",
    "RacingContract": "racing",
    "ReadableContract": "readable",
    "StashContract": "stash",
    "StashHooks": "hooks",
    "WritableContract": "writable",
}

if "pytest" in sys.modules:
    # For failures that show the values, as those of test modules do.
    sys.modules["pytest"].register_assert_rewrite(
        *{f"{__name__}.{module}" for module in _MODULES.values()}
    )


def __getattr__(name: str) -> Any:
    # Lazily, for the processes that a test starts to begin without pytest.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_MODULES[name]}")
    except ModuleNotFoundError as e:
        if e.name not in ("pytest", "hypothesis"):
            raise
        raise ModuleNotFoundError(
            f"{__name__}.{name} needs {e.name}: pip install 'zensols.persist[test]'",
            name=e.name,
        ) from e
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
