"""Persisters in PostgreSQL."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.state import AsyncPostgreSQLPersister, PostgreSQLPersister
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


class TestPostgreSQLPersister(PersisterContract):
    @pytest.fixture
    def persister(self, postgres_url: str) -> Iterator[PostgreSQLPersister]:
        with PostgreSQLPersister(postgres_url) as persister:
            yield persister


class TestPostgreSQLPersisterWithOddTable(PersisterContract):
    """With names that only a quoted identifier can have."""

    @pytest.fixture
    def persister(self, postgres_url: str) -> Iterator[PostgreSQLPersister]:
        table = "a\"; DROP SCHEMA public; --.Größe '%s ? {records}"
        with PostgreSQLPersister(postgres_url, table_name=table) as persister:
            yield persister


class TestAsyncPostgreSQLPersister(AsyncPersisterContract):
    @pytest.fixture
    def persister(self, postgres_url: str) -> Iterator[AsyncPostgreSQLPersister]:
        persister = AsyncPostgreSQLPersister(postgres_url)
        yield persister
        self.cleanup(persister)


def test_parts_of_an_address(postgres_guarded_url: str) -> None:
    parts = urlsplit(postgres_guarded_url)
    given = {
        "db_name": parts.path[1:],
        "user": "guarded",
        "password": "s3cr:et/@#?%",
        "port": parts.port,
    }
    with PostgreSQLPersister.from_config({**given, "host": "127.0.0.1"}) as persister:
        persister.save("p", "app", 1, "step", {"n": 1}, "completed")
    wrong = {**given, "password": "s3cret", "host": "127.0.0.1"}
    with (
        PostgreSQLPersister(**wrong) as persister,
        pytest.raises(StoreUnavailableError, match="password") as info,
    ):
        persister.load("p", "app")
    assert "s3cret" not in str(info.value)

    async def load() -> Any:
        persister = AsyncPostgreSQLPersister(**{**given, "host": "127.0.0.1"})
        async with persister:
            return await persister.load("p", "app")

    assert asyncio.run(load())["state"] == {"n": 1}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "needs either uri or db_name"),
        ({"user": "ann"}, "needs either uri or db_name"),
        ({"uri": "postgresql://h/d", "db_name": "d"}, "needs either uri or db_name"),
        ({"uri": "postgresql://h/d", "port": 1}, "needs either uri or db_name"),
        ({"uri": "sqlite:///d"}, "write postgresql://user:password@host:5432/database"),
        ({"db_name": "d", "timeout": 0}, "timeout is 0"),
        ({"db_name": "d", "pool_size": 0}, "pool_size must be 1 or more, not 0"),
        ({"db_name": "d", "table_name": ""}, "Table '' is no name"),
        ({"db_name": "d", "table_name": "a" * 60}, "is no name"),
    ],
)
def test_wrong_arguments(given: dict[str, Any], reason: str) -> None:
    for kind in PostgreSQLPersister, AsyncPostgreSQLPersister:
        with pytest.raises(PersistableError, match=re.escape(reason)):
            kind(**given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost:5432/a%2Fb"),
        ({"host": "::1", "user": "ann"}, "ann@[::1]:5432/a%2Fb"),
        ({"host": "/run/pg", "port": 7}, "/a%2Fb?host=%2Frun%2Fpg&port=7"),
    ],
)
def test_address_of_parts(given: dict[str, Any], expected: str) -> None:
    persister = PostgreSQLPersister(db_name="a/b", **given)
    assert persister._records._server.address == f"postgresql://{expected}"


def test_tables_are_apart(postgres_url: str) -> None:
    with (
        PostgreSQLPersister(postgres_url) as one,
        PostgreSQLPersister(postgres_url, table_name="other") as other,
    ):
        one.save("p", "app", 1, "step", {"n": 1}, "completed")
        other.save("p", "app", 1, "step", {"n": 2}, "completed")
        found = [persister.load("p", "app") for persister in (one, other)]
    assert [data["state"]["n"] for data in found if data] == [1, 2]


def test_nothing_is_made_by_reading(postgres_url: str) -> None:
    with PostgreSQLPersister(postgres_url) as persister:
        assert not persister.is_initialized()
        assert persister.load("p", "app") is None
        assert persister.list_app_ids("p") == []
        assert not persister.delete("p", "app")
        assert not persister.is_initialized()
        persister.initialize()
        assert persister.is_initialized()


def test_table_of_another_program_is_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE burr_state (a int)")
    with (
        PostgreSQLPersister(postgres_url) as persister,
        pytest.raises(PersistableError, match="made by another program"),
    ):
        persister.save("p", "app", 1, "step", {}, "completed")


def test_long_names_that_differ_at_their_ends(postgres_url: str) -> None:
    """Longer than what an index takes, and not to be compressed."""
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(10_000))
    names = [long + end for end in "abc"]
    with PostgreSQLPersister(postgres_url) as persister:
        for number, name in enumerate(names):
            persister.save(name, name, 1, name, {"n": number}, "completed")
            persister.save(name, name, 1, name, {"n": number}, "completed")
        for number, name in enumerate(names):
            assert persister.list_app_ids(name) == [name]
            (item,) = persister.history(name, name)
            assert item.position == name
            found = persister.load(name, name)
            assert found is not None
            assert found["state"] == {"n": number}


def test_what_postgresql_has_no_room_for(postgres_url: str) -> None:
    with PostgreSQLPersister(postgres_url) as persister:
        for app_id, number in ("a\0b", 1), ("app", 1 << 70):
            with pytest.raises(PersistableError, match="refuses"):
                persister.save("p", app_id, number, "step", {}, "completed")
        persister.save("p", "app", 1, "step", {}, "completed")
        assert persister.list_app_ids("p") == ["app"]


def test_dropped_tables_are_made_again(postgres_url: str) -> None:
    with PostgreSQLPersister(postgres_url) as persister:
        for number in range(2):
            persister.save("p", "app", number, "step", {}, "completed")
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute(
                    "DROP TABLE burr_state, burr_state_branches, burr_state_about"
                )
            assert persister.load("p", "app") is None
        persister.save("p", "app", 5, "step", {}, "completed")
        assert [item.sequence_id for item in persister.history("p", "app")] == [5]
