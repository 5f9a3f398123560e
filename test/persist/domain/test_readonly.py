from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.domain import PrimeableStash, ReadOnlyStash
from zensols.persist.error import PersistableError

WRITES: list[Callable[[ReadOnlyStash[Any]], None]] = [
    lambda stash: stash.dump("a", 9),
    lambda stash: stash.delete("a"),
    lambda stash: stash.clear(),
    lambda stash: stash.__setitem__("a", 9),
    lambda stash: stash.__delitem__("a"),
]


@dataclass
class Corpus(ReadOnlyStash[Any]):
    texts: dict[str, Any] = field(default_factory=lambda: {"a": 1, "b": None})

    def load(self, name: str) -> Any:
        return self.texts.get(name)

    def keys(self) -> Iterable[str]:
        return self.texts.keys()


@pytest.mark.parametrize("write", WRITES)
def test_ignores_writes(write: Callable[[ReadOnlyStash[Any]], None]) -> None:
    stash = Corpus()
    write(stash)
    assert dict(stash) == {"a": 1, "b": None}


@pytest.mark.parametrize("write", WRITES)
def test_strict_refuses_writes(write: Callable[[ReadOnlyStash[Any]], None]) -> None:
    stash = Corpus()
    stash.strict = True
    with pytest.raises(PersistableError, match="Corpus is read-only"):
        write(stash)
    assert dict(stash) == {"a": 1, "b": None}


def test_f_delete_needs_a_key() -> None:
    with pytest.raises(PersistableError, match=r"Corpus\.delete\(\) needs a key"):
        Corpus().delete()


def test_post_init_resets_what_clients_set_after_it() -> None:
    class Strict(Corpus):
        def __post_init__(self) -> None:
            super().__post_init__()
            assert self.strict is False
            self.strict = True

    with pytest.raises(PersistableError, match="no dump of 'a'"):
        Strict()["a"] = 1


def test_f_constructor_can_be_skipped() -> None:
    class Skipping(Corpus):
        def __init__(self) -> None:
            self.texts = {}

    stash = Skipping()
    stash.clear()
    assert stash.strict is False


def test_constructor_takes_nothing() -> None:
    class Calling(ReadOnlyStash[str]):
        def __init__(self, suffix: str) -> None:
            super().__init__()
            self.suffix = suffix

        def load(self, name: str) -> str:
            return name + self.suffix

        def keys(self) -> Iterable[str]:
            return iter("ab")

    assert dict(Calling("!")) == {"a": "a!", "b": "b!"}


def test_clients_add_required_fields() -> None:
    @dataclass
    class Limited(ReadOnlyStash[int], PrimeableStash[int]):
        limit: int
        primed: int = 0

        def prime(self) -> None:
            self.primed += 1

        def load(self, name: str) -> int:
            super().load(name)
            return int(name)

        def keys(self) -> Iterable[str]:
            return map(str, range(self.limit))

    stash = Limited(3)
    assert dict(stash) == {"0": 0, "1": 1, "2": 2}
    assert stash.primed > 0
    assert "limit=3" in repr(stash)


def test_pickles() -> None:
    stash = Corpus()
    stash.strict = True
    other = pickle.loads(pickle.dumps(stash))
    assert other == stash
    assert other.strict
