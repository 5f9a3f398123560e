"""What the processes of the contract's tests do.  Apart, since they import it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..domain import Stash
from ..error import LockTimeoutError
from ..missing import MISSING

__all__ = ["find_torn", "is_locked", "use_beside", "use_keys", "use_shared_key"]


def use_keys(stash: Stash[Any], keys: Sequence[str], values: Sequence[Any]) -> None:
    """Write, read and delete keys that nobody else uses; all but the last are
    there in the end.

    :param stash: shared with other threads or processes

    :param keys: this one's own

    :param values: a value for each key

    :raises AssertionError: if a value is not what was stored

    >>> from zensols.persist import DictionaryStash
    >>> stash = DictionaryStash()
    >>> use_keys(stash, ["a", "b"], [1, 2])
    >>> dict(stash)
    {'a': 1}

    """
    for key, value in zip(keys, values, strict=True):
        stash.dump(key, values[0])
        stash.dump(key, value)
        assert stash.load(key) == value, f"key {key!r}"
        assert stash.exists(key), f"key {key!r}"
    assert set(keys).issubset(stash.keys())
    stash.delete(keys[-1])
    assert not stash.exists(keys[-1]), f"key {keys[-1]!r}"


def use_shared_key(
    stash: Stash[Any], key: str, values: Sequence[Any], times: int, delete: bool
) -> list[Any]:
    """Replace, and now and then delete, the value of a key that others use.

    :param stash: shared with other threads or processes

    :param key: the key

    :param values: stored in turn

    :param times: how often

    :param delete: whether to delete too

    :return: what was read that is none of the values

    >>> from zensols.persist import DictionaryStash
    >>> use_shared_key(DictionaryStash(), "a", [1, 2], times=4, delete=True)
    []

    """
    torn = []
    for turn in range(times):
        stash.dump(key, values[turn % len(values)])
        torn += find_torn(stash, key, values)
        if delete and turn % 4 == 3:
            stash.delete(key)
    return torn


def find_torn(stash: Stash[Any], key: str, values: Sequence[Any]) -> list[Any]:
    """Return what is read of a key if it is neither absent nor one of the
    values.

    >>> from zensols.persist import DictionaryStash
    >>> find_torn(DictionaryStash({"a": 3}), "a", [1, 2])
    [3]

    """
    found = stash.get(key, MISSING)
    return [] if found is MISSING or found in values else [found]


def use_beside(stash: Stash[Any], name: str, key: str, item: Any, note: Any) -> Any:
    """Store an item, and a note on it beside the stash.

    :param stash: shared with other processes

    :param name: the name of the stash beside it

    :param key: the item's key, and the note's

    :param item: the item

    :param note: the note

    :return: the note that was there before, or None

    >>> from zensols.persist import DictionaryStash
    >>> stash = DictionaryStash()
    >>> use_beside(stash, "notes", "a", 1, "made")
    >>> use_beside(stash, "notes", "a", 1, "made again")
    'made'

    """
    beside: Any = stash.beside(name)
    try:
        before = beside.load(key)
        stash.dump(key, item)
        beside.dump(key, note)
    finally:
        if hasattr(beside, "close"):
            beside.close()
    return before


def is_locked(stash: Stash[Any], key: str) -> bool:
    """Return whether somebody else has the lock of a key.

    >>> from zensols.persist import DictionaryStash
    >>> is_locked(DictionaryStash(), "a")
    False

    """
    try:
        with stash.lock(key, timeout=0):
            return False
    except LockTimeoutError:
        return True
