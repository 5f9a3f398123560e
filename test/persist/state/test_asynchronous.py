from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any

import pytest

from zensols.persist.state import (
    AsyncBaseStateLoader,
    AsyncBaseStatePersister,
    AsyncBaseStateSaver,
    PersistedStateData,
)


class Persister(AsyncBaseStatePersister):
    def __init__(self, path: str, table: str = "states") -> None:
        self.path = path
        self.table = table
        self.open = True
        self.saved: list[tuple[Any, ...]] = []

    async def list_app_ids(self, partition_key: str | None, **kwargs: Any) -> list[str]:
        return [saved[1] for saved in self.saved]

    async def load(
        self,
        partition_key: str | None,
        app_id: str | None,
        sequence_id: int | None = None,
        **kwargs: Any,
    ) -> PersistedStateData | None:
        return None

    async def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Any,
        **kwargs: Any,
    ) -> None:
        self.saved.append((partition_key, app_id, state))

    async def cleanup(self) -> None:
        self.open = False


@pytest.mark.parametrize(
    "base", [AsyncBaseStateLoader, AsyncBaseStateSaver, AsyncBaseStatePersister]
)
def test_bases_are_abstract(base: Any) -> None:
    with pytest.raises(TypeError, match="abstract"):
        base()


def test_methods_are_coroutines() -> None:
    for name in ("list_app_ids load save initialize is_initialized cleanup").split():
        assert iscoroutinefunction(getattr(AsyncBaseStatePersister, name)), name


async def test_saves() -> None:
    async with await Persister.from_values("file", table="t") as persister:
        assert persister.is_async()
        await persister.initialize()
        assert await persister.is_initialized()
        await persister.save("p", "app", 1, "", {"a": 1}, "completed")
        assert await persister.list_app_ids("p") == ["app"]
        assert persister.open
    assert not persister.open


async def test_cleans_up_after_errors() -> None:
    persister = Persister("file")
    with pytest.raises(ValueError, match="oops"):
        async with persister:
            raise ValueError("oops")
    assert not persister.open


async def test_makes_persisters() -> None:
    persister = await Persister.from_config({"path": "file", "table": "t"})
    assert (persister.path, persister.table) == ("file", "t")
    async with Persister.from_values("file") as other:
        assert (other.path, other.open) == ("file", True)
    assert not other.open
    copied = persister.copy()
    assert copied is not persister
    assert copied.path == "file"
