from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zensols.persist.stash.lmdb import LmdbStash
from zensols.persist.stash.lmdbreading import CHUNK_BYTES, CHUNK_KEYS
from zensols.persist.stash.lmdbwriting import batches


def test_batches() -> None:
    many = [(str(n), b"1") for n in range(CHUNK_KEYS + 1)]
    assert [(len(batch), size) for batch, size in batches(many)] == [
        (CHUNK_KEYS, CHUNK_KEYS),
        (1, 1),
    ]
    large = [("a", b"1" * CHUNK_BYTES), ("b", b"1")]
    assert [len(batch) for batch, _ in batches(large)] == [1, 1]
    assert list(batches([])) == []


def test_change_all_or_nothing(tmp_path: Path) -> None:
    """Also where the map has to grow for it, for which it is begun anew."""
    stash = LmdbStash[int](tmp_path / "data", map_size=1 << 20)
    stash.dump_entries([("a", b"1"), ("b", b"2"), ("c" * 600, b"3")])
    begun = []

    def changes() -> Iterator[tuple[str, bytes | None]]:
        begun.append(1)
        yield "a", None
        yield "c" * 600, None
        for number in range(100):
            yield f"d{number}", b"x" * 100_000
        if fails:
            raise KeyboardInterrupt

    fails = True
    with pytest.raises(KeyboardInterrupt):
        stash.change_entries(changes)
    assert sorted(stash.keys())[:2] == ["a", "b"]
    assert len(stash) == 3
    fails = False
    assert stash.change_entries(changes)
    assert len(stash) == 101
    assert len(begun) > 2
    stash.close()
