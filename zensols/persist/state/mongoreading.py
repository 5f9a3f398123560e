"""What persisters ask a MongoDB server when they load and list, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..error import PersistableError
from .chain import Piece
from .mongodocuments import (
    Ask,
    Document,
    asked,
    branch_of,
    record_of,
    spans_filter,
)
from .partitions import coded, decoded
from .record import Branch, Record, Span
from .records import ALL
from .steps import Steps

__all__ = ["ABOUT", "VERSION", "MongoReading"]

VERSION: Final = 1
"""That of the documents."""

_NEWEST: Final = [("_id", -1)]
ABOUT: Final = {"_id": "about"}
"""The document with the layout, and the last identifier of a record or branch."""


class MongoReading:
    """Has those methods of :class:`.Records` that read, as steps that yield what to ask of which
    collection.

    Immutable.

    >>> steps = MongoReading("states").find_branch("user 1", "chat")
    >>> next(steps)[1].collection
    'states_branches'

    """

    def __init__(self, name: str) -> None:
        """
        :param name: that of the collection of records

        """
        self._records = name
        self._branches = f"{name}_branches"

    def is_set_up(self) -> Steps[bool]:
        about = yield asked(self._branches, "find_one", ABOUT)
        if about is not None and about["version"] > VERSION:
            raise PersistableError(
                f"Collection {self._records!r} has layout {about['version']}, of a "
                f"newer release than this one, which knows {VERSION}: upgrade"
            )
        return about is not None

    def set_up(self) -> Steps[bool]:
        if (yield from self.is_set_up()):
            return True
        other = yield asked(self._records, "find_one", {"branch": {"$exists": False}})
        if other is not None:
            raise PersistableError(
                f"Collection {self._records!r} was made by another program: choose "
                f"another collection_name"
            )
        indexes: list[tuple[str, list[tuple[str, int]], bool]] = [
            (self._records, [("branch", 1), ("_id", -1)], False),
            (
                self._records,
                [("branch", 1), ("sequence_id", 1), ("position", 1), ("attempt", 1)],
                True,
            ),
            (self._branches, [("partition", 1), ("app", 1), ("released", 1)], True),
            (self._branches, [("partition", 1), ("newest", -1), ("_id", -1)], False),
            (self._branches, [("root", 1)], False),
            (self._branches, [("parent", 1)], False),
        ]
        for collection, keys, unique in indexes:
            yield asked(collection, "create_index", keys, unique=unique)
        about = {"$setOnInsert": {"version": VERSION, "ids": 0}}
        yield asked(self._branches, "update_one", ABOUT, about, upsert=True)
        return (yield from self.is_set_up())

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Steps[Record | None]:
        branch = yield self._ask_branch(partition_key, app_id)
        if branch is None:
            return None
        span = Span(branch["_id"], branch["floor"], None)
        return (yield from self.find_in([span], sequence_id))

    def find_in(
        self, spans: Sequence[Span], sequence_id: int | None
    ) -> Steps[Record | None]:
        wanted = spans_filter(spans, hidden=False)
        if sequence_id is not None:
            wanted["sequence_id"] = sequence_id
        found = yield asked(self._records, "find_one", wanted, sort=_NEWEST)
        return None if found is None else record_of(found)

    def _ask_branch(self, partition_key: str | None, app_id: str) -> tuple[str, Ask]:
        app = {"partition": coded(partition_key), "app": app_id, "released": 0}
        return asked(self._branches, "find_one", app)

    def find_branch(
        self, partition_key: str | None, app_id: str
    ) -> Steps[Branch | None]:
        found = yield self._ask_branch(partition_key, app_id)
        return None if found is None else branch_of(found)

    def find_branches(self, root: int) -> Steps[list[Branch]]:
        found = yield asked(self._branches, "find", {"root": root}, sort=[("_id", 1)])
        return list(map(branch_of, found))

    def _ask_apps(self, partition_key: Any, **options: Any) -> tuple[str, Ask]:
        wanted: Document = {"released": 0, "newest": {"$gt": 0}}
        if partition_key is not ALL:
            wanted["partition"] = coded(partition_key)
        order = [("newest", -1), ("_id", -1)]
        return asked(self._branches, "find", wanted, sort=order, **options)

    def find_newest_app(self, partition_key: str | None) -> Steps[str | None]:
        found = yield self._ask_apps(partition_key, limit=1)
        return found[0]["app"] if found else None

    def list_apps(self, partition_key: Any) -> Steps[list[tuple[str | None, str]]]:
        found = yield self._ask_apps(partition_key)
        return [(decoded(branch["partition"]), branch["app"]) for branch in found]

    def find_pieces(self, ids: Sequence[int]) -> Steps[dict[int, Piece]]:
        wanted = {"_id": {"$in": list(ids)}, "dead": None}
        found = yield asked(self._records, "find", wanted)
        return {item["_id"]: record_of(item).piece for item in found}

    def list_records(self, spans: Sequence[Span], hidden: bool) -> Steps[list[Record]]:
        wanted = spans_filter(spans, hidden)
        found = yield asked(
            self._records, "find", wanted, projection={"payload": 0}, sort=[("_id", 1)]
        )
        return list(map(record_of, found))
