from __future__ import annotations

import hashlib
import os
import pickle
import threading
import time
from collections import UserDict, defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import cachetools
import pytest
import zict

from zensols.persist.codec import default_codec
from zensols.persist.domain import FactoryStash, ReadOnlyStash, Stash
from zensols.persist.error import PersistableError, UntrustedDataError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, EncodedStash
from zensols.persist.stash.mapping import MappingStash
from zensols.persist.testing import (
    ConcurrencyContract,
    PersistenceContract,
    ReadableContract,
    StashContract,
    WritableContract,
)
from zensols.persist.testing.worker import is_locked


class InMapping(StashContract):
    copies = False

    def raw_get(self, stash: Any, key: str) -> Any:
        return stash.mapping.get(key, MISSING)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        stash.mapping[key] = value

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return list(stash.mapping)


class TestDict(InMapping):
    large = True

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return MappingStash({})


class TestUnguardedDict(InMapping):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return MappingStash({}, guarded=False)


class TestCache(InMapping):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return MappingStash(cachetools.LRUCache(1000))


class TestOtherStash(InMapping):
    """The way there and back again."""

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return MappingStash(DictionaryStash().as_mapping())


class OfBytes(StashContract):
    """Of an EncodedStash over a mapping of bytes."""

    def mapping(self, stash: Any) -> MutableMapping[str, bytes]:
        return stash.delegate.mapping

    def raw_get(self, stash: Any, key: str) -> Any:
        data = self.mapping(stash).get(key)
        return MISSING if data is None else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        self.mapping(stash)[key] = bytes(default_codec().encode(value, key))

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return list(self.mapping(stash))


