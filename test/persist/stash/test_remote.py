from __future__ import annotations

import itertools

import pytest

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.remote import RemoteFolder, make_filesystem

_numbers = itertools.count()


@pytest.fixture
def folder() -> RemoteFolder:
    return RemoteFolder(f"memory://remote/{next(_numbers)}", {})


def test_reads_and_writes_in_order(folder: RemoteFolder) -> None:
    folder.write_many([("a", b"1"), ("b", b"2"), ("a", b"3")])
    assert folder.read_many(["b", "c", "a", "b"]) == [b"2", None, b"3", b"2"]
    assert folder.read("c") is None
    assert sorted(folder.scan()) == ["a", "b"]
    folder.remove_many(["a", "c"])
    assert (folder.has("a"), folder.has("b")) == (False, True)
    folder.close()


def test_names_are_no_patterns(folder: RemoteFolder) -> None:
    names = ["*", "?", "[ab]", "a", "b"]
    folder.write_many([(name, name.encode()) for name in names])
    assert folder.read_many(names) == [name.encode() for name in names]
    folder.remove_many(["*", "?", "[ab]"])
    assert sorted(folder.scan()) == ["a", "b"]


def test_front(folder: RemoteFolder) -> None:
    folder.write("a", b"12345")
    assert folder.read_front("a", 2) == (b"12", 5)
    assert folder.read_front("a", 20) == (b"12345", 5)
    with pytest.raises(FileNotFoundError):
        folder.read_front("b", 2)
    assert folder.info("b", "b") is None
    with pytest.raises(PersistableError, match=r"too short|Not an entry"):
        folder.info("a", "a")


def test_folder_is_no_file(folder: RemoteFolder) -> None:
    folder.write("a/b", b"1")
    assert not folder.has("a")
    assert list(folder.scan()) == []


def test_others_writes_are_seen(folder: RemoteFolder) -> None:
    other = RemoteFolder(folder.address, {})
    assert list(folder.scan()) == []
    other.write("a", b"1")
    assert list(folder.scan()) == ["a"]


def test_each_has_its_own() -> None:
    first, _ = make_filesystem("memory://a", {})
    second, _ = make_filesystem("memory://a", {})
    assert first is not second


def test_any_failure_is_that_of_the_store(folder: RemoteFolder) -> None:
    with (
        pytest.raises(StoreUnavailableError, match=r"memory://.*ZeroDivisionError"),
        folder.errors(),
    ):
        raise ZeroDivisionError
    with pytest.raises(PersistableError, match="mine"), folder.errors():
        raise PersistableError("mine")
