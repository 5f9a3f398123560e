"""What a snapshot takes from a stash: entries, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..codec import Codec, JsonCodec, default_codec, inner_codec
from ..codec.entry import Header
from ..domain import Stash, chunks, snapshot
from ..stash.layers import entry_store, wrappers
from .pages import Item
from .parts import part_of, same_value, split, to_bytes, value_in_head
from .sorting import Sorted

__all__ = ["Source", "codec_for"]

_READ: Final = 200
"""How many entries are asked for at once."""


class Source:
    """The entries of a stash.  Those of a store are taken as they are; what other
    stashes have is encoded.

    As safe with threads and processes as the stash.

    >>> from zensols.persist import DictionaryStash
    >>> source = Source(DictionaryStash({"a": 1}))
    >>> source.decode("a", *[entry for _, entry in source.entries(["a"])])
    1

    """

    def __init__(self, stash: Stash[Any]) -> None:
        """
        :param stash: the stash

        """
        self.stash = stash
        self.store = None if wrappers(stash) else entry_store(stash)
        self.codec: Codec = (
            default_codec() if self.store is None else self.store.entry_codec
        )

    def keys(self) -> Sorted:
        """Return the keys in order, each with a stamp that tells whether its entry
        has changed, or an empty one.

        """
        stamps = None if self.store is None else self.store.entry_stamps()
        if stamps is None:
            keys = snapshot(self.stash.keys())
            return Sorted((to_bytes(str(key)), b"") for key in keys)
        return Sorted((to_bytes(key), stamp) for key, stamp in stamps)

    def entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Return pairs of keys and entries, in the order of the keys and without
        absent ones.

        :param names: the keys

        :raises PersistableError: if one can't be read or encoded

        """
        if self.store is not None:
            yield from self.store.load_entries(names)
            return
        encode = self.codec.encode
        for some in chunks(names, _READ):
            for key, value in self.stash.load_many(some):
                yield key, bytes(encode(value, key))

    def mark(self, entry: bytes) -> bytes:
        """Return what of an entry tells whether it has changed: all of it where it is
        kept as it is, else the value.

        :param entry: the entry

        """
        if self.store is not None:
            return entry
        part = part_of(b"", entry)
        return value_in_head(part.item) + part.body

    def is_same(self, one: Item, other: Item) -> bool:
        """Return whether there is nothing to do to replace one item by another: their
        values are the same and, where they are kept as entries, all of them is.

        :param one: an item

        :param other: another one with the same key

        """
        if self.store is None:
            return same_value(one, other)
        return one == other

    def decode(self, key: str, entry: bytes) -> Any:
        """Return the value of an entry, whichever codec of ours wrote it.

        :param key: the key

        :param entry: the entry

        :raises UntrustedDataError: if it is not to be trusted

        :raises CorruptDataError: if it is damaged

        """
        return codec_for(entry, self.codec).decode(entry, key, source=repr(key))

    def fitting(self, key: str, entry: bytes) -> bytes:
        """Return an entry as the stash's own codec reads it.

        :param key: the key

        :param entry: the entry

        :raises UntrustedDataError: if it has to be decoded for that, and is not to be
                                    trusted

        """
        if codec_for(entry, self.codec) is self.codec:
            return entry
        return bytes(self.codec.encode(self.decode(key, entry), key))


def codec_for(entry: bytes, codec: Codec) -> Codec:
    """Return what decodes an entry.

    :param entry: the entry

    :param codec: what to use if it can

    >>> codec_for(bytes(JsonCodec().encode(1)), default_codec()).name
    'json'

    """
    inner = inner_codec(codec)
    head = split(entry)[0]
    if inner is None or not head:
        return codec
    codec_id = Header(entry, len(entry), "").codec
    if codec_id == inner.codec_id:
        return codec
    return JsonCodec() if codec_id == JsonCodec.codec_id else default_codec()
