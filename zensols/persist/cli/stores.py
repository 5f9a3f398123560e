"""The stores that URLs name, and what they are made of."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import Any

from ..domain import (
    DelegateStash,
    EntryStore,
    ReadOnlyStash,
    Stash,
    StashURL,
    open_stash,
)
from ..error import PersistableError
from .exits import UsageError, complain

__all__ = [
    "entry_store",
    "innermost",
    "open_existing",
    "open_store",
    "require_entries",
    "wrappers",
]


def open_store(url: str) -> Stash[Any]:
    """Return the stash of a URL that a user gave.

    :param url: the URL

    :raises UsageError: if it is wrong, or a package is missing for it

    >>> from zensols.persist import DictionaryStash
    >>> open_store("memory:") == DictionaryStash()
    True

    """
    try:
        stash = open_stash(StashURL.parse(url))
    except PersistableError as e:
        raise UsageError(str(e)) from e
    base = innermost(stash)
    if isinstance(base, ReadOnlyStash):
        # A write that does nothing would look as if it had been done.
        base.strict = True
    return stash


def open_existing(url: str) -> Stash[Any]:
    """Return the stash of a URL that a user gave to read from, and say so if there
    is no such file or folder: it would look like an empty one.

    :param url: the URL

    :raises UsageError: if it is wrong, or a package is missing for it

    """
    stash = open_store(url)
    path = getattr(innermost(stash), "path", None)
    if isinstance(path, Path) and not any(path.parent.glob(f"{escape(path.name)}*")):
        complain(f"There is nothing at {path} yet")
    return stash


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


def require_entries(stash: Stash[Any], what: str) -> EntryStore:
    """Return the innermost store, which must hand out entries.

    :param stash: the outermost stash

    :param what: what they are needed for

    :raises UsageError: if it doesn't

    """
    store = entry_store(stash)
    if store is None:
        raise UsageError(
            f"A {type(innermost(stash)).__name__} keeps no entries: there is nothing "
            f"to {what}"
        )
    return store
