from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import zensols.persist.stash
from zensols.persist.domain import FactoryStash, ReadOnlyDelegateStash, ReadOnlyStash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import (
    DictionaryStash,
    DirectoryStash,
    Expiring,
    ExpiringStash,
)

ROOT = Path(zensols.persist.stash.__file__).parents[3]


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stash(clock: Clock) -> ExpiringStash[Any]:
    return ExpiringStash(DictionaryStash(), ttl=60, clock=clock)


def test_expires_exactly(clock: Clock, stash: ExpiringStash[Any]) -> None:
    stash["a"] = 1
    clock.now += 59.999
    assert stash["a"] == stash.load("a") == stash.get("a") == 1
    assert "a" in stash
    assert dict(stash) == {"a": 1}
    clock.now = 1060.0
    assert stash.load("a") is None
    assert stash.get("a", MISSING) is MISSING
    assert "a" not in stash
    with pytest.raises(KeyError, match="a"):
        stash["a"]


@pytest.mark.parametrize(
    "look",
    [
        lambda stash: "a" not in stash,
        lambda stash: stash.load("a") is None,
        lambda stash: stash.get("a", 9) == 9,
        lambda stash: list(stash.keys()) == [],
        lambda stash: list(stash.items()) == [],
        lambda stash: list(stash.values()) == [],
        lambda stash: list(stash) == [],
        lambda stash: len(stash) == 0,
    ],
)
def test_expired_is_absent_and_removed_when_met_with(
    clock: Clock, stash: ExpiringStash[Any], look: Callable[[Any], bool]
) -> None:
    stash["a"] = 1
    assert not look(stash)
    assert "a" in stash.delegate
    clock.now += 60
    assert look(stash)
    assert "a" not in stash.delegate


def test_none_is_a_value(stash: ExpiringStash[Any]) -> None:
    stash["a"] = None
    assert stash["a"] is stash.load("a") is stash.get("a", 9) is None
    assert list(stash) == [("a", None)]


def test_time_to_live_of_an_entry(clock: Clock, stash: ExpiringStash[Any]) -> None:
    stash["a"] = 1
    stash.dump_for("b", 2, 10)
    stash.dump_for("c", 3, None)
    stash.dump_for("d", 4, 0.5)
    assert len(stash) == 4
    clock.now += 0.5
    assert list(stash.keys()) == ["a", "b", "c"]
    clock.now += 9.5
    assert list(stash.keys()) == ["a", "c"]
    clock.now = 1e12
    assert dict(stash) == {"c": 3}


def test_storing_again_starts_anew(clock: Clock, stash: ExpiringStash[Any]) -> None:
    stash["a"] = 1
    clock.now += 59
    stash["a"] = 2
    clock.now += 59
    assert stash["a"] == 2
    clock.now += 1
    assert "a" not in stash


def test_no_time_to_live_is_for_ever(clock: Clock) -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash(), None, clock=clock)
    stash["a"] = 1
    clock.now = float("inf")
    assert stash["a"] == 1


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
def test_time_to_live_must_be_positive(stash: ExpiringStash[Any], ttl: float) -> None:
    stash["a"] = 1
    with pytest.raises(PersistableError, match="live of 'a' must be pos"):
        stash.dump_for("a", 2, ttl)
    stash.ttl = ttl
    with pytest.raises(PersistableError, match="must be positive seconds"):
        stash["a"] = 2
    assert stash["a"] == 1


def test_purge(clock: Clock, stash: ExpiringStash[Any]) -> None:
    stash["a"], stash["b"] = 1, 2
    stash.dump_for("c", 3, 100)
    assert stash.purge() == 0
    clock.now += 60
    assert stash.purge() == 2
    assert stash.delegate.keys() == {"c"}
    assert stash.purge() == 0


def test_delete_and_clear(stash: ExpiringStash[Any]) -> None:
    stash["a"], stash["b"] = 1, 2
    stash.delete("a")
    stash.delete("a")
    assert dict(stash) == {"b": 2}
    stash.clear()
    assert len(stash.delegate) == 0


def test_expiring_while_iterated(clock: Clock, stash: ExpiringStash[Any]) -> None:
    for i in range(4):
        stash[str(i)] = i
    seen = []
    for key in stash.keys():
        seen.append(key)
        clock.now += 30
        stash.load("0")
    assert seen == ["0", "1"]
    assert stash.delegate.keys() == {"1"}


def test_what_was_there_before_has_no_deadline(clock: Clock) -> None:
    stash = ExpiringStash(DictionaryStash({"a": 1, "b": None}), 60, clock=clock)
    clock.now += 1e9
    assert dict(stash) == {"a": 1, "b": None}
    assert stash.purge() == 0
    stash["a"] = 2
    clock.now += 60
    assert dict(stash) == {"b": None}


