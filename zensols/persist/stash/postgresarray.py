"""Arrays of bytes as PostgreSQL takes them."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["ByteaArray", "register_arrays"]

_BYTEA: Final = 17
_BYTEA_ARRAY: Final = 1001
"""The numbers of the types, which are the same in all servers."""

_HEADER: Final = Struct(">iiIii")
"""The number of dimensions, whether there are nulls, the type of the elements, how
many there are, and the index of the first.
"""

_NULL: Final = b"\xff\xff\xff\xff"


class ByteaArray:
    r"""Some bytes or nulls, as one parameter of a statement over a connection that
    :func:`register_arrays` was called with.  The driver's own way to pass a list
    of them takes several times as long as the server takes to store them.

    >>> ByteaArray([b"a", None]).data[20:]
    b'\x00\x00\x00\x01a\xff\xff\xff\xff'

    """

    __slots__ = ("data",)

    def __init__(self, items: Iterable[bytes | None]) -> None:
        """
        :param items: the elements, None being null

        """
        parts = [b""]
        count = 0
        for item in items:
            count += 1
            if item is None:
                parts.append(_NULL)
            else:
                parts += len(item).to_bytes(4, "big"), item
        parts[0] = _HEADER.pack(1, 1, _BYTEA, count, 1)
        self.data = b"".join(parts)


def register_arrays(connection: Connection) -> None:
    """Have a connection take :class:`ByteaArray` for a parameter.

    :param connection: the connection

    """
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = _BYTEA_ARRAY

        def dump(self, obj: Any) -> bytes:
            data: bytes = obj.data
            return data

    connection.adapters.register_dumper(ByteaArray, ArrayDumper)
