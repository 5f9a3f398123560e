"""Notice damaged records."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from msgspec.structs import replace

from ..error import CorruptDataError
from .chain import Piece, Stored

__all__ = ["seal", "unseal"]

_CRC: Final = 4


def seal(stored: Stored) -> Stored:
    r"""Return what to store, with a checksum.

    :param stored: what to store

    >>> seal(Stored("whole", b"{}")).payload
    b'\xa3\xa6\xbfC{}'

    """
    payload = stored.payload
    return replace(stored, payload=crc32(payload).to_bytes(_CRC) + payload)


def unseal(record: int, piece: Piece | None) -> Piece:
    """Return what was stored, without its checksum.

    :param record: where it was stored

    :param piece: what was found there, if anything was

    :raises CorruptDataError: if it is gone or damaged

    """
    if piece is None:
        raise CorruptDataError(f"record {record} is gone")
    kind, sealed = piece
    payload = sealed[_CRC:]
    if len(sealed) < _CRC or crc32(payload) != int.from_bytes(sealed[:_CRC]):
        raise CorruptDataError(f"record {record} is not what was written")
    return kind, payload
