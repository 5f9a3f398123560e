from __future__ import annotations

import copy
import copyreg
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from zensols.persist.annotation.copying import shallow_copy


class Plain:
    def __init__(self) -> None:
        self.items = [1]


class Slotted:
    __slots__ = ("__dict__", "a")


class Stateful(Plain):
    def __getstate__(self) -> Any:
        return {"n": 3}

    def __setstate__(self, state: Any) -> None:
        self.n = state["n"] + 1


class List(list[int]):
    pass


@dataclass(frozen=True, slots=True)
class Frozen:
    n: int


class Registered:
    def __init__(self, n: int) -> None:
        self.n = n


class Singleton:
    def __reduce__(self) -> str:
        return "singleton"


singleton = Singleton()


def test_dictionary() -> None:
    plain = Plain()
    clone = shallow_copy(plain)
    assert type(clone) is Plain
    assert clone is not plain
    assert clone.items is plain.items


def test_slots() -> None:
    slotted = Slotted()
    slotted.a, slotted.b = 1, 2
    clone = shallow_copy(slotted)
    assert (clone.a, clone.b) == (1, 2)


def test_state() -> None:
    assert vars(shallow_copy(Stateful())) == {"n": 4}


def test_items() -> None:
    items = List([1, 2])
    items.name = "x"  # type: ignore[attr-defined]
    clone = shallow_copy(items)
    assert (type(clone), clone, clone.name) == (List, [1, 2], "x")


def test_singleton() -> None:
    assert shallow_copy(singleton) is singleton


def test_registered_with_copyreg() -> None:
    copyreg.pickle(Registered, lambda obj: (Registered, (obj.n + 1,)))
    try:
        assert shallow_copy(Registered(1)).n == 2
    finally:
        del copyreg.dispatch_table[Registered]


@pytest.mark.parametrize(
    "obj",
    [Frozen(3), OrderedDict(a=1), deque([1, 2]), date(2024, 5, 6), ValueError("x")],
)
def test_same_as_copy(obj: Any) -> None:
    clone = shallow_copy(obj)
    assert type(clone) is type(obj)
    assert repr(clone) == repr(copy.copy(obj)) == repr(obj)
