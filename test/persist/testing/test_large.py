"""Stashes that large values are too large for, each of which has to fail."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash
from zensols.persist.testing import LargeContract

LIMIT = 16 << 20


class Truncates(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        super().dump(name, inst[:LIMIT] if isinstance(inst, bytes) else inst)


class Refuses(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        if isinstance(inst, bytes) and len(inst) > LIMIT:
            raise PersistableError("too large")
        super().dump(name, inst)


class Keeps(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        if len(self.data[name or ""]) < LIMIT:
            super().delete(name)


class Contract(LargeContract):
    large = True


@pytest.mark.parametrize("broken", [Truncates, Refuses, Keeps])
def test_broken_stash_fails(broken: Any) -> None:
    with pytest.raises((AssertionError, PersistableError)):
        Contract().test_keeps_64_mib(broken())


def test_sound_stash_passes() -> None:
    Contract().test_keeps_64_mib(DictionaryStash())


def test_is_looked_for_behind_the_back() -> None:
    class Elsewhere(Contract):
        def raw_get(self, stash: Any, key: str) -> Any:
            return MISSING

    with pytest.raises((AssertionError, TypeError)):
        Elsewhere().test_keeps_64_mib(DictionaryStash())


def test_is_skipped_unless_asked_for() -> None:
    with pytest.raises(pytest.skip.Exception):
        LargeContract().test_keeps_64_mib(DictionaryStash())
