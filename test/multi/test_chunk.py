"""What a worker needs to know of a chunk."""

from __future__ import annotations

import copy
import pickle
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest
from elders import stand_in
from programs import run_code
from shelves import (
    ITEMS,
    Doubles,
    Freed,
    Freeing,
    Journal,
    LockedStash,
    Numbered,
    Plain,
    SetUp,
    what_a_loop_makes,
)

from zensols.multi import ChunkProcessor
from zensols.multi.chunk import is_configured
from zensols.multi.travel import pack
from zensols.persist import DictionaryStash, DirectoryStash, PersistableError


def test_takes_its_parameters_by_position() -> None:
    chunk = ChunkProcessor("config", "words", 3, ["a", "b"])
    assert (chunk.config, chunk.name) == ("config", "words")
    assert (chunk.chunk_id, chunk.data) == (3, ["a", "b"])
    assert (chunk.stash, chunk.delegate, chunk.config_factory) == (None, None, None)
    assert is_dataclass(chunk)


def test_pickles() -> None:
    chunk = ChunkProcessor({"a": 1}, "words", 3, ["a", "b"], b"stash")
    other = pickle.loads(pickle.dumps(chunk))
    assert other == chunk
    assert other.stash == b"stash"


def test_text_names_it_and_the_type_of_the_first_item() -> None:
    assert str(ChunkProcessor(None, "words", 3, ["a", 1])) == ("words: chunk 3 of str")
    assert str(ChunkProcessor(None, None, 0, [])) == "None: chunk 0 of nothing"


def test_stores_in_the_delegate_and_counts() -> None:
    stash = Plain(DictionaryStash())
    made = what_a_loop_makes(ITEMS)
    assert ChunkProcessor(None, None, 0, list(ITEMS), stash).process() == len(made)
    assert stash.delegate.keys() == made.keys()
    assert ChunkProcessor(None, None, 1, [], stash).process() == 0
    assert not stash.is_child


def test_works_with_what_was_packed(tmp_path: Path) -> None:
    stash = Plain(DirectoryStash(tmp_path / "items"))
    packed = pack(stash, "stash", by_value=False)
    assert ChunkProcessor(None, None, 0, [2], packed).process() == 2
    assert dict(stash.delegate) == what_a_loop_makes([2])


def test_keys_are_stored_as_they_are() -> None:
    stash = Numbered(DictionaryStash())
    assert ChunkProcessor(None, None, 0, [2, 3], stash).process() == 2
    assert dict(stash.delegate) == {2: -2, 3: -3}


def test_results_may_go_elsewhere(tmp_path: Path) -> None:
    stash = Plain(LockedStash())
    scratch: DirectoryStash[Any] = DirectoryStash(tmp_path / "items")
    chunk = ChunkProcessor(None, None, 0, [2], stash, scratch)
    assert chunk.process() == 2
    assert dict(scratch) == what_a_loop_makes([2])
    assert dict(stash.delegate) == {}


def test_stash_is_a_child_that_is_set_up_with_the_chunk(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    stash = SetUp(DictionaryStash(), folder=tmp_path)
    chunk = ChunkProcessor(None, None, 0, [1, 2], stash)
    made = chunk.make_stash()
    assert made.is_child
    assert made is not stash
    assert isinstance(made, SetUp)
    assert made.ready
    assert not stash.ready
    assert len(journal.lines()) == 1


def test_child_is_not_primed(tmp_path: Path) -> None:
    stash = Doubles(DictionaryStash(), folder=tmp_path)
    child = ChunkProcessor(None, None, 0, [1], stash).make_stash()
    assert dict(child) == {}
    assert child.get("2.0") is None
    assert "2.0" not in child
    assert Journal(tmp_path).lines() == []


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(Freed, "freed", [])
    return Freed.freed


def test_values_are_deallocated_but_not_the_program_s_own(freed: list[int]) -> None:
    stash = Freeing(DictionaryStash())
    assert ChunkProcessor(None, None, 0, [1, 2], stash).process() == 2
    assert freed == [1, 2]


def test_stash_is_deallocated_last_that_was_made_for_it(
    freed: list[int], tmp_path: Path
) -> None:
    stash = Freeing(DirectoryStash(tmp_path / "items"))
    packed = pack(stash, "stash", by_value=False)
    assert ChunkProcessor(None, None, 0, [1, 2], packed).process() == 2
    assert freed == [1, 2, -1]


def test_what_the_work_raises_comes_through() -> None:
    stash = Doubles(DictionaryStash(), bad={2: 9})
    chunk = ChunkProcessor(None, None, 0, [1, 2, 4], stash)
    with pytest.raises(ValueError, match="item 2 is bad"):
        chunk.process()
    assert stash.delegate.keys() == {"1.0"}


@pytest.mark.parametrize(
    ("config", "name"), [(None, None), ("config", None), ("config", "words")]
)
def test_there_must_be_something_to_make_the_stash_of(config: Any, name: Any) -> None:
    assert not is_configured(config, name)
    chunk = ChunkProcessor(config, name, 7, [1])
    with pytest.raises(PersistableError, match="Chunk 7 has no stash to work with"):
        chunk.process()


def test_stash_is_used_where_nothing_can_make_it() -> None:
    stash = Plain(DictionaryStash())
    assert ChunkProcessor("config", "words", 0, [1], stash).process() == 1


CONFIGURED = """
from dataclasses import dataclass
from zensols.config import Config, ImportConfigFactory
from zensols.multi import ChunkProcessor, MultiProcessStash
from zensols.multi.chunk import is_configured
from zensols.persist import Deallocatable, DictionaryStash

DELEGATE = DictionaryStash()

@dataclass
class Squares(MultiProcessStash, Deallocatable):
    def _create_data(self):
        return ()
    def _init_child(self, processor):
        assert processor.config_factory is ImportConfigFactory.made[-1]
        print("init", self.is_child, processor.chunk_id)
        super()._init_child(processor)
    def _process(self, chunk):
        for number in chunk:
            yield str(number), number ** 2
    def deallocate(self):
        super().deallocate()
        print("deallocated", self.name)

config = Config(dict(squares=dict(class_name="__main__.Squares", delegate=DELEGATE)))
chunk = ChunkProcessor(config, "squares", 5, [2, 3])
assert is_configured(config, "squares")
assert not is_configured(config, None)
assert not is_configured(None, "squares")
print(chunk.process(), dict(DELEGATE))
(factory,) = ImportConfigFactory.made
print(chunk.config_factory is factory, factory.config is config, factory.deallocated)
"""


def test_stash_is_made_by_the_configuration(tmp_path: Path) -> None:
    assert run_code(stand_in(tmp_path) + CONFIGURED).splitlines() == [
        "init True 5",
        "deallocated squares",
        "2 {'2': 4, '3': 9}",
        "True True 1",
    ]


def test_copy_is_apart() -> None:
    chunk = ChunkProcessor(None, None, 0, [1], Plain(DictionaryStash()))
    other = copy.copy(chunk)
    other.stash = None
    assert chunk.process() == 1
