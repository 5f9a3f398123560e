"""Where files are measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

__all__ = ["ROOT", "base_folder", "new_folder"]

ROOT = Path(__file__).parent.parent
"""The folder of the project."""

_MEMORY = "/dev/shm"
_SPACE = 3 << 30


def base_folder() -> str:
    """Return a folder in memory, since a disk's write-back drowns all else; that
    of temporary files where there is none.

    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _SPACE:
        return _MEMORY
    return gettempdir()


@contextmanager
def new_folder(on_disk: bool = False) -> Iterator[Path]:
    """Make an empty folder, and remove it at the end.

    :param on_disk: whether it is that of temporary files in any case, where it takes
                    time to have the disk write

    """
    base = gettempdir() if on_disk else base_folder()
    with TemporaryDirectory(prefix="zensols-persist-bench-", dir=base) as name:
        yield Path(name)
