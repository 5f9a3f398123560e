from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

import zensols.persist
from zensols.persist.codec import JsonCodec, default_codec
from zensols.persist.domain import Reach, Stash, open_stash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.postgres import PostgresStash
from zensols.persist.testing import StashContract, StashHooks, WritableContract

ROOT = Path(zensols.persist.__file__).parents[2]


def execute(stash: PostgresStash[Any], query: LiteralString, *args: Any) -> list[Any]:
    """What a statement returns, of a client of our own."""
    name = sql.Identifier(*stash.table.split(".")).as_string().replace("%", "%%")
    table = sql.SQL(name)  # type: ignore[arg-type]
    with psycopg.connect(stash.address, autocommit=True) as connection:
        cursor = connection.execute(sql.SQL(query).format(table=table), args)
        return cursor.fetchall() if cursor.description else []


def stored(key: str) -> tuple[bytes, bytes | None]:
    data = key.encode("utf-8", "surrogatepass")
    if len(data) <= 2000:
        return data, None
    return b"\xff" + blake2b(data, digest_size=32).digest(), data


class InPostgres(StashHooks):
    processes = True
    table = "stash"

    @pytest.fixture
    def stash(self, postgres_url: str) -> Iterable[Stash[Any]]:
        stash = PostgresStash[Any](postgres_url, table=self.table)
        yield stash
        stash.close()

    def reopen(self, stash: Any) -> Stash[Any]:
        return PostgresStash(stash.address, table=stash.table)

    def raw_get(self, stash: Any, key: str) -> Any:
        self.make_table(stash)
        rows = execute(
            stash, "SELECT entry FROM {table} WHERE key = %s", stored(key)[0]
        )
        return default_codec().decode(rows[0][0], key) if rows else MISSING

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        self.make_table(stash)
        execute(
            stash,
            "INSERT INTO {table} (key, long_key, entry) VALUES (%s, %s, %s)",
            *stored(key),
            bytes(default_codec().encode(value, key)),
        )

    def raw_keys(self, stash: Any) -> Iterable[str]:
        self.make_table(stash)
        rows = execute(stash, "SELECT key, long_key FROM {table}")
        keys = [key if long_key is None else long_key for key, long_key in rows]
        assert [stored(key.decode("utf-8", "surrogatepass")) for key in keys] == rows
        return [key.decode("utf-8", "surrogatepass") for key in keys]

    def make_table(self, stash: Any) -> None:
        execute(
            stash,
            "CREATE TABLE IF NOT EXISTS {table} "
            "(key bytea PRIMARY KEY, long_key bytea, entry bytea NOT NULL)",
        )


class TestPostgresStash(InPostgres, StashContract):
    examples = 10
    large = True


class TestPostgresStashInSchema(InPostgres, WritableContract):
    """With names that only a quoted identifier can have."""

    table = "a\"; DROP SCHEMA public; --.Größe '%s {}"

    def make_table(self, stash: Any) -> None:
        schema = sql.Identifier(stash.table.split(".")[0])
        with psycopg.connect(stash.address, autocommit=True) as connection:
            create = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}")
            connection.execute(create.format(schema))
        super().make_table(stash)


@pytest.fixture
def stash(postgres_url: str) -> Iterable[PostgresStash[Any]]:
    stash = PostgresStash[Any](postgres_url)
    yield stash
    stash.close()


def count_tables(stash: PostgresStash[Any]) -> int:
    query: LiteralString = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    return int(execute(stash, query)[0][0])


def test_reading_makes_no_table(stash: PostgresStash[Any]) -> None:
    assert stash.load("a") is None
    assert not stash.exists("a")
    assert len(stash) == 0
    assert list(stash.load_many(["a"])) == []
    stash.delete("a")
    stash.delete_many(["a"])
    stash.clear()
    assert list(stash.keys()) == []
    assert count_tables(stash) == 0
    stash.dump_many([("a", 1)])
    assert count_tables(stash) == 1


