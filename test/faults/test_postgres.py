"""PostgreSQL servers that are killed or hang, and what others put in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg
import pytest
from patience import insist
from postgres_databases import with_database
from server_postgres import PASSWORD, PostgresServer

from zensols.persist.domain import FactoryStash
from zensols.persist.error import (
    PersistableError,
    StoreUnavailableError,
    UntrustedDataError,
)
from zensols.persist.stash import DictionaryStash
from zensols.persist.stash.postgres import PostgresStash

Start = Callable[..., "Popen[str]"]


@pytest.fixture
def stash(postgres_database: str) -> Iterator[PostgresStash[Any]]:
    stash = PostgresStash[Any](postgres_database, timeout=60)
    yield stash
    stash.close()


WRITER = """
import sys, time
from zensols.persist.error import StoreUnavailableError
from zensols.persist.stash.postgres import PostgresStash
stash = PostgresStash(sys.argv[1], timeout=60)
size = int(sys.argv[2])
number = 0
while True:
    items = [(f"{number}-{i}", [number, "x" * 3000]) for i in range(size)]
    try:
        stash.dump(*items[0]) if size == 1 else stash.dump_many(items)
    except StoreUnavailableError as e:
        print("unavailable", str(e).count("PostgreSQL at"), flush=True)
        time.sleep(0.02)
    else:
        print("done", number, flush=True)
        number += 1
"""


@pytest.mark.parametrize(("size", "done"), [(1, 150), (100, 10)])
def test_server_killed_while_written_to(
    postgres_server: PostgresServer,
    stash: PostgresStash[Any],
    start_client: Start,
    size: int,
    done: int,
) -> None:
    acknowledged = []

    def read(line: str) -> None:
        kind, number = line.split()
        if kind == "done":
            acknowledged.append(int(number))
        else:
            assert number == "1"

    with start_client(WRITER, stash.address, size) as writer:
        assert writer.stdout is not None
        for turn in range(5):
            while len(acknowledged) < done * (turn + 1):
                read(writer.stdout.readline())
            if turn < 4:
                postgres_server.kill()
                postgres_server.start()
        writer.kill()
        for line in writer.stdout.read().splitlines():
            read(line)
    assert acknowledged == list(range(len(acknowledged)))
    stored = dict(stash)
    for number in acknowledged:
        for i in range(size):
            assert stored[f"{number}-{i}"] == [number, "x" * 3000]
    # But for what was being written when the writer was killed.
    assert len(stored) in (len(acknowledged) * size, (len(acknowledged) + 1) * size)


def test_server_restarted_between(
    postgres_server: PostgresServer, stash: PostgresStash[Any]
) -> None:
    """A restart is not noticed, whatever comes first after it."""
    uses: list[Callable[[], object]] = [
        lambda: stash.load("0"),
        lambda: stash.dump("0", 0),
        lambda: stash.dump_many([("0", 0)]),
        lambda: stash.exists("0"),
        lambda: len(stash),
        lambda: stash.lock("0", 0).__enter__(),
    ]
    stash.dump_many((f"{number:05}", number) for number in range(3000))
    for use in uses:
        keys = iter(stash.keys())
        first = next(keys)
        with ThreadPoolExecutor(4) as executor:
            list(executor.map(stash.load, ["00001"] * 20))
        with stash.lock("a"):
            pass
        postgres_server.restart()
        use()
        assert len({first, *keys} - {"0"}) == 3000


def test_server_that_is_gone(
    postgres_server: PostgresServer, stash: PostgresStash[Any]
) -> None:
    stash["a"] = 1
    uses: list[Callable[[], object]] = [
        lambda: stash.load("a"),
        lambda: stash.get("a"),
        lambda: stash.dump("a", 2),
        lambda: stash.exists("a"),
        lambda: stash.delete("a"),
        lambda: list(stash.keys()),
        lambda: stash.dump_many([("a", 2)]),
        lambda: list(stash.load_many(["a"])),
        lambda: stash.lock("a").__enter__(),
        stash.clear,
    ]
    postgres_server.kill()
    try:
        for use in uses:
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match="check that it runs"):
                use()
            assert time.monotonic() - begin < 60
        stash.close()
    finally:
        postgres_server.start()
    assert stash["a"] == 1


def test_server_that_hangs(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    stash = PostgresStash[Any](postgres_database, timeout=1)

    def lock() -> None:
        with stash.lock("b", 60):
            pass

    insist(lambda: stash.dump("a", 1))
    insist(lock)
    uses: list[Callable[[], object]] = [
        lambda: stash.load("a"),
        lambda: stash.dump("a", 2),
        lambda: stash.lock("b").__enter__(),
    ]
    postgres_server.pause()
    try:
        for use in uses:
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match="longer timeout"):
                use()
            assert time.monotonic() - begin < 60
        stash.close()
    finally:
        postgres_server.resume()
    assert insist(lambda: stash["a"]) in (1, 2)
    insist(lock)
    stash.close()


def test_waiting_for_a_lock_of_a_server_that_is_restarted(
    postgres_server: PostgresServer, stash: PostgresStash[Any], start_client: Start
) -> None:
    with start_client(HOLDER, stash.address) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def wait() -> str:
            try:
                with stash.lock("a"):
                    return "locked"
            except StoreUnavailableError:
                return "unavailable"

        with ThreadPoolExecutor(1) as executor:
            waiter = executor.submit(wait)
            postgres_server.restart()
            assert waiter.result(120) in ("locked", "unavailable")
        _, error = holder.communicate("\n")
    assert "lock on key 'a'" in error
    assert "was lost while held" in error


HOLDER = """
import logging, sys
from zensols.persist.stash.postgres import PostgresStash
logging.basicConfig()
with PostgresStash(sys.argv[1]).lock("a"):
    print("held", flush=True)
    input()
