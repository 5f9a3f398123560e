"""The entries that a store is to have, from whatever another stash has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..codec import (
    Codec,
    CompressedCodec,
    JsonCodec,
    default_codec,
    inner_codec,
    read_info,
)
from ..codec.entry import Header
from ..domain import Stash
from ..error import PersistableError, UntrustedDataError
from ..missing import MISSING
from ..stash.layers import entry_store, wrappers
from ..stash.survey import UNAVAILABLE, read_entries

__all__ = ["EntrySource"]


class EntrySource:
    """Gives the entries of a stash to a store that uses a certain codec: as they
    are, where that codec reads them, else decoded and encoded again.

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:")
    >>> stash["a"] = [1, 2]
    >>> source = EntrySource(stash, JsonCodec(), print)
    >>> [(key, read_info(entry).codec) for key, entry in source.read(["a", "b"])]
    [('a', 'json')]

    """

    def __init__(
        self,
        stash: Stash[Any],
        codec: Codec,
        failed: Callable[[str, Exception], None],
    ) -> None:
        """
        :param stash: what has the values

        :param codec: what is to read the entries

        :param failed: called with each key that can't be read or encoded, and why

        """
        self._stash = stash
        # What is in front of a store changes what its entries mean.
        self._store = None if wrappers(stash) else entry_store(stash)
        self._codec = codec
        self._inner = inner_codec(codec)
        self._method = codec.method if isinstance(codec, CompressedCodec) else None
        self._failed = failed

    def read(self, names: list[str]) -> Iterator[tuple[str, bytes]]:
        """Return pairs of keys and entries.

        :param names: the keys; absent ones are left out

        :raises StoreUnavailableError: if none can be read any more

        """
        if self._store is None:
            yield from self._read_values(names)
            return
        for key, entry in read_entries(self._store, names, self._failed):
            try:
                yield key, self._convert(key, entry)
            except UNAVAILABLE:
                raise
            except PersistableError as e:
                self._failed(key, e)

    def _read_values(self, names: list[str]) -> Iterator[tuple[str, bytes]]:
        for key in names:
            try:
                value = self._stash.get(key, MISSING)
                if value is MISSING:
                    continue
                entry = bytes(self._codec.encode(value, key))
            except UNAVAILABLE:
                raise
            except PersistableError as e:
                self._failed(key, e)
            else:
                yield key, entry

    def _convert(self, key: str, entry: bytes) -> bytes:
        inner = self._inner
        if inner is None:
            return entry
        try:
            header = Header(entry, len(entry), repr(key))
        except UntrustedDataError:
            if inner.name == "pickle":
                # Bare pickles stay what they are until they are adopted.
                return entry
            raise
        if header.codec == inner.codec_id and (
            self._method is None
            or self._method == read_info(entry, repr(key)).compression
        ):
            return entry
        info = read_info(entry, repr(key))
        value = self._reader(header.codec).decode(entry, key, source=repr(key))
        return bytes(
            self._codec.encode(
                value, key, fingerprint=info.fingerprint, seconds=info.seconds
            )
        )

    def _reader(self, codec_id: int) -> Codec:
        store = self._store
        own = None if store is None else inner_codec(store.entry_codec)
        if own is not None and own.codec_id == codec_id:
            return own
        return JsonCodec() if codec_id == JsonCodec.codec_id else default_codec()
