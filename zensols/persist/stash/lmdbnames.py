"""The names that entries have in LMDB, of 1 to 511 bytes.

An ordinary key's is its UTF-8.  That of the empty key, and of one that is too
long, begins with a byte that UTF-8 doesn't have, and is a digest.

"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

__all__ = ["LONGEST", "digest", "to_key", "to_name"]

LONGEST: Final = 511
"""How many bytes a name may have."""

_DIGESTED: Final = b"\xff"


def to_name(key: str) -> bytes:
    """Return the name of a key.

    :param key: the key

    >>> to_name("a"), len(to_name("a" * 10_000))
    (b'a', 33)

    """
    name = key.encode("utf-8", "surrogatepass")
    return name if 0 < len(name) <= LONGEST else digest(name)


def digest(name: bytes) -> bytes:
    """Return the name of a key that can't be its own.

    :param name: the key's UTF-8

    """
    return _DIGESTED + (blake2b(name, digest_size=32).digest() if name else b"")


def to_key(name: bytes) -> str | None:
    """Return the key of a name, or None if the name doesn't tell it.

    :param name: the name

    >>> to_key(b"a"), to_key(to_name("")), to_key(to_name("a" * 10_000))
    ('a', '', None)

    """
    if name == _DIGESTED:
        return ""
    try:
        return name.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
