"""Items that take too long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chores import Chores, made, times, workers_of

from zensols.multi import ItemTimeoutError
from zensols.multi.engine import ProcessesEngine
from zensols.persist import DictionaryStash, DirectoryStash, Stash

# By a thread, since items with a time limit have the alarm signal to themselves.
pytestmark = pytest.mark.timeout(60, method="thread")

OTHERS = [str(number) for number in range(9)]


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


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("deed", ["sleep:", "spin:"])
def test_item_is_interrupted(
    deed: str, method: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:4], deed, *OTHERS[4:]]
    engine = ProcessesEngine(2, method)
    stash = Chores(delegate, tmp_path, chores, engine=engine, item_timeout=0.3)
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
        delegate, tmp_path, chores, workers=2, engine=engine, item_timeout=0.3
    )
    fill(stash, deed)


@pytest.mark.parametrize("chunk_size", [pytest.param(1, marks=pytest.mark.soak), 4])
def test_item_that_cannot_be_interrupted_is_killed(
    chunk_size: int,
    delegate: Stash[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zensols.multi.run._GRACE", 0.5)
    chores = [*OTHERS[:4], "hog:", *OTHERS[4:]]
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        workers=2,
        chunk_size=chunk_size,
        item_timeout=0.3,
    )
    error = fill(stash, "hog:")
    assert "could not be interrupted; its worker was killed" in str(error)
    assert workers_of(tmp_path) == set()


def test_item_that_cannot_be_interrupted_is_killed_in_time(tmp_path: Path) -> None:
    # With the seconds that it has in a program.
    delegate = DictionaryStash[Any]()
    chores = [*OTHERS, "hog:"]
    stash = Chores(delegate, tmp_path, chores, workers=2, item_timeout=0.2)
    fill(stash, "hog:")


def test_item_is_in_time(delegate: Stash[Any], tmp_path: Path) -> None:
    chores = [f"sleep:0.1{number}" for number in range(10)]
    stash = Chores(
        delegate, tmp_path, chores, workers=2, chunk_size=5, item_timeout=2.0
    )
    stash.prime()
    assert set(times(tmp_path).values()) == {1}
    assert dict(delegate) == made(chores)
