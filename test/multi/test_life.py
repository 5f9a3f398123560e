"""What a stash that is filled in parallel is about at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labour import BOUND, await_that
from shelves import DELEGATES, ITEMS, Doubles, Journal, LockedStash, what_a_loop_makes
from strands import in_thread, is_waiting, is_within

from zensols.multi.life import Life
from zensols.persist import CloseableStash, DictionaryStash, Stash

MADE = what_a_loop_makes(ITEMS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "notes")
    yield made
    # Threads of a failed test wait for it.
    made.folder.mkdir(exist_ok=True)
    (made.folder / "gate").touch()


class Living:
    """A stash, and a life of it that begins anew."""

    def __init__(self, journal: Journal, **options: Any) -> None:
        self.journal = journal
        self.delegate: DictionaryStash[Any] = DictionaryStash()
        self.gate = journal.folder / "gate"
        self.stash = Doubles(
            self.delegate,
            folder=journal.folder,
            gate=self.gate,
            chunk_size=1,
            **{"engine": "threads", "workers": 2, **options},
        )
        self.life = self.stash._life

    def created(self) -> int:
        return self.journal.counts()["created"]

    def await_held(self) -> None:
        assert await_that(lambda: self.journal.counts()["waiting 100"])


def test_primes_once(journal: Journal) -> None:
    living = Living(journal)
    for _ in range(3):
        living.life.prime(wait=True)
    assert dict(living.delegate) == MADE
    assert living.created() == 1


def test_priming_without_waiting_is_joined_by_priming(journal: Journal) -> None:
    living = Living(journal, items=[*ITEMS, 100])
    for _ in range(3):
        living.life.prime(wait=False)
    living.await_held()
    assert living.life.progress().state == "running"
    primers = [in_thread(lambda: living.life.prime(wait=True)) for _ in range(2)]
    assert await_that(lambda: all(map(is_waiting, primers)))
    living.gate.touch()
    for primer in primers:
        primer.join(BOUND)
    assert dict(living.delegate) == what_a_loop_makes([*ITEMS, 100])
    assert living.created() == 1


def test_looking_finds_new_items(journal: Journal) -> None:
    living = Living(journal)
    living.life.prime(wait=True)
    living.stash.items = (*ITEMS, 8)
    living.life.prime(wait=True)
    assert living.created() == 1
    living.life.look()
    assert dict(living.delegate) == what_a_loop_makes((*ITEMS, 8))
    assert living.journal.counts()["8"] == living.journal.counts()["1"] == 1


def test_looking_waits_for_what_goes_on_and_looks_then(journal: Journal) -> None:
    living = Living(journal, items=[*ITEMS, 100])
    living.life.prime(wait=False)
    living.await_held()
    living.stash.items = [*ITEMS, 100, 8]
    looker = in_thread(living.life.look)
    assert await_that(lambda: is_waiting(looker))
    living.gate.touch()
    looker.join(BOUND)
    assert dict(living.delegate) == what_a_loop_makes([*ITEMS, 100, 8])
    assert living.created() == 2
    assert living.journal.counts()["100"] == 1


def test_again_does_all_of_it(journal: Journal) -> None:
    living = Living(journal)
    for number in (1, 2):
        living.life.again()
        assert living.life.progress().done == 5
        assert living.journal.counts()["3"] == number
    living.life.prime(wait=True)
    assert living.created() == 2


def test_again_stops_what_goes_on(journal: Journal) -> None:
    living = Living(journal, items=[100, *ITEMS])
    living.life.prime(wait=False)
    living.await_held()
    living.gate.touch()
    living.life.again()
    assert dict(living.delegate) == what_a_loop_makes([100, *ITEMS])
    living.life.prime(wait=True)
    assert living.created() == 2


def test_progress_before_anything_happens(journal: Journal) -> None:
    progress = Living(journal).life.progress()
    assert (progress.state, progress.total, progress.done) == ("idle", None, 0)


def test_stopping_tells_whether_there_was_anything(journal: Journal) -> None:
    living = Living(journal, items=[100])
    assert not living.life.stop()
    living.life.prime(wait=False)
    living.await_held()
    assert living.life.stop()
    assert not living.life.stop()
    living.gate.touch()
    living.life.prime(wait=True)
    assert not living.life.stop()
    assert dict(living.delegate) == what_a_loop_makes([100])


def test_failure_in_the_background_is_raised_once(journal: Journal) -> None:
    living = Living(journal, bad={3: 1})
    living.life.prime(wait=False)
    assert await_that(lambda: living.life.progress().state == "failed")
    with pytest.raises(ValueError, match="item 3 is bad"):
        living.life.prime(wait=True)
    living.life.prime(wait=True)
    assert dict(living.delegate) == MADE


def test_what_was_stopped_is_no_failure(journal: Journal) -> None:
    living = Living(journal, bad={3: 1})
    living.life.prime(wait=False)
    assert await_that(lambda: living.life.progress().state == "failed")
    living.life.close()
    living.life.prime(wait=True)
    assert dict(living.delegate) == MADE


def test_reads_of_what_is_being_made(journal: Journal) -> None:
    living = Living(journal, items=[100, *ITEMS])
    assert not living.life.has_while_filling("2.0")
    living.life.prime(wait=False)
    assert living.life.has_while_filling("2.0")
    living.gate.touch()
    assert not living.life.has_while_filling("absent")
    living.life.prime(wait=True)
    # Now it is read as always.
    assert not living.life.has_while_filling("2.0")


def test_alone_excludes_other_lives(journal: Journal) -> None:
    living = Living(journal)
    other = Living(journal)
    other.stash.delegate = living.delegate
    with living.life.alone() as was_stopped:
        assert not was_stopped
        filler = in_thread(lambda: other.life.prime(wait=True))
        assert await_that(lambda: is_within(filler, "stash_lock"))
        living.life.clear(was_stopped=False)
        assert living.created() == 0
    filler.join(BOUND)
    assert dict(living.delegate) == MADE


def test_cleared_life_knows_nothing(journal: Journal) -> None:
    living = Living(journal, on_failure="collect", bad={3: 9})
    living.life.prime(wait=True)
    assert [item for item, _ in living.life.kept_failures] == [3]
    living.life.clear(was_stopped=False)
    assert living.life.kept_failures == []
    assert not living.life.manifest().is_begun
    living.life.clear(was_stopped=True)
    assert living.life.manifest().is_begun


@pytest.mark.parametrize("kind", DELEGATES)
def test_record_is_the_delegate_s(kind: str, tmp_path: Path, journal: Journal) -> None:
    delegate = DELEGATES[kind](tmp_path)
    one, other = Doubles(delegate), Doubles(delegate, version="2")
    one._life.manifest().begin()
    assert one._life.manifest().is_begun
    assert other._life.manifest().is_begun
    assert other._life.manifest().version == "2"
    assert list(delegate.keys()) == []
    one.close()
    other.close()


def test_record_of_what_has_no_place_for_one_is_not_among_its_attributes() -> None:
    delegate = LockedStash()
    Doubles(delegate).prime()
    assert delegate == LockedStash(MADE)
    assert "manifest" not in repr(delegate)


def test_record_is_closed_and_opened_again(journal: Journal) -> None:
    class Beside(DictionaryStash[Any], CloseableStash[Any]):
        closed = 0

        def close(self) -> None:
            type(self).closed += 1

    class Outer(DictionaryStash[Any]):
        made = 0
        data_of_record: dict[str, Any] = {}  # noqa: RUF012

        def _make_beside(self, name: str) -> Stash[Any]:
            if name != "manifest":
                return DictionaryStash()
            type(self).made += 1
            return Beside(self.data_of_record)

    stash = Doubles(Outer(), folder=journal.folder)
    assert dict(stash) == MADE
    stash.delete("2.0")
    assert Outer.made == 1
    stash.close()
    assert Beside.closed == 1
    assert stash.manifest().is_begun
    assert Outer.made == 2


def test_workers_record_nothing(journal: Journal) -> None:
    living = Living(journal)
    living.life.prime(wait=True)
    living.stash.is_child = True
    living.life.forget(["2.0"])
    living.life.clear(was_stopped=True)
    with living.life.alone():
        pass
    manifest = living.life.manifest()
    assert manifest.missing(set()) == MADE.keys()
    assert dict(living.life.as_completed()) == MADE


def test_telling_reaches_those_who_read(journal: Journal) -> None:
    living = Living(journal, items=[100])
    living.life.tell(["nobody"])
    pairs = living.life.as_completed()
    found: list[tuple[str, Any]] = []
    reader = in_thread(lambda: found.extend(pairs))
    living.await_held()
    living.delegate["by hand"] = 1
    living.life.tell(["by hand", "not there"])
    living.gate.touch()
    reader.join(BOUND)
    assert dict(found) == {"by hand": 1} | what_a_loop_makes([100])


def test_is_of_one_stash(journal: Journal) -> None:
    living = Living(journal)
    assert isinstance(living.life, Life)
    assert living.stash._life is living.life
