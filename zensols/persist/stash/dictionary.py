"""A stash in memory."""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass, field
from typing import Any, Generic

from ..codec import Codec
from ..domain import Stash, StashURL, V, require_key

__all__ = ["DictionaryStash"]


@dataclass
class DictionaryStash(Stash[V], Generic[V]):
    """Keeps values in a dictionary, and so for as long as this process lives.

    Safe to use from many threads, those that iterate :meth:`keys` while others
    write excepted, since that is the dictionary's own view.  Each process has
    its own copy.

    >>> stash = DictionaryStash({"a": 1})
    >>> stash["b"] = None
    >>> dict(stash)
    {'a': 1, 'b': None}

    """

    _data: dict[str, V] = field(default_factory=dict)
    """The dictionary; by default a new one."""

    @property
    def data(self) -> dict[str, V]:
        """The dictionary itself."""
        return self._data

    def load(self, name: str) -> V | None:
        return self.data.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self.data.get(name, default)

    def exists(self, name: str) -> bool:
        return name in self.data

    def dump(self, name: str, inst: V) -> None:
        self.data[name] = inst

    def delete(self, name: str | None = None) -> None:
        self.data.pop(require_key(self, name), None)

    def clear(self) -> None:
        self.data.clear()

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> Stash[Any]:
        """Return the stash of the URL ``memory:``, always a new one; with a codec,
        values are kept as entries.

        """
        url.read()
        if url.location not in ("", "//"):
            raise url.wrong(f"{url.location!r}: memory has no places; write memory:")
        if codec is None:
            return cls()
        from .encoded import EncodedStash

        return EncodedStash(cls(), codec)

    @property
    def url(self) -> StashURL:
        return StashURL("memory", "")

    def _make_beside(self, name: str) -> DictionaryStash[Any]:
        # Pickled with the items, as both are this stash's alone.
        made: dict[str, DictionaryStash[Any]] = self.__dict__.setdefault("_beside", {})
        return made.setdefault(name, DictionaryStash())

    def keys(self) -> KeysView[str]:
        """Return the dictionary's view of its keys."""
        return self.data.keys()
