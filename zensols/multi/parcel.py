"""What travels between a program and its workers."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from tempfile import mkstemp
from typing import Final

__all__ = ["Parcel"]

_INLINE: Final = 2048


@dataclass(frozen=True)
class Parcel:
    """Some bytes on their way to a process, in a file if they are many and there is
    a folder that both ends share.

    What goes through a pipe in one piece either arrives or doesn't; of more, a
    process that is killed meanwhile leaves a part, and who waits for the rest waits
    for ever.  So messages are kept under the 4,096 bytes that POSIX's ``PIPE_BUF``
    is on Linux.

    >>> Parcel.of(b"few", None).open()
    b'few'

    """

    data: bytes | None
    """The bytes, or None if they are in the file."""

    path: str | None = None
    """The file, which is gone when it has been opened, unless that is to keep it."""

    @classmethod
    def of(cls, data: bytes, folder: str | None) -> Parcel:
        """Return bytes as a parcel.

        :param data: the bytes

        :param folder: where to make a file, or None for none

        """
        if folder is None or len(data) <= _INLINE:
            return cls(data)
        descriptor, path = mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return cls(None, path)

    def open(self, *, keep: bool = False) -> bytes:
        """Return the bytes.

        :param keep: whether it is going to be opened again

        """
        if self.path is None:
            return self.data or b""
        with open(self.path, "rb") as file:
            data = file.read()
        if not keep:
            self.discard()
        return data

    def discard(self) -> None:
        """Remove the file, if there is one."""
        if self.path is not None:
            with suppress(FileNotFoundError):
                os.unlink(self.path)
