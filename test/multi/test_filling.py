"""Filling a stash, here or in the background."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from chores import ChoreFactory, Chores, OwnChores, made, notes, times, workers_of
from labour import await_that

from zensols.multi import (
    CannotTravelError,
    MultiProcessError,
    MultiProcessFactoryStash,
    MultiProcessStash,
    Progress,
    WorkStoppedError,
    retry,
)
from zensols.multi.crew import Crew
from zensols.multi.filling import Filling
from zensols.multi.turn import turn
from zensols.persist import DictionaryStash, DirectoryStash, Stash


@pytest.fixture
def delegate() -> Stash[Any]:
    return DictionaryStash()


class Fillings:
    """Fills a stash, and counts how often it was filled."""

    def __init__(self, stash: MultiProcessStash[Any], **options: Any) -> None:
        self.filled = 0
        self.filling = Filling(stash, self._count, **{"look": False, **options})

    def _count(self) -> None:
        self.filled += 1


@pytest.fixture
def begin(delegate: Stash[Any], tmp_path: Path) -> Callable[..., Any]:
    """Makes a filling of chores."""

    def make(chores: Any, **options: Any) -> Fillings:
        options = {"workers": 1, "chunk_size": 1, **options}
        kinds = {"look", "again"} & options.keys()
        how = {kind: options.pop(kind) for kind in kinds}
        return Fillings(Chores(delegate, tmp_path, chores, **options), **how)

    return make


def fill(fillings: Fillings) -> Filling:
    fillings.filling.fill()
    assert fillings.filled == 1
    return fillings.filling


def test_fills_once(begin: Any, delegate: Stash[Any], tmp_path: Path) -> None:
    filling = fill(begin("abc"))
    assert dict(delegate) == made("abc")
    assert filling.has_ended
    assert not filling.is_unseen
    progress = filling.progress
    assert (progress.state, progress.total, progress.kept) == ("complete", 3, 0)
    assert (progress.done, progress.workers) == (3, 1)
    again = fill(begin("abcd"))
    assert again.progress.state == "complete"
    assert times(tmp_path) == dict.fromkeys("abc", 1)


def test_looks_at_all_items_if_asked(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    fill(begin("abc"))
    filling = fill(begin("abcd", look=True))
    assert dict(delegate) == made("abcd")
    assert times(tmp_path) == dict.fromkeys("abcd", 1)
    assert (filling.progress.kept, filling.progress.done) == (3, 1)


def test_does_all_again_if_asked(begin: Any, tmp_path: Path) -> None:
    fill(begin("abc"))
    fill(begin("abc", look=True, again=True))
    assert times(tmp_path) == dict.fromkeys("abc", 2)


def test_data_without_a_record_is_taken_for_all(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    delegate.dump("mine", 1)
    fill(begin("abc"))
    assert dict(delegate) == {"mine": 1}
    fill(begin("abc", look=True))
    assert dict(delegate) == {"mine": 1, **made("abc")}


def test_is_idle_before_it_begins(begin: Any) -> None:
    fillings = begin("abc")
    assert not fillings.filling.has_ended
    assert not fillings.filling.is_mine
    assert fillings.filling.progress.state == "idle"


def test_first_failure_is_raised_after_the_others_are_done(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    fillings = begin(["a", "fail:1", "b", "fail:2", "c"])
    with pytest.raises(ValueError, match="no luck at attempt 1") as caught:
        fillings.filling.fill()
    notes = caught.value.__notes__
    assert notes[0] == "Raised by item 'fail:1'"
    assert notes[2].startswith("2 items failed; this is the first.  What the others")
    assert dict(delegate) == made("abc")
    assert fillings.filled == 0
    assert fillings.filling.has_ended
    assert fillings.filling.progress.state == "failed"
    assert not fillings.filling.is_unseen
    # Only those that failed are tried again, until they don't.
    with pytest.raises(ValueError, match="no luck at attempt 2") as caught:
        begin(["a", "fail:1", "b", "fail:2", "c"]).filling.fill()
    assert len(caught.value.__notes__) == 2
    fill(begin(["a", "fail:1", "b", "fail:2", "c"]))
    assert times(tmp_path) == {"a": 1, "b": 1, "c": 1, "fail:1": 2, "fail:2": 3}


def test_failures_can_be_collected(delegate: Stash[Any], tmp_path: Path) -> None:
    chores = ["a", "fail:1", "fail:", "b"]
    options = {"workers": 1, "chunk_size": 1, "on_failure": "collect"}
    stash = Chores(delegate, tmp_path, chores, **options)
    stash.prime()
    assert dict(delegate) == made("ab")
    found = dict(stash.iterfails())
    assert [str(failure.exception) for failure in found.values()] == [
        "no luck at attempt 1",
        "no luck at attempt 1",
    ]
    # They are tried again by the next program.
    Chores(delegate, tmp_path, chores, **options).prime()
    assert dict(delegate) == made(["a", "b", "fail:1"])
    assert times(tmp_path)["a"] == 1


def test_failures_can_be_retried(begin: Any, delegate: Stash[Any]) -> None:
    fill(begin(["a", "fail:2"], on_failure=retry(2)))
    assert dict(delegate) == made(["a", "fail:2"])


def test_collected_failures_are_values_where_keys_are_known(tmp_path: Path) -> None:
    delegate = DictionaryStash[Any]()
    stash = MultiProcessFactoryStash(
        factory=ChoreFactory(tmp_path, ["a", "fail:1"]),
        delegate=delegate,
        workers=1,
        on_failure="collect",
    )
    fill(Fillings(stash))
    assert delegate.load("a") == "A"
    assert str(delegate.load("fail:1").exception) == "no luck at attempt 1"
    fill(Fillings(stash))
    assert times(tmp_path) == {"a": 1, "fail:1": 1}


def test_another_version_does_all_again_and_removes_the_rest(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    fill(begin("abc"))
    delegate.dump("mine", 1)
    fill(begin("abd", version="2"))
    assert dict(delegate) == {"mine": 1, **made("abd")}
    assert times(tmp_path) == {"a": 2, "b": 2, "c": 1, "d": 1}
    fill(begin("abd", version="2"))
    assert sum(times(tmp_path).values()) == 6


def test_version_of_before_does_all_again(begin: Any, tmp_path: Path) -> None:
    fill(begin("ab", version="1"))
    with pytest.raises(ValueError, match="no luck"):
        begin(["a", "fail:"], version="2").filling.fill()
    fill(begin("ab", version="1"))
    # The value of one, and it isn't said which, is that of the other version.
    assert times(tmp_path)["a"] == 3


def test_keys_of_another_version_stay_until_all_is_done(
    begin: Any, delegate: Stash[Any]
) -> None:
    fill(begin("abc"))
    with pytest.raises(ValueError, match="no luck"):
        begin(["a", "fail:1"], version="2").filling.fill()
    assert set(delegate.keys()) == set("abc")
    fill(begin(["a", "fail:1"], version="2"))
    assert set(delegate.keys()) == {"a", "fail:1"}


def test_what_is_deleted_behind_its_back_is_done_again(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    fill(begin("abc"))
    delegate.delete("b")
    fill(begin("abc"))
    assert times(tmp_path) == {"a": 1, "b": 2, "c": 1}


def test_fills_in_the_background(begin: Any, tmp_path: Path) -> None:
    fillings = begin(["a", "await:go", "b"])
    filling = fillings.filling
    filling.start()
    assert filling.wait_for("a")
    assert not filling.is_mine
    assert not filling.has_ended
    assert await_that(lambda: filling.progress.done == 1)
    assert filling.progress.state == "running"
    (tmp_path / "go").touch()
    assert filling.wait_for("b")
    assert not filling.wait_for("c")
    filling.join()
    assert fillings.filled == 1


def test_error_of_the_background_is_kept(begin: Any) -> None:
    filling = begin(["fail:", "a"]).filling
    filling.start()
    filling.wait()
    assert filling.has_ended
    assert filling.is_unseen
    with pytest.raises(ValueError, match="no luck"):
        filling.join()
    assert not filling.is_unseen


def test_background_that_cannot_begin_has_ended(begin: Any) -> None:
    filling = begin("abc", engine="nowhere").filling
    with pytest.raises(MultiProcessError, match="nowhere"):
        filling.start()
    assert filling.has_ended
    filling.wait()


def test_workers_that_are_not_needed_are_gone(begin: Any) -> None:
    fill(begin("abc"))
    children = set(multiprocessing.active_children())
    filling = begin("abc", workers=2).filling
    filling.start()
    filling.join()
    assert set(multiprocessing.active_children()) <= children


def test_wanted_keys_are_made_first(tmp_path: Path) -> None:
    keys = [str(number) for number in range(20)]
    factory = ChoreFactory(tmp_path, ["await:go", *keys])
    delegate = DictionaryStash[Any]({"3": "kept"})
    stash = MultiProcessFactoryStash(
        factory=factory, delegate=delegate, workers=1, chunk_size=2
    )
    filling = Fillings(stash).filling
    # One is made already, and one is unknown.
    for key in ("17", "3", "nothing"):
        filling.hurry(key)
    filling.start()
    assert await_that(lambda: "await:go" in times(tmp_path))
    # One is in the hands of the worker.
    filling.hurry("0")
    filling.hurry("11")
    (tmp_path / "go").touch()
    filling.join()
    order = [chore for chore, _ in notes(tmp_path)]
    assert order[:5] == ["17", "await:go", "0", "11", "1"]
    assert set(times(tmp_path).values()) == {1}
    assert set(order) == {"await:go", *keys} - {"3"}
    assert set(delegate.keys()) == {"await:go", *keys}


def test_failed_key_is_not_tried_again_when_wanted(tmp_path: Path) -> None:
    factory = ChoreFactory(tmp_path, ["fail:", "await:go", "a"])
    stash = MultiProcessFactoryStash(
        factory=factory, delegate=DictionaryStash(), workers=1, chunk_size=1
    )
    filling = Fillings(stash).filling
    filling.start()
    assert await_that(lambda: "await:go" in times(tmp_path))
    filling.hurry("fail:")
    (tmp_path / "go").touch()
    with pytest.raises(ValueError, match="no luck"):
        filling.join()
    assert times(tmp_path)["fail:"] == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_is_stopped(
    workers: int,
    begin: Any,
    delegate: Stash[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fillings = begin(count, workers=workers, chunk_size=2)
    filling = fillings.filling
    filling.start()
    assert filling.wait_for("20")
    with caplog.at_level(logging.WARNING):
        filling.stop()
        with pytest.raises(WorkStoppedError):
            filling.join()
    assert fillings.filled == 0
    assert filling.progress.state == "stopped"
    done = filling.progress.done
    assert done == len(delegate) > 0
    (message,) = caplog.messages
    assert message == (
        f"Chores was stopped: {done} items done before it are kept, 0 from earlier; "
        f"the next access does the rest"
    )
    assert workers_of(tmp_path) <= {os.getpid()}


def test_is_stopped_before_it_begins(begin: Any, tmp_path: Path) -> None:
    filling = begin("abc").filling
    filling.stop()
    with pytest.raises(WorkStoppedError):
        filling.fill()
    assert len(times(tmp_path)) <= 1


def test_reader_that_is_slow_does_not_keep_it_from_being_stopped(begin: Any) -> None:
    filling = begin(count, chunk_size=5000).filling
    with filling.news.reading():
        filling.start()
        # It waits for the reader, who reads nothing.
        assert await_that(lambda: filling.progress.done >= 10_000)
        filling.stop()
        filling.wait()


def test_is_stopped_while_it_waits_for_another(
    begin: Any, delegate: Stash[Any], tmp_path: Path
) -> None:
    filling = begin("abc").filling
    with turn(delegate):
        filling.start()
        filling.stop()
        with pytest.raises(WorkStoppedError, match="while somebody else filled"):
            filling.join()
    assert times(tmp_path) == {}


def test_waits_for_another(begin: Any, delegate: Stash[Any], tmp_path: Path) -> None:
    first, second = begin(["await:go", "a"]), begin(["await:go", "a"])
    first.filling.start()
    assert await_that(lambda: times(tmp_path)["await:go"])
    second.filling.start()
    assert not second.filling.has_ended
    (tmp_path / "go").touch()
    second.filling.join()
    first.filling.join()
    assert times(tmp_path) == {"await:go": 1, "a": 1}


def test_items_may_be_made_of_what_is_there(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    seen = []

    def chores() -> Iterator[str]:
        yield "a"
        seen.append(filling.is_mine)
        yield "b"

    filling = Fillings(Chores(delegate, tmp_path, chores, workers=1)).filling
    filling.fill()
    assert seen == [True]


def test_tells_what_it_stores(begin: Any) -> None:
    filling = begin("abc").filling
    with filling.news.reading() as keys:
        filling.start()
        assert list(keys) == ["a", "b", "c"]


def test_reports_progress(begin: Any) -> None:
    reported: list[Progress] = []
    fill(begin("abc", show_progress=reported.append))
    assert reported[-1].state == "complete"
    assert reported[-1].done == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_report_raises_ends_it(workers: int, begin: Any, tmp_path: Path) -> None:
    def report(progress: Progress) -> None:
        if progress.done >= 3:
            raise ZeroDivisionError

    fillings = begin(
        lambda: (f"sleep:{0.2 + number / 1e6}" for number in count()),
        show_progress=report,
        workers=workers,
        engine="processes",
    )
    with pytest.raises(ZeroDivisionError):
        fillings.filling.fill()
    assert workers_of(tmp_path) == set()


def test_what_was_finished_when_it_ended_is_kept(
    begin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    futures = []
    submit = Crew.submit

    def spy(*args: Any) -> Any:
        futures.append(submit(*args))
        return futures[-1]

    monkeypatch.setattr(Crew, "submit", spy)

    def chores() -> Iterator[str]:
        yield from "ab"
        assert len(futures) == 2
        wait(futures)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin(chores, workers=2).filling.fill()
    fill(begin("abc"))
    assert times(tmp_path) == dict.fromkeys("abc", 1)


def test_preflight_leaves_nothing_done(tmp_path: Path) -> None:
    stash = Chores(DirectoryStash(tmp_path / "data"), tmp_path, "abc", workers=2)
    stash.helper = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(CannotTravelError, match=r"Chores\.helper"):
        Fillings(stash).filling.fill()
    assert times(tmp_path) == {}
    del stash.helper  # type: ignore[attr-defined]
    fill(Fillings(stash))
    assert dict(stash.delegate) == made("abc")


def test_clients_run_their_own_chunks(tmp_path: Path) -> None:
    data = DirectoryStash[Any](tmp_path / "data")
    stash = OwnChores(data, tmp_path, "abc", workers=2)
    fill(Fillings(stash))
    assert dict(data) == made("abc")
    fill(Fillings(stash))
    assert times(tmp_path) == dict.fromkeys("abc", 1)
