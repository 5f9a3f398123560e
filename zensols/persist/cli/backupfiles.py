"""The files of ``PersistenceHandler`` and ``BackupSchedule``, in a folder that the user
names as a store.

"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..domain import Stash
from ..error import PersistableError
from ..stash.layers import innermost

if TYPE_CHECKING:
    from ..backup.folder import BackupFolder

__all__ = ["file_rows", "folder_of"]

MAX_SIZE: Final = 1 << 30


def folder_of(stash: Stash[Any]) -> Path | None:
    """Return the folder that a stash is in, or None if it is in none.

    :param stash: the stash

    >>> from zensols.persist import DictionaryStash
    >>> folder_of(DictionaryStash())

    """
    path = getattr(innermost(stash), "path", None)
    return path if isinstance(path, Path) and path.is_dir() else None


def file_rows(stash: Stash[Any]) -> Iterator[dict[str, Any]]:
    """Return what is known of each backup that is a file by itself, ready for JSON, those
    of one cache together and the newest first.  All of them are read, and nothing in
    them is run.

    :param stash: the stash that names their folder

    """
    from ..backup.archive import ModuleArchive
    from ..backup.folder import BackupFolder
    from ..backup.notes import to_iso

    path = folder_of(stash)
    if path is None:
        return
    folder = BackupFolder(str(path), max_size=MAX_SIZE)
    modules = ModuleArchive(folder, "", MAX_SIZE)
    for archive in (folder, modules):
        for part in archive.parts():
            for file in part.files:
                good = archive.is_good(file)
                yield {
                    "id": os.path.basename(file.path),
                    "name": part.name,
                    "created": to_iso(file.modified),
                    "entries": _count(folder, file.path) if good else None,
                    "size": file.size,
                    "added": file.size,
                    "state": "good" if good else "corrupt",
                }


def _count(folder: BackupFolder, path: str) -> int | None:
    try:
        return len(folder.read(path).items)
    except PersistableError:
        # It is of modules.
        return None
