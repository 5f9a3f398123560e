from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork
from zensols.persist.annotation.slot import read
from zensols.persist.dealloc import Deallocatable, dealloc_recursive
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING


class Owner:
    pass


class Value(Deallocatable):
    freed = 0

    def deallocate(self) -> None:
        super().deallocate()
        self.freed += 1


def make_work(owner: Any = None, value: Any = None, **kwargs: Any) -> PersistedWork:
    work = PersistedWork("_x", owner or Owner(), **kwargs)
    work.worker = lambda *args: value
    return work


class Hooked:
    """Keeps some attributes elsewhere, as torch modules do."""

    def __init__(self) -> None:
        object.__setattr__(self, "modules", {})

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Value):
            self.modules[name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "modules")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __delattr__(self, name: str) -> None:
        if name in self.modules:
            del self.modules[name]
        else:
            object.__delattr__(self, name)


@dataclass(frozen=True)
class Frozen:
    n: int


class Slotted:
    __slots__ = ("work",)


@pytest.mark.parametrize("value", [None, 0, "", [], Value()])
@pytest.mark.parametrize("owner", [Owner, Hooked, lambda: Frozen(1), Slotted])
def test_set_clear(owner: Any, value: object) -> None:
    work = make_work(owner(), "computed")
    assert not work.is_set()
    work.set(value)
    assert work.is_set()
    assert work() is value
    work.clear()
    work.clear()
    assert not work.is_set()
    assert work() == "computed"


def test_value_is_an_attribute_of_the_owner() -> None:
    owner = Owner()
    work = make_work(owner, 3)
    assert work.varname == f"_{__name__}.Owner__x_pwvinst"
    work()
    assert vars(owner) == {work.varname: 3}
    work.clear()
    assert vars(owner) == {}


def test_hooks_of_the_owner_are_used() -> None:
    owner = Hooked()
    work = make_work(owner, Value())
    value = work()
    assert owner.modules == {work.varname: value}
    other = Value()
    setattr(owner, work.varname, other)
    assert work() is other


def test_value_found_in_the_owner() -> None:
    owner = Owner()
    work = make_work(owner, "computed")
    setattr(owner, work.varname, None)
    assert work.is_set()
    assert work() is None


def test_owner_that_forwards_has_no_value_of_another() -> None:
    class Same:
        def __init__(self, inner: Any = None) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["inner"], name)

    inner = Same()
    outer = Same(inner)
    make_work(inner).set("inner")
    work = make_work(outer, "outer")
    assert getattr(outer, work.varname) == "inner"
    assert not work.is_set()
    assert work() == "outer"


def test_set_without_owner() -> None:
    work = make_work(value=3)
    work.owner = None
    with pytest.raises(PersistableError, match="has no owner"):
        work.set(1)
    assert not work.is_set()


def test_another_owner_has_another_value() -> None:
    first, second = Owner(), Owner()
    work = make_work(first, 3)
    work()
    work.owner = second
    assert not work.is_set()
    work.set(4)
    work.owner = first
    assert work() == 3


def test_works_of_one_name_share_the_value() -> None:
    owner = Owner()
    owner.first = make_work(owner, 1)  # type: ignore[attr-defined]
    owner.second = make_work(owner, 2)  # type: ignore[attr-defined]
    first, second = owner.first, owner.second  # type: ignore[attr-defined]
    assert (first(), second()) == (1, 1)
    second.set(3)
    assert first() == 3
    first.clear()
    assert second() == 2
    assert first() == 2


def test_f_paths_that_differ_in_punctuation(in_tmp: Path) -> None:
    owner = Owner()
    works = [PersistedWork(Path(n), owner) for n in ("a-b", "a_b", "A b")]
    assert len({work.varname for work in works}) == 1
    for i, work in enumerate(works):
        setattr(owner, f"work{i}", work)
        work.set(i)
    assert [work() for work in works] == [0, 1, 2]
    # Where a pickle of the older package has it.
    assert getattr(owner, works[0].varname) == 0
    for work in works:
        work._drop_at_hand()
    assert [work() for work in works] == [0, 1, 2]
    works[1].clear()
    assert [work.is_set() for work in works] == [True, False, True]


def test_deallocate() -> None:
    owner = Owner()
    value = Value()
    work = make_work(owner, value)
    work()
    work.deallocate()
    work.deallocate()
    assert value.freed == 1
    assert vars(owner) == {}
    assert work.owner is None


def test_deallocate_what_is_not_set() -> None:
    work = make_work(value=3)
    work.deallocate()
    assert work.owner is None


def test_deallocate_recursive() -> None:
    value = Value()
    work = make_work(value=[value])
    work()
    work.deallocate()
    assert value.freed == 0
    work = make_work(value=[value], deallocate_recursive=True)
    work()
    work.deallocate()
    assert value.freed == 1
    work = make_work(value={"a": value})
    work()
    with dealloc_recursive():
        work.deallocate()
    assert value.freed == 2


