"""A stash that hides the failures in another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

from .annotation import PersistedWork, persisted
from .domain import DelegateStash, PrimeableStash, V
from .error import Failure

__all__ = ["FailureFilterStash"]


@dataclass
class FailureFilterStash(DelegateStash[V], PrimeableStash[V], Generic[V]):
    """Has the items of another stash that are no :class:`.Failure`.

    Which these are is found by reading all items once, and kept in a file.
    Safe to use from several threads and processes once it is filled.

    >>> import tempfile
    >>> from zensols.persist import DictionaryStash
    >>> folder = Path(tempfile.mkdtemp())
    >>> items = DictionaryStash({"a": 1, "b": Failure(ValueError("no such word"))})
    >>> stash = FailureFilterStash(items, folder / "keys.dat")
    >>> dict(stash)
    {'a': 1}

    """

    key_path: Path = field()
    """The file of the keys that are not failures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._good_keys = PersistedWork(self.key_path, self, mkdir=True)

    @persisted("_good_keys")
    def _get_keys(self) -> frozenset[str]:
        delegate = self.delegate
        return frozenset(
            key
            for key in tuple(delegate.keys())
            if not isinstance(delegate.load(key), Failure)
        )

    def prime(self) -> None:
        super().prime()
        self._get_keys()

    def load(self, name: str) -> V | None:
        """Return an item, or None if there is none or it is a failure.

        :param name: the key

        """
        return super().load(name) if self.exists(name) else None

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default) if self.exists(name) else default

    def exists(self, name: str) -> bool:
        return name in self._get_keys()

    def keys(self) -> Iterable[str]:
        return self._get_keys()

    def dump(self, name: str, inst: V) -> None:
        with self._changing():
            super().dump(name, inst)

    def delete(self, name: str | None = None) -> None:
        with self._changing():
            super().delete(name)

    def clear(self) -> None:
        with self._changing():
            super().clear()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        # Before too, so that no file is left that is wrong if this process dies.
        self._good_keys.clear()
        try:
            yield
        finally:
            self._good_keys.clear()
