"""The part of the contract on reading and writing many values at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, ClassVar

import pytest

from ..domain import Stash
from ..missing import MISSING
from .hooks import StashHooks

__all__ = ["BatchContract"]

ABSENT = "no such key"


class BatchContract(StashHooks):
    """``load_many``, ``dump_many`` and ``delete_many`` do what a loop does that
    loads, stores or deletes one after the other.

    >>> from zensols.persist import DictionaryStash
    >>> BatchContract().test_many_of_nothing(DictionaryStash())

    """

    many: ClassVar[int] = 300
    """How many keys, which are numbers, make up more than one batch."""

    def test_load_many(self, filled: Stash[Any]) -> None:
        """``load_many`` yields pairs in the order of the keys, as often as they are
        given, and leaves out absent ones.

        """
        keys = [*reversed(self.names), ABSENT, self.names[0], self.names[0]]
        expected = [(key, self.items[key]) for key in keys if key != ABSENT]
        for given in keys, tuple(keys), iter(keys), dict.fromkeys(keys):
            wanted = expected[: len(self.names)] if type(given) is dict else expected
            found = list(filled.load_many(given))
            assert found == wanted
            for (key, value), (_, other) in zip(found, wanted, strict=True):
                assert type(value) is type(other), f"key {key!r}"

    def test_load_many_is_lazy(self, filled: Stash[Any]) -> None:
        """``load_many`` takes no more keys than it needs, some at a time."""
        given = 0

        def keys() -> Iterator[str]:
            nonlocal given
            for key in islice(cycle(self.names), 100_000):
                given += 1
                yield key

        found = filled.load_many(keys())
        assert given == 0
        assert next(iter(found)) == (self.names[0], self.items[self.names[0]])
        assert given < 100_000

    def test_loaded_can_be_changed_meanwhile(self, filled: Stash[Any]) -> None:
        """What ``load_many`` yields can be stored anew or deleted at once."""
        first, *rest = self.names
        for key, value in filled.load_many(self.names):
            assert value == self.items[key]
            if key == first:
                filled.delete(key)
            else:
                filled.dump(key, self.make_value(len(key)))
        assert dict(filled) == {key: self.make_value(len(key)) for key in rest}

    def test_dump_many(self, stash: Stash[Any]) -> None:
        """``dump_many`` stores what an iterator yields; of a repeated key, the last
        value counts.

        """
        items = list(self.items.items())
        stash.dump(self.names[1], self.make_value(1))
        stash.dump_many(iter([(self.names[0], self.make_value(0)), *items]))
        assert dict(stash) == self.items
        for key, value in items:
            assert self.raw_get(stash, key) == value, f"key {key!r}"
        assert sorted(self.raw_keys(stash)) == sorted(self.names)

    def test_dump_many_of_what_is_loaded(self, filled: Stash[Any]) -> None:
        """``dump_many`` may be given what the same stash loads meanwhile."""
        new = {key: self.make_value(number) for number, key in enumerate(self.names)}
        filled.dump_many((key, new[key]) for key, _ in filled.load_many(self.names))
        assert dict(filled) == new

    def test_failed_dump_many_keeps_old_values(self, filled: Stash[Any]) -> None:
        """A value among many that can't be stored raises, and no key has anything
        but its old value or its new one.

        """
        first, second, *_ = self.names
        new = self.make_value(1)
        try:
            filled.dump_many([(first, new), (second, [threading.Lock()])])
        except Exception:  # noqa: BLE001  a user's stash raises what it likes
            assert filled[first] in (self.items[first], new)
            assert filled[second] == self.items[second]
            assert sorted(self.raw_keys(filled)) == sorted(self.names)
            filled.dump(second, new)
            assert filled[second] == self.raw_get(filled, second) == new

    def test_delete_many(self, filled: Stash[Any]) -> None:
        """``delete_many`` deletes the keys that there are, and no others."""
        first, second, *rest = self.names
        filled.delete_many(iter([ABSENT, first, second, first]))
        assert sorted(filled.keys()) == sorted(self.raw_keys(filled)) == sorted(rest)
        for key in first, second:
            assert not filled.exists(key), f"key {key!r}"
            assert filled.get(key, MISSING) is MISSING, f"key {key!r}"
        assert dict(filled) == {key: self.items[key] for key in rest}

    def test_many_of_nothing(self, stash: Stash[Any]) -> None:
        """Many may be none."""
        stash.dump_many([])
        stash.dump_many(iter(()))
        stash.delete_many([])
        stash.delete_many(iter(()))
        assert list(stash.load_many([])) == list(stash.load_many(iter(()))) == []
        assert list(stash.load_many([ABSENT])) == []
        stash.delete_many([ABSENT])
        assert list(stash.keys()) == list(self.raw_keys(stash)) == []

    def test_batch(self, stash: Stash[Any]) -> None:
        """What is written in a ``batch`` is there at once, and batches nest."""
        first, second, third = self.names[:3]
        with stash.batch():
            stash.dump(first, self.items[first])
            assert stash[first] == self.items[first]
            with stash.batch():
                stash.dump_many([(second, self.items[second])])
            stash.dump(third, self.items[third])
        assert sorted(stash.keys()) == sorted((first, second, third))

    def test_frozen(self, filled: Stash[Any]) -> None:
        """``frozen`` shows all there is, and what is written afterwards is stored as
        ever.

        """
        with filled.frozen() as frozen:
            assert dict(frozen) == self.items
            assert sorted(frozen.keys()) == sorted(self.names)
            first = self.names[0]
            assert frozen.get(first) == self.items[first]
            assert not frozen.exists(ABSENT)
            assert len(frozen) == len(self.items)
        filled.dump_many([(first, self.make_value(1))])
        with filled.frozen() as frozen:
            assert frozen.get(first) == self.make_value(1)

    def test_frozen_between_batches(self, filled: Stash[Any]) -> None:
        """Who writes a batch while another thread has the stash ``frozen`` isn't
        seen there, whether or not it has to wait.

        """
        new = {key: self.make_value(number) for number, key in enumerate(self.names)}
        with filled.frozen() as frozen:
            writer = threading.Thread(target=filled.dump_many, args=(new.items(),))
            writer.start()
            # It may be through by now, or waiting.
            writer.join(0.05)
            assert dict(frozen) == self.items
        writer.join()
        assert dict(filled) == new

    def test_more_than_a_batch(self, stash: Stash[Any]) -> None:
        """Nothing is lost between one batch and the next."""
        if not self.many:
            pytest.skip("the stash is for a few keys")
        keys = [str(number) for number in range(1, self.many + 1)]
        values = [self.make_value(number) for number in range(self.many)]
        stash.dump_many(zip(keys, values, strict=True))
        # Not in the assertion: pytest takes minutes to show how long lists differ.
        complete = sorted(self.raw_keys(stash)) == sorted(keys)
        assert complete, f"dump_many did not store {self.many} keys"
        expected = list(zip(keys, values, strict=True))[::-1]
        equal = list(stash.load_many(reversed(keys))) == expected
        assert equal, f"load_many did not yield {self.many} pairs in the order given"
        stash.delete_many(key for key in keys[:-1])
        assert dict(stash) == {keys[-1]: values[-1]}
        assert list(self.raw_keys(stash)) == keys[-1:]
