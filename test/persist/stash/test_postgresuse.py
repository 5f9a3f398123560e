from __future__ import annotations

from collections.abc import Iterator

import pytest

from zensols.persist.stash.postgres import PostgresStash
from zensols.persist.stash.postgresuse import PostgresUse


def test_change_all_or_nothing(postgres_url: str) -> None:
    stash = PostgresStash[int](postgres_url)
    use = PostgresUse(postgres_url, "stash", 10, 2)

    def changes() -> Iterator[tuple[str, bytes | None]]:
        yield "a", None
        yield "l" * 5000, b"long"
        for number in range(500):
            yield f"b{number}", b"1"
        if fails:
            raise KeyboardInterrupt

    fails = True
    stash.dump_entry("a", b"old")
    with pytest.raises(KeyboardInterrupt):
        use.change(changes)
    assert list(stash.keys()) == ["a"]
    fails = False
    use.change(changes)
    assert len(stash) == 501
    assert stash.load_entry("l" * 5000) == b"long"
    use.close()
    stash.close()


def test_makes_the_table(postgres_url: str) -> None:
    stash = PostgresStash[int](postgres_url, table="new")
    assert stash.change_entries(lambda: [("a", b"1"), ("b", None)])
    assert dict(stash.load_entries(["a", "b"])) == {"a": b"1"}
    stash.close()


def test_frozen(postgres_url: str) -> None:
    use = PostgresUse(postgres_url, "stash", 10, 2)
    use.change(lambda: [("a", b"1")])
    with use.frozen() as frozen:
        use.change(lambda: [("a", None)])
        assert frozen.pool.execute(frozen.table.count) == [(1,)]
    assert use.pool.execute(use.table.count) == [(0,)]
    use.close()
