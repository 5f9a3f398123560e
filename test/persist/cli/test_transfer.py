from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    PersistableError,
    Stash,
    open_stash,
)
from zensols.persist.cli.transfer import Tally, transfer
from zensols.persist.error import StoreUnavailableError


class Forgetful(DirectoryStash[Any]):
    """Acknowledges what it doesn't store, or stores something else."""

    def dump_entry(self, name: str, entry: bytes) -> None:
        if name == "1":
            entry = entry[:-1] + b"!"
        if name != "2":
            super().dump_entry(name, entry)


class Picky(DirectoryStash[Any]):
    """Refuses some keys."""

    error: Exception = PersistableError("too large")

    def dump_entry(self, name: str, entry: bytes) -> None:
        if name in ("1", "3"):
            raise self.error
        super().dump_entry(name, entry)


def move(source: Stash[Any], target: Stash[Any]) -> tuple[Tally, dict[str, str]]:
    failures: dict[str, str] = {}
    steps = transfer(source, target, lambda k, e: failures.update({k: str(e)}))
    return [Tally(), *steps][-1], failures


@pytest.fixture
def source(tmp_path: Path) -> DirectoryStash[Any]:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "source")
    for n in range(5):
        stash[str(n)] = [n]
    return stash


def test_what_was_not_stored_is_noticed(source: Any, tmp_path: Path) -> None:
    tally, failures = move(source, Forgetful(tmp_path / "target"))
    assert tally == Tally(copied=3, failed=2)
    assert failures.keys() == {"1", "2"}
    assert "Differs" in failures["1"]


def test_one_that_is_refused_does_not_stop_it(source: Any, tmp_path: Path) -> None:
    target = Picky(tmp_path / "target")
    tally, failures = move(source, target)
    assert tally == Tally(copied=3, failed=2)
    assert failures == {"1": "too large", "3": "too large"}
    assert set(target.keys()) == {"0", "2", "4"}


def test_lost_server_stops_it(source: Any, tmp_path: Path) -> None:
    target = Picky(tmp_path / "target")
    target.error = StoreUnavailableError("gone")
    with pytest.raises(StoreUnavailableError):
        move(source, target)


def test_values_of_a_stash_without_entries(tmp_path: Path) -> None:
    values = {"a": None, "b": np.arange(10), "c": {1, 2}}
    target: DirectoryStash[Any] = DirectoryStash(tmp_path)
    assert move(DictionaryStash(dict(values)), target)[0] == Tally(copied=3)
    assert move(DictionaryStash(dict(values)), target)[0].same >= 2
    back: DictionaryStash[Any] = DictionaryStash()
    assert move(target, back)[0] == Tally(copied=3)
    assert move(target, back)[0] == Tally(same=3)
    assert back["a"] is None
    assert back["c"] == {1, 2}
    assert (back["b"] == np.arange(10)).all()


def test_forged_value_is_not_run(tmp_path: Path) -> None:
    source: DirectoryStash[Any] = DirectoryStash(tmp_path)
    source.dump_entry("a", b"N.")
    source["b"] = 1
    tally, failures = move(source, DictionaryStash())
    assert tally == Tally(copied=1, failed=1)
    assert "Not an entry" in failures["a"]


def test_large_entries_go_a_few_at_a_time(tmp_path: Path) -> None:
    source = open_stash("memory:?codec=json")
    for n in range(4):
        source[str(n)] = "x" * (9 << 20)
    seen = [
        tally.done
        for tally in transfer(source, DirectoryStash(tmp_path), lambda *_: None)
    ]
    # Two of them are over the limit.
    assert seen == [1, 2, 3, 4, 4]
    assert len(list(tmp_path.iterdir())) == 4


def test_empty_stash_is_copied() -> None:
    assert move(DictionaryStash(), DictionaryStash())[0] == Tally()


def test_adds_up() -> None:
    tally = Tally(1, 2, 3)
    tally.add(Tally(10, 20, 30))
    assert tally.data() == {"copied": 11, "same": 22, "failed": 33}
    assert tally.done == 66
