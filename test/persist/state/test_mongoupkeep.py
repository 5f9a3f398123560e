"""How applications come and go in MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zensols.persist.state import MongoDBPersister
from zensols.persist.state.chain import Stored
from zensols.persist.state.mongorecords import MongoRecords
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY, Refused


@pytest.fixture
def persister(mongo_url: str) -> Iterator[MongoDBPersister]:
    uri, _, name = mongo_url.rpartition("/")
    with MongoDBPersister(uri, name, "states") as persister:
        yield persister


@pytest.fixture
def records(mongo_url: str) -> Iterator[MongoRecords]:
    records = MongoRecords(mongo_url, "states", timeout=60)
    yield records
    records.close()


def add(records: MongoRecords, number: int, *path: int) -> Any:
    stored = Stored("delta" if path else "whole", b"x", path, 0)
    return records.add(Draft("p", "a", number, "s", "completed", "", 1, 1, stored), ANY)


def test_nothing_is_left_of_what_was_deleted(
    persister: MongoDBPersister, records: MongoRecords
) -> None:
    for number in range(9):
        state = {"number": number, "text": ["x" * 100] * (100 + number)}
        persister.save("p", "app", number, "step", state, "completed")
    persister.fork("p", "app", 5, "fork")
    persister.fork("p", "fork", 3, "second")
    for app in "app", "fork", "second":
        assert persister.delete("p", app)
    left = {
        name: [document["_id"] for document in records.link.collection(name).find({})]
        for name in ("states", "states_branches")
    }
    assert left == {"states": [], "states_branches": ["about"]}


def test_what_is_needed_stays(records: MongoRecords) -> None:
    base = add(records, 1)
    middle = add(records, 2, base)
    newest = add(records, 3, base, middle)
    records.discard([base, middle], [], [])
    assert records.find_pieces([base, middle, newest]).keys() == {base, middle, newest}
    records.discard([base, middle, newest], [], [])
    assert records.find_pieces([base, middle, newest]) == {}


def test_nothing_is_stored_against_what_is_being_deleted(records: MongoRecords) -> None:
    base = add(records, 1)
    steps = records._plans.discard([base], [], [])
    records.ask(next(steps)[1])
    assert add(records, 2, base) is Refused.LOST


def test_hidden_records_are_not_found(records: MongoRecords) -> None:
    base = add(records, 1)
    add(records, 2, base)
    records.discard([], [base], [])
    assert records.find("p", "a", 1) is None
    assert base in records.find_pieces([base])


def test_many_are_deleted_in_batches(
    records: MongoRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zensols.persist.state.mongoupkeep._BATCH", 2)
    ids = [add(records, 0)]
    for number in range(1, 6):
        ids.append(add(records, number, *ids))
    records.discard(ids, [], [])
    assert records.find_pieces(ids) == {}
