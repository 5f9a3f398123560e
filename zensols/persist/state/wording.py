"""How applications and states are called in messages."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["name_of", "numbers_of"]


def name_of(partition_key: str | None, app_id: str) -> str:
    """Return what to call an application.

    >>> name_of("user 1", "chat")
    "application 'chat' in partition 'user 1'"

    """
    where = "" if partition_key is None else f" in partition {partition_key!r}"
    return f"application {app_id!r}{where}"


def numbers_of(numbers: Iterable[int]) -> str:
    """Return what to call states, those that follow each other as a range.

    >>> numbers_of([3, 1, 2, 7])
    'states 1 to 3, 7'

    """
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [str(a) if a == b else f"{a} to {b}" for a, b in ranges]
    return "states " + ", ".join(texts) if texts else "no states"
