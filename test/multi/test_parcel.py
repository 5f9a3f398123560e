"""What travels between a program and its workers."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from zensols.multi.parcel import Parcel


@pytest.mark.parametrize("size", [0, 1, 2048])
def test_few_bytes_travel_inside(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    parcel = Parcel.of(data, str(tmp_path))
    assert pickle.loads(pickle.dumps(parcel)).open() == data
    assert list(tmp_path.iterdir()) == []


def test_many_bytes_travel_in_a_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    parcel = Parcel.of(data, str(tmp_path))
    message = pickle.dumps(parcel)
    # Written to a pipe in one piece.
    assert len(message) < 4096
    assert [path.stat().st_mode & 0o77 for path in tmp_path.iterdir()] == [0]
    assert pickle.loads(message).open() == data
    assert list(tmp_path.iterdir()) == []


def test_file_can_be_kept_for_others(tmp_path: Path) -> None:
    parcel = Parcel.of(b"a" * 5000, str(tmp_path))
    assert parcel.open(keep=True) == parcel.open(keep=True) == b"a" * 5000
    assert len(list(tmp_path.iterdir())) == 1


def test_many_bytes_travel_inside_without_a_folder() -> None:
    assert Parcel.of(b"a" * 5000, None).open() == b"a" * 5000


def test_file_can_be_discarded_twice(tmp_path: Path) -> None:
    parcel = Parcel.of(b"a" * 5000, str(tmp_path))
    assert parcel.open(keep=True) == b"a" * 5000
    parcel.discard()
    parcel.discard()
    assert list(tmp_path.iterdir()) == []
    Parcel.of(b"few", None).discard()
