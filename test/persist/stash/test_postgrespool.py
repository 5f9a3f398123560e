from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.stash.postgrespool import PostgresPool


@pytest.fixture
def pool(postgres_url: str) -> Iterator[PostgresPool]:
    pool = PostgresPool(PostgresServer(postgres_url, 10), 2)
    yield pool
    pool.close()


def end_all(url: str) -> None:
    """End all connections to the database, as a restart would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def pool_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("pool-")]


def test_rows(pool: PostgresPool) -> None:
    assert pool.execute(b"SELECT %s::bytea, 1", [b"a\0"]) == [(b"a\0", 1)]
    assert pool.execute(b"CREATE TABLE a (b int)") == []
    assert pool.execute(b"SELECT * FROM a") == []
    assert pool.execute(b"SELECT * FROM absent") is None


def test_what_can_t_be_executed(pool: PostgresPool) -> None:
    with pytest.raises(PersistableError, match="refuses: division by zero") as info:
        pool.execute(b"SELECT 1 / 0")
    assert not isinstance(info.value, StoreUnavailableError)
    assert pool.execute(b"SELECT 1") == [(1,)]


def test_lost_connections(pool: PostgresPool, postgres_url: str) -> None:
    barrier = threading.Barrier(2)

    def use(_: int) -> None:
        barrier.wait()
        pool.execute(b"SELECT pg_sleep(0.2)")

    with ThreadPoolExecutor(2) as executor:
        list(executor.map(use, range(2)))
    for _ in range(3):
        end_all(postgres_url)
        assert pool.execute(b"SELECT 1") == [(1,)]


def test_connection_that_is_lost_each_time(pool: PostgresPool) -> None:
    statement = b"SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(StoreUnavailableError, match="terminating connection") as info:
        pool.execute(statement)
    assert isinstance(info.value.__cause__, psycopg.OperationalError)
    assert pool.execute(b"SELECT 1") == [(1,)]


def test_no_answer(postgres_url: str) -> None:
    # Time enough for connecting.
    pool = PostgresPool(PostgresServer(postgres_url, 2), 1)
    with pytest.raises(StoreUnavailableError, match="longer timeout"):
        pool.execute(b"SELECT pg_sleep(60)")
    assert pool.execute(b"SELECT 1") == [(1,)]
    pool.close()


def test_all_are_in_use(postgres_url: str) -> None:
    pool = PostgresPool(PostgresServer(postgres_url, 2), 1)
    inside, go_on = threading.Event(), threading.Event()

    def work(_: Any) -> bool:
        inside.set()
        return go_on.wait(60)

    with ThreadPoolExecutor(1) as executor:
        working = executor.submit(pool.use, work)
        assert inside.wait(60)
        with pytest.raises(StoreUnavailableError) as info:
            pool.execute(b"SELECT 1")
        go_on.set()
        assert working.result(60)
    pool.close()
    assert "none of 1 connections became free; give it a larger" in str(info.value)


def test_close_while_used(pool: PostgresPool) -> None:
    done = threading.Event()

    def use() -> int:
        count = 0
        while count == 0 or not done.is_set():
            assert pool.execute(b"SELECT 1") == [(1,)]
            count += 1
        return count

    with ThreadPoolExecutor(2) as executor:
        futures = [executor.submit(use) for _ in range(2)]
        try:
            for _ in range(20):
                pool.execute(b"SELECT pg_sleep(0.01)")
                pool.close()
        finally:
            done.set()
        assert all(future.result() for future in futures)


def test_closed_before_each_attempt(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other threads, more often than a lost connection is made anew."""
    opened, closed = pool._opened, []

    def open_and_close() -> Any:
        found = opened()
        if len(closed) < 3:
            closed.append(found)
            pool.close()
        return found

    monkeypatch.setattr(pool, "_opened", open_and_close)
    assert pool.execute(b"SELECT 1") == [(1,)]
    assert len(closed) == 3


