from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.domain import (
    DelegateStash,
    PrimablePreemptiveStash,
    Primeable,
    PrimeableStash,
)
from zensols.persist.stash import DictionaryStash


@dataclass
class Filled(PrimeableStash[int], DictionaryStash[int]):
    primed: int = field(default=0, kw_only=True)

    def prime(self) -> None:
        super().prime()
        self.primed += 1
        self.data.setdefault("a", 1)


READS: list[Callable[[Filled], Any]] = [
    lambda stash: stash["a"],
    lambda stash: stash.load("a"),
    lambda stash: stash.get("a"),
    lambda stash: next(iter(stash.values())),
    lambda stash: dict(stash)["a"],
    lambda stash: len(stash),
    lambda stash: len(list(stash.keys())),
]


@pytest.mark.parametrize("read", READS)
def test_is_primed_before_it_is_read(read: Callable[[Filled], Any]) -> None:
    stash = Filled()
    assert stash.primed == 0
    assert read(stash) == 1
    assert stash.primed > 0


def test_f_in_primes() -> None:
    assert "a" in Filled()
    assert Filled().exists("a")


def test_writing_does_not_prime() -> None:
    stash = Filled()
    stash["b"] = 1
    stash.delete("b")
    assert stash.primed == 0


def test_prime_may_read_what_it_has_made() -> None:
    class Reading(Filled):
        def prime(self) -> None:
            super().prime()
            self.data["b"] = self["a"] + len(self)

    stash = Reading()
    assert stash["b"] == 2
    assert stash.primed == 1


def test_failed_prime_is_tried_again() -> None:
    class Failing(Filled):
        def prime(self) -> None:
            super().prime()
            if self.primed == 1:
                raise ValueError("not yet")

    stash = Failing()
    with pytest.raises(ValueError, match="not yet"):
        stash.load("a")
    assert stash.load("a") == 1
    assert stash.primed == 2


def test_each_thread_primes() -> None:
    meeting = threading.Barrier(2, timeout=60)
    counting = threading.Lock()

    class Meeting(Filled):
        def prime(self) -> None:
            meeting.wait()
            with counting:
                super().prime()

    stash = Meeting()
    other = threading.Thread(target=stash.load, args=("a",))
    other.start()
    assert stash.load("a") == 1
    other.join()
    assert stash.primed == 2


def test_prime_primes_the_delegate() -> None:
    @dataclass
    class Outer(PrimeableStash[int], DelegateStash[int]):
        pass

    inner = Filled()
    Outer(inner).prime()
    assert inner.primed == 1


def test_prime_of_a_primeable_that_is_no_stash() -> None:
    class Model(Primeable):
        primed = False

        def prime(self) -> None:
            super().prime()
            self.primed = True

    model = Model()
    model.prime()
    assert model.primed


def test_position_among_the_bases_decides() -> None:
    @dataclass
    class First(PrimeableStash[int], DelegateStash[int]):
        def prime(self) -> None:
            self.delegate["a"] = 1

    @dataclass
    class Last(DelegateStash[int], PrimeableStash[int]):
        def prime(self) -> None:
            self.delegate["a"] = 1

    assert dict(First(DictionaryStash())) == {"a": 1}
    assert dict(Last(DictionaryStash())) == {}


def test_primable_preemptive() -> None:
    @dataclass
    class Once(PrimablePreemptiveStash[int]):
        runs: int
        """Clients add required fields."""

        def prime(self) -> None:
            super().prime()
            if not self.has_data:
                self.runs += 1
                self.delegate["a"] = 1
                self._reset_has_data()

    stash = Once(DictionaryStash(), 0)
    assert stash["a"] == 1
    assert dict(stash) == {"a": 1}
    assert stash.runs == 1
    stash.clear()
    assert "a" in stash
    assert stash.runs == 2


def test_pickles() -> None:
    stash = PrimablePreemptiveStash(DictionaryStash({"a": 1}))
    assert pickle.loads(pickle.dumps(stash)) == stash
    filled = Filled()
    assert pickle.loads(pickle.dumps(filled)) == filled
