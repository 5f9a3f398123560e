from __future__ import annotations

import pytest

from zensols.persist import PersistableError
from zensols.persist.stash.postgres import PostgresStash
from zensols.persist.stash.postgresconnection import PostgresServer
from zensols.persist.stash.postgresfrozen import freeze


def test_shows_what_was(postgres_url: str) -> None:
    stash = PostgresStash[int](postgres_url)
    stash["a"] = 1
    with stash.frozen() as frozen:
        stash["a"], stash["b"] = 2, 3
        assert dict(frozen) == {"a": 1}
        assert len(frozen) == 1
        assert not frozen.exists("b")
        with pytest.raises(PersistableError, match="read-only"):
            frozen["a"] = 3
        # The transaction goes on.
        assert frozen["a"] == 1
    assert dict(stash) == {"a": 2, "b": 3}
    stash.close()


def test_no_table(postgres_url: str) -> None:
    with freeze(PostgresServer(postgres_url, 10)) as pool:
        assert pool.execute(b"SELECT * FROM nothing") is None
        assert pool.execute(b"SELECT 1") == [(1,)]
    stash = PostgresStash[int](postgres_url)
    with stash.frozen() as frozen:
        assert list(frozen.keys()) == []
        assert len(frozen) == 0
    stash.close()


def test_wrong_statement(postgres_url: str) -> None:
    with (
        freeze(PostgresServer(postgres_url, 10)) as pool,
        pytest.raises(PersistableError, match="syntax"),
    ):
        pool.execute(b"SELECT FROM WHERE")