def test_closed_before_it_queues_up(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the driver has looked already whether it is open."""
    inner: Any = pool._opened()
    look = inner._check_open_getconn

    def look_and_close() -> None:
        look()
        pool.close()

    monkeypatch.setattr(inner, "_check_open_getconn", look_and_close)
    assert pool.execute(b"SELECT 1") == [(1,)]


def test_closing_ends_its_threads(pool: PostgresPool) -> None:
    # Those that other tests have dropped may end at any time.
    before = pool_threads()
    pool.execute(b"SELECT 1")
    own = [thread for thread in pool_threads() if thread not in before]
    assert own
    pool.close()
    assert not any(thread.is_alive() for thread in own)
    pool.close()


def test_dropped_one_ends_its_threads(postgres_url: str) -> None:
    before = pool_threads()
    pool = PostgresPool(PostgresServer(postgres_url, 10), 2)
    pool.execute(b"SELECT 1")
    own = [thread for thread in pool_threads() if thread not in before]
    assert own
    del pool
    for thread in own:
        thread.join(60)
        assert not thread.is_alive()


CODE = """
import os, sys, logging, warnings
logging.basicConfig(level=logging.WARNING)
warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
from zensols.persist.stash.postgres import PostgresStash
stash = PostgresStash(sys.argv[1])
stash["a"] = 1
with stash.lock("a"):
    pass
{end}
"""


@pytest.mark.parametrize(
    "end",
    [
        "",
        "stash.close()",
        "sys.exit(0)",
        "list(stash.keys())[0]",
        "keys = iter(stash.keys()); next(keys)",
        "del stash",
    ],
)
def test_end_of_process(postgres_url: str, start_client: Any, end: str) -> None:
    """Without a word, and at once."""
    code = CODE.replace("{end}", end).replace("import os", "import os", 1)
    code = "import warnings; warnings.simplefilter('error')\n" + code
    with start_client(code, postgres_url) as child:
        out, error = child.communicate(timeout=120)
    assert (child.returncode, out, error) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(postgres_url: str, start_client: Any) -> None:
    """A child's connections are its own, and its end is none for its parent's."""
    end = """
def use(who):
    for number in range(50):
        stash[who] = number
        assert stash[who] == number
        with stash.lock(who):
            pass
with stash.lock("held"):
    children = []
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            use(f"child {number}")
            try:
                with stash.lock("held", timeout=0):
                    print("has its parent's lock", flush=True)
            except TimeoutError:
                pass
            if number:
                stash.close()
                sys.exit(0)
            os._exit(0)
        children.append(pid)
    use("parent")
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    use("parent")
print(sorted(stash.keys()))
"""
    code = CODE.replace("{end}", end)
    with start_client(code, postgres_url) as child:
        out, error = child.communicate(timeout=120)
    assert (child.returncode, error) == (0, "")
    assert out == "['a', 'child 0', 'child 1', 'child 2', 'parent']\n"


def test_interrupted(postgres_url: str, start_client: Any) -> None:
    code = """
import sys
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.stash.postgrespool import PostgresPool
pool = PostgresPool(PostgresServer(sys.argv[1], 100), 1)
pool.execute(b"SELECT 1")
print("ready", flush=True)
try:
    pool.execute(b"SELECT pg_sleep(100)")
except KeyboardInterrupt:
    print(pool.execute(b"SELECT 1"))
"""
    with start_client(code, postgres_url) as child:
        assert child.stdout.readline() == "ready\n"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
            while connection.execute(query).fetchone() is None:
                pass
        child.send_signal(signal.SIGINT)
        out, error = child.communicate(timeout=120)
    assert (child.returncode, out, error) == (0, "[(1,)]\n", "")


def test_work_is_repeated_on_a_new_connection(
    pool: PostgresPool, postgres_url: str
) -> None:
    connections: list[Any] = []

    def work(connection: Any) -> Any:
        connections.append(connection)
        if len(connections) == 1:
            end_all(postgres_url)
        with connection.transaction():
            return connection.execute("SELECT 1").fetchall()

    assert pool.use(work) == [(1,)]
    assert len({id(connection) for connection in connections}) == 2


def test_work_without_its_table(pool: PostgresPool) -> None:
    def work(connection: Any) -> None:
        with connection.transaction():
            connection.execute("CREATE TABLE a (b int)")
            connection.execute("SELECT * FROM absent")

    assert pool.use(work) is None
    assert pool.execute(b"SELECT * FROM a") is None
