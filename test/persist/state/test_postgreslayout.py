"""The tables of persisters on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.postgreslayout import PostgresLayout
from zensols.persist.state.postgresrecords import PostgresRecords
from zensols.persist.state.postgresstatements import VERSION, PostgresStatements
from zensols.persist.state.steps import drive

OPENER = """
import sys
from zensols.persist.state import PostgreSQLPersister
url, table, app = sys.argv[1:]
persister = PostgreSQLPersister(url, table_name=table)
print("ready", flush=True)
input()
persister.save("p", app, 1, "step", {}, "completed")
persister.cleanup()
"""


@pytest.fixture
def records(postgres_url: str) -> Iterator[PostgresRecords]:
    records = PostgresRecords(postgres_url, "states", 60, 4)
    yield records
    records.close()


def layout() -> PostgresLayout:
    return PostgresLayout("here", "states", PostgresStatements("states"))


def test_newer_layout_is_refused(records: PostgresRecords, postgres_url: str) -> None:
    drive(layout().set_up(), records)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE states_about SET value = value + 1")
    for steps in layout().is_set_up(), layout().set_up(), layout().read(b"SELECT 1"):
        with pytest.raises(PersistableError, match=f"layout {VERSION + 1}, of a newer"):
            drive(steps, records)


def test_set_up_looks_once(records: PostgresRecords) -> None:
    there = layout()
    assert not drive(there.is_set_up(), records)
    assert drive(there.read(b"SELECT 1"), records) == []
    drive(there.set_up(), records)
    assert list(there.set_up()) == []
    assert drive(there.is_set_up(), records)
    assert drive(there.read(b"SELECT %s::int", 1), records) == [(1,)]


def test_transaction_without_a_table(records: PostgresRecords) -> None:
    def use() -> Any:
        return (yield "run", b"SELECT * FROM absent", ())

    with pytest.raises(PersistableError, match="was dropped while in use"):
        drive(layout().transact(use), records)


def test_several_processes_set_up_at_once(postgres_url: str, start_client: Any) -> None:
    tables = "a", "new.a", "new.b"
    openers = [
        start_client(OPENER, postgres_url, table, f"{number}")
        for number in range(3)
        for table in tables
    ]
    for opener in openers:
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        opener.stdin.write("\n")
        opener.stdin.flush()
    for opener in openers:
        _, error = opener.communicate(timeout=60)
        assert (opener.returncode, error) == (0, "")
    for table in tables:
        other = PostgresRecords(postgres_url, table, 60, 1)
        assert sorted(app for _, app in other.list_apps("p")) == ["0", "1", "2"]
        other.close()
