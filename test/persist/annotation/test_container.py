from __future__ import annotations

import copy
import io
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from zensols.persist.annotation import (
    PersistableContainer,
    PersistableContainerMetadata,
    PersistedWork,
    persisted,
)
from zensols.persist.dealloc import Deallocatable


class Value(Deallocatable):
    freed = 0

    def deallocate(self) -> None:
        super().deallocate()
        self.freed += 1


class Box(PersistableContainer):
    def __init__(self, n: int = 1) -> None:
        self.n = n
        self._made = PersistedWork("_made", self)
        self._transient = PersistedWork("_transient", self, transient=True)

    @property
    @persisted("_made")
    def made(self) -> list[int]:
        return [self.n]

    @property
    @persisted("_transient")
    def transient(self) -> list[int]:
        return [self.n]

    @property
    @persisted("_lazy")
    def lazy(self) -> list[int]:
        return [self.n]

    @persisted("_none")
    def none(self) -> None:
        self.n += 100


def by_hand(obj: Any) -> Any:
    clone = type(obj).__new__(type(obj))
    clone.__setstate__(obj.__getstate__())
    return clone


CLONE: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda obj: pickle.loads(pickle.dumps(obj)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "by hand": by_hand,
}


@pytest.mark.parametrize("way", CLONE)
def test_values_travel(way: str) -> None:
    box = Box()
    values = box.made, box.lazy
    clone = CLONE[way](box)
    clone.n = 2
    assert (clone.made, clone.lazy) == values
    shared = way in ("copy", "by hand")
    assert (clone.made is box.made) is shared


@pytest.mark.parametrize("way", CLONE)
def test_transient_recomputes(way: str) -> None:
    box = Box()
    value = box.transient
    clone = CLONE[way](box)
    clone.n = 2
    assert clone.transient == [2]
    assert box.transient is value


@pytest.mark.parametrize("way", CLONE)
def test_f_none_travels(way: str) -> None:
    box = Box()
    box.none()
    clone = CLONE[way](box)
    clone.none()
    assert clone.n == box.n == 101


@pytest.mark.parametrize("way", CLONE)
def test_f_clone_has_works_of_its_own(way: str) -> None:
    box: Any = Box()
    value = box.made
    clone = CLONE[way](box)
    assert clone._made is not box._made
    assert (clone._made.owner, box._made.owner) == (clone, box)
    clone._made.clear()
    clone.n = 2
    assert clone.made == [2]
    assert box.made is value
    box._made.set("box's")
    assert clone.made == [2]


def test_state() -> None:
    box: Any = Box()
    _ = box.made, box.transient, box.lazy
    state = box.__getstate__()
    assert state is not vars(box)
    assert set(state) == {
        "n",
        "_made",
        "_transient",
        "_lazy",
        box._made.varname,
        box._lazy.varname,
    }
    assert box._transient.is_set()


def test_restoring_does_not_need_the_constructor() -> None:
    class Strict(Box):
        def __init__(self) -> None:
            super().__init__()
            assert not hasattr(Strict, "made_one")
            Strict.made_one = True  # type: ignore[attr-defined]

    box = Strict()
    clone = Strict.__new__(Strict)
    clone.__setstate__(box.__getstate__())
    assert clone.made == [1]


def test_setstate_merges() -> None:
    box: Any = Box()
    _ = box.made
    other: Any = Box(5)
    other.extra = 1
    _ = other.made
    other.__setstate__(box.__getstate__())
    assert (other.n, other.extra, other.made) == (1, 1, [1])
    assert other._made.owner is other
    assert box._made.owner is box


def test_setstate_of_a_subclass_changes_what_is_recomputed() -> None:
    class Changing(Box):
        def __setstate__(self, state: dict[str, Any]) -> None:
            super().__setstate__(state)
            self.n = 7

    box = Changing()
    _ = box.transient
    assert CLONE["by hand"](box).transient == [7]
    assert CLONE["copy"](box).transient == [7]


