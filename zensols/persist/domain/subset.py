"""A stash that has some of the keys of another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from pathlib import Path
from typing import Any, Generic

from ..error import PersistableError
from .delegate import ReadOnlyDelegateStash
from .stash import V

__all__ = ["KeySubsetStash"]


@dataclass
class KeySubsetStash(ReadOnlyDelegateStash[V], Generic[V]):
    """Has those keys of another stash that are in a set, such as the training
    split of a corpus; read-only.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> stash = KeySubsetStash(
    ...     DictionaryStash({"a": 1, "b": 2}), key_subset={"a", "x"},
    ...     dynamic_subset=False)
    >>> dict(stash)
    {'a': 1}

    """

    key_subset: InitVar[Iterable[str] | Path]
    """The keys, or a file with a key in each line."""

    dynamic_subset: InitVar[bool]
    """Whether to ask the delegate each time which of the keys it has, rather
    than once.
    """

    def __post_init__(
        self, key_subset: Iterable[str] | Path, dynamic_subset: bool
    ) -> None:
        super().__post_init__()
        self._dynamic_subset = dynamic_subset
        # A dictionary keeps the order.
        self._wanted = dict.fromkeys(_read_keys(key_subset))
        self._present: dict[str, None] | None = None

    @property
    def _subset(self) -> dict[str, None]:
        present = self._present
        if present is None or self._dynamic_subset:
            has = self.delegate.exists
            present = self._present = {k: None for k in self._wanted if has(k)}
        return present

    def keys(self) -> Iterable[str]:
        return self._subset.keys()

    def exists(self, name: str) -> bool:
        if self._dynamic_subset:
            return name in self._wanted and super().exists(name)
        return name in self._subset

    def load(self, name: str) -> V | None:
        return super().load(name) if name in self._wanted else None

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default) if name in self._wanted else default


def _read_keys(keys: Iterable[str] | Path) -> Iterable[str]:
    if not isinstance(keys, Path):
        return keys
    try:
        lines = keys.read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise PersistableError(f"Can't read the keys in {keys}: {e.strerror}") from e
    return [line.strip() for line in lines if line.strip()]
