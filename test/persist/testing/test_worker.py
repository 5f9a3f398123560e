from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from zensols.persist.stash import DictionaryStash
from zensols.persist.testing.worker import (
    find_torn,
    is_locked,
    use_beside,
    use_keys,
    use_shared_key,
)


def test_uses_keys() -> None:
    stash = DictionaryStash[Any]({"other": 0})
    use_keys(stash, ["a", "b", "c"], [1, None, 3])
    assert dict(stash) == {"other": 0, "a": 1, "b": None}


class Loses(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        pass


class ListsNothing(DictionaryStash[Any]):
    def keys(self) -> Any:
        return {}.keys()


class DeletesNothing(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        pass


@pytest.mark.parametrize("broken", [Loses, ListsNothing, DeletesNothing])
def test_finds_lost_keys(broken: Any) -> None:
    with pytest.raises(AssertionError):
        use_keys(broken(), ["a", "b"], [1, 2])


@pytest.mark.parametrize("delete", [False, True])
def test_uses_shared_key(delete: bool) -> None:
    stash = DictionaryStash[Any]()
    assert use_shared_key(stash, "a", [1, 2], times=4, delete=delete) == []
    assert dict(stash) == ({} if delete else {"a": 2})


def test_finds_torn_values() -> None:
    assert find_torn(DictionaryStash({"a": 1}), "a", [1, 2]) == []
    assert find_torn(DictionaryStash({"a": None}), "a", [1, 2]) == [None]
    assert find_torn(DictionaryStash(), "a", [1, 2]) == []


def test_uses_what_is_beside() -> None:
    stash = DictionaryStash[Any]()
    assert use_beside(stash, "notes", "a", 1, "first") is None
    assert use_beside(stash, "notes", "a", 2, "second") == "first"
    assert dict(stash) == {"a": 2}
    beside = stash.beside("notes")
    assert beside is not None
    assert dict(beside) == {"a": "second"}


def test_closes_what_is_beside() -> None:
    class Closeable(DictionaryStash[Any]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

        def dump(self, name: str, inst: Any) -> None:
            assert inst != "wrong"
            super().dump(name, inst)

    beside = Closeable()

    class Beside(DictionaryStash[Any]):
        def _make_beside(self, name: str) -> Any:
            return beside

    use_beside(Beside(), "notes", "a", 1, "right")
    assert beside.closed == 1
    with pytest.raises(AssertionError):
        use_beside(Beside(), "notes", "a", 1, "wrong")
    assert beside.closed == 2


def test_is_locked() -> None:
    stash, done, held = DictionaryStash[Any](), threading.Event(), threading.Event()

    def hold() -> None:
        with stash.lock("a"):
            held.set()
            done.wait()

    with ThreadPoolExecutor(1) as executor:
        holder = executor.submit(hold)
        held.wait()
        assert is_locked(stash, "a")
        assert not is_locked(stash, "b")
        done.set()
        holder.result()
    assert not is_locked(stash, "a")


def test_processes_begin_without_pytest() -> None:
    code = (
        "import sys, zensols.persist.testing.worker; "
        "print(*{'pytest', 'hypothesis'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
