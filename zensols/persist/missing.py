"""The sentinel for a value that is not there, since None is a value."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["MISSING", "Missing"]


class Missing(Enum):
    """The type of :data:`MISSING`; an enumeration so that type checkers narrow
    on ``is MISSING`` and pickling keeps its identity.

    >>> from zensols.persist.missing import MISSING
    >>> {}.get("absent", MISSING) is MISSING
    True

    """

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""Stands for *no value*, where None would be one."""
