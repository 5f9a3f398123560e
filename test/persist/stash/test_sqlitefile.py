from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import zensols.persist.stash
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    StoreUnavailableError,
)
from zensols.persist.files import path_lock, work_lock_path
from zensols.persist.stash.sqlitefile import SqliteFile, seconds

ROOT = Path(zensols.persist.stash.__file__).parents[3]
SCHEMA = "CREATE TABLE IF NOT EXISTS t (n)"


def make(path: Path, timeout: float = 60, synchronous: str = "NORMAL") -> SqliteFile:
    return SqliteFile(str(path), SCHEMA, timeout, synchronous)


def test_connects(tmp_path: Path) -> None:
    file = make(tmp_path / "a" / "b" / "data.db", 2.5, "FULL")
    with closing(file.connect()) as connection:
        for name, value in {
            "journal_mode": "wal",
            "synchronous": 2,
            "busy_timeout": 2500,
            "journal_size_limit": 1 << 24,
        }.items():
            assert connection.execute(f"PRAGMA {name}").fetchall() == [(value,)]
        connection.execute("INSERT INTO t VALUES (1)")
        with closing(file.connect()) as other:
            assert other.execute("SELECT n FROM t").fetchall() == [(1,)]
        with ThreadPoolExecutor(1) as executor:
            found = executor.submit(connection.execute, "SELECT n FROM t").result()
            assert found.fetchall() == [(1,)]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["data.db"]


@pytest.mark.parametrize("timeout", [0, 1e9, 1e300])
def test_any_timeout(tmp_path: Path, timeout: float) -> None:
    with closing(make(tmp_path / "data.db", timeout).connect()) as connection:
        ((milliseconds,),) = connection.execute("PRAGMA busy_timeout").fetchall()
        assert (milliseconds == 0) == (timeout == 0)


def test_many_open_a_new_one_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as executor:
        for turn in range(10):
            file = make(tmp_path / str(turn) / "data.db")
            for connection in executor.map(lambda _, f=file: f.connect(), range(8)):
                connection.execute("INSERT INTO t VALUES (1)")
                connection.close()


def test_waits_for_who_sets_it_up(tmp_path: Path) -> None:
    file = make(tmp_path / "data.db", timeout=0)
    lock = work_lock_path(file.path)
    with ThreadPoolExecutor(1) as executor, path_lock(lock):
        with pytest.raises(StoreUnavailableError, match=r"data\.db.*locked"):
            executor.submit(file.connect).result()
        file.connect().close()
        # Nothing is left to be set up.
        executor.submit(file.connect).result().close()


def test_locked(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match=r"data\.db.*more than 0 sec"):
            make(path, timeout=0).connect()


def test_no_database(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    path.write_bytes(b"some text" * 100)
    with pytest.raises(CorruptDataError, match=r"Damaged .*data\.db"):
        make(path).connect()


def test_translates(tmp_path: Path) -> None:
    file = make(tmp_path / "data.db")
    assert file.translate(ValueError("x")) is None
    assert file.translate(KeyboardInterrupt()) is None
    ours = file.translate(OverflowError("BLOB longer than INT_MAX bytes"))
    assert type(ours) is PersistableError
    assert "data.db" in str(ours)
    assert "INT_MAX" in str(ours)
    assert type(file.translate(sqlite3.ProgrammingError("x"))) is PersistableError
    error = sqlite3.OperationalError("x")
    error.sqlite_errorname = "SQLITE_BUSY_SNAPSHOT"
    assert type(file.translate(error)) is StoreUnavailableError


ON_NETWORK = """
import os, sys, warnings
from pathlib import Path
from zensols.persist.files import network
from zensols.persist.stash.sqlite import SqliteStash

path = Path(sys.argv[1])
if sys.argv[2] == "used":
    # As from a local disk.
    stash = SqliteStash(path)
    stash["old"] = 1
    stash.close()
device = os.stat(path.parent).st_dev
number = f"{os.major(device)}:{os.minor(device)}"
for line in open("/proc/self/mountinfo"):
    if line.split()[2] == number:
        network.NETWORK_FILE_SYSTEMS |= {line.partition(" - ")[2].split()[0]}
network.on_network.cache_clear()
if not network.on_network(device):
    sys.exit(3)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    stash = SqliteStash(path)
    stash["a"] = [1]
print(*(w.category.__name__ for w in caught), "data.db" in str(caught[0].message))
print(stash.__dict__["_opened"].pool.run("PRAGMA journal_mode"), dict(stash))
print([p.name for p in path.parent.iterdir()])
stash.close()
"""


@pytest.mark.parametrize("state", ["new", "used"])
def test_network_file_system(tmp_path: Path, state: str) -> None:
    """For which the file system at hand is taken here."""
    done = subprocess.run(
        [sys.executable, "-c", ON_NETWORK, tmp_path / "data.db", state],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 3:
        pytest.skip("the system doesn't tell what the file system is")
    assert done.returncode == 0, done.stderr
    items = "{'a': [1], 'old': 1}" if state == "used" else "{'a': [1]}"
    assert done.stdout.splitlines() == [
        "RuntimeWarning True",
        f"[('delete',)] {items}",
        "['data.db']",
    ]


@pytest.mark.parametrize("value", [0, 2.5, "2.5"])
def test_seconds(value: float | str) -> None:
    assert seconds(value) == float(value)


@pytest.mark.parametrize("value", [-1, "-1", "inf", float("nan"), "soon"])
def test_wrong_seconds(value: float | str) -> None:
    with pytest.raises(ValueError, match=f"{value}"):
        seconds(value)
