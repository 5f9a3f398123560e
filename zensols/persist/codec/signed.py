"""Signed pickles, the default codec."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, ClassVar, Final, Literal

from ..error import AlteredDataError, PersistableError, UntrustedDataError
from . import entry as e
from .entry import Buffer, Header
from .entrycodec import EntryCodec
from .key import SigningKey
from .pickling import dumps, loads, loads_whole

__all__ = ["MmapMode", "SignedPickleCodec", "Trust", "default_codec", "find_trust"]

ENV_TRUST: Final = "ZENSOLS_PERSIST_TRUST"

Trust = Literal["signed", "any"]
"""What may be unpickled: what is signed with this user's key, or anything."""

MmapMode = Literal["c", "r"]
"""How large arrays are mapped: copy-on-write or read-only."""


def find_trust(trust: Trust | None) -> Trust:
    """Return what may be unpickled.

    :param trust: what the caller asked for; by default ``ZENSOLS_PERSIST_TRUST``
                  decides, then ``signed``

    :raises PersistableError: if it is neither ``signed`` nor ``any``

    """
    found = trust or os.environ.get(ENV_TRUST) or "signed"
    if found == "any":
        return "any"
    if found == "signed":
        return "signed"
    raise PersistableError(
        f"Unknown trust {found!r} ({'argument' if trust else ENV_TRUST}): use "
        f"'signed', or 'any' to read pickles whoever wrote them, which can run code"
    )


class SignedPickleCodec(EntryCodec):
    """Pickles, signed with the user's key and only read where the signature is
    right, since reading a pickle runs the code that it names.

    Anything that :mod:`pickle` takes is stored with protocol 5; functions,
    lambdas, and classes that it can't name are stored with :mod:`dill`.  Large
    buffers of NumPy arrays, and of anything else that offers them (:pep:`574`),
    are kept beside the pickle, are mapped rather than read, and cost nothing
    until they are used.

    Safe to share between threads and processes.

    >>> codec = SignedPickleCodec(key="42" * 32)
    >>> entry = bytes(codec.encode({"a": None}, "some key"))
    >>> codec.decode(entry, "some key")
    {'a': None}
    >>> codec.decode(entry, "other key")
    Traceback (most recent call last):
    zensols.persist.error.UntrustedDataError: Wrong place: the data was written \
for key 'some key', not for 'other key'; it has been moved, swapped or planted: \
move it back or delete it

    """

    name: ClassVar[str] = "pickle"
    codec_id: ClassVar[int] = 1
    _keyed: ClassVar[int] = e.KEYED

    def __init__(
        self,
        key: bytes | str | None = None,
        *,
        trust: Trust | None = None,
        mmap_mode: MmapMode | None = "c",
        check_buffers: bool = False,
    ) -> None:
        """
        :param key: the 32 bytes to sign with, or their 64 hex digits; by default
                    the user's, see :class:`.SigningKey`

        :param trust: ``any`` also reads bare pickles, and entries that are
                      signed with other keys; by default
                      ``ZENSOLS_PERSIST_TRUST`` decides, then ``signed``

        :param mmap_mode: how buffers of 1 MiB or more are taken from local
                          files: ``c`` maps them copy-on-write, ``r`` read-only,
                          None copies them to memory

        :param check_buffers: whether to check the checksums of mapped buffers
                              when they are loaded, which reads them

        :raises PersistableError: if an argument is not one of these

        """
        if mmap_mode not in ("c", "r", None):
            raise PersistableError(
                f"Unknown mmap_mode {mmap_mode!r}: use 'c', 'r' or None"
            )
        self.trust = find_trust(trust)
        self.mmap_mode = mmap_mode
        self.check_buffers = check_buffers
        self._key = None if key is None else SigningKey.of(key)
        self.has_own_key: bool = key is not None
        """Whether the key was given rather than found."""
        self._tagger: Any = None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(trust={self.trust!r}, mmap_mode={self.mmap_mode!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        if self.has_own_key:
            raise PersistableError(
                "A codec with a key of its own can't be pickled, since the key would "
                "travel with the data: give the key in ZENSOLS_PERSIST_KEY instead"
            )
        return _rebuild, (type(self), self.trust, self.mmap_mode, self.check_buffers)

    def pack(self, value: Any) -> tuple[bytes, Sequence[memoryview], int]:
        body, buffers, used_dill = dumps(value)
        return body, buffers, e.DILL if used_dill else 0

    unpack = staticmethod(loads)

    def tagger(self, create: bool) -> Any:
        if self._tagger is None:
            self._key = self._key or SigningKey.find(create)
            if self._key is None:
                raise UntrustedDataError(
                    "No signing key to check with: this user has not stored "
                    "anything yet.  Give the key of whoever wrote the data in "
                    "ZENSOLS_PERSIST_KEY or ZENSOLS_PERSIST_KEY_FILE"
                )
            self._tagger = blake2b(
                key=self._key.secret, digest_size=e.TAG_SIZE, person=b"zsp-entry"
            )
        return self._tagger

    @property
    def key_fingerprint(self) -> bytes:
        key = self._key
        return e.NO_FINGERPRINT if key is None else key.fingerprint

    def decode_carefully(self, data: Buffer, key: str | None, source: str) -> Any:
        if self.trust == "any" and data[:8] != e.MAGIC:
            return loads_whole(data, source)
        return super().decode_carefully(data, key, source)

    def check_tag(self, header: Header) -> None:
        try:
            tagger = self.tagger(False)
        except UntrustedDataError as error:
            if self.trust == "any":
                return
            raise UntrustedDataError(f"{error} ({header.source})") from None
        if header.fingerprint == self.key_fingerprint:
            self.compare(header, tagger)
        elif self.trust != "any":
            raise UntrustedDataError(
                f"Foreign: {header.source} is signed with key "
                f"{header.fingerprint.hex()}, not with yours "
                f"({self.key_fingerprint.hex()}), and was not unpickled.  If you "
                f"trust its writer, give that key in ZENSOLS_PERSIST_KEY, or read "
                f"it with trust='any' and store it again"
            )

    def mismatch(self, source: str) -> PersistableError:
        return AlteredDataError(
            f"Altered: {source} differs from what was signed with your key; it is "
            f"damaged or has been tampered with, and was not unpickled: delete it "
            f"or restore it from a backup"
        )


def _rebuild(
    cls: type[SignedPickleCodec],
    trust: Trust,
    mmap_mode: MmapMode | None,
    check_buffers: bool,
) -> SignedPickleCodec:
    return cls(trust=trust, mmap_mode=mmap_mode, check_buffers=check_buffers)


@cache
def _codec_of(
    trust: Trust, _key: str | None, _key_file: str | None
) -> SignedPickleCodec:
    return SignedPickleCodec(trust=trust)


def default_codec() -> SignedPickleCodec:
    """Return this process's codec for signed pickles, with the key and trust
    that the environment gives.

    >>> default_codec() is default_codec()
    True

    """
    # Keyed by what decides, so that a changed environment is noticed.
    environ = os.environ.get
    return _codec_of(
        find_trust(None),
        environ("ZENSOLS_PERSIST_KEY"),
        environ("ZENSOLS_PERSIST_KEY_FILE"),
    )
