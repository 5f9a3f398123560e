"""Writers that are going to be killed inside of transactions.  They are forked by a
process that has imported all that they need, for each line of its input, which is
the number of the writer's first value and the folder of its store.  Run as a script:

    transactions.py KIND

A writer says who it is, what it is going to write, each step that it takes inside of
a transaction, and when the transaction is done; its parent says how it ended.

"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from zensols.persist.domain import Stash
from zensols.persist.stash.lmdb import LmdbStash
from zensols.persist.stash.lmdbenv import LmdbEnvironment
from zensols.persist.stash.sqlite import SqliteStash
from zensols.persist.stash.sqlitepool import SqlitePool

ABSENT = -1
STEPS = 40
"""How many entries the largest transaction has."""

UNITS = {"one": ["one"], "many": [f"many-{n}" for n in range(STEPS)]}
"""The keys that are written in one transaction, all with one value."""


def say(*words: object) -> None:
    # At once and as a whole, since a dead process doesn't flush.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class LmdbKind:
    @staticmethod
    def open(folder: Path) -> Stash[Any]:
        # So that the map has to grow now and then.
        return LmdbStash(folder / "data", map_size=1 << 16)

    @staticmethod
    def tell_of_steps() -> None:
        write = LmdbEnvironment.write

        def telling(self: Any, use: Callable[[Any], Any], size: int = 0) -> Any:
            return write(self, lambda transaction: use(Told(transaction)), size)

        LmdbEnvironment.write = telling  # type: ignore[method-assign]

    @staticmethod
    def check(folder: Path) -> None:
        assert {path.name for path in (folder / "data").iterdir()} == {
            "data.mdb",
            "lock.mdb",
        }


class Told:
    """A transaction of LMDB that says what it does."""

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    def put(self, *arguments: Any) -> None:
        self._transaction.put(*arguments)
        say("inside")

    def delete(self, *arguments: Any) -> None:
        self._transaction.delete(*arguments)
        say("inside")


class SqliteKind:
    @staticmethod
    def open(folder: Path) -> Stash[Any]:
        return SqliteStash(folder / "data.db")

    @staticmethod
    def tell_of_steps() -> None:
        run_many = SqlitePool.run_many

        def telling(
            self: Any, statement: str, rows: Iterable[Any], create: bool = False
        ) -> None:
            run_many(self, statement, told(rows), create)  # type: ignore[arg-type]

        SqlitePool.run_many = telling  # type: ignore[assignment, method-assign]

    @staticmethod
    def check(folder: Path) -> None:
        assert [path.name for path in folder.iterdir()] == ["data.db"]
        with closing(sqlite3.connect(folder / "data.db")) as other:
            result = other.execute("PRAGMA integrity_check").fetchall()
        assert result == [("ok",)], result


def told(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows that SQLite asks for one by one, once the transaction has begun."""
    for row in rows:
        yield row
        say("inside")


KINDS = {"lmdb": LmdbKind, "sqlite": SqliteKind}


def make_value(number: int) -> tuple[int, bytes]:
    # Of very different lengths, of which some take milliseconds to write.
    block = hashlib.sha256(b"%d" % number).digest()
    return number, block * (number * 7919 % 1000)


def read(stash: Stash[Any]) -> dict[str, int]:
    """The number that each unit has, which is found to be whole."""
    found = dict(stash)
    assert len(stash) == len(found) == len(list(stash.keys()))
    numbers = {}
    for unit, keys in UNITS.items():
        values = [found.pop(key, None) for key in keys]
        there = {ABSENT if value is None else value[0] for value in values}
        assert len(there) == 1, f"half of {unit}: {there}"
        (number,) = there
        whole = None if number == ABSENT else make_value(number)
        assert all(value == whole for value in values), f"torn: {number}"
        numbers[unit] = number
    assert not found, f"nobody's: {list(found)}"
    return numbers


def write(stash: Stash[Any], first: int) -> None:
    choose = random.Random(first)
    say("writer", os.getpid())
    for number in itertools.count(first):
        unit = choose.choice(["one", "many", "many"])
        keys = UNITS[unit]
        if choose.random() < 0.2:
            say("write", unit, ABSENT)
            stash.delete_many(keys)
        elif unit == "one":
            say("write", unit, number)
            stash.dump("one", make_value(number))
        else:
            say("write", unit, number)
            value = make_value(number)
            stash.dump_many((key, value) for key in keys)
        say("done")


def main(name: str) -> None:
    kind = KINDS[name]
    kind.tell_of_steps()
    for line in sys.stdin:
        first, folder = line.rstrip("\n").split(" ", 1)
        pid = os.fork()
        if pid == 0:
            try:
                write(kind.open(Path(folder)), int(first))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
