"""All stores beside each other."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

from .batches import open_sqlite, start_mongo, start_postgres, start_redis
from .files import small_value
from .row import OURS, Case, LeftOut
from .stores import CHAPTER
from .timing import Contender, Measurement, Settings, time_all
from .workspace import new_folder

__all__ = ["CASES"]

_KEYS = tuple(f"entry-{number}" for number in range(50))

_PLACES: dict[str, Any] = {
    OURS: lambda folder, _: f"dir:{folder}/data",
    "lmdb:": lambda folder, _: f"lmdb:{folder}/data",
    "sqlite:": open_sqlite,
    "shelve:": lambda folder, _: f"shelve:{folder}/data",
    "redis:": start_redis,
    "postgresql:": start_postgres,
    "mongodb:": start_mongo,
}


def _measure(call: str, settings: Settings) -> list[Measurement]:
    from zensols.persist import open_stash

    with ExitStack() as stack:
        contenders = []
        for name, place in _PLACES.items():
            folder = stack.enter_context(new_folder())
            try:
                stash: Any = open_stash(place(folder, stack))
            except LeftOut as e:
                print(f"{name} is left out: {e}")
                continue
            stack.callback(stash.close)
            stash.dump_many((key, small_value()) for key in _KEYS)
            scope = {"stash": stash, "keys": _KEYS, "value": small_value()}
            statement = f"for key in keys: {call}"
            contenders.append(Contender(name, statement, scope, len(_KEYS)))
        return time_all(contenders, settings.few_rounds, settings.sample_seconds)


def _case(name: str, title: str, call: str) -> Case:
    return Case(
        name,
        title,
        OURS,
        partial(_measure, call),
        note="All are of ours; zensols.persist stands for a folder, dir:, and the "
        "servers are on the same machine.",
        chapter=CHAPTER,
    )


CASES = (
    _case("glance-load", "load from each store (350 bytes)", "stash.load(key)"),
    _case("glance-dump", "dump to each store (350 bytes)", "stash.dump(key, value)"),
    _case("glance-exists", "ask each store whether a key exists", "stash.exists(key)"),
)
"""What this module measures."""
