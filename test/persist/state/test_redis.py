"""Persisters in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from server_redis import RedisServer

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.state import ALL, AsyncRedisPersister, RedisPersister
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


@pytest.fixture
def place(redis_url: str) -> dict[str, str]:
    """The server, and a namespace that is the test's own."""
    url, _, namespace = redis_url.partition("?namespace=")
    return {"url": url, "namespace": namespace}


class TestRedisPersister(PersisterContract):
    @pytest.fixture
    def persister(self, place: dict[str, str]) -> Iterator[RedisPersister]:
        with RedisPersister(**place) as persister:
            yield persister


class TestAsyncRedisPersister(AsyncPersisterContract):
    @pytest.fixture
    def persister(self, place: dict[str, str]) -> Iterator[AsyncRedisPersister]:
        persister = AsyncRedisPersister(**place)
        yield persister
        self.cleanup(persister)


def test_place_of_values(place: dict[str, str]) -> None:
    port = int(place["url"].rpartition(":")[2].partition("/")[0])
    with (
        RedisPersister.from_values(port=port, namespace=place["namespace"]) as one,
        RedisPersister(**place) as other,
    ):
        one.save("p", "app", 1, "step", {"n": 1}, "completed")
        found = other.load("p", "app")
    assert found is not None
    assert found["state"]["n"] == 1


def test_namespaces_are_apart(place: dict[str, str]) -> None:
    name = place["namespace"]
    names = (name, f"{name}:", f"{name}%states", f"{name}%states:app", f"{name}:*")
    for number, namespace in enumerate(names):
        with RedisPersister(place["url"], namespace=namespace) as persister:
            persister.save("p", "app", 1, "step", {"n": number}, "completed")
    for number, namespace in enumerate(names):
        with RedisPersister(place["url"], namespace=namespace) as persister:
            assert persister.list_app_ids(ALL) == ["app"]
            found = persister.load("p", "app")
            assert found is not None
            assert found["state"]["n"] == number


@pytest.mark.parametrize("kind", [RedisPersister, AsyncRedisPersister])
def test_shows_no_password(kind: type[RedisPersister]) -> None:
    for persister in (
        kind(host="::1", password="s3/cr@t"),
        kind("redis://ann:s3%2Fcr%40t@[::1]:6379/0"),
    ):
        assert "cr" not in repr(persister)
        assert "@[::1]:6379/0'" in repr(persister)


def test_password_with_special_characters(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis("--requirepass", "p@ss/w:rd?#%")
    with RedisPersister(port=server.port, password="p@ss/w:rd?#%") as persister:
        persister.save("p", "app", 1, "step", {}, "completed")
        assert persister.list_app_ids("p") == ["app"]
    with (
        RedisPersister(port=server.port, password="wrong") as persister,
        pytest.raises(StoreUnavailableError, match="the user and the password"),
    ):
        persister.load("p", "app")


def test_namespace_must_be_printable() -> None:
    with pytest.raises(PersistableError, match="printable"):
        RedisPersister(namespace="a\n")
