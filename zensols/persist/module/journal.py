"""Changing the files of several modules as one: what is to become of them is in one
file first, from which an interrupted change is finished.

"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..error import PersistableError
from ..files import make_folder, path_lock, write_atomic
from . import document

__all__ = ["change", "recover"]

logger = logging.getLogger(__name__)

_NAME: Final = ".import.journal"


def _path(folder: str) -> str:
    return os.path.join(folder, _NAME)


def change(
    folder: str, states: Mapping[str, dict[str, Any]], write: Callable[[], None]
) -> None:
    """Write the files of several modules, all or none, whatever happens.

    :param folder: where they are

    :param states: their keys and states

    :param write: writes them

    :raises OSError: if that fails; if the first step did, nothing has been changed

    """
    make_folder(folder)
    path = _path(folder)
    with path_lock(f"{path}.lock"):
        write_atomic(path, [document.encode(states, "the import")], fsync=True)
        try:
            write()
        finally:
            # If it raised, the caller puts things back.
            os.unlink(path)


def recover(folder: str) -> None:
    """Finish a change that a process left unfinished.  Waits for one that goes on.
    If that fails, it is logged, and tried again the next time.

    :param folder: where modules are kept; may be missing

    >>> recover("/no/such/folder")

    """
    path = _path(folder)
    if os.path.exists(path):
        try:
            _finish(folder, path)
        except (OSError, PersistableError):
            logger.exception("An import that broke off is not finished: '%s'", path)


def _finish(folder: str, path: str) -> None:
    with path_lock(f"{path}.lock"):
        if not os.path.exists(path):
            return
        states = document.decode(Path(path).read_bytes(), f"file '{path}'")
        for key, state in states.items():
            data = document.encode(state, f"module '{key}'")
            document.replace(document.document_path(folder, key), data, usable=True)
        os.unlink(path)