def test_getstate_of_a_subclass_edits_the_state() -> None:
    class Editing(Box):
        def __getstate__(self) -> dict[str, Any]:
            state = super().__getstate__()
            state["n"] = 7
            del state["_lazy"]
            return state

    box: Any = Editing()
    _ = box.lazy
    clone = copy.copy(box)
    assert clone.n == 7
    assert clone.lazy == [1]
    assert (box.n, box._lazy.owner) == (1, box)


def test_none_of_the_older_package_is_recomputed() -> None:
    box: Any = Box()
    state = box.__getstate__()
    state[box._transient.varname] = None
    state[box._made.varname] = None
    clone: Any = Box.__new__(Box)
    clone.__setstate__(state)
    assert not clone._transient.is_set()
    assert clone.transient == [1]
    assert clone.made is None


def test_attributes() -> None:
    class Attributes(PersistableContainer):
        _PERSITABLE_TRANSIENT_ATTRIBUTES: ClassVar[Any] = {"a", "made_up"}
        _PERSITABLE_REMOVE_ATTRIBUTES: ClassVar[Any] = {"b"}

        def __init__(self) -> None:
            self.a, self.b, self.c = 1, 2, 3

    container = Attributes()
    assert container.__getstate__() == {"a": None, "made_up": None, "c": 3}
    assert vars(container) == {"a": 1, "b": 2, "c": 3}


def test_f_attribute_to_remove_is_absent() -> None:
    class Absent(PersistableContainer):
        _PERSITABLE_REMOVE_ATTRIBUTES: ClassVar[Any] = ["absent"]

    assert Absent().__getstate__() == {}


def test_attribute_sets_are_inherited_and_joined() -> None:
    class Base(PersistableContainer):
        _PERSITABLE_TRANSIENT_ATTRIBUTES = (
            PersistableContainer._PERSITABLE_TRANSIENT_ATTRIBUTES | {"a"}
        )

    class Sub(Base):
        _PERSITABLE_TRANSIENT_ATTRIBUTES = Base._PERSITABLE_TRANSIENT_ATTRIBUTES | {"b"}

    assert Base().__getstate__() == {"a": None}
    assert Sub().__getstate__() == {"a": None, "b": None}


def test_properties_and_methods_come_first() -> None:
    log: list[str] = []

    class Ordered(PersistableContainer):
        _PERSITABLE_PROPERTIES: ClassVar[Any] = {"lazy"}
        _PERSITABLE_METHODS: ClassVar[Any] = {"prepare"}

        @property
        @persisted("_lazy")
        def lazy(self) -> int:
            log.append("property")
            return 3

        def prepare(self) -> None:
            log.append("method")
            self.prepared = True

    state = Ordered().__getstate__()
    assert log == ["property", "method"]
    assert state["prepared"] is True
    assert 3 in state.values()


class Shared(PersistableContainer):
    def __init__(self, n: int) -> None:
        self.n = n

    @persisted("_x", cache_global=True)
    def x(self) -> list[int]:
        return [self.n]


def test_global_value_travels() -> None:
    first: Any = Shared(1)
    first.x()
    data = pickle.dumps(first)
    first._x.clear()
    restored = pickle.loads(data)
    assert Shared(3).x() == [1]
    assert restored.x() == [1]
    restored._x.clear()


def test_restored_owner_keeps_its_value_besides_a_newer_global_one() -> None:
    first: Any = Shared(1)
    first.x()
    data = pickle.dumps(first)
    first._x.clear()
    second: Any = Shared(2)
    assert second.x() == [2]
    restored = pickle.loads(data)
    assert restored.x() == [1]
    assert second.x() == [2]
    restored._x.clear_global()
    restored.n = 5
    assert restored.x() == [5]
    assert second.x() == [5]
    restored._x.clear()


