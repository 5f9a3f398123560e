"""What is written to LMDB in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .lmdbnames import to_name
from .lmdbreading import CHUNK_BYTES, CHUNK_KEYS

if TYPE_CHECKING:
    from lmdb import Transaction

__all__ = ["batches", "change"]


def change(
    changes: Callable[[], Iterable[tuple[str, bytes | None]]],
    transaction: Transaction[bytes],
) -> None:
    """Store and delete entries.

    :param changes: returns pairs of keys and entries, or None for those to delete

    :param transaction: one that writes

    """
    for name, entry in changes():
        if entry is None:
            transaction.delete(to_name(name))
        else:
            transaction.put(to_name(name), entry)


def batches(
    entries: Iterable[tuple[str, bytes]],
) -> Iterator[tuple[list[tuple[bytes, bytes]], int]]:
    """Return entries, and how many bytes they have, as many together as one
    transaction takes.

    :param entries: pairs of keys and entries

    >>> list(batches([("a", b"1"), ("b", b"22")]))
    [([(b'a', b'1'), (b'b', b'22')], 3)]

    """
    batch: list[tuple[bytes, bytes]] = []
    size = 0
    for key, entry in entries:
        batch.append((to_name(key), entry))
        size += len(entry)
        if len(batch) == CHUNK_KEYS or size >= CHUNK_BYTES:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size
