"""Records in PostgreSQL."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.chain import Stored
from zensols.persist.state.postgresrecords import PostgresRecords
from zensols.persist.state.postgresstatements import PostgresStatements, known
from zensols.persist.state.record import Draft, Record
from zensols.persist.state.records import ANY, Refused

ADD_SECOND: LiteralString = (
    "INSERT INTO states (branch, sequence_id, position, status, created_at, size, "
    "kind, path, place, payload, hidden) SELECT branch, 2, position, status, "
    "created_at, size, kind, path, place, payload, hidden FROM states"
)


@pytest.fixture
def records(postgres_url: str) -> Iterator[PostgresRecords]:
    records = PostgresRecords(postgres_url, "states", 60, 4)
    yield records
    records.close()


def draft(number: int, status: Any = "completed", **stored: Any) -> Draft:
    piece = Stored("delta" if stored else "whole", b"data", **stored)
    when = f"2026-01-01T00:00:{number:02}"
    return Draft("p", "app", number, "step", status, when, None, 4, piece)


def execute(url: str, query: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def test_base_can_t_be_deleted(records: PostgresRecords, postgres_url: str) -> None:
    base = records.add(draft(1), ANY)
    later = records.add(draft(2, path=(base,), place=1), ANY)
    records.discard([base], [], [])
    assert records.find_pieces([base, later]).keys() == {base, later}
    with pytest.raises(psycopg.IntegrityError, match="foreign key"):
        execute(postgres_url, "DELETE FROM states WHERE base IS NULL")
    records.discard([later, base], [], [])
    assert records.find_pieces([base, later]) == {}


def test_bases_of_what_stays_stay(records: PostgresRecords) -> None:
    first = records.add(draft(1), ANY)
    second = records.add(draft(2, path=(first,), place=1), ANY)
    third = records.add(draft(3, path=(first, second), place=2), ANY)
    other = records.add(draft(4), ANY)
    records.discard([other, second, first], [], [])
    ids = [first, second, third, other]
    assert records.find_pieces(ids).keys() == {first, second, third}


def test_base_that_is_gone(records: PostgresRecords) -> None:
    base = records.add(draft(1), ANY)
    records.discard([base], [], [])
    for expected in ANY, None:
        lost = draft(2, path=(base,), place=1)
        assert records.add(lost, expected) is Refused.LOST
    assert isinstance(records.add(draft(2), ANY), int)


def test_base_deleted_meanwhile(records: PostgresRecords, postgres_url: str) -> None:
    """A save against what somebody deletes waits, and is told that it is gone."""
    base = records.add(draft(1), ANY)
    results: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("DELETE FROM states")
        saver = threading.Thread(
            target=lambda: results.append(
                records.add(draft(2, path=(base,), place=1), ANY)
            )
        )
        saver.start()
        wait_for_waiter(postgres_url)
        other.commit()
    saver.join(60)
    assert results == [Refused.LOST]


def wait_for_waiter(url: str) -> None:
    query = "SELECT 1 FROM pg_locks WHERE NOT granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() is None:
            pass


@pytest.mark.parametrize("expected", [ANY, 1])
def test_saver_of_the_same_application_is_waited_for(
    records: PostgresRecords, postgres_url: str, expected: Any
) -> None:
    """Whoever comes second sees what the first one saved."""
    first = records.add(draft(1), ANY)
    results: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM states_branches FOR NO KEY UPDATE")
        saver = threading.Thread(
            target=lambda: results.append(records.add(draft(2), expected))
        )
        saver.start()
        wait_for_waiter(postgres_url)
        other.execute(
            "INSERT INTO states (branch, sequence_id, position, status, created_at, "
            "size, kind, path, place, payload, hidden, step) "
            "SELECT branch, 2, position, status, 'other', size, kind, path, place, "
            "payload, hidden, step FROM states"
        )
        other.commit()
    saver.join(60)
    (result,) = results
    assert isinstance(result, Record)
    assert (result.created_at, result.sequence_id) == ("other", 2)
    assert result.id > first


def test_expected_one_that_was_followed_meanwhile(
    records: PostgresRecords, postgres_url: str
) -> None:
    records.add(draft(1), ANY)
    results: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM states_branches FOR NO KEY UPDATE")
        saver = threading.Thread(
            target=lambda: results.append(records.add(draft(3), 1))
        )
        saver.start()
        wait_for_waiter(postgres_url)
        other.execute(ADD_SECOND)
        other.commit()
    saver.join(60)
    assert results == [Refused.MOVED]


def test_failed_one_is_added_once_for_each_attempt(records: PostgresRecords) -> None:
    first = records.add(draft(1, "failed"), ANY)
    assert records.add(draft(1, "failed"), ANY) == first
    again = Draft(
        "p", "app", 1, "step", "failed", "later", None, 4, Stored("whole", b"data")
    )
    assert records.add(again, ANY) not in (first, Refused.LOST)
    branch = records.find_branch("p", "app")
    assert branch is not None


def test_usual_save_is_one_statement(
    records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once there is the application."""
    base = records.add(draft(1), ANY)
    statements = []
    run = records.run

    def counted(statement: bytes, parameters: Any) -> Any:
        statements.append(statement)
        return run(statement, parameters)

    monkeypatch.setattr(records, "run", counted)
    monkeypatch.setattr(records, "transact", None)
    records.add(draft(2, path=(base,), place=1), ANY)
    assert len(statements) == 1


