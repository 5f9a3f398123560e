"""Records in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from ..stash.mongoclient import MongoLink
from .chain import Piece
from .mongodocuments import Ask
from .mongoupkeep import MongoUpkeep
from .record import Branch, Draft, Record, Span
from .records import Refused
from .steps import Steps, drive

__all__ = ["MongoRecords"]

T = TypeVar("T")


class MongoRecords:
    """Keeps records in a collection of a MongoDB database, and branches in another
    one; see :class:`.Records`.

    Safe to use from many threads, processes and machines at once, and across forks.

    """

    def __init__(self, address: str, name: str, timeout: float) -> None:
        """
        :param address: the connection string, with the database in its path

        :param name: the name of the collection, and what that of the other one
                     begins with

        :param timeout: how many seconds each operation may take

        """
        self._arguments = address, name, timeout
        self.link = MongoLink(address, timeout)
        self._steps = MongoUpkeep(name)
        self._is_set_up = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

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

    def _read(self, steps: Steps[T]) -> T:
        self.is_set_up()
        return drive(steps, self)

    def _write(self, steps: Steps[T]) -> T:
        self.set_up()
        return drive(steps, self)

    def is_set_up(self) -> bool:
        if not self._is_set_up:
            self._is_set_up = drive(self._steps.is_set_up(), self)
        return self._is_set_up

    def set_up(self) -> None:
        if not self._is_set_up:
            self._is_set_up = drive(self._steps.set_up(), self)

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        return self._read(self._steps.find(partition_key, app_id, sequence_id))

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        return self._read(self._steps.find_in(spans, sequence_id))

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        return self._read(self._steps.find_branch(partition_key, app_id))

    def find_branches(self, root: int) -> list[Branch]:
        return self._read(self._steps.find_branches(root))

    def find_newest_app(self, partition_key: str | None) -> str | None:
        return self._read(self._steps.find_newest_app(partition_key))

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        return self._read(self._steps.find_pieces(ids))

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        return self._read(self._steps.list_apps(partition_key))

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        return self._read(self._steps.list_records(spans, hidden))

    def add(self, draft: Draft, expected: Any) -> int | Record | Refused:
        return self._write(self._steps.add(draft, expected))

    def fork(
        self, partition_key: str | None, app_id: str, record: Record, floor: int
    ) -> bool:
        return self._write(self._steps.fork(partition_key, app_id, record, floor))

    def set_floor(self, branch: int, floor: int) -> None:
        self._read(self._steps.set_floor(branch, floor))

    def release(self, branch: int) -> None:
        self._read(self._steps.release(branch))

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        self._read(self._steps.discard(records, hidden, branches))

    def close(self) -> None:
        self.link.close()
