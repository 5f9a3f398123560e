"""The kinds of stashes that snapshots are taken of and kept in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from zensols.persist import DictionaryStash, ExpiringStash, Stash
from zensols.persist.domain import open_stash
from zensols.persist.stash import CacheStash, EncodedStash, FsspecStash

LOCAL: Final = ("dictionary", "encoded", "directory", "lmdb", "sqlite")
OTHER: Final = ("cached", "expiring", "memory-files", "local-files")
SERVERS: Final = ("redis", "postgres", "mongo")
KINDS: Final = (*LOCAL, *OTHER, *SERVERS)


def url_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str | None:
    """The URL of a new stash, which has none if it is this process's alone."""
    match kind:
        case "directory" | "cached" | "expiring":
            return f"dir://{folder}/{uuid4().hex}"
        case "lmdb":
            return f"lmdb://{folder}/{uuid4().hex}"
        case "sqlite":
            return f"sqlite://{folder}/{uuid4().hex}.db"
        case "redis" | "postgres" | "mongo":
            url: str = request.getfixturevalue(f"{kind}_url")
            return url
        case _:
            return None


@contextmanager
def opened(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> Iterator[Stash[Any]]:
    """A new stash of a kind."""
    url = url_of(kind, request, folder)
    stash: Stash[Any]
    if url is not None:
        stash = open_stash(url)
    elif kind == "memory-files":
        stash = FsspecStash(f"memory://{uuid4().hex}")
    elif kind == "local-files":
        stash = FsspecStash(f"file://{folder}/{uuid4().hex}")
    elif kind == "encoded":
        stash = EncodedStash(DictionaryStash())
    else:
        stash = DictionaryStash()
    if kind == "cached":
        stash = CacheStash(stash)
    elif kind == "expiring":
        stash = ExpiringStash(stash, 3600)
    yield stash
    if hasattr(stash, "close"):
        stash.close()
