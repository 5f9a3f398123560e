from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from zensols.persist.annotation.slot import (
    attributes,
    is_plain,
    members,
    read,
    remove,
    write,
)
from zensols.persist.missing import MISSING


class Plain:
    in_class = 1

    def __init__(self) -> None:
        self.own = 2


class Slotted:
    __slots__ = ("a", "b")


class SlottedAndMore(Slotted):
    __slots__ = ("__dict__", "c")


@dataclass(frozen=True)
class Frozen:
    n: int


class Forwarding:
    def __init__(self, target: object) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        if name == "target":
            raise AttributeError(name)
        return getattr(self.target, name)


class Hooked:
    """Keeps attributes as torch modules do."""

    def __init__(self) -> None:
        object.__setattr__(self, "kept", {})

    def __setattr__(self, name: str, value: object) -> None:
        self.kept[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "kept")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __delattr__(self, name: str) -> None:
        del self.kept[name]


def test_read() -> None:
    assert read(Plain(), "own") == 2
    assert read(Plain(), "in_class") == 1
    assert read(Plain(), "absent") is MISSING
    assert read(Slotted(), "a") is MISSING
    assert read(Plain, "in_class") == 1


def test_f_read_does_not_follow_forwarding() -> None:
    forwarding = Forwarding(Plain())
    assert forwarding.own == 2
    assert read(forwarding, "own") is MISSING
    assert isinstance(read(forwarding, "target"), Plain)


def test_hooks_are_honoured() -> None:
    hooked = Hooked()
    assert write(hooked, "a", 1)
    assert hooked.kept == {"a": 1}
    assert read(hooked, "a") == 1
    assert not is_plain(hooked, "a")
    remove(hooked, "a")
    assert read(hooked, "a") is MISSING


@pytest.mark.parametrize("owner", [Plain(), Frozen(1), SlottedAndMore()])
def test_write_and_remove(owner: object) -> None:
    assert write(owner, "x.y", 3)
    assert read(owner, "x.y") == 3
    assert is_plain(owner, "x.y")
    remove(owner, "x.y")
    assert read(owner, "x.y") is MISSING
    remove(owner, "x.y")


def test_write_into_slots() -> None:
    slotted = Slotted()
    assert write(slotted, "a", 1)
    assert not is_plain(slotted, "a")
    assert not write(slotted, "c", 1)
    remove(slotted, "a")
    assert read(slotted, "a") is MISSING


def test_remove_leaves_the_class() -> None:
    plain = Plain()
    remove(plain, "in_class")
    assert read(plain, "in_class") == 1


def test_attributes() -> None:
    owner = SlottedAndMore()
    owner.a, owner.c, owner.d = 1, 2, 3
    assert attributes(owner) == {"a": 1, "c": 2, "d": 3}
    assert attributes(object()) == {}
    assert attributes(Plain()) == {"own": 2}


def test_members() -> None:
    assert {name for name, _ in members(SlottedAndMore)} == {"a", "b", "c"}
    assert list(members(Plain)) == []
    assert list(members(ValueError)) == []
