from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import (
    DictionaryStash,
    ExpiringStash,
    PersistableError,
    ZipStash,
)
from zensols.persist.cli.exits import UsageError
from zensols.persist.cli.stores import (
    is_there,
    open_existing,
    open_store,
    require_entries,
    require_two,
)


def test_store_without_entries() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash(), 60)
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
    assert not is_there(open_existing(url))
    assert capsys.readouterr().err == "stash: There is nothing at da[ta yet\n" * 2
    Path("da[ta.db").touch()
    assert is_there(open_existing(url))
    assert capsys.readouterr().err == ""


def test_memory_is_no_file(capsys: Any) -> None:
    open_existing("memory:")
    assert capsys.readouterr().err == ""


def test_two_stores() -> None:
    one = open_store("dir:data?codec=json")
    require_two(one, open_store("dir:other"), "SRC and DST")
    for same in ("dir:data?codec=json", "dir:data?compress=zlib", "dir:data?ttl=60"):
        with pytest.raises(UsageError, match="SRC and DST are the same store"):
            require_two(one, open_store(same), "SRC and DST")
