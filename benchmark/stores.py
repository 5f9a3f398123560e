"""Small values in LMDB and SQLite: writing and reading."""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from .files import dump_each, load_each, measure_stores
from .peers import Store, open_store
from .row import OURS, Bar, Case
from .timing import Measurement, Settings

__all__ = ["CASES", "CHAPTER"]

CHAPTER = "Stores"
"""Under what heading the stores stand in the documentation."""

_RAW_LMDB = "raw lmdb"
_RAW_SQLITE = "bare sqlite3 statements"
_PEERS = ("diskcache", "sqlitedict")
_MAP_SIZE = 1 << 26


def _open_lmdb(name: str, folder: Path, stack: ExitStack) -> Store:
    if name == OURS:
        from zensols.persist import LmdbStash

        stash: LmdbStash[Any] = LmdbStash(folder / "ours")
        stack.callback(stash.close)
        return Store(name, stash.dump, stash.load)
    if name == _RAW_LMDB:
        return _raw_lmdb(name, folder, stack)
    return open_store(name, folder, stack)


def _raw_lmdb(name: str, folder: Path, stack: ExitStack) -> Store:
    import lmdb

    path = str(folder / "raw")
    env = stack.enter_context(lmdb.open(path, map_size=_MAP_SIZE, sync=False))

    def dump(key: str, value: Any) -> None:
        with env.begin(write=True) as transaction:
            transaction.put(key.encode(), pickle.dumps(value, 5))

    def load(key: str) -> Any:
        with env.begin() as transaction:
            return pickle.loads(transaction.get(key.encode(), b""))

    return Store(name, dump, load)


def _open_sqlite(name: str, folder: Path, stack: ExitStack) -> Store:
    if name == OURS:
        from zensols.persist import SqliteStash

        stash: SqliteStash[Any] = SqliteStash(folder / "ours.db")
        stack.callback(stash.close)
        return Store(name, stash.dump, stash.load)
    if name == _RAW_SQLITE:
        return _raw_sqlite(name, folder, stack)
    return open_store(name, folder, stack)


def _raw_sqlite(name: str, folder: Path, stack: ExitStack) -> Store:
    # Without an isolation level, each statement is a transaction.
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    stack.callback(connection.close)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB)")

    def dump(key: str, value: Any) -> None:
        connection.execute(
            "INSERT INTO entries VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, pickle.dumps(value, 5)),
        )

    def load(key: str) -> Any:
        rows = connection.execute("SELECT value FROM entries WHERE key = ?", (key,))
        return pickle.loads(rows.fetchone()[0])

    return Store(name, dump, load)


def _lmdb(contend: Any, settings: Settings) -> list[Measurement]:
    return measure_stores(contend, settings, (_RAW_LMDB, OURS, *_PEERS), _open_lmdb)


def _sqlite(contend: Any, settings: Settings) -> list[Measurement]:
    names = (_RAW_SQLITE, OURS, *_PEERS)
    return measure_stores(contend, settings, names, _open_sqlite)


_WHAT_RAW_LMDB_DOES = (
    "Raw lmdb pickles and puts, or gets and unpickles, in a transaction each time, and "
    "signs nothing; ours verifies the signature."
)

CASES = (
    Case(
        "lmdb-load",
        "load a value from LMDB (350 bytes)",
        _RAW_LMDB,
        partial(_lmdb, load_each),
        Bar(2.5),
        note=_WHAT_RAW_LMDB_DOES,
        chapter=CHAPTER,
    ),
    Case(
        "lmdb-load-peers",
        "load a value from LMDB, beside diskcache",
        "diskcache",
        partial(_lmdb, load_each),
        Bar(1 / 2),
        note="The same as above, measured again, with another baseline.",
        chapter=CHAPTER,
    ),
    Case(
        "lmdb-dump",
        "dump a value to LMDB (350 bytes)",
        "diskcache",
        partial(_lmdb, dump_each),
        Bar(1 / 4),
        note=_WHAT_RAW_LMDB_DOES + "  sqlitedict commits each value.",
        chapter=CHAPTER,
    ),
    Case(
        "sqlite-load",
        "load a value from SQLite (350 bytes)",
        _RAW_SQLITE,
        partial(_sqlite, load_each),
        Bar(2),
        note="The baseline selects and unpickles, and verifies nothing.",
        chapter=CHAPTER,
    ),
    Case(
        "sqlite-dump",
        "dump a value to SQLite (350 bytes)",
        _RAW_SQLITE,
        partial(_sqlite, dump_each),
        Bar(1.5),
        note=(
            "The baseline pickles and upserts, with a write-ahead log and NORMAL "
            "synchronization as ours, and signs nothing.  sqlitedict commits each value."
        ),
        chapter=CHAPTER,
    ),
)
"""What this module measures."""
