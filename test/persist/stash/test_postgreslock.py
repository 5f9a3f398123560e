from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from zensols.persist.error import LockTimeoutError
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.stash.postgreslock import PostgresLocks


@pytest.fixture
def server(postgres_url: str) -> PostgresServer:
    return PostgresServer(postgres_url, 10)


@pytest.fixture
def locks(server: PostgresServer) -> Iterator[PostgresLocks]:
    locks = PostgresLocks(server)
    yield locks
    locks.close()


def is_free(locks: PostgresLocks, name: str = "a") -> bool:
    """Whether another thread can have it."""

    def take() -> bool:
        try:
            with locks.hold(name, name, 0):
                return True
        except LockTimeoutError:
            return False

    with ThreadPoolExecutor(1) as executor:
        return executor.submit(take).result()


def sessions(server: PostgresServer) -> list[int]:
    """The processes of the server that hold locks."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return [pid for (pid,) in rows]


def end(server: PostgresServer, pids: list[int]) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        for pid in pids:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def connections(server: PostgresServer) -> int:
    """How many there are that are not the tests' own."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE 'process %'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_many_share_one_connection(
    server: PostgresServer, locks: PostgresLocks
) -> None:
    assert connections(server) == 0
    with locks.hold("a", "a", None), locks.hold("b", "b", None):
        assert connections(server) == 1
        assert len(sessions(server)) == 2
        assert not is_free(locks, "a")
        assert is_free(locks, "c")
    assert sessions(server) == []
    assert connections(server) == 1


def test_other_object_of_the_thread(server: PostgresServer) -> None:
    first, second = PostgresLocks(server), PostgresLocks(server)
    with first.hold("a", "a", 0), second.hold("a", "a", 0):
        assert not is_free(first)
        assert not is_free(second)
    assert is_free(second)
    first.close()
    second.close()


def test_names_another_thread(locks: PostgresLocks) -> None:
    with locks.hold("a", "a", None), ThreadPoolExecutor(1) as executor:
        waiter = executor.submit(locks.hold("a", "key 'a'", 0.01).__enter__)
        with pytest.raises(LockTimeoutError) as info:
            waiter.result()
    expected = "Could not lock key 'a' within 0.01 seconds, since another thread of "
    assert str(info.value).startswith(expected)


HOLDER = """
import sys
from zensols.persist.stash.postgres import PostgresStash
with PostgresStash(sys.argv[1]).lock("a"):
    print("held", flush=True)
    input()
"""


def test_names_another_process(server: PostgresServer, start_client: Any) -> None:
    from zensols.persist.stash.postgres import PostgresStash

    stash = PostgresStash[Any](server.address)
    with start_client(HOLDER, server.address) as holder:
        assert holder.stdout.readline() == "held\n"
        for timeout in (0, 0.05):
            with pytest.raises(LockTimeoutError) as info:
                stash.lock("a", timeout).__enter__()
            assert f"since process {holder.pid} of " in str(info.value)
            assert "key 'a' of PostgresStash(" in str(info.value)
        with stash.lock("b", 0):
            pass
        holder.kill()
    with stash.lock("a", 60):
        pass
    stash.close()


def test_waits(server: PostgresServer, start_client: Any) -> None:
    from zensols.persist.stash.postgres import PostgresStash

    stash = PostgresStash[Any](server.address)
    with start_client(HOLDER, server.address) as holder:
        assert holder.stdout.readline() == "held\n"
        entered = threading.Event()

        def wait() -> None:
            with stash.lock("a"):
                entered.set()

        with ThreadPoolExecutor(1) as executor:
            waiter = executor.submit(wait)
            assert not entered.wait(0.3)
            holder.stdin.write("\n")
            holder.stdin.flush()
            waiter.result(60)
    stash.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_killed_parent_s_child_keeps_no_lock(
    server: PostgresServer, start_client: Any
) -> None:
    """The child inherits the connection, and outlives its parent."""
    from zensols.persist.stash.postgres import PostgresStash

    code = """
import os, sys, time
from zensols.persist.stash.postgres import PostgresStash
stash = PostgresStash(sys.argv[1])
with stash.lock("a"):
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    print(child, flush=True)
    time.sleep(600)
"""
    stash = PostgresStash[Any](server.address)
    holder = start_client(code, server.address)
    child = int(holder.stdout.readline())
    assert not is_free_key(stash, "a")
    holder.kill()
    os.waitpid(holder.pid, 0)
    os.kill(child, 0)
    with stash.lock("a", 60):
        pass
    os.kill(child, 0)
    holder.stdin.close()
    holder.stdout.read()
    holder.stdout.close()
    holder.stderr.close()
    holder.returncode = -9
    stash.close()


def is_free_key(stash: Any, key: str) -> bool:
    try:
        with stash.lock(key, 0):
            return True
    except LockTimeoutError:
        return False


def test_close_leaves_what_is_held(
    server: PostgresServer, locks: PostgresLocks
) -> None:
    with locks.hold("a", "a", None):
        locks.close()
        assert len(sessions(server)) == 1
        assert not is_free(locks)
    assert_unconnected(server)
    with locks.hold("a", "a", None):
        pass
    assert connections(server) == 1
    locks.close()
    assert_unconnected(server)


def assert_unconnected(server: PostgresServer) -> None:
    """The server needs a moment to notice."""
    end = time.monotonic() + 60
    while connections(server):
        assert time.monotonic() < end


def test_lost_lock_is_told(
    server: PostgresServer, locks: PostgresLocks, caplog: pytest.LogCaptureFixture
) -> None:
    with locks.hold("a", "key 'a'", None):
        end(server, sessions(server))
    records = [r for r in caplog.records if r.name.startswith("zensols")]
    assert [r.levelno for r in records] == [logging.WARNING]
    assert "lock on key 'a' was lost while held" in records[0].getMessage()
    with locks.hold("a", "a", 0):
        assert len(sessions(server)) == 1


def test_connection_that_was_lost_while_idle(
    server: PostgresServer, locks: PostgresLocks
) -> None:
    with locks.hold("a", "a", 0):
        pid = sessions(server)[0]
    end(server, [pid])
    with locks.hold("a", "a", 0):
        assert sessions(server) not in ([], [pid])
