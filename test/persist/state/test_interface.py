from __future__ import annotations

import pickle
from collections.abc import Mapping
from inspect import signature
from typing import Any, get_type_hints

import pytest

from zensols.persist.state import (
    AsyncBaseStatePersister,
    BaseStateLoader,
    BaseStatePersister,
    BaseStateSaver,
    PersistedStateData,
    State,
)


class Log(BaseStateSaver):
    """A saver alone."""

    def __init__(self) -> None:
        self.saved: list[tuple[Any, ...]] = []

    def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Any,
        **kwargs: Any,
    ) -> None:
        self.saved.append((partition_key, app_id, sequence_id, state, status))


class Tracker(BaseStateLoader):
    """A loader alone."""

    def list_app_ids(self, partition_key: str | None, **kwargs: Any) -> list[str]:
        return ["app"]

    def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        return {
            "partition_key": partition_key,
            "app_id": app_id or "app",
            "sequence_id": sequence_id or 1,
            "position": "",
            "state": State(a=1),
            "created_at": "2024-01-01T00:00:00+00:00",
            "status": "completed",
        }


class Persister(Tracker, Log, BaseStatePersister):
    def __init__(self, path: str, table: str = "states") -> None:
        super().__init__()
        self.path = path
        self.table = table
        self.open = True

    def cleanup(self) -> None:
        self.open = False

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "open": True}


@pytest.mark.parametrize("base", [BaseStateLoader, BaseStateSaver, BaseStatePersister])
def test_bases_are_abstract(base: Any) -> None:
    with pytest.raises(TypeError, match="abstract"):
        base()


def test_one_side_is_enough() -> None:
    log, tracker = Log(), Tracker()
    log.initialize()
    assert log.is_initialized()
    assert not log.is_async()
    loaded = tracker.load("p", "app", 3)
    assert loaded is not None
    log.save("p", "app", 3, "", loaded["state"], "failed")
    assert log.saved == [("p", "app", 3, State(a=1), "failed")]
    assert not isinstance(tracker, BaseStateSaver)


def test_says_what_a_record_is() -> None:
    assert PersistedStateData.__required_keys__ == {
        "partition_key",
        "app_id",
        "sequence_id",
        "position",
        "state",
        "created_at",
        "status",
    }
    assert get_type_hints(PersistedStateData)["state"] is State


def test_makes_persisters() -> None:
    for persister in (
        Persister.from_values("file", table="t"),
        Persister.from_values(path="file", table="t"),
        Persister.from_config({"path": "file", "table": "t"}),
    ):
        assert type(persister) is Persister
        assert (persister.path, persister.table) == ("file", "t")
    with pytest.raises(TypeError, match="nonsense"):
        Persister.from_config({"path": "file", "nonsense": 1})


def test_cleans_up() -> None:
    with Persister("file") as persister:
        assert persister.open
    assert not persister.open
    with pytest.raises(ValueError, match="oops"), Persister("file") as persister:
        raise ValueError("oops")
    assert not persister.open


def test_copies_are_as_pickled_copies() -> None:
    persister = Persister("file")
    persister.cleanup()
    for copied in (persister.copy(), pickle.loads(pickle.dumps(persister))):
        assert copied is not persister
        assert copied.path == "file"
        assert copied.open


def test_twins_take_the_same() -> None:
    for name in (
        "list_app_ids load save initialize is_initialized is_async cleanup copy "
        "from_values from_config"
    ).split():
        one = signature(getattr(BaseStatePersister, name)).parameters
        other = signature(getattr(AsyncBaseStatePersister, name)).parameters
        assert one == other, name
