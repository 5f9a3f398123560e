"""What persisters ask a MongoDB server when they save, step by step.

Each step changes one document, so no transactions are needed, which only some servers
have.  What makes several of them safe together:

* A branch's ``tip`` is the last identifier that was claimed for a record of it; claims
  only grow.  Who expects a newest record claims only if nobody has since, and if
  what was claimed before is there; if it is not, a dead record takes its place, so
  that it can't come any more.
* A record has ``uses``, the number of those stored against it, which is raised before
  one is stored; a record is only deleted while that is 0.  A process that dies
  between leaves a record that is not deleted, never one that can't be read.
* A branch's ``newest`` is raised once a record is stored, unless the application has
  been deleted meanwhile, or begins later now; then the record is taken back, and
  stored anew.
* A branch that is forked off another is added first, and then it is looked whether the
  other one's application is still what it was.  So whoever deletes what that had has
  either seen the new branch, or is seen; then the new branch is taken back.  A process
  that dies between leaves an application that it never told of, maybe without a part
  of its past.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from .mongodocuments import Document, asked, document_of, is_visible, record_of
from .mongoreading import ABOUT, VERSION, MongoReading
from .partitions import coded
from .record import Branch, Draft, Record, Span
from .records import ANY, Refused
from .steps import Steps

__all__ = ["MongoSaving"]

_TRIES: Final = 200
"""How often to claim anew what others claimed meanwhile."""


class MongoSaving(MongoReading):
    """Adds records and branches, besides reading them.

    Immutable.

    """

    def add(self, draft: Draft, expected: Any) -> Steps[int | Record | Refused]:
        token = uuid4().hex
        for _ in range(_TRIES):
            if expected is ANY:
                branch, id_ = yield from self._claim(draft)
            else:
                branch = yield self._ask_branch(draft.partition_key, draft.app_id)
                newest, tip = yield from self._find_settled(branch)
                same = yield from self._find_same(branch, draft)
                if same is not None or newest != expected:
                    return same or Refused.MOVED
                id_ = yield from self._claim_after(branch, tip)
            if branch is None:
                yield from self._add_branch(draft.partition_key, draft.app_id)
                continue
            if id_ is None:
                continue
            added = yield from self._insert(branch, id_, draft, token)
            if added is not None:
                return added
        return Refused.MOVED

    def _claim(self, draft: Draft) -> Steps[tuple[Document | None, int | None]]:
        id_ = yield from self._next_id()
        app = {
            "partition": coded(draft.partition_key),
            "app": draft.app_id,
            "released": 0,
        }
        claim = {"$set": {"tip": id_}}
        branch = yield asked(
            self._branches,
            "find_one_and_update",
            {**app, "tip": {"$lt": id_}},
            claim,
        )
        if branch is not None:
            return branch, id_
        return (yield asked(self._branches, "find_one", app)), None

    def _claim_after(self, branch: Document | None, tip: int) -> Steps[int | None]:
        if branch is None:
            return None
        id_ = yield from self._next_id()
        claimed = yield asked(
            self._branches,
            "find_one_and_update",
            {"_id": branch["_id"], "released": 0, "tip": tip},
            {"$set": {"tip": id_}},
        )
        return None if claimed is None else id_

    def _find_settled(self, branch: Document | None) -> Steps[tuple[int | None, int]]:
        """Return the newest sequence number, and the tip with which it is that."""
        if branch is None:
            return None, 0
        tip = branch["tip"]
        if tip:
            # Refused if what was claimed is there, be it since now.
            dead = {
                "_id": tip,
                "branch": branch["_id"],
                "attempt": f"dead {tip}",
                "hidden": True,
                "dead": True,
            }
            there = yield asked(self._records, "find_one", {"_id": tip})
            if there is None:
                yield asked(self._records, "insert_one", dead)
        spans = [Span(branch["_id"], branch["floor"], None)]
        newest = yield from self.find_in(spans, None)
        if newest is None and branch["last"] is not None:
            last = {"_id": branch["last"], "dead": None}
            found = yield asked(self._records, "find_one", last)
            return (None if found is None else found["sequence_id"]), tip
        return (None if newest is None else newest.sequence_id), tip

    def _find_same(self, branch: Document | None, draft: Draft) -> Steps[Record | None]:
        """Return the completed record of the same step, if the application has it."""
        if branch is None:
            return None
        same = {
            "branch": branch["_id"],
            "sequence_id": draft.sequence_id,
            "position": draft.position,
            "attempt": "",
        }
        found = yield asked(self._records, "find_one", same)
        if found is None:
            return None
        if is_visible(found, branch):
            if found["_id"] > branch["newest"]:
                # Who saved it died before that was noted.
                yield from self._note(branch, found["_id"])
            return record_of(found)
        # It was dropped, but others need it still: the step can be saved anew.
        passed = {"$set": {"attempt": f"passed {found['_id']}"}}
        yield asked(self._records, "update_one", {"_id": found["_id"]}, passed)
        return None

    def _insert(
        self, branch: Document, id_: int, draft: Draft, token: str
    ) -> Steps[int | Record | Refused | None]:
        if draft.status != "completed":
            # No index says so.
            same = yield from self._find_same(branch, draft)
            if same is not None:
                return same
        base = draft.stored.path[-1] if draft.stored.path else None
        if base is not None:
            used = yield asked(
                self._records,
                "update_one",
                {"_id": base, "doomed": None, "dead": None},
                {"$inc": {"uses": 1}},
            )
            if not used.matched_count:
                return Refused.LOST
        document = document_of(id_, branch["_id"], draft, token)
        added = yield asked(self._records, "insert_one", document)
        if added is None:
            there = yield asked(self._records, "find_one", {"_id": id_})
            added = there is not None and there.get("token") == token
        if added:
            if (yield from self._note(branch, id_)):
                return id_
            child = yield asked(self._branches, "find_one", {"parent": branch["_id"]})
            mine = {"_id": id_, "uses": 0, "doomed": None}
            if child is not None:
                # Who was forked off may have it; if not, it is found to be garbage.
                return None
            gone = yield asked(self._records, "delete_one", mine)
            if not gone.deleted_count:
                return None
        if base is not None:
            less = {"$inc": {"uses": -1}}
            yield asked(self._records, "update_one", {"_id": base}, less, once=True)
        return None if added else (yield from self._find_same(branch, draft))

    def _note(self, branch: Document, id_: int) -> Steps[bool]:
        """Let an application be one whose newest record this is, if it has it still."""
        newest = {"$max": {"newest": id_}}
        own = {"_id": branch["_id"], "released": 0, "floor": {"$lte": id_}}
        noted = yield asked(self._branches, "update_one", own, newest)
        return bool(noted.matched_count)

    def _next_id(self) -> Steps[int]:
        about = yield asked(
            self._branches,
            "find_one_and_update",
            ABOUT,
            {"$inc": {"ids": 1}, "$setOnInsert": {"version": VERSION}},
            upsert=True,
            return_document=True,
        )
        id_: int = about["ids"]
        return id_

    def _add_branch(
        self,
        partition_key: str | None,
        app_id: str,
        source: Branch | None = None,
        record: Record | None = None,
    ) -> Steps[int | None]:
        """Add a branch, maybe one that is forked off, and return what identifies it, or
        None if there is one of this name.

        """
        id_: int = yield from self._next_id()
        last = None if record is None else record.id
        branch = {
            "_id": id_,
            "root": id_ if source is None else source.root,
            "parent": None if record is None else record.branch,
            "last": last,
            "partition": coded(partition_key),
            "app": app_id,
            "released": 0,
            "floor": 0 if source is None else source.floor,
            "tip": last or 0,
            "newest": last or 0,
        }
        if (yield asked(self._branches, "insert_one", branch)) is not None:
            return id_
        # It is there if it was sent twice, as the first reply never came.
        there = yield asked(self._branches, "find_one", {"_id": id_})
        return None if there is None else id_
