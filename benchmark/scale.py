"""Stores of a million keys beside stores of a thousand, and what listing takes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from .files import small_value
from .row import OURS, Bar, Case
from .stores import CHAPTER
from .timing import Contender, Measurement, Settings, interleave, time_all
from .workspace import ROOT, new_folder

__all__ = ["CASES", "fill_store"]

_FEW = 1000
_SMALL = "the same with 1,000 keys"
_LIST = "making a list of them"
_RESIDENT = f"{OURS}, pages of the file"
_WAYS = {OURS: "iterate", _RESIDENT: "resident", _LIST: "list"}


def fill_store(scheme: str, folder: Path, count: int) -> Any:
    """Return a store with many small entries.

    :param scheme: of the store's URL

    :param folder: where to make it

    :param count: how many entries, the name of its file or folder, too

    """
    from zensols.persist import open_stash

    stash: Any = open_stash(f"{scheme}:{folder}/{count}")
    # The same entry for all keys: nothing here looks into them.
    entry = bytes(stash.entry_codec.encode(small_value(), "entry"))
    stash.dump_entries((_key(n), entry) for n in range(count))
    return stash


def _key(number: int) -> str:
    return f"entry-{number:07}"


def _compare(statement: str, scheme: str, settings: Settings) -> list[Measurement]:
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        contenders = []
        for name, count in ((_SMALL, _FEW), (OURS, settings.many)):
            stash = fill_store(scheme, folder, count)
            stack.callback(stash.close)
            # As many of both, in no order, half of which are not there.
            places = (n * 7919 % _FEW for n in range(_FEW))
            keys = [
                _key(place * count // _FEW) + "-absent" * (place % 2)
                for place in places
            ]
            scope = {"keys": keys, "stash": stash, "exists": stash.exists}
            operations = _FEW if "keys" in statement else 1
            contenders.append(Contender(name, statement, scope, operations))
        return time_all(contenders, settings.few_rounds, settings.sample_seconds)


_exists = partial(_compare, "for key in keys: exists(key)")


def _memory(scheme: str, settings: Settings) -> list[Measurement]:
    with new_folder() as folder:
        stash = fill_store(scheme, folder, settings.many)
        url = stash.url.reveal()
        stash.close()
        samplers = {name: partial(_growth, url, way) for name, way in _WAYS.items()}
        return interleave(samplers, min(3, settings.few_rounds))


def _growth(url: str, way: str) -> float:
    command = [sys.executable, "-m", "benchmark.iteration", url, way]
    return float(subprocess.check_output(command, cwd=ROOT, text=True))


def _exists_case(scheme: str, engine: str) -> Case:
    return Case(
        f"{scheme}-exists",
        f"ask whether one of 1,000,000 keys exists in {engine}",
        _SMALL,
        partial(_exists, scheme),
        Bar(2),
        note="1,000 keys in no order, half of which are not there.",
        chapter=CHAPTER,
    )


def _memory_case(scheme: str, engine: str) -> Case:
    return Case(
        f"{scheme}-keys-memory",
        f"memory that iterating 1,000,000 keys of {engine} needs",
        _LIST,
        partial(_memory, scheme),
        Bar(20_000_000, "value"),
        unit="bytes",
        note=(
            "By how much the memory of the process's own grows, in a process of its own. "
            "Beside it, by how much its share of the pages of the file does, which the "
            "system keeps anyway, for all processes, and takes back when it likes."
        ),
        chapter=CHAPTER,
    )


CASES = (
    _exists_case("lmdb", "LMDB"),
    _exists_case("sqlite", "SQLite"),
    Case(
        "lmdb-len",
        "count 1,000,000 keys in LMDB",
        _SMALL,
        partial(_compare, "len(stash)", "lmdb"),
        Bar(2),
        chapter=CHAPTER,
    ),
    _memory_case("lmdb", "LMDB"),
    _memory_case("sqlite", "SQLite"),
)
"""What this module measures."""
