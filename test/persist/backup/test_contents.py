from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import (
    DictionaryStash,
    ExpiringStash,
    LRUCacheStash,
    UnionStash,
    open_stash,
)
from zensols.persist.backup import contents
from zensols.persist.backup.contents import (
    TornError,
    filled,
    identity,
    lives_in_memory,
    take,
)
from zensols.persist.domain import Stash
from zensols.persist.error import PersistableError

WHEN = datetime.fromisoformat("2025-11-15T16:11:18.027451")


class Frail(DictionaryStash[Any]):
    """Refuses a value."""

    broken = False

    def dump_many(self, items: Iterable[tuple[str, Any]]) -> None:
        for key, value in items:
            if self.broken or value == "bad":
                raise PersistableError(f"no room for {key}")
            self.dump(key, value)


def expiring(
    now: list[float], delegate: Stash[Any] | None = None
) -> ExpiringStash[Any]:
    stash = DictionaryStash[Any]() if delegate is None else delegate
    return ExpiringStash(stash, ttl=60, clock=lambda: now[0])


def test_taken_is_a_copy() -> None:
    stash = DictionaryStash[Any]({"a": 1})
    document = take("users", stash, WHEN)
    stash["b"] = 2
    assert document.items == {"a": 1}
    assert (document.type, document.cache_name, document.created) == (
        *("named_cache", "users"),
        WHEN,
    )
    assert take("default", stash, WHEN).type == "default_store"


def test_any_stash_is_taken(tmp_path: Path) -> None:
    stash = open_stash(f"sqlite:{tmp_path / 'a.db'}")
    stash.dump_many([("a", 1), ("b", None)])
    assert take("users", stash, WHEN).items == {"a": 1, "b": None}
    cache: LRUCacheStash[Any] = LRUCacheStash(5)
    cache["a"] = 1
    assert take("users", cache, WHEN).items == {"a": 1}


def test_taken_while_others_write() -> None:
    stash = DictionaryStash[Any]({str(number): number for number in range(1000)})
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            stash[f"x{number}"] = number
            stash.delete(f"x{number - 50}")
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(200):
            items = take("users", stash, WHEN).items
            extra = [value for key, value in items.items() if key[0] == "x"]
            assert len(items) - len(extra) == 1000
            assert extra == list(range(extra[0], extra[0] + len(extra))) if extra else 1
    finally:
        stop.set()
        thread.join(60)


def test_listing_is_tried_again() -> None:
    class Restless(DictionaryStash[Any]):
        left = 3

        def items(self) -> Any:
            self.left -= 1
            if self.left >= 0:
                raise RuntimeError("dictionary changed size during iteration")
            return super().items()

        @property
        def data(self) -> Any:
            return type("Data", (dict,), {})(self._data)

    stash = Restless({"a": 1})
    assert take("users", stash, WHEN).items == {"a": 1}
    stash.left = 1000
    with pytest.raises(RuntimeError):
        take("users", stash, WHEN)


def test_time_left_is_taken_and_given_back() -> None:
    now = [1000.0]
    stash = expiring(now)
    stash.dump("a", 1)
    stash.dump_for("b", 2, 5)
    stash.dump_for("c", 3, None)
    stash.delegate["d"] = 4
    now[0] = 1010
    document = take("sessions", stash, WHEN)
    assert document.type == "expiring_store"
    assert (document.items, document.ttl) == ({"a": 1, "c": 3, "d": 4}, 60)
    assert document.remaining == {"a": 50, "c": None, "d": None}
    now[0] = 5000
    assert dict(stash) == {"c": 3, "d": 4}
    contents.replace(stash, document)
    now[0] = 5049
    assert dict(stash) == {"a": 1, "c": 3, "d": 4}
    now[0] = 5050
    assert dict(stash) == {"c": 3, "d": 4}


def test_value_of_no_known_time_gets_that_of_the_cache() -> None:
    now = [0.0]
    stash = expiring(now)
    document = replace(take("s", DictionaryStash({"a": 1}), WHEN), remaining={})
    contents.replace(stash, document)
    now[0] = 59
    assert dict(stash) == {"a": 1}
    now[0] = 60
    assert dict(stash) == {}


def test_cache_that_is_made_anew_expires() -> None:
    now = [0.0]
    stash = expiring(now)
    stash["a"] = 1
    made = filled(take("sessions", stash, WHEN))
    assert isinstance(made, ExpiringStash)
    assert made.ttl == 60
    assert dict(made) == {"a": 1}
    made = filled(take("users", DictionaryStash({"b": 2}), WHEN))
    assert isinstance(made, DictionaryStash)
    assert dict(made) == {"b": 2}


def test_what_else_is_there_is_removed() -> None:
    stash = DictionaryStash({"a": 0, "x": 1})
    contents.replace(stash, take("users", DictionaryStash({"a": 1, "b": 2}), WHEN))
    assert dict(stash) == {"a": 1, "b": 2}


def test_failure_leaves_what_was_there() -> None:
    stash = Frail({"a": 0, "x": 1})
    wanted = take("users", DictionaryStash[Any]({"a": 1, "b": "bad"}), WHEN)
    with pytest.raises(PersistableError, match="no room for b"):
        contents.replace(stash, wanted)
    assert dict(stash) == {"a": 0, "x": 1}


def test_failure_to_put_back_is_told() -> None:
    @dataclass
    class Broken(Frail):
        def dump(self, name: str, inst: Any) -> None:
            super().dump(name, inst)
            self.broken = True

    stash = Broken({"x": 1})
    wanted = take("users", DictionaryStash[Any]({"a": 1, "b": 2}), WHEN)
    with pytest.raises(TornError, match="'users' is restored in part: no room"):
        contents.replace(stash, wanted)


def test_values_that_expire_are_not_kept_for_ever() -> None:
    now = [0.0]
    source = expiring(now)
    source["a"] = 1
    stash = DictionaryStash({"x": 1})
    with pytest.raises(PersistableError, match="'sessions', a DictionaryStash"):
        contents.replace(stash, take("sessions", source, WHEN))
    assert dict(stash) == {"x": 1}


def test_where_caches_live(tmp_path: Path) -> None:
    files = open_stash(f"dir:{tmp_path / 'a'}")
    assert lives_in_memory(DictionaryStash())
    assert lives_in_memory(expiring([0.0]))
    assert not lives_in_memory(files)
    assert not lives_in_memory(expiring([0.0], files))
    assert str(tmp_path / "a") in identity(files)
    assert identity(files) != identity(open_stash(f"dir:{tmp_path / 'b'}"))
    assert "UnionStash" in identity(UnionStash([files]))
