"""Folders: making private ones, and what their file systems do to names."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from ..error import PersistableError
from .temporary import temporary_path

__all__ = ["folds_case", "make_folder"]

_ATTEMPTS = 100
"""How often to make a folder whose parent others remove at the same time."""


def make_folder(path: str) -> None:
    """Make a folder and those above it that are missing, all of them for the
    user alone (mode 0700, less what the umask takes away).  One that exists is
    left as it is.  Any number of threads and processes can do so at once.

    :param path: the folder

    :raises PersistableError: if a file is in the way, or in a place where nobody
        can make folders, such as ``/proc``

    :raises OSError: if it can't be made for another reason

    >>> import os, tempfile
    >>> from zensols.persist.files import make_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(f"{folder}/a/b")
    ...     os.listdir(folder)
    ['a']

    """
    attempts = _ATTEMPTS
    while not os.path.isdir(path):
        try:
            os.mkdir(path, 0o700)
        except FileNotFoundError as e:
            attempts -= 1
            if not attempts:
                raise PersistableError(
                    f"Can't make folder '{path}', since its file system refuses: "
                    "choose another folder"
                ) from e
            parent = os.path.dirname(path.rstrip(os.sep))
            if not parent:
                raise
            make_folder(parent)
        except (FileExistsError, NotADirectoryError) as e:
            if _is_in_the_way(path):
                raise PersistableError(
                    f"Can't make folder '{path}', since a file is in the way: "
                    "remove it or choose another folder"
                ) from e


def _is_in_the_way(path: str) -> bool:
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        # Removed again by somebody else, unless it is a link to nowhere.
        return os.path.islink(path)
    except OSError:
        return True


def folds_case(folder: str) -> bool:
    """Return whether the file system of a folder takes ``A`` and ``a`` in file
    names for the same.  A short-lived temporary file is made in the folder or,
    where that is not allowed, one of its entries is looked at.

    Safe to use from several threads and processes.

    :param folder: the folder

    :return: whether it does; false where that can't be found out, such as for a
        folder that doesn't exist yet

    >>> from zensols.persist.files import folds_case
    >>> folds_case("no/such/folder")
    False

    """
    probe = temporary_path(os.path.join(folder, ""))
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return _folds_entry(folder)
    try:
        return os.path.lexists(os.path.join(folder, os.path.basename(probe).swapcase()))
    finally:
        with suppress(OSError):
            os.unlink(probe)


def _folds_entry(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name.swapcase()
                if name != entry.name and name.isascii():
                    other = os.lstat(os.path.join(folder, name))
                    return os.path.samestat(os.lstat(entry.path), other)
    except OSError:
        pass
    return False
