from __future__ import annotations

import gc
import os
import pickle
import sqlite3
import stat
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from zensols.persist.codec import CompressedCodec, JsonCodec, default_codec
from zensols.persist.domain import Stash, StashURL, open_stash
from zensols.persist.error import (
    CorruptDataError,
    LockTimeoutError,
    PersistableError,
    StoreUnavailableError,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash.sqlite import SqliteStash
from zensols.persist.testing import StashContract

Made = Iterator[SqliteStash[Any]]


def run(path: Path, statement: str, *parameters: object) -> list[Any]:
    """By sqlite3 alone."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        return connection.execute(statement, parameters).fetchall()


def to_bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


class TestSqliteStash(StashContract):
    processes = True
    large = True
    table = "stash"
    codec: Any = None
    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Made:
        stash = SqliteStash[Any](
            tmp_path / "data.db", table=self.table, codec=self.codec, **self.options
        )
        self.opened = [stash]
        yield stash
        for one in self.opened:
            one.close()
        if stash.path.exists():
            assert run(stash.path, "PRAGMA integrity_check") == [("ok",)]

    def reopen(self, stash: Any) -> Any:
        self.opened.append(pickle.loads(pickle.dumps(stash)))
        return self.opened[-1]

    def _run(self, stash: Any, statement: str, *parameters: object) -> list[Any]:
        if not stash.path.exists():
            return []
        table = '"' + self.table.replace('"', '""') + '"'
        return run(stash.path, statement.replace("TABLE", table), *parameters)

    def raw_get(self, stash: Any, key: str) -> Any:
        statement = "SELECT entry FROM TABLE WHERE key = ?"
        for (entry,) in self._run(stash, statement, to_bytes(key)):
            return stash.entry_codec.decode(entry, key)
        return MISSING

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        if not stash.path.exists():
            stash.dump(key, None)
        entry = bytes(stash.entry_codec.encode(value, key))
        statement = "REPLACE INTO TABLE (key, entry) VALUES (?, ?)"
        self._run(stash, statement, to_bytes(key), entry)

    def raw_keys(self, stash: Any) -> Iterable[str]:
        rows = self._run(stash, "SELECT key FROM TABLE")
        return [key.decode("utf-8", "surrogatepass") for (key,) in rows]


class TestSqliteStashSynced(TestSqliteStash):
    large = False
    options: ClassVar[dict[str, Any]] = {"durability": "fsync"}


class TestSqliteStashOfCompressedJson(TestSqliteStash):
    large = False
    codec = CompressedCodec(JsonCodec())


class TestSqliteStashInAnOddTable(TestSqliteStash):
    large = False
    table = 'x"; DROP TABLE "stash"; -- [`é'


@pytest.fixture
def stash(tmp_path: Path) -> Made:
    stash = SqliteStash[Any](tmp_path / "new" / "data.db")
    yield stash
    stash.close()


def test_reading_makes_nothing(stash: SqliteStash[Any]) -> None:
    assert stash.load("a") is None
    assert stash.get("a", 1) == 1
    assert not stash.exists("a")
    assert list(stash.keys()) == list(stash.items()) == []
    assert len(stash) == 0
    stash.delete("a")
    stash.delete_many(["a", "b"])
    stash.clear()
    assert not stash.path.parent.exists()


def test_new_files_are_private(stash: SqliteStash[Any]) -> None:
    umask = os.umask(0)
    try:
        stash["a"] = 1
    finally:
        os.umask(umask)
    assert stat.S_IMODE(stash.path.parent.stat().st_mode) == 0o700
    modes = {
        p.name: stat.S_IMODE(p.stat().st_mode) for p in stash.path.parent.iterdir()
    }
    assert modes == dict.fromkeys(("data.db", "data.db-wal", "data.db-shm"), 0o600)


def test_modes(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    for durability, level in (("process", 1), ("fsync", 2)):
        stash.close()
        stash.durability = durability  # type: ignore[assignment]
        assert stash["a"] == 1
        pool = stash.__dict__["_opened"].pool
        assert pool.run("PRAGMA journal_mode") == [("wal",)]
        assert pool.run("PRAGMA synchronous") == [(level,)]
        assert pool.run("PRAGMA busy_timeout") == [(60000,)]


def test_tables_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    names = ["a", "b", "x y", 'q"uote', "select", "größe", "a;b", "1"]
    stashes = [SqliteStash[Any](path, table=name) for name in names]
    for number, stash in enumerate(stashes):
        stash["key"] = number
    stashes[0].clear()
    assert [dict(stash) for stash in stashes] == [
        {},
        *({"key": number} for number in range(1, len(names))),
    ]
    with stashes[1].lock("key"), ThreadPoolExecutor(1) as other:
        assert other.submit(can_lock, stashes[2], "key").result()
        assert not other.submit(can_lock, SqliteStash(path, table="B"), "key").result()
    for stash in stashes:
        stash.close()
    assert {name for (name,) in run(path, "SELECT name FROM sqlite_master")} >= {*names}


def can_lock(stash: Stash[Any], key: str) -> bool:
    try:
        with stash.lock(key, timeout=0):
            return True
    except LockTimeoutError:
        return False


def test_lock_error_names_key_and_owner(stash: SqliteStash[Any]) -> None:
    def wait() -> None:
        with stash.lock("my key", timeout=0):
            raise AssertionError

    with stash.lock("my key"), ThreadPoolExecutor(1) as other:
        with pytest.raises(LockTimeoutError, match=r"'my key' of .*data\.db") as info:
            other.submit(wait).result()
        assert str(os.getpid()) in str(info.value)
    # What is raised while it is held is not its own.
    with pytest.raises(LockTimeoutError, match=r"^mine$"), stash.lock("a"):
        raise LockTimeoutError("mine")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"table": ""}, "'' is no name"),
        ({"table": "a\0b"}, "no name"),
        ({"table": "\ud800"}, "not valid Unicode"),
        ({"table": "SQLite_master"}, "keeps such names"),
        ({"table": 1}, "1 is no name"),
        ({"timeout": -1}, "timeout -1"),
        ({"timeout": float("nan")}, "timeout nan"),
        ({"durability": "none"}, "use one of process, fsync"),
    ],
)
def test_wrong_fields(fields: Any, message: str) -> None:
    with pytest.raises(PersistableError, match=message) as info:
        SqliteStash(Path("my.db"), **fields)
    assert "my.db" in str(info.value)


def test_wrong_path() -> None:
    with pytest.raises(PersistableError, match=r"pathlib\.Path .*'data\.db'"):
        SqliteStash("data.db")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///data/cache.db",
        "sqlite:cache%20it.db",
        "sqlite:///d/c.db?table=a%20b%22%26&timeout=2.5&durability=fsync&codec=json",
    ],
)
def test_url(text: str) -> None:
    stash = open_stash(text)
    assert isinstance(stash, SqliteStash)
    assert open_stash(stash.url).url == stash.url
    again = open_stash(stash.url)
    assert isinstance(again, SqliteStash)
    for name in ("path", "table", "timeout", "durability"):
        assert getattr(again, name) == getattr(stash, name)
    assert StashURL.parse(text).path == stash.path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sqlite:a.db?pattern=x", "'pattern'; allowed: .*durability.*table, timeout"),
        ("sqlite:a.db?timeout=soon", "'timeout'"),
        ("sqlite:a.db?timeout=inf", "'timeout'"),
        ("sqlite:a.db?table=sqlite_a", "keeps such names"),
        ("sqlite:a.db?durability=x", "use one of"),
        ("sqlite:", "no path"),
        ("sqlite://host/a.db", "host"),
    ],
)
def test_wrong_url(text: str, message: str) -> None:
    with pytest.raises(PersistableError, match=message):
        open_stash(text)


def test_url_of_a_subclass() -> None:
    class Mine(SqliteStash[Any]):
        pass

    with pytest.raises(PersistableError, match="has no URL"):
        _ = Mine(Path("a.db")).url


def test_close_and_use_again(stash: SqliteStash[Any]) -> None:
    stash.close()
    stash["a"] = 1
    stash.close()
    stash.close()
    assert [path.name for path in stash.path.parent.iterdir()] == ["data.db"]
    assert stash["a"] == 1
    copy = pickle.loads(pickle.dumps(stash))
    assert copy == stash
    assert copy["a"] == 1
    copy.close()


def test_unclosed_one_is_closed_with_its_stash(tmp_path: Path) -> None:
    stash = SqliteStash[Any](tmp_path / "data.db")
    stash["a"] = 1
    assert len(list(tmp_path.iterdir())) == 3
    del stash
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


def test_many(stash: SqliteStash[Any]) -> None:
    stash.dump_many((f"k{number % 2500}", number) for number in range(3000))
    assert len(stash) == 2500
    names = ["k3", "none", "k3", "k2400", *(f"k{n}" for n in range(250))]
    found = list(stash.load_many(iter(names)))
    assert [name for name, _ in found] == [name for name in names if name != "none"]
    expected = {f"k{n}": n + 2500 if n < 500 else n for n in range(2500)}
    assert all(value == expected[name] for name, value in found)
    assert dict(stash) == expected
    stash.delete_many(f"k{number}" for number in range(1500))
    assert sorted(stash.keys()) == sorted(f"k{n}" for n in range(1500, 2500))


def test_load_many_is_lazy(stash: SqliteStash[Any]) -> None:
    stash.dump_many((str(number), number) for number in range(500))
    asked = []

    def names() -> Iterator[str]:
        for number in range(500):
            asked.append(number)
            yield str(number)

    assert next(stash.load_many(names())) == ("0", 0)
    assert len(asked) <= 100


def test_large_values_are_not_in_memory_together(stash: SqliteStash[Any]) -> None:
    for number in range(40):
        stash[str(number)] = bytes([number]) * (1 << 20)
    tracemalloc.start()
    try:
        for key, value in stash:
            assert value[:1] == bytes([int(key)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 << 20


def test_failing_items_leave_whole_ones(stash: SqliteStash[Any]) -> None:
    def items() -> Iterator[tuple[str, Any]]:
        for number in range(1500):
            yield str(number), number
        yield "lock", threading.Lock()

    with pytest.raises(PersistableError, match="lock"):
        stash.dump_many(items())
    assert dict(stash) == {str(number): number for number in range(1000)}
    stash["after"] = 1
    assert stash["after"] == 1


def test_items_are_made_outside_of_the_transaction(stash: SqliteStash[Any]) -> None:
    """Others, and the stash itself, can write while they are."""
    with closing(SqliteStash[Any](stash.path, timeout=0)) as other:
        stash["a"] = 0

        def items() -> Iterator[tuple[str, Any]]:
            for number in range(2500):
                if number % 600 == 0:
                    stash["own"] = other["other"] = number
                yield str(number), number

        stash.dump_many(items())
        assert other["own"] == stash["other"] == 2400


def test_keys_come_in_pages(stash: SqliteStash[Any]) -> None:
    names = [f"{number:04}" for number in range(1000)]
    stash.dump_many((name, None) for name in names)
    keys = iter(stash.keys())
    assert next(keys) == "0000"
    # No transaction is open, so the log can be emptied.
    assert run(stash.path, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    stash.delete_many(names[500:600])
    stash["zzz"] = 1
    stash["00005"] = 1
    assert list(keys) == [*names[1:500], *names[600:], "zzz"]


def test_listing_reads_no_entries(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    statements = stash.__dict__["_opened"].statements
    for statement in (statements.keys, statements.exists):
        ((*_, plan),) = run(stash.path, f"EXPLAIN QUERY PLAN {statement}", b"")
        assert "USING COVERING INDEX" in plan
        assert "key" in plan
    ((*_, plan),) = run(stash.path, f"EXPLAIN QUERY PLAN {statements.count}")
    assert "USING COVERING INDEX" in plan


def test_too_large_for_sqlite(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    pool = stash.__dict__["_opened"].pool
    cursor = pool._idle[0]
    cursor.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
    with pytest.raises(PersistableError, match=r"data\.db.*too big"):
        stash["a"] = os.urandom(2000)
    assert stash["a"] == 1


def test_damaged_file(stash: SqliteStash[Any]) -> None:
    stash.path.parent.mkdir()
    stash.path.write_bytes(b"no database at all" * 100)
    for use in (lambda: stash.load("a"), lambda: stash.dump("a", 1)):
        with pytest.raises(CorruptDataError, match=str(stash.path)):
            use()
    assert stash.path.read_bytes() == b"no database at all" * 100


def test_damaged_pages(stash: SqliteStash[Any]) -> None:
    stash.dump_many((str(number), os.urandom(500)) for number in range(1000))
    stash.close()
    data = bytearray(stash.path.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    stash.path.write_bytes(data)
    with pytest.raises(CorruptDataError, match=str(stash.path)):
        list(stash)


def test_folder_in_the_way(tmp_path: Path) -> None:
    with (
        closing(SqliteStash[Any](tmp_path)) as stash,
        pytest.raises(PersistableError, match=str(tmp_path)),
    ):
        stash["a"] = 1


def test_file_in_the_folder_s_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stash = SqliteStash[Any](tmp_path / "file" / "data.db")
    with pytest.raises(PersistableError, match=str(tmp_path / "file")):
        stash["a"] = 1
    assert stash.get("a", 1) == 1


def test_foreign_table(stash: SqliteStash[Any]) -> None:
    stash.path.parent.mkdir()
    run(stash.path, "CREATE TABLE stash (name, value)")
    for use in (lambda: stash.load("a"), lambda: stash.dump("a", 1)):
        with pytest.raises(PersistableError, match=r"data\.db.*no.*column"):
            use()


def test_foreign_keys(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    with pytest.raises(sqlite3.IntegrityError):
        run(stash.path, "INSERT INTO stash VALUES ('text', x'00')")
    run(stash.path, "INSERT INTO stash VALUES (x'ff', x'00')")
    with pytest.raises(CorruptDataError, match=r"xff.*'stash' of .*data\.db"):
        list(stash.keys())


def test_error_names_file_table_and_key(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    run(stash.path, "UPDATE stash SET entry = x'00'")
    with pytest.raises(PersistableError, match=r"data\.db, table 'stash', key 'a'"):
        stash.load("a")


def test_locked_by_another(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    stash.close()
    stash.timeout = 0.05
    with closing(sqlite3.connect(stash.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for write in (
            lambda: stash.dump("a", 2),
            lambda: stash.dump_many([("a", 2)]),
            lambda: stash.delete("a"),
            stash.clear,
        ):
            with pytest.raises(StoreUnavailableError, match=r"data\.db.* 0\.05 sec"):
                write()
        assert stash["a"] == 1
        other.execute("COMMIT")
    stash["a"] = 2
    assert stash["a"] == 2


def test_read_only_file(stash: SqliteStash[Any]) -> None:
    stash["a"] = 1
    stash.close()
    stash.path.chmod(0o400)
    if os.geteuid() == 0:
        pytest.skip("root may write any file")
    assert stash["a"] == 1
    with pytest.raises(PersistableError, match=r"data\.db.*readonly"):
        stash["a"] = 2


def test_entries_move_between_stores(stash: SqliteStash[Any]) -> None:
    stash["a"] = [1, 2]
    entry = stash.load_entry("a")
    assert entry is not None
    assert default_codec().decode(entry, "a") == [1, 2]
    info = stash.entry_info("a")
    assert info is not None
    assert (info.key, info.type) == ("a", "builtins.list")
    with closing(SqliteStash[Any](stash.path, table="other")) as other:
        other.dump_entries(stash.load_entries(["a", "b"]))
        assert dict(other) == {"a": [1, 2]}
    assert stash.entry_info("b") is None


def test_beside_is_a_table(stash: SqliteStash[Any]) -> None:
    beside: Any = stash.beside("notes")
    with closing(beside):
        assert beside.load("a") is None
        assert not stash.path.parent.exists()
        stash["a"] = 1
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        assert run(stash.path, tables) == [("stash",)]
        beside["a"] = {"done": True}
        assert run(stash.path, tables) == [("stash",), ("stash.beside.notes",)]
        assert beside.entry_info("a").codec == "json"


def test_beside_of_one_file_with_several_tables(tmp_path: Path) -> None:
    first = SqliteStash[Any](tmp_path / "data.db", table="a", durability="fsync")
    second = SqliteStash[Any](tmp_path / "data.db", table="b", timeout=7)
    besides: list[Any] = [first.beside("notes"), second.beside("notes")]
    for number, beside in enumerate(besides):
        beside["key"] = number
    assert [dict(beside) for beside in besides] == [{"key": 0}, {"key": 1}]
    assert [beside.durability for beside in besides] == ["fsync", "process"]
    assert [beside.timeout for beside in besides] == [60, 7]
    for beside in besides:
        beside.close()
