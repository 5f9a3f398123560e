"""Open a persister by its URL."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import StashURL
from zensols.persist.error import PersistableError
from zensols.persist.state import (
    MongoDBPersister,
    PostgreSQLPersister,
    RedisPersister,
    SQLitePersister,
    open_async_persister,
    open_persister,
)

URLS = {
    "memory:": "InMemoryPersister",
    "sqlite:///data/states.db": "SQLitePersister",
    "sqlite:///data/a%20b.db?table=t&durability=fsync&timeout=2.5": "SQLitePersister",
    "postgresql://ann:secret@host:5433/db": "PostgreSQLPersister",
    "postgres://host/db?sslmode=require&table=s.t&timeout=3.0&pool_size=2": (
        "PostgreSQLPersister"
    ),
    "redis://:secret@host:6379/3?namespace=chats": "RedisPersister",
    "rediss://ann:secret@host/0?ssl_cert_reqs=none&timeout=3.0": "RedisPersister",
    "mongodb://host:27017/db?collection=chats": "MongoDBPersister",
    "mongodb+srv://host/db?w=1&timeout=3.0": "MongoDBPersister",
    "mongodb://one,other:27018/db?replicaSet=r": "MongoDBPersister",
    "dir:///data/states?codec=json": "StashPersister",
    "lmdb:///data/states": "StashPersister",
    "stash+sqlite:///data/states.db?table=t": "StashPersister",
    "stash+redis://:secret@host/0?namespace=n": "StashPersister",
}

WRONG = {
    "sqlite:a.db?tabel=t": "unknown option 'tabel'; allowed: durability, table, timeout",
    "sqlite:a.db?durability=power": "option 'durability': use one of process, fsync",
    "sqlite:a.db?table=sqlite_a": "SQLite keeps such names to itself",
    "sqlite:a.db?codec=json": "unknown option 'codec'",
    "sqlite:": "no path",
    "sqlite:a.db?types=Message": "'types': give it to the function that opens this",
    "sqlite:a.db?migrations=x": "'migrations': give it to the function",
    "postgresql://host/db?timeout=-1": "'timeout': give a number of seconds above 0",
    "postgresql://host/db?pool_size=0": "pool_size must be 1 or more",
    "redis://host/a": "database 'a': it has a number",
    "redis://host/0?table=t": "unknown option 'table'; allowed: namespace",
    "redis://host/0?ssl_cert_reqs=none": "only rediss URLs use TLS",
    "mongodb://host": "no database: write mongodb://host:port/database",
    "mongodb://host/db?table=t": "unknown option 'table'",
    "memory:here": "memory has no places",
    "dir:states?ttl=60": "'ttl': states don't expire",
    "dir:states?trust=any": "'trust'",
    "nowhere:states": "unknown scheme 'nowhere'; known: dir",
    "states.db": "No scheme",
}


@dataclass
class Message:
    text: str


@pytest.mark.parametrize(("url", "name"), URLS.items())
def test_opens_what_its_url_says(url: str, name: str) -> None:
    for open_, prefix in (open_persister, ""), (open_async_persister, "Async"):
        persister: Any = open_(url)
        assert type(persister).__name__ == prefix + name
        found = persister.url
        assert StashURL.parse(url) == found
        assert open_(found).url == found
        for text in repr(persister), str(found):
            assert "secret" not in text


@pytest.mark.parametrize(("url", "reason"), WRONG.items())
def test_says_what_is_wrong(url: str, reason: str) -> None:
    for open_ in open_persister, open_async_persister:
        with pytest.raises(PersistableError) as caught:
            open_(url)
        assert reason in str(caught.value)


def test_passwords_are_not_shown_in_errors() -> None:
    for url in (
        "postgresql://ann:secret@host/db?tabel=t",
        "redis://:secret@host/0?tabel=t",
        "mongodb://ann:secret@host/",
    ):
        with pytest.raises(PersistableError, match=r"\*\*\*@host") as caught:
            open_persister(url)
        assert "secret" not in str(caught.value)


def test_options_are_passed_on(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/states.db"
    with open_persister(url, types=[Message], schema_version=3) as persister:
        persister.save("p", "app", 1, "step", {"last": Message("hi")}, "completed")

    async def load() -> Any:
        async with open_async_persister(
            url, types=[Message], schema_version=3
        ) as other:
            return await other.load("p", "app")

    assert asyncio.run(load())["state"] == {"last": Message("hi")}


def test_same_states_by_url(
    tmp_path: Path, postgres_url: str, redis_url: str, mongo_url: str
) -> None:
    server, _, namespace = redis_url.partition("?namespace=")
    uri, _, database = mongo_url.rpartition("/")
    persisters = [
        SQLitePersister(tmp_path / "a b.db", "t"),
        PostgreSQLPersister(postgres_url, table_name="t"),
        RedisPersister(server, namespace=namespace),
        MongoDBPersister(uri, database, "chats"),
    ]
    for number, persister in enumerate(persisters):
        with persister, open_persister(persister.url) as other:
            assert type(other) is type(persister)
            persister.save("p", "app", 1, "step", {"n": number}, "completed")
            found = other.load("p", "app")
            assert found is not None
            assert found["state"] == {"n": number}