class Digesting(MutableMapping[str, bytes]):
    """Gives the files of zict, which can't have all keys, names that they can."""

    def __init__(self, files: MutableMapping[str, bytes]) -> None:
        self.files = files
        self.names: dict[str, str] = {}

    def __getitem__(self, key: str) -> bytes:
        return self.files[self.names[key]]

    def __setitem__(self, key: str, value: bytes) -> None:
        data = key.encode("utf-8", "surrogatepass")
        name = self.names[key] = hashlib.sha256(data).hexdigest()
        self.files[name] = value

    def __delitem__(self, key: str) -> None:
        del self.files[self.names.pop(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.files)


class TestFiles(OfBytes):
    pickles = False
    large = True

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        files = zict.File(tmp_path / "data")
        return EncodedStash(MappingStash(Digesting(files)))


class TestReopenedFiles(
    ReadableContract, WritableContract, PersistenceContract, ConcurrencyContract
):
    """Under the keys that zict's files can have."""

    pickles = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return self._open(str(tmp_path / "data"))

    def _open(self, folder: str) -> Stash[Any]:
        return EncodedStash(MappingStash(zict.File(folder)))

    def reopen(self, stash: Any) -> Stash[Any]:
        return self._open(stash.delegate.mapping.directory)

    raw_get = OfBytes.raw_get
    raw_put = OfBytes.raw_put
    raw_keys = OfBytes.raw_keys
    mapping = OfBytes.mapping

    # What files there are, zict looks up when opened only.
    test_two_see_each_other = None


class TestFunc(InMapping):
    """A mapping with a codec of its own."""

    copies = True

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return MappingStash(zict.Func(pickle.dumps, pickle.loads, {}))


class Slow(UserDict[str, Any]):
    """Notes when two threads are in it, and counts the values that are read.  Who is
    in it waits so long for another one.

    """

    def __init__(self, seconds: float = 0) -> None:
        self.inside = self.reads = 0
        self.seconds = seconds
        self.counting = threading.Lock()
        self.met = threading.Event()
        super().__init__()

    def __getitem__(self, key: str) -> Any:
        with self.counting:
            self.reads += 1
            self.inside += 1
            if self.inside > 1:
                self.met.set()
        self.met.wait(self.seconds)
        with self.counting:
            self.inside -= 1
        return super().__getitem__(key)


@pytest.mark.parametrize("guarded", [True, False])
def test_one_thread_uses_the_mapping_at_a_time_if_guarded(guarded: bool) -> None:
    mapping = Slow(0.002 if guarded else 60)
    mapping["a"] = 1
    # Two stashes over one mapping.
    stashes = [MappingStash(mapping, guarded=guarded) for _ in range(2)]
    with ThreadPoolExecutor(4) as executor:
        found = executor.map(lambda n: stashes[n % 2].load("a"), range(40))
        assert [*found] == [1] * 40
    assert mapping.met.is_set() is not guarded


def test_guard_is_no_key_s_lock() -> None:
    stash = MappingStash({"": 1})
    with ThreadPoolExecutor(1) as executor, stash.lock(""):
        assert executor.submit(stash.load, "").result(60) == 1


def test_lock_is_that_of_the_mapping() -> None:
    data: dict[str, int] = {}
    with ThreadPoolExecutor(1) as executor, MappingStash(data).lock("a"):
        assert executor.submit(is_locked, MappingStash(data), "a").result()
        assert not executor.submit(is_locked, MappingStash(data), "b").result()
        assert not executor.submit(is_locked, MappingStash({}), "a").result()


def test_keys_can_change_meanwhile() -> None:
    stash = MappingStash(dict.fromkeys("abc", 1))
    for key in stash.keys():
        stash.delete(key)
        stash.dump(key * 2, 2)
    assert sorted(stash.keys()) == ["aa", "bb", "cc"]


def test_unguarded_keys_are_the_mapping_s_own() -> None:
    data = {"a": 1}
    keys = MappingStash(data, guarded=False).keys()
    data["b"] = 2
    assert keys == {"a", "b"}


def test_clear_and_delete_read_no_value() -> None:
    mapping = Slow()
    mapping.update(a=1, b=2)
    mapping.reads = 0
    stash = MappingStash[Any](mapping)
    stash.delete("a")
    stash.delete("none")
    stash.clear()
    assert (dict(mapping), mapping.reads) == ({}, 0)


def test_clear_is_the_mapping_s_own() -> None:
    cleared = []

    class Own(UserDict[str, Any]):
        def clear(self) -> None:
            cleared.append(1)

    MappingStash[Any](Own(a=1)).clear()
    assert cleared == [1]


def test_absent_key_is_not_made() -> None:
    data: defaultdict[str, list[int]] = defaultdict(list)
    stash = MappingStash(data)
    assert stash.load("a") is None
    assert stash.get("a", 1) == 1
    with pytest.raises(KeyError):
        stash["a"]
    assert not data


def test_goes_back() -> None:
    data = {"a": 1}
    assert MappingStash(data).as_mapping() is data

    class Doubling(MappingStash[int]):
        def get(self, name: str, default: Any = None) -> Any:
            return super().get(name, default) * 2

    assert dict(Doubling(data).as_mapping()) == {"a": 2}


def test_close() -> None:
    closed = []

    class Closeable(UserDict[str, Any]):
        def close(self) -> None:
            closed.append(1)

    with closing(MappingStash[Any](Closeable())):
        assert closed == []
    assert closed == [1]
    MappingStash[Any]({}).close()


def test_has_no_url() -> None:
    with pytest.raises(PersistableError, match="MappingStash has no URL"):
        MappingStash[Any]({}).url  # noqa: B018


def test_delete_needs_a_key() -> None:
    with pytest.raises(PersistableError, match="needs a key"):
        MappingStash[Any]({}).delete()


def test_forged_entry_is_refused() -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return os._exit, (1,)

    stash = EncodedStash[Any](MappingStash({"a": pickle.dumps(Runs())}))
    with pytest.raises(UntrustedDataError):
        stash["a"]


def test_factory_runs_once() -> None:
    calls = []

    class Squares(ReadOnlyStash[int]):
        def load(self, name: str) -> int:
            calls.append(name)
            time.sleep(0.01)
            return int(name) ** 2

        def keys(self) -> Any:
            return ["3"]

    data = cachetools.LRUCache[str, int](10)
    stashes = [FactoryStash(MappingStash(data), Squares(), once=True) for _ in "123"]
    with ThreadPoolExecutor(6) as executor:
        found = executor.map(lambda n: stashes[n % 3]["3"], range(12))
        assert [*found] == [9] * 12
    assert calls == ["3"]