def test_copies_share_the_global_value() -> None:
    first: Any = Shared(1)
    value = first.x()
    second: Any = copy.copy(first)
    assert second.x() is value
    second._x.clear_global()
    first.n = 4
    assert first.x() == second.x() == [4]
    second._x.clear()


@dataclass(frozen=True, slots=True)
class FrozenSlots(PersistableContainer):
    n: int
    _x: PersistedWork = field(init=False, repr=False, compare=False)

    @property
    @persisted("_x")
    def x(self) -> list[int]:
        return [self.n]


@dataclass(slots=True)
class Slots(PersistableContainer):
    n: int

    @property
    @persisted("_x")
    def x(self) -> list[int]:
        return [self.n]


# Such a dataclass has a __setstate__ of its own, so not by hand.
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("cls", [FrozenSlots, Slots])
def test_slots(cls: Any, way: str) -> None:
    box = cls(3)
    assert box.x == [3]
    clone = CLONE[way](box)
    assert clone.n == 3
    assert clone.x == [3]
    assert clone._x.owner is clone
    assert box._x.owner is box


def test_clear(in_tmp: Path) -> None:
    class Disk(Box):
        @persisted("_disk", path="x.dat")
        def disk(self) -> int:
            return 1

    box: Any = Disk()
    _ = box.made, box.disk()
    box._clear_persistable_state()
    assert os.listdir() == []
    assert not box._made.is_set()
    box.n = 2
    assert box.made == [2]


def test_deallocate() -> None:
    order: list[str] = []

    class Other(Deallocatable):
        def deallocate(self) -> None:
            super().deallocate()
            order.append("other")

    class Both(PersistableContainer, Other):
        @persisted("_x")
        def x(self) -> Value:
            return Value()

        @persisted("_xs", deallocate_recursive=True)
        def xs(self) -> list[Value]:
            return [Value()]

    both: Any = Both()
    x, (y,) = both.x(), both.xs()
    both.deallocate()
    both.deallocate()
    assert order == ["other"] * 2
    assert (x.freed, y.freed) == (1, 1)
    assert both._x.owner is None


def test_metadata() -> None:
    box: Any = Box()
    metadata = box._get_persistable_metadata()
    assert isinstance(metadata, PersistableContainerMetadata)
    assert metadata.container is box
    assert metadata.persisted == {"_made": box._made, "_transient": box._transient}
    _ = box.made
    metadata.clear()
    assert not box._made.is_set()


def test_write(capsys: pytest.CaptureFixture[str]) -> None:
    box: Any = Box(7)
    box._get_persistable_metadata().write()
    out = capsys.readouterr().out
    assert "n:\n type: <class 'int'>\n" in out
    assert f"_made:\n {box._made.varname}\n" in out
    assert "content" not in out
    stream = io.StringIO()
    box._get_persistable_metadata().write(2, True, writer=stream)
    assert "  n:\n   type: <class 'int'>\n   content: 7\n" in stream.getvalue()
    assert "content: [7]\n" in stream.getvalue()
    assert all(line.startswith("  ") for line in stream.getvalue().splitlines())


def test_f_write_recursive() -> None:
    class Outer(PersistableContainer):
        def __init__(self, inner: Box) -> None:
            self.inner = inner
            self.itself = self

        @persisted("_lazy")
        def lazy(self) -> Box:
            return Box(9)

    outer = Outer(Box(7))
    outer.lazy()
    stream = io.StringIO()
    outer._get_persistable_metadata().write(0, True, True, stream)
    text = stream.getvalue()
    assert text.count("itself:") == 1
    assert "\n  n:\n   type: <class 'int'>\n   content: 7\n" in text
    assert "\n  n:\n   type: <class 'int'>\n   content: 9\n" in text
    stream = io.StringIO()
    outer._get_persistable_metadata().write(writer=stream)
    assert " n:\n" not in stream.getvalue()
