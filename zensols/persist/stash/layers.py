"""What a stash is made of: the store, and what only stands in front of it."""

from __future__ import annotations

from typing import Any

from ..domain import DelegateStash, EntryStore, Stash

__all__ = ["entry_store", "innermost", "wrappers"]


def innermost(stash: Stash[Any]) -> Stash[Any]:
    """Return the store below stashes that only stand in front of it.

    :param stash: such as one with a time to live

    >>> from zensols.persist import DictionaryStash, ExpiringStash
    >>> innermost(ExpiringStash(DictionaryStash(), 60))
    DictionaryStash(_data={})

    """
    while isinstance(stash, DelegateStash) and not isinstance(stash, EntryStore):
        stash = stash.delegate
    return stash


def wrappers(stash: Stash[Any]) -> list[type]:
    """Return the classes of the stashes in front of the innermost store: values
    are stored in the form that these give them.

    :param stash: the outermost one

    """
    found: list[type] = []
    while isinstance(stash, DelegateStash) and not isinstance(stash, EntryStore):
        found.append(type(stash))
        stash = stash.delegate
    return found


def entry_store(stash: Stash[Any]) -> EntryStore | None:
    """Return the innermost store, if it hands out entries.

    :param stash: the outermost stash

    """
    store = innermost(stash)
    return store if isinstance(store, EntryStore) else None
