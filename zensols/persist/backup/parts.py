"""Entries in two parts: what is about a key and a writing, and the value itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ..codec.entry import Header, align
from ..error import PersistableError
from .depot import OBJECT, Depot, digest_of
from .pages import Item

__all__ = [
    "INLINE",
    "Part",
    "from_bytes",
    "join",
    "part_of",
    "same_value",
    "split",
    "to_bytes",
    "value_in_head",
]

INLINE: Final = 128
"""Up to how many bytes a value is kept with its key, as an object of its own would
take more.
"""

_READ: Final = 200
"""How many entries are asked for at once."""

_SMALL: Final = 4096
"""Up to how many bytes what precedes the buffers of an entry is kept with its key, so
that the same arrays are the same wherever they are.
"""

_BARE: Final = b""
"""The head of what is no entry of ours."""


def to_bytes(key: str) -> bytes:
    """Return a key as pages have it.

    :param key: any string

    """
    return key.encode("utf-8", "surrogatepass")


def from_bytes(key: bytes) -> str:
    """Return the key that pages have.

    :param key: what :func:`to_bytes` returned

    """
    return key.decode("utf-8", "surrogatepass")


def split(entry: bytes) -> tuple[bytes, bytes]:
    """Return the two parts of an entry: what is about this key and this writing of
    the value, and the value itself, which is the same wherever the same value is.

    :param entry: any bytes; what is no entry is all value

    >>> from zensols.persist.codec import JsonCodec
    >>> head, body = split(bytes(JsonCodec().encode([1, 2], "a")))
    >>> body
    b'[1,2]'

    """
    try:
        header = Header(entry, len(entry), "")
    except PersistableError:
        return _BARE, entry
    end = header.body
    if header.rows and header.end - end <= _SMALL:
        # Where the buffers begin, which have the same places from there on.
        end = align(header.end)
    return entry[:end], entry[end:]


def same_value(one: Item, other: Item) -> bool:
    """Return whether two items have the same value, as it is stored: by whom and when
    it was written doesn't count.

    :param one: an item

    :param other: another

    """
    return one[2:] == other[2:] and (
        one.head == other.head or value_in_head(one) == value_in_head(other)
    )


def value_in_head(item: Item) -> bytes:
    """Return what of a value is in the head.

    :param item: the item

    """
    if not item.head:
        return b""
    header = Header(item.head, len(item.head) + item.size, "")
    return item.head[header.body : header.end]


def join(depot: Depot, items: Iterable[Item]) -> Iterator[tuple[str, bytes]]:
    """Return pairs of keys and entries of items, in their order.

    :param depot: has the objects

    :param items: the items

    :raises CorruptDataError: if an object is missing or damaged

    """
    for some in _by_size(items):
        large = (item.body for item in some if item.size > INLINE)
        bodies = depot.read_objects(large)
        for item in some:
            body = next(bodies) if item.size > INLINE else item.body
            yield from_bytes(item.key), item.head + body


def _by_size(items: Iterable[Item]) -> Iterator[list[Item]]:
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += item.size
        if len(some) == _READ or size >= 1 << 23:
            yield some
            some, size = [], 0
    if some:
        yield some


class Part(NamedTuple):
    """An item, and the bytes of its value."""

    item: Item
    """The item."""

    body: bytes
    """The bytes."""

    def add_to(self, depot: Depot) -> Item:
        """Add the value to a depot, and return the item.

        :param depot: keeps the value

        """
        item = self.item
        if item.size > INLINE:
            depot.add(OBJECT, self.body, item.body)
        return item


def part_of(key: bytes, entry: bytes) -> Part:
    """Return the item of an entry, and the bytes of its value.

    :param key: the key

    :param entry: the entry

    >>> from zensols.persist.codec import JsonCodec
    >>> part_of(b"a", bytes(JsonCodec().encode([1, 2], "a"))).item.body
    b'[1,2]'

    """
    head, body = split(entry)
    size = len(body)
    return Part(Item(key, head, digest_of(body) if size > INLINE else body, size), body)
