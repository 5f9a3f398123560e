from __future__ import annotations

import pytest

from zensols.persist.dealloc import Deallocatable, dealloc, dealloc_recursive
from zensols.persist.error import PersistableError


class Item(Deallocatable):
    name = "left"
    calls = 0

    def deallocate(self) -> None:
        super().deallocate()
        self.calls += 1


class Failing(Deallocatable):
    def deallocate(self) -> None:
        super().deallocate()
        raise ValueError("can't free")


def test_dealloc_recursive() -> None:
    item = Item()
    with dealloc_recursive() as entered:
        assert entered is None
        assert Deallocatable._try_deallocate([item])
    assert item.calls == 1
    assert not Deallocatable._try_deallocate([item])


def test_dealloc_recursive_restores_what_it_saw_when_made() -> None:
    inner = dealloc_recursive()
    with dealloc_recursive():
        with inner:
            pass
        assert not Deallocatable._RECURSIVE
        with dealloc_recursive():
            pass


def test_dealloc_recursive_restores_after_error() -> None:
    with pytest.raises(ValueError, match="body"), dealloc_recursive():
        raise ValueError("body")
    assert not Deallocatable._RECURSIVE


def test_dealloc() -> None:
    item = Item()
    with dealloc(item) as entered:
        assert entered is item
        assert item.calls == 0
    assert item.calls == 1


def test_dealloc_creates_in_constructor() -> None:
    made: list[Item] = []

    def create() -> Item:
        made.append(Item())
        return made[0]

    context = dealloc(create)
    assert len(made) == 1
    with context as item:
        assert item is made[0]


def test_dealloc_callable_deallocatable_is_not_called() -> None:
    class Callable(Item):
        def __call__(self) -> None:
            raise AssertionError

    item = Callable()
    with dealloc(item) as entered:
        assert entered is item


def test_dealloc_any_object() -> None:
    class Foreign:
        freed = False

        def deallocate(self) -> None:
            self.freed = True

    with dealloc(Foreign()) as foreign:
        pass
    assert foreign.freed


def test_dealloc_refuses_what_cannot_be() -> None:
    with pytest.raises(PersistableError, match="has no method 'deallocate'"):
        dealloc(3, track=True)


def test_dealloc_error_propagates() -> None:
    item = Item()
    with pytest.raises(ValueError, match="body"), dealloc(item):
        raise ValueError("body")
    assert item.calls == 1


def test_dealloc_tracks(capsys: pytest.CaptureFixture[str]) -> None:
    with dealloc(Item, track=True, include_stack=True) as item:
        assert id(item) in Deallocatable._ALLOCATIONS
        leftover = Item()
    out = capsys.readouterr().out
    assert str(id(leftover)) in out
    assert "test_dealloc_tracks" in out
    assert str(id(item)) not in out
    leftover.deallocate()


def test_f_dealloc_restores_tracking_when_creation_fails() -> None:
    def create() -> Item:
        assert Deallocatable.ALLOCATION_TRACKING
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        dealloc(create, track=True)
    assert not Deallocatable.ALLOCATION_TRACKING


def test_f_dealloc_restores_tracking_when_deallocation_fails() -> None:
    with pytest.raises(ValueError, match="can't free"), dealloc(Failing, track=True):
        pass
    assert not Deallocatable.ALLOCATION_TRACKING


def test_f_dealloc_keeps_the_error_of_the_body() -> None:
    with pytest.raises(KeyError, match="body") as caught, dealloc(Failing()):
        raise KeyError("body")
    assert "can't free" in caught.value.__notes__[0]


def test_dealloc_keeps_tracking_that_was_on(tracking: None) -> None:
    with dealloc(Item, track=True):
        pass
    assert Deallocatable.ALLOCATION_TRACKING
