"""Where snapshots are kept: any stash, in which what they are made of is named after
its content.

"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from ..domain import EntryStore, Stash, StashURL, open_stash
from ..error import CorruptDataError, PersistableError
from ..missing import MISSING
from ..stash.layers import wrappers

__all__ = ["OBJECT", "PAGE", "Depot", "digest_of"]

OBJECT: Final = "object"
"""The kind of what has the bytes of values."""

PAGE: Final = "page"
"""The kind of what has keys."""

_DIGEST_SIZE: Final = 32
_NAME: Final = re.compile(f"({OBJECT}|{PAGE})-([0-9a-f]{{{2 * _DIGEST_SIZE}}})")
_BATCH: Final = 500
_BATCH_BYTES: Final = 1 << 22
_PAGES: Final = 256
"""How many pages are kept in memory."""


def digest_of(data: bytes) -> bytes:
    """Return what data is named after: BLAKE2b, see :rfc:`7693`.

    :param data: any bytes

    >>> len(digest_of(b"data"))
    32

    """
    return blake2b(data, digest_size=_DIGEST_SIZE).digest()


class Depot:
    """Keeps bytes in a stash under the digests of their content, so that each is
    there once, and documents under names.  Stores of entries are given the bytes
    as they are, other stashes have them as values.

    One thread writes; others may read.

    >>> from zensols.persist import DictionaryStash
    >>> depot = Depot(DictionaryStash())
    >>> digest = depot.add(OBJECT, b"data")
    >>> depot.add(OBJECT, b"data") == digest
    True
    >>> depot.flush()
    >>> depot.read(OBJECT, digest), depot.written
    (b'data', 4)

    """

    def __init__(self, into: Stash[Any] | StashURL | str) -> None:
        """
        :param into: the stash, or its URL

        """
        self.stash: Stash[Any] = into if isinstance(into, Stash) else open_stash(into)
        stash = self.stash
        self._entries = (
            stash if isinstance(stash, EntryStore) and not wrappers(stash) else None
        )
        self.written = 0
        """How many bytes were added that were not there."""
        self.check = False
        """Whether what is there already is read, and replaced if it is damaged."""
        self.known: Collection[bytes] = ()
        """Digests of objects that need not be looked for, as they are there."""
        self._batch: dict[str, bytes] = {}
        self._batch_bytes = 0
        self._cached = lru_cache(_PAGES)(self._read)

    def __repr__(self) -> str:
        try:
            return str(self.stash.url)
        except PersistableError:
            return type(self.stash).__name__

    def add(self, kind: str, data: bytes, digest: bytes | None = None) -> bytes:
        """Keep bytes, unless they are there, at the latest with :meth:`flush`.

        :param kind: :data:`OBJECT` or :data:`PAGE`

        :param data: the bytes

        :param digest: their digest if it is known

        :return: their digest

        :raises PersistableError: if they can't be written

        """
        if digest is None:
            digest = digest_of(data)
        if digest in self.known and kind == OBJECT:
            return digest
        name = f"{kind}-{digest.hex()}"
        if name not in self._batch and not self._has(name, digest):
            self._batch[name] = data
            self._batch_bytes += len(data)
            self.written += len(data)
            if len(self._batch) == _BATCH or self._batch_bytes >= _BATCH_BYTES:
                self.flush()
        return digest

    def _has(self, name: str, digest: bytes) -> bool:
        if not self.stash.exists(name):
            return False
        if self.check:
            data = self._load(name)
            return data is not None and digest_of(data) == digest
        return True

    def flush(self) -> None:
        """Write what was added.

        :raises PersistableError: if it can't be written

        """
        if self._entries is not None:
            self._entries.dump_entries(self._batch.items())
        else:
            # Not as a batch, for which those who are frozen would have to wait.
            for name, data in self._batch.items():
                self.stash.dump(name, data)
        self._batch = {}
        self._batch_bytes = 0

    def read(self, kind: str, digest: bytes) -> bytes:
        """Return bytes by their digest.

        :param kind: :data:`OBJECT` or :data:`PAGE`

        :param digest: what :meth:`add` returned

        :raises CorruptDataError: if they are missing or damaged

        """
        return self._cached(kind, digest) if kind == PAGE else self._read(kind, digest)

    def _read(self, kind: str, digest: bytes) -> bytes:
        name = f"{kind}-{digest.hex()}"
        data = self._batch.get(name)
        if data is None:
            data = self._load(name)
        return self._checked(name, digest, data)

    def _checked(self, name: str, digest: bytes, data: bytes | None) -> bytes:
        if data is None or digest_of(data) != digest:
            what = "is missing" if data is None else "is damaged"
            raise CorruptDataError(
                f"{name!r} in {self!r} {what}: snapshots with it can't be restored "
                "wholly; while the stash has the same values still, one taken with "
                "full=True mends them"
            )
        return data

    def read_objects(self, digests: Iterable[bytes]) -> Iterator[bytes]:
        """Return objects by their digests, in their order.

        :param digests: their digests

        :raises CorruptDataError: if one is missing or damaged

        """
        names = [f"{OBJECT}-{digest.hex()}" for digest in digests]
        wanted = [name for name in dict.fromkeys(names) if name not in self._batch]
        found = dict(self._load_many(wanted)) | self._batch
        for name in names:
            digest = bytes.fromhex(name.rpartition("-")[2])
            yield self._checked(name, digest, found.get(name))

    def _load_many(self, names: list[str]) -> Iterator[tuple[str, Any]]:
        if self._entries is not None:
            return self._entries.load_entries(names)
        return self.stash.load_many(names)

    def _load(self, name: str) -> bytes | None:
        if self._entries is not None:
            return self._entries.load_entry(name)
        data = self.stash.get(name, MISSING)
        return data if isinstance(data, bytes) else None

    def load_document(self, name: str) -> bytes | None:
        """Return the bytes of a name, or None if there are none.

        :param name: the name

        """
        return self._load(name)

    def dump_document(self, name: str, data: bytes) -> None:
        """Store bytes under a name, after all that was added.

        :param name: the name

        :param data: the bytes

        :raises PersistableError: if they can't be written

        """
        self.flush()
        if self._entries is not None:
            self._entries.dump_entry(name, data)
        else:
            self.stash.dump(name, data)

    def delete(self, names: Iterable[str]) -> None:
        """Delete what has certain names.

        :param names: the names

        """
        self.stash.delete_many(names)
        self._cached.cache_clear()

    def names(self) -> Iterator[str]:
        """Return all names, lazily; the stash may have others' keys, too."""
        return iter(list(self.stash.keys()))

    @staticmethod
    def parse(name: str) -> tuple[str, bytes] | None:
        """Return the kind and the digest that a name has, or None.

        :param name: a name in the stash

        >>> Depot.parse("notes")

        """
        match = _NAME.fullmatch(name)
        return match and (match[1], bytes.fromhex(match[2]))
