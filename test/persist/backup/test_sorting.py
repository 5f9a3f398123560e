from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.sorting import Sorted

RECORDS = st.lists(st.tuples(st.binary(max_size=3), st.binary(max_size=2)))


@given(RECORDS, st.integers(1, 10))
def test_as_in_memory(records: list[tuple[bytes, bytes]], in_memory: int) -> None:
    wanted: dict[bytes, bytes] = {}
    for key, more in sorted(records):
        wanted.setdefault(key, more)
    with Sorted(iter(records), in_memory) as found:
        assert list(found) == list(wanted.items())
        assert found.count == len(records)


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sorted(((b"%d" % n, b"") for n in range(50)), 10) as found:
        assert len(list(found)) == 50
    assert list(tmp_path.iterdir()) == []
