"""Small values at rest: writing, reading, asking for and listing them."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from .peers import RAW, STORES, Opener, Store, installed, open_store
from .row import Bar, Case
from .timing import Contender, Measurement, Settings, time_all
from .workspace import new_folder

__all__ = ["CASES", "dump_each", "load_each", "measure_stores", "small_value"]

_PICKLE_BYTES = 350
_KEYS = tuple(f"entry-{n}" for n in range(100))


def small_value() -> dict[str, Any]:
    """Return a value of mixed types whose pickle has 350 bytes.

    >>> len(pickle.dumps(small_value(), 5))
    350

    """
    value = {
        "id": 123_456,
        "score": 0.75,
        "labels": ["noun", "verb", "adjective"],
        "span": (17, 42),
        "valid": True,
        "text": "",
    }
    value["text"] = "x" * (_PICKLE_BYTES - len(pickle.dumps(value, 5)))
    return value


def measure_stores(
    contend: Callable[[Store], Contender | None],
    settings: Settings,
    names: Sequence[str] = STORES,
    open_named: Opener = open_store,
) -> list[Measurement]:
    """Time the same with several stores.

    :param contend: makes the contender of a store, or None if it can't

    :param settings: how much to measure

    :param names: of the stores

    :param open_named: opens one

    """
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        contenders = []
        for name in names:
            with installed(name):
                contender = contend(open_named(name, folder, stack))
                if contender is not None:
                    contenders.append(contender)
        return time_all(contenders, settings.rounds, settings.sample_seconds)


def _fill(store: Store, keys: tuple[str, ...]) -> list[str]:
    value = small_value()
    addresses = [store.address(key) for key in keys]
    for address in addresses:
        store.dump(address, value)
    return addresses


def _each(store: Store, call: str, function: object, first: str = "") -> Contender:
    scope = {"keys": _fill(store, _KEYS), "value": small_value(), "do": function}
    statement = f"{first}\nfor key in keys: {call}"
    return Contender(store.name, statement, scope, len(_KEYS))


def dump_each(store: Store) -> Contender:
    """Return the contender that replaces the values of some keys.

    :param store: where

    """
    # SQLite writes nothing where a value is the same as before.
    return _each(store, "do(key, value)", store.dump, "value['id'] += 1")


def _dump_new(store: Store) -> Contender:
    numbers = itertools.count()
    scope = {
        "address": lambda: store.address(f"entry-{next(numbers)}"),
        "value": small_value(),
        "dump": store.dump,
    }
    return Contender(store.name, "dump(address(), value)", scope)


def load_each(store: Store) -> Contender:
    """Return the contender that loads the values of some keys.

    :param store: where

    """
    return _each(store, "do(key)", store.load)


def _exists(store: Store) -> Contender | None:
    return None if store.exists is None else _each(store, "do(key)", store.exists)


def _keys(settings: Settings, store: Store) -> Contender | None:
    if store.keys is None:
        return None
    _fill(store, tuple(f"entry-{n}" for n in range(settings.entries)))
    return Contender(store.name, "keys()", {"keys": store.keys})


CASES = (
    Case(
        "dump",
        "dump a value (350 bytes)",
        RAW,
        partial(measure_stores, dump_each),
        Bar(1.5),
        note=(
            "The baseline opens, pickles and writes, neither signed nor atomically; "
            "all replace the values of 100 keys, whose pickles have 350 "
            "bytes.  sqlitedict commits each value."
        ),
    ),
    Case(
        "dump-new",
        "dump a value under a new key",
        RAW,
        partial(measure_stores, _dump_new),
    ),
    Case(
        "load",
        "load a value (350 bytes)",
        RAW,
        partial(measure_stores, load_each),
        Bar(1.5),
        note="The baseline opens, reads and unpickles.",
    ),
    Case(
        "exists",
        "ask whether a key exists",
        RAW,
        partial(measure_stores, _exists),
        Bar(1.75),
        note="The baseline is os.path.exists.  zict and dbm.dumb keep their keys in memory.",
    ),
    Case(
        "keys",
        "list a folder of 10,000",
        RAW,
        lambda settings: measure_stores(partial(_keys, settings), settings),
        Bar(4),
        note="The baseline is os.listdir.  zict and dbm.dumb keep their keys in memory.",
    ),
)
"""What this module measures."""
