from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import pytest

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.annotation.definition import HOOK_NAME
from zensols.persist.error import PersistableError


def cause(error: BaseException) -> BaseException:
    """What a class body raised; older versions of Python wrap it."""
    return error.__cause__ or error


def test_methods_are_known_to_the_class() -> None:
    class Plain:
        @property
        @persisted("_a")
        def a(self) -> int:
            return 1

        @persisted
        def b(self) -> int:
            return 2

    assert set(Plain.__dict__[HOOK_NAME].definitions) == {"_a", "_b_pw"}


def test_slots_that_cannot_hold_the_work() -> None:
    with pytest.raises((PersistableError, RuntimeError)) as caught:

        class Slotted:
            __slots__ = ("n",)

            @persisted("_x")
            def x(self) -> int:
                return 1

    error = cause(caught.value)
    assert isinstance(error, PersistableError)
    assert "Slotted has __slots__" in str(error)
    assert "add '_x'" in str(error)


def test_slots_that_can() -> None:
    class Slotted:
        __slots__ = ("_x", "n")

        @property
        @persisted("_x")
        def x(self) -> list[int]:
            return [1]

    slotted = Slotted()
    assert slotted.x is slotted.x
    slotted._x.clear()  # type: ignore[attr-defined]
    assert slotted.x == [1]


def test_slots_and_a_dictionary() -> None:
    class Base:
        pass

    class Slotted(Base):
        __slots__ = ("n",)

        @persisted("_x")
        def x(self) -> list[int]:
            return [1]

    slotted = Slotted()
    assert slotted.x() is slotted.x()


@dataclass(frozen=True)
class Frozen:
    n: int

    @property
    @persisted("_x")
    def x(self) -> list[int]:
        return [self.n]


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    n: int
    _x: PersistedWork = field(init=False, repr=False, compare=False)

    @property
    @persisted("_x")
    def x(self) -> list[int]:
        return [self.n]


@pytest.mark.parametrize("cls", [Frozen, FrozenSlots])
def test_frozen_dataclasses(cls: Any) -> None:
    frozen = cls(3)
    assert frozen.x == [3]
    assert frozen.x is frozen.x
    frozen._x.set([4])
    assert frozen.x == [4]
    frozen._x.clear()
    assert frozen.x == [3]
    assert cls(3) == frozen


def test_frozen_dataclass_pickles() -> None:
    frozen = Frozen(3)
    value = frozen.x
    restored = pickle.loads(pickle.dumps(frozen))
    assert restored.x == value
    assert restored._x.owner is restored


def test_slots_dataclass_that_cannot_hold_the_work() -> None:
    with pytest.raises((PersistableError, RuntimeError)) as caught:

        @dataclass(slots=True)
        class Data:
            n: int

            @persisted("_x")
            def x(self) -> int:
                return 1

    assert "Data has __slots__" in str(cause(caught.value))


def test_enumeration() -> None:
    class Color(Enum):
        RED = 1

        @property
        @persisted("_x")
        def x(self) -> list[str]:
            return [self.name]

    assert list(Color) == [Color.RED]
    assert Color.RED.x == ["RED"]
    assert Color.RED.x is Color.RED.x
    assert copy.copy(Color.RED) is Color.RED


def test_named_tuple_cannot_hold_the_work() -> None:
    def use() -> None:
        class Pair(NamedTuple):
            a: int

            @persisted("_x")
            def x(self) -> int:
                return 1

        Pair(1).x()

    with pytest.raises(PersistableError, match="add '_x'"):
        use()


class Plain:
    def __init__(self, n: int) -> None:
        self.n = n

    @property
    @persisted("_x")
    def x(self) -> list[int]:
        return [self.n]


def test_f_copy_does_not_write_to_the_original() -> None:
    first = Plain(1)
    second = copy.copy(first)
    value = first.x
    second.n = 2
    assert second.x == [2]
    assert first.x is value
    third: Any = copy.copy(first)
    assert third.x is value
    third._x.clear()
    third.n = 3
    assert third.x == [3]
    assert first.x is value
    first._x.clear()  # type: ignore[attr-defined]
    first.n = 4
    assert (first.x, second.x, third.x) == ([4], [2], [3])


@pytest.mark.parametrize("used", [False, True])
def test_f_deep_copied_and_unpickled_objects_work(used: bool) -> None:
    for clone in (copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))):
        first: Any = Plain(1)
        first.work = PersistedWork("work", first, initial_value=0)
        value = first.x
        if not used:
            first._x.clear()
        second = clone(first)
        assert second.x == value
        assert second.x is not value
        assert second._x.owner is second
        second._x.clear()
        second.n = 2
        assert second.x == [2]
        assert first.x == [1]


def test_copy_of_one_s_own_is_kept() -> None:
    class Own(Plain):
        def __copy__(self) -> str:  # type: ignore[override]
            return "own"

        @persisted
        def y(self) -> int:
            return 1

    assert copy.copy(Own(1)) == "own"


class Forwarding:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["inner"], name)


def test_f_mixed_into_a_class_that_forwards() -> None:
    class Mixin:
        @persisted("_x")
        def x(self) -> str:
            return type(self).__name__

        @persisted("_y")
        def y(self, n: int = 1) -> str:
            return f"{type(self).__name__} {n}"

    class Inner(Mixin):
        pass

    class Outer(Forwarding, Mixin):
        pass

    inner = Inner()
    outer = Outer(inner)
    assert (inner.x(), inner.y()) == ("Inner", "Inner 1")
    assert (outer.x(), outer.y(2)) == ("Outer", "Outer 2")
    assert (inner.x(), inner.y()) == ("Inner", "Inner 1")


def test_f_subclass_forwards() -> None:
    class Base:
        inner: Any = None

        @persisted("_x")
        def x(self) -> str:
            return type(self).__name__

    class Sub(Base):
        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__()

    class Outer(Sub, name="ignored"):
        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["inner"], name)

    inner = Base()
    assert inner.x() == "Base"
    outer = Outer()
    outer.inner = inner
    assert outer.x() == "Outer"


def test_other_subclass_hooks_are_called() -> None:
    seen: list[tuple[str, Any]] = []

    class Root:
        def __init_subclass__(cls, tag: Any = None, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            seen.append((cls.__name__, tag))

    class Left(Root):
        @persisted
        def a(self) -> int:
            return 1

    class Right(Root, tag=1):
        @persisted
        def b(self) -> int:
            return 2

    @dataclass(slots=True)
    class Both(Left, Right, tag=2):
        n: int = 0

    class Last(Both, tag=3):
        pass

    assert seen[0] == ("Left", None)
    assert seen[1] == ("Right", 1)
    assert {s for s in seen if s[0] == "Both"} >= {("Both", 2)}
    assert seen[-1] == ("Last", 3)
    with pytest.raises(TypeError):

        class Wrong(Left, unknown=1):
            pass


def test_recreated_class_watches_its_subclasses() -> None:
    @dataclass(slots=True)
    class Data:
        n: int = 1
        _x: PersistedWork = field(init=False, repr=False, compare=False)

        @persisted("_x")
        def x(self) -> str:
            return type(self).__name__

    class Sub(Forwarding, Data):
        def __init__(self, inner: Any) -> None:
            Forwarding.__init__(self, inner)

    inner = Data()
    assert inner.x() == "Data"
    assert Sub(inner).x() == "Sub"


def test_outside_of_a_class() -> None:
    function = persisted("_x")(lambda self: [self.n])
    assert HOOK_NAME not in globals()
    assert HOOK_NAME not in locals()

    class Later:
        n = 1
        x = property(function)

    later = Later()
    assert later.x is later.x
