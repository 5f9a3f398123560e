"""The part of the contract on what is kept beside a stash."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from ..codec import BarePickleCodec
from ..domain import Reach, ReadOnlyStash, Stash
from ..error import PersistableError
from .hooks import StashHooks
from .worker import use_beside

__all__ = ["BesideContract"]


class BesideContract(StashHooks):
    """What :meth:`.Stash.beside` returns is apart from the stash, and lasts as long
    as its items, for those to whom :attr:`.Stash.reach` promises them.  A stash that
    has nothing beside it skips this.

    >>> from zensols.persist import DictionaryStash
    >>> contract = BesideContract()
    >>> contract.test_beside_is_apart(DictionaryStash(contract.items))

    """

    notes: ClassVar[Any] = {"done": ["a", None, 0.5], "size": (1 << 40, b"\xff")}
    """What is kept beside the stash, as JSON can."""

    @contextmanager
    def _beside(self, stash: Stash[Any], name: str = "notes") -> Iterator[Stash[Any]]:
        beside = stash.beside(name)
        if beside is None:
            pytest.skip("the stash has nothing beside it")
        try:
            yield beside
        finally:
            if hasattr(beside, "close"):
                beside.close()

    def _read(self, stash: Stash[Any], name: str = "notes") -> dict[str, Any]:
        with self._beside(stash, name) as beside:
            return dict(beside)

    def test_beside_is_apart(self, filled: Stash[Any]) -> None:
        """What is beside a stash is not among its keys, nor its items beside it,
        and neither is cleared with the other.

        """
        name = self.names[0]
        with self._beside(filled) as beside:
            assert dict(beside) == {}
            beside.dump_many([("only here", 1), (name, self.notes)])
            assert dict(filled) == self.items
            assert sorted(filled.keys()) == sorted(self.raw_keys(filled))
            assert len(filled) == len(self.items)
            beside.clear()
            assert dict(filled) == self.items
            beside[name] = self.notes
            filled.clear()
            assert dict(beside) == {name: self.notes}

    def test_beside_names_are_apart(self, filled: Stash[Any]) -> None:
        """Two names are two stashes, and the same one is the same stash again."""
        with self._beside(filled, "a") as first, self._beside(filled, "a-b") as second:
            first["key"], second["key"] = 1, 2
            assert self._read(filled, "a") == {"key": 1}
            second.clear()
            assert dict(first) == {"key": 1}
            assert self._read(filled, "locks") == self._read(filled, "a-b") == {}

    def test_beside_takes_names_only(self, filled: Stash[Any]) -> None:
        """What could be a path, or a part of another one's name, is refused."""
        for name in ("", "A", "a_b", "a/b", "..", "a1", "a.b", "\xe9", "a\n", "a" * 31):
            with pytest.raises(PersistableError, match="small letters"):
                filled.beside(name)
        with self._beside(filled, "z" * 30) as beside:
            beside["key"] = 1
            assert self._read(filled, "z" * 30) == {"key": 1}

    def test_beside_of_reopened(self, filled: Stash[Any]) -> None:
        """Another object over the same store has the same beside it."""
        other = self.reopen(filled)
        if other is None:
            pytest.skip("values don't outlive the stash")
        with self._beside(filled) as beside:
            beside["key"] = self.notes
        assert self._read(other) == {"key": self.notes}
        filled.clear()
        assert self._read(other) == {"key": self.notes}

    def test_beside_of_pickled(self, filled: Stash[Any]) -> None:
        """What is beside a stash goes with it when it is pickled, and can be pickled
        itself.

        """
        if not self.pickles:
            pytest.skip("the stash can't be pickled")
        codec = BarePickleCodec(trust="any")
        with self._beside(filled) as beside:
            beside["key"] = self.notes
            restored = codec.decode(bytes(codec.encode((filled, beside))))
            assert self._read(restored[0]) == dict(restored[1]) == {"key": self.notes}
            with self._beside(restored[0]) as other:
                other["key"] = "changed"
            if filled.reach > Reach.PROCESS:
                assert beside["key"] == "changed"
        for one in restored:
            if hasattr(one, "close"):
                one.close()

    def test_reach(self, filled: Stash[Any]) -> None:
        """Where a stash reaches other processes, these read and write its items, and
        what is beside it.

        """
        if filled.reach is Reach.PROCESS or not self.pickles:
            pytest.skip("the stash is for this process")
        name = self.names[0]
        value = self.make_value(1)
        with self._beside(filled) as beside:
            beside[name] = self.notes
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context) as executor:
                call = executor.submit(use_beside, filled, "notes", name, value, "new")
                assert call.result() == self.notes
            assert beside[name] == "new"
        if not isinstance(filled, ReadOnlyStash):
            assert self.raw_get(filled, name) == value
