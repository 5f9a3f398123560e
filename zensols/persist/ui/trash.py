"""Deleting keys, and getting them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from ..domain import Stash
from ..error import PersistableError
from ..stash.layers import entry_store, innermost
from ..stash.wording import escape, size_text

__all__ = ["Deletion", "Trash"]

LARGEST: Final = 256 << 20
"""How many bytes of what was deleted are kept."""


@dataclass(frozen=True)
class Deletion:
    """What was deleted at once."""

    stash: Stash[Any]
    """What it was deleted from."""

    entries: Sequence[tuple[str, bytes]]
    """The keys and their entries."""

    @property
    def size(self) -> int:
        """How many bytes the entries have."""
        return sum(len(entry) for _, entry in self.entries)


class Trash:
    """Deletes keys and keeps their entries in memory until the process ends, the
    oldest of more than 256 MiB excepted.

    Safe to use from many threads.

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash["a"] = 1
    >>> trash = Trash()
    >>> deletion = trash.delete(stash, ["a"])
    >>> "a" in stash.keys()
    False
    >>> trash.undo(deletion), stash["a"]
    (['a'], 1)

    """

    def __init__(self, largest: int = LARGEST) -> None:
        """
        :param largest: how many bytes to keep

        """
        self._largest = largest
        self._lock = Lock()
        self._kept: deque[Deletion] = deque()

    def delete(self, stash: Stash[Any], keys: Sequence[str]) -> Deletion:
        """Delete keys, and return what it takes to get them back.

        :param stash: what has them

        :param keys: the keys; absent ones are left out

        :raises PersistableError: if that could not be undone, or fails

        """
        store = entry_store(stash)
        if store is None:
            raise PersistableError(
                f"A {type(innermost(stash)).__name__} keeps no entries, so that "
                f"deleting could not be undone here: use stash rm"
            )
        entries: list[tuple[str, bytes]] = []
        size = 0
        for key, entry in store.load_entries(keys):
            size += len(entry)
            if size > self._largest:
                raise PersistableError(
                    f"More than {size_text(self._largest)} can't be kept to undo this: "
                    f"use stash rm"
                )
            entries.append((key, entry))
        deletion = Deletion(stash, tuple(entries))
        # Kept first: nothing is lost if deleting fails half-way.
        with self._lock:
            self._kept.append(deletion)
            while sum(kept.size for kept in self._kept) > self._largest:
                self._kept.popleft()
        innermost(stash).delete_many(key for key, _ in entries)
        return deletion

    def undo(self, deletion: Deletion) -> list[str]:
        """Get back what was deleted, and return its keys.

        :param deletion: what was deleted

        :raises PersistableError: if it is not kept any more, or one of the keys has a
                                  new value

        """
        stash = innermost(deletion.stash)
        store = entry_store(deletion.stash)
        with self._lock:
            if deletion not in self._kept or store is None:
                raise PersistableError("This was undone already, or is too long ago")
            taken = [key for key, _ in deletion.entries if stash.exists(key)]
            if taken:
                raise PersistableError(
                    f"{escape(taken[0])} has a new value: delete that first"
                )
            store.dump_entries(deletion.entries)
            self._kept.remove(deletion)
        return [key for key, _ in deletion.entries]
