from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.domain import PreemptiveStash
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash


@dataclass
class Recording(DictionaryStash[Any]):
    calls: list[str] = field(default_factory=list, kw_only=True)

    def load(self, name: str) -> Any:
        self.calls.append("load")
        return super().load(name)

    def exists(self, name: str) -> bool:
        self.calls.append("exists")
        return super().exists(name)

    def keys(self) -> Any:
        self.calls.append("keys")
        return super().keys()


def test_creation_touches_nothing() -> None:
    delegate = Recording({"a": 1})
    stash = PreemptiveStash(delegate)
    assert delegate.calls == []
    assert stash.has_data
    assert stash.has_data
    assert delegate.calls == ["keys"]


def test_has_data_is_remembered_until_reset() -> None:
    delegate: DictionaryStash[int] = DictionaryStash()
    stash = PreemptiveStash(delegate)
    assert not stash.has_data
    delegate["a"] = 1
    assert not stash.has_data
    stash._reset_has_data()
    assert stash.has_data


def test_has_data_can_be_overridden() -> None:
    stash: PreemptiveStash[int] = PreemptiveStash(DictionaryStash())
    stash._set_has_data(True)
    assert stash.has_data
    stash._set_has_data(False)
    assert not stash.has_data


def test_f_writing_refreshes_has_data() -> None:
    stash: PreemptiveStash[int] = PreemptiveStash(DictionaryStash())
    assert not stash.has_data
    stash["a"] = 1
    assert stash.has_data
    del stash["a"]
    assert not stash.has_data


def test_clear_resets() -> None:
    stash = PreemptiveStash(DictionaryStash({"a": 1}))
    assert stash.has_data
    stash.clear()
    assert not stash.has_data
    assert dict(stash.delegate) == {}


def test_get_is_load() -> None:
    class Creating(PreemptiveStash[str]):
        def load(self, name: str) -> str | None:
            return "created" if name == "new" else super().load(name)

    stash = Creating(DictionaryStash({"a": None}))
    assert stash.get("new", "default") == "created"
    assert stash["new"] == "created"
    assert stash.get("a", "default") is None
    assert stash.get("b", MISSING) is MISSING
    with pytest.raises(KeyError, match="b"):
        stash["b"]


def test_value_is_found_without_asking_for_the_key() -> None:
    delegate = Recording({"a": 1})
    assert PreemptiveStash(delegate).get("a") == 1
    assert delegate.calls == ["load"]


def test_pickles() -> None:
    stash = PreemptiveStash(DictionaryStash({"a": 1}))
    assert stash.has_data
    other = pickle.loads(pickle.dumps(stash))
    assert other == stash
    assert other.has_data
