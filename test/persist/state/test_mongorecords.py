"""Records in MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.errors import AutoReconnect
from server_mongo import connect_mongo

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.state.mongodocuments import asked
from zensols.persist.state.mongoreading import VERSION
from zensols.persist.state.mongorecords import MongoRecords


@pytest.fixture
def records(mongo_url: str) -> Iterator[MongoRecords]:
    records = MongoRecords(mongo_url, "states", timeout=60)
    yield records
    records.close()


@pytest.fixture
def database(mongo_url: str) -> Iterator[Any]:
    with connect_mongo(mongo_url) as client:
        yield client.get_default_database()


def test_newer_layout_is_refused(records: MongoRecords, database: Any) -> None:
    records.set_up()
    database["states_branches"].update_one({"_id": "about"}, {"$inc": {"version": 1}})
    other = MongoRecords(records.link.address, "states", timeout=60)
    with pytest.raises(PersistableError, match=f"layout {VERSION + 1}, of a newer"):
        other.find("p", "app", None)
    other.close()


def test_collection_of_another_program_is_left_alone(
    records: MongoRecords, database: Any
) -> None:
    database["states"].insert_one({"theirs": 1})
    with pytest.raises(PersistableError, match="made by another program"):
        records.set_up()
    assert database.list_collection_names() == ["states"]


def test_nothing_is_made_by_reading(records: MongoRecords, database: Any) -> None:
    assert records.find("p", "app", None) is None
    assert not records.is_set_up()
    assert database.list_collection_names() == []


class Dropping:
    """A collection whose connection is dropped as often as it says."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.calls = 0

    def find_one(self, wanted: Any) -> Any:
        self.calls += 1
        if self.calls <= self.times:
            raise AutoReconnect("dropped")
        return wanted


@pytest.mark.parametrize(
    ("times", "once", "calls"), [(1, False, 2), (2, False, 2), (1, True, 1)]
)
def test_asks_again_once(
    records: MongoRecords,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    once: bool,
    calls: int,
) -> None:
    dropping = Dropping(times)
    monkeypatch.setattr(records.link, "collection", lambda _: dropping)
    ask = asked("states", "find_one", {"a": 1}, once=once)[1]
    if calls > times:
        assert records.ask(ask) == {"a": 1}
    else:
        with pytest.raises(StoreUnavailableError):
            records.ask(ask)
    assert dropping.calls == calls
