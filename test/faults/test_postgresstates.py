"""PostgreSQL servers that are killed or hang while states are saved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest
from server_postgres import PostgresServer

from zensols.persist.error import StoreUnavailableError
from zensols.persist.state import AsyncPostgreSQLPersister, PostgreSQLPersister, State

Start = Callable[..., "Popen[str]"]

WRITER = """
import sys, time
from zensols.persist.error import StoreUnavailableError
from zensols.persist.state import PostgreSQLPersister, State
persister = PostgreSQLPersister(sys.argv[1], timeout=5)
text = ["x" * 100] * 100
number = 0
while True:
    state = State(number=number, text=[*text, *map(str, range(number % 50))])
    try:
        persister.save("p", "app", number, "step", state, "completed")
    except StoreUnavailableError as e:
        print("unavailable", str(e).count("PostgreSQL at"), flush=True)
        time.sleep(0.02)
    else:
        print("done", number, flush=True)
        number += 1
"""

ASYNC_WRITER = """
import asyncio, sys
from zensols.persist.error import StoreUnavailableError
from zensols.persist.state import AsyncPostgreSQLPersister, State
async def save(persister, first):
    text = ["x" * 100] * 100
    number = first
    while True:
        state = State(number=number, text=[*text, *map(str, range(number % 50))])
        try:
            await persister.save("p", "app", number, "step", state, "completed")
        except StoreUnavailableError as e:
            print("unavailable", str(e).count("PostgreSQL at"), flush=True)
            await asyncio.sleep(0.02)
        else:
            print("done", number, flush=True)
            number += 4
async def main():
    persister = AsyncPostgreSQLPersister(sys.argv[1], timeout=5)
    await asyncio.gather(*(save(persister, first) for first in range(4)))
asyncio.run(main())
"""


def expected(number: int) -> State:
    text = ["x" * 100] * 100
    return State(number=number, text=[*text, *map(str, range(number % 50))])


@pytest.fixture
def persister(postgres_database: str) -> Iterator[PostgreSQLPersister]:
    with PostgreSQLPersister(postgres_database, timeout=5) as persister:
        yield persister


@pytest.mark.parametrize(("code", "savers"), [(WRITER, 1), (ASYNC_WRITER, 4)])
def test_server_killed_while_states_are_saved(
    postgres_server: PostgresServer,
    postgres_database: str,
    persister: PostgreSQLPersister,
    start_client: Start,
    code: str,
    savers: int,
) -> None:
    acknowledged = []

    def read(line: str) -> None:
        kind, number = line.split()
        if kind == "done":
            acknowledged.append(int(number))
        else:
            assert number == "1"

    with start_client(code, postgres_database) as writer:
        assert writer.stdout is not None
        for turn in range(5):
            while len(acknowledged) < 60 * (turn + 1):
                read(writer.stdout.readline())
            if turn < 4:
                postgres_server.kill()
                postgres_server.start()
        writer.kill()
        for line in writer.stdout.read().splitlines(keepends=True):
            if line.endswith("\n"):
                read(line)
    there = [item.sequence_id for item in persister.history("p", "app")]
    assert len(there) == len(set(there)), "one was saved twice"
    assert set(acknowledged) <= set(there)
    # But for what was being saved when the writer was killed.
    assert len(there) <= len(acknowledged) + savers
    for number in there:
        found = persister.load("p", "app", number)
        assert found is not None
        assert found["state"] == expected(number), f"state {number}"


def test_server_restarted_between(
    postgres_server: PostgresServer, persister: PostgreSQLPersister
) -> None:
    """A restart is not noticed, whatever comes first after it."""
    persister.save("p", "app", 0, "step", expected(0), "completed")
    uses: list[Callable[[], object]] = [
        lambda: persister.load("p", "app"),
        lambda: persister.save("p", "app", 1, "step", expected(1), "completed"),
        lambda: persister.save("p", "app", 2, "step", expected(2), "failed"),
        lambda: persister.history("p", "app"),
        lambda: persister.fork("p", "app", 1, "fork"),
        lambda: persister.delete("p", "fork"),
    ]
    for use in uses:
        postgres_server.restart()
        use()
    assert [item.sequence_id for item in persister.history("p", "app")] == [0, 1, 2]


def test_server_that_is_gone(
    postgres_server: PostgresServer, persister: PostgreSQLPersister
) -> None:
    persister.save("p", "app", 0, "step", expected(0), "completed")
    uses: list[Callable[[], object]] = [
        lambda: persister.load("p", "app"),
        lambda: persister.save("p", "app", 1, "step", expected(1), "completed"),
        lambda: persister.list_app_ids("p"),
        lambda: persister.delete("p", "app"),
    ]
    postgres_server.kill()
    try:
        for use in uses:
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match="check that it runs"):
                use()
            assert time.monotonic() - begin < 30
    finally:
        postgres_server.start()
    found = persister.load("p", "app")
    assert found is not None
    assert found["state"] == expected(0)


def test_server_that_hangs(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    """Nobody waits longer than the timeout, coroutines included."""

    async def use_async(persister: AsyncPostgreSQLPersister) -> None:
        await persister.save("p", "async", 0, "step", expected(0), "completed")
        await asyncio.to_thread(postgres_server.pause)
        try:
            with pytest.raises(StoreUnavailableError, match="longer timeout"):
                await persister.save("p", "async", 1, "step", expected(1), "completed")
        finally:
            await asyncio.to_thread(postgres_server.resume)
        await persister.save("p", "async", 1, "step", expected(1), "completed")
        assert await persister.list_app_ids("p") == ["async", "app"]
        await persister.cleanup()

    with PostgreSQLPersister(postgres_database, timeout=1) as persister:
        persister.save("p", "app", 0, "step", expected(0), "completed")
        postgres_server.pause()
        try:
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match="longer timeout"):
                persister.save("p", "app", 1, "step", expected(1), "completed")
            assert time.monotonic() - begin < 20
        finally:
            postgres_server.resume()
        persister.save("p", "app", 1, "step", expected(1), "completed")
        history = persister.history("p", "app")
        assert [item.sequence_id for item in history] == [0, 1]
    asyncio.run(use_async(AsyncPostgreSQLPersister(postgres_database, timeout=1)))
