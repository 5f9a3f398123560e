from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import zensols.persist.stash
from zensols.persist.error import PersistableError
from zensols.persist.stash.sqlitefile import SqliteFile
from zensols.persist.stash.sqlitepool import SqlitePool

ROOT = Path(zensols.persist.stash.__file__).parents[3]
INSERT = "INSERT INTO t VALUES (?)"
SELECT = "SELECT n FROM t ORDER BY n"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def make(path: Path, timeout: float = 60) -> SqlitePool:
    schema = "CREATE TABLE IF NOT EXISTS t (n UNIQUE)"
    return SqlitePool(SqliteFile(str(path), schema, timeout, "NORMAL"))


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[SqlitePool]:
    pool = make(tmp_path / "data.db")
    yield pool
    pool.close()


def test_makes_the_file_when_told_to(pool: SqlitePool, tmp_path: Path) -> None:
    assert pool.run(SELECT) == []
    pool.run_many(INSERT, [(1,)])
    assert list(tmp_path.iterdir()) == []
    pool.run(INSERT, (1,), create=True)
    assert pool.run(SELECT) == [(1,)]


def test_one_connection_serves_one_thread(pool: SqlitePool) -> None:
    for number in range(10):
        pool.run(INSERT, (number,), True)
        pool.run_many(INSERT, [(-number - 1,)])
    assert len(pool._all) == len(pool._idle) == 1
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(lambda _: pool.run(SELECT), range(100)))
    assert len(pool._all) == len(pool._idle) <= 5


def test_all_or_nothing(pool: SqlitePool) -> None:
    pool.run(INSERT, (5,), True)
    with pytest.raises(PersistableError, match=r"data\.db.*UNIQUE"):
        pool.run_many(INSERT, [(1,), (5,), (6,)])
    assert pool.run(SELECT) == [(5,)]
    with pytest.raises(PersistableError, match=r"data\.db.*UNIQUE"):
        pool.run(INSERT, (5,))
    pool.run_many(INSERT, [(1,), (6,)])
    assert pool.run(SELECT) == [(1,), (5,), (6,)]


def test_what_is_not_sqlite_s_stays(pool: SqlitePool) -> None:
    class Odd:
        def __conform__(self, protocol: object) -> None:
            raise ZeroDivisionError

    for run in (
        lambda: pool.run(INSERT, (Odd(),), True),
        lambda: pool.run_many(INSERT, [(1,), (Odd(),)]),
    ):
        with pytest.raises((ZeroDivisionError, PersistableError)) as info:
            run()
        assert info.value.__cause__ is not info.value
    assert pool.run(SELECT) == []


def test_closed_while_in_use(pool: SqlitePool, tmp_path: Path) -> None:
    pool.run(INSERT, (1,), True)
    cursor = pool._idle[0]
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> int:
        inside.set()
        go_on.wait()
        return 7

    cursor.connection.create_function("pause", 0, pause)
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(pool.run, "SELECT pause()")
        inside.wait()
        pool.close()
        assert cursor in pool._all
        go_on.set()
        assert running.result() == [(7,)]
    assert pool._all == set()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        cursor.execute(SELECT)
    # A statement that comes late still runs, and leaves nothing open.
    assert pool.run(SELECT) == [(1,)]
    assert pool._all == set()
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


@needs_fork
def test_child_has_its_own(pool: SqlitePool, tmp_path: Path) -> None:
    """What the child writes survives that its parent, the last one to have the
    file open of those that SQLite knows of, closes it meanwhile.

    """
    pool.run(INSERT, (1,), True)
    parent, child = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            pool.run(INSERT, (2,))
            os.write(child[1], b"2")
            os.read(parent[0], 1)
            pool.run(INSERT, (3,))
        finally:
            os._exit(0)
    try:
        assert os.read(child[0], 1) == b"2"
        pool.run(INSERT, (4,))
        pool.close()
        os.write(parent[1], b"c")
    finally:
        os.waitpid(pid, 0)
        for fd in parent + child:
            os.close(fd)
    with closing(sqlite3.connect(tmp_path / "data.db")) as other:
        assert other.execute(SELECT).fetchall() == [(1,), (2,), (3,), (4,)]
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@needs_fork
def test_fork_closes_and_use_opens(pool: SqlitePool, tmp_path: Path) -> None:
    pool.run(INSERT, (1,), True)
    pid = os.fork()
    if pid == 0:
        right = not pool._all and not pool._idle and pool.run(SELECT) == [(1,)]
        os._exit(not right)
    assert os.waitpid(pid, 0)[1] == 0
    assert not pool._all
    assert pool.run(SELECT) == [(1,)]
    pool.close()
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


FORKS = """
import os, sys, threading
from pathlib import Path
from zensols.persist.stash.sqlite import SqliteStash

stash = SqliteStash(Path(sys.argv[1]))
# A child can't import what another thread was importing.
stash["warm"] = 1
stop = threading.Event()
counts = [0] * 4

def write(number):
    while not stop.is_set():
        stash[f"{number}-{counts[number]}"] = counts[number]
        counts[number] += 1
        if counts[number] % 20 == 0:
            stash.dump_many([(f"many-{number}", n) for n in range(20)])

threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
children = []
for child in range(20):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for turn in range(10):
                stash[f"child-{child}-{turn}"] = turn
                assert stash[f"child-{child}-{turn}"] == turn
            assert sum(key.startswith(f"child-{child}-") for key in stash.keys()) == 10
            stash.close()
            status = 0
        finally:
            os._exit(status)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 20
stop.set()
for thread in threads:
    thread.join()
names = set(stash.keys())
assert names >= {f"{n}-{c}" for n in range(4) for c in range(counts[n])}
assert sum(name.startswith("child-") for name in names) == 200
stash.close()
print(os.listdir(os.path.dirname(sys.argv[1])))
"""


@needs_fork
def test_forks_while_threads_write(tmp_path: Path) -> None:
    done = subprocess.run(
        # Python 3.12 warns of forks where there are threads.
        [sys.executable, "-W", "ignore", "-c", FORKS, tmp_path / "data.db"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['data.db']\n"


@needs_fork
def test_fork_doesn_t_wait_for_ever(tmp_path: Path) -> None:
    """For a thread that is stuck; neither side uses its connection again."""
    pool = make(tmp_path / "data.db", timeout=0)
    pool.run(INSERT, (1,), True)
    inside, go_on = threading.Event(), threading.Event()
    cursor = pool._idle[0]
    cursor.connection.create_function("pause", 0, lambda: inside.set() or go_on.wait())
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(pool.run, "SELECT pause()")
        inside.wait()
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(write, repr((len(pool._all), pool.run(SELECT))).encode())
            os._exit(0)
        go_on.set()
        assert os.read(read, 99) == b"(0, [(1,)])"
        assert os.waitpid(pid, 0)[1] == 0
        running.result()
        assert pool.run(SELECT) == [(1,)]
    os.close(read)
    os.close(write)
    pool.close()
    assert pool._all == set()


UNCLOSED = """
import sys
from pathlib import Path
from zensols.persist.stash.sqlite import SqliteStash

stash = SqliteStash(Path(sys.argv[1]))
stash["a"] = 1
"""


def test_closed_at_exit(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", UNCLOSED, tmp_path / "a.db"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
