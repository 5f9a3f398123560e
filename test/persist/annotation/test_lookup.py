from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.annotation.definition import Definition, definition_of
from zensols.persist.annotation.lookup import take_over, work_of, works_of
from zensols.persist.dealloc import Deallocatable
from zensols.persist.error import PersistableError


class Owner:
    @persisted("_x")
    def x(self) -> list[int]:
        return [1]


class Template:
    _x = PersistedWork("_x", None, transient=True)

    def __init__(self, n: int) -> None:
        self.n = n

    @persisted("_x")
    def x(self) -> int:
        return self.n


class ByProperty:
    def __init__(self) -> None:
        self.works = {"x": PersistedWork("named", self)}

    @property
    def _x(self) -> PersistedWork:
        return self.works["x"]

    @persisted("_x")
    def x(self) -> int:
        return 1


def definition(cls: Any = Owner) -> Definition:
    owner = cls() if cls is not Template else cls(1)
    owner.x()
    found = definition_of(owner, owner._x)
    assert found is not None
    return found


def test_creates_one() -> None:
    owner = Owner()
    work = work_of(owner, definition())
    assert isinstance(work, PersistedWork)
    assert vars(owner) == {"_x": work}
    assert work.owner is owner
    assert work_of(owner, definition()) is work


def test_threads_get_one_work(computation: Any) -> None:
    class Crowded(Owner):
        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, PersistedWork):
                computation()
            super().__setattr__(name, value)

    owner = Crowded()
    found: list[PersistedWork] = []
    barrier = threading.Barrier(8)
    wanted = definition()

    def look() -> None:
        barrier.wait(60)
        found.append(work_of(owner, wanted))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_uses_the_one_that_is_there(tmp_path: Path) -> None:
    owner: Any = Owner()
    owner._x = PersistedWork(tmp_path / "x.dat", owner)
    assert work_of(owner, definition()) is owner._x
    assert owner.x() == [1]
    assert (tmp_path / "x.dat").exists()


def test_uses_the_one_of_another_object() -> None:
    class Other:
        pass

    owner: Any = Owner()
    owner._x = PersistedWork("_x", Other(), initial_value="shared")
    assert owner.x() == "shared"


def test_adopts_one_without_owner() -> None:
    owner: Any = Owner()
    owner._x = pickle.loads(pickle.dumps(PersistedWork("_x", owner)))
    assert work_of(owner, definition()) is owner._x
    assert owner._x.owner is owner


def test_does_not_adopt_a_deallocated_one() -> None:
    owner: Any = Owner()
    owner.x()
    owner._x.deallocate()
    with pytest.raises(PersistableError, match="has been deallocated"):
        owner.x()


def test_one_in_the_class_is_a_template() -> None:
    first, second = Template(1), Template(2)
    assert (first.x(), second.x()) == (1, 2)
    assert (first.x(), second.x()) == (1, 2)
    assert first._x is not Template._x
    assert first._x.transient
    assert first._x.varname == f"_{__name__}.Template__x_pwvinst"
    assert Template._x.owner is None


def test_one_in_the_class_with_an_owner_is_shared() -> None:
    class Shared(Owner):
        pass

    Shared._x = PersistedWork("_x", Shared, initial_value=3)  # type: ignore[attr-defined]
    assert (Shared().x(), Shared().x()) == (3, 3)


def test_property() -> None:
    owner = ByProperty()
    assert owner.x() == 1
    assert owner.works["x"].is_set()


@pytest.mark.parametrize("wrong", [None, 3, "work"])
def test_something_else_is_there(wrong: object) -> None:
    owner: Any = Owner()
    owner._x = wrong
    with pytest.raises(PersistableError, match=r"_x of Owner is.*delete it"):
        owner.x()


def test_f_forwarding() -> None:
    class Outer:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["inner"], name)

        @persisted("_x")
        def x(self) -> str:
            return "outer"

    inner: Any = Owner()
    inner.x()
    outer: Any = Outer(inner)
    assert outer._x is inner._x
    assert outer.x() == "outer"
    assert inner.x() == [1]
    assert outer._x is not inner._x
    # Also where the inner one is waiting for an owner.
    inner = copy.copy(pickle.loads(pickle.dumps(inner)))
    outer = Outer(inner)
    assert outer.x() == "outer"
    assert inner.x() == [1]


def test_allocation_tracking() -> None:
    class Quiet:
        @persisted("_x", allocation_track=False)
        def x(self) -> int:
            return 1

    Deallocatable.ALLOCATION_TRACKING = True
    try:
        Quiet().x()
        assert Deallocatable._num_deallocations() == 0
        owner: Any = Owner()
        owner.x()
        assert Deallocatable._num_deallocations() == 1
        owner._x.deallocate()
        assert Deallocatable._num_deallocations() == 0
    finally:
        Deallocatable.ALLOCATION_TRACKING = False
        Deallocatable._ALLOCATIONS.clear()


def test_object_that_cannot_hold_a_work() -> None:
    class Slotted:
        __slots__ = ("n",)

    with pytest.raises(PersistableError, match="add '_x'"):
        work_of(Slotted(), definition())


def test_works_of() -> None:
    class Slotted:
        __slots__ = ("__dict__", "_a")

    owner: Any = Slotted()
    owner._a, owner._b = PersistedWork("a", owner), PersistedWork("b", owner)
    owner.c = 3
    assert works_of(owner) == {"_a": owner._a, "_b": owner._b}


def test_take_over_of_a_copy() -> None:
    first: Any = Owner()
    value = first.x()
    second: Any = Owner()
    vars(second).update(vars(first))
    assert second._x is first._x
    take_over(second)
    assert second._x is not first._x
    assert second._x.owner is second
    assert second.x() is value
    second._x.clear()
    assert first.x() is value


def test_clone_that_gets_the_dictionary_of_the_original() -> None:
    first: Any = Owner()
    value = first.x()
    clone: Any = Owner()
    clone.x()
    clone._x.deallocate()
    clone.__dict__ = dict(vars(first))
    assert clone.x() is value
    first._x.clear()
    clone._x.set("clone's")
    assert clone.x() == "clone's"


def test_copy_by_hand_does_not_write_to_the_original() -> None:
    first: Any = Owner()
    first.x()
    first._x.clear()
    second: Any = Owner()
    vars(second).update(vars(first))
    value = second.x()
    assert second._x is not first._x
    assert not first._x.is_set()
    assert first.x() is not value


def test_copy_of_a_slotted_object_keeps_the_value() -> None:
    class Slotted:
        __slots__ = ("_x",)

        @persisted("_x")
        def x(self) -> list[int]:
            return [1]

    first = Slotted()
    value = first.x()
    second = copy.copy(first)
    assert second._x.owner is second  # type: ignore[attr-defined]
    assert second.x() is value
    third = copy.deepcopy(first)
    assert third._x.owner is third  # type: ignore[attr-defined]
    assert third._x.is_set()  # type: ignore[attr-defined]
    assert third.x() == value
    assert third.x() is not value