def test_pickled_has_the_same(records: PostgresRecords) -> None:
    records.add(draft(1), ANY)
    other = pickle.loads(pickle.dumps(records))
    assert other.find("p", "app", None) == records.find("p", "app", None)
    other.close()


def test_transaction_is_all_or_nothing(records: PostgresRecords) -> None:
    records.add(draft(1), ANY)
    newest = records.find("p", "app", None)

    def use() -> Any:
        yield "run", b"DELETE FROM states", ()
        yield "run", b"SELECT 1 / 0", ()

    with pytest.raises(PersistableError, match="division by zero"):
        records.transact(use)
    assert records.find("p", "app", None) == newest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(postgres_url: str, start_client: Any) -> None:
    code = """
import os, sys, warnings
warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
from zensols.persist.state import PostgreSQLPersister
persister = PostgreSQLPersister(sys.argv[1])
def save(who):
    for number in range(20):
        persister.save("p", who, number, "step", {"n": number}, "completed")
        assert persister.load("p", who)["sequence_id"] == number
save("before")
children = []
for number in range(3):
    pid = os.fork()
    if not pid:
        save(f"child {number}")
        if number:
            persister.cleanup()
            sys.exit(0)
        os._exit(0)
    children.append(pid)
save("parent")
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
save("after")
print(sorted(persister.list_app_ids("p")))
"""
    with start_client(code, postgres_url) as child:
        out, error = child.communicate(timeout=60)
    assert (child.returncode, error) == (0, "")
    assert out == "['after', 'before', 'child 0', 'child 1', 'child 2', 'parent']\n"


@pytest.mark.parametrize("analyzed", [False, True])
def test_newest_is_found_without_reading_all(
    records: PostgresRecords, postgres_url: str, analyzed: bool
) -> None:
    """Whether the server knows the table yet or not."""
    for number in range(300):
        records.add(draft(number), ANY)
    if analyzed:
        execute(postgres_url, "ANALYZE states")
    sql, app = PostgresStatements("states"), known("p", "app")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for statement, parameters in (
            (sql.find, app),
            (sql.find_sequence, (*app, 7)),
            (sql.find_same, (*app, 7, b"step")),
        ):
            query = b"EXPLAIN (ANALYZE, FORMAT JSON) " + statement
            row = connection.execute(query, parameters).fetchone()
            assert row is not None
            assert most_rows(row[0][0]["Plan"]) == 1


def most_rows(plan: dict[str, Any]) -> float:
    """How many rows any part of a plan has read at most."""
    parts = map(most_rows, plan.get("Plans", ()))
    return max(float(plan["Actual Rows"]), *parts, 0.0)


def test_fork_of_what_is_being_deleted(
    records: PostgresRecords, postgres_url: str
) -> None:
    """It waits, and is told that it is gone."""
    records.add(draft(1), ANY)
    source, record = records.find_branch("p", "app"), records.find("p", "app", 1)
    results: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE states_branches SET app_id = NULL, app_digest = NULL")
        forker = threading.Thread(
            target=lambda: results.append(records.fork("p", "fork", source, record))
        )
        forker.start()
        wait_for_waiter(postgres_url)
        other.commit()
    forker.join(60)
    assert results == [Refused.LOST]
    assert records.find_branch("p", "fork") is None


def test_what_is_saved_meanwhile_is_not_deleted(
    records: PostgresRecords, postgres_url: str
) -> None:
    """Who deletes waits for who saves, and leaves what has come."""
    first = records.add(draft(1), ANY)
    branch = records.find_branch("p", "app")
    assert branch is not None
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM states_branches FOR NO KEY UPDATE")
        deleter = threading.Thread(target=lambda: records.release(branch.id, first))
        deleter.start()
        wait_for_waiter(postgres_url)
        other.execute(ADD_SECOND)
        other.commit()
    deleter.join(60)
    assert records.find_branch("p", "app") == branch
    records.release(branch.id, ANY)
    assert records.find_branch("p", "app") is None
