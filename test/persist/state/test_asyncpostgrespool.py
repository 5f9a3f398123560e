"""Connections to PostgreSQL that coroutines share."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.state.asyncpostgrespool import AsyncPostgresPool


def asking(statement: str) -> Callable[[Any], Any]:
    async def work(connection: Any) -> Any:
        cursor = await connection.execute(statement)
        return await cursor.fetchall() if cursor.description else []

    return work


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[AsyncPostgresPool]:
    pool = AsyncPostgresPool(PostgresServer(postgres_url, 60), 2)
    yield pool
    await pool.close()


def end_all(url: str) -> None:
    """End all connections to the database, as a restart would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_rows(pool: AsyncPostgresPool) -> None:
    assert await pool.use(asking("SELECT 1")) == [(1,)]
    assert await pool.use(asking("CREATE TABLE a (b int)")) == []
    assert await pool.use(asking("SELECT * FROM absent")) is None


async def test_what_can_t_be_executed(pool: AsyncPostgresPool) -> None:
    with pytest.raises(PersistableError, match="refuses: division by zero") as info:
        await pool.use(asking("SELECT 1 / 0"))
    assert not isinstance(info.value, StoreUnavailableError)
    assert await pool.use(asking("SELECT 1")) == [(1,)]


async def test_closed_before_each_attempt(
    pool: AsyncPostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other coroutines, more often than a lost connection is made anew."""
    opened, closed = pool._opened, []

    def open_and_close() -> Any:
        found = opened()
        if len(closed) < 3:
            closed.append(asyncio.create_task(pool.close()))
        return found

    monkeypatch.setattr(pool, "_opened", open_and_close)
    assert await pool.use(asking("SELECT 1")) == [(1,)]
    await asyncio.gather(*closed)
    assert len(closed) == 3


async def test_lost_connections(pool: AsyncPostgresPool, postgres_url: str) -> None:
    for _ in range(3):
        await asyncio.gather(*(pool.use(asking("SELECT 1")) for _ in range(8)))
        await asyncio.to_thread(end_all, postgres_url)
        found = await asyncio.gather(*(pool.use(asking("SELECT 1")) for _ in range(8)))
        assert found == [[(1,)]] * 8


async def test_connection_that_is_lost_each_time(pool: AsyncPostgresPool) -> None:
    with pytest.raises(StoreUnavailableError, match="terminating connection") as info:
        await pool.use(asking("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert isinstance(info.value.__cause__, psycopg.OperationalError)
    assert await pool.use(asking("SELECT 1")) == [(1,)]


class Impatient(AsyncPostgresPool):
    """Waits for a connection as long as its server says, and for an answer less."""

    seconds = 0.3

    def _connection_class(self) -> Any:
        patient, self._server.timeout = self._server.timeout, self.seconds
        try:
            return super()._connection_class()
        finally:
            self._server.timeout = patient


async def test_no_answer(postgres_url: str) -> None:
    pool = Impatient(PostgresServer(postgres_url, 60), 1)
    with pytest.raises(StoreUnavailableError, match="longer timeout"):
        await pool.use(asking("SELECT pg_sleep(60)"))
    pool.seconds = 60
    assert await pool.use(asking("SELECT 1")) == [(1,)]
    await pool.close()


async def test_all_are_in_use(postgres_url: str) -> None:
    pool = AsyncPostgresPool(PostgresServer(postgres_url, 60), 1)
    held, done = asyncio.Event(), asyncio.Event()

    async def hold(_: Any) -> bool:
        held.set()
        await done.wait()
        return True

    holder = asyncio.create_task(pool.use(hold))
    async with asyncio.timeout(60):
        await held.wait()
    opened = await pool._opened()
    assert opened.timeout == 60
    # Only now, as who holds it may have needed long to connect.
    opened.timeout = 0.3
    with pytest.raises(StoreUnavailableError, match="none of 1 connections became"):
        await pool.use(asking("SELECT 1"))
    done.set()
    assert await holder
    await pool.close()


async def test_no_server() -> None:
    pool = AsyncPostgresPool(PostgresServer("postgresql://127.0.0.1:1/d", 2), 1)
    uses = (pool.use(asking("SELECT 1")) for _ in range(3))
    for error in await asyncio.gather(*uses, return_exceptions=True):
        assert isinstance(error, StoreUnavailableError)
        assert "check that it runs" in str(error)
    await pool.close()


async def test_cancelled_one_leaves_the_others(pool: AsyncPostgresPool) -> None:
    for _ in range(4):
        started = asyncio.Event()

        async def sleep(connection: Any, started: asyncio.Event = started) -> None:
            started.set()
            await connection.execute("SELECT pg_sleep(100)")

        sleeper = asyncio.create_task(pool.use(sleep))
        await started.wait()
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        assert await pool.use(asking("SELECT 1")) == [(1,)]


async def test_close_while_used(pool: AsyncPostgresPool) -> None:
    done = asyncio.Event()

    async def use() -> int:
        count = 0
        while not done.is_set():
            assert await pool.use(asking("SELECT 1")) == [(1,)]
            count += 1
        return count

    users = [asyncio.create_task(use()) for _ in range(2)]
    for _ in range(10):
        await pool.use(asking("SELECT pg_sleep(0.01)"))
        await pool.close()
    done.set()
    assert all(await asyncio.gather(*users))
    await pool.close()


def test_one_event_loop_after_the_other(postgres_url: str) -> None:
    """Whether it was closed in the first or not."""
    pool = AsyncPostgresPool(PostgresServer(postgres_url, 60), 2)

    async def use(close: bool) -> Any:
        found = await pool.use(asking("SELECT 1"))
        if close:
            await pool.close()
        return found

    for close in False, False, True, False:
        assert asyncio.run(use(close)) == [(1,)]
    asyncio.run(pool.close())
    gc.collect()


def test_two_event_loops_at_once(postgres_url: str) -> None:
    pool = AsyncPostgresPool(PostgresServer(postgres_url, 60), 2)
    with asyncio.Runner() as runner:
        runner.run(pool.use(asking("SELECT 1")))
        with pytest.raises(PersistableError, match="in use by another event loop"):
            asyncio.run(pool.use(asking("SELECT 1")))
        runner.run(pool.close())
