from __future__ import annotations

import sys
import threading
from abc import ABCMeta

import pytest

from zensols.persist.dealloc import Deallocatable
from zensols.persist.error import APIError


class Item(Deallocatable):
    def __init__(self, name: str = "item") -> None:
        super().__init__()
        self.name = name
        self.calls = 0

    def deallocate(self) -> None:
        super().deallocate()
        self.calls += 1


class Failing(Deallocatable):
    def deallocate(self) -> None:
        super().deallocate()
        raise ValueError("can't free")


def test_metaclass() -> None:
    assert type(Deallocatable) is ABCMeta


def test_constructor_forwards() -> None:
    class Base:
        def __init__(self) -> None:
            self.made = True

    class Both(Deallocatable, Base):
        pass

    assert Both().made


def test_constructor_not_called(tracking: None) -> None:
    class Quiet(Deallocatable):
        def __init__(self) -> None:
            pass

    Quiet().deallocate()
    assert Deallocatable._num_deallocations() == 0


def test_tracking_records(tracking: None) -> None:
    item = Item()
    obj, stack = Deallocatable._ALLOCATIONS[id(item)]
    assert obj is item
    assert "test_tracking_records" in stack
    item.deallocate()
    item.deallocate()
    assert id(item) not in Deallocatable._ALLOCATIONS


def test_not_recorded_without_tracking() -> None:
    Item()
    assert Deallocatable._num_deallocations() == 0


def test_mark_deallocated_by_id(tracking: None) -> None:
    first, second = Item(), Item()
    first._mark_deallocated(id(second))
    assert set(Deallocatable._ALLOCATIONS) == {id(first)}
    first._mark_deallocated()
    assert Deallocatable._num_deallocations() == 0


def test_f_freed_after_tracking_was_switched_off() -> None:
    Deallocatable.ALLOCATION_TRACKING = True
    item = Item()
    Deallocatable.ALLOCATION_TRACKING = False
    assert Deallocatable._num_deallocations() == 1
    item.deallocate()
    assert Deallocatable._num_deallocations() == 0


def test_print_trace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deallocatable, "PRINT_TRACE", True)
    Item().deallocate()
    assert "test_print_trace" in capsys.readouterr().err


@pytest.mark.parametrize("obj", [None, 3, "text", object(), {"a": 1}, [1]])
def test_try_deallocate_foreign(obj: object) -> None:
    assert not Deallocatable._try_deallocate(obj)


def test_try_deallocate() -> None:
    item = Item()
    assert Deallocatable._try_deallocate(item)
    assert item.calls == 1


@pytest.mark.parametrize(
    "kind", [tuple, list, set, lambda items: dict(enumerate(items))]
)
def test_try_deallocate_recursive(kind: object) -> None:
    items = [Item(), Item()]
    container = kind(items)  # type: ignore[operator]
    assert not Deallocatable._try_deallocate(container)
    assert [i.calls for i in items] == [0, 0]
    assert Deallocatable._try_deallocate(container, recursive=True)
    assert [i.calls for i in items] == [1, 1]


def test_try_deallocate_recursive_empty_and_nested() -> None:
    item = Item()
    assert Deallocatable._try_deallocate([], recursive=True)
    assert Deallocatable._try_deallocate([{"a": (item,)}], recursive=True)
    assert item.calls == 1


def test_try_deallocate_does_not_walk_others() -> None:
    item = Item()
    assert not Deallocatable._try_deallocate(frozenset((item,)), recursive=True)
    assert not Deallocatable._try_deallocate((i for i in (item,)), recursive=True)
    assert not Deallocatable._try_deallocate({item: 1}.keys(), recursive=True)
    assert item.calls == 0


def test_f_cycles_of_containers() -> None:
    item = Item()
    first: list[object] = [item]
    first.append({"first": first})
    assert Deallocatable._try_deallocate(first, recursive=True)
    assert item.calls == 1


def test_f_cycles_of_objects() -> None:
    class Node(Deallocatable):
        other: Node
        freed = 0

        def deallocate(self) -> None:
            super().deallocate()
            self.freed += 1
            self._try_deallocate(self.other)

    first, second = Node(), Node()
    first.other, second.other = second, first
    assert Deallocatable._try_deallocate(first)
    assert (first.freed, second.freed) == (1, 1)
    second.deallocate()
    assert (first.freed, second.freed) == (2, 3)


def test_deallocate_attribute() -> None:
    owner = Item()
    owner.a, owner.b = Item(), 3  # type: ignore[attr-defined]
    a = owner.a  # type: ignore[attr-defined]
    assert owner._deallocate_attribute("a")
    assert a.calls == 1
    assert not owner._deallocate_attribute("b")
    assert not owner._deallocate_attribute("absent")
    assert not hasattr(owner, "a")
    assert not hasattr(owner, "b")


def test_deallocate_attribute_deletes_when_it_fails() -> None:
    owner = Item()
    owner.a = Failing()  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="can't free"):
        owner._deallocate_attribute("a")
    assert not hasattr(owner, "a")


def test_deallocate_attributes() -> None:
    owner = Item()
    owner.a, owner.b = Item(), 3  # type: ignore[attr-defined]
    assert owner._deallocate_attributes(["a", "b", "c"]) == 1
    assert not hasattr(owner, "b")


def test_print_undeallocated(
    tracking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    item = Item("model")
    bare = Failing()
    Deallocatable._print_undeallocated()
    total, first, second = capsys.readouterr().out.splitlines()
    assert "2" in total
    assert str(id(item)) in first
    assert "Item" in first
    assert "model" in first
    assert str(id(bare)) in second
    assert "Failing" in second
    assert "name" not in second


def test_print_undeallocated_stack(
    tracking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    item = Item()
    Deallocatable._print_undeallocated(include_stack=True)
    assert "test_print_undeallocated_stack" in capsys.readouterr().out
    item.deallocate()


def test_print_undeallocated_counts(
    tracking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [Item(), Failing(), Item()]
    Deallocatable._print_undeallocated(only_counts=True)
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == ["Failing: 1", "Item: 2"]
    assert len(kept) == 3


def test_print_undeallocated_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Deallocatable._print_undeallocated(fail=True)
    assert capsys.readouterr().out == ""


def test_print_undeallocated_fails(
    tracking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    item = Item()
    with pytest.raises(APIError, match="1 objects"):
        Deallocatable._print_undeallocated(fail=True)
    assert str(id(item)) in capsys.readouterr().out


def test_deallocate_all(tracking: None) -> None:
    items = [Item(), Item()]
    Deallocatable._deallocate_all()
    assert [i.calls for i in items] == [1, 1]
    Deallocatable.assert_dealloc()


def test_deallocate_str() -> None:
    assert "Item" in Item()._deallocate_str()


def test_threads_do_not_hide_cycles_from_each_other() -> None:
    inside = threading.Event()
    go_on = threading.Event()

    class Slow(Item):
        def deallocate(self) -> None:
            super().deallocate()
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                assert go_on.wait(60)

    item = Slow()
    thread = threading.Thread(target=Deallocatable._try_deallocate, args=(item,))
    thread.start()
    assert inside.wait(60)
    assert Deallocatable._try_deallocate(item)
    go_on.set()
    thread.join(60)
    assert item.calls == 2


def test_deep_recursion_is_bounded_by_nesting_only() -> None:
    items: list[object] = []
    for _ in range(sys.getrecursionlimit() // 10):
        items = [items]
    assert Deallocatable._try_deallocate(items, recursive=True)
