"""The states of persistent modules, which are files in a folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, Final

from ..codec.tagged import Tagger
from ..error import PersistableError
from ..files import DIGESTED, FileNames, folds_case
from .folder import read_limited

__all__ = ["read_modules", "register_modules"]

logger = logging.getLogger(__name__)

_writers: Final[list[Callable[[], object]]] = []


def register_modules(write: Callable[[], object]) -> None:
    """Have live modules written before their files are backed up.

    :param write: writes the files of those of this process that have changed

    >>> register_modules(lambda: None)

    """
    _writers.append(write)


def read_modules(folder: str, max_size: int) -> dict[str, Any]:
    """Return the states of all modules by key, those of this process as they are now.
    Of a file that is damaged, the last good one beside it is used.

    :param folder: where their files are; may be missing

    :param max_size: the most bytes that a file may have

    :raises PersistableError: if one can't be read

    >>> read_modules("no/such/folder", 100)
    {}

    """
    for write in _writers:
        write()
    names = FileNames("{name}.json", lambda: folds_case(folder))
    states: dict[str, Any] = {}
    try:
        files = sorted(os.listdir(folder))
    except FileNotFoundError:
        return states
    except OSError as e:
        raise PersistableError(f"Can't list the modules in '{folder}': {e}") from e
    for file in files:
        key = names.to_key(file)
        if key is not None:
            # A key too long for a file name is told by nothing in the file.
            name = file.removesuffix(".json") if key is DIGESTED else key
            states[name] = _read_state(os.path.join(folder, file), max_size)
    return states


def _read_state(path: str, max_size: int) -> dict[str, Any]:
    try:
        return _decode(path, max_size)
    except PersistableError as e:
        try:
            state = _decode(f"{path}.bak", max_size)
        except PersistableError:
            raise e from None
        logger.warning("Backing up '%s.bak' instead: %s", path, e)
        return state


def _decode(path: str, max_size: int) -> dict[str, Any]:
    state = Tagger().decode(read_limited(path, max_size), f"'{path}'")
    if not isinstance(state, dict):
        raise PersistableError(
            f"'{path}' has no state of a module but a {type(state).__name__}: move it "
            "elsewhere"
        )
    return state
