"""Methods that are run once, whose values are kept in memory, on disk or in a
stash.

"""

from __future__ import annotations

from ..error import PersistableError
from .container import PersistableContainer, PersistableContainerMetadata
from .decorator import persisted
from .resources import resource
from .text import FileTextUtil
from .work import PersistedWork

__all__ = [
    "FileTextUtil",
    "PersistableContainer",
    "PersistableContainerMetadata",
    "PersistableError",
    "PersistedWork",
    "persisted",
    "resource",
]