"""

OPENER = """
import sys
from zensols.persist.stash.postgres import PostgresStash
stash = PostgresStash(sys.argv[1], table=sys.argv[2])
print("ready", flush=True)
input()
stash[sys.argv[3]] = 1
assert sys.argv[3] in stash.keys()
"""


def test_new_one_opened_by_several(postgres_database: str, start_client: Start) -> None:
    openers = [
        start_client(OPENER, postgres_database, table, f"{number}")
        for number in range(4)
        for table in ("a", "new.a")
    ]
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("\n")
        opener.stdin.flush()
    for opener in openers:
        _, error = opener.communicate()
        assert (opener.returncode, error) == (0, "")
    for table in ("a", "new.a"):
        stash = PostgresStash[Any](postgres_database, table=table)
        assert dict(stash) == {"0": 1, "1": 1, "2": 1, "3": 1}
        stash.close()


OVERWRITER = """
import sys
from zensols.persist.stash.postgres import PostgresStash
stash = PostgresStash(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    stash.dump("a", [number] * 20_000)
    stash.dump_many((f"{i}", [number] * 2000) for i in range(100))
"""


def test_writer_killed(stash: PostgresStash[Any], start_client: Start) -> None:
    """What is there is whole, and what was written at once is there at once."""
    for turn in range(5):
        with start_client(OVERWRITER, stash.address) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            deadline = time.monotonic() + 0.02 * turn
            while time.monotonic() < deadline or not stash.exists("99"):
                pass
            writer.kill()
        found = dict(stash)
        assert len(found) == 101
        assert {len({*value}) for value in found.values()} == {1}
        assert len({found[f"{i}"][0] for i in range(100)}) == 1


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_forged_entry(stash: PostgresStash[Any], tmp_path: Path) -> None:
    import pickle

    stash["a"] = stash["b"] = 1
    hit = tmp_path / "hit"
    with psycopg.connect(stash.address, autocommit=True) as connection:
        connection.execute(
            "UPDATE stash SET entry = %s WHERE key = 'a'", [pickle.dumps(Bomb(hit))]
        )
        connection.execute(
            "INSERT INTO stash (key, entry) SELECT 'c', entry FROM stash "
            "WHERE key = 'b'"
        )
    for key in ("a", "c"):
        uses: list[Callable[[], object]] = [
            lambda key=key: stash.load(key),
            lambda key=key: stash.get(key),
            lambda key=key: stash[key],
            lambda key=key: list(stash.load_many([key])),
            lambda: list(stash),
        ]
        for use in uses:
            with pytest.raises(UntrustedDataError):
                use()
    assert stash["b"] == 1
    assert not hit.exists()


COMPUTER = """
import os, sys
from zensols.persist.domain import FactoryStash, ReadOnlyStash
from zensols.persist.stash.postgres import PostgresStash

class Factory(ReadOnlyStash):
    def load(self, name):
        with open(sys.argv[2], "a") as f:
            f.write(f"{name} ")
        if len(sys.argv) > 3:
            print("computing", flush=True)
            input()
        return int(name) ** 2

    def keys(self):
        return map(str, range(20))

stash = FactoryStash(PostgresStash(sys.argv[1]), Factory())
print([value for _, value in stash.items()])
"""


def test_processes_compute_once(
    postgres_database: str, start_client: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    computers = [start_client(COMPUTER, postgres_database, log) for _ in range(4)]
    for computer in computers:
        out, error = computer.communicate()
        assert error == ""
        assert out == f"{[number**2 for number in range(20)]}\n"
    assert sorted(log.read_text().split()) == sorted(map(str, range(20)))


def test_dead_one_is_taken_over(
    stash: PostgresStash[Any], start_client: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with start_client(COMPUTER, stash.address, log, "wait") as computer:
        assert computer.stdout is not None
        assert computer.stdout.readline() == "computing\n"
        factory = FactoryStash[Any](stash, DictionaryStash({"0": "ours"}))
        with ThreadPoolExecutor(1) as executor:
            waiter = executor.submit(factory.load, "0")
            with pytest.raises(TimeoutError):
                waiter.result(0.3)
            computer.kill()
            assert waiter.result(120) == "ours"
    assert log.read_text() == "0 "


@pytest.mark.parametrize("part", ["password", "user", "host", "port", "database"])
def test_wrong_part_of_the_address(postgres_guarded_url: str, part: str) -> None:
    right = PostgresStash[Any](postgres_guarded_url)
    right["a"] = 1
    right.close()
    login, _, location = postgres_guarded_url.removeprefix("postgresql://").partition(
        "@"
    )
    user, password = login.split(":")
    address = {
        "password": f"postgresql://{user}:s3cret@{location}",
        "user": f"postgresql://nobody-{user}:{password}@{location}",
        "host": f"postgresql://{login}@no-such-host.invalid/d",
        "port": f"postgresql://{login}@127.0.0.1:1/d",
        "database": with_database(postgres_guarded_url, "nowhere"),
    }[part]
    stash = PostgresStash[Any](address, timeout=5)
    for use in (lambda: stash.load("a"), lambda: stash.lock("a").__enter__()):
        begin = time.monotonic()
        with pytest.raises(StoreUnavailableError) as info:
            use()
        assert time.monotonic() - begin < 60
        text = str(info.value)
        assert "check that it runs, host, port, database, user and password" in text
        for secret in ("s3cret", password, PASSWORD):
            assert secret not in text
            assert secret not in repr(info.value.__cause__)
    stash.close()


def test_role_that_may_only_read(postgres_guarded_url: str) -> None:
    """Which is no matter of the server's being there."""
    stash = PostgresStash[Any](postgres_guarded_url)
    stash["a"] = 1
    with psycopg.connect(stash.address, autocommit=True) as connection:
        connection.execute(
            "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on"
        )
    stash.close()
    assert stash["a"] == 1
    with pytest.raises(PersistableError, match="read-only transaction") as info:
        stash["a"] = 2
    assert not isinstance(info.value, StoreUnavailableError)
    assert PASSWORD not in str(info.value)
    stash.close()
