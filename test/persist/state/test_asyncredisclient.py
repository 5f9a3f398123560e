"""Connections to Redis of coroutines."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.error import StoreUnavailableError
from zensols.persist.state.asyncredisclient import AsyncRedisClient
from zensols.persist.state.rediscalls import Call
from zensols.persist.state.redisscripts import Script


def call(text: str, *arguments: str) -> Call[object]:
    return Call(Script(text), arguments, lambda found: found)


ECHO = "return ARGV[1]"


def test_each_gets_its_own_answer(redis_server_url: str) -> None:
    async def use() -> None:
        client = AsyncRedisClient(redis_server_url, timeout=30)
        found = await asyncio.gather(
            *(client.run(call(ECHO, str(number))) for number in range(200)),
        )
        assert found == [str(number).encode() for number in range(200)]
        await client.disconnect()

    asyncio.run(use())


def test_one_error_is_one_callers(redis_server_url: str) -> None:
    async def use() -> None:
        client = AsyncRedisClient(redis_server_url, timeout=30)
        one, wrong, other = await asyncio.gather(
            client.run(call(ECHO, "a")),
            client.run(call("return redis.call('nothing')")),
            client.run(call(ECHO, "b")),
            return_exceptions=True,
        )
        assert (one, other) == (b"a", b"b")
        assert isinstance(wrong, StoreUnavailableError)
        await client.disconnect()

    asyncio.run(use())


def test_connects_again_after_the_connection_was_dropped(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis()

    async def use() -> None:
        client = AsyncRedisClient(server.url, timeout=30)
        assert await client.run(call(ECHO, "a")) == b"a"
        with redis.Redis.from_url(server.url, protocol=2) as other:
            assert other.client_kill_filter(_type="normal", skipme=True)
        assert await client.run(call(ECHO, "b")) == b"b"
        server.kill()
        with pytest.raises(StoreUnavailableError, match="check that it runs"):
            await client.run(call(ECHO, "c"))
        server.start()
        assert await client.run(call(ECHO, "d")) == b"d"
        await client.disconnect()

    asyncio.run(use())


def test_loops_have_connections_of_their_own(redis_server_url: str) -> None:
    client = AsyncRedisClient(redis_server_url, timeout=30)

    async def use() -> None:
        assert await client.run(call(ECHO, "a")) == b"a"
        await client.disconnect()
        assert await client.run(call(ECHO, "b")) == b"b"
        await client.disconnect()

    for _ in range(2):
        asyncio.run(use())


def test_who_gives_up_does_not_disturb_others(redis_server_url: str) -> None:
    async def use() -> None:
        client = AsyncRedisClient(redis_server_url, timeout=30)
        tasks = [asyncio.create_task(client.run(call(ECHO, str(n)))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[::2] == [b"0", b"2"]
        assert isinstance(found[1], asyncio.CancelledError)
        await client.disconnect()

    asyncio.run(use())


def test_server_that_never_answers() -> None:
    async def use(port: int) -> None:
        client = AsyncRedisClient(f"redis://127.0.0.1:{port}", timeout=0.2)
        with pytest.raises(StoreUnavailableError, match=r"within 0\.2 seconds"):
            await client.run(call(ECHO, "a"))
        await client.disconnect()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(use(silent.getsockname()[1]))
