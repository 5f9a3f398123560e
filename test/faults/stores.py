"""The stores of values in files, as the tests of faults use them.  Loaded by
path, in the processes of the tests too.

"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from zensols.persist.annotation import PersistedWork, persisted
from zensols.persist.composite import DirectoryCompositeStash
from zensols.persist.shelve import ShelveStash
from zensols.persist.stash import (
    DirectoryStash,
    EncodedStash,
    IncrementKeyDirectoryStash,
)
from zensols.persist.util import FailureFilterStash


class Store(ABC):
    """Keeps one value, under the key 1 if it is a stash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "store"

    @abstractmethod
    def files(self) -> list[Path]:
        """The files that the value is in."""

    @abstractmethod
    def open(self) -> Any:
        """A new stash or work."""

    def dump(self, value: Any) -> None:
        self.open().dump("1", value)

    def load(self) -> Any:
        return self.open()["1"]

    def delete(self) -> None:
        self.open().delete("1")

    def keys(self) -> list[str]:
        return list(self.open().keys())

    def read_all(self) -> list[Any]:
        """In all ways there are, each on its own."""
        stash = self.open()
        return [
            lambda: stash.load("1"),
            lambda: stash.get("1"),
            lambda: stash["1"],
            lambda: list(stash.items()),
            lambda: list(stash.values()),
            lambda: list(stash),
            lambda: dict(stash.as_mapping()),
        ]


class Directory(Store):
    def open(self) -> Any:
        return DirectoryStash[Any](self.folder)

    def files(self) -> list[Path]:
        return [self.folder / "1.dat"]


class Synced(Directory):
    def open(self) -> Any:
        return DirectoryStash[Any](self.folder, durability="fsync")


class Increment(Store):
    def open(self) -> Any:
        return IncrementKeyDirectoryStash[Any](self.folder)

    def files(self) -> list[Path]:
        return [self.folder / "data-1.dat"]

    def read_all(self) -> list[Any]:
        return [*super().read_all(), self.open().load]


class Composite(Store):
    def open(self) -> Any:
        return DirectoryCompositeStash[Any](self.folder, ({"a"}, {"b"}), "features")

    def files(self) -> list[Path]:
        return [
            self.folder / name
            for name in ("inst/1.dat", "comp/a/1.dat", "comp/b/1.dat")
        ]

    def dump(self, value: Any) -> None:
        super().dump(SimpleNamespace(features={"a": "small", "b": value}))

    def load(self) -> Any:
        return super().load().features["b"]


class Encoded(Directory):
    def open(self) -> Any:
        return EncodedStash[Any](super().open())


class Shelf(Store):
    def open(self) -> Any:
        return ShelveStash[Any](self.folder)

    def files(self) -> list[Path]:
        return [self.open().real_path]


class Work(Store):
    """Which replaces its value since the code has another version."""

    version = 0

    def open(self) -> Any:
        work = PersistedWork(self.folder / "work.dat", self, mkdir=True)
        work.worker = lambda: None
        return work

    def files(self) -> list[Path]:
        return [self.folder / "work.dat"]

    def dump(self, value: Any) -> None:
        Work.version += 1
        path = self.files()[0]

        class Owner:
            @persisted("_value", path=path, mkdir=True, version=str(Work.version))
            def value(self) -> Any:
                return value

        Owner().value()

    def load(self) -> Any:
        return self.open()()

    def delete(self) -> None:
        self.open().clear()

    def keys(self) -> list[str]:
        return ["1"] if self.files()[0].exists() else []

    def read_all(self) -> list[Any]:
        return [self.open(), self.open()]


class Keys(Work):
    """The key file of a stash that hides failures."""

    def open(self) -> Any:
        return FailureFilterStash[Any](
            DirectoryStash(self.folder / "items"), self.folder / "work.dat"
        )

    def load(self) -> Any:
        return self.open().keys()

    def delete(self) -> None:
        self.open().clear()

    def read_all(self) -> list[Any]:
        stash = self.open()
        return [*Store.read_all(self), stash.keys, lambda: len(stash), stash.prime]


STORES = {
    kind.__name__.lower(): kind
    for kind in (Directory, Synced, Increment, Composite, Encoded, Shelf, Work, Keys)
}
