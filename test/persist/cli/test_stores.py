from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import (
    DelegateStash,
    DictionaryStash,
    DirectoryStash,
    EncodedStash,
    ExpiringStash,
    PersistableError,
    ZipStash,
)
from zensols.persist.cli.exits import UsageError
from zensols.persist.cli.stores import (
    entry_store,
    innermost,
    open_existing,
    open_store,
    require_entries,
    wrappers,
)


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
    with pytest.raises(UsageError, match="DictionaryStash keeps no entries"):
        require_entries(stash, "verify")


def test_wrong_url() -> None:
    with pytest.raises(UsageError, match="unknown scheme"):
        open_store("nosuch:data")


def test_read_only_store_is_strict() -> None:
    stash = open_store("zip:a.zip")
    assert isinstance(stash, ZipStash)
    with pytest.raises(PersistableError, match="read-only"):
        stash.clear()


@pytest.mark.parametrize("url", ["dir:da[ta", "shelve:da[ta", "zip:da[ta?root=x"])
def test_nothing_there(in_tmp: Path, capsys: Any, url: str) -> None:
    open_existing(url)
    assert capsys.readouterr().err == "stash: There is nothing at da[ta yet\n"
    Path("da[ta.db").touch()
    open_existing(url)
    assert capsys.readouterr().err == ""


def test_memory_is_no_file(capsys: Any) -> None:
    open_existing("memory:")
    assert capsys.readouterr().err == ""