def test_table_is_made_again(stash: PostgresStash[Any]) -> None:
    stash["a"] = 1
    execute(stash, "DROP TABLE {table}")
    assert list(stash) == []
    stash["b"] = 2
    assert dict(stash) == {"b": 2}


def test_many(stash: PostgresStash[Any]) -> None:
    items = {f"{number:05}": number for number in range(12_345)}
    stash.dump_many(items.items())
    assert len(stash) == len(items)
    assert list(stash.keys()) == sorted(items)
    names = [*reversed(items), "absent", "00001", "00001"]
    found = list(stash.load_many(names))
    assert found == [(name, items[name]) for name in names if name in items]
    stash.delete_many(["absent", *list(items)[:-2]])
    assert dict(stash) == {"12343": 12_343, "12344": 12_344}


def test_last_of_one_key_counts(stash: PostgresStash[Any]) -> None:
    stash.dump_many([("a", 1), ("b", 2), ("a", 3)])
    assert dict(stash) == {"a": 3, "b": 2}
    stash.dump_many([("b", 4), ("b" * 5000, 5), ("b", 6)])
    assert dict(stash) == {"a": 3, "b": 6, "b" * 5000: 5}


def test_keys_that_differ_beyond_what_is_indexed(stash: PostgresStash[Any]) -> None:
    long = "a" * 100_000
    keys = ["a" * 2000, "a" * 2001, long + "b", long + "c", "\ud800" * 700]
    for number, key in enumerate(keys):
        stash[key] = number
    assert {key: stash[key] for key in keys} == dict(zip(keys, range(5), strict=True))
    assert sorted(stash.keys()) == sorted(keys)
    stash.delete_many(keys[1:])
    assert list(stash.keys()) == keys[:1]


def test_large_values(stash: PostgresStash[Any]) -> None:
    large = os.urandom(64 << 20)
    stash["a"] = large
    assert stash["a"] == large
    items = {f"{number}": bytes([number]) * (3 << 20) for number in range(8)}
    stash.dump_many({**items, "9": large}.items())
    assert len(stash) == 10
    found = stash.load_many(["9", *reversed(items), "a", "absent"])
    assert list(found) == [("9", large), *reversed(items.items()), ("a", large)]


def test_too_large_value(stash: PostgresStash[Any]) -> None:
    for dump in (
        lambda entry: stash.dump_entry("a", entry),
        lambda entry: stash.dump_entries([("a", entry)]),
    ):
        with pytest.raises(PersistableError, match="compress it, or store it else"):
            dump(bytes(1_000_000_001))


def test_stash_is_changed_while_iterated(stash: PostgresStash[Any]) -> None:
    """With one connection, which a listing must not keep for itself."""
    narrow = PostgresStash[Any](stash.address, pool_size=1, timeout=60)
    narrow.dump_many((f"{number:04}", number) for number in range(3000))
    for key in narrow.keys():
        narrow.dump(key, narrow.load(key) + 1)
        if key == "1500":
            narrow.delete("1400")
            narrow.delete("2900")
    expected = {f"{number:04}": number + 1 for number in range(3000)}
    del expected["1400"], expected["2900"]
    assert dict(stash) == expected
    narrow.dump_many((key, [value]) for key, value in narrow.items())
    assert dict(stash) == {key: [value] for key, value in expected.items()}
    narrow.close()


def test_two_batches_don_t_wait_for_each_other(stash: PostgresStash[Any]) -> None:
    keys = [f"{number}" for number in range(2000)]
    query: LiteralString = (
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    before = execute(stash, query)

    def use(worker: int) -> None:
        order = keys if worker % 2 else keys[::-1]
        for _ in range(5):
            stash.dump_many((key, worker) for key in order)
            stash.delete_many(order)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(use, range(4)))
    assert len(stash) == 0
    assert execute(stash, query) == before


def test_close(stash: PostgresStash[Any]) -> None:
    stash["a"] = 1
    with stash.lock("a"):
        pass
    stash.close()
    stash.close()
    assert stash["a"] == 1
    with stash.lock("a"):
        pass


