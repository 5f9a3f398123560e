"""How far a stash can be shared."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Reach"]


class Reach(IntEnum):
    """From where a pickled copy of a stash reads and writes the same items, and may
    be killed while it does (see :attr:`.Stash.reach`).  The farther one is greater.

    >>> from zensols.persist import DictionaryStash
    >>> DictionaryStash().reach
    <Reach.PROCESS: 1>
    >>> min(Reach.MACHINE, Reach.NETWORK).name
    'MACHINE'

    """

    PROCESS = 1
    """From this process only: a copy elsewhere has items of its own, or isn't safe
    to use.
    """

    MACHINE = 2
    """From all processes of this machine."""

    NETWORK = 3
    """From other machines, too, given that they reach the same server."""
