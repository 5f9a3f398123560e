"""A directory stash whose keys count up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from typing import Any, Generic, cast, overload

from ..domain import V
from ..missing import MISSING
from .directory import DirectoryStash

__all__ = ["IncrementKeyDirectoryStash"]


@dataclass
class IncrementKeyDirectoryStash(DirectoryStash[V], Generic[V]):
    """Stores each value under the next number, and loads the last one by
    default.

    Safe to use from many threads and processes at once: each value stored gets
    a number of its own.

    >>> import tempfile
    >>> from pathlib import Path
    >>> stash = IncrementKeyDirectoryStash(Path(tempfile.mkdtemp()), name="model")
    >>> stash.dump("first")
    >>> stash.dump("second")
    >>> stash.load(), stash.load("1"), sorted(stash.keys())
    ('second', 'first', ['1', '2'])

    """

    name: InitVar[str] = "data"
    """What the names of files begin with."""

    def __post_init__(self, name: str) -> None:
        super().__post_init__()
        self.pattern = f"{name}-{self.pattern}"

    def keys(self) -> Iterable[str]:
        """Return the keys that are numbers, lazily and in no particular
        order.

        """
        return (key for key in super().keys() if key.isascii() and key.isdigit())

    def get_last_key(self, inc: bool = False) -> str:
        """Return the highest key, or ``0`` if there is none.

        :param inc: whether to add one to it; the number isn't reserved by that

        """
        last = max(map(int, self.keys()), default=0)
        return str(last + 1 if inc else last)

    @overload
    def dump(self, name: V) -> None: ...

    @overload
    def dump(self, name: str, inst: V) -> None: ...

    def dump(self, name: str | V, inst: Any = MISSING) -> None:
        """Store a value, called with either the value or a key and the value.

        :param name: the value to store under the next number, or a key

        :param inst: the value to store under that key

        """
        if inst is not MISSING:
            super().dump(cast(str, name), inst)
            return
        with self.lock("next key"):
            super().dump(self.get_last_key(inc=True), cast(V, name))

    def load(self, name: str | None = None) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key, by default the last

        """
        return super().load(self.get_last_key() if name is None else name)
