"""Statements for many at once, on a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, LiteralString

import psycopg
import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import asyncpostgresrecords
from zensols.persist.state.asyncpostgrespool import AsyncPostgresPool
from zensols.persist.state.asyncpostgresrecords import AsyncPostgresRecords
from zensols.persist.state.chain import Stored
from zensols.persist.state.postgresbatches import batches_of
from zensols.persist.state.postgresstatements import PostgresStatements, known, row_of
from zensols.persist.state.record import Draft, Record
from zensols.persist.state.records import ANY, Refused

TABLE = 'odd % " states'

WHOLE = Stored("whole", b"data")


class Counted(AsyncPostgresRecords):
    """Says which statements were sent."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.sent: list[bytes] = []

    def _run_one(
        self, pool: AsyncPostgresPool, statement: bytes, parameters: Any
    ) -> Awaitable[list[Any] | None]:
        self.sent.append(statement)
        return super()._run_one(pool, statement, parameters)


@pytest.fixture
async def records(postgres_url: str) -> AsyncIterator[Counted]:
    records = Counted(postgres_url, TABLE, 60, 4)
    yield records
    await records.close()


def draft(
    app: str, number: int, stored: Stored = WHOLE, position: str = "step"
) -> Draft:
    return Draft("p", app, number, position, "completed", "2026", 3, 4, stored)


async def begin(records: Counted, *apps: str) -> list[int]:
    """Save the first state of each, and forget what was sent."""
    ids = [await records.add(draft(app, 0), ANY) for app in apps]
    records.sent.clear()
    return ids


async def add_all(records: Counted, *drafts: Draft) -> list[Any]:
    return await asyncio.gather(
        *(records.add(draft, ANY) for draft in drafts), return_exceptions=True
    )


