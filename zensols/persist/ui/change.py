"""Where two values differ, as short lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from ..stash.wording import escape
from ..state.diff import Difference
from .tree import short

__all__ = ["Change", "changes_of"]

_SIGNS: Final = {"added": "+", "removed": "−", "changed": "~"}


@dataclass(frozen=True)
class Change:
    """One place where two values differ.

    >>> print(Change("added", "messages[2]: “hello”"))
    + messages[2]: “hello”

    """

    kind: Literal["added", "removed", "changed"]
    """What happened to it."""

    text: str
    """Where it is, what was there, and what is; printable."""

    def __str__(self) -> str:
        return f"{_SIGNS[self.kind]} {self.text}"


def changes_of(differences: Iterable[Difference]) -> list[Change]:
    """Return differences as short lines.

    :param differences: the differences

    >>> from zensols.persist.state.diff import find_differences
    >>> for change in changes_of(find_differences({"n": 1}, {"n": 2, "a": [1, 2]})):
    ...     print(change)
    ~ n: 1 → 2
    + a: [1, 2]

    """
    return [Change(d.kind, _text(d)) for d in differences]


def _text(difference: Difference) -> str:
    path = escape(difference.path)
    if difference.kind == "added":
        return f"{path}: {short(difference.after)}"
    if difference.kind == "removed":
        return f"{path}: {short(difference.before)}"
    return f"{path}: {short(difference.before)} → {short(difference.after)}"
