"""What a codec is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from .encoded import Encoded
from .entry import Buffer

__all__ = ["Codec"]


class Codec(ABC):
    """Turns an object into bytes and back.

    Codecs are immutable, and safe to share between threads and processes.

    >>> from zensols.persist.codec import JsonCodec
    >>> codec: Codec = JsonCodec()
    >>> codec.decode(bytes(codec.encode([1, 2], "some key")), "some key")
    [1, 2]

    """

    name: ClassVar[str]
    """What the codec is called in URLs and listings."""

    @abstractmethod
    def encode(
        self,
        value: Any,
        key: str | None = None,
        *,
        fingerprint: str = "",
        seconds: float | None = None,
    ) -> Encoded:
        """Return a value as an entry.

        :param value: the object

        :param key: the stash key to bind the entry to, so that it is refused
                    under any other

        :param fingerprint: identifies the code that computed the value

        :param seconds: how long that took

        :raises PersistableError: if the value can't be encoded; the text gives
                                  the path to the culprit inside of it

        """

    @abstractmethod
    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        """Return the value of an entry.

        :param data: the entry

        :param key: the stash key that it must be bound to

        :param source: names the file, or the stash and key, in errors

        :raises UntrustedDataError: if the entry is not ours

        :raises CorruptDataError: if it is truncated or damaged

        :raises ClassNotFoundError: if the value's class can't be imported

        """
