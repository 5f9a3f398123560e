"""The exceptions of the package, all in one place.

::

    APIError                        zensols.util's where it is installed
      PersistableError              anything that goes wrong in this package
        MissingDataKeysError        a composite lacks grouped attributes
        UntrustedDataError          forged, foreign or unsigned: not unpickled
          AlteredDataError          (both) bytes differ from what was signed
        CorruptDataError            truncated or damaged
          AlteredDataError
        ClassNotFoundError          a stored value's class can't be imported
        LockTimeoutError            (also TimeoutError) another owner kept a lock
        StoreUnavailableError       a server can't be reached, or refuses us

"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

__all__ = [
    "APIError",
    "AlteredDataError",
    "ClassNotFoundError",
    "CorruptDataError",
    "Failure",
    "LockTimeoutError",
    "MissingDataKeysError",
    "PersistableError",
    "StoreUnavailableError",
    "UntrustedDataError",
]


class _APIError(Exception):
    """The root of the errors of zensols packages."""


class _Failure:
    """An exception kept as a value, such as the item that a failed computation
    left in a stash.

    >>> from zensols.persist.error import Failure
    >>> failure = Failure(ValueError("no such token"), message="item 12")
    >>> str(failure)
    'item 12: no such token'

    """

    def __init__(
        self,
        exception: Exception,
        thrower: object | None = None,
        traceback: str | None = None,
        message: str | None = None,
    ) -> None:
        """
        :param exception: what was raised

        :param thrower: the object in which it was raised

        :param traceback: the formatted traceback, by default that of the
                          exception, since traceback objects can't be stored

        :param message: what was attempted

        """
        self.exception = exception
        self.thrower = thrower
        if traceback is None:
            from traceback import format_exception

            traceback = "".join(format_exception(exception))
        self.traceback = traceback
        self.message = message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.exception!r}, message={self.message!r})"

    def rethrow(self) -> None:
        """Raise the exception again.

        :raises Exception: :attr:`exception`

        """
        raise self.exception

    def __str__(self) -> str:
        if self.message is None:
            return str(self.exception)
        return f"{self.message}: {self.exception}"


if TYPE_CHECKING:
    APIError = _APIError
    Failure = _Failure
else:
    try:
        from zensols.util import APIError, Failure
    except ImportError:
        # Named as clients import them, so that pickles and messages don't show
        # that these are stand-ins.
        APIError, Failure = _APIError, _Failure
        for _class, _name in ((APIError, "APIError"), (Failure, "Failure")):
            _class.__name__ = _class.__qualname__ = _name


class PersistableError(APIError):
    """Raised for anything that this package can't do as asked.

    >>> from zensols.persist.error import PersistableError
    >>> try:
    ...     raise PersistableError("No such folder: 'data'")
    ... except PersistableError as e:
    ...     print(e)
    No such folder: 'data'

    """


class MissingDataKeysError(PersistableError):
    """Raised when an item to store in a composite lacks grouped attributes."""

    def __init__(self, keys: Iterable[str]) -> None:
        """
        :param keys: the names that the item lacks, also found in :attr:`keys`

        """
        super().__init__(f"Missing data keys: {keys}")
        self.keys = keys

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.keys,)


class UntrustedDataError(PersistableError):
    """Raised for data that is not ours: unsigned, signed with another key, or
    found under another key than the one it was written for.  It has not been
    unpickled, since that could run code.

    """


class CorruptDataError(PersistableError):
    """Raised for data that is ours but truncated or damaged."""


class AlteredDataError(CorruptDataError, UntrustedDataError):
    """Raised when data differs from what was signed.  An accident (a flipped
    bit) and an attack (tampering) look the same, hence both its bases.

    """


class ClassNotFoundError(PersistableError):
    """Raised when the class of a stored value can't be imported any more."""


class LockTimeoutError(PersistableError, TimeoutError):
    """Raised when a lock could not be had in the time given."""


class StoreUnavailableError(PersistableError):
    """Raised when a store's server can't be reached in the time given, or refuses
    the connection; what was not acknowledged may or may not have been stored.

    """
