"""The stores that are compared, behind the same few functions."""

from __future__ import annotations

import os
import pickle
import shelve
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zensols.persist import DirectoryStash

from .row import OURS

__all__ = ["RAW", "STORES", "Opener", "Store", "installed", "open_store"]

RAW = "raw file calls"
"""What the bare calls are called in each row."""


@dataclass(frozen=True)
class Store:
    """What a store does with a key."""

    name: str

    dump: Callable[[str, Any], object]

    load: Callable[[str], Any]

    exists: Callable[[str], object] | None = None

    keys: Callable[[], object] | None = None
    """Makes a list of all keys."""

    address: Callable[[str], str] = str
    """Turns a key into what the others take: itself, or a path."""


Opener = Callable[[str, Path, ExitStack], Store]
"""Opens a store by its name, in a folder of its own within the given one, to be
closed by the stack.
"""


@contextmanager
def installed(name: str) -> Iterator[None]:
    """Leave out a peer that is not installed, saying so.

    :param name: the peer

    """
    try:
        yield
    except ModuleNotFoundError as e:
        print(f"{name} is left out: {e}")


def open_store(name: str, folder: Path, stack: ExitStack) -> Store:
    """Open a store.

    :param name: one of :data:`STORES`

    :param folder: where to make the folder for its files

    :param stack: closes it

    :raises ModuleNotFoundError: if it is not installed

    """
    place = folder / name.replace(" ", "-")
    place.mkdir()
    return _OPENERS[name](name, place, stack)


def dump_raw(path: str, value: Any) -> None:
    """Write a pickle, neither signed nor atomically.

    :param path: the file

    :param value: any

    """
    with open(path, "wb") as file:
        file.write(pickle.dumps(value, 5))


def load_raw(path: str) -> Any:
    """Read a pickle.

    :param path: the file

    """
    with open(path, "rb") as file:
        return pickle.loads(file.read())


def _raw(name: str, folder: Path, _stack: ExitStack) -> Store:
    return Store(
        name,
        dump_raw,
        load_raw,
        os.path.exists,
        lambda: os.listdir(folder),
        address=lambda key: f"{folder}/{key}.dat",
    )


def _ours(name: str, folder: Path, _stack: ExitStack) -> Store:
    stash: DirectoryStash[Any] = DirectoryStash(folder)
    return Store(name, stash.dump, stash.load, stash.exists, lambda: list(stash.keys()))


def _joblib(name: str, folder: Path, _stack: ExitStack) -> Store:
    import joblib

    return Store(
        name,
        lambda path, value: joblib.dump(value, path),
        joblib.load,
        address=lambda key: f"{folder}/{key}.dat",
    )


def _mapping(name: str, store: Any, keys: Callable[[], object]) -> Store:
    return Store(name, store.__setitem__, store.__getitem__, store.__contains__, keys)


def _diskcache(name: str, folder: Path, stack: ExitStack) -> Store:
    import diskcache

    cache = stack.enter_context(diskcache.Cache(str(folder)))
    return _mapping(name, cache, lambda: list(cache))


def _zict(name: str, folder: Path, _stack: ExitStack) -> Store:
    import zict

    store: Any = zict.Func(
        lambda value: pickle.dumps(value, 5), pickle.loads, zict.File(folder)
    )
    return _mapping(name, store, lambda: list(store))


def _shelve(name: str, folder: Path, stack: ExitStack) -> Store:
    shelf = shelve.open(str(folder / "shelf"), protocol=5)  # noqa: SIM115  closed by the stack
    stack.callback(shelf.close)
    return _mapping(name, shelf, lambda: list(shelf))


def _sqlitedict(name: str, folder: Path, stack: ExitStack) -> Store:
    import sqlitedict

    table = sqlitedict.SqliteDict(str(folder / "table.sqlite"))
    stack.callback(table.close)

    def dump(key: str, value: Any) -> None:
        table[key] = value
        table.commit()

    return Store(
        name, dump, table.__getitem__, table.__contains__, lambda: list(table.keys())
    )


_OPENERS: dict[str, Opener] = {
    RAW: _raw,
    OURS: _ours,
    "joblib": _joblib,
    "diskcache": _diskcache,
    "zict.File": _zict,
    "shelve": _shelve,
    "sqlitedict": _sqlitedict,
}

STORES = tuple(_OPENERS)
"""The stores: the bare one, ours, and the peers."""
