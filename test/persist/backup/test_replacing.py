from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kinds import opened

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup.depot import Depot
from zensols.persist.backup.differences import Pair
from zensols.persist.backup.pages import Item
from zensols.persist.backup.parts import part_of, to_bytes
from zensols.persist.backup.replacing import replace
from zensols.persist.codec import default_codec
from zensols.persist.error import CorruptDataError


def item(depot: Depot, key: str, value: Any) -> Item:
    entry = bytes(default_codec().encode(value, key))
    return part_of(to_bytes(key), entry).add_to(depot)


def pairs(depot: Depot) -> list[Pair]:
    return [
        (None, item(depot, "a", 1)),
        (item(depot, "b", 1), None),
        (item(depot, "c", 1), item(depot, "c", "x" * 500)),
    ]


@pytest.mark.parametrize(
    "kind", ["dictionary", "directory", "lmdb", "sqlite", "cached", "redis", "postgres"]
)
def test_replaces(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    depot = Depot(DictionaryStash())
    changes = pairs(depot)
    told: list[tuple[int, int]] = []
    with opened(kind, request, tmp_path) as stash:
        stash.dump_many([("b", 2), ("d", 3)])
        replace(stash, depot, lambda: iter(changes), lambda *one: told.append(one))
        assert dict(stash) == {"a": 1, "c": "x" * 500, "d": 3}
        replace(stash, depot, lambda: iter(()))
        assert len(stash) == 3
    assert told == [(3, 3)]


def test_is_verified_first() -> None:
    depot = Depot(DictionaryStash())
    changes = pairs(depot)
    depot.flush()
    depot.stash.clear()
    stash = DictionaryStash({"b": 1})
    with pytest.raises(CorruptDataError):
        replace(stash, depot, lambda: iter(changes))
    assert dict(stash) == {"b": 1}


@pytest.mark.parametrize("kind", ["lmdb", "sqlite", "postgres"])
def test_in_one_transaction(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """If it is stopped, nothing has changed."""
    depot = Depot(DictionaryStash())
    changes: list[Pair] = [(None, item(depot, f"{n:05}", n)) for n in range(3000)]

    def stop(done: int, total: int) -> None:
        if done == 2000:
            raise KeyboardInterrupt

    with opened(kind, request, tmp_path) as stash:
        stash["old"] = 1
        with pytest.raises(KeyboardInterrupt):
            replace(stash, depot, lambda: iter(changes), stop)
        assert dict(stash) == {"old": 1}
        replace(stash, depot, lambda: iter(changes))
        assert len(stash) == 3001


def test_error_of_the_stash() -> None:
    class Full(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            raise PersistableError("full")

    depot = Depot(DictionaryStash())
    changes = pairs(depot)
    with pytest.raises(PersistableError, match="full"):
        replace(Full(), depot, lambda: iter(changes))