def test_deallocate_in_slots() -> None:
    value = Value()
    work = make_work(Slotted(), value)
    work()
    work.deallocate()
    assert value.freed == 1


def test_deallocate_where_the_value_fails() -> None:
    class Failing(Deallocatable):
        def deallocate(self) -> None:
            raise ValueError("no")

    owner = Owner()
    work = make_work(owner, Failing())
    work()
    with pytest.raises(ValueError, match="no"):
        work.deallocate()
    assert vars(owner) == {}
    assert work.owner is None


def test_deallocate_value_that_deallocates_its_owner() -> None:
    class Part(Value):
        def deallocate(self) -> None:
            super().deallocate()
            owner.work.deallocate()  # type: ignore[attr-defined]

    owner = Owner()
    part = Part()
    owner.work = make_work(owner, part)  # type: ignore[attr-defined]
    owner.work()  # type: ignore[attr-defined]
    owner.work.deallocate()  # type: ignore[attr-defined]
    assert part.freed == 1


def test_f_call_after_deallocate_fails_first() -> None:
    calls: list[int] = []
    work = make_work()
    work.worker = lambda: calls.append(1)
    work.deallocate()
    with pytest.raises(PersistableError, match="has been deallocated"):
        work()
    assert calls == []
    owner = Owner()
    work.owner = owner
    assert work() is None
    assert calls == [1]


def test_global() -> None:
    first, second = (make_work(Owner(), i, cache_global=True) for i in (1, 2))
    assert not first.is_set()
    assert (first(), second()) == (1, 1)
    assert second.is_set()
    assert vars(first.owner) == {}
    second.clear()
    assert not first.is_set()
    assert (second(), first()) == (2, 2)
    first.clear()


def test_global_value_of_a_subclass_is_its_own() -> None:
    class Sub(Owner):
        pass

    base, sub = (make_work(c(), c.__name__, cache_global=True) for c in (Owner, Sub))
    assert (base(), sub()) == ("Owner", "Sub")
    base.clear()
    assert sub.is_set()


def test_f_global_values_of_local_classes_of_one_name() -> None:
    def define() -> type:
        class Local:
            pass

        return Local

    first, second = (make_work(define()(), i, cache_global=True) for i in (1, 2))
    assert first.varname == second.varname
    assert (first(), second()) == (1, 2)


def test_f_set_replaces_the_global_value() -> None:
    first, second = (make_work(Owner(), i, cache_global=True) for i in (1, 2))
    first()
    second.set(None)
    assert first() is None
    first.clear()


def test_f_clear_global_is_seen_by_all() -> None:
    first, second = (make_work(Owner(), i, cache_global=True) for i in (1, 2))
    first()
    second()
    second.clear_global()
    assert not first.is_set()
    assert (second(), first()) == (2, 2)
    first.clear()


def test_f_deallocate_spares_what_others_use() -> None:
    value = Value()
    first, second, stranger = (
        make_work(Owner(), value, cache_global=True) for _ in range(3)
    )
    first()
    second()
    stranger.deallocate()
    first.deallocate()
    assert value.freed == 0
    assert second() is value
    second.deallocate()
    assert value.freed == 1
    assert not make_work(cache_global=True).is_set()


def test_f_clear_global_reaches_a_restored_value() -> None:
    first, restored = (make_work(Owner(), i, cache_global=True) for i in (1, 2))
    setattr(restored.owner, restored.varname, "restored")
    first()
    assert restored() == "restored"
    assert first() == 1
    first.clear_global()
    assert restored() == 2
    assert read(restored.owner, restored.varname) is MISSING
    restored.clear()


def test_restored_value_is_published() -> None:
    first, restored = (make_work(Owner(), i, cache_global=True) for i in (1, 2))
    setattr(restored.owner, restored.varname, "restored")
    assert restored() == "restored"
    assert first() == "restored"
    assert vars(restored.owner) == {}
    first.clear()


def test_cache_global_assigned_later() -> None:
    first, second = (make_work(Owner(), i) for i in (1, 2))
    first()
    first.cache_global = second.cache_global = True
    assert (first(), second()) == (1, 1)
    second.clear()
    assert first() == 1
    first.clear()
    assert (second(), first()) == (2, 2)
    first.cache_global = False
    assert first() == 1
    second.clear()


def test_global_value_is_computed_once_by_threads(computation: Any) -> None:
    barrier = threading.Barrier(8)
    results: list[object] = []

    def run() -> None:
        work = make_work(cache_global=True)
        work.worker = computation
        barrier.wait(60)
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert computation.calls == 1
    assert len(set(map(id, results))) == 1
    make_work(cache_global=True).clear()
