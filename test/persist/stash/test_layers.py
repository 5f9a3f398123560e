from __future__ import annotations

from pathlib import Path
from typing import Any

from zensols.persist import (
    DelegateStash,
    DictionaryStash,
    DirectoryStash,
    EncodedStash,
    ExpiringStash,
)
from zensols.persist.stash.layers import entry_store, innermost, wrappers


def test_store_below() -> None:
    store: DirectoryStash[Any] = DirectoryStash(Path("data"))
    stash = ExpiringStash(DelegateStash(store), 60)
    assert innermost(stash) is entry_store(stash) is store
    assert wrappers(stash) == [ExpiringStash, DelegateStash]
    assert wrappers(store) == []
    encoded: EncodedStash[Any] = EncodedStash(DictionaryStash())
    assert innermost(encoded) is entry_store(encoded) is encoded


def test_store_without_entries() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash(), 60)
    assert entry_store(stash) is None
