"""Objects that refuse to be pickled."""

from __future__ import annotations

from typing import Any, NoReturn

from ..error import PersistableError

__all__ = ["NotPickleable"]


class NotPickleable:
    """A mix-in for objects that make no sense anywhere else, such as an open
    connection.

    >>> import pickle
    >>> pickle.dumps(NotPickleable())
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: NotPickleable can't be pickled

    """

    def __getstate__(self) -> Any:
        self._refuse()

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise PersistableError(f"{type(self).__name__} can't be pickled")
