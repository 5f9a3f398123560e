"""States of applications for tests of what shows or moves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zensols.persist.state import ALL, Persister

HOSTILE = (
    "a\tb",
    "line\nbreak",
    "\x1b[31mred\x07",
    "<script>alert(1)</script>",
    "-",
    "\\t",
    "é\u202e\x85",
)
"""Names that an output must not take for anything else."""


@dataclass
class Message:
    """What a program's states have, and the command knows nothing of."""

    text: str


def tell(persister: Persister) -> None:
    """Save states of several partitions, with a fork, a step that failed, gaps, two
    positions of a step, and values that JSON has no form for.
    """
    messages: list[Message] = []
    for number in (1, 2, 5):
        messages = [*messages, Message("bla " * 1000)]
        state = {"messages": messages, "size": (number, 4)}
        persister.save("user 1", "chat", number, "ask", state, "completed")
    persister.save("user 1", "chat", 5, "listen", {"n": 5}, "completed")
    persister.fork("user 1", "chat", 2, "other chat")
    persister.save("user 1", "other chat", 3, "ask", {"n": 3}, "failed")
    persister.save("user 1", "other chat", 3, "ask", {"n": 4}, "completed")
    persister.save(None, "chat", 1, "ask", {"in": None}, "completed")
    persister.save("", "chat", 1, "ask", {"in": ""}, "completed")


def told(persister: Persister) -> list[Any]:
    """All there is, the application saved last first."""
    exchange = persister.exchange()
    return [
        (*app, list(exchange.export(app[0], app[1]))) for app in exchange.list_apps(ALL)
    ]
