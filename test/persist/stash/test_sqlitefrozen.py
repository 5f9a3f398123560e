from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist import PersistableError
from zensols.persist.stash.sqlite import SqliteStash
from zensols.persist.stash.sqlitefile import SqliteFile
from zensols.persist.stash.sqlitefrozen import freeze
from zensols.persist.stash.sqlitepool import SqlitePool


@pytest.fixture
def pool(tmp_path: Path) -> SqlitePool:
    schema = "CREATE TABLE IF NOT EXISTS t (n)"
    return SqlitePool(SqliteFile(str(tmp_path / "data.db"), schema, 60, "NORMAL"))


def test_shows_what_was(pool: SqlitePool) -> None:
    pool.run_many("INSERT INTO t VALUES (?)", [(1,)], True)
    with freeze(pool) as frozen:
        pool.run("DELETE FROM t")
        assert frozen.run("SELECT n FROM t") == [(1,)]
        assert pool.run("SELECT n FROM t") == []
    # On the same connection again.
    pool.run("INSERT INTO t VALUES (2)")
    assert pool.run("SELECT n FROM t") == [(2,)]


def test_writes_nothing(pool: SqlitePool) -> None:
    with freeze(pool) as frozen:
        with pytest.raises(PersistableError, match="readonly"):
            frozen.run("INSERT INTO t VALUES (1)")
        with pytest.raises(PersistableError, match="as it was"):
            frozen.run_many("INSERT INTO t VALUES (?)", [(1,)], True)
        frozen.close()
        assert frozen.run("SELECT n FROM t") == []


def test_stash(tmp_path: Path) -> None:
    stash = SqliteStash[int](tmp_path / "data.db")
    with stash.frozen() as frozen:
        assert list(frozen.keys()) == []
    stash["a"] = 1
    with stash.frozen() as frozen:
        stash["a"], stash["b"] = 2, 3
        assert dict(frozen) == {"a": 1}
        assert frozen.get("b", "no") == "no"
        assert len(frozen) == 1
        with pytest.raises(PersistableError):
            frozen["a"] = 3
        with pytest.raises(PersistableError):
            frozen.delete("a")
    assert dict(stash) == {"a": 2, "b": 3}
    stash.close()
