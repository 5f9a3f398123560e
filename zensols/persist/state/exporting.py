"""Find what applications have in common, so that it is exported once."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Family"]


class Family:
    """The applications of a family of branches that have been exported.

    For one thread.

    >>> family = Family()
    >>> family.add("chat", [1, 2, 5])
    >>> family.find([1, 2, 7])
    ('chat', 2)

    """

    def __init__(self) -> None:
        self.lost: set[int] = set()
        """The records that could not be exported."""

        self._apps: dict[int, str] = {}
        self._first: dict[str, int] = {}

    def add(self, app_id: str, records: Sequence[int]) -> None:
        """Add an application.

        :param app_id: the application

        :param records: its records, in order

        """
        if not records:
            return
        first = self._first[app_id] = records[0]
        for record in records:
            app = self._apps.get(record)
            if app is None or self._first[app] > first:
                self._apps[record] = app_id

    def find(self, records: Sequence[int]) -> tuple[str | None, int]:
        """Return the application with the most of the records that another one
        begins with, and how many these are.

        :param records: those of the other one, in order

        """
        for count in range(len(records), 0, -1):
            app = self._apps.get(records[count - 1])
            # What has one of them has all before, but for those it was cut by.
            if app is not None and self._first[app] <= records[0]:
                return app, count
        return None, 0
