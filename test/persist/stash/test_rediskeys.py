from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.error import StoreUnavailableError
from zensols.persist.stash.redisclient import RedisClient
from zensols.persist.stash.rediskeys import walk


@pytest.fixture
def server(start_redis: Callable[..., RedisServer]) -> RedisServer:
    return start_redis("--enable-debug-command", "local")


@pytest.fixture
def client(server: RedisServer) -> Iterator[RedisClient]:
    client = RedisClient(server.url, timeout=30)
    yield client
    client.close()


@pytest.fixture
def raw(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, protocol=2) as raw:
        yield raw


def populate(raw: redis.Redis, count: int) -> None:
    raw.flushall()
    raw.execute_command("DEBUG", "POPULATE", count, "a", 1)


def test_walks_all_of_a_prefix(client: RedisClient, raw: redis.Redis) -> None:
    populate(raw, 5000)
    raw.mset({"b:1": "", "a": "", "aa:1": "", "": ""})
    names = list(walk(client, b"a:"))
    assert sorted(names) == sorted(b"a:%d" % number for number in range(5000))


@pytest.mark.parametrize(
    "prefix", [b"*", b"a?", b"[ab]", b"\\", b"a\\*", b"^", b"\xff"]
)
def test_prefix_is_no_pattern(
    client: RedisClient, raw: redis.Redis, prefix: bytes
) -> None:
    raw.mset({b"a": "", b"ab": "", b"a*": "", b"xyz": "", prefix + b"1": ""})
    assert list(walk(client, prefix + b"1")) == [prefix + b"1"]


def test_is_lazy(client: RedisClient, raw: redis.Redis) -> None:
    populate(raw, 20_000)
    next(walk(client, b"a:"))
    stats: Any = raw.info("commandstats")
    assert stats["cmdstat_scan"]["calls"] == 1


def scan_while_it_shrinks(
    client: RedisClient, raw: redis.Redis
) -> tuple[list[bytes], list[bytes]]:
    """Return what the server has named, and what `walk` has."""
    count, kept = 30_000, 500
    populate(raw, count)
    named: list[bytes] = []
    walked: list[bytes] = []
    names = walk(client, b"a:")
    cursor = 0
    for _ in range(10):
        cursor, found = raw.scan(cursor, match="a:*", count=1000)  # type: ignore[misc]
        named += found
        walked += [next(names) for _ in found]
    # The smaller the table, the more of its buckets become one, in which those
    # are that were named last.
    last = {*named[-kept:]}
    gone = [name for n in range(count) if (name := b"a:%d" % n) not in last]
    # Each command moves a part of the table, so that it takes many.
    for first in range(0, len(gone), 50):
        raw.delete(*gone[first : first + 50])
    while cursor:
        cursor, found = raw.scan(cursor, match="a:*", count=1000)  # type: ignore[misc]
        named += found
    walked += names
    assert last <= {*walked}
    return named, walked


def test_names_each_once_though_the_server_does_not(
    start_redis: Callable[..., RedisServer],
) -> None:
    # How many it repeats depends on its random seed.
    for _ in range(10):
        server = start_redis("--enable-debug-command", "local")
        client = RedisClient(server.url, timeout=30)
        with (
            closing(client),
            redis.Redis.from_url(server.url, protocol=2) as raw,
        ):
            named, walked = scan_while_it_shrinks(client, raw)
        assert len(walked) == len({*walked})
        if len(named) > len({*named}):
            return
    pytest.fail("no server has repeated any")


def test_server_started_anew_before_the_end(
    client: RedisClient, raw: redis.Redis, server: RedisServer
) -> None:
    for first in range(0, 20_000, 1000):
        raw.mset({f"a:{number}": "" for number in range(first, first + 1000)})
    names = walk(client, b"a:")
    next(names)
    server.kill()
    server.start()
    with pytest.raises(StoreUnavailableError, match="list them again"):
        list(names)
    assert len(list(walk(client, b"a:"))) == 20_000


def test_connection_dropped_before_the_end(
    client: RedisClient, raw: redis.Redis
) -> None:
    populate(raw, 20_000)
    names = walk(client, b"a:")
    first = next(names)
    raw.client_kill_filter(_id=str(client.call(lambda redis: redis.client_id())))
    assert len({first, *names}) == 20_000
