"""Stashes that are filled before they are read."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from labour import BOUND, await_that
from shelves import (
    DELEGATES,
    ITEMS,
    Client,
    ContainerFirst,
    ContainerLast,
    Doubles,
    Journal,
    LockedStash,
    what_a_loop_makes,
)
from strands import in_thread, is_waiting, is_within

from zensols.multi import WorkStoppedError
from zensols.multi.filled import FilledStash
from zensols.persist import DictionaryStash, DirectoryStash, Stash

MADE = what_a_loop_makes(ITEMS)
SLOW = (100, 101, 104)
"""Items that are held up."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "notes")
    yield made
    # Threads of a failed test wait for it.
    made.folder.mkdir(exist_ok=True)
    (made.folder / "gate").touch()


@pytest.fixture(params=DELEGATES)
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    made = DELEGATES[request.param](tmp_path)
    yield made
    if hasattr(made, "close"):
        made.close()


def doubles(delegate: Stash[Any], journal: Journal, **options: Any) -> Doubles:
    return Doubles(delegate, folder=journal.folder, **options)


class Background:
    """A stash whose quick items have been made, the others having been begun and
    being held up.

    """

    def __init__(
        self, journal: Journal, delegate: Stash[Any] | None = None, **options: Any
    ) -> None:
        self.gate = journal.folder / "gate"
        self.journal = journal
        self.stash = doubles(
            DictionaryStash() if delegate is None else delegate,
            journal,
            gate=self.gate,
            items=[*ITEMS, *SLOW],
            chunk_size=1,
            **{"workers": 3, "engine": "threads", **options},
        )
        self.stash.prime(wait=False)
        self.await_quick()

    def await_quick(self) -> None:
        def is_quick_done() -> bool:
            counts = self.journal.counts()
            are_waiting = all(counts[f"waiting {item}"] for item in SLOW)
            return are_waiting and self.stash.progress().done == len(ITEMS)

        assert await_that(is_quick_done)

    def open(self) -> None:
        self.gate.touch()

    @property
    def made(self) -> dict[str, Any]:
        return what_a_loop_makes([*ITEMS, *SLOW])


# In the background


def test_begins_without_waiting(journal: Journal) -> None:
    filling = Background(journal)
    assert filling.stash.progress().state == "running"
    filling.stash.prime(wait=False)
    filling.open()
    assert dict(filling.stash) == filling.made
    assert filling.stash.progress().state == "complete"
    assert journal.counts()["created"] == 1


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_what_is_made_can_be_read_while_others_are_being_made(
    engine: str, delegate: Stash[Any], journal: Journal
) -> None:
    filling = Background(journal, delegate, engine=engine)
    stash = filling.stash
    assert stash["2.0"] == stash.get("2.0") == stash.load("2.0") == 4
    assert stash.get("1.0", 5) is None
    assert "2.0" in stash
    assert stash.exists("5.1")
    assert stash.progress().state == "running"
    assert stash.progress().done >= 1
    filling.open()
    stash.prime()
    assert stash.progress().done == len(ITEMS) + len(SLOW)
    stash.close()


def test_key_that_is_not_there_yet_is_waited_for(journal: Journal) -> None:
    filling = Background(journal)
    found: list[Any] = []
    reader = in_thread(lambda: found.append(filling.stash["101.0"]))
    assert await_that(lambda: is_waiting(reader))
    assert found == []
    filling.open()
    reader.join(BOUND)
    assert found == [202]


def test_key_that_is_never_made_is_absent_in_the_end(journal: Journal) -> None:
    filling = Background(journal)
    found: list[Any] = []
    reader = in_thread(lambda: found.append(filling.stash.get("absent", 5)))
    assert await_that(lambda: is_waiting(reader))
    filling.open()
    reader.join(BOUND)
    assert found == [5]


