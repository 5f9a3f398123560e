"""Stashes that know whether their data has been made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from .delegate import DelegateStash
from .stash import V

__all__ = ["PreemptiveStash"]


@dataclass
class PreemptiveStash(DelegateStash[V], Generic[V]):
    """Remembers whether the delegate has data, so that work that fills it can
    be skipped.

    As safe with threads and processes as its delegate; what this remembers is
    its own.

    >>> from zensols.persist import DictionaryStash
    >>> stash = PreemptiveStash(DictionaryStash())
    >>> stash.has_data
    False
    >>> stash["a"] = 1
    >>> stash.has_data
    True

    """

    _has_data = None

    @property
    def has_data(self) -> bool:
        """Whether the delegate has data; found once, by looking for a key."""
        has_data: bool | None = self._has_data
        if has_data is None:
            has_data = self._has_data = self._calculate_has_data()
        return has_data

    def _calculate_has_data(self) -> bool:
        """Return whether the delegate has a key."""
        return any(True for _ in self.delegate.keys())

    def _reset_has_data(self) -> None:
        """Forget whether the delegate has data."""
        self._has_data = None

    def _set_has_data(self, has_data: bool) -> None:
        """Set whether the delegate has data."""
        self._has_data = has_data

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key as :meth:`load` does, or a default.

        :param name: the key

        :param default: returned if there is no such key even so

        """
        value = self.load(name)
        return self.delegate.get(name, default) if value is None else value

    def dump(self, name: str, inst: V) -> None:
        super().dump(name, inst)
        self._reset_has_data()

    def delete(self, name: str | None = None) -> None:
        super().delete(name)
        self._reset_has_data()

    def clear(self) -> None:
        super().clear()
        self._reset_has_data()
