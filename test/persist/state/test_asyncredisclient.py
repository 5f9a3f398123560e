"""Connections to Redis of coroutines."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from uuid import uuid4

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.state.asyncredisclient import AsyncRedisClient
from zensols.persist.state.rediscalls import Call
from zensols.persist.state.redisscripts import Script


def call(text: str, *arguments: str) -> Call[object]:
    return Call(Script(text), arguments, lambda found: found)


ECHO = "return ARGV[1]"


@pytest.mark.parametrize("package", ["redis", "hiredis"])
def test_without_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] == package:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    client = AsyncRedisClient("redis://localhost:6379", timeout=30)
    with pytest.raises(
        PersistableError, match=r'pip install "zensols.persist\[redis\]"'
    ):
        asyncio.run(client.run(call(ECHO, "a")))


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


def test_server_that_forgot_the_scripts(redis_server_url: str) -> None:
    async def use() -> None:
        client = AsyncRedisClient(redis_server_url, timeout=30)
        texts = [f"return '{uuid4()}' .. ARGV[1]" for _ in range(3)]
        calls = [call(text, str(n)) for n in range(9) for text in texts]
        found = await asyncio.gather(*map(client.run, calls))
        with redis.Redis.from_url(redis_server_url, protocol=2) as other:
            other.script_flush()
        assert await asyncio.gather(*map(client.run, calls)) == found
        assert [reply[-1:] for reply in found[::3]] == [b"%d" % n for n in range(9)]
        await client.disconnect()

    asyncio.run(use())


def test_connections_are_few(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis()

    async def use() -> None:
        client = AsyncRedisClient(server.url, timeout=30)
        await asyncio.gather(*(client.run(call(ECHO, str(n))) for n in range(200)))
        with redis.Redis.from_url(server.url, protocol=2) as other:
            assert len(other.client_list(_type="normal")) == 2 + 1
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