def test_field_that_is_set_later_counts(stash: PostgresStash[Any]) -> None:
    stash["a"] = 1
    stash.table = "other"
    assert list(stash) == []
    stash["b"] = 2
    stash.table = "stash"
    assert dict(stash) == {"a": 1}


def test_key_of_another_program(stash: PostgresStash[Any]) -> None:
    stash["a"] = 1
    query: LiteralString = "INSERT INTO {table} VALUES (%s, NULL, 'no entry')"
    execute(stash, query, b"\xfe\xff")
    with pytest.raises(PersistableError, match="no stash has written: delete its row"):
        list(stash.keys())
    assert stash["a"] == 1


def test_url(postgres_url: str) -> None:
    stash = PostgresStash[Any](
        f"{postgres_url}?sslmode=prefer&application_name=a%20b",
        table="a.b",
        timeout=2.5,
        pool_size=2,
        codec=JsonCodec(),
    )
    assert stash.url.options == {
        "sslmode": "prefer",
        "application_name": "a b",
        "table": "a.b",
        "timeout": "2.5",
        "pool_size": "2",
        "codec": "json",
    }
    stash["a"] = [1]
    other = open_stash(stash.url.reveal())
    assert isinstance(other, PostgresStash)
    assert (other.address, other.table) == (stash.address, "a.b")
    assert (other.timeout, other.pool_size) == (2.5, 2)
    assert isinstance(other.codec, JsonCodec)
    assert other["a"] == [1]
    short = open_stash(stash.url.reveal().replace("postgresql:", "postgres:"))
    assert short["a"] == [1]
    short.close()
    assert open_stash(postgres_url) == PostgresStash(postgres_url)
    assert PostgresStash[Any](postgres_url).url.reveal() == postgres_url
    stash.close()
    other.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://h/d?tabel=a", "unknown option 'tabel'; allowed: "),
        ("postgresql://h/d?timeout=soon", "value 'soon' of option 'timeout'"),
        ("postgresql://h/d?timeout=0", "timeout is 0.0"),
        ("postgresql://h/d?pool_size=0", "must be 1 or more"),
        ("postgresql://h/d?table=", "Table '' is no name"),
        ("postgresql://h/d?table=a.b.c", "Table 'a.b.c' is no name"),
        ("postgresql:d", "write postgresql://user:password@host:5432/database"),
    ],
)
def test_wrong_url(url: str, reason: str) -> None:
    with pytest.raises(PersistableError, match=re.escape(reason)):
        open_stash(url)


def test_text_has_no_password() -> None:
    stash = PostgresStash[Any]("postgresql://ann:s3cret@h/d?table=a", table="b")
    assert "s3cret" not in f"{stash!r} {stash} {stash.url} {stash.url!r}"
    assert "s3cret" in stash.url.reveal()


def test_missing_driver() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from zensols.persist import open_stash
stash = open_stash("postgresql://127.0.0.1/data")
for use in (lambda: stash["a"], lambda: stash.lock("a").__enter__(), stash.close):
    try:
        use()
    except Exception as e:
        print(type(e).__name__, e)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    out = done.stdout.splitlines()
    assert len(out) == 2
    for line in out:
        assert line.startswith("PersistableError PostgreSQL needs a package")
        assert "pip install 'zensols.persist[postgres]'" in line


def test_beside_is_a_table(stash: PostgresStash[Any]) -> None:
    beside: Any = stash.beside("notes")
    with closing(beside):
        assert beside.load("a") is None
        assert count_tables(stash) == 0
        beside["a"] = {"done": True}
        assert beside.table == "stash-beside-notes"
        assert beside.entry_info("a").codec == "json"
        assert execute(beside, "SELECT key FROM {table}") == [(b"a",)]
        assert count_tables(stash) == 1
        stash["a"] = 1
        assert count_tables(stash) == 2


def test_reach() -> None:
    assert PostgresStash("postgresql:///data?host=/tmp").reach is Reach.MACHINE
    assert PostgresStash("postgresql://db.example.org/data").reach is Reach.NETWORK
