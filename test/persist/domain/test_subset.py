from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import KeySubsetStash
from zensols.persist.error import PersistableError
from zensols.persist.stash import DictionaryStash

DATA = {"a": 1, "b": 2, "c": None}


def subset(keys: Any, dynamic: bool = False, **data: Any) -> KeySubsetStash[Any]:
    return KeySubsetStash(
        DictionaryStash(data or dict(DATA)), key_subset=keys, dynamic_subset=dynamic
    )


@pytest.mark.parametrize("dynamic", [True, False])
def test_has_the_keys_of_the_subset(dynamic: bool) -> None:
    stash = subset(["c", "a"], dynamic)
    assert dict(stash) == {"c": None, "a": 1}
    assert list(stash.keys()) == ["c", "a"]
    assert stash.keys() == {"a", "c"}
    assert len(stash) == 2
    assert "a" in stash
    assert "b" not in stash
    assert stash.load("a") == 1
    assert stash.load("b") is None
    with pytest.raises(KeyError, match="b"):
        stash["b"]


@pytest.mark.parametrize("dynamic", [True, False])
def test_f_get_honours_its_default(dynamic: bool) -> None:
    stash = subset({"a", "c", "x"}, dynamic)
    assert stash.get("b", 9) == 9
    assert stash.get("x", 9) == 9
    assert stash.get("c", 9) is None


@pytest.mark.parametrize("dynamic", [True, False])
def test_f_keys_that_the_delegate_lacks_are_left_out(dynamic: bool) -> None:
    stash = subset({"a", "x"}, dynamic)
    assert list(stash.keys()) == ["a"]
    assert "x" not in stash
    assert dict(stash) == {"a": 1}


def test_f_dynamic_keys_are_an_intersection() -> None:
    stash = subset({"a", "x"}, dynamic=True)
    stash.delegate["x"] = 3
    assert stash.keys() == {"a", "x"}
    assert stash["x"] == 3
    del stash.delegate["a"]
    assert stash.keys() == {"x"}
    assert "a" not in stash


def test_static_keys_are_found_once() -> None:
    stash = subset({"a", "x"})
    assert stash.keys() == {"a"}
    stash.delegate["x"] = 3
    assert stash.keys() == {"a"}
    assert "x" not in stash


def test_f_file_of_keys_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("a\n\n  b \n\n", encoding="utf-8")
    stash = subset(file)
    for _ in range(2):
        assert list(stash.keys()) == ["a", "b"]
        assert dict(stash) == {"a": 1, "b": 2}


def test_missing_file_of_keys_is_named(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match=r"keys\.txt"):
        subset(tmp_path / "keys.txt")


def test_keys_can_be_an_iterator() -> None:
    stash = subset(iter(["a", "b"]))
    assert [list(stash.keys()) for _ in range(2)] == [["a", "b"]] * 2


def test_is_read_only() -> None:
    stash = subset({"a"})
    stash.clear()
    stash["a"] = 9
    stash.delete("a")
    assert dict(stash.delegate) == DATA
    stash.strict = True
    with pytest.raises(PersistableError, match="KeySubsetStash is read-only"):
        stash.clear()


def test_subset_is_required() -> None:
    with pytest.raises(TypeError, match="dynamic_subset"):
        KeySubsetStash(DictionaryStash(), {"a"})


def test_clients_add_fields() -> None:
    @dataclass
    class Split(KeySubsetStash[Any]):
        name_of_split: str = "train"

    stash = Split(DictionaryStash(DATA), {"a"}, False, "test")
    assert dict(stash) == {"a": 1}
    assert stash.name_of_split == "test"


def test_pickles_and_copies() -> None:
    stash = subset({"a"})
    for other in (pickle.loads(pickle.dumps(stash)), copy.deepcopy(stash)):
        assert other == stash
        assert dict(other) == {"a": 1}
