"""The keys under which a stash has the states of applications."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from .partitions import coded

__all__ = [
    "ABOUT",
    "APPS",
    "app_key",
    "branch_key",
    "family_key",
    "full",
    "local_of",
    "nth",
    "number_of",
    "owner_of",
    "page_key",
    "partition_key_of",
    "record_key",
    "root_of",
]

ABOUT: Final = "states"
"""The key of what tells which layout the states have."""

APPS: Final = "states.app."
"""What the keys of applications begin with."""

_LOCAL: Final = 64
"""The bits of an identifier that tell it from others of its family."""

_OWNER: Final = 24
"""The bits of these that tell the branch of a record."""


def full(root: int, local: int) -> int:
    """Return what identifies a record or a branch everywhere.  Later records of an
    application, and of those that it was forked off, have higher numbers.

    :param root: the number of the family

    :param local: what identifies it in its family

    >>> root_of(full(7, 5)), local_of(full(7, 5))
    (7, 5)

    """
    return root << _LOCAL | local


def root_of(id_: int) -> int:
    """Return the number of the family of a record or a branch."""
    return id_ >> _LOCAL


def local_of(id_: int) -> int:
    """Return what identifies a record or a branch in its family."""
    return id_ & ((1 << _LOCAL) - 1)


def owner_of(local: int) -> int:
    """Return the number of the branch that a record was added to.

    :param local: what identifies the record in its family

    """
    return local & ((1 << _OWNER) - 1)


def nth(number: int, owner: int) -> int:
    """Return what identifies a record in its family.

    :param number: which one of its branch, and those that this was forked off, it is

    :param owner: the number of the branch that it is added to

    >>> owner_of(nth(9, 3)), number_of(nth(9, 3))
    (3, 9)

    """
    return number << _OWNER | owner


def number_of(local: int) -> int:
    """Return which one of its branch, and those that this was forked off, a record
    is.

    :param local: what identifies the record in its family

    """
    return local >> _OWNER


def app_key(partition_key: str | None, app_id: str) -> str:
    """Return the key of what tells where an application is."""
    return APPS + _digest(partition_key, app_id)


def partition_key_of(partition_key: str | None) -> str:
    """Return the key of what lists the applications of a partition."""
    return f"states.partition.{_digest(partition_key)}"


def family_key(root: int) -> str:
    """Return the key of what lists the branches of a family."""
    return f"states.family.{root:x}"


def branch_key(root: int, number: int) -> str:
    """Return the key of a branch, which lists its records."""
    return f"states.branch.{root:x}.{number:x}"


def page_key(key: str, page: int) -> str:
    """Return the key of a page of a list.

    :param key: the list's

    :param page: the number of the page

    """
    return f"{key}.{page:x}"


def record_key(root: int, local: int) -> str:
    """Return the key of what is stored of a state."""
    return f"states.record.{root:x}.{owner_of(local):x}.{number_of(local):x}"


def _digest(partition_key: str | None, *app_id: str) -> str:
    # Any text is as good as another in a digest, whatever a stash takes for keys.
    partition = coded(partition_key)
    text = "".join([str(len(partition)), ":", partition, *app_id])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
