"""Records in PostgreSQL, for coroutines."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from itertools import count as numbers
from itertools import islice
from typing import Any

import psycopg
import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import AsyncPostgreSQLPersister, PostgreSQLPersister
from zensols.persist.state.asyncpostgresrecords import AsyncPostgresRecords
from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY

DRAFT = Draft("p", "app", 1, "step", "completed", "2026", None, 2, Stored("whole", b""))


@pytest.fixture
async def records(postgres_url: str) -> AsyncIterator[AsyncPostgresRecords]:
    records = AsyncPostgresRecords(postgres_url, "states", 60, 4)
    yield records
    await records.close()


async def test_transaction_is_all_or_nothing(records: AsyncPostgresRecords) -> None:
    await records.add(DRAFT, ANY)
    newest = await records.find("p", "app", None)
    assert newest is not None

    def use() -> Any:
        yield "run", b"DELETE FROM states", ()
        yield "run", b"SELECT 1 / 0", ()

    with pytest.raises(PersistableError, match="division by zero"):
        await records.transact(use)
    assert await records.find("p", "app", None) == newest


async def test_pickled_has_the_same(records: AsyncPostgresRecords) -> None:
    await records.add(DRAFT, ANY)
    other = pickle.loads(pickle.dumps(records))
    assert await other.find("p", "app", None) == await records.find("p", "app", None)
    await other.close()


async def test_applications_side_by_side(postgres_url: str) -> None:
    """What was saved by coroutines is what others load."""
    async with AsyncPostgreSQLPersister(postgres_url) as persister:

        async def work(app: str) -> None:
            for number in range(10):
                await persister.save("p", app, number, "step", {"n": number}, "failed")
                await persister.save(
                    "p", app, number, "step", {"n": number}, "completed"
                )
                found = await persister.load("p", app)
                assert found is not None
                assert found["state"] == {"n": number}

        apps = [f"app {number}" for number in range(32)]
        await asyncio.gather(*map(work, apps))
    with PostgreSQLPersister(postgres_url) as other:
        # In a thread, as one that waits would be used.
        listed = await asyncio.to_thread(other.list_app_ids, "p")
        assert sorted(listed) == sorted(apps)


# The server's own workers, such as those of autovacuum, come and go.
_COUNT = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend'
"""


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_connections_are_as_many_as_it_may_have(
    postgres_url: str, size: int
) -> None:
    persister = AsyncPostgreSQLPersister(postgres_url, pool_size=size)
    large = {"text": "x" * (1 << 17)}

    async def work(app: str) -> None:
        for number in range(3):
            await persister.save("p", app, number, "step", {"n": number}, "failed")
            await persister.save("p", app, number, "step", {"n": number}, "completed")
            await persister.save("p", app, number, "large", large, "completed")
            await persister.load("p", app)
            await persister.load("p", app, number)

    async def count() -> int:
        row = await (await observer.execute(_COUNT)).fetchone()
        assert row is not None
        return int(row[0])

    apps = map(str, numbers())
    observer = await psycopg.AsyncConnection.connect(postgres_url, autocommit=True)
    async with observer, asyncio.timeout(60):
        # Some of the work may be done before all of them are made.
        while (found := await count()) != size:
            assert found < size
            await asyncio.gather(*map(work, islice(apps, 16)))
        await asyncio.gather(*map(work, islice(apps, 16)))
        assert await count() == size
        await persister.cleanup()
        while await count():
            pass
