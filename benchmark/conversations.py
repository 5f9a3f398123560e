"""A conversation that is saved after each message, its size, and its steps."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from .burrs import BURR, CHAPTER, KEEPERS, Keeper, open_sqlite
from .peers import installed
from .row import OURS, Bar, Case
from .states import messages
from .timing import Contender, Measurement, Settings, interleave, time_all
from .workspace import new_folder

__all__ = ["CASES", "WHOLE", "find_worst"]

_PLACE: Final = ("user 1", "chat")
_LAST: Final = "the last state as JSON"
WHOLE: Final = "bare sqlite3, states stored whole"
"""What the baseline of loading steps is called."""

_MOST_ROUNDS: Final = 5
_TRIES: Final = 5

Load = Callable[[int], Any]
"""Loads the state after a step."""


def _talk(name: str, count: int, folder: Path) -> tuple[Keeper, float]:
    """Save a conversation, and return the persister and the seconds it took."""
    keeper = open_sqlite(name, folder)
    said = messages(0, count)
    states = [keeper.state({"messages": said[: n + 1]}) for n in range(count)]
    save = keeper.persister.save
    start = time.perf_counter()
    for number, state in enumerate(states):
        save(*_PLACE, number, "talk", state, "completed")
    return keeper, time.perf_counter() - start


def _seconds(name: str, count: int) -> float:
    with new_folder(on_disk=True) as folder:
        keeper, taken = _talk(name, count, folder)
        keeper.close()
    return taken / count


def _bytes(name: str, count: int) -> float:
    with new_folder() as folder:
        keeper, _ = _talk(name, count, folder)
        keeper.close()
        return sum(file.stat().st_size for file in folder.iterdir())


def _last(count: int) -> float:
    return len(json.dumps({"messages": messages(0, count)}, separators=(",", ":")))


def _compare(
    sample: Callable[[str, int], float], rounds: int, settings: Settings
) -> list[Measurement]:
    samplers: dict[str, Callable[[], float]] = {}
    if sample is _bytes:
        samplers[_LAST] = partial(_last, settings.messages)
    for name in KEEPERS:
        with installed(name):
            sample(name, 1)
            samplers[name] = partial(sample, name, settings.messages)
    return interleave(samplers, min(rounds, settings.few_rounds))


def _loaders(settings: Settings, stack: ExitStack) -> dict[str, Load]:
    """Return what loads the steps of a conversation that is stored whole, and of
    one that is stored by us.

    """
    from msgspec import json as quick

    folder = stack.enter_context(new_folder())
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    stack.callback(bare.close)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute(
        "CREATE TABLE states (app TEXT, step INTEGER, data BLOB, "
        "PRIMARY KEY (app, step))"
    )
    said = messages(0, settings.messages)
    bare.executemany(
        "INSERT INTO states VALUES (?, ?, ?)",
        (
            (_PLACE[1], n, quick.encode({"messages": said[: n + 1]}))
            for n in range(settings.messages)
        ),
    )

    def load_bare(number: int) -> Any:
        rows = bare.execute(
            "SELECT data FROM states WHERE app = ? AND step = ?", (_PLACE[1], number)
        )
        return quick.decode(rows.fetchone()[0])

    keeper, _ = _talk(OURS, settings.messages, folder)
    stack.callback(keeper.close)
    return {WHOLE: load_bare, OURS: partial(keeper.persister.load, *_PLACE)}


def _load_all(settings: Settings) -> list[Measurement]:
    steps = range(settings.messages)
    with ExitStack() as stack:
        contenders = [
            Contender(
                name,
                "for step in steps: load(step)",
                {"load": load, "steps": steps},
                len(steps),
            )
            for name, load in _loaders(settings, stack).items()
        ]
        return time_all(contenders, settings.few_rounds, settings.sample_seconds)


def _load_worst(settings: Settings) -> list[Measurement]:
    with ExitStack() as stack:
        loaders = _loaders(settings, stack)
        worst = find_worst(loaders, settings.messages)
        contenders = [
            Contender(name, "load(step)", {"load": load, "step": worst})
            for name, load in loaders.items()
        ]
        return time_all(contenders, settings.rounds, settings.sample_seconds)


def find_worst(loaders: dict[str, Load], count: int) -> int:
    """Return the step that takes the most times what it takes if stored whole.

    :param loaders: ours and :data:`WHOLE`

    :param count: how many steps there are

    """
    quickest = {name: [float("inf")] * count for name in loaders}
    for _ in range(_TRIES):
        for step in range(count):
            for name, load in loaders.items():
                start = time.perf_counter()
                load(step)
                taken = time.perf_counter() - start
                quickest[name][step] = min(quickest[name][step], taken)
    return max(range(count), key=lambda n: quickest[OURS][n] / quickest[WHOLE][n])


_TALK = "a conversation of 1,000 messages that is saved after each"
_STOREDWHOLE = "The baseline selects the state by its number and decodes its JSON."

CASES = (
    Case(
        "conversation-save",
        f"save {_TALK}, in SQLite",
        BURR,
        partial(_compare, _seconds, _MOST_ROUNDS),
        Bar(1 / 10),
        note=(
            "A figure is that of one save.  Ours survive the death of the process.  On "
            "the disk of temporary files."
        ),
        chapter=CHAPTER,
    ),
    Case(
        "conversation-size",
        f"size of {_TALK}, in SQLite",
        _LAST,
        # It is the same each time.
        partial(_compare, _bytes, 2),
        Bar(12),
        unit="bytes",
        note="The whole file, once it is closed.",
        chapter=CHAPTER,
    ),
    Case(
        "conversation-load",
        f"load each state of {_TALK}",
        WHOLE,
        _load_all,
        Bar(2),
        note=f"{_STOREDWHOLE}  A figure is the mean of all states.",
        chapter=CHAPTER,
    ),
    Case(
        "conversation-load-worst",
        f"load the worst state of {_TALK}",
        WHOLE,
        _load_worst,
        Bar(5),
        note=(
            f"{_STOREDWHOLE}  That for which ours take the most times as long, found "
            f"before by {_TRIES} tries of each."
        ),
        chapter=CHAPTER,
    ),
)
"""What this module measures."""
