"""Persisters in MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.state import AsyncMongoDBPersister, MongoDBPersister
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


@pytest.fixture
def place(mongo_url: str) -> dict[str, str]:
    """The server, and a database that is the test's own."""
    uri, _, name = mongo_url.rpartition("/")
    return {"uri": uri, "db_name": name, "collection_name": "mystates"}


class TestMongoDBPersister(PersisterContract):
    @pytest.fixture
    def persister(self, place: dict[str, str]) -> Iterator[MongoDBPersister]:
        with MongoDBPersister(**place) as persister:
            yield persister


class TestAsyncMongoDBPersister(AsyncPersisterContract):
    @pytest.fixture
    def persister(self, place: dict[str, str]) -> Iterator[AsyncMongoDBPersister]:
        persister = AsyncMongoDBPersister(**place)
        yield persister
        self.cleanup(persister)


def test_example_of_the_seed(
    place: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from zensols.persist import state
    from zensols.persist.state import MongoDBPersister

    persister = MongoDBPersister(
        uri=place["uri"], db_name=place["db_name"], collection_name="mystates"
    )
    persister.save(
        partition_key="example_partition",
        app_id="example_app",
        sequence_id=1,
        position="example_position",
        state=state.State({"key": "value"}),
        status="completed",
    )
    loaded_state = persister.load(
        partition_key="example_partition", app_id="example_app", sequence_id=1
    )
    print(loaded_state)
    persister.cleanup()
    assert "State({'key': 'value'})" in capsys.readouterr().out
    assert loaded_state is not None
    assert loaded_state["state"] == {"key": "value"}
    assert loaded_state["position"] == "example_position"


def test_collections_are_apart(place: dict[str, str]) -> None:
    names = "a", "b.c", "a_branches_"
    persisters = [
        MongoDBPersister(**{**place, "collection_name": name}) for name in names
    ]
    for number, persister in enumerate(persisters):
        persister.save("p", "app", 1, "step", {"n": number}, "completed")
    for number, persister in enumerate(persisters):
        found = persister.load("p", "app")
        assert found is not None
        assert found["state"]["n"] == number
        persister.cleanup()


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ({"collection_name": "a$b"}, "names of the database|can't have a collection"),
        ({"collection_name": "a..b"}, "names of the database|can't have a collection"),
        ({"uri": "mongodb://ann:se/cret@localhost"}, "no address"),
    ],
)
@pytest.mark.parametrize("kind", [MongoDBPersister, AsyncMongoDBPersister])
def test_wrong_names(
    kind: Any, place: dict[str, str], names: dict[str, str], error: str
) -> None:
    import asyncio

    persister = kind(**{**place, **names})
    with pytest.raises(StoreUnavailableError, match=error) as caught:
        if kind is MongoDBPersister:
            persister.save("p", "app", 1, "step", {}, "completed")
        else:
            asyncio.run(persister.save("p", "app", 1, "step", {}, "completed"))
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("kind", [MongoDBPersister, AsyncMongoDBPersister])
@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://h", "mongodb://h/data"),
        ("mongodb://h:1/other?w=1", "mongodb://h:1/data?w=1"),
        ("mongodb://ann:secret@h/", "mongodb://ann:***@h/data?authSource=admin"),
        ("mongodb://ann:secret@h/users", "mongodb://ann:***@h/data?authSource=users"),
        (
            "mongodb://ann:secret@h/?authSource=a",
            "mongodb://ann:***@h/data?authSource=a",
        ),
    ],
)
def test_database_joins_the_address(kind: Any, uri: str, shown: str) -> None:
    assert repr(kind(uri, "data")) == f"{kind.__name__}({shown!r})"


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "a b", "a$"])
def test_wrong_database(name: str) -> None:
    with pytest.raises(PersistableError, match="must not be empty"):
        MongoDBPersister(db_name=name)


def test_timeout_must_be_positive() -> None:
    with pytest.raises(PersistableError, match="above 0"):
        MongoDBPersister(timeout=0)
