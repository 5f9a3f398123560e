"""A stash of objects in a stash of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic

from ..codec import Codec, default_codec
from ..domain import DelegateStash, EntryStore, Stash, StashURL, V, codec_options
from ..error import PersistableError
from ..missing import MISSING

__all__ = ["EncodedStash"]


@dataclass
class EncodedStash(DelegateStash[V], EntryStore, Generic[V]):
    """Keeps values as bytes in another stash, so that a new store, such as one in
    a database, only has to keep bytes.  Values are signed by default, and each
    is bound to its key.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> store = DictionaryStash()
    >>> stash = EncodedStash(store)
    >>> stash["a"] = {1, 2}
    >>> stash["a"], type(store["a"])
    ({1, 2}, <class 'bytes'>)

    """

    delegate: Stash[Any]
    """Keeps the bytes."""

    codec: Codec | None = None
    """Turns values into bytes; by default :func:`.default_codec`."""

    def load(self, name: str) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises PersistableError: if what is stored is not bytes, not to be
                                  trusted, or damaged

        """
        data = self.delegate.load(name)
        if data is None:
            data = self.delegate.get(name, MISSING)
        return None if data is MISSING else self._decode(name, data)

    def get(self, name: str, default: Any = None) -> Any:
        data = self.delegate.get(name, MISSING)
        return default if data is MISSING else self._decode(name, data)

    def _decode(self, name: str, data: Any) -> V:
        entry = self._check(name, data)
        value: V = self.entry_codec.decode(entry, str(name), source=self._source(name))
        return value

    def _source(self, name: str) -> str:
        return f"{type(self.delegate).__name__}[{name!r}]"

    def _check(self, name: str, data: Any) -> Any:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise PersistableError(
                f"{self._source(name)} is not bytes but a {type(data).__name__}: it "
                f"was not stored by {type(self).__name__}"
            )
        return data

    def dump(self, name: str, inst: V) -> None:
        """Store a value.

        :param name: the key

        :param inst: the value

        :raises PersistableError: if the value can't be encoded

        """
        self.delegate.dump(name, bytes(self.entry_codec.encode(inst, str(name))))

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        if not self._inherits(EncodedStash, "load", "get"):
            yield from super().load_many(names)
            return
        for name, data in self.delegate.load_many(names):
            yield name, self._decode(name, data)

    def dump_many(self, items: Iterable[tuple[str, V]]) -> None:
        if not self._inherits(EncodedStash, "dump"):
            super().dump_many(items)
            return
        encode = self.entry_codec.encode
        self.delegate.dump_many(
            (name, bytes(encode(inst, str(name)))) for name, inst in items
        )

    @property
    def entry_codec(self) -> Codec:
        return default_codec() if self.codec is None else self.codec

    def load_entry(self, name: str) -> bytes | None:
        data = self.delegate.get(name, MISSING)
        return None if data is MISSING else bytes(self._check(name, data))

    def dump_entry(self, name: str, entry: bytes) -> None:
        self.delegate.dump(name, entry)

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        if not self._inherits(EncodedStash, "load_entry"):
            yield from super().load_entries(names)
            return
        for name, data in self.delegate.load_many(names):
            yield name, bytes(self._check(name, data))

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        if self._inherits(EncodedStash, "dump_entry"):
            self.delegate.dump_many(entries)
        else:
            super().dump_entries(entries)

    @property
    def url(self) -> StashURL:
        url = self.delegate.url
        if url.scheme != "memory":
            return super().url
        return url.extended(codec_options(self.codec) or {"codec": "pickle"})
