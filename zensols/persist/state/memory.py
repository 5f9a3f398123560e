"""Records in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import replace

from .chain import Piece
from .record import Branch, Draft, Record, Span
from .records import ALL, ANY, Refused

__all__ = ["MemoryRecords"]


class MemoryRecords:
    """Keeps records in memory, for as long as this object lives; see
    :class:`.Records`.

    Safe to use from many threads, and picklable: a copy has the same records, and
    from then on its own.

    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._branches: dict[int, tuple[str | None, Branch]] = {}
        # By partition, which None and "" are two of, and name.
        self._apps: dict[tuple[str | None, str], int] = {}
        self._records: dict[int, Record] = {}
        # Those of each branch, and the last completed one of each step of it.
        self._own: dict[int, dict[int, Record]] = {}
        self._steps: dict[tuple[int, int, str], int] = {}
        self._hidden: set[int] = set()
        self._count = 0

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def is_set_up(self) -> bool:
        return True

    def set_up(self) -> None:
        pass

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        with self._lock:
            branch = self.find_branch(partition_key, app_id)
            if branch is None:
                return None
            return self.find_in([Span(branch.id, branch.floor, None)], sequence_id)

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        newest: Record | None = None
        with self._lock:
            for span in spans:
                for record in reversed(self._own.get(span.branch, {}).values()):
                    if newest is not None and record.id < newest.id:
                        break
                    if (
                        record.id not in self._hidden
                        and record in span
                        and sequence_id in (None, record.sequence_id)
                    ):
                        newest = record
                        break
        return newest

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        with self._lock:
            id_ = self._apps.get((partition_key, app_id))
            return None if id_ is None else self._branches[id_][1]

    def find_branches(self, root: int) -> list[Branch]:
        with self._lock:
            return [b for _, b in self._branches.values() if b.root == root]

    def find_newest_app(self, partition_key: str | None) -> str | None:
        apps = self.list_apps(partition_key)
        return apps[0][1] if apps else None

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        with self._lock:
            found = (self._records.get(id_) for id_ in ids)
            return {record.id: record.piece for record in found if record is not None}

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        with self._lock:
            apps = [
                (self._newest(id_), id_, app)
                for app, id_ in self._apps.items()
                if partition_key is ALL or partition_key == app[0]
            ]
        apps.sort(key=lambda app: app[:2], reverse=True)
        return [app for _, _, app in apps]

    def _newest(self, branch: int) -> int:
        """The number of the last record of a branch, or that before it."""
        own = next(reversed(self._own.get(branch, {})), 0)
        return max(own, self._branches[branch][1].last or 0)

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        with self._lock:
            records = [
                replace(record, stored=replace(record.stored, payload=b""))
                for span in spans
                for record in self._own.get(span.branch, {}).values()
                if record in span and (hidden or record.id not in self._hidden)
            ]
        return sorted(records, key=lambda record: record.id)

    def add(self, draft: Draft, expected: Any) -> int | Record | Refused:
        with self._lock:
            branch = self.find_branch(draft.partition_key, draft.app_id)
            if branch is None:
                if expected not in (ANY, None):
                    return Refused.MOVED
                branch = self._branch(draft.partition_key, draft.app_id, None, None, 0)
            step = branch.id, draft.sequence_id, draft.position
            same = self._steps.get(step, 0)
            if same >= max(branch.floor, 1) and same not in self._hidden:
                return self._records[same]
            if expected is not ANY:
                newest = self.find(draft.partition_key, draft.app_id, None)
                if newest is None and branch.parent is not None:
                    newest = self._records.get(branch.last or 0)
                if (None if newest is None else newest.sequence_id) != expected:
                    return Refused.MOVED
            if any(id_ not in self._records for id_ in draft.stored.path):
                return Refused.LOST
            self._count += 1
            record = Record(
                self._count,
                branch.id,
                draft.sequence_id,
                draft.position,
                draft.status,
                draft.created_at,
                draft.version,
                draft.size,
                draft.stored,
            )
            self._records[record.id] = record
            self._own.setdefault(branch.id, {})[record.id] = record
            if draft.status == "completed":
                self._steps[step] = record.id
            return record.id

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> bool | Refused:
        with self._lock:
            if self.find_branch(partition_key, app_id) is not None:
                return False
            _, there = self._branches.get(source.id, (None, None))
            if there is None or there.app_id is None or there.floor != source.floor:
                return Refused.LOST
            self._branch(partition_key, app_id, record.branch, record.id, source.floor)
            return True

    def set_floor(self, branch: int, floor: int) -> None:
        with self._lock:
            if branch in self._branches:
                partition, old = self._branches[branch]
                new = replace(old, floor=max(old.floor, floor))
                self._branches[branch] = partition, new

    def release(self, branch: int, newest: Any) -> None:
        with self._lock:
            own = next(reversed(self._own.get(branch, {})), 0)
            if newest is not ANY and own > newest:
                return
            if branch in self._branches:
                partition, old = self._branches[branch]
                self._branches[branch] = partition, replace(old, app_id=None)
                if old.app_id is not None:
                    del self._apps[partition, old.app_id]

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        with self._lock:
            self._hidden.update(hidden)
            gone = set(records)
            needed = {
                id_
                for record in self._records.values()
                if record.id not in gone
                for id_ in record.stored.path
            }
            for id_ in gone - needed:
                self._remove(id_)
            used = {branch for branch, own in self._own.items() if own}
            used |= {branch.parent or 0 for _, branch in self._branches.values()}
            for id_ in set(branches) - used:
                self._branches.pop(id_, None)
                self._own.pop(id_, None)

    def _remove(self, id_: int) -> None:
        record = self._records.pop(id_, None)
        self._hidden.discard(id_)
        if record is not None:
            del self._own[record.branch][id_]
            step = record.branch, record.sequence_id, record.position
            if self._steps.get(step) == id_:
                del self._steps[step]

    def close(self) -> None:
        pass

    def _branch(
        self,
        partition_key: str | None,
        app_id: str,
        parent: int | None,
        last: int | None,
        floor: int,
    ) -> Branch:
        self._count += 1
        root = self._count if parent is None else self._branches[parent][1].root
        branch = Branch(self._count, root, parent, last, app_id, floor)
        self._branches[branch.id] = partition_key, branch
        self._apps[partition_key, app_id] = branch.id
        return branch
