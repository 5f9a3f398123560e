"""States in SQLite: saving and loading, beside Burr's own persister."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from .burrs import BURR, CHAPTER, KEEPERS, Keeper, open_sqlite
from .peers import installed
from .row import Bar, Case
from .timing import Contender, Measurement, Settings, time_all
from .workspace import new_folder

__all__ = ["CASES", "messages", "some_states"]

_MESSAGES: Final = 10
_LETTERS: Final = 120
_STATES: Final = 50
_STEPS: Final = 200
_PLACE: Final = ("user 1", "chat")


def messages(first: int, count: int) -> list[dict[str, str]]:
    """Return messages of a conversation, of 120 characters each.

    :param first: the number of the first

    :param count: how many

    >>> [message] = messages(7, 1)
    >>> message["role"], message["content"][:11], len(message["content"])
    ('assistant', 'message 7: ', 120)

    """
    return [
        {
            "role": "assistant" if n % 2 else "user",
            "content": f"message {n}: {'blah ' * _LETTERS}"[:_LETTERS],
        }
        for n in range(first, first + count)
    ]


def some_states(keeper: Keeper) -> list[Any]:
    """Return states with ten messages each, all of them different.

    :param keeper: takes them

    """
    return [keeper.state({"messages": messages(n, _MESSAGES)}) for n in range(_STATES)]


def _measure(
    contend: Callable[[Keeper], Contender],
    settings: Settings,
    durability: str = "process",
    on_disk: bool = False,
) -> list[Measurement]:
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder(on_disk))
        contenders = []
        for name in KEEPERS:
            with installed(name):
                keeper = open_sqlite(name, folder, durability)
                stack.callback(keeper.close)
                contenders.append(contend(keeper))
        return time_all(contenders, settings.rounds, settings.sample_seconds)


def _save(keeper: Keeper) -> Contender:
    scope = {
        "save": partial(keeper.persister.save, *_PLACE),
        "numbers": itertools.count(),
        "states": itertools.cycle(some_states(keeper)),
    }
    statement = "save(next(numbers), 'ask', next(states), 'completed')"
    return Contender(keeper.name, statement, scope)


def _fill(keeper: Keeper) -> None:
    states = itertools.cycle(some_states(keeper))
    for number, state in zip(range(_STEPS), states, strict=False):
        keeper.persister.save(*_PLACE, number, "ask", state, "completed")


def _load_latest(keeper: Keeper) -> Contender:
    _fill(keeper)
    scope = {"load": keeper.persister.load, "place": _PLACE}
    return Contender(keeper.name, "load(*place)", scope)


def _load_by_number(keeper: Keeper) -> Contender:
    _fill(keeper)
    numbers = itertools.cycle(n * 7 % _STEPS for n in range(_STEPS))
    scope = {"load": keeper.persister.load, "place": _PLACE, "numbers": numbers}
    return Contender(keeper.name, "load(*place, next(numbers))", scope)


_WHAT = "a state of 10 messages"
_NEW = "Another state, and a new sequence number, each time."
_DISK = (
    "On the disk of temporary files: what a save that waits for the disk costs is what "
    "is compared."
)
_LOADED = f"Of {_STEPS} states of one application."

CASES = (
    Case(
        "state-save",
        f"save {_WHAT} in SQLite",
        BURR,
        partial(_measure, _save, on_disk=True),
        Bar(1 / 10),
        note=f"{_NEW}  Ours survive the death of the process.  {_DISK}",
        chapter=CHAPTER,
    ),
    Case(
        "state-save-fsync",
        f"save {_WHAT} in SQLite, safe against power loss",
        BURR,
        partial(_measure, _save, durability="fsync", on_disk=True),
        Bar(1 / 2),
        note=f"{_NEW}  {_DISK}",
        chapter=CHAPTER,
    ),
    Case(
        "state-save-memory",
        f"save {_WHAT} in SQLite, on a memory file system",
        BURR,
        partial(_measure, _save),
        note=f"{_NEW}  There is no disk to wait for.",
        chapter=CHAPTER,
    ),
    Case(
        "state-load",
        f"load {_WHAT} from SQLite, the latest",
        BURR,
        partial(_measure, _load_latest),
        Bar(1),
        note=_LOADED,
        chapter=CHAPTER,
    ),
    Case(
        "state-load-step",
        f"load {_WHAT} from SQLite, by its number",
        BURR,
        partial(_measure, _load_by_number),
        Bar(4),
        note=_LOADED,
        chapter=CHAPTER,
    ),
)
"""What this module measures."""
