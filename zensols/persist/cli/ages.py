"""Ages as users write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from .exits import UsageError

__all__ = ["parse_age"]

_UNITS: Final = {
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}


def parse_age(text: str) -> timedelta:
    """Return how long an age is.

    :param text: a number with a unit: s, min, h, d or w

    :raises UsageError: if it is something else, or longer ago than there are dates

    >>> parse_age("90min")
    datetime.timedelta(seconds=5400)

    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.strip(), re.ASCII)
    if match is None or match[2] not in _UNITS:
        raise UsageError(
            f"{text!r} is no age: give a number with one of {', '.join(_UNITS)}"
        )
    try:
        age = timedelta(**{_UNITS[match[2]]: float(match[1])})
        datetime.now(UTC) - age
    except OverflowError as e:
        raise UsageError(f"{text!r} is longer ago than there are dates") from e
    return age
