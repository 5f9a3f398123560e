"""A stash in any file system that fsspec knows, such as S3."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Final, Generic
from urllib.parse import quote, unquote

from ..codec import Codec, EntryInfo, JsonCodec
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
from ..files import DIGESTED, FileNames, file_pattern
from .address import LOCAL, S3, address_reach, beside_address, check_address
from .remote import RemoteFolder
from .store import StoreStash

__all__ = ["FsspecStash"]

_PATTERN: Final = "{name}.dat"
_URL_OPTIONS: Final = {
    "s3": ("endpoint_url", "profile"),
    "gs": ("endpoint_url", "project"),
}


@dataclass
class FsspecStash(StoreStash[V], Generic[V]):
    """Keeps each value as an object in a bucket, or a file of another file system
    that `fsspec <https://filesystem-spec.readthedocs.io>`_ knows.  An object has
    the old value or the new one, as it is written with one request; keys are
    turned into names as :class:`.DirectoryStash` does.

    Credentials come from where the file system's own tools take them, such as
    ``AWS_ACCESS_KEY_ID`` or ``~/.aws``, never from the address.

    Safe to use from many threads and processes at once; a forked process connects
    anew.

    >>> stash = FsspecStash("memory://data")
    >>> stash["a"] = [1, 2]
    >>> stash["a"], list(stash.keys())
    ([1, 2], ['a'])

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("address", "pattern")

    address: str
    """The folder, such as ``s3://bucket/some/prefix`` or ``file:///data``.  A
    bucket has to exist; a folder in it needs no making.
    """

    pattern: str = field(default=_PATTERN, kw_only=True)
    """The name of an object, where ``{name}`` stands for the key."""

    storage_options: Mapping[str, Any] | None = field(
        default=None, kw_only=True, repr=False
    )
    """What the constructor of the file system takes, such as ``endpoint_url``."""

    timeout: float = field(default=30.0, kw_only=True)
    """How many seconds to wait for S3 to answer; a large value may take longer, as
    long as it moves.  For other file systems, see their ``storage_options``.
    """

    lease: float = field(default=30.0, kw_only=True)
    """How many seconds a lock in S3 outlives an owner that was killed."""

    def __post_init__(self) -> None:
        check_address(self, self.address)
        if not self.timeout > 0 or not self.lease > 0:
            raise PersistableError(
                f"Timeout and lease of {self.address} must be positive seconds, not "
                f"{self.timeout} and {self.lease}"
            )
        file_pattern(self.pattern)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_opened"}

    @property
    def _protocol(self) -> str:
        return self.address.partition("://")[0]

    def _fields(self) -> tuple[Any, ...]:
        options = self.storage_options
        return (os.getpid(), self.address, self.pattern, options, self.timeout)

    def _open(self) -> tuple[RemoteFolder, FileNames]:
        opened = self.__dict__.get("_opened")
        fields = self._fields()
        if opened is None or opened[0] != fields:
            folder = self._make_folder()
            opened = fields, folder, FileNames(self.pattern, folder.folds)
            self.__dict__["_opened"] = opened
        return opened[1], opened[2]

    def _make_folder(self) -> RemoteFolder:
        options = dict(self.storage_options or {})
        if self._protocol in LOCAL:
            from .local import LocalFolder

            return LocalFolder(self.address, options)
        if self._protocol in S3:
            from .s3 import S3Folder

            return S3Folder(self.address, options, self.timeout, self.lease)
        return RemoteFolder(self.address, options)

    @property
    def _folder(self) -> RemoteFolder:
        return self._open()[0]

    def _place(self, name: str) -> tuple[RemoteFolder, str]:
        folder, names = self._open()
        return folder, names.to_name(str(name))

    def entry_source(self, name: str) -> str:
        return f"{self.address.rstrip('/')}[{name!r}]"

    def load_entry(self, name: str) -> bytes | None:
        folder, file = self._place(name)
        return folder.read(file)

    def dump_entry(self, name: str, entry: bytes) -> None:
        folder, file = self._place(name)
        folder.write(file, entry)

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        folder, file_names = self._open()
        for keys in chunks(names, folder.batch):
            found = folder.read_many([file_names.to_name(str(key)) for key in keys])
            # Each is forgotten once it is handed on, since they may be large.
            found.reverse()
            for key in keys:
                entry = found.pop()
                if entry is not None:
                    yield key, entry

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        folder, names = self._open()
        for some in chunks(entries, folder.batch):
            # Of a key that is repeated, the last one counts.
            folder.write_many(
                list({names.to_name(str(key)): data for key, data in some}.items())
            )

    def exists(self, name: str) -> bool:
        folder, file = self._place(name)
        return folder.has(file)

    def delete(self, name: str | None = None) -> None:
        """Delete the value of a key, if there is one.

        :param name: the key

        :raises PersistableError: if no key is given, or it can't be deleted

        """
        folder, file = self._place(require_key(self, name))
        folder.remove_many([file])

    def delete_many(self, names: Iterable[str]) -> None:
        folder, file_names = self._open()
        for keys in chunks(names, folder.deletes):
            folder.remove_many([file_names.to_name(str(key)) for key in keys])

    def clear(self) -> None:
        """Delete all values; objects that are not of this stash stay."""
        folder, names = self._open()
        own = (name for name in folder.scan() if names.to_key(name) is not None)
        while some := list(islice(own, folder.deletes)):
            folder.remove_many(some)

    def keys(self) -> Iterable[str]:
        """Return the keys, lazily and in no particular order; asked for anew each
        time.

        """
        folder, names = self._open()
        for name in folder.scan():
            key = names.to_key(name)
            if key is DIGESTED:
                key = self._stored_key(folder, names, name)
            if isinstance(key, str):
                yield key

    def _stored_key(
        self, folder: RemoteFolder, names: FileNames, name: str
    ) -> str | None:
        try:
            info = folder.info(name, f"{self.address.rstrip('/')}/{name}")
        except PersistableError:
            # Damaged: which key it was can't be known.
            return None
        key = None if info is None else info.key
        return key if key is not None and names.to_name(key) == name else None

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())

    def entry_info(self, name: str) -> EntryInfo | None:
        folder, file = self._place(name)
        return folder.info(file, self.entry_source(str(name)))

    @property
    def reach(self) -> Reach:
        return address_reach(self.address, self.storage_options or {})

    def _make_beside(self, name: str) -> FsspecStash[Any] | None:
        parts = () if self.pattern == _PATTERN else (self.pattern,)
        address = beside_address(self.address, name, *parts)
        if address is None:
            return None
        return FsspecStash(
            address,
            storage_options=self.storage_options,
            timeout=self.timeout,
            lease=self.lease,
            codec=JsonCodec(),
        )

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a lock on a key, which all share who use the folder: in S3 an
        object beside it that only one can make, and that expires if its owner
        dies; in a local file system a file beside it.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        :raises PersistableError: if the file system has no such locks

        """
        return self._folder.lock(str(key), timeout)

    def close(self) -> None:
        """Close the connections; they are opened again when needed."""
        opened = self.__dict__.pop("_opened", None)
        if opened is not None and opened[0][0] == os.getpid():
            opened[1].close()

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> FsspecStash[V]:
        """Return the stash of a URL such as
        ``s3://bucket/prefix?endpoint_url=http://localhost:9000``; see
        :data:`.Opener`.

        """
        names = _URL_OPTIONS[url.scheme]
        fields = url.read(
            pattern=file_pattern,
            timeout=positive_seconds,
            lease=positive_seconds,
            **dict.fromkeys(names, str),
        )
        if not url.location.startswith("//") or not url.location.strip("/"):
            raise url.wrong(f"no bucket: write {url.scheme}://bucket/prefix")
        if "@" in url.location[2:].partition("/")[0]:
            raise url.wrong(
                "credentials can't be set by a URL: leave them to the environment, "
                "such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        options = {name: fields.pop(name) for name in names if name in fields}
        address = f"{url.scheme}:{unquote(url.location)}"
        return cls(address, storage_options=options or None, codec=codec, **fields)

    @property
    def url(self) -> StashURL:
        scheme, _, rest = self.address.partition("://")
        options: dict[str, object] = dict(self.storage_options or {})
        known = _URL_OPTIONS.get(scheme)
        if known is None or type(self) is not FsspecStash:
            return super().url
        if secret := sorted(set(options).difference(known)):
            raise PersistableError(
                f"The stash at {self.address} has no URL, which can't have these of "
                f"its storage options: {', '.join(secret)}"
            )
        for name in "pattern", "timeout", "lease":
            value = getattr(self, name)
            if value != type(self).__dataclass_fields__[name].default:
                options[name] = value
        return StashURL(scheme, f"//{quote(rest)}", options | codec_options(self.codec))
