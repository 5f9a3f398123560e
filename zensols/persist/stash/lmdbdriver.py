"""The package of LMDB, and the file that it keeps a store in."""

from __future__ import annotations

import os
from typing import Any, Final

from ..error import PersistableError

__all__ = ["FILE", "identify", "import_lmdb"]

FILE: Final = "data.mdb"
"""The name of the file of a store in its folder."""


def import_lmdb() -> Any:
    """Return the module of LMDB.

    :raises PersistableError: if it is not installed

    """
    try:
        import lmdb
    except ImportError as e:
        raise PersistableError(
            'LMDB stores need the package lmdb: pip install "zensols.persist[lmdb]"'
        ) from e
    return lmdb


def identify(folder: str) -> tuple[int, int] | None:
    """Return what tells the file of a store from any other, or None if there is
    none.

    :param folder: the folder of the store

    >>> identify("no/such/folder") is None
    True

    """
    try:
        status = os.stat(os.path.join(folder, FILE))
    except OSError:
        return None
    return status.st_dev, status.st_ino
