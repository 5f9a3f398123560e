from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from zensols.persist.module.rollback import Snapshot


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")


@dataclass
class Point:
    x: int = 0
    near: list[int] = field(default_factory=list)


@dataclass(slots=True)
class SlottedPoint:
    x: int = 0


class Struct(msgspec.Struct):
    x: int = 0


def change_dict(value: dict[str, int]) -> None:
    value["a"] = 2
    value.pop("b")


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([1, 2], lambda v: v.append(3)),
        ([1, 2], lambda v: v.reverse()),
        ([[1], [2]], lambda v: v[0].clear()),
        (deque([1, 2], 3), lambda v: v.popleft()),
        (bytearray(b"ab"), lambda v: v.extend(b"c")),
        ({"a": 1, "b": 2}, change_dict),
        (OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
        ({"a": {"b": {1}}}, lambda v: v["a"]["b"].add(2)),
        (({"a": [1]},), lambda v: v[0]["a"].append(2)),
        ({1, 2}, lambda v: v.discard(1)),
        (Point(), lambda v: v.near.append(1)),
        (Point(), lambda v: setattr(v, "x", 5)),
        (SlottedPoint(), lambda v: setattr(v, "x", 5)),
        (Struct(), lambda v: setattr(v, "x", 5)),
        (Plain(a=[1]), lambda v: v.a.append(1)),
        (Plain(a=[1]), lambda v: setattr(v, "b", 1)),
        (Plain(a=[1]), lambda v: delattr(v, "a")),
    ],
)
def test_changes_within_are_put_back(value: Any, change: Any) -> None:
    import copy

    thing = Plain(value=value)
    before = copy.deepcopy(value)
    snapshot = Snapshot(thing)
    change(value)
    assert text(value) != text(before)
    snapshot.put_back()
    assert thing.value is value
    assert text(value) == text(before)


def text(value: Any) -> str:
    return str(vars(value)) if isinstance(value, Plain) else repr(value)


def test_array() -> None:
    thing = Plain(array=np.zeros(3), fixed=np.zeros(2))
    thing.fixed.flags.writeable = False
    array = thing.array
    snapshot = Snapshot(thing)
    array[1] = 5
    thing.array = None
    snapshot.put_back()
    assert thing.array is array
    assert array.tolist() == [0, 0, 0]


def test_slots_of_the_object_itself() -> None:
    thing = Slotted()
    thing.a = 1
    snapshot = Snapshot(thing)
    thing.b = 2
    del thing.a
    snapshot.put_back()
    assert thing.a == 1
    assert not hasattr(thing, "b")


def test_what_belongs_to_others_is_left() -> None:
    event, other, namespace = threading.Event(), Plain(a=1), SimpleNamespace(a=1)
    thing = Plain(event=event, other=other, namespace=namespace)
    snapshot = Snapshot(thing, lambda value: value is other)
    event.set()
    other.a = namespace.a = 2
    thing.event = None
    snapshot.put_back()
    assert thing.event is event
    assert (event.is_set(), other.a, namespace.a) == (True, 2, 2)


def test_cycles() -> None:
    thing = Plain()
    thing.me = thing
    thing.list = [thing]
    thing.list.append(thing.list)
    snapshot = Snapshot(thing)
    thing.list.pop()
    del thing.me
    snapshot.put_back()
    assert thing.me is thing
    assert thing.list == [thing, thing.list]


def test_unchanged_containers_are_not_touched() -> None:
    class Watched(dict[str, int]):
        def clear(self) -> None:
            cleared.append(self)
            super().clear()

    cleared: list[object] = []
    same, changed = Watched(a=1), Watched(a=1)
    snapshot = Snapshot(Plain(same=same, changed=changed))
    changed["b"] = 2
    snapshot.put_back()
    assert len(cleared) == 1
    assert cleared[0] is changed
    assert changed == {"a": 1}
