"""What every store makes is for its user alone."""

from __future__ import annotations

import os
import runpy
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STORES: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "stores.py"))[
    "STORES"
]


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Nothing is taken away from what a program asks for."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("kind", STORES)
def test_modes(kind: str, tmp_path: Path) -> None:
    store = STORES[kind](tmp_path)
    store.folder = tmp_path / "a" / "b" / "store"
    for value in ("small", "x" * 100_000, "small"):
        store.dump(value)
        store.load()
    paths = list(tmp_path.rglob("*"))
    files = [path for path in paths if path.is_file()]
    folders = [path for path in paths if path.is_dir()]
    assert {*store.files()} <= {*files}
    assert tmp_path / "a" / "b" in folders
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