def test_expired_entry_of_a_read_only_stash(clock: Clock) -> None:
    inner = DictionaryStash({"a": Expiring(1, deadline=1000.0)})
    delegate = ReadOnlyDelegateStash(inner)
    delegate.strict = True
    stash = ExpiringStash(delegate, 60, clock=clock)
    assert "a" not in stash
    assert len(stash) == 0
    assert "a" in inner
    with pytest.raises(PersistableError, match="read-only"):
        stash.purge()


def test_what_another_thread_is_storing_is_not_removed(clock: Clock) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            if inst.value == "new":
                inside.set()
                go_on.wait(60)
            super().dump(name, inst)

    stash: ExpiringStash[Any] = ExpiringStash(Slow(), 60, clock=clock)
    stash["a"] = "old"
    clock.now += 60
    writer = threading.Thread(target=stash.dump, args=("a", "new"))
    writer.start()
    assert inside.wait(60)
    assert "a" not in stash
    assert "a" in stash.delegate
    go_on.set()
    writer.join()
    assert stash["a"] == "new"


def test_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    def open_stash() -> ExpiringStash[Any]:
        return ExpiringStash(DirectoryStash(tmp_path / "data"), 60, clock=clock)

    open_stash()["a"] = [1]
    clock.now += 59
    assert open_stash()["a"] == [1]
    clock.now += 1
    assert "a" not in open_stash()
    assert list((tmp_path / "data").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


CHILD = """
import sys
from pathlib import Path
from zensols.persist.stash import DirectoryStash, ExpiringStash

stash = ExpiringStash(DirectoryStash(Path(sys.argv[1])), ttl=3600)
print(sorted(stash.keys()))
stash["c"] = 3
stash.dump_for("d", 4, 1e-9)
"""


def test_counts_in_other_processes(tmp_path: Path) -> None:
    now = time.time()
    stash = ExpiringStash(DirectoryStash(tmp_path), 3600, clock=lambda: now)
    stash["a"] = 1
    past = ExpiringStash(DirectoryStash(tmp_path), 3600, clock=lambda: now - 7200)
    past["b"] = 2
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "['a']\n"
    stash.clock = time.time
    assert dict(stash) == {"a": 1, "c": 3}


def test_keeps_what_a_factory_creates_for_a_time(clock: Clock) -> None:
    created = []

    class Factory(ReadOnlyStash[int]):
        def load(self, name: str) -> int:
            created.append(name)
            return len(created)

        def keys(self) -> Any:
            return iter(["a"])

    stash = FactoryStash(ExpiringStash(DictionaryStash(), 60, clock=clock), Factory())
    assert [stash["a"], stash["a"]] == [1, 1]
    clock.now += 60
    assert [stash["a"], stash["a"]] == [2, 2]


def test_entries_are_immutable() -> None:
    entry = Expiring("a", 1.0)
    assert pickle.loads(pickle.dumps(entry)) == entry
    with pytest.raises(FrozenInstanceError):
        entry.deadline = 2.0


def test_pickles_and_copies(clock: Clock, stash: ExpiringStash[Any]) -> None:
    stash["a"] = 1
    clock.now += 60
    for other in (copy.deepcopy(stash), pickle.loads(pickle.dumps(stash))):
        assert other.clock.now == 1060.0
        assert len(other) == 0
    stash.clock = lambda: 1059.0
    other = pickle.loads(pickle.dumps(stash))
    assert other.clock is time.time
    assert dict(stash) == {"a": 1}
    assert len(other) == 0


def test_real_clock_by_default() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash(), 3600)
    before = time.time()
    stash["a"] = 1
    assert before + 3600 <= stash.delegate["a"].deadline <= time.time() + 3600
    assert stash["a"] == 1


def test_many_are_loaded_at_once_but_expired_ones() -> None:
    class Batching(DictionaryStash[Any]):
        loaded: list[Any] = []  # noqa: RUF012

        def load_many(self, names: Any) -> Any:
            self.loaded += [[*names]]
            return super().load_many(self.loaded[-1])

    now = 0.0
    data = Batching()
    stash = ExpiringStash[Any](data, 10, clock=lambda: now)
    stash.dump_many([("a", 1), ("b", None)])
    stash.dump_for("c", 3, 20)
    assert list(stash.load_many(["c", "b", "x", "a"])) == [
        ("c", 3),
        ("b", None),
        ("a", 1),
    ]
    now = 10.0
    assert list(stash.load_many(["c", "b", "x", "a"])) == [("c", 3)]
    assert data.loaded == [["c", "b", "x", "a"]] * 2
    # They are removed when they are met with.
    assert list(data.keys()) == ["c"]


def test_overridden_method_is_used_for_many() -> None:
    class Doubling(ExpiringStash[int]):
        def get(self, name: str, default: Any = None) -> Any:
            return 2 * super().get(name, default)

    stash = Doubling(DictionaryStash(), 10)
    stash["a"] = 1
    assert list(stash.load_many(["a"])) == [("a", 2)]