def test_keys_are_all_keys(journal: Journal) -> None:
    filling = Background(journal)
    found: list[Any] = []
    reader = in_thread(lambda: found.append(set(filling.stash.keys())))
    assert await_that(lambda: is_waiting(reader))
    filling.open()
    reader.join(BOUND)
    assert found == [filling.made.keys()]


def test_error_is_raised_when_it_is_waited_for(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, bad={3: 1}, chunk_size=1)
    stash.prime(wait=False)
    assert await_that(lambda: stash.progress().state == "failed")
    with pytest.raises(ValueError, match="item 3 is bad"):
        stash.prime()
    assert dict(stash) == MADE


def test_reader_gets_the_error_of_its_key(journal: Journal) -> None:
    filling = Background(journal, bad={101: 9})
    errors: list[BaseException] = []

    def read() -> None:
        try:
            filling.stash.load("101.0")
        except ValueError as e:
            errors.append(e)

    reader = in_thread(read)
    assert await_that(lambda: is_waiting(reader))
    filling.open()
    reader.join(BOUND)
    assert [str(error) for error in errors] == ["item 101 is bad"]


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_close_stops_and_keeps_what_is_done(
    engine: str, delegate: Stash[Any], journal: Journal
) -> None:
    filling = Background(journal, delegate, engine=engine)
    filling.stash.close()
    assert filling.stash.progress().state == "stopped"
    filling.open()
    # What a thread has begun, it ends.
    assert engine == "processes" or await_that(
        lambda: all(map(delegate.exists, what_a_loop_makes(SLOW)))
    )
    journal.take()
    stash = doubles(delegate, journal, items=[*ITEMS, *SLOW])
    assert dict(stash) == filling.made
    done = {int(what) for what in journal.take() if what.isdigit()}
    assert done == set(SLOW)
    # Nor is the stopped one any worse for it.
    assert filling.stash["101.0"] == 202
    filling.stash.close()
    filling.stash.close()
    stash.close()


def test_close_may_come_first(delegate: Stash[Any], journal: Journal) -> None:
    stash = doubles(delegate, journal)
    stash.close()
    assert dict(stash) == MADE
    stash.close()


# As they are completed


@pytest.mark.parametrize("engine", ["serial", "threads", "processes"])
def test_all_are_yielded_once(
    engine: str, delegate: Stash[Any], journal: Journal
) -> None:
    delegate.dump("mine", 1)
    stash = doubles(delegate, journal, engine=engine, workers=2)
    # Since what is there would be taken for all.
    stash.manifest().begin()
    pairs = list(stash.as_completed())
    assert sorted(key for key, _ in pairs) == sorted([*MADE, "mine"])
    assert dict(pairs) == MADE | {"mine": 1}
    assert sorted(stash.as_completed()) == sorted(pairs)
    assert journal.counts()["created"] == 1
    stash.close()


def test_what_is_made_is_yielded_before_the_rest_is(journal: Journal) -> None:
    filling = Background(journal)
    pairs = filling.stash.as_completed()
    first = dict(next(pairs) for _ in MADE)
    assert first == MADE
    assert filling.stash.progress().state == "running"
    filling.open()
    assert first | dict(pairs) == filling.made


def test_two_can_be_told(journal: Journal) -> None:
    filling = Background(journal)
    one, other = filling.stash.as_completed(), filling.stash.as_completed()
    next(one), next(other)
    filling.open()
    assert len(list(one)) == len(list(other)) == len(filling.made) - 1


def test_error_comes_in_the_end(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, bad={1: 1}, chunk_size=1)
    found: dict[str, Any] = {}
    with pytest.raises(ValueError, match="item 1 is bad"):
        found.update(stash.as_completed())
    pairs = doubles(DictionaryStash(), journal, bad={1: 2}, chunk_size=1).as_completed()
    with pytest.raises(ValueError, match="item 1 is bad"):
        for key, value in pairs:
            found[key] = value
    assert found == what_a_loop_makes((2, 3, 4, 5))


