"""Bare pickles, for exchange with programs that don't have this package."""

from __future__ import annotations

from typing import Any, ClassVar

from ..error import UntrustedDataError
from .base import Codec
from .encoded import Encoded
from .entry import Buffer
from .pickling import dumps_whole, loads_whole
from .signed import Trust, find_trust

__all__ = ["BarePickleCodec"]


class BarePickleCodec(Codec):
    """Plain pickles without an entry around them: any Python program reads what
    this writes.  They are not signed, not bound to a key, and say nothing of
    themselves; **reading one runs what it says**, so this needs
    ``trust="any"``.

    Safe to share between threads and processes.

    >>> codec = BarePickleCodec(trust="any")
    >>> codec.decode(bytes(codec.encode([1])))
    [1]

    """

    name: ClassVar[str] = "bare-pickle"

    def __init__(self, *, trust: Trust | None = None) -> None:
        """
        :param trust: ``any`` to be able to read; by default
                      ``ZENSOLS_PERSIST_TRUST`` decides, then it only writes

        """
        self.trust = find_trust(trust)

    def encode(
        self,
        value: Any,
        key: str | None = None,
        *,
        fingerprint: str = "",
        seconds: float | None = None,
    ) -> Encoded:
        return Encoded(dumps_whole(value))

    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        if self.trust != "any":
            raise UntrustedDataError(
                f"Unsigned: {source} is to be read as a bare pickle, which can run "
                f"any code; if you trust its writer, use trust='any' or "
                f"ZENSOLS_PERSIST_TRUST=any"
            )
        return loads_whole(data, source)
