"""Where in a value something is."""

from __future__ import annotations

import re
from typing import Any

from ..error import PersistableError

__all__ = ["at", "conversion_error", "path_text"]

Path = tuple[Any, ...]
"""The names of fields (text), and the keys and numbers of items (in a tuple of their
own), from the outside in."""


def at(key: Any) -> tuple[Any]:
    """Return the step to an item.

    :param key: its key or number

    >>> path_text(("points", at(3), "x"))
    'points[3].x'

    """
    return (key,)


def path_text(path: Path) -> str:
    """Return a path as Python has it.

    :param path: the path; an empty one is the value itself

    >>> path_text(())
    'the value'

    """
    text = "".join(
        f"[{step[0]!r}]" if isinstance(step, tuple) else f".{step}" for step in path
    )
    return text.removeprefix(".") or "the value"


def conversion_error(path: Path, problem: Exception) -> PersistableError:
    """Return the error for what msgspec refuses.

    :param path: where the value is that it was given

    :param problem: its error

    >>> print(conversion_error(("points",), ValueError("Expected `int` - at `$[0].x`")))
    Can't convert points[0].x: Expected `int`

    """
    message, inner = str(problem), ""
    if match := re.fullmatch(r"(.*) - at (?:`key` in )?`\$?(.*)`", message, re.DOTALL):
        message, inner = match[1], match[2]
    where = path_text(path)
    if inner:
        # What it doesn't name are items of dictionaries and the like.
        where = (where if path else "") + inner
    return PersistableError(f"Can't convert {where.removeprefix('.')}: {message}")