_TWO_WAIT = """
SELECT count(*) = 2 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def wait_until(
    observer: psycopg.AsyncConnection, question: LiteralString
) -> None:
    async with asyncio.timeout(60):
        while await (await observer.execute(question)).fetchone() != (True,):
            pass


def statements(choose: Callable[[PostgresStatements], bytes]) -> tuple[bytes, bytes]:
    sql = PostgresStatements(TABLE)
    return choose(sql), batches_of(sql)[choose(sql)].statement


async def test_many_are_saved_by_one_statement(records: Counted) -> None:
    await begin(records, "a", "b")
    drafts = [draft("a", 1), draft("b", 1), draft("a", 2), draft("b", 7)]
    ids = await add_all(records, *drafts)
    assert records.sent == [statements(lambda sql: sql.add)[1]]
    assert ids[0] < ids[2]
    assert ids[1] < ids[3]
    for id_, expected in zip(ids, drafts, strict=True):
        found = await records.find("p", expected.app_id, expected.sequence_id)
        assert isinstance(found, Record)
        assert found.id == id_
        assert found.stored == expected.stored
        assert (found.position, found.status, found.version, found.size) == (
            *("step", "completed"),
            *(3, 4),
        )


async def test_many_are_found_by_one_statement(records: Counted) -> None:
    ids = await begin(records, "a", "b")
    found = await asyncio.gather(
        *(records.find("p", app, None) for app in ("b", "nobody", "a", "b"))
    )
    assert records.sent == [statements(lambda sql: sql.find)[1]]
    assert [record and record.id for record in found] == [
        *(ids[1], None, ids[0], ids[1])
    ]


async def test_planner_goes_through_indexes(
    records: Counted, postgres_url: str
) -> None:
    """Although it thinks that the tables are small, and its plans last."""
    await begin(records, "a")
    sql = PostgresStatements(TABLE)
    row = row_of(draft("a", 1))
    for single, given in (sql.find, row[:2]), (sql.add, row):
        batch = batches_of(sql)[single]
        connection = await psycopg.AsyncConnection.connect(postgres_url)
        async with connection:
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            cursor = await connection.execute(
                b"EXPLAIN " + batch.statement, batch.parameters([given] * 2)
            )
            plan = "\n".join(row[0] for row in await cursor.fetchall())
        assert "Index Scan" in plan
        assert "Seq Scan" not in plan


async def test_one_alone_is_saved_as_ever(records: Counted) -> None:
    await begin(records, "a")
    await add_all(records, draft("a", 1))
    assert records.sent == [statements(lambda sql: sql.add)[0]]


async def test_what_is_there_is_not_saved_again(records: Counted) -> None:
    await begin(records, "a", "b")
    same, new, again = await add_all(
        records, draft("a", 0), draft("b", 1), draft("b", 1)
    )
    assert isinstance(same, Record)
    assert isinstance(new, int)
    assert isinstance(again, Record)
    assert again.id == new


async def test_new_applications_are_made(records: Counted) -> None:
    await begin(records, "a")
    ids = await add_all(records, draft("a", 1), *(draft(f"new {n}", 1) for n in "123"))
    assert all(isinstance(id_, int) for id_ in ids)
    apps = await records.list_apps("p")
    assert {app for _, app in apps} == {"a", "new 1", "new 2", "new 3"}


async def test_lost_base_is_one_s(records: Counted) -> None:
    base, _ = await begin(records, "a", "b")
    kept = Stored("delta", b"d", (base,), 1)
    lost = Stored("delta", b"d", (base + 1000,), 1)
    first, second, third = await add_all(
        records, draft("a", 1, kept), draft("b", 1, lost), draft("b", 2)
    )
    assert isinstance(first, int)
    assert second is Refused.LOST
    assert isinstance(third, int)
    found = await records.find("p", "a", None)
    assert found is not None
    assert found.stored == kept


@pytest.mark.parametrize("position", ["\0", "\ud800"])
async def test_what_can_t_be_text_is_one_s(records: Counted, position: str) -> None:
    await begin(records, "a", "b")
    wrong, right = await add_all(
        records, draft("a", 1, position=position), draft("b", 1)
    )
    with pytest.raises((PersistableError, UnicodeEncodeError)) as alone:
        await records.add(draft("a", 1, position=position), ANY)
    assert type(wrong) is alone.type
    assert isinstance(right, int)


async def test_large_ones_are_saved_alone(records: Counted) -> None:
    await begin(records, "a", "b")
    large = Stored("whole", bytes(1 << 17))
    await add_all(records, draft("a", 1, large), draft("b", 1))
    assert records.sent == [statements(lambda sql: sql.add)[0]] * 2


async def test_before_there_are_tables(records: Counted) -> None:
    found = await asyncio.gather(*(records.find("p", app, None) for app in "abc"))
    assert found == [None] * 3


async def test_after_the_tables_were_dropped(
    records: Counted, postgres_url: str
) -> None:
    await begin(records, "a", "b")
    sql = PostgresStatements(TABLE)
    connection = await psycopg.AsyncConnection.connect(postgres_url, autocommit=True)
    async with connection:
        for table in sql.records, sql.branches, sql.about:
            await connection.execute(f"DROP TABLE {table}".encode())
    found = await asyncio.gather(*(records.find("p", app, None) for app in "ab"))
    assert found == [None] * 2
    assert await begin(records, "a", "b") == [1, 2]
    assert await add_all(records, draft("a", 1), draft("b", 1)) == [3, 4]


async def test_those_that_save_at_once(
    records: Counted, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither waits for the other while that waits for it."""
    run: list[bytes] = []
    really_run = asyncpostgresrecords._run

    async def count_and_run(statement: bytes, *arguments: Any) -> list[Any]:
        run.append(statement)
        return await really_run(statement, *arguments)

    apps = [f"app {number}" for number in range(8)]
    await begin(records, *apps)
    other = Counted(postgres_url, TABLE, 60, 4)
    await other.is_set_up()
    monkeypatch.setattr(asyncpostgresrecords, "_run", count_and_run)
    sql = PostgresStatements(TABLE)
    connect = psycopg.AsyncConnection.connect
    async with (
        await connect(postgres_url) as holder,
        await connect(postgres_url, autocommit=True) as observer,
    ):
        # Both come to a halt half-way.
        await holder.execute(sql.lock_branch, known("p", apps[4]))
        saving = asyncio.gather(
            add_all(records, *(draft(app, 1, position="one") for app in apps)),
            add_all(other, *(draft(app, 1, position="two") for app in reversed(apps))),
        )
        await wait_until(observer, _TWO_WAIT)
        await holder.commit()
        assert {type(id_) for ids in await saving for id_ in ids} == {int}
    # Would the server have ended one of them, it would have been sent again.
    assert run == [statements(lambda sql: sql.add)[1]] * 2
    await other.close()


async def test_those_that_save_and_discard_at_once(records: Counted) -> None:
    """None waits for the other, and no base is lost."""
    apps = [f"app {number}" for number in range(8)]
    bases = await begin(records, *apps)

    async def save(app: str, base: int) -> list[Any]:
        stored = Stored("delta", b"d", (base,), 1)
        return [
            await records.add(draft(app, number, stored), ANY) for number in range(1, 9)
        ]

    async def discard() -> None:
        for _ in range(8):
            await records.discard([], bases[::2][::-1], [])
            await records.discard(bases[1::2][::-1], [], [])

    *saved, _ = await asyncio.gather(*map(save, apps, bases), discard())
    for base, found in zip(bases, saved, strict=True):
        assert {type(added) for added in found} in ({int}, {Refused})
        pieces = await records.find_pieces([base])
        assert bool(pieces) is all(added is not Refused.LOST for added in found)
