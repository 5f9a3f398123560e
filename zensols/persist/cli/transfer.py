"""Moving what is in one stash to another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from ..codec import SignedPickleCodec, same_payload
from ..domain import EntryStore, Stash, chunks
from ..error import CorruptDataError, PersistableError
from ..missing import MISSING
from ..stash.layers import innermost, wrappers
from ..stash.survey import BATCH, UNAVAILABLE, read_entries
from .convert import EntrySource

__all__ = ["Tally", "transfer"]

_BYTES: Final = 1 << 24
"""How many bytes are on their way at once, unless one entry has more."""

_IN_A_ROW: Final = 20
"""How many entries that can't be stored, one after the other, are enough to see that
none can."""

Failed = Callable[[str, Exception], None]


@dataclass
class Tally:
    """How many entries were moved.

    >>> Tally(copied=1).done
    1

    """

    copied: int = 0
    """Those that were stored, read back and compared."""

    same: int = 0
    """Those that were there already."""

    failed: int = 0
    """Those that could not be."""

    @property
    def done(self) -> int:
        """All of them."""
        return self.copied + self.same + self.failed

    def add(self, other: Tally) -> None:
        """Add another's numbers to these.

        :param other: the other

        """
        self.copied += other.copied
        self.same += other.same
        self.failed += other.failed

    def data(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return asdict(self)


def transfer(source: Stash[Any], target: Stash[Any], failed: Failed) -> Iterator[Tally]:
    """Copy all of a stash, what the target has already excepted, and compare what
    was stored with what was to be.  Entries are moved without being decoded,
    whoever signed them, unless the target needs another codec.

    It can be stopped at any time, and goes on when it is repeated.

    :param source: what to copy

    :param target: where to

    :param failed: called with each key that can't be copied, and why

    :return: how far it has come, again and again, in one object

    :raises StoreUnavailableError: if one of them can't be reached any more

    :raises PersistableError: if nothing can be copied any more

    >>> from zensols.persist import open_stash
    >>> source, target = open_stash("memory:?codec=json"), open_stash("memory:")
    >>> source["a"] = [1, 2]
    >>> list(transfer(source, target, print))[-1]
    Tally(copied=1, same=0, failed=0)
    >>> dict(target)
    {'a': [1, 2]}

    """
    if wrappers(source) == wrappers(target):
        source, target = innermost(source), innermost(target)
    tally = Tally()
    watch = _Watch(tally, failed)
    move: Callable[[list[str]], Iterator[None]]
    if isinstance(target, EntryStore):
        entries = EntrySource(source, target.entry_codec, watch.failed)
        move = partial(_move_entries, entries, target, watch)
    else:
        move = partial(_move_values, source, target, watch)
    for names in chunks(innermost(source).keys(), BATCH):
        for _ in move(names):
            yield tally


class _Watch:
    """Counts, and gives up where all fail for one reason."""

    def __init__(self, tally: Tally, failed: Failed) -> None:
        self.tally = tally
        self._failed = failed
        self._in_a_row = 0

    def failed(self, key: str, error: Exception) -> None:
        self.tally.failed += 1
        self._failed(key, error)

    def unstorable(self, key: str, error: Exception) -> None:
        self.failed(key, error)
        self._in_a_row += 1
        if self._in_a_row == _IN_A_ROW:
            raise PersistableError(
                f"Giving up: {_IN_A_ROW} entries in a row could not be stored"
            )

    def same(self, count: int) -> None:
        self.tally.same += count

    def copied(self, count: int) -> None:
        self.tally.copied += count
        self._in_a_row = 0


def _move_entries(
    source: EntrySource, target: EntryStore, watch: _Watch, names: list[str]
) -> Iterator[None]:
    for batch in _by_size(source.read(names)):
        there = dict(read_entries(target, list(batch), _ignore))
        new = {
            key: entry
            for key, entry in batch.items()
            if key not in there or not same_payload(entry, there[key])
        }
        if len(new) < len(batch):
            watch.same(len(batch) - len(new))
        del there
        _store(target, new, watch)
        back = dict(read_entries(target, list(new), _ignore))
        wrong = [key for key, entry in new.items() if back.get(key) != entry]
        if len(wrong) < len(new):
            watch.copied(len(new) - len(wrong))
        for key in wrong:
            watch.unstorable(key, CorruptDataError("Differs when it is read back"))
        yield
    # What can't be read has been counted, too.
    yield


def _by_size(entries: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    batch: dict[str, bytes] = {}
    size = 0
    for key, entry in entries:
        if batch and size + len(entry) > _BYTES:
            yield batch
            batch, size = {}, 0
        batch[key] = entry
        size += len(entry)
    if batch:
        yield batch


def _store(target: EntryStore, new: dict[str, bytes], watch: _Watch) -> None:
    """Store entries, and remove from them what can't be stored."""
    try:
        target.dump_entries(new.items())
    except UNAVAILABLE:
        raise
    except PersistableError:
        # One of them; which one shows when each is stored by itself.
        for key, entry in tuple(new.items()):
            try:
                target.dump_entry(key, entry)
            except UNAVAILABLE:
                raise
            except PersistableError as e:
                del new[key]
                watch.unstorable(key, e)


def _ignore(_key: str, _error: Exception) -> None:
    """What can't be read is not the same as anything."""


def _move_values(
    source: Stash[Any], target: Stash[Any], watch: _Watch, names: list[str]
) -> Iterator[None]:
    for key in names:
        yield
        try:
            value = source.get(key, MISSING)
        except UNAVAILABLE:
            raise
        except PersistableError as e:
            watch.failed(key, e)
            continue
        if value is MISSING:
            continue
        try:
            if _is_same(target, key, value):
                watch.same(1)
                continue
            target.dump(key, value)
            if not _is_same(target, key, value):
                raise CorruptDataError("Differs when it is read back")
        except UNAVAILABLE:
            raise
        except PersistableError as e:
            watch.unstorable(key, e)
        else:
            watch.copied(1)
    yield


def _is_same(target: Stash[Any], key: str, value: Any) -> bool:
    try:
        there = target.get(key, MISSING)
    except UNAVAILABLE:
        raise
    except PersistableError:
        return False
    if there is MISSING:
        return False
    # Equality may mean anything, or fail: arrays, for instance, have none.
    codec = SignedPickleCodec(key=os.urandom(32))

    def settle(value: Any) -> bytes:
        # What was stored before is pickled otherwise than what was not.
        stored = codec.decode(bytes(codec.encode(value)))
        return bytes(codec.encode(stored))

    return same_payload(settle(there), settle(value))
