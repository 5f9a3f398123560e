"""What the stores at a path of this machine have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ..error import PersistableError

__all__ = ["Durability", "check_place"]

Durability = Literal["process", "fsync"]
"""What a finished write survives: the death of the process, or a loss of power
too.
"""


def check_place(stash: object, path: object, kind: str, durability: object) -> None:
    """Raise an error unless a stash can be where it is to be.

    :param stash: the stash

    :param path: where it is to be

    :param kind: what is at the path, such as a folder

    :param durability: the stash's

    :raises PersistableError: if the path is no :class:`~pathlib.Path`, or there is
                              no such durability

    >>> check_place(object(), "data", "folder", "process")
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Expecting a pathlib.Path as the folder \
of object but got: 'data' (str)

    """
    if not isinstance(path, Path):
        raise PersistableError(
            f"Expecting a pathlib.Path as the {kind} of {type(stash).__name__} "
            f"but got: {path!r} ({type(path).__name__})"
        )
    if durability not in get_args(Durability):
        raise PersistableError(
            f"Unknown durability {durability!r} of the stash at {path}: use one of "
            f"{', '.join(get_args(Durability))}"
        )
