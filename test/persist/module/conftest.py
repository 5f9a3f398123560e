from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from zensols.persist.module import Keeper, ManualClock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's data."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ZENSOLS_PERSIST_HOME", str(folder))
    return folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keeper(home: Path, clock: ManualClock) -> Iterator[Keeper]:
    """Keeps the modules of one test."""
    handlers = {number: signal.getsignal(number) for number in (15, 2)}
    try:
        with Keeper(clock=clock) as keeper:
            yield keeper
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
