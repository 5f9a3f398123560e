"""The names of the files of backups: ``cache_users_20251115_161118.json``."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from ..files import Digested, FileNames
from .document import Kind
from .store import DEFAULT

__all__ = ["BackupName", "file_name", "parse_name"]

_PLACE: Final = "_00000000_000000_000000.json"
"""As long as any stamp and number, so that every name has room for its own."""

_NAME: Final = re.compile(
    r"(?:default_store|cache_(?P<cache>.+))_(?P<stamp>[0-9]{8}_[0-9]{6})"
    r"(?:_(?P<number>[0-9]{1,6}))?\.json"
)


class BackupName(NamedTuple):
    """What the name of a file tells.

    >>> parse_name("cache_old_users_20251115_161118_2.json")
    BackupName(cache_name='old_users', stamp='20251115_161118', number=2)

    """

    cache_name: str | Digested
    """The cache's name, or that it is too long for a file name to tell."""

    stamp: str
    """When it was made, in local time."""

    number: int
    """Which it is of those made in one second; the first is 1."""


@cache
def _names() -> FileNames:
    # Two caches whose names differ in case only get different numbers on a file
    # system that takes them for the same.
    return FileNames(f"cache_{{name}}{_PLACE}", folds=lambda: False)


def file_name(kind: Kind, cache_name: str, stamp: str, number: int) -> str:
    """Return the name of a file, safe for any name of a cache.

    :param kind: what is backed up

    :param cache_name: the cache's name

    :param stamp: when

    :param number: which it is of those made in that second

    >>> file_name("named_cache", "../etc", "20251115_161118", 1)
    'cache_..%2Fetc_20251115_161118.json'

    """
    name = "default_store"
    if kind != "default_store":
        name = _names().to_name(cache_name).removesuffix(_PLACE)
    return f"{name}_{stamp}{f'_{number}' if number > 1 else ''}.json"


def parse_name(name: str) -> BackupName | None:
    """Return what the name of a file tells, or None if it is not that of a backup.

    :param name: the file's name, without its folder

    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    cache_name: str | Digested | None = DEFAULT
    if match["cache"] is not None:
        cache_name = _names().to_key(f"cache_{match['cache']}{_PLACE}")
    if cache_name is None:
        return None
    return BackupName(cache_name, match["stamp"], int(match["number"] or 1))