def test_caller_may_leave_early(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, chunk_size=1)
    for _ in stash.as_completed():
        break
    assert dict(stash) == MADE


def test_what_another_version_made_is_not_yielded(journal: Journal) -> None:
    class Negative(Doubles):
        def _process(self, chunk: list[int]) -> Iterator[tuple[str, Any]]:
            return ((key, 0) for key, _ in super()._process(chunk))

    delegate: DictionaryStash[Any] = DictionaryStash()
    doubles(delegate, journal, version="1").prime()
    stash = Negative(delegate, version="2", items=(2, 4))
    assert dict(stash.as_completed()) == dict.fromkeys(what_a_loop_makes((2, 4)), 0)


def test_what_another_version_made_is_not_read(journal: Journal) -> None:
    class Negative(Doubles):
        def _process(self, chunk: list[int]) -> Iterator[tuple[str, Any]]:
            return ((key, 0) for key, _ in super()._process(chunk))

    delegate: DictionaryStash[Any] = DictionaryStash({"mine": 1})
    doubles(delegate, journal, version="1")._spawn_work()
    gate = journal.folder / "gate"
    stash = Negative(
        delegate,
        items=[100, *ITEMS],
        folder=journal.folder,
        gate=gate,
        version="2",
        chunk_size=1,
        workers=1,
        engine="threads",
    )
    stash.prime(wait=False)
    assert await_that(lambda: journal.counts()["waiting 100"])
    found: list[Any] = []
    reader = in_thread(lambda: found.append(stash["2.0"]))
    assert await_that(lambda: found or is_waiting(reader))
    assert stash["mine"] == 1
    gate.touch()
    reader.join(BOUND)
    assert found == [0]


def test_what_makes_the_items_reads_what_is_there(journal: Journal) -> None:
    class Reading(Doubles):
        def _create_data(self) -> Iterable[int]:
            yield 2
            assert self.get("absent", 5) == 5
            found = dict(self.as_completed())
            assert found.items() <= MADE.items()
            assert found.keys() == set(self.keys())
            yield 5

    stash = Reading(DictionaryStash(), folder=journal.folder, chunk_size=1)
    for read in (stash.prime, lambda: dict(stash.as_completed())):
        read()
        assert dict(stash) == what_a_loop_makes((2, 5))
        stash.clear()


# Deleting and clearing


def test_deleting_leaves_one_record(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal)
    stash.prime()
    before = len(stash.manifest().stash)
    stash.delete_many(["2.0", "2.1", "5.0"])
    assert len(stash.manifest().stash) == before + 1
    assert dict(stash) == what_a_loop_makes((1, 3, 4)) | {"5.1": 10}


def test_own_delete_is_called_for_each_of_many(journal: Journal) -> None:
    class Strict(Doubles):
        def delete(self, name: str | None = None) -> None:
            self.note(f"delete {name}")
            super().delete(name)

    stash = Strict(DictionaryStash(), folder=journal.folder)
    stash.prime()
    stash.delete_many(["2.0", "5.0"])
    assert journal.counts()["delete 2.0"] == journal.counts()["delete 5.0"] == 1
    assert set(stash.keys()) == MADE.keys() - {"2.0", "5.0"}


def test_deleting_all_leaves_nothing(delegate: Stash[Any], journal: Journal) -> None:
    stash = doubles(delegate, journal)
    stash.prime()
    stash.delete_many(list(MADE))
    assert not stash.has_data
    assert dict(stash) == {}
    assert dict(doubles(delegate, journal)) == {}
    stash.close()


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_f_cleared_while_it_is_being_filled(
    engine: str, delegate: Stash[Any], journal: Journal
) -> None:
    filling = Background(journal, delegate, engine=engine)
    filling.stash.clear()
    filling.open()
    # What a thread has begun, it ends; that must not be taken for all.
    assert engine == "processes" or await_that(
        lambda: all(map(delegate.exists, what_a_loop_makes(SLOW)))
    )
    assert dict(filling.stash) == filling.made
    assert dict(doubles(delegate, journal)) == filling.made
    filling.stash.close()


