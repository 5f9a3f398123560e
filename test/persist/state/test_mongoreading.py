"""What persisters ask a MongoDB server when they load and list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import MongoDBPersister
from zensols.persist.state.mongoreading import VERSION, MongoReading


@pytest.fixture
def persister(mongo_url: str) -> Iterator[MongoDBPersister]:
    uri, _, name = mongo_url.rpartition("/")
    with MongoDBPersister(uri, name) as persister:
        yield persister


def test_newer_version_is_refused() -> None:
    steps = MongoReading("states").is_set_up()
    next(steps)
    with pytest.raises(PersistableError, match="upgrade"):
        steps.send({"version": VERSION + 1})


def test_indexes_serve_what_is_asked(persister: MongoDBPersister) -> None:
    persister.initialize()
    link = persister._records.link  # type: ignore[attr-defined]
    unique = {
        tuple(field for field, _ in index["key"])
        for name in ("mystates", "mystates_branches")
        for index in link.collection(name).index_information().values()
        if index.get("unique")
    }
    assert ("branch", "sequence_id", "position", "attempt") in unique
    assert ("partition", "app", "released") in unique


def test_last_application_is_that_with_the_newest_record(
    persister: MongoDBPersister,
) -> None:
    for app in "a", "b":
        persister.save("p", app, 1, "step", {}, "completed")
    persister.fork("p", "a", 1, "fork")
    assert persister.list_app_ids("p") == ["b", "fork", "a"]
    found = persister.load("p", None)
    assert found is not None
    assert found["app_id"] == "b"
