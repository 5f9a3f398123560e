from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from zensols.persist import PersistableError
from zensols.persist.cli.archive import ArchiveStash, write_archive
from zensols.persist.codec import SignedPickleCodec

KEYS = ["a", "A", "", "../x", "\0", "\udc80", "é", "x" * 5000, "日" * 300]


@pytest.fixture
def entries() -> dict[str, bytes]:
    codec = SignedPickleCodec()
    return {key: bytes(codec.encode([key], key)) for key in KEYS}


def test_goes_both_ways(entries: dict[str, bytes]) -> None:
    file = io.BytesIO()
    assert write_archive(file, entries.items()) == len(KEYS)
    stash = ArchiveStash(file)
    assert list(stash.keys()) == KEYS
    assert dict(stash.load_entries(KEYS)) == entries
    assert dict(stash) == {key: [key] for key in KEYS}
    assert stash.exists("a")
    assert not stash.exists("b")
    assert stash.load_entry("b") is None
    assert stash.load("b") is None
    stash.close()


def test_names_stay_in_a_folder(entries: dict[str, bytes]) -> None:
    file = io.BytesIO()
    write_archive(file, entries.items())
    names = zipfile.ZipFile(file).namelist()
    assert len(set(map(str.casefold, names))) == len(KEYS)
    assert not [name for name in names if "/" in name or "\\" in name]


def test_other_files_are_ignored(entries: dict[str, bytes]) -> None:
    file = io.BytesIO()
    write_archive(file, entries.items())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("README.txt", "text")
    assert list(ArchiveStash(file).keys()) == KEYS


def test_is_only_read(entries: dict[str, bytes]) -> None:
    file = io.BytesIO()
    write_archive(file, entries.items())
    stash: Any = ArchiveStash(file)
    with pytest.raises(PersistableError, match="only read"):
        stash.dump_entry("a", b"")


def test_damage_is_noticed(entries: dict[str, bytes]) -> None:
    file = io.BytesIO()
    write_archive(file, entries.items())
    data = bytearray(file.getvalue())
    data[60] ^= 0xFF
    with pytest.raises(PersistableError, match="Can't read archive"):
        ArchiveStash(io.BytesIO(data)).load_entry("a")
    with pytest.raises(PersistableError, match="Can't read archive"):
        ArchiveStash(io.BytesIO(b"PK"))
