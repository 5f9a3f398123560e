"""Having a client's own processor do the work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elders import stand_in
from programs import run_code
from shelves import (
    DELEGATES,
    ITEMS,
    Doubles,
    HerePool,
    Journal,
    OwnProcessor,
    Plain,
    what_a_loop_makes,
)

from zensols.multi import MultiProcessor, MultiProcessStash
from zensols.multi.feed import Feed
from zensols.multi.legacy import process_by
from zensols.multi.scratch import scratch_folder
from zensols.multi.sizing import Sizer
from zensols.persist import DictionaryStash, DirectoryStash, Stash


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "notes")


@pytest.fixture(params=DELEGATES)
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    made = DELEGATES[request.param](tmp_path)
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.fixture(autouse=True)
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(HerePool, "sizes", [])
    monkeypatch.setattr(HerePool, "workers", [])
    return HerePool.sizes


def doubles(
    delegate: Stash[Any],
    journal: Journal,
    kind: type[MultiProcessor] = OwnProcessor,
    **options: Any,
) -> Doubles:
    options.setdefault("workers", 2)
    return Doubles(delegate, processor_class=kind, folder=journal.folder, **options)


def worked(journal: Journal) -> dict[int, int]:
    return {int(what): n for what, n in journal.take().items() if what.isdigit()}


@pytest.mark.parametrize("kind", [OwnProcessor, HerePool])
@pytest.mark.parametrize("workers", [1, 2])
def test_f_nothing_is_lost(
    kind: type[MultiProcessor], workers: int, delegate: Stash[Any], journal: Journal
) -> None:
    stash = doubles(delegate, journal, kind, workers=workers)
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert dict(delegate) == what_a_loop_makes(ITEMS)
    assert worked(journal) == dict.fromkeys(ITEMS, 1)
    assert dict(doubles(delegate, journal, kind)) == what_a_loop_makes(ITEMS)
    assert worked(journal) == {}


@pytest.mark.parametrize(
    ("chunk_size", "workers", "expected"),
    [(0, 2, [3, 2]), (0, 1, [5]), (0, 8, [1] * 5), (2, 2, [2, 2, 1]), (9, 2, [5])],
)
def test_items_are_divided_evenly_or_as_asked_for(
    chunk_size: int,
    workers: int,
    expected: list[int],
    sizes: list[int],
    journal: Journal,
) -> None:
    stash = doubles(
        DictionaryStash(), journal, HerePool, chunk_size=chunk_size, workers=workers
    )
    stash.prime()
    assert sizes == expected
    assert HerePool.workers == [workers]


def test_only_what_lacks_is_handed_over(sizes: list[int]) -> None:
    stash = Plain(DictionaryStash(), chunk_size=10)
    feed = Feed(ITEMS, Sizer(2, 2), is_done=lambda item: item < 4)
    process_by(HerePool("words"), stash, 2, feed)
    assert sizes == [2]
    assert dict(stash.delegate) == what_a_loop_makes((4, 5))


def test_nothing_to_do(journal: Journal) -> None:
    assert dict(doubles(DictionaryStash(), journal, HerePool, items=())) == {}


def test_f_failure_is_not_taken_for_complete(
    delegate: Stash[Any], journal: Journal
) -> None:
    options: dict[str, Any] = {"chunk_size": 1, "bad": {4: 1}}
    with pytest.raises(ValueError, match="item 4 is bad"):
        doubles(delegate, journal, **options).prime()
    assert dict(doubles(delegate, journal, **options)) == what_a_loop_makes(ITEMS)


def test_what_vanishes_is_made_again(delegate: Stash[Any], journal: Journal) -> None:
    doubles(delegate, journal).prime()
    delegate.delete("4.0")
    journal.take()
    # It isn't known of what it was made.
    assert dict(doubles(delegate, journal)) == what_a_loop_makes(ITEMS)
    assert worked(journal) == dict.fromkeys(ITEMS, 1)
    delegate.delete("5.1")
    assert dict(doubles(delegate, journal)) == what_a_loop_makes(ITEMS)


def test_results_are_safe_from_other_programs_that_tidy_up(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    class Slow(HerePool):
        def _invoke_work(self, *args: Any) -> list[int]:
            counts = super()._invoke_work(*args)
            # As if the work on something else took long.
            for path in folder.iterdir():
                os.utime(path, (0, 0))
            with scratch_folder():
                return counts

    stash = doubles(DictionaryStash(), journal, Slow)
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert list(folder.iterdir()) == []


def test_chunks_are_made_by_the_hook(journal: Journal) -> None:
    seen: list[tuple[int, list[int]]] = []

    class Hooked(MultiProcessStash[Any]):
        processor_class = HerePool

        def _create_data(self) -> Iterable[int]:
            return ITEMS

        def _create_chunk_processor(self, chunk_id: int, data: Any) -> Any:
            seen.append((chunk_id, list(data)))
            return super()._create_chunk_processor(chunk_id, data)

        def _process(self, chunk: list[int]) -> Iterable[tuple[str, int]]:
            assert type(chunk) is list
            return ((str(number), number) for number in chunk)

    stash = Hooked(DictionaryStash(), chunk_size=2, workers=2)
    assert len(stash) == 5
    assert seen == [(0, [1, 2]), (1, [3, 4]), (2, [5])]


@pytest.mark.parametrize("kind", ["DictionaryStash()", "DirectoryStash(Path({0!r}))"])
def test_configured_stash_need_not_travel(tmp_path: Path, kind: str) -> None:
    code = """
from dataclasses import dataclass
from pathlib import Path
import threading
from zensols.config import Config, ImportConfigFactory
from zensols.multi import MultiProcessStash, PoolMultiProcessor
from zensols.persist import DictionaryStash, DirectoryStash

class Own(PoolMultiProcessor):
    pass

@dataclass
class Squares(MultiProcessStash):
    processor_class = Own
    def __post_init__(self):
        super().__post_init__()
        self.guard = threading.Lock()
    def _create_data(self):
        return range(4)
    def _process(self, chunk):
        return ((str(number), number ** 2) for number in chunk)

section = dict(class_name="__main__.Squares", delegate=%s, chunk_size=1, workers=2)
stash = ImportConfigFactory(Config(dict(squares=section))).instance("squares")
print(sorted(stash))
"""
    delegate = kind.format(str(tmp_path / "items"))
    printed = run_code(stand_in(tmp_path / "elders") + code % delegate)
    assert printed == str([(str(number), number**2) for number in range(4)])
    if "Directory" in kind:
        assert len(DirectoryStash(tmp_path / "items")) == 4
