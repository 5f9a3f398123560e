"""Items that take too long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chores import Chores, made, times, workers_of

from zensols.multi import ItemTimeoutError, retry
from zensols.multi.engine import ProcessesEngine
from zensols.persist import DictionaryStash, DirectoryStash, Stash

# By a thread, since items with a time limit have the alarm signal to themselves.
pytestmark = pytest.mark.timeout(180, method="thread")

OTHERS = [str(number) for number in range(9)]

AGAIN = retry(3)
"""Since a busy machine may hold up any item for as long as one may take here."""


@pytest.fixture(params=["directory", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "directory":
        return DirectoryStash(tmp_path / "data")
    return DictionaryStash()


def fill(stash: Chores, deed: str) -> ItemTimeoutError:
    """Return what became of the only item that takes too long."""
    with pytest.raises(ItemTimeoutError) as caught:
        stash.prime()
    assert f"Item {deed!r} took" in str(caught.value)
    assert dict(stash.delegate) == made(OTHERS)
    return caught.value


class Clock:
    """The clock by which chunks are late."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    @contextmanager
    def passing(self, stash: Chores, deed: str) -> Iterator[None]:
        """Have a lot of time pass whenever an item hangs and nothing else is being
        done, so that no other is late, however busy the machine is.

        """
        ended = threading.Event()

        def hasten() -> None:
            hung = 0
            while not ended.wait(0.01):
                filling = stash._life._filling
                run = None if filling is None else filling._run
                if (
                    run is not None
                    and len(run._working) == 1
                    and times(stash.folder)[deed] > hung
                ):
                    hung += 1
                    self.now += 60

        thread = threading.Thread(target=hasten)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("deed", ["sleep:", "spin:"])
def test_item_is_interrupted(
    deed: str, method: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:4], deed, *OTHERS[4:]]
    engine = ProcessesEngine(2, method)
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        engine=engine,
        item_timeout=0.3,
        on_failure=AGAIN,
    )
    error = fill(stash, deed)
    assert error.__notes__[0] == f"Raised by item {deed!r}"
    assert "chores.py" in error.__notes__[1]


@pytest.mark.parametrize(
    ("engine", "deed"),
    [("serial", "sleep:"), ("serial", "spin:"), ("threads", "spin:")],
)
def test_item_is_interrupted_in_this_process(
    engine: str, deed: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:4], deed, *OTHERS[4:]]
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        workers=2,
        engine=engine,
        item_timeout=0.3,
        on_failure=AGAIN,
    )
    fill(stash, deed)


@pytest.mark.parametrize("chunk_size", [pytest.param(1, marks=pytest.mark.soak), 4])
def test_item_that_cannot_be_interrupted_is_killed(
    chunk_size: int,
    delegate: Stash[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    for module in ("run", "batch"):
        monkeypatch.setattr(f"zensols.multi.{module}.monotonic", clock)
    chores = [*OTHERS[:4], "hog:", *OTHERS[4:]]
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        workers=2,
        chunk_size=chunk_size,
        item_timeout=0.3,
        on_failure=AGAIN,
    )
    with clock.passing(stash, "hog:"):
        error = fill(stash, "hog:")
    assert "could not be interrupted; its worker was killed" in str(error)
    assert workers_of(tmp_path) == set()


def test_item_that_cannot_be_interrupted_is_killed_in_time(tmp_path: Path) -> None:
    # With the seconds that it has in a program.
    delegate = DictionaryStash[Any]()
    chores = [*OTHERS, "hog:"]
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        workers=2,
        chunk_size=1,
        item_timeout=0.2,
        on_failure=AGAIN,
    )
    fill(stash, "hog:")


def test_item_is_in_time(delegate: Stash[Any], tmp_path: Path) -> None:
    chores = [f"sleep:0.1{number}" for number in range(10)]
    stash = Chores(
        delegate, tmp_path, chores, workers=2, chunk_size=5, item_timeout=60.0
    )
    stash.prime()
    assert set(times(tmp_path).values()) == {1}
    assert dict(delegate) == made(chores)
