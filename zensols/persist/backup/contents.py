"""What is in a cache: taken out at one moment, and put back as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ..domain import Stash
from ..error import PersistableError
from ..missing import MISSING
from ..stash import DictionaryStash, ExpiringStash
from ..stash.expiring import Expiring
from .document import CacheDocument, Kind
from .store import DEFAULT

__all__ = ["TornError", "filled", "identity", "lives_in_memory", "replace", "take"]

_ATTEMPTS: Final = 10
"""How often to list what others change meanwhile."""


class TornError(PersistableError):
    """Raised when a cache has some of what was to be restored and some of what was
    there before.

    """


def take(name: str, stash: Stash[Any], created: datetime) -> CacheDocument:
    """Return what is in a cache now.  Of a dictionary, that is what was in it at one
    moment; values are not copied.

    :param name: the cache's name

    :param stash: the cache

    :param created: the time, which the document tells

    """
    kind: Kind = "default_store" if name == DEFAULT else "named_cache"
    if not isinstance(stash, ExpiringStash):
        return CacheDocument(kind, name, created, _listed(stash))
    now = stash.clock()
    items: dict[Any, Any] = {}
    remaining: dict[Any, float | None] = {}
    for key, entry in _listed(stash.delegate).items():
        deadline = entry.deadline if isinstance(entry, Expiring) else None
        if deadline is None or deadline > now:
            items[key] = entry.value if isinstance(entry, Expiring) else entry
            remaining[key] = None if deadline is None else deadline - now
    return CacheDocument(
        "expiring_store", name, created, items, ttl=stash.ttl, remaining=remaining
    )


def _listed(stash: Stash[Any]) -> dict[Any, Any]:
    if isinstance(stash, DictionaryStash) and type(stash.data) is dict:
        # A copy is made in one step, during which no other thread runs.
        return stash.data.copy()
    for _ in range(_ATTEMPTS - 1):
        try:
            return dict(stash.items())
        except RuntimeError:
            # A dictionary that is iterated has got or lost a key.
            pass
    return dict(stash.items())


def filled(document: CacheDocument) -> Stash[Any]:
    """Return a new cache in memory.

    :param document: what is to be in it

    """
    stash: Stash[Any] = DictionaryStash()
    if document.type == "expiring_store":
        stash = ExpiringStash(stash, document.ttl)
    replace(stash, document)
    return stash


def replace(stash: Stash[Any], document: CacheDocument) -> None:
    """Put into a cache what is in a document, instead of what is there.  If that
    fails, what was there is put back.

    :param stash: the cache

    :param document: what is to be in it

    :raises TornError: if that fails, too

    :raises PersistableError: if it can't be stored

    """
    new: Mapping[Any, Any] = document.items
    keeps = stash
    if isinstance(stash, ExpiringStash):
        keeps, new = stash.delegate, _entries(stash, document)
    elif document.remaining:
        raise PersistableError(
            f"Can't restore values that expire to the cache {document.cache_name!r}, "
            f"a {type(stash).__name__}, whose values don't: delete the cache first, or "
            "make it with ttl="
        )
    old = _listed(keeps)
    try:
        _exchange(keeps, new)
    except BaseException as e:
        try:
            _exchange(keeps, old)
        except Exception as e2:  # noqa: BLE001  stashes raise what they like
            raise TornError(
                f"Cache {document.cache_name!r} is restored in part: {e}; and what was "
                f"there can't be put back: {e2}: restore it again"
            ) from e
        raise


def _entries(
    stash: ExpiringStash[Any], document: CacheDocument
) -> dict[Any, Expiring[Any]]:
    now = stash.clock()
    entries = {}
    for key, value in document.items.items():
        ttl = document.remaining.get(key, MISSING) if document.remaining else stash.ttl
        if ttl is MISSING:
            ttl = stash.ttl
        entries[key] = Expiring(value, None if ttl is None else now + ttl)
    return entries


def _exchange(stash: Stash[Any], new: Mapping[Any, Any]) -> None:
    stash.dump_many(new.items())
    stash.delete_many([key for key in list(stash.keys()) if key not in new])


def lives_in_memory(stash: Stash[Any]) -> bool:
    """Return whether a cache is gone with its process.

    :param stash: the cache

    """
    if isinstance(stash, ExpiringStash):
        stash = stash.delegate
    return isinstance(stash, DictionaryStash)


def identity(stash: Stash[Any]) -> str:
    """Return what tells a cache from those of other programs.

    :param stash: the cache

    """
    try:
        return str(stash.url)
    except PersistableError:
        return f"{os.getcwd()}:{type(stash).__name__}"
