"""The whole contract, run against every stash that it applies to whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import zensols.persist
from zensols.persist.codec import (
    CompressedCodec,
    JsonCodec,
    default_codec,
    dump_file,
    file_info,
    load_file,
)
from zensols.persist.domain import (
    CacheFactoryStash,
    DelegateStash,
    FactoryStash,
    KeyLimitStash,
    PreemptiveStash,
    PrimablePreemptiveStash,
    ProtectiveStash,
    Stash,
)
from zensols.persist.missing import MISSING
from zensols.persist.shelve import ShelveStash
from zensols.persist.stash import (
    CacheStash,
    DictionaryStash,
    DirectoryStash,
    EncodedStash,
    Expiring,
    ExpiringStash,
    LRUCacheStash,
    OneShotFactoryStash,
    SortedStash,
)
from zensols.persist.testing import StashContract


class InDictionary(StashContract):
    """Of a stash whose items are in the dictionary that `data` finds."""

    copies = False

    def data(self, stash: Any) -> Any:
        return stash.delegate.data

    def raw_get(self, stash: Any, key: str) -> Any:
        return self.data(stash).get(key, MISSING)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        self.data(stash)[key] = value

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return self.data(stash)


class TestDictionaryStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return DictionaryStash()

    def data(self, stash: Any) -> Any:
        return stash.data


class TestLRUCacheStash(TestDictionaryStash):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return LRUCacheStash(1000)


class TestDelegateStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return DelegateStash(DictionaryStash())


class TestSortedStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return SortedStash(DictionaryStash())


class TestKeyLimitStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return KeyLimitStash(DictionaryStash())


class TestPreemptiveStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return PreemptiveStash(DictionaryStash())


class TestPrimablePreemptiveStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return PrimablePreemptiveStash(DictionaryStash())


class TestProtectiveStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return ProtectiveStash(DictionaryStash(), log_errors=False)


class TestEncodedStash(InDictionary):
    copies = True

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return EncodedStash(DictionaryStash())

    def raw_get(self, stash: Any, key: str) -> Any:
        data = super().raw_get(stash, key)
        return data if data is MISSING else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        super().raw_put(stash, key, bytes(default_codec().encode(value, key)))


class TestExpiringStash(InDictionary):
    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return ExpiringStash(DictionaryStash(), ttl=3600)

    def raw_get(self, stash: Any, key: str) -> Any:
        entry = super().raw_get(stash, key)
        return entry.value if isinstance(entry, Expiring) else entry


class InFolder(StashContract):
    """Of a stash whose items are in the files of the folder that `store` finds."""

    processes = True

    def store(self, stash: Any) -> DirectoryStash[Any]:
        return stash.delegate

    def _files(self, stash: Any) -> dict[str | None, str]:
        """Find the files without going by their names."""
        store = self.store(stash)
        if not store.path.exists():
            return {}
        files = [str(path) for path in store.path.iterdir()]
        found = {file_info(file).key: file for file in files}
        assert len(found) == len(files)
        return found

    def raw_get(self, stash: Any, key: str) -> Any:
        file = self._files(stash).get(key)
        codec = self.store(stash).codec or default_codec()
        return MISSING if file is None else load_file(codec, file, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        store = self.store(stash)
        file = str(store.key_to_path(key))
        dump_file(store.codec or default_codec(), value, file, key)

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return [key for key in self._files(stash) if key is not None]


class TestDirectoryStash(InFolder):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return DirectoryStash(tmp_path / "data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return DirectoryStash(stash.path, stash.pattern, codec=stash.codec)

    def store(self, stash: Any) -> DirectoryStash[Any]:
        return stash


class TestDirectoryStashOfBareNames(TestDirectoryStash):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return DirectoryStash(tmp_path / "data", "{name}")


class TestDirectoryStashWithPrefix(TestDirectoryStash):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return DirectoryStash(tmp_path / "data", "x-{name}.dat")


class TestDirectoryStashCompressed(TestDirectoryStash):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        codec = CompressedCodec(default_codec())
        return DirectoryStash(tmp_path / "data", codec=codec)


class TestDirectoryStashOfJson(TestDirectoryStash):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return DirectoryStash(tmp_path / "data", codec=JsonCodec())


class TestDirectoryStashSynced(TestDirectoryStash):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return DirectoryStash(tmp_path / "data", durability="fsync")


class TestCacheStash(InFolder):
    copies = False
    # Others' writes aren't noticed once cached.
    processes = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return CacheStash(DirectoryStash(tmp_path / "data"))


class TestFactoryStash(InFolder):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return FactoryStash(DirectoryStash(tmp_path / "data"), DictionaryStash())

    def reopen(self, stash: Any) -> Stash[Any]:
        return FactoryStash(DirectoryStash(stash.delegate.path), DictionaryStash())


class TestOneShotFactoryStash(InFolder):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return self._open(tmp_path / "data")

    def _open(self, path: Path) -> Stash[Any]:
        stash = OneShotFactoryStash[Any](DirectoryStash(path))
        stash.worker = ()
        return stash

    def reopen(self, stash: Any) -> Stash[Any]:
        return self._open(stash.delegate.path)


class TestEncodedStashOfFiles(InFolder):
    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return EncodedStash(DirectoryStash(tmp_path / "data"))

    def reopen(self, stash: Any) -> Stash[Any]:
        return EncodedStash(DirectoryStash(stash.delegate.path))

    def raw_get(self, stash: Any, key: str) -> Any:
        data = super().raw_get(stash, key)
        return data if data is MISSING else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        super().raw_put(stash, key, bytes(default_codec().encode(value, key)))


class TestCacheFactoryStash(InDictionary):
    """Written to through its factory, which says what there is."""

    @pytest.fixture
    def stash(self) -> Stash[Any]:
        return _ThroughFactory(DictionaryStash(), DictionaryStash())

    def data(self, stash: Any) -> Any:
        return stash.factory.data


class _ThroughFactory(CacheFactoryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        self.factory.dump(name, inst)
        super().delete(name)

    def delete(self, name: str | None = None) -> None:
        super().delete(name)
        self.factory.delete(name)


class TestShelveStash(StashContract):
    processes = True
    examples = 10

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return ShelveStash(tmp_path / "data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return ShelveStash(stash.path)

    def raw_get(self, stash: Any, key: str) -> Any:
        import dbm

        with dbm.open(str(stash.path), "c") as store:
            data = store.get(key.encode("utf-8", "surrogatepass"))
        return MISSING if data is None else default_codec().decode(data, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        import dbm

        with dbm.open(str(stash.path), "c") as store:
            entry = bytes(default_codec().encode(value, key))
            store[key.encode("utf-8", "surrogatepass")] = entry

    def raw_keys(self, stash: Any) -> Iterable[str]:
        import dbm

        with dbm.open(str(stash.path), "c") as store:
            return [key.decode("utf-8", "surrogatepass") for key in store.keys()]


class TestShelveStashKeptOpen(TestShelveStash):
    """Which nobody else, and so no copy of it either, can open."""

    processes = False
    pickles = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Any:
        stash = ShelveStash[Any](tmp_path / "data", auto_close=False, writeback=False)
        yield stash
        stash.close()

    def reopen(self, stash: Any) -> Any:
        return None

    raw_get = StashContract.raw_get
    raw_put = StashContract.raw_put
    raw_keys = StashContract.raw_keys


ROOT = Path(zensols.persist.__file__).parents[2]

EXAMPLE = """
import pytest
from zensols.persist.testing import StashContract
from zensols.persist import DictionaryStash

class Broken(DictionaryStash):
    def dump(self, name, inst):
        if inst is not None:
            super().dump(name, inst)

class TestMine(StashContract):
    copies = False

    @pytest.fixture
    def stash(self):
        return {stash}()
"""


@pytest.mark.parametrize(
    ("stash", "is_sound"), [("DictionaryStash", True), ("Broken", False)]
)
def test_user_s_stash(tmp_path: Path, stash: str, is_sound: bool) -> None:
    (tmp_path / "test_mine.py").write_text(EXAMPLE.replace("{stash}", stash))
    # Of the one that fails, those that tell; the others take long to fail.
    only = () if is_sound else ("-k", "keeps_each_value or test_delete")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", *only, "test_mine.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.findall(r"^FAILED .*::(\w+)", done.stdout, re.MULTILINE)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    if is_sound:
        assert done.returncode == 0, done.stdout
        assert int(passed[1]) > 50
    else:
        assert "test_keeps_each_value" in failed
        assert "test_delete" not in failed
        # Shown as by test modules of one's own.
        assert "assert 'some text' == None" in done.stdout
