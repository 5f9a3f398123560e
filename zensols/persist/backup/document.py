"""The backup of one cache as a JSON document that people can read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Literal

from ..codec.tagged import Tagger
from ..error import PersistableError

__all__ = ["STAMP", "VERSION", "CacheDocument", "Kind"]

VERSION: Final = 1
"""The version of the format."""

STAMP: Final = "%Y%m%d_%H%M%S"
"""How a time is written in the name of a file."""

Kind = Literal["named_cache", "default_store", "expiring_store"]
"""What was backed up."""

_CHUNK: Final = 1000
"""How many values are encoded at a time; other threads run in between."""

_ATTEMPTS: Final = 10
"""How often to encode values that others change meanwhile."""


@dataclass(frozen=True)
class CacheDocument:
    """What is in the backup of a cache.

    Not to be changed; safe to share between threads then.

    >>> when = datetime.fromisoformat("2025-11-15T16:11:18.027451")
    >>> document = CacheDocument("named_cache", "users", when, {"user:1": b"alice"})
    >>> print(b"".join(document.encode(Tagger())).decode().rstrip())
    {
      "type": "named_cache",
      "cache_name": "users",
      "timestamp": "20251115_161118",
      "datetime": "2025-11-15T16:11:18.027451",
      "item_count": 1,
      "format_version": 1,
      "data": {
        "user:1": {
          "$bytes": "YWxpY2U="
        }
      },
      "checksum": "sha256:\
8270881569a6b6b0e430ac3150af7e7f3d178c369d51f31c608bec157d7f5d34"
    }

    """

    type: Kind
    """What was backed up."""

    cache_name: str
    """The cache's name."""

    created: datetime
    """When, in local time and without a zone."""

    items: Mapping[Any, Any]
    """The values by key."""

    ttl: float | None = None
    """How many seconds values live by default, if they expire."""

    remaining: Mapping[Any, float | None] = field(default_factory=dict)
    """How many seconds each value still lived then, if they expire; None means for
    ever."""

    def encode(self, tagger: Tagger) -> list[bytes | memoryview]:
        """Return the document as UTF-8, to be joined.

        The checksum is the SHA-256 of all bytes before the comma in front of it.

        :param tagger: writes what JSON has no form for

        :raises PersistableError: if it can't write a value; the text gives the path

        """
        from msgspec.json import encode
        from msgspec.json import format as lay_out

        header: dict[str, Any] = {
            "type": self.type,
            "cache_name": self.cache_name,
            "timestamp": self.created.strftime(STAMP),
            "datetime": self.created.isoformat(),
            "item_count": len(self.items),
            "format_version": VERSION,
        }
        if self.type == "expiring_store":
            header["ttl"] = self.ttl
        head = lay_out(encode(header), indent=2).removesuffix(b"\n}")
        parts: list[bytes | memoryview] = [head + b',\n  "data": {']
        parts += _mapping(self.items, tagger)
        if self.type == "expiring_store":
            parts.append(b',\n  "time_to_live": {')
            parts += _mapping(self.remaining, tagger)
        digest = sha256()
        for part in parts:
            digest.update(part)
        parts.append(b',\n  "checksum": "sha256:%b"\n}\n' % digest.hexdigest().encode())
        return parts


def _mapping(items: Mapping[Any, Any], tagger: Tagger) -> list[bytes | memoryview]:
    """Return the members of an object, and what closes it."""
    if not items:
        return [b"}"]
    chunks = [_encode_steadily(tagger.encode, chunk) for chunk in _chunks(items)]
    if not any(b'"$' in chunk for chunk in chunks) or (
        # What looks like tags is in the values.
        not any(chunk.startswith(b'{"$') for chunk in chunks) and _are_plain(items)
    ):
        return [*_laid_out(chunks, *_OBJECT), b"\n  }"]
    encode = partial(_encode_pairs, tagger)
    chunks = [_encode_steadily(encode, chunk) for chunk in _chunks(items)]
    return [b'\n    "$dict": [', *_laid_out(chunks, *_PAIRS), b"\n    ]\n  }"]


_OBJECT: Final = (b'{"":%b}', b'{\n  "": {', b"\n  }\n}")
_PAIRS: Final = (b'{"":{"":%b}}', b'{\n  "": {\n    "": [', b"\n    ]\n  }\n}")


def _laid_out(
    chunks: Iterable[bytes], place: bytes, before: bytes, behind: bytes
) -> Iterator[bytes | memoryview]:
    """Lay chunks out at the depth that they have in the document."""
    from msgspec.json import format as lay_out

    for number, chunk in enumerate(chunks):
        if number:
            yield b","
        text = lay_out(place % chunk, indent=2)
        yield memoryview(text)[len(before) : -len(behind)]


def _are_plain(items: Mapping[Any, Any]) -> bool:
    """Return whether all keys are text that doesn't look like a tag."""
    return all(type(key) is str and not key.startswith("$") for key in items)


def _chunks(items: Mapping[Any, Any]) -> Iterator[dict[Any, Any]]:
    if len(items) <= _CHUNK and type(items) is dict:
        yield items
        return
    pairs = iter(items.items())
    while chunk := dict(islice(pairs, _CHUNK)):
        yield chunk


def _encode_pairs(tagger: Tagger, chunk: dict[Any, Any]) -> bytes:
    from msgspec.json import encode

    plain = tagger.to_plain(chunk)
    if len(plain) == 1 and "$dict" in plain:
        return encode(plain["$dict"])
    return encode([[key, value] for key, value in plain.items()])


def _encode_steadily(
    encode: Callable[[dict[Any, Any]], bytes], chunk: dict[Any, Any]
) -> bytes:
    for _ in range(_ATTEMPTS - 1):
        try:
            return encode(chunk)
        except RuntimeError:
            # A dictionary or set inside of a value has got or lost members.
            pass
    try:
        return encode(chunk)
    except RuntimeError as e:
        raise PersistableError(
            f"Can't back up values that other threads keep changing: {e}: store "
            "copies of them"
        ) from e
