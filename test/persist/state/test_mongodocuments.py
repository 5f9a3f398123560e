"""The documents of persisters in MongoDB."""

from __future__ import annotations

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.chain import Stored
from zensols.persist.state.mongodocuments import (
    branch_of,
    document_of,
    is_visible,
    record_of,
    spans_filter,
)
from zensols.persist.state.record import Branch, Draft, Span

DRAFT = Draft(
    "p", "app", 4, "ask", "failed", "now", 2, 9, Stored("delta", b"x", (3,), 1)
)


def test_record_comes_back() -> None:
    document = document_of(7, 1, DRAFT, "token")
    record = record_of(document)
    assert (record.id, record.branch, record.sequence_id) == (7, 1, 4)
    assert (record.position, record.status, record.created_at) == (
        "ask",
        "failed",
        "now",
    )
    assert (record.version, record.size, record.stored) == (2, 9, DRAFT.stored)
    del document["payload"]
    assert record_of(document).stored.payload == b""


def test_completed_steps_share_an_attempt() -> None:
    completed = Draft("p", "app", 4, "ask", "completed", "now", 2, 9, DRAFT.stored)
    attempts = [
        document_of(7, 1, draft, token)["attempt"]
        for draft, token in [(DRAFT, "a"), (DRAFT, "b"), (completed, "c")]
    ]
    assert attempts == ["a", "b", ""]


def test_too_large_is_told() -> None:
    stored = Stored("whole", bytes(16 << 20))
    draft = Draft("p", "app", 4, "ask", "completed", "now", 2, 9, stored)
    with pytest.raises(PersistableError, match="16,777,216 bytes"):
        document_of(7, 1, draft, "token")


def test_branch_of_a_deleted_application_has_none() -> None:
    document = {
        "_id": 3,
        "root": 1,
        "parent": 1,
        "last": 2,
        "floor": 1,
        "app": "app",
        "released": 0,
    }
    assert branch_of(document) == Branch(3, 1, 1, 2, "app", 1)
    assert branch_of({**document, "released": 3}).app_id is None


@pytest.mark.parametrize(
    ("id_", "hidden", "visible"),
    [(5, False, True), (4, False, False), (5, True, False)],
)
def test_visible(id_: int, hidden: bool, visible: bool) -> None:
    assert is_visible({"_id": id_, "hidden": hidden}, {"floor": 5}) is visible


def test_spans() -> None:
    wanted = spans_filter([Span(1, 2, 3), Span(4, 5, None)], hidden=False)
    assert wanted == {
        "$or": [
            {"branch": 1, "_id": {"$gte": 2, "$lte": 3}},
            {"branch": 4, "_id": {"$gte": 5}},
        ],
        "dead": None,
        "hidden": False,
    }
