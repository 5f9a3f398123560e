"""Values as lines of JSON, with which stores travel to other programs.

A line is an object with a ``key`` and a ``value``, the latter in the form of
:class:`.JsonCodec`.

"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from ..codec import JsonCodec
from ..error import PersistableError

__all__ = ["read_lines", "to_line"]


def to_line(key: str, value: Any) -> bytes:
    r"""Return a line.

    :param key: the key

    :param value: the value

    :raises PersistableError: if JSON has no form for it

    >>> to_line("a", (1, 2))
    b'{"key":"a","value":{"$tuple":[1,2]}}\n'

    """
    body, _, _ = JsonCodec().pack(value)
    return b'{"key":%s,"value":%s}\n' % (json.dumps(key).encode(), body)


def read_lines(lines: Iterable[bytes] | IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Return pairs of keys and values.

    :param lines: what :func:`to_line` returned; empty lines don't count

    :raises PersistableError: if a line is something else

    >>> list(read_lines([to_line("a", (1, 2))]))
    [('a', (1, 2))]

    """
    codec = JsonCodec()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            key, plain = data["key"], data["value"]
        except (KeyError, TypeError, ValueError) as e:
            raise _wrong(number, repr(e)) from e
        if not isinstance(key, str):
            raise _wrong(number, f"key {key!r} is no string")
        body = json.dumps(plain).encode()
        yield key, codec.unpack(memoryview(body), (), 0, f"line {number}")


def _wrong(number: int, reason: str) -> PersistableError:
    return PersistableError(
        f'Not an object with a "key" and a "value": line {number}: {reason}'
    )
