"""A stash that stores the errors of storing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Generic

from .delegate import DelegateStash
from .stash import V

__all__ = ["ProtectiveStash"]

logger = logging.getLogger(__name__)


@dataclass
class ProtectiveStash(DelegateStash[V], Generic[V]):
    """Stores the exception in place of a value that can't be stored, so that one
    bad item doesn't end hours of work.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> class Picky(DictionaryStash):
    ...     def dump(self, name, inst):
    ...         if inst == 13:
    ...             raise ValueError("unlucky")
    ...         super().dump(name, inst)
    >>> stash = ProtectiveStash(Picky(), log_errors=False)
    >>> stash["a"] = 13
    >>> stash["a"]
    ValueError('unlucky')

    """

    log_errors: bool
    """Whether to log a warning for each such item."""

    def dump(self, name: str, inst: V) -> None:
        try:
            super().dump(name, inst)
        except Exception as e:
            if self.log_errors:
                logger.warning("could not store %r: %s", name, e, exc_info=True)
            error: Any = e.with_traceback(None)
            super().dump(name, error)
