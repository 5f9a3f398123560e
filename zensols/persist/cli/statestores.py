"""The persisters that URLs name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..domain import StashURL
from ..error import PersistableError
from .exits import UsageError, complain

if TYPE_CHECKING:
    from ..state.persister import Persister

__all__ = ["open_existing_states", "open_states"]


def open_states(url: str) -> Persister:
    """Return the persister of a URL that a user gave.

    :param url: the URL

    :raises UsageError: if it is wrong, or a package is missing for it

    >>> open_states("memory:").list_app_ids(None)
    []

    """
    from ..state.opening import open_persister

    try:
        return open_persister(url)
    except PersistableError as e:
        raise UsageError(str(e)) from e


def open_existing_states(url: str) -> Persister:
    """Return the persister of a URL that a user gave to read from, and say so if
    there are no states.

    :param url: the URL

    :raises UsageError: if it is wrong, or a package is missing for it

    :raises StoreUnavailableError: if the database can't be reached

    """
    persister = open_states(url)
    if not persister.is_initialized():
        place = StashURL.parse(url)
        is_file = not place.location.startswith("//")
        complain(f"There is nothing at {place.location if is_file else place} yet")
    return persister
