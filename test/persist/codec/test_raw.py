from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist.codec import JsonCodec, RawCodec, dump_file, load_file


@pytest.mark.parametrize("size", [0, 100, 1 << 21])
def test_moves_entries(size: int, tmp_path: Path) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    dump_file(JsonCodec(), "x" * size, first, "a")
    entry = load_file(RawCodec(), first)
    assert entry == Path(first).read_bytes()
    dump_file(RawCodec(), entry, second)
    assert Path(second).read_bytes() == entry
    assert load_file(JsonCodec(), second, "a") == "x" * size
