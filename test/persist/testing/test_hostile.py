"""Stashes that take some keys for others, each of which has to fail."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from zensols.persist.domain import Stash
from zensols.persist.stash import DictionaryStash
from zensols.persist.testing import HOSTILE_KEYS, HostileKeysContract


@dataclass
class RenamingStash(DictionaryStash[Any]):
    """Keeps the keys that a function makes of those it is given."""

    rename: Callable[[str], str] = str

    def load(self, name: str) -> Any:
        return super().load(self.rename(name))

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(self.rename(name), default)

    def exists(self, name: str) -> bool:
        return super().exists(self.rename(name))

    def dump(self, name: str, inst: Any) -> None:
        super().dump(self.rename(name), inst)

    def delete(self, name: str | None = None) -> None:
        super().delete(name if name is None else self.rename(name))


@pytest.mark.parametrize("group", HOSTILE_KEYS)
def test_sound_stash_passes(group: str) -> None:
    for test in "test_any_string_is_a_key", "test_any_key_is_found_by_others":
        getattr(HostileKeysContract(), test)(RenamingStash(), group)


@pytest.mark.parametrize(
    ("rename", "group"),
    [
        (str.strip, "empty"),
        (lambda key: key or "default", "empty"),
        (lambda key: key[:255], "long"),
        (posixpath.normpath, "paths"),
        (posixpath.basename, "paths"),
        (lambda key: key.replace("\\", "/"), "paths"),
        (lambda key: key.partition("\0")[0], "control characters"),
        (lambda key: re.sub(r"\s", " ", key), "control characters"),
        (lambda key: key.rstrip(". "), "control characters"),
        (lambda key: key.encode("utf-8", "replace").decode(), "beyond ASCII"),
        (lambda key: key.encode("latin1", "replace").decode("latin1"), "beyond ASCII"),
        (str.lower, "case"),
        (str.casefold, "case"),
        (lambda key: unicodedata.normalize("NFC", key), "normalization"),
        (lambda key: unicodedata.normalize("NFKD", key), "normalization"),
        (str.upper, "Windows"),
        (lambda key: re.sub(r"[<>:|]", "_", key), "Windows"),
        (lambda key: key.replace("%2F", "/").replace("%2f", "/"), "percent signs"),
        (lambda key: key.replace("+", " "), "percent signs"),
        (lambda key: key.replace("'", "''"), "quotes"),
        (lambda key: re.sub(r"\W", "_", key), "patterns"),
        (lambda key: key.removesuffix(".dat"), "names of other things"),
        (lambda key: str(int(key)) if key.isdigit() else key, "names of other things"),
    ],
)
def test_broken_stash_fails(rename: Callable[[str], str], group: str) -> None:
    with pytest.raises((AssertionError, UnicodeError)):
        HostileKeysContract().test_any_string_is_a_key(
            RenamingStash(rename=rename), group
        )


class ForgetsOthers(DictionaryStash[Any]):
    """Clears what it has stored itself only."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.own: set[str] = set()

    def clear(self) -> None:
        for key in self.own:
            self.delete(key)


def test_what_others_wrote_must_be_cleared() -> None:
    class Contract(HostileKeysContract):
        def raw_put(self, stash: Any, key: str, value: Any) -> None:
            stash.data[key] = value

    with pytest.raises(AssertionError):
        Contract().test_any_key_is_found_by_others(ForgetsOthers(), "paths")


def test_unlisted_keys_fail() -> None:
    class Hides(DictionaryStash[Any]):
        def keys(self) -> Any:
            return [key for key in super().keys() if not key.startswith(".")]

    stash: Stash[Any] = Hides()
    with pytest.raises(AssertionError):
        HostileKeysContract().test_any_string_is_a_key(stash, "paths")
