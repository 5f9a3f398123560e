"""The exceptions of parallel work, all in one place.

::

    PersistableError                anything that goes wrong in zensols.persist
      MultiProcessError             anything that goes wrong in parallel work
        CannotTravelError           (also TypeError) can't be sent to workers
        WorkStoppedError            the work was told to stop
        WorkerDiedError             a worker's process died
        ItemTimeoutError            (also TimeoutError) an item took too long
        UnreachableDelegateError    workers can't write where the stash reads
        ForeignKeyError             workers sign with another key than we do

What an item raises is none of these: it reaches the caller as it was raised.

"""

from __future__ import annotations

from zensols.persist.error import PersistableError

__all__ = [
    "CannotTravelError",
    "ForeignKeyError",
    "ItemTimeoutError",
    "MultiProcessError",
    "UnreachableDelegateError",
    "WorkStoppedError",
    "WorkerDiedError",
]


class MultiProcessError(PersistableError):
    """Raised for anything that parallel work can't do as asked, and in the place
    of an item's exception that can't be sent from a worker.

    """


class CannotTravelError(MultiProcessError, TypeError):
    """Raised, before any work starts, when something can't be sent to workers;
    the text gives the path to what can't, such as ``Words.delegate.lock``.

    """


class WorkerDiedError(MultiProcessError):
    """Raised when an item's worker process died each time that it was tried:
    killed by someone, out of memory, or crashed; the text names the item.

    """


class ItemTimeoutError(MultiProcessError, TimeoutError):
    """Raised in the midst of an item that takes longer than it may."""


class UnreachableDelegateError(MultiProcessError):
    """Raised, before any work starts, when workers on other machines can't write
    to the delegate, such as a folder of this machine.

    """


class ForeignKeyError(MultiProcessError):
    """Raised, before any work starts, when a worker has no signing key or
    another one, since what it wrote would not be trusted here.

    """


class WorkStoppedError(MultiProcessError):
    """Raised where work is waited for that has been told to stop."""
