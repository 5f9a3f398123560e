"""Reading the backup of a cache, by whomever it may be written."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any, Final

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from .document import VERSION, CacheDocument, Kind
from .store import DEFAULT

__all__ = ["read_document"]

_SUM: Final = re.compile(rb',\n  "checksum": "sha256:([0-9a-f]{64})"\n\}\s*\Z')
_TAIL: Final = 128


@dataclass
class _Plain:
    """The members of a document."""

    type: Kind
    cache_name: str
    datetime: dt.datetime
    item_count: int
    data: dict[str, Any]
    format_version: int = 0
    ttl: float | None = None
    time_to_live: dict[str, Any] = field(default_factory=dict)


def read_document(data: bytes, tagger: Tagger, source: str) -> CacheDocument:
    """Return what is in a document; nothing in it is run.  One without a version is
    taken as plain JSON, and one without a checksum is not compared with it.

    :param data: its content

    :param tagger: reads what JSON has no form for

    :param source: names the file in errors

    :raises CorruptDataError: if it is damaged, or no backup of a cache

    :raises PersistableError: if it is nested too deeply, written by a newer release,
                              or has values of classes that ``tagger`` doesn't know

    """
    plain = _parse(data, source)
    if plain.format_version > VERSION:
        raise PersistableError(
            f"{source} is in format {plain.format_version}, of a newer release than "
            "this one: upgrade"
        )
    _verify(data, plain, source)
    items: dict[Any, Any] = plain.data
    remaining: dict[Any, Any] = plain.time_to_live
    if plain.format_version and b'"$' in data:
        items = tagger.from_plain(items, source)
        remaining = tagger.from_plain(remaining, source)
    # What a tag stands for may be no dictionary.
    if not (type(items) is dict and len(items) == plain.item_count):
        raise CorruptDataError(
            f"Damaged: {source} has not the {plain.item_count} values that it tells of"
        )
    if not (type(remaining) is dict and all(map(_is_time, remaining.values()))):
        raise CorruptDataError(f"Damaged: {source} has times to live that are none")
    name = DEFAULT if plain.type == "default_store" else plain.cache_name
    if not name or not (plain.ttl is None or plain.ttl > 0):
        raise CorruptDataError(
            f"Damaged: {source} has no cache's name and time to live"
        )
    return CacheDocument(plain.type, name, plain.datetime, items, plain.ttl, remaining)


def _verify(data: bytes, plain: _Plain, source: str) -> None:
    match = _SUM.search(data, max(0, len(data) - _TAIL))
    if match is not None:
        digest = sha256(memoryview(data)[: match.start()]).hexdigest()
        is_good = digest.encode() == match[1]
    else:
        # It may be that the checksum's own name is damaged.
        known = {member.name for member in fields(_Plain)} | {"timestamp"}
        is_good = not plain.format_version or _names(data) <= known
    if not is_good:
        raise CorruptDataError(
            f"Damaged: {source} doesn't match its checksum: use an older backup, or, "
            "if you changed it yourself, remove its member 'checksum'"
        )


def _names(data: bytes) -> set[str]:
    from msgspec import Raw
    from msgspec.json import decode

    return set(decode(data, type=dict[str, Raw]))


def _parse(data: bytes, source: str) -> _Plain:
    from msgspec.json import decode

    try:
        return decode(data, type=_Plain)
    except ValueError as e:
        raise CorruptDataError(
            f"No backup of a cache, or damaged: {source}: {e}"
        ) from e
    except RecursionError as e:
        raise PersistableError(
            f"{source} is nested too deeply: it is no backup that was written here"
        ) from e


def _is_time(seconds: Any) -> bool:
    return seconds is None or (type(seconds) in (int, float) and seconds > 0)
