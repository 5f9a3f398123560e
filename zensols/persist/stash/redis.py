"""A stash that keeps its values in a Redis database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic

from ..codec import Codec, JsonCodec
from ..domain import (
    Reach,
    StashURL,
    V,
    chunks,
    codec_options,
    positive_seconds,
    require_key,
)
from ..error import PersistableError
from .redisclient import TLS_OPTIONS, RedisClient
from .rediskeys import walk
from .redislock import redis_lock
from .server import server_reach
from .store import StoreStash

__all__ = ["RedisStash"]

_BATCH: Final = 1000
"""How many keys one command has at most."""

_BATCH_BYTES: Final = 1 << 23
"""When a command has enough values, so that large ones go one by one."""

_TIMEOUT: Final = 10.0

_LARGEST: Final = 512 << 20
"""How many bytes a value of Redis has at most."""

_GET_MANY: Final = """
local found, size = {}, 0
for number, key in ipairs(KEYS) do
    local entry = redis.call('get', key)
    found[number] = entry
    size = size + (entry and #entry or 0)
    if size >= tonumber(ARGV[1]) then break end
end
return found
"""

_SET_MANY: Final = """
local life = table.remove(ARGV)
for number, key in ipairs(KEYS) do
    redis.call('set', key, ARGV[number], 'px', life)
end
"""


@dataclass(repr=False)
class RedisStash(StoreStash[V], Generic[V]):
    """Keeps each value in a key of a Redis (or Valkey) database, after its
    namespace: ``stash:`` followed by the stash's key.

    What has been written is as safe as the server makes it.  With ``appendonly
    yes`` and ``appendfsync always`` it survives the death of the server and a loss
    of power; with ``appendfsync everysec``, Redis's default, the last two seconds
    may be lost.  A connection that was dropped is made anew once.

    The keys are found by walking through the whole database without blocking it,
    so give other data a database of its own.  A key that comes or goes meanwhile
    may be left out.

    Safe to use from many threads, processes and machines at once.

    >>> stash = RedisStash("redis://ann:secret@localhost:6379/0", namespace="a")
    >>> stash
    RedisStash('redis://ann:***@localhost:6379/0?namespace=a')

    """

    native_ttl: ClassVar[bool] = True

    address: str = "redis://127.0.0.1:6379/0"
    """The URL of the server and the number of the database.  With ``rediss``, for
    TLS, it may have the driver's options ``ssl_ca_certs``, ``ssl_cert_reqs``,
    ``ssl_certfile`` and ``ssl_keyfile``.
    """

    namespace: str = field(default="stash", kw_only=True)
    """What the stash's keys in the database begin with, before a colon."""

    ttl: float | None = field(default=None, kw_only=True)
    """How many seconds a value lives; None, the default, means for ever."""

    timeout: float = field(default=_TIMEOUT, kw_only=True)
    """How many seconds to wait for a connection, and for a reply."""

    def __post_init__(self) -> None:
        self._client = RedisClient(self.address, self.timeout)
        if not self.namespace.isprintable():
            raise PersistableError(
                f"Namespace {self.namespace!r} must have printable characters only"
            )
        if self.ttl is not None and not 0 < self.ttl < float("inf"):
            raise PersistableError(
                f"Time to live in {self!r} must be positive seconds, not {self.ttl}"
            )
        # What separates the parts of names is quoted, so that no namespace's
        # keys look like another one's.
        space = self.namespace.replace("%", "%25").replace(":", "%3A")
        self._prefix = _encode(f"{space}:")
        self._lock_prefix = _encode(f"{space}%lock:")

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._own_url)!r})"

    def _name(self, key: str) -> bytes:
        return self._prefix + _encode(str(key))

    def load_entry(self, name: str) -> bytes | None:
        stored = self._name(name)
        entry: bytes | None = self._client.call(lambda client: client.get(stored))
        return entry

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for wanted in chunks(names, _BATCH):
            left = wanted
            while left:
                entries = self._load_batch(left)
                for key, entry in zip(left, entries, strict=False):
                    if entry is not None:
                        yield key, entry
                left = left[len(entries) :]

    def _load_batch(self, keys: list[str]) -> list[bytes | None]:
        stored = [self._name(key) for key in keys]
        entries: list[bytes | None] = self._client.call(
            lambda client: client.eval(_GET_MANY, len(stored), *stored, _BATCH_BYTES)
        )
        return entries

    def dump_entry(self, name: str, entry: bytes) -> None:
        stored = self._name(name)
        self._check_size(name, entry)
        life = self._life
        self._client.call(lambda client: client.set(stored, entry, px=life))

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        batch: dict[bytes, bytes] = {}
        size = 0
        for name, entry in entries:
            self._check_size(name, entry)
            batch[self._name(name)] = entry
            size += len(entry)
            if len(batch) >= _BATCH or size >= _BATCH_BYTES:
                self._dump_batch(batch)
                batch = {}
                size = 0
        if batch:
            self._dump_batch(batch)

    def _dump_batch(self, batch: dict[bytes, bytes]) -> None:
        life = self._life
        if life is None:
            self._client.call(lambda client: client.mset(batch))
        else:
            # The driver takes longer for the commands of a pipeline.
            values: list[bytes | int] = [*batch, *batch.values(), life]
            self._client.call(
                lambda client: client.eval(_SET_MANY, len(batch), *values)
            )

    def _check_size(self, name: str, entry: bytes) -> None:
        if len(entry) > _LARGEST:
            raise PersistableError(
                f"The value of {self.entry_source(name)} has {len(entry):,} bytes, but "
                f"Redis takes {_LARGEST:,} at most: compress it, or store it elsewhere"
            )

    @property
    def _life(self) -> int | None:
        return None if self.ttl is None else max(1, round(self.ttl * 1000))

    def exists(self, name: str) -> bool:
        stored = self._name(name)
        return bool(self._client.call(lambda client: client.exists(stored)))

    def delete(self, name: str | None = None) -> None:
        self._delete([self._name(require_key(self, name))])

    def delete_many(self, names: Iterable[str]) -> None:
        for wanted in chunks(names, _BATCH):
            self._delete([self._name(key) for key in wanted])

    def _delete(self, stored: list[bytes]) -> None:
        self._client.call(lambda client: client.unlink(*stored))

    def clear(self) -> None:
        """Delete all values of the namespace."""
        self.delete_many(self.keys())

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily and in no particular order.

        The database may name a key twice if it shrinks meanwhile.  Some 50,000 of
        the last keys are remembered and left out, which is enough unless all but
        every 50,000th are deleted before the end.

        :raises StoreUnavailableError: also if the server is started anew before
                                       the end, as keys might be missed then

        """
        for stored in walk(self._client, self._prefix):
            try:
                key = stored[len(self._prefix) :].decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                # Another program's.
                continue
            yield key

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> RedisStash[V]:
        """Return the stash of a URL such as
        ``redis://user:password@host:6379/0?namespace=features``; see
        :data:`.Opener`.

        """
        fields = url.read(
            namespace=str, ttl=float, timeout=positive_seconds, **TLS_OPTIONS
        )
        tls = {name: fields.pop(name) for name in url.options if name in TLS_OPTIONS}
        address = StashURL(url.scheme, url.location, tls)
        return cls(address.reveal(), **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not RedisStash:
            return super().url
        return self._own_url.extended(codec_options(self.codec))

    @property
    def _own_url(self) -> StashURL:
        return StashURL.parse(self.address).extended(
            {
                "namespace": None if self.namespace == "stash" else self.namespace,
                "ttl": self.ttl,
                "timeout": None if self.timeout == _TIMEOUT else float(self.timeout),
            }
        )

    @property
    def reach(self) -> Reach:
        return server_reach(self.address)

    def _make_beside(self, name: str) -> RedisStash[Any]:
        return RedisStash(
            self.address,
            namespace=f"{self.namespace}.beside.{name}",
            ttl=self.ttl,
            timeout=self.timeout,
            codec=JsonCodec(),
        )

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a re-entrant lock on a key, shared by all that use the namespace on
        this server.  That of an owner who was killed is free after 30 seconds.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        name = self._lock_prefix + _encode(str(key))
        return redis_lock(self._client, name, f"key {str(key)!r} of {self!r}", timeout)

    def close(self) -> None:
        """Drop the connections; using the stash makes new ones."""
        self._client.close()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
