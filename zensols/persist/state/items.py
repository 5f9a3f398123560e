"""What a mapping holds that is given for a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..error import PersistableError

__all__ = ["check_items", "describe"]

_TEXT: Final = frozenset((str,))


def check_items(state: Mapping[str, Any]) -> None:
    """Refuse what can't be a state.

    :param state: a state or other mapping

    :raises PersistableError: if it is something else, or a name isn't text

    >>> check_items({1: "a"})
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: A state has names for its values, not 1, \
which is an int: use '1'

    """
    if not isinstance(state, Mapping):
        raise PersistableError(f"A state is a mapping, not {describe(state)}")
    if not _TEXT.issuperset(map(type, state)):
        for key in state:
            if not isinstance(key, str):
                raise PersistableError(
                    f"A state has names for its values, not {key!r}, which is "
                    f"{describe(key)}: use {str(key)!r}"
                )


def describe(value: object) -> str:
    """Return the type of a value for errors, with its article.

    :param value: any object

    >>> describe([1]), describe(1), describe(None)
    ('a list', 'an int', 'None')

    """
    if value is None:
        return "None"
    name = type(value).__qualname__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
