"""What tells stashes apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..domain import Stash, StashURL
from ..error import PersistableError
from ..stash.layers import innermost

__all__ = ["local_path", "place_of"]


def place_of(stash: Stash[Any]) -> str | None:
    """Return the URL of a stash without its password, whatever the working directory
    is, or None if it has none.

    :param stash: the stash

    >>> from zensols.persist import DirectoryStash
    >>> place_of(DirectoryStash(Path("/data/../cache")))
    'dir:///cache'

    """
    try:
        url = stash.url
    except PersistableError:
        return None
    path = local_path(stash)
    # Plug-ins may have other locations.
    if path is not None and url.location == StashURL.of_path("", path).location:
        url = StashURL.of_path(url.scheme, Path(os.path.abspath(path)), url.options)
    return str(url)


def local_path(stash: Stash[Any]) -> Path | None:
    """Return the file or folder of this machine that a stash keeps its items in, or
    None if it keeps them elsewhere.

    :param stash: the stash

    >>> from zensols.persist import DirectoryStash, ExpiringStash
    >>> local_path(ExpiringStash(DirectoryStash(Path("cache")), 60)).name
    'cache'

    """
    path = getattr(innermost(stash), "path", None)
    return path if isinstance(path, Path) else None
