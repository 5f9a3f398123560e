from __future__ import annotations

import dbm.dumb
import os
import shelve
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import JsonCodec, default_codec, read_info
from zensols.persist.error import (
    LockTimeoutError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.shelve.shelf import (
    EntryShelf,
    OpenShelf,
    remove_shelf,
    shelf_errors,
    shelf_files,
)


def open_shelf(path: Path, writeback: bool = False, timeout: float = 60) -> OpenShelf:
    return OpenShelf(str(path), default_codec(), writeback=writeback, timeout=timeout)


def make_entry_shelf(writeback: bool = False) -> EntryShelf:
    return EntryShelf({}, default_codec(), "memory", writeback)


def test_entry_shelf_is_a_mapping() -> None:
    shelf = make_entry_shelf()
    shelf["a"] = None
    shelf.update({"b": [1], "\ud800": 2})
    assert dict(shelf) == {"a": None, "b": [1], "\ud800": 2}
    assert list(shelf) == ["a", "b", "\ud800"]
    assert len(shelf) == 3
    assert shelf.get("a", "default") is None
    assert shelf.get("x", "default") == "default"
    assert "a" in shelf
    assert "x" not in shelf
    assert 1 not in shelf
    assert shelf.pop("b") == [1]
    for absent in (lambda: shelf["b"], lambda: shelf.__delitem__("b")):
        with pytest.raises(KeyError, match=r"^'b'$"):
            absent()


def test_entry_shelf_keeps_entries() -> None:
    shelf = make_entry_shelf()
    shelf["a"] = 1
    assert default_codec().decode(shelf.dict[b"a"], "a") == 1
    shelf.dict[b"b"] = shelf.dict[b"a"]
    with pytest.raises(UntrustedDataError, match=r"memory\['b'\]"):
        shelf["b"]


def test_entry_shelf_writes_back() -> None:
    shelf = make_entry_shelf(writeback=True)
    shelf["a"] = [1]
    shelf["a"].append(2)
    shelf["b"] = []
    del shelf["b"]
    store = shelf.dict
    shelf.close()
    assert {k: default_codec().decode(v) for k, v in store.items()} == {b"a": [1, 2]}


def test_entry_shelf_without_writeback_returns_copies() -> None:
    shelf = make_entry_shelf()
    shelf["a"] = [1]
    shelf["a"].append(2)
    assert shelf["a"] == [1]


def test_is_a_standard_shelf(tmp_path: Path) -> None:
    opened = open_shelf(tmp_path / "shelf")
    assert isinstance(opened.shelf, shelve.Shelf)
    opened.close()


def test_open_shelf_keeps_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "shelf"
    opened = open_shelf(path)
    opened.shelf["a"] = 1
    opened.close()
    opened = open_shelf(path)
    assert dict(opened.shelf) == {"a": 1}
    opened.close()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert all(Path(f).stat().st_mode & 0o777 == 0o600 for f in shelf_files(str(path)))


def test_open_shelf_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    opened = open_shelf(path)
    for seconds in 0, 0.01, -1:
        with pytest.raises(LockTimeoutError, match=f"process {os.getpid()}") as info:
            open_shelf(path, timeout=seconds)
        assert str(path) in str(info.value)
    with pytest.raises(LockTimeoutError):
        remove_shelf(str(path), timeout=0)
    opened.close()
    open_shelf(path, timeout=0).close()


def test_lock_file_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    open_shelf(path).close()
    assert {str(file) for file in tmp_path.iterdir()} == set(shelf_files(str(path)))


def test_any_thread_can_close(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    opened = open_shelf(path)
    thread = threading.Thread(target=opened.close)
    thread.start()
    thread.join()
    open_shelf(path, timeout=0).close()


def test_failed_write_back_closes_and_frees(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    opened = open_shelf(path, writeback=True)
    opened.shelf["a"] = [1]
    opened.shelf["a"].append(threading.Lock())
    with pytest.raises(PersistableError, match="lock"):
        opened.close()
    opened = open_shelf(path, timeout=0)
    assert dict(opened.shelf) == {"a": [1]}
    opened.close()


def test_dead_process_frees_the_shelf(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    code = """if True:
        import os, sys
        from zensols.persist.codec import JsonCodec
        from zensols.persist.shelve.shelf import OpenShelf
        opened = OpenShelf(sys.argv[1], JsonCodec(), writeback=False, timeout=60)
        print("open", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(LockTimeoutError, match=f"process {process.pid}:"):
            open_shelf(path, timeout=0)
        process.kill()
    opened = open_shelf(path, timeout=10)
    opened.shelf["a"] = 1
    opened.close()
    assert {str(file) for file in tmp_path.iterdir()} == set(shelf_files(str(path)))


def test_unusable_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    path = tmp_path / "file" / "shelf"
    with pytest.raises(PersistableError, match="file"):
        open_shelf(path)
    path = tmp_path / "shelf"
    for name in "shelf", "shelf.dat", "shelf.db":
        (tmp_path / name).mkdir()
    with pytest.raises(PersistableError, match="Can't use the shelf") as info:
        open_shelf(path)
    assert str(path) in str(info.value)


def test_errors_of_the_database_are_named(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="shelf x: damaged"), shelf_errors("x"):
        raise dbm.dumb.error("damaged")
    with pytest.raises(LockTimeoutError, match=r"^kept$"), shelf_errors("x"):
        raise LockTimeoutError("kept")
    with pytest.raises(KeyError), shelf_errors("x"):
        raise KeyError("a")


def test_remove_removes_all_files(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    other = tmp_path / "shelf2"
    for each in path, other:
        opened = open_shelf(each)
        opened.shelf["a"] = 1
        opened.close()
    kept = set(shelf_files(str(other)))
    assert kept
    remove_shelf(str(path), timeout=60)
    assert {str(file) for file in tmp_path.iterdir()} == kept
    remove_shelf(str(path), timeout=60)


def test_other_codecs(tmp_path: Path) -> None:
    opened = OpenShelf(
        str(tmp_path / "shelf"), JsonCodec(), writeback=False, timeout=60
    )
    opened.shelf["a"] = {"b": (1, 2)}
    assert opened.shelf["a"] == {"b": (1, 2)}
    assert read_info(opened.shelf.dict[b"a"]).codec == "json"
    opened.close()


def test_files_of_a_database_in_several(tmp_path: Path) -> None:
    path: Any = str(tmp_path / "shelf")
    dbm.dumb.open(path, "c").close()
    assert shelf_files(path) == [f"{path}.dat", f"{path}.dir"]
