"""How applications come and go in MongoDB, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import uuid4

from .mongodocuments import asked
from .mongosaving import MongoSaving
from .record import Branch, Record
from .records import ANY, Refused
from .steps import Steps

__all__ = ["MongoUpkeep"]

_BATCH: Final = 1000


class MongoUpkeep(MongoSaving):
    """Has the rest of the methods of :class:`.Records`; see :class:`.MongoReading`.

    Immutable.

    >>> next(MongoUpkeep("states").release(3, ANY))[1].method
    'update_one'

    """

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> Steps[bool | Refused]:
        id_ = yield from self._add_branch(partition_key, app_id, source, record)
        if id_ is None:
            return False
        same = {"_id": source.id, "released": 0, "floor": source.floor}
        if (yield asked(self._branches, "find_one", same)) is not None:
            return True
        # Nobody has saved to it yet, or else the application is there already.
        unused = {"_id": id_, "tip": record.id}
        yield asked(self._branches, "delete_one", unused)
        return Refused.LOST

    def set_floor(self, branch: int, floor: int) -> Steps[None]:
        change = {"$max": {"floor": floor}}
        yield asked(self._branches, "update_one", {"_id": branch}, change)

    def release(self, branch: int, newest: Any) -> Steps[None]:
        known = {} if newest is ANY else {"newest": {"$lte": newest}}
        change = {"$set": {"released": branch}}
        yield asked(self._branches, "update_one", {"_id": branch, **known}, change)

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> Steps[None]:
        for ids in _batches(hidden):
            change = {"$set": {"hidden": True}}
            yield asked(self._records, "update_many", {"_id": {"$in": ids}}, change)
        for ids in _batches(records):
            yield from self._discard_records(ids)
        for id_ in sorted(branches, reverse=True):
            yield from self._discard_branch(id_)

    def _discard_records(self, ids: list[int]) -> Steps[None]:
        # What another process is discarding is left to it.
        token = uuid4().hex
        free = {"_id": {"$in": ids}, "uses": 0, "doomed": None}
        mine = {"_id": {"$in": ids}, "doomed": token}
        while True:
            yield asked(self._records, "update_many", free, {"$set": {"doomed": token}})
            found = yield asked(self._records, "find", mine, projection={"path": 1})
            if not found:
                return
            bases = Counter(item["path"][-1] for item in found if item["path"])
            for base, uses in bases.items():
                less = {"$inc": {"uses": -uses}}
                yield asked(self._records, "update_one", {"_id": base}, less, once=True)
            yield asked(self._records, "delete_many", mine)

    def _discard_branch(self, id_: int) -> Steps[None]:
        dead = {"branch": id_, "dead": True}
        yield asked(self._records, "delete_many", dead)
        record = yield asked(self._records, "find_one", {"branch": id_})
        child = yield asked(self._branches, "find_one", {"parent": id_})
        if record is None and child is None:
            gone = {"_id": id_, "released": id_}
            yield asked(self._branches, "delete_one", gone)


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    # The newest first: each is only needed by newer ones.
    ordered = sorted(ids, reverse=True)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
