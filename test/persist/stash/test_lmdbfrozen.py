from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist import PersistableError
from zensols.persist.stash.lmdb import LmdbStash
from zensols.persist.stash.lmdbfrozen import FreezableEnvironment
from zensols.persist.stash.lmdbreading import copy_one


def test_environment(tmp_path: Path) -> None:
    environment = FreezableEnvironment(str(tmp_path), 1 << 20, sync=False)
    environment.write(lambda transaction: transaction.put(b"a", b"1"))
    with environment.frozen() as frozen:
        environment.write(lambda transaction: transaction.put(b"a", b"2"))
        assert frozen.is_made
        assert frozen.read(copy_one, None, b"a") == b"1"
        assert frozen.get(b"a", lambda entry, key: (bytes(entry), key), "k") == (
            b"1",
            "k",
        )
        assert frozen.get(b"b", lambda entry, key: key, "k") is None
        assert environment.read(copy_one, None, b"a") == b"2"
        with pytest.raises(PersistableError, match="as it was"):
            frozen.write(lambda transaction: transaction.put(b"a", b"3"))
        with pytest.raises(PersistableError, match="as it was"):
            frozen.clear()


def test_can_grow_meanwhile(tmp_path: Path) -> None:
    """Though the map can't, while a transaction reads."""
    stash = LmdbStash[bytes](tmp_path / "data", map_size=1 << 20)
    stash["a"] = b"1"
    with stash.frozen() as frozen:
        for number in range(30):
            stash[f"{number}"] = b"x" * (1 << 20)
        assert dict(frozen) == {"a": b"1"}
        assert len(frozen) == 1
    assert len(stash) == 31
    stash.close()


def test_stash_that_is_not_made(tmp_path: Path) -> None:
    stash = LmdbStash[int](tmp_path / "data")
    with stash.frozen() as frozen:
        assert list(frozen.keys()) == []
    assert not (tmp_path / "data").exists()
