"""Records in Redis, for coroutines."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from zensols.persist.state import AsyncRedisPersister
from zensols.persist.state.asyncredisrecords import AsyncRedisRecords
from zensols.persist.state.redisrecords import RedisRecords


@pytest.fixture
def records(redis_url: str) -> AsyncRedisRecords:
    url, _, namespace = redis_url.partition("?namespace=")
    return AsyncRedisRecords(url, namespace, timeout=60)


def test_shares_its_keys(records: AsyncRedisRecords) -> None:
    async def use() -> bool:
        assert not await records.is_set_up()
        await records.set_up()
        await records.close()
        return await records.is_set_up()

    assert asyncio.run(use())
    other = RedisRecords(*pickle.loads(pickle.dumps(records))._arguments)
    assert other.is_set_up()
    other.close()


def test_reading_sets_nothing_up(records: AsyncRedisRecords) -> None:
    async def use() -> None:
        assert await records.find("p", "app", None) is None
        assert not await records.is_set_up()
        await records.close()

    asyncio.run(use())


async def drop_once(command: bytes, port: int, served: list[int]) -> asyncio.Server:
    """Serve what another port does, but drop the first connection in which a command
    comes, after it was carried out.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        while data := await reader.read(1 << 20):
            back.write(data)
            answer = await there.read(1 << 20)
            if command in data:
                served.append(len(data))
                if len(served) == 1:
                    break
            writer.write(answer)
        back.close()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_state_whose_reply_was_lost_is_saved_once(redis_url: str, status: str) -> None:
    url, _, namespace = redis_url.partition("?namespace=")
    port = int(url.rpartition(":")[2].partition("/")[0])
    served: list[int] = []

    async def use() -> None:
        server = await drop_once(b"a step", port, served)
        own = server.sockets[0].getsockname()[1]
        async with AsyncRedisPersister(port=own, namespace=namespace) as persister:
            await persister.initialize()
            await persister.save("p", "app", 1, "a step", {"n": 1}, status)
            history = await persister.history("p", "app")
            assert [item.status for item in history] == [status]
        server.close()

    asyncio.run(use())
    assert len(served) >= 2
