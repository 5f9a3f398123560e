"""Persisters that are made of what Burr's are made of."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import (
    AsyncPostgreSQLPersister,
    AsyncRedisPersister,
    PostgreSQLPersister,
    RedisPersister,
)

POSTGRES = "data", "ann", "secret", "db.example.org", 7, "chats"


@pytest.mark.parametrize("kind", [PostgreSQLPersister, AsyncPostgreSQLPersister])
def test_postgresql(kind: Any) -> None:
    expected = kind("postgresql://ann:secret@db.example.org:7/data", table_name="chats")
    made = make(kind, *POSTGRES)
    assert made._records._arguments == expected._records._arguments
    assert make(kind, "postgresql://h/d")._records._arguments[0] == "postgresql://h/d"


@pytest.mark.parametrize("kind", [RedisPersister, AsyncRedisPersister])
def test_redis(kind: Any) -> None:
    made = make(kind, "db.example.org", 7, 1, "secret", namespace="chats")
    url = "redis://:secret@db.example.org:7/1"
    assert made._records._arguments == (url, "chats", 10.0)


def test_too_many_and_twice() -> None:
    with pytest.raises((TypeError, PersistableError)):
        RedisPersister.from_values("h", 1, 2, "secret", "more")


def make(kind: Any, *args: Any, **values: Any) -> Any:
    async def wait() -> Any:
        return await made

    made = kind.from_values(*args, **values)
    return made if isinstance(made, kind) else asyncio.run(wait())
