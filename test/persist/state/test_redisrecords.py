"""Records in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from zensols.persist.error import PersistableError
from zensols.persist.state import RedisPersister, StateConflictError
from zensols.persist.state.rediscalls import VERSION
from zensols.persist.state.redisrecords import RedisRecords


@pytest.fixture
def place(redis_url: str) -> tuple[str, str]:
    url, _, namespace = redis_url.partition("?namespace=")
    return url, namespace


@pytest.fixture
def server(place: tuple[str, str]) -> Iterator[Any]:
    with Redis.from_url(place[0], protocol=2) as server:
        yield server


@pytest.fixture
def persister(place: tuple[str, str]) -> Iterator[RedisPersister]:
    with RedisPersister(place[0], namespace=place[1]) as persister:
        yield persister


def test_newer_layout_is_refused(
    persister: RedisPersister, server: Any, place: tuple[str, str]
) -> None:
    persister.initialize()
    assert server.incr(f"{place[1]}%states:about") == VERSION + 1
    records = RedisRecords(*place, timeout=60)
    with pytest.raises(PersistableError, match=f"layout {VERSION + 1}, of a newer"):
        records.find("p", "app", None)
    records.close()


def test_nothing_is_made_by_reading(
    persister: RedisPersister, server: Any, place: tuple[str, str]
) -> None:
    assert persister.load("p", "app") is None
    assert not persister.is_initialized()
    assert list(server.scan_iter(f"{place[1]}%states:*", count=10_000)) == []


def test_nothing_is_left_of_what_was_deleted(
    persister: RedisPersister, server: Any, place: tuple[str, str]
) -> None:
    for number in range(9):
        state = {"number": number, "text": ["x" * 100] * (100 + number)}
        persister.save("p", "app", number, "step", state, "completed")
    persister.fork("p", "app", 5, "fork")
    persister.fork("p", "fork", 3, "second")
    for app in "app", "fork", "second":
        assert persister.delete("p", app)
    left = sorted(server.scan_iter(f"{place[1]}%states:*", count=10_000))
    prefix = f"{place[1]}%states:".encode()
    assert left == [prefix + b"about", prefix + b"ids"]


def test_refused_application_is_not_made(persister: RedisPersister) -> None:
    with pytest.raises(StateConflictError):
        persister.save("p", "app", 2, "step", {}, "completed", expected_sequence=1)
    assert persister.list_app_ids("p") == []


def test_scripts_are_sent_again_to_a_server_that_forgot_them(
    persister: RedisPersister, server: Any
) -> None:
    persister.save("p", "app", 1, "step", {}, "completed")
    server.script_flush()
    persister.save("p", "app", 2, "step", {}, "completed")
    assert len(persister.history("p", "app")) == 2


def test_large_sequence_numbers_are_told_apart(persister: RedisPersister) -> None:
    numbers = [2**60, 2**60 + 1, -1, 1, 11]
    for number in numbers:
        persister.save("p", "app", number, "step", {"n": number}, "completed")
    for number in numbers:
        found = persister.load("p", "app", number)
        assert found is not None
        assert (found["sequence_id"], found["state"]["n"]) == (number, number)
    assert [h.sequence_id for h in persister.history("p", "app")] == numbers


def test_long_positions(persister: RedisPersister) -> None:
    for end in "ab":
        persister.save("p", "app", 1, "ü" * 5000 + end, {"at": end}, "completed")
    history = persister.history("p", "app")
    assert [item.position[-1] for item in history] == ["a", "b"]
    assert persister.delete("p", "app")
