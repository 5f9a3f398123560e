from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.stash.sqlitestatements import SqliteStatements, table_name


def is_name(text: str) -> bool:
    try:
        table_name(text)
    except ValueError:
        return False
    return True


@given(st.text(max_size=20))
def test_what_is_allowed_names_a_table(name: str) -> None:
    statements = SqliteStatements(name, page=2)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE other (key, entry)")
        if not is_name(name):
            # Which SQLite allows, though.
            if name:
                with pytest.raises((sqlite3.Error, ValueError)):
                    connection.execute(statements.schema)
            return
        if name.lower() == "other":
            return
        run = connection.execute
        run(statements.schema)
        run(statements.schema)
        for key in b"c", b"a", b"b":
            run(statements.dump, (key, b"old"))
            run(statements.dump, (key, b"new" + key))
        run(statements.dump, (b"l", bytes(1 << 17)))
        assert run(statements.load, (b"a",)).fetchall() == [(b"newa",)]
        assert run(statements.exists, (b"b",)).fetchall() == [(1,)]
        assert run(statements.exists, (b"d",)).fetchall() == []
        assert run(statements.keys, (0,)).fetchall() == [(b"a",), (b"b",)]
        assert run(statements.keys, (b"b",)).fetchall() == [(b"c",), (b"l",)]
        found = run(statements.load_many(3), (b"a", b"x", b"l")).fetchall()
        assert sorted(found) == [(b"a", b"newa"), (b"l", None)]
        run(statements.delete, (b"a",))
        assert run(statements.count).fetchall() == [(3,)]
        run(statements.clear)
        assert run(statements.count).fetchall() == [(0,)]
        names = run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert {name for (name,) in names} == {"other", name}


@pytest.mark.parametrize(
    "name", ["", "a\0", "sqlite_x", "SQLITE_sequence", "\ud800", 1]
)
def test_what_is_not(name: object) -> None:
    with pytest.raises(ValueError, match="table"):
        table_name(name)
