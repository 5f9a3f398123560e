"""Flipped bits in the files of every store: found, and the file is named."""

from __future__ import annotations

import dbm
import os
import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork
from zensols.persist.codec import default_codec, verify_file
from zensols.persist.codec.entry import HEADER
from zensols.persist.error import CorruptDataError, PersistableError
from zensols.persist.stash import DirectoryStash

STORES: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "stores.py"))[
    "STORES"
]
FILES = [
    (kind, n)
    for kind in STORES
    # Not all of a database's file is read.
    if kind != "shelf"
    for n in range(len(STORES[kind](Path()).files()))
]


def flips(data: bytes) -> Iterator[bytes]:
    """All with one bit of the header flipped, and some with another."""
    seed = int(os.environ.get("PERSIST_SEED") or 1)
    choose = random.Random(seed)
    bits = [*range(HEADER.size * 8)]
    bits += [choose.randrange(HEADER.size * 8, len(data) * 8) for _ in range(200)]
    for bit in bits:
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@pytest.mark.parametrize(("kind", "number"), FILES)
def test_flipped_bit_names_the_file(kind: str, number: int, tmp_path: Path) -> None:
    make = STORES[kind]
    make(tmp_path).dump("x" * 1000)
    path = make(tmp_path).files()[number]
    old, whole = make(tmp_path).load(), path.read_bytes()
    for data in flips(whole):
        path.write_bytes(data)
        with pytest.raises(PersistableError) as error:
            make(tmp_path).load()
        assert str(path) in str(error.value)
        assert path.read_bytes() == data
    path.write_bytes(whole)
    assert make(tmp_path).load() == old


def test_flipped_bit_names_the_shelf(tmp_path: Path) -> None:
    store = STORES["shelf"](tmp_path)
    store.dump("x" * 1000)
    with dbm.open(str(store.folder), "r") as shelf:
        whole = shelf["1"]
    for data in flips(whole):
        with dbm.open(str(store.folder), "w") as shelf:
            shelf["1"] = data
        with pytest.raises(PersistableError) as error:
            store.load()
        assert str(store.folder) in str(error.value)
    with dbm.open(str(store.folder), "w") as shelf:
        shelf["1"] = whole
    assert store.load() == "x" * 1000


@pytest.mark.parametrize("kind", ["directory", "work"])
def test_flipped_bit_in_a_mapped_buffer(kind: str, tmp_path: Path) -> None:
    """Such a bit is data, which can't run: found on request."""
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(1 << 18)
    store = STORES[kind](tmp_path)
    store.dump(array)
    (path,) = store.files()
    key = "1" if kind == "directory" else None
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"\1")
    found = STORES[kind](tmp_path).load()
    assert (found[:-1] == array[:-1]).all()
    assert found[-1] != array[-1]
    with pytest.raises(CorruptDataError, match=str(path)):
        verify_file(default_codec(), str(path), key)


@pytest.mark.parametrize("size", [0, 1, HEADER.size, HEADER.size + 1, -1])
@pytest.mark.parametrize(("kind", "number"), FILES)
def test_truncated_file_is_named(
    kind: str, number: int, size: int, tmp_path: Path
) -> None:
    make = STORES[kind]
    make(tmp_path).dump("x" * 1000)
    path = make(tmp_path).files()[number]
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(PersistableError) as error:
        make(tmp_path).load()
    assert str(path) in str(error.value)


def test_recovers_from_a_truncated_file_if_told_so(tmp_path: Path) -> None:
    path = tmp_path / "work.dat"
    for size in (0, 1, 70):
        path.write_bytes(bytes(default_codec().encode("old"))[:size])
        work = PersistedWork(path, object, recover_empty=True)
        work.worker = lambda: "new"
        assert work() == "new"
        work.deallocate()


def test_damaged_entry_can_be_replaced(tmp_path: Path) -> None:
    stash = DirectoryStash[Any](tmp_path)
    for data in flips(bytes(default_codec().encode("old", "a"))):
        (tmp_path / "a.dat").write_bytes(data)
        assert list(stash.keys()) == ["a"]
        stash["a"] = "new"
        assert stash["a"] == "new"
        stash.delete("a")
