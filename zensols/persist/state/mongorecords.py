"""Records in MongoDB."""

from __future__ import annotations

from typing import Any

from ..stash.mongoclient import MongoLink
from .mongodocuments import Ask
from .mongoupkeep import MongoUpkeep
from .plannedrecords import PlannedRecords
from .steps import Steps, drive

__all__ = ["MongoRecords"]


class MongoRecords(PlannedRecords):
    """Keeps records in a collection of a MongoDB database, and branches in another
    one; has the methods of :class:`.Records`.

    Safe to use from many threads, processes and machines at once, and across forks.

    """

    def __init__(self, address: str, name: str, timeout: float) -> None:
        """
        :param address: the connection string, with the database in its path

        :param name: the name of the collection, and what that of the other one
                     begins with

        :param timeout: how many seconds each operation may take

        """
        super().__init__(MongoUpkeep(name), address, name, timeout)
        self.link = MongoLink(address, timeout)

    def ask(self, ask: Ask) -> Any:
        """Return what the server answers, None if it has such a document already."""
        from pymongo.errors import AutoReconnect, DuplicateKeyError

        def use() -> Any:
            method = getattr(self.link.collection(ask.collection), ask.method)
            found = method(*ask.arguments, **ask.options)
            return list(found) if ask.method == "find" else found

        with self.link.errors():
            try:
                try:
                    return use()
                except AutoReconnect as e:
                    # The rest of its kind has waited for the server already.
                    if ask.once or type(e) is not AutoReconnect:
                        raise
                    return use()
            except DuplicateKeyError:
                return None

    def carry_out(self, plan: Steps[Any]) -> Any:
        """Return what comes of steps."""
        return drive(plan, self)

    def close(self) -> None:
        """Free what it holds."""
        self.link.close()