def test_f_clearing_waits_for_another_that_fills(
    delegate: Stash[Any], journal: Journal
) -> None:
    filling = Background(journal, delegate)
    other = doubles(delegate, journal, items=[*ITEMS, *SLOW])
    clearer = in_thread(other.clear)
    assert await_that(lambda: is_within(clearer, "alone"))
    filling.open()
    clearer.join(BOUND)
    assert dict(delegate) == {}
    assert dict(other) == filling.made
    filling.stash.close()
    other.close()


def test_cleared_stash_takes_what_is_stored_by_hand(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal)
    stash.prime()
    stash.clear()
    stash["mine"] = 1
    assert dict(stash) == {"mine": 1}


def test_worker_may_not_forget(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal)
    stash.prime()
    child = copy.copy(stash)
    child.is_child = True
    child.delete("2.0")
    assert stash.manifest().missing(set(stash.delegate.keys())) == {"2.0"}
    child.clear()
    assert stash.manifest().is_begun


# Copies and processes


def test_pickle_has_nothing_of_what_goes_on(journal: Journal) -> None:
    filling = Background(journal, DirectoryStash(journal.folder / "items"))
    other = pickle.loads(pickle.dumps(filling.stash))
    assert vars(other).keys() < vars(filling.stash).keys()
    assert other.progress().state == "idle"
    assert other == filling.stash
    filling.open()
    # It waits for the one that fills it.
    assert dict(other) == filling.made
    assert journal.counts()["created"] == 1


@pytest.mark.parametrize("kind", [Doubles, Client, ContainerFirst, ContainerLast])
def test_copy_has_a_life_of_its_own(kind: type[Doubles], journal: Journal) -> None:
    stash = kind(DictionaryStash(), folder=journal.folder)
    stash.prime()
    assert copy.copy(stash).progress().state == "idle"
    assert copy.deepcopy(stash).progress().state == "idle"
    assert pickle.loads(pickle.dumps(stash)).progress().state == "idle"
    assert stash.progress().state == "complete"


def test_state_of_bases_is_kept() -> None:
    class Slotted:
        __slots__ = ("color",)

    class Mixed(Doubles, Slotted):
        pass

    stash = Mixed(DictionaryStash())
    stash.color = "red"
    stash.prime()
    other = copy.copy(stash)
    assert other.color == "red"
    assert other.progress().state == "idle"
    assert other == stash


def test_forked_process_has_a_life_of_its_own(journal: Journal) -> None:
    delegate: DirectoryStash[Any] = DirectoryStash(journal.folder / "items")
    stash = doubles(delegate, journal)
    stash.prime()
    delegate.clear()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if dict(stash) == MADE else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert dict(delegate) == MADE
    assert journal.counts()["created"] == 2


def test_f_threads_share_one_life() -> None:
    stash = Doubles(LockedStash())
    meeting = threading.Barrier(16)
    lives: list[int] = []

    def find() -> None:
        meeting.wait(BOUND)
        lives.append(id(stash._life))

    threads = [in_thread(find) for _ in range(16)]
    for thread in threads:
        thread.join(BOUND)
    assert len(lives) == 16
    assert len(set(lives)) == 1


def test_stopped_reader_is_told(journal: Journal) -> None:
    filling = Background(journal)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            filling.stash.prime()
        except WorkStoppedError as e:
            errors.append(e)

    reader = in_thread(read)
    assert await_that(lambda: is_waiting(reader))
    filling.stash.close()
    reader.join(BOUND)
    assert len(errors) == 1
    filling.open()
    assert dict(filling.stash) == filling.made


def test_shape_of_the_class() -> None:
    assert FilledStash.is_child is False
    assert issubclass(Doubles, FilledStash)
