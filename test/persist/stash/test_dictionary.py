from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.stash import DictionaryStash


def test_is_its_dictionary() -> None:
    data = {"a": 1}
    stash = DictionaryStash(data)
    assert stash.data is data
    stash["b"] = None
    assert data == {"a": 1, "b": None}
    assert stash.load("a") == stash.get("a") == stash["a"] == 1
    assert stash["b"] is stash.get("b", 9) is None
    assert stash.get("c", 9) == 9
    assert stash.load("c") is None
    assert "b" in stash
    assert "c" not in stash


def test_dictionary_is_fresh_by_default() -> None:
    first, second = DictionaryStash(), DictionaryStash()
    first["a"] = 1
    assert second.data == {}
    assert first == DictionaryStash({"a": 1})
    assert repr(first) == "DictionaryStash(_data={'a': 1})"


def test_keys_are_the_live_view() -> None:
    stash: DictionaryStash[int] = DictionaryStash()
    keys = stash.keys()
    stash["a"] = 1
    assert keys == {"a"}
    assert len(keys) == len(stash) == 1


def test_int_keys() -> None:
    stash: DictionaryStash[Any] = DictionaryStash()
    stash[1] = "one"
    assert stash[1] == "one"
    assert 1 in stash
    assert dict(stash) == {1: "one"}
    with stash.lock(1):
        del stash[1]
    assert len(stash) == 0


def test_f_delete_of_an_absent_key_does_nothing() -> None:
    stash = DictionaryStash({"a": 1})
    stash.delete("b")
    stash.delete("a")
    stash.delete("a")
    assert len(stash) == 0
    with pytest.raises(KeyError, match="a"):
        del stash["a"]


def test_f_delete_needs_a_key() -> None:
    stash = DictionaryStash({"a": 1})
    with pytest.raises(PersistableError, match=r"DictionaryStash\.delete\(\) needs"):
        stash.delete()
    assert len(stash) == 1


def test_clear_empties_the_same_dictionary() -> None:
    data = {"a": 1}
    DictionaryStash(data).clear()
    assert data == {}


def test_pickles_and_copies() -> None:
    stash = DictionaryStash({"a": [1]})
    assert pickle.loads(pickle.dumps(stash)) == stash
    assert copy.copy(stash).data is stash.data
    assert copy.deepcopy(stash)["a"] is not stash["a"]


def test_iterating_while_threads_write() -> None:
    stash = DictionaryStash({str(i): i for i in range(1000)})
    done = threading.Event()

    def churn() -> None:
        i = 1000
        while not done.is_set():
            stash[str(i)] = i
            stash.delete(str(i - 1000))
            i += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            assert all(str(value) == key for key, value in stash)
    finally:
        done.set()
        thread.join()


def test_beside_is_kept_and_pickled() -> None:
    stash = DictionaryStash({"a": 1})
    beside = stash.beside("notes")
    assert beside is stash.beside("notes")
    assert beside is not stash.beside("other")
    assert stash == DictionaryStash({"a": 1})
    beside["done"] = True
    other = pickle.loads(pickle.dumps(stash))
    assert dict(other.beside("notes")) == {"done": True}
    other.beside("notes").clear()
    assert dict(beside) == {"done": True}
