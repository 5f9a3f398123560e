from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zensols.persist.stash.sqlitefile import SqliteFile
from zensols.persist.stash.sqlitepool import SqlitePool
from zensols.persist.stash.sqlitestatements import SqliteStatements
from zensols.persist.stash.sqlitewriting import (
    WRITE,
    change_entries,
    dump_entries,
    to_key,
)

TABLE = SqliteStatements("t", 10)


@pytest.fixture
def pool(tmp_path: Path) -> SqlitePool:
    file = SqliteFile(str(tmp_path / "data.db"), TABLE.schema, 60, "NORMAL")
    return SqlitePool(file)


def read(pool: SqlitePool) -> dict[bytes, bytes]:
    return dict(pool.run("SELECT key, entry FROM t"))


def test_keys() -> None:
    assert to_key("\u00fc\ud800") == b"\xc3\xbc\xed\xa0\x80"


def test_dump_some(pool: SqlitePool) -> None:
    """What was written before something fails is there."""

    def entries() -> Iterator[tuple[str, bytes]]:
        for number in range(WRITE):
            yield str(number), b"1"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dump_entries(pool, TABLE, entries())
    assert len(read(pool)) == WRITE


def test_change_all_or_nothing(pool: SqlitePool) -> None:
    dump_entries(pool, TABLE, [("a", b"1"), ("b", b"2")])

    def changes() -> Iterator[tuple[str, bytes | None]]:
        yield "a", None
        yield "b", b"3"
        for number in range(2 * WRITE):
            yield f"c{number}", b"4"
        if fails:
            raise KeyboardInterrupt

    fails = True
    with pytest.raises(KeyboardInterrupt):
        change_entries(pool, TABLE, changes)
    assert read(pool) == {b"a": b"1", b"b": b"2"}
    fails = False
    change_entries(pool, TABLE, changes)
    found = read(pool)
    assert b"a" not in found
    assert (found[b"b"], len(found)) == (b"3", 2 * WRITE + 1)
