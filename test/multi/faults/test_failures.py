"""Items that fail."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from chores import Awkward, ChoreFactory, Chores, Silent, made, times

from zensols.multi import (
    CannotTravelError,
    MultiProcessFactoryStash,
    MultiProcessRobustStash,
    UnreachableDelegateError,
    retry,
)
from zensols.multi.engine import ProcessesEngine
from zensols.persist import DictionaryStash, DirectoryStash, Reach, Stash

OTHERS = [str(number) for number in range(9)]


@pytest.fixture(params=["directory", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "directory":
        return DirectoryStash(tmp_path / "data")
    return DictionaryStash()


def among(*chores: Any) -> list[Any]:
    return [*OTHERS[:4], *chores, *OTHERS[4:]]


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
@pytest.mark.parametrize(
    ("deed", "kind", "text"),
    [
        ("fail:", ValueError, "no luck at attempt"),
        ("awkward:here", Awkward, "7 in here"),
        ("silent:", Silent, "silent"),
        ("cancel:7", asyncio.CancelledError, "7"),
    ],
)
def test_exception_arrives_as_it_was_raised(
    deed: str,
    kind: type[BaseException],
    text: str,
    engine: str,
    delegate: Stash[Any],
    tmp_path: Path,
) -> None:
    stash = Chores(delegate, tmp_path, among(deed), workers=2, engine=engine)
    with pytest.raises(kind, match=text) as caught:
        stash.prime()
    assert type(caught.value) is kind
    assert dict(delegate) == made(OTHERS)
    notes = caught.value.__notes__
    assert notes[0] == f"Raised by item {deed!r}"
    assert "chores.py" in notes[1]
    assert f"in _{deed.partition(':')[0]}" in notes[1]
    if isinstance(caught.value, Awkward):
        assert (caught.value.code, caught.value.where) == (7, "here")


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("deed", ["lock:", "touchy:"])
def test_value_that_cannot_travel_fails_its_item_only(
    deed: str, method: str, tmp_path: Path
) -> None:
    delegate = DictionaryStash[Any]()
    engine = ProcessesEngine(2, method)
    stash = Chores(delegate, tmp_path, among(deed), engine=engine, chunk_size=4)
    with pytest.raises(Exception, match=r"lock|touchy") as caught:
        stash.prime()
    assert caught.value.__notes__[0] == f"Raised by item {deed!r}"
    assert dict(delegate) == made(OTHERS)
    with pytest.raises(Exception, match=r"lock|touchy"):
        Chores(delegate, tmp_path, among(deed), engine=engine).prime()
    assert {times(tmp_path)[chore] for chore in OTHERS} <= {1, 2}


@pytest.mark.parametrize("engine", ["processes", "serial"])
def test_value_that_cannot_be_stored_fails_its_item_only(
    engine: str, tmp_path: Path
) -> None:
    delegate = DirectoryStash[Any](tmp_path / "data")
    stash = Chores(delegate, tmp_path, among("lock:"), workers=2, engine=engine)
    with pytest.raises(Exception, match="lock") as caught:
        stash.prime()
    assert caught.value.__notes__[0] == "Raised by item 'lock:'"
    assert dict(delegate) == made(OTHERS)


def test_item_that_cannot_travel_fails_alone(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = among(threading.Lock())
    stash = Chores(delegate, tmp_path, chores, workers=2, chunk_size=4)
    with pytest.raises(CannotTravelError, match="lock"):
        stash.prime()
    assert dict(delegate) == made(OTHERS)


@pytest.mark.parametrize("engine", ["processes", "serial"])
def test_item_that_works_the_third_time(
    engine: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    # As often as the chunk, it is tried by itself.
    options = {"workers": 2, "engine": engine, "chunk_size": 1}
    with pytest.raises(ValueError, match="no luck at attempt 2"):
        Chores(
            delegate, tmp_path, among("fail:2"), on_failure=retry(1), **options
        ).prime()
    other = tmp_path / "other"
    other.mkdir()
    delegate.clear()
    stash = Chores(
        delegate, other, among("fail:2"), on_failure=retry(2, 0.1), **options
    )
    stash.invalidate()
    assert dict(delegate) == made(among("fail:2"))
    assert times(other)["fail:2"] == 3


def test_failures_are_collected(delegate: Stash[Any], tmp_path: Path) -> None:
    chores = among("fail:", "awkward:here", "silent:")
    stash = Chores(delegate, tmp_path, chores, workers=2, on_failure="collect")
    assert dict(stash) == made(OTHERS)
    found = {type(failure.exception) for _, failure in stash.iterfails()}
    assert found == {ValueError, Awkward, Silent}
    before = times(tmp_path)
    assert len(stash.reprocess_failures()) == 3
    after = times(tmp_path)
    assert {c for c, n in after.items() if n != before[c]} == set(chores) - set(OTHERS)


@pytest.mark.parametrize("kind", [MultiProcessFactoryStash, MultiProcessRobustStash])
def test_failures_are_values_where_keys_are_known(
    kind: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    factory = ChoreFactory(tmp_path, among("fail:2", "awkward:here", "lock:"))
    options = {"workers": 2, "show_progress": False, "on_failure": "collect"}
    stash = kind(factory=factory, delegate=delegate, chunk_size=1, **options)
    assert set(stash.keys()) == set(factory.chores)
    assert {key for key, _ in stash.iterfails()} == {"fail:2", "awkward:here", "lock:"}
    assert dict(stash)["7"] == "7"
    # Kept, for another program.
    again = kind(factory=factory, delegate=delegate, **options)
    assert len(list(again.iterfails())) == 3
    assert times(tmp_path)["fail:2"] == 1
    assert again.reprocess_failures() == {"fail:2", "awkward:here", "lock:"}
    again.reprocess_failures()
    assert {key for key, _ in again.iterfails()} == {"awkward:here", "lock:"}
    assert again["fail:2"] == "FAIL:2"
    assert {times(tmp_path)[chore] for chore in OTHERS} == {1}


def test_delegate_out_of_reach_is_an_error_before_any_work(tmp_path: Path) -> None:
    class Far(ProcessesEngine):
        reach = Reach.NETWORK

    stash = Chores(DirectoryStash(tmp_path / "data"), tmp_path, OTHERS, engine=Far(2))
    with pytest.raises(UnreachableDelegateError, match="other machines"):
        stash.prime()
    assert times(tmp_path) == {}
    # A dictionary needs nobody to reach it.
    delegate = DictionaryStash[Any]()
    Chores(delegate, tmp_path, OTHERS, engine=Far(2)).prime()
    assert dict(delegate) == made(OTHERS)
