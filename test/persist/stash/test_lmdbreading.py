from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import JsonCodec
from zensols.persist.stash import lmdbreading
from zensols.persist.stash.lmdbreading import (
    copy_one,
    copy_some,
    describe,
    has,
    names_after,
)

lmdb = pytest.importorskip("lmdb")


@pytest.fixture
def transaction(tmp_path: Path) -> Iterator[Any]:
    """Reads a store of the names 00 to 19."""
    with lmdb.open(str(tmp_path)) as environment:
        with environment.begin(write=True) as transaction:
            for number in range(20):
                entry = bytes(JsonCodec().encode(number, f"{number:02}"))
                transaction.put(b"%02d" % number, entry)
        with environment.begin(buffers=True) as transaction:
            yield transaction


def test_one(transaction: Any) -> None:
    assert has(transaction, b"07")
    assert not has(transaction, b"no")
    entry = copy_one(transaction, b"07")
    assert type(entry) is bytes
    assert JsonCodec().decode(entry, "07") == 7
    assert copy_one(transaction, b"no") is None
    info = describe(transaction, b"07")
    assert info is not None
    assert (info.key, info.type) == ("07", "builtins.int")
    assert describe(transaction, b"no") is None


def test_some(transaction: Any) -> None:
    found = copy_some(transaction, [b"03", b"no", b"01"])
    assert found == [copy_one(transaction, b"03"), None, copy_one(transaction, b"01")]
    assert copy_some(transaction, []) == []


def test_some_that_are_large(transaction: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [b"03", b"no", b"01", b"02"]
    size = sum(len(copy_one(transaction, name) or b"") for name in names[:3])
    monkeypatch.setattr(lmdbreading, "CHUNK_BYTES", size)
    assert len(copy_some(transaction, names)) == 3
    monkeypatch.setattr(lmdbreading, "CHUNK_BYTES", 1)
    assert len(copy_some(transaction, names)) == 1


def test_names(transaction: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [b"%02d" % number for number in range(20)]
    assert names_after(transaction, b"") == every
    assert names_after(transaction, b"07") == every[8:]
    assert names_after(transaction, b"07a") == every[8:]
    assert names_after(transaction, b"19") == []
    monkeypatch.setattr(lmdbreading, "CHUNK_KEYS", 3)
    assert names_after(transaction, b"07") == every[8:11]
