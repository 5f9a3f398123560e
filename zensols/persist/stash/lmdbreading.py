"""What is read of LMDB in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

from ..codec import EntryInfo, read_info

if TYPE_CHECKING:
    from lmdb import Transaction

__all__ = ["copy_one", "copy_some", "describe", "has", "names_after"]

CHUNK_KEYS: Final = 1000
CHUNK_BYTES: Final = 1 << 24
"""How much is done in one transaction."""


def has(transaction: Transaction[memoryview], name: bytes) -> bool:
    """Return whether there is an entry of a name."""
    return transaction.get(name) is not None


def copy_one(transaction: Transaction[memoryview], name: bytes) -> bytes | None:
    """Return the entry of a name, or None if there is none."""
    entry = transaction.get(name)
    return None if entry is None else bytes(entry)


def describe(transaction: Transaction[memoryview], name: bytes) -> EntryInfo | None:
    """Return what the entry of a name tells of itself, or None if there is none."""
    entry = transaction.get(name)
    return None if entry is None else read_info(entry)


def names_after(transaction: Transaction[memoryview], last: bytes) -> list[bytes]:
    """Return the names that follow another, at most :data:`CHUNK_KEYS` of them."""
    with transaction.cursor() as cursor:
        found = cursor.set_range(last) if last else cursor.first()
        if found and cursor.key() == last:
            found = cursor.next()
        names = cursor.iternext(values=False) if found else ()
        return list(map(bytes, islice(names, CHUNK_KEYS)))


def copy_some(
    transaction: Transaction[memoryview], names: Iterable[bytes]
) -> list[bytes | None]:
    """Return the entries of the first of some names, None for one that there is
    not, up to that with which they have :data:`CHUNK_BYTES`.

    """
    entries: list[bytes | None] = []
    size = 0
    for name in names:
        entry = copy_one(transaction, name)
        entries.append(entry)
        size += 0 if entry is None else len(entry)
        if size >= CHUNK_BYTES:
            break
    return entries
