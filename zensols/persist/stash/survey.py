"""What the entries of a store tell of themselves, none of them decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ..codec import EntryInfo, read_info
from ..domain import EntryStore, Stash, chunks
from ..error import LockTimeoutError, PersistableError, StoreUnavailableError
from .layers import entry_store, innermost
from .store import StoreStash

__all__ = ["UNAVAILABLE", "Found", "read_entries", "read_found", "survey"]

UNAVAILABLE: Final = (StoreUnavailableError, LockTimeoutError)
"""What goes wrong with a store as a whole, so that there is no point in going on."""

BATCH: Final = 500
"""How many keys a store is asked for at once."""

_IN_TERMS_OF_ENTRIES: Final = (EntryStore.entry_info, StoreStash.entry_info)


class Found(NamedTuple):
    """A key, and what its entry tells of itself.

    >>> Found("a", None, None).row()["key"]
    'a'

    """

    key: str
    """The key."""

    info: EntryInfo | None
    """What the entry tells of itself, if it does."""

    problem: PersistableError | None
    """Why it doesn't, if it should."""

    @property
    def codec(self) -> str | None:
        """The names of the codec and the compression."""
        if self.info is None:
            return None
        compression = self.info.compression
        return self.info.codec + (f"+{compression}" if compression else "")

    def row(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        info = self.info
        if info is None:
            problem = None if self.problem is None else str(self.problem)
            return {"key": self.key} | ({"problem": problem} if problem else {})
        created = info.created
        age = created and (datetime.now(UTC) - created).total_seconds()
        return {
            "key": self.key,
            "size": info.size,
            "created": created and created.isoformat(),
            "age": age and round(age, 3),
            "type": info.type,
            "codec": self.codec,
            "seconds": info.seconds,
            "signed": info.signed,
            "shape": info.shape,
            "dtype": info.dtype,
            "fingerprint": info.fingerprint or None,
        }


def survey(
    stash: Stash[Any], wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[Found]:
    """Return what is in a stash, as it is stored: values that have expired but have
    not been removed are there, too.

    :param stash: the stash; of one that keeps no entries, only the keys are known

    :param wanted: returns whether to look at a key

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash["a"] = [1, 2]
    >>> [(found.key, found.info.type) for found in survey(stash)]
    [('a', 'builtins.list')]

    """
    return read_found(stash, filter(wanted, innermost(stash).keys()))


def read_found(stash: Stash[Any], keys: Iterable[str]) -> Iterator[Found]:
    """Return what some entries of a stash tell of themselves, leaving out absent ones.

    :param stash: the stash; of one that keeps no entries, only the keys are known

    :param keys: the keys

    """
    store = entry_store(stash)
    if store is None:
        return (Found(key, None, None) for key in keys)
    if type(store).entry_info in _IN_TERMS_OF_ENTRIES:
        return _survey_entries(store, keys)
    return _survey_infos(store, keys)


def _survey_infos(store: EntryStore, keys: Iterable[str]) -> Iterator[Found]:
    for key in keys:
        try:
            info = store.entry_info(key)
        except UNAVAILABLE:
            raise
        except PersistableError as e:
            yield Found(key, None, e)
        else:
            if info is not None:
                yield Found(key, info, None)


def _survey_entries(store: EntryStore, keys: Iterable[str]) -> Iterator[Found]:
    for names in chunks(keys, BATCH):
        unread: dict[str, PersistableError] = {}
        for key, entry in read_entries(store, names, unread.__setitem__):
            try:
                yield Found(key, read_info(entry, repr(key)), None)
            except PersistableError as e:
                yield Found(key, None, e)
        for key, error in unread.items():
            yield Found(key, None, error)


def read_entries(
    store: EntryStore,
    names: list[str],
    unread: Callable[[str, PersistableError], None],
) -> Iterator[tuple[str, bytes]]:
    """Return pairs of keys and entries, going on where one can't be read.

    :param store: what has them

    :param names: the keys; absent ones are left out

    :param unread: called with each key that can't be read, and why

    :raises StoreUnavailableError: if none can be read any more

    """
    rest = list(names)
    try:
        for key, entry in store.load_entries(names):
            del rest[: rest.index(key) + 1]
            yield key, entry
    except UNAVAILABLE:
        raise
    except PersistableError:
        # One of them; which one shows when each is asked for by itself.
        for key in rest:
            try:
                single = store.load_entry(key)
            except UNAVAILABLE:
                raise
            except PersistableError as e:
                unread(key, e)
            else:
                if single is not None:
                    yield key, single
