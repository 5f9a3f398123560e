"""What a module is called that was given no key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["default_key", "is_script"]

_SCRIPTS: Final = frozenset(("__main__", "__mp_main__"))
"""A program's own module, and what it is called in processes that it starts."""


def is_script(cls: type) -> bool:
    """Return whether a class is defined by the program itself.

    :param cls: the class

    >>> is_script(Path)
    False

    """
    return cls.__module__ in _SCRIPTS


def default_key(cls: type) -> str:
    """Return the key of modules of a class: its module and name, or, if a script
    defines it, the script's name and the class's.

    :param cls: the class

    >>> from fractions import Fraction
    >>> default_key(Fraction)
    'fractions.Fraction'

    """
    place = _script_name(cls.__module__) if is_script(cls) else cls.__module__
    return f"{place}.{cls.__qualname__.replace('<locals>.', '')}"


def _script_name(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    if not isinstance(file, str):
        # A notebook, or a program that has no file.
        return "main"
    path = Path(file).absolute()
    # A package that is run is named after its folder.
    return path.parent.name if path.stem == "__main__" else path.stem
