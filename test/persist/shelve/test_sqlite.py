from __future__ import annotations

import importlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.shelve.sqlite import SqliteDatabase


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "shelf")


@pytest.fixture
def database(path: str) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(path)
    yield database
    database.close()


def in_thread(function: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as executor:
        executor.submit(function).result()


def test_is_a_mapping(database: SqliteDatabase) -> None:
    assert dict(database) == {}
    database[b"a"], database[b""], database[b"\0\xff"] = b"1", b"", b"\xff" * 100_000
    database[b"a"] = b"2"
    assert dict(database) == {b"a": b"2", b"": b"", b"\0\xff": b"\xff" * 100_000}
    assert len(database) == 3
    assert b"a" in database
    assert "a" not in database
    del database[b"a"]
    assert set(database) == {b"", b"\0\xff"}
    for use in (lambda: database[b"a"], lambda: database.__delitem__(b"a")):
        with pytest.raises(KeyError):
            use()


def test_changes_while_iterated(database: SqliteDatabase) -> None:
    for number in range(10):
        database[b"%d" % number] = b""
    for key in database:
        del database[key]
    assert len(database) == 0


def test_any_thread_can_use_and_close_it(path: str) -> None:
    database = SqliteDatabase(path)
    in_thread(lambda: database.__setitem__(b"a", b"1"))
    assert database[b"a"] == b"1"
    in_thread(database.close)
    again = SqliteDatabase(path)
    assert dict(again) == {b"a": b"1"}
    again.close()


def test_file_is_private_and_the_only_one(path: str, tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        database = SqliteDatabase(path)
        database[b"a"] = b"1"
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(umask)
    assert modes == {0o600}
    assert os.listdir(tmp_path) == ["shelf"]


def test_is_that_of_the_standard_library(path: str) -> None:
    std = pytest.importorskip("dbm.sqlite3", reason="from Python 3.13 on")
    database = SqliteDatabase(path)
    database[b"a"] = b"1"
    database.close()
    assert importlib.import_module("dbm").whichdb(path) == "dbm.sqlite3"
    theirs: Any
    with std.open(path, "w") as theirs:
        assert dict(theirs) == {b"a": b"1"}
        theirs["b"] = "2"
    database = SqliteDatabase(path)
    assert dict(database) == {b"a": b"1", b"b": b"2"}
    database.close()


def test_killed_writer_leaves_the_old_values(path: str) -> None:
    """As a transaction that is never finished."""
    database = SqliteDatabase(path)
    database[b"a"] = b"old"
    database.close()
    begun = sqlite3.connect(path, isolation_level=None)
    begun.execute("BEGIN")
    begun.execute("UPDATE Dict SET value = CAST('new' AS BLOB)")
    begun.close()
    database = SqliteDatabase(path)
    assert dict(database) == {b"a": b"old"}
    database.close()


def test_errors_are_those_of_files(path: str, tmp_path: Path) -> None:
    database = SqliteDatabase(path)
    database.close()
    with pytest.raises(OSError, match="closed"):
        database[b"a"]
    with pytest.raises(OSError, match=str(tmp_path)):
        SqliteDatabase(str(tmp_path))
    Path(path).write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match="not a database"):
        SqliteDatabase(path)
