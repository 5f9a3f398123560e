"""The stores that URLs name, and what they are made of."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import Any

from ..domain import (
    EntryStore,
    ReadOnlyStash,
    Stash,
    StashURL,
    open_stash,
)
from ..error import PersistableError
from ..stash.layers import entry_store, innermost
from .exits import UsageError, complain

__all__ = [
    "is_there",
    "open_existing",
    "open_store",
    "require_entries",
    "require_two",
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
    is_there(stash)
    return stash


def is_there(stash: Stash[Any]) -> bool:
    """Return whether the file or folder of a stash is there, and say so if it isn't.

    :param stash: the stash; what keeps its items elsewhere is there

    """
    path = getattr(innermost(stash), "path", None)
    if isinstance(path, Path) and not any(path.parent.glob(f"{escape(path.name)}*")):
        complain(f"There is nothing at {path} yet")
        return False
    return True


def require_two(source: Stash[Any], target: Stash[Any], names: str) -> None:
    """Require two stashes to be different ones.

    :param source: one

    :param target: the other one

    :param names: what the command calls them

    :raises UsageError: if they are the same store

    """
    if _place(source) == _place(target) is not None:
        raise UsageError(f"{names} are the same store")


def _place(stash: Stash[Any]) -> str | None:
    try:
        return innermost(stash).url.without("codec", "compress").reveal()
    except PersistableError:
        return None


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
