"""What a pickle would call when it is read, without reading it."""

from __future__ import annotations

import pickletools
from typing import Any, Final

__all__ = ["named_globals"]

_TEXTS: Final = frozenset(
    "UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 STRING BINSTRING "
    "SHORT_BINSTRING".split()
)
_PUTS: Final = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GETS: Final = frozenset(("GET", "BINGET", "LONG_BINGET"))

UNKNOWN: Final = "?"
"""What stands for a name that can't be told without running the pickle."""


def named_globals(data: bytes) -> set[str]:
    """Return the names of the functions and classes that a pickle imports, and so
    may call, as far as they can be told without running it.

    :param data: the pickle

    :return: names with their modules, and ``?`` if some can't be told

    :raises ValueError: if this is no pickle

    >>> import pickle
    >>> named_globals(pickle.dumps([{1}, range(3)]))
    {'builtins.range'}

    """
    found: set[str] = set()
    memo: dict[Any, str | None] = {}
    # The texts that were pushed last; STACK_GLOBAL takes two of them, and what else
    # comes between makes them unknown.
    recent: list[str | None] = []
    for opcode, argument, _ in pickletools.genops(data):
        name = opcode.name
        if name in _TEXTS:
            recent.append(str(argument))
        elif name == "MEMOIZE":
            memo[len(memo)] = recent[-1] if recent else None
        elif name in _PUTS:
            memo[argument] = recent[-1] if recent else None
        elif name in _GETS:
            recent.append(memo.get(argument))
        elif name == "STACK_GLOBAL":
            found.add(_join(recent[-2:]))
            recent.append(None)
        elif name in ("GLOBAL", "INST"):
            found.add(_join(str(argument).split(" ", 1)))
            recent.append(None)
        elif name.startswith("EXT"):
            found.add(UNKNOWN)
            recent.append(None)
        elif name not in ("PROTO", "FRAME"):
            recent.append(None)
        del recent[:-2]
    return found


def _join(names: list[Any]) -> str:
    if len(names) != 2 or None in names:
        return UNKNOWN
    return ".".join(names)
