from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.annotation.definition import (
    HOOK_NAME,
    Definition,
    definition_of,
)
from zensols.persist.error import PersistableError


def make_definition(key: Any) -> Definition:
    return Definition(
        function=lambda self: 1,
        name="_x",
        path=None,
        cache_global=False,
        transient=False,
        allocation_track=True,
        mkdir=False,
        deallocate_recursive=False,
        recover_empty=False,
        stash=None,
        key=key,
        fingerprint="",
        lock_timeout=None,
        codec=None,
    )


def test_key() -> None:
    assert make_definition("a").key_of(object()) == "a"
    assert make_definition(lambda owner: f"<{owner}>").key_of(3) == "<3>"


@pytest.mark.parametrize("key", [3, None, lambda owner: 3])
def test_key_must_be_a_string(key: Any) -> None:
    with pytest.raises(PersistableError, match="_x must be a string, not"):
        make_definition(key).key_of(object())


class Base:
    def __init__(self) -> None:
        self._a = PersistedWork("_a", self)
        self._other = PersistedWork("_other", self)

    @persisted("_a")
    def a(self) -> int:
        return 1


class Sub(Base):
    @persisted("_a")
    def a(self) -> int:
        return 2


@pytest.mark.parametrize(("cls", "value"), [(Base, 1), (Sub, 2)])
def test_definition_of(cls: type[Base], value: int) -> None:
    owner = cls()
    definition = definition_of(owner, owner._a)
    assert definition is not None
    assert definition.name == "_a"
    assert definition.function(owner) == value
    assert definition_of(owner, owner._other) is None
    assert definition_of(owner, PersistedWork("_a", owner)) is None


def test_hook_is_in_the_class_only() -> None:
    assert set(Base.__dict__[HOOK_NAME].definitions) == {"_a"}
    assert Base.__dict__[HOOK_NAME] is not Sub.__dict__[HOOK_NAME]
