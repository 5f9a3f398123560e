from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import redis
from server_redis import RedisServer

from zensols.persist.codec import JsonCodec, default_codec
from zensols.persist.domain import ReadOnlyStash, StashURL, open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.redis import RedisStash
from zensols.persist.testing import StashContract


def raw(stash: RedisStash[Any]) -> redis.Redis:
    """Return the driver's own client."""
    return redis.Redis.from_url(stash.address, protocol=2)


def prefix(stash: RedisStash[Any]) -> bytes:
    return stash.namespace.encode() + b":"


@pytest.fixture
def stash(redis_url: str) -> Iterator[RedisStash[Any]]:
    stash: Any = open_stash(redis_url)
    yield stash
    stash.close()


@pytest.fixture
def client(stash: RedisStash[Any]) -> Iterator[redis.Redis]:
    with raw(stash) as client:
        yield client


class TestRedisStash(StashContract):
    processes = True

    @pytest.fixture
    def stash(self, redis_url: str) -> Iterator[Any]:
        stash: Any = open_stash(redis_url)
        yield stash
        stash.close()

    def reopen(self, stash: Any) -> Any:
        return open_stash(stash.url)

    def name(self, stash: Any, key: str) -> bytes:
        return prefix(stash) + key.encode("utf-8", "surrogatepass")

    def raw_get(self, stash: Any, key: str) -> Any:
        with raw(stash) as client:
            entry: Any = client.get(self.name(stash, key))
        codec = stash.codec or default_codec()
        return MISSING if entry is None else codec.decode(entry, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        codec = stash.codec or default_codec()
        with raw(stash) as client:
            client.set(self.name(stash, key), bytes(codec.encode(value, key)))

    def raw_keys(self, stash: Any) -> Iterable[str]:
        start = prefix(stash)
        with raw(stash) as client:
            names: Any = client.keys("*")
        return [
            name[len(start) :].decode("utf-8", "surrogatepass")
            for name in names
            if name.startswith(start)
        ]


class TestRedisStashOfJsonThatExpires(TestRedisStash):
    examples = 5

    @pytest.fixture
    def stash(self, redis_url: str) -> Iterator[Any]:
        stash: Any = open_stash(f"{redis_url}&codec=json&ttl=3600&timeout=30")
        yield stash
        stash.close()


@pytest.mark.parametrize(
    "namespace", ["", "a:b", "a%3Ab", "*", "a?", "[a-z]", "\\", "ü ", "%lock", "%"]
)
def test_namespaces_are_apart(redis_url: str, namespace: str) -> None:
    address, _, unique = redis_url.partition("?namespace=")
    spaces = [f"{unique}{namespace}", f"{unique}a", f"{unique}ax", unique]
    stashes = [RedisStash[str](address, namespace=space) for space in {*spaces}]
    for stash in stashes:
        stash["b:x"] = stash["x"] = stash.namespace
    for stash in stashes:
        assert sorted(stash) == [("b:x", stash.namespace), ("x", stash.namespace)]
        with stash.lock("x"):
            assert len(stash) == 2
            stash.clear()
        assert len(stash) == 0
        stash["x"] = stash.namespace
        stash["b:x"] = stash.namespace
    for stash in stashes:
        stash.clear()
        stash.close()


def test_names_in_the_database(stash: RedisStash[int], client: redis.Redis) -> None:
    stash["a/b"] = 1
    assert client.exists(f"{stash.namespace}:a/b")


def test_another_program_s_keys_are_left_alone(
    stash: RedisStash[int], client: redis.Redis
) -> None:
    name = prefix(stash) + b"\xff"
    client.set(name, b"theirs")
    stash["a"] = 1
    assert list(stash.keys()) == ["a"]
    assert len(stash) == 1
    stash.clear()
    assert client.get(name) == b"theirs"


def test_another_program_s_type(stash: RedisStash[int], client: redis.Redis) -> None:
    client.rpush(f"{stash.namespace}:a", "theirs")
    for read in stash.load, lambda key: list(stash.load_many([key])):
        with pytest.raises(PersistableError, match="something else than an entry"):
            read("a")


def test_many(stash: RedisStash[int]) -> None:
    items = {f"k{number}": number for number in range(2500)}
    stash.dump_many(items.items())
    assert dict(stash) == items
    keys = ["k7", "absent", "k2400", "k7", "k0"]
    assert list(stash.load_many(keys)) == [
        ("k7", 7),
        ("k2400", 2400),
        ("k7", 7),
        ("k0", 0),
    ]
    stash.delete_many([*(f"k{number}" for number in range(1, 2500)), "absent"])
    assert dict(stash) == {"k0": 0}
    stash.dump_many([])
    stash.delete_many([])
    assert list(stash.load_many([])) == []
    stash.dump_many([("twice", 1), ("twice", 2)])
    assert stash["twice"] == 2


def test_dump_many_that_fails_keeps_what_was_there(stash: RedisStash[Any]) -> None:
    stash["a"] = 1

    def items() -> Iterator[tuple[str, Any]]:
        yield "a", 2
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stash.dump_many(items())
    assert stash["a"] == 1


def commands(client: redis.Redis) -> dict[str, int]:
    stats: Any = client.info("commandstats")
    return {name: found["calls"] for name, found in stats.items()}


def test_batches(start_redis: Callable[..., RedisServer]) -> None:
    with (
        closing(RedisStash[int](start_redis().url)) as stash,
        raw(stash) as client,
    ):
        stash.dump_many((str(number), number) for number in range(2000))
        assert sum(1 for _ in stash.load_many(map(str, range(2000)))) == 2000
        stash.delete_many(map(str, range(2000)))
        found = commands(client)
    assert found["cmdstat_mset"] == 2
    assert found["cmdstat_eval"] == 2
    assert found["cmdstat_unlink"] == 2
    assert "cmdstat_set" not in found
