"""What came of a backup."""

from __future__ import annotations

from typing import Self

__all__ = ["BackupResult"]


class BackupResult(int):
    """Whether a backup was made: a number that is 1 or 0, so that it is true or
    false, and many can be summed; and which file it is in, or why there is none.

    Immutable.

    >>> results = {
    ...     "users": BackupResult.made("users", "/backups/cache_users_1.json", 3, 250),
    ...     "jobs": BackupResult.failed("jobs", OSError(28, "No space left on device")),
    ... }
    >>> sum(results.values())
    1
    >>> [(name, result.error) for name, result in results.items() if not result]
    [('jobs', '[Errno 28] No space left on device')]

    """

    cache_name: str
    """The cache's name."""

    filepath: str | None
    """The file that was written."""

    item_count: int
    """How many values are in it."""

    size: int
    """How many bytes it has."""

    error: str | None
    """Why there is no backup."""

    exception: Exception | None
    """The same as what was raised."""

    @classmethod
    def made(cls, cache_name: str, filepath: str, item_count: int, size: int) -> Self:
        """Return the result of a backup that was made.

        :param cache_name: the cache's name

        :param filepath: the file

        :param item_count: how many values are in it

        :param size: how many bytes it has

        """
        self = cls(1)
        self.cache_name, self.filepath = cache_name, filepath
        self.item_count, self.size = item_count, size
        self.error = self.exception = None
        return self

    @classmethod
    def failed(cls, cache_name: str, exception: Exception) -> Self:
        """Return the result of a backup that failed.

        :param cache_name: the cache's name

        :param exception: why

        """
        self = cls(0)
        self.cache_name, self.filepath = cache_name, None
        self.item_count = self.size = 0
        self.error = str(exception) or type(exception).__name__
        self.exception = exception
        return self

    def __repr__(self) -> str:
        what = self.error if self.filepath is None else self.filepath
        return f"<{type(self).__name__} {bool(self)}: {self.cache_name!r}: {what}>"
