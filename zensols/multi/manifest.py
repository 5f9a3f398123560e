"""The record of what is done."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import repeat
from typing import Any, Final
from uuid import uuid4
from zlib import crc32

from zensols.persist.domain import Stash, chunks, snapshot
from zensols.persist.error import CorruptDataError

__all__ = ["DIGEST_SIZE", "Manifest"]

DIGEST_SIZE: Final = 12
"""How many bytes identify an item."""

_STATE: Final = "state"
_CHUNK: Final = "chunk-"
_DELETED: Final = "deleted-"
_KEYS: Final = 1000
"""How many keys to sum up at once."""


class Manifest:
    """The record of which items are done, made of which chunks of them have been
    stored, and under which keys.

    It is kept in a stash of JSON, beside the stash that has the items.  It is never
    believed over that: what is recorded but not there is not done.

    For one process at a time, and one of its threads; others may read it meanwhile.

    >>> from zensols.persist import DictionaryStash
    >>> manifest = Manifest(DictionaryStash(), "1")
    >>> manifest.begin()
    >>> manifest.record([b"a" * DIGEST_SIZE, b"b" * DIGEST_SIZE], ["A", "B"])
    >>> sorted(manifest.done({"A", "B", "C"}))
    [b'aaaaaaaaaaaa', b'bbbbbbbbbbbb']
    >>> manifest.done({"A"})
    set()

    """

    def __init__(self, stash: Stash[Any], version: str) -> None:
        """
        :param stash: where to keep it

        :param version: that of the code that makes the items

        """
        self.stash = stash
        self.version = version
        mark = blake2b(version.encode("utf-8", "surrogatepass"), digest_size=6)
        self._prefix = f"{_CHUNK}{mark.hexdigest()}-"
        self._run = uuid4().hex[:12]
        self._chunks = 0

    @property
    def is_begun(self) -> bool:
        """Whether anything has been recorded."""
        return self._state() is not None

    def is_complete(self, keys: Callable[[], Iterable[str]]) -> bool:
        """Return whether all was done by this version of the code, and is there.

        :param keys: returns those that are there

        """
        state = self._state()
        if (
            state is None
            or not state.get("complete")
            or state.get("version") != self.version
        ):
            return False
        if state.get("keys") == _sum_of(keys()):
            return True
        # Keys may have been added, or deleted on purpose.
        return not self.missing(set(keys()))

    def missing(self, there: set[str]) -> set[str]:
        """Return the keys that are recorded for this version but not there, those
        excepted that have been deleted on purpose.

        :param there: those that are

        """
        missing: set[str] = set()
        for entry in self._own():
            missing.update(key for key in entry["keys"] if key not in there)
        if missing:
            for entry in self._entries(self._names(_DELETED)):
                missing.difference_update(entry["keys"])
        return missing

    def made_by_others(self) -> set[str]:
        """Return the keys that only other versions of the code have made."""
        # There are seldom any, and of this version's there may be very many.
        made = {key for entry in self._entries(self._others()) for key in entry["keys"]}
        if made:
            for entry in self._own():
                made.difference_update(entry["keys"])
        return made

    def begin(self) -> None:
        """Record that there is going to be more, before there is."""
        if not self._is_current():
            # Another version may have replaced it since.
            own = self._names(self._prefix)
            self.stash.delete_many([*own, *self._names(_DELETED)])
        self.stash.dump(_STATE, {"version": self.version, "complete": False})

    def record(self, items: Iterable[bytes], keys: Iterable[str]) -> None:
        """Record a chunk, whose items have been stored.

        :param items: identify its items

        :param keys: what they are stored under

        """
        entry = {
            "items": b64encode(b"".join(items)).decode(),
            "keys": list(keys),
        }
        self.stash.dump(f"{self._prefix}{self._run}-{self._chunks}", entry)
        self._chunks += 1

    def complete(self, keys: Iterable[str]) -> None:
        """Record that all is done.

        :param keys: those that are there

        """
        state = {"version": self.version, "complete": True, "keys": _sum_of(keys)}
        self.stash.dump(_STATE, state)
        # Nothing is left of what they have made.
        self.stash.delete_many(self._others())

    def done(self, there: set[str]) -> set[bytes]:
        """Return what identifies the items that this version of the code has done.

        :param there: the keys that are there

        """
        missing = self.missing(there)
        done: set[bytes] = set()
        for entry in self._own():
            if missing.isdisjoint(entry["keys"]):
                items = b64decode(entry["items"])
                done.update(
                    items[at : at + DIGEST_SIZE]
                    for at in range(0, len(items), DIGEST_SIZE)
                )
        return done

    def forget(self, keys: Iterable[str]) -> None:
        """Record that keys have been deleted on purpose.

        :param keys: which

        """
        if self.is_begun:
            self.stash.dump(f"{_DELETED}{uuid4().hex}", {"keys": list(keys)})

    def clear(self) -> None:
        """Forget everything."""
        self.stash.clear()

    def _state(self) -> dict[str, Any] | None:
        try:
            state: dict[str, Any] | None = self.stash.load(_STATE)
        except CorruptDataError:
            # As if it had begun: all is looked at again.
            return {}
        return state

    def _is_current(self) -> bool:
        """Return whether this version was the last to make anything."""
        state = self._state()
        return state is not None and state.get("version", self.version) == self.version

    def _own(self) -> Iterator[dict[str, Any]]:
        """Return what records what this version has made, and no other since."""
        return self._entries(self._names(self._prefix) if self._is_current() else [])

    def _others(self) -> list[str]:
        return [n for n in self._names(_CHUNK) if not n.startswith(self._prefix)]

    def _names(self, prefix: str) -> list[str]:
        # Others may read it meanwhile.
        return [name for name in snapshot(self.stash.keys()) if name.startswith(prefix)]

    def _entries(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        for name in names:
            try:
                entry = self.stash.load(name)
            except CorruptDataError:
                # Its items are done again.
                continue
            if entry is not None:
                yield entry


def _sum_of(keys: Iterable[str]) -> list[int]:
    """Return what identifies a set of keys, whatever their order."""
    count = total = 0
    for some in chunks(map(str, keys), _KEYS):
        count += len(some)
        encoded = map(str.encode, some, repeat("utf-8"), repeat("surrogatepass"))
        total += sum(map(crc32, encoded))
    return [count, total]
