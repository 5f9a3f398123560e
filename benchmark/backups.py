"""Backups of caches: how long they take, and what they cost who writes meanwhile."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from zensols.persist.backup import CacheStore, PersistenceHandler

from .row import OURS, Bar, Case
from .timing import Measurement, Settings, interleave
from .workspace import new_folder

__all__ = ["CASES", "CHAPTER", "user"]

CHAPTER: Final = "Backups"
"""Under what heading they stand in the documentation."""

_JSON: Final = "json.dump, indented"
_ALONE: Final = "no backup"
_CACHES: Final = 100
_STEP: Final = 100
_SECONDS: Final = 0.5


def user(number: int) -> dict[str, Any]:
    """Return what is known of a user, an entry of about 120 bytes of JSON.

    :param number: the user's

    >>> user(7)["name"]
    'user 7'

    """
    return {
        "id": number,
        "name": f"user {number}",
        "email": f"user{number}@example.com",
        "score": number / 7,
        "active": number % 3 > 0,
        "groups": ["readers", "writers"],
    }


def _store(settings: Settings) -> CacheStore:
    store = CacheStore()
    for number in range(_CACHES):
        cache = store.create_cache(f"cache{number}")
        for entry in range(settings.copied // _CACHES):
            cache[f"user:{entry}"] = user(entry)
    return store


@contextmanager
def _contenders(settings: Settings) -> Iterator[tuple[CacheStore, dict[str, Any]]]:
    """Yield the caches, and what backs all of them up once."""
    store = _store(settings)
    with new_folder() as folder:
        handler = PersistenceHandler(folder / "ours", 0, store)

        def back_up() -> None:
            results = handler.backup_all()
            if not all(results.values()):
                raise RuntimeError(f"No backup: {results}")

        def dump() -> None:
            _dump(store, folder / "json")

        yield store, {_JSON: dump, OURS: back_up}


def _dump(store: CacheStore, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in store.list_caches():
        with (folder / f"{name}.json").open("w", encoding="utf-8") as file:
            json.dump({"data": dict(store[name].items())}, file, indent=2)


def _measure_time(settings: Settings) -> list[Measurement]:
    with _contenders(settings) as (_, contenders):
        return interleave(
            {name: partial(_seconds, do) for name, do in contenders.items()},
            settings.few_rounds,
        )


def _seconds(do: Callable[[], None]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _measure_writers(settings: Settings) -> list[Measurement]:
    seconds = min(_SECONDS, 25 * settings.sample_seconds)
    with _contenders(settings) as (store, contenders), _Writer(store) as writer:
        samplers = {
            _ALONE: partial(writer.seconds_beside, partial(time.sleep, seconds))
        }
        for name, do in contenders.items():
            samplers[name] = partial(writer.seconds_beside, do)
        # Beside a thread that never waits, the standard library's takes many seconds.
        return interleave(samplers, max(2, settings.few_rounds // 2))


class _Writer:
    """Writes to one cache as fast as it can, in a thread."""

    def __init__(self, store: CacheStore) -> None:
        self._cache = store[store.list_caches()[0]]
        self._keys = list(self._cache.keys())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._written = 0

    def _write(self) -> None:
        dump, keys, value = self._cache.dump, self._keys, user(0)
        while not self._stop.is_set():
            for number in range(_STEP):
                dump(keys[number % len(keys)], value)
            self._written += _STEP

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def seconds_beside(self, do: Callable[[], None]) -> float:
        """Return how long one value takes while something else is done."""
        before, start = self._written, time.perf_counter()
        do()
        return (time.perf_counter() - start) / max(1, self._written - before)


CASES = (
    Case(
        "backup-all",
        "back up 100 caches of 1,000 values",
        _JSON,
        _measure_time,
        Bar(1 / 3),
        note=(
            "Each cache is a file of its own.  Ours is as readable, can be told from a "
            "damaged one, replaces nothing and gives types back that JSON hasn't."
        ),
        chapter=CHAPTER,
    ),
    Case(
        "backup-writers",
        "write a value to a cache while all caches are backed up",
        _ALONE,
        _measure_writers,
        Bar(1.25),
        note=(
            "A thread writes as fast as it can while another one backs all caches up "
            "again.  It has to keep 80 % of its rate, which is 1.25 times as long."
        ),
        chapter=CHAPTER,
    ),
)
"""What this module measures."""
