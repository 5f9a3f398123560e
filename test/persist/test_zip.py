from __future__ import annotations

import copy
import pickle
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import ReadOnlyStash, Stash
from zensols.persist.error import PersistableError
from zensols.persist.testing import BesideContract, ReadableContract
from zensols.persist.zip import ZipStash

FILES = {
    "root.txt": "at the root",
    "dir/a.txt": "naïve",
    "dir/sub/b.txt": "",
    "dirx/c.txt": "of a sibling",
    "dir": "a file of the root's name",
}


def write_zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text.encode())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "corpus.zip", FILES)


class TestContract(ReadableContract, BesideContract):
    values = ("some text", "", "naïve", "\r\n")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> Stash[Any]:
        path = write_zip(tmp_path / "items.zip", self.items)
        return ZipStash(path, encoding="utf-8")


class TestBytesContract(ReadableContract, BesideContract):
    values = (b"bytes", b"", b"\x00\xff")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> Stash[Any]:
        with zipfile.ZipFile(tmp_path / "items.zip", "w") as archive:
            for name, data in self.items.items():
                archive.writestr(f"some/root/{name}", data)
        return ZipStash(tmp_path / "items.zip", root="some/root")


def test_pickled_has_the_same(path: Path) -> None:
    stash = ZipStash(path, root="dir")
    for other in copy.deepcopy(stash), pickle.loads(pickle.dumps(stash)):
        assert dict(other) == dict(stash)


def test_values_are_bytes(path: Path) -> None:
    expected = {name: text.encode() for name, text in FILES.items()}
    assert dict(ZipStash(path)) == expected


def test_values_are_decoded(path: Path) -> None:
    assert dict(ZipStash(path, encoding="utf-8")) == FILES


def test_path_may_be_text(path: Path) -> None:
    stash = ZipStash(str(path), encoding="utf-8")
    assert stash.path == path
    assert stash["root.txt"] == "at the root"


def test_folders_are_skipped(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/file", b"")
    assert list(ZipStash(tmp_path / "a.zip").keys()) == ["folder/file"]
    assert list(ZipStash(tmp_path / "a.zip", root="folder").keys()) == ["file"]


def test_keys_is_an_iterator(path: Path) -> None:
    keys = ZipStash(path).keys()
    assert isinstance(keys, Iterator)
    assert next(keys) == "root.txt"


@pytest.mark.parametrize("root", ["/dir", "dir/", "/", "/dir/"])
def test_roots_with_a_slash_are_refused(path: Path, root: str) -> None:
    with pytest.raises(PersistableError, match=r"^Roots can not start"):
        ZipStash(path, root=root)


def test_f_root_takes_siblings(path: Path) -> None:
    stash = ZipStash(path, root="dir", encoding="utf-8")
    assert dict(stash) == {"a.txt": "naïve", "sub/b.txt": ""}
    assert stash.load("x/c.txt") is None
    assert stash.load("/c.txt") is None
    assert stash.load("../root.txt") is None
    assert not stash.exists("")


def test_root_of_several_folders(path: Path) -> None:
    assert list(ZipStash(path, root="dir/sub").keys()) == ["b.txt"]


def test_f_new_path_keeps_old_keys(path: Path, tmp_path: Path) -> None:
    stash = ZipStash(path, encoding="utf-8")
    assert len(stash) == len(FILES)
    stash.path = write_zip(tmp_path / "other.zip", {"new": "text"})
    assert dict(stash) == {"new": "text"}
    assert "root.txt" not in stash
    stash.path = str(path)
    assert stash["root.txt"] == "at the root"


def test_new_root_is_used(path: Path) -> None:
    stash = ZipStash(path, root="dir")
    assert "a.txt" in stash
    stash.root = "dirx"
    assert list(stash.keys()) == ["c.txt"]


def test_keys_are_listed_once(path: Path) -> None:
    stash = ZipStash(path)
    assert len(stash) == len(FILES)
    path.unlink()
    assert len(stash) == len(FILES)
    assert "root.txt" in stash
    with pytest.raises(PersistableError, match=r"corpus\.zip"):
        stash.load("root.txt")
    with pytest.raises(PersistableError, match=r"corpus\.zip"):
        list(stash)


def test_absent_key(path: Path) -> None:
    stash = ZipStash(path)
    assert stash.load("absent") is None
    assert stash.get("absent", "default") == "default"
    with pytest.raises(KeyError):
        stash["absent"]


def test_is_read_only(path: Path) -> None:
    stash = ZipStash(path, encoding="utf-8")
    assert isinstance(stash, ReadOnlyStash)
    stash.dump("new", "text")
    stash.delete("dir/a.txt")
    stash.clear()
    assert dict(stash) == FILES
    stash.strict = True
    for write in (
        lambda: stash.dump("new", ""),
        lambda: stash.delete("dir"),
        stash.clear,
    ):
        with pytest.raises(PersistableError, match="read-only"):
            write()


@pytest.mark.parametrize("data", [None, b"", b"not a zip archive"])
def test_what_is_no_archive_is_named(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "corpus.zip"
    if data is not None:
        path.write_bytes(data)
    stash = ZipStash(path)
    for use in (
        lambda: list(stash.keys()),
        lambda: stash.load("a"),
        lambda: len(stash),
    ):
        with pytest.raises(PersistableError) as info:
            use()
        assert str(path) in str(info.value)


def test_damaged_file_is_named(path: Path) -> None:
    stash = ZipStash(path)
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("root.txt").header_offset + 30 + len("root.txt")
    data = bytearray(path.read_bytes())
    data[place + 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(PersistableError, match=r"'root\.txt'.*corpus\.zip"):
        stash.load("root.txt")
    assert stash["dir/a.txt"] == "naïve".encode()


@pytest.mark.parametrize("encoding", ["ascii", "no such encoding"])
def test_what_cannot_be_decoded_is_named(path: Path, encoding: str) -> None:
    stash = ZipStash(path, encoding=encoding)
    with pytest.raises(PersistableError, match=r"'dir/a\.txt'.*corpus\.zip"):
        stash.load("dir/a.txt")


def test_encrypted_file_is_named(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for signature, flags in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        name = archive.namelist()[0]
    with pytest.raises(PersistableError, match="password"):
        ZipStash(path).load(name)


def test_threads(path: Path) -> None:
    stash = ZipStash(path, encoding="utf-8")
    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(lambda _: dict(stash), range(40)))
    assert found == [FILES] * 40


def test_beside_of_one_archive_with_several_roots(path: Path) -> None:
    roots = (None, "dir", "dirx")
    besides: list[Any] = [ZipStash(path, root=root).beside("notes") for root in roots]
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    for beside, root in zip(besides, roots, strict=True):
        beside["key"] = root
    assert [dict(beside) for beside in besides] == [{"key": root} for root in roots]
