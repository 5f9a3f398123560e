"""What differs between two states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..missing import MISSING

__all__ = ["Difference", "find_differences"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two states differ.

    >>> print(Difference("added", "messages[2]", None, "hello"))
    + messages[2]: 'hello'

    """

    kind: Literal["added", "removed", "changed"]
    """What happened to it."""

    path: str
    """Where it is, such as ``messages[2].text``."""

    before: Any
    """What it was, None if it was added."""

    after: Any
    """What it is, None if it was removed."""

    def __str__(self) -> str:
        if self.kind == "added":
            return f"+ {self.path}: {self.after!r}"
        if self.kind == "removed":
            return f"- {self.path}: {self.before!r}"
        return f"~ {self.path}: {self.before!r} → {self.after!r}"


def find_differences(before: Any, after: Any) -> list[Difference]:
    """Return what differs between two states, in the order of the paths in the first.

    :param before: the one

    :param after: the other

    >>> for difference in find_differences({"n": 1, "a": [1]}, {"n": 2, "a": [1, 2]}):
    ...     print(difference)
    ~ n: 1 → 2
    + a[1]: 2

    """
    return list(_walk("", before, after))


def _walk(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            name = _join(path, key)
            yield from _step(name, before.get(key, MISSING), after.get(key, MISSING))
    elif _is_list(before) and type(before) is type(after):
        for index in range(max(len(before), len(after))):
            yield from _step(
                f"{path}[{index}]",
                before[index] if index < len(before) else MISSING,
                after[index] if index < len(after) else MISSING,
            )
    elif type(before) is not type(after) or not _equal(before, after):
        yield Difference("changed", path, before, after)


def _step(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before is MISSING:
        yield Difference("added", path, None, after)
    elif after is MISSING:
        yield Difference("removed", path, before, None)
    else:
        yield from _walk(path, before, after)


def _join(path: str, key: Any) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _equal(one: Any, other: Any) -> bool:
    if hasattr(one, "shape"):
        # Arrays compare each element, and only those of one shape.
        return (
            one.shape == other.shape
            and one.dtype == other.dtype
            and bool((one == other).all())
        )
    return bool(one == other)
