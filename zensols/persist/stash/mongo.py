"""A stash in a MongoDB collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Generic

from ..codec import Codec, JsonCodec
from ..domain import (
    Reach,
    StashURL,
    V,
    codec_options,
    positive_seconds,
    require_key,
)
from ..error import PersistableError
from .mongoclient import MONGO_OPTIONS, MongoLink
from .mongoitems import MongoItems
from .mongolock import lease_lock
from .server import server_reach
from .store import StoreStash

__all__ = ["MongoStash"]

_TIMEOUT: Final = 10.0

_NOT_IN_BSON: Final = re.compile("[\ud800-\udfff\uffff]")
_ESCAPED: Final = re.compile("\uffff([0-9a-f]{4})")


@dataclass(repr=False)
class MongoStash(StoreStash[V], Generic[V]):
    """Keeps each value in a document of a MongoDB collection.

    The document's ``_id`` is a compound of namespace and key, ``namespace:key``.
    Its index, which each collection has and which is unique, finds a key, and
    finds and counts those of a namespace without reading values.  Several stashes
    may share a collection.  What is too large for a document is kept in GridFS;
    there, too, a killed writer leaves the old value or the new one.

    What a write has returned for is in the server's journal, and so survives the
    death of the server, unless the address says ``journal=false``.

    Safe to use from many threads, processes and machines at once.

    >>> MongoStash("mongodb://ann:secret@db.example.org/data", namespace="a")
    MongoStash('mongodb://ann:***@db.example.org/data?namespace=a')

    """

    address: str = "mongodb://127.0.0.1:27017/zensols"
    """The connection string, with the database in its path."""

    collection: str = field(default="stash", kw_only=True)
    """The collection's name; where they are needed, there are also
    ``<collection>.large.files``, ``<collection>.large.chunks``,
    ``<collection>.changes``, ``<collection>.locks`` and
    ``<collection>.beside.<name>``.
    """

    namespace: str = field(default="", kw_only=True)
    """Tells this stash's keys from others' in the collection; without a colon."""

    timeout: float = field(default=_TIMEOUT, kw_only=True)
    """How many seconds an operation may take, connecting included."""

    def __post_init__(self) -> None:
        if not self.namespace.isprintable() or ":" in self.namespace:
            raise PersistableError(
                f"Namespace {self.namespace!r} must have printable characters only, "
                "and no colon"
            )
        if not 0 < self.timeout < float("inf"):
            raise PersistableError(
                f"Timeout in {self!r} must be positive seconds, not {self.timeout}"
            )
        self._link = MongoLink(self.address, self.timeout)
        self._items = MongoItems(self._link, self.collection)
        # What follows the colon in the order of characters ends the range.
        self._mine = f"{self.namespace}:", f"{self.namespace};"

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._own_url)!r})"

    def _id(self, key: str) -> str:
        return self._mine[0] + _NOT_IN_BSON.sub(_escape, str(key))

    def _key(self, item: str) -> str:
        return _ESCAPED.sub(_unescape, item[len(self._mine[0]) :])

    def load_entry(self, name: str) -> bytes | None:
        return self._items.load(self._id(name))

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for item, entry in self._items.load_many(map(self._id, names)):
            yield self._key(item), entry

    def dump_entry(self, name: str, entry: bytes) -> None:
        self._items.dump(self._id(name), entry)

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        self._items.dump_many((self._id(name), entry) for name, entry in entries)

    def exists(self, name: str) -> bool:
        return self._items.exists(self._id(name))

    def delete(self, name: str | None = None) -> None:
        self._items.delete([self._id(require_key(self, name))])

    def delete_many(self, names: Iterable[str]) -> None:
        self._items.delete(map(self._id, names))

    def clear(self) -> None:
        """Delete all values of the namespace."""
        self._items.clear(*self._mine)

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily and in no particular order."""
        return map(self._key, self._items.ids(*self._mine))

    def __len__(self) -> int:
        return self._items.count(*self._mine)

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> MongoStash[V]:
        """Return the stash of a URL such as
        ``mongodb://host:27017/database?collection=stash&namespace=features``, which
        may have options of connection strings, too; see :data:`.Opener`.

        """
        allowed = dict.fromkeys(MONGO_OPTIONS, str)
        fields = url.read(
            collection=str, namespace=str, timeout=positive_seconds, **allowed
        )
        if not url.location.rpartition("@")[2].lstrip("/").partition("/")[2]:
            raise url.wrong(f"no database: write {url.scheme}://host:port/database")
        options = {name: fields.pop(name) for name in MONGO_OPTIONS if name in fields}
        address = StashURL(url.scheme, url.location, options)
        return cls(address.reveal(), **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not MongoStash:
            return super().url
        return self._own_url.extended(codec_options(self.codec))

    @property
    def _own_url(self) -> StashURL:
        return StashURL.parse(self.address).extended(
            {
                "collection": None if self.collection == "stash" else self.collection,
                "namespace": self.namespace or None,
                "timeout": None if self.timeout == _TIMEOUT else self.timeout,
            }
        )

    @property
    def reach(self) -> Reach:
        return server_reach(self.address)

    def _make_beside(self, name: str) -> MongoStash[Any]:
        return MongoStash(
            self.address,
            collection=f"{self.collection}.beside.{name}",
            namespace=self.namespace,
            timeout=self.timeout,
            codec=JsonCodec(),
        )

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a re-entrant lock on a key, shared by all that use the namespace
        on this server.  That of an owner who was killed is free after 30 seconds.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        :raises StoreUnavailableError: on entering, if the server can't be reached

        """
        locks = f"{self.collection}.locks"
        label = f"key {str(key)!r} of {self!r}"
        return lease_lock(self._link, locks, self._id(key), label, timeout)

    def close(self) -> None:
        """Disconnect; using the stash connects again."""
        self._link.close()


def _escape(match: re.Match[str]) -> str:
    return f"\uffff{ord(match[0]):04x}"


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
