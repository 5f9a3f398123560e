"""Partitions as texts."""

from __future__ import annotations

__all__ = ["coded", "decoded"]


def coded(partition_key: str | None) -> str:
    """Return what stands for a partition, since None is equal to nothing in SQL.

    >>> coded(None), coded("")
    ('', '=')

    """
    return "" if partition_key is None else "=" + partition_key


def decoded(partition: str) -> str | None:
    """Return the partition that a text stands for.

    >>> decoded(coded("user 1"))
    'user 1'

    """
    return partition[1:] if partition else None
