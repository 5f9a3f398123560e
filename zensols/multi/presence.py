"""What can be read of a stash while it is filled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zensols.persist.domain import Stash

__all__ = ["Presence"]


class Presence:
    """Tells which keys of a stash can be read while it is filled: those that are
    there, but for what another version of the code has made.

    For one writing thread, and many that read.

    >>> from zensols.persist import DictionaryStash
    >>> presence = Presence(DictionaryStash({"a": 1, "b": 2}))
    >>> presence.has("a")
    False
    >>> presence.know(outdated={"a"})
    >>> presence.has("a"), presence.has("b")
    (False, True)
    >>> presence.add(["a"])
    >>> presence.has("a")
    True

    """

    def __init__(self, delegate: Stash[Any]) -> None:
        """
        :param delegate: what is filled

        """
        self._delegate = delegate
        self._outdated: set[str] | None = None

    def know(self, outdated: set[str]) -> None:
        """Take note of what is outdated; nothing can be read before that is known.

        :param outdated: the keys

        """
        self._outdated = outdated

    def add(self, keys: Iterable[Any]) -> None:
        """Take note of what has been made.

        :param keys: the keys

        """
        if self._outdated:
            self._outdated.difference_update(map(str, keys))

    def has(self, key: str) -> bool:
        """Return whether a key can be read.

        :param key: the key

        """
        outdated = self._outdated
        return (
            outdated is not None
            and key not in outdated
            and (self._delegate.exists(key))
        )
