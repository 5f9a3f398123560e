from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from zensols.persist.error import PersistableError
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.stash.postgrespool import PostgresPool
from zensols.persist.stash.postgrestable import (
    PostgresTable,
    beside_table,
    key_columns,
    table_names,
)


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a.b.c", "a" * 64, "ü" * 32, "a\0", "\ud800"]
)
def test_wrong_names(name: str) -> None:
    with pytest.raises(PersistableError, match="is no name in PostgreSQL"):
        table_names(name)


@pytest.mark.parametrize("name", ["a", "a b", "A.select", "ü" * 31, "a" * 63, '"'])
def test_names(name: str) -> None:
    assert ".".join(table_names(name)) == name


def test_beside_has_a_name_in_the_same_schema() -> None:
    assert beside_table("stash", "notes") == "stash-beside-notes"
    assert beside_table("odd.na'me", "notes") == "odd.na'me-beside-notes"


@pytest.mark.parametrize("name", ["x" * 63, "é" * 31, "x" * 50])
def test_beside_of_a_long_name(name: str) -> None:
    made = {
        beside_table(name, "z" * 30),
        beside_table(name, "y" * 30),
        beside_table(name[:-1] + "y", "z" * 30),
        beside_table(f"schema.{name}", "z" * 30),
    }
    assert len(made) == 4
    for table in made:
        assert table_names(table)[-1].endswith("-beside-" + table[-30:])


def test_long_key_is_no_other_key() -> None:
    key = "a" * 2001
    indexed, long_key = key_columns(key)
    assert long_key == key.encode()
    # What no text is in UTF-8, surrogates included.
    assert indexed[0] == 0xFF
    assert indexed != key_columns(key + "a")[0]
    assert key_columns(key[:-1]) == (key[:-1].encode(), None)


@pytest.fixture
def pool(postgres_url: str) -> Iterator[PostgresPool]:
    pool = PostgresPool(PostgresServer(postgres_url, 10), 8)
    yield pool
    pool.close()


@pytest.mark.parametrize("name", ["a", "s.a"])
def test_create_at_once(pool: PostgresPool, name: str) -> None:
    for number in range(5):
        table = PostgresTable(f"{name}{number}")
        with ThreadPoolExecutor(8) as executor:
            for future in [executor.submit(table.create, pool) for _ in range(8)]:
                future.result()
        assert pool.execute(table.count) == [(0,)]


def test_create_where_that_is_not_allowed(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public")
        connection.execute("ALTER ROLE CURRENT_USER SET search_path = nowhere")
    try:
        pool = PostgresPool(PostgresServer(postgres_url, 10), 1)
        with pytest.raises(PersistableError, match="no schema has been selected"):
            PostgresTable("a").create(pool)
        pool.close()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE CURRENT_USER RESET search_path")
