from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist.annotation.file_store import FileStore
from zensols.persist.annotation.stash_store import StashStore
from zensols.persist.annotation.store import Store
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash


@pytest.fixture(params=["file", "stash"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return FileStore(tmp_path / "a.dat", False, False, None, "1")
    return StashStore(DictionaryStash(), "a", "1")


def test_keeps_one_value(store: Store) -> None:
    store.prepare()
    with store.lock(1):
        assert store.load() is MISSING
        store.dump([1], 0.5)
        assert store.load() == [1]
        store.dump(None, 0.5)
    assert store.load() is None
    store.delete()
    assert store.load() is MISSING
    store.delete()
