"""The documents of persisters in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..error import PersistableError
from .chain import Stored
from .record import Branch, Draft, Record, Span

__all__ = [
    "Ask",
    "Document",
    "asked",
    "branch_of",
    "document_of",
    "is_visible",
    "record_of",
    "spans_filter",
]

Document = dict[str, Any]

_LARGEST: Final = (16 << 20) - (64 << 10)
"""How many bytes a payload may have, as a document with all else has 16 MiB."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask of a collection."""

    collection: str
    """The name of the collection."""

    method: str
    """The driver's method."""

    arguments: tuple[Any, ...]
    """What it takes."""

    options: Mapping[str, Any]
    """What else it takes, by name."""

    once: bool
    """Whether it would do harm when asked twice."""


def asked(
    collection: str, method: str, *arguments: Any, once: bool = False, **options: Any
) -> tuple[str, Ask]:
    """Return a step that asks something; see :class:`Ask`.

    >>> asked("states", "find_one", {})[1].method
    'find_one'

    """
    return "ask", Ask(collection, method, arguments, options, once)


def document_of(id_: int, branch: int, draft: Draft, token: str) -> Document:
    """Return the document of a record.

    :param id_: its identifier

    :param branch: its branch

    :param draft: what is stored

    :param token: tells this attempt to store it from others

    :raises PersistableError: if it is too large

    """
    stored = draft.stored
    if len(stored.payload) > _LARGEST:
        raise PersistableError(
            f"State {draft.sequence_id} of application {draft.app_id!r} takes "
            f"{len(stored.payload):,} bytes, but a document of MongoDB has "
            f"{_LARGEST:,} for it: keep large values elsewhere, such as in a stash"
        )
    return {
        "_id": id_,
        "branch": branch,
        "sequence_id": draft.sequence_id,
        "position": draft.position,
        # An index lets each step be completed once.
        "attempt": "" if draft.status == "completed" else token,
        "token": token,
        "status": draft.status,
        "created_at": draft.created_at,
        "version": draft.version,
        "size": draft.size,
        "kind": stored.kind,
        "path": list(stored.path),
        "place": stored.place,
        "payload": stored.payload,
        "hidden": False,
        "uses": 0,
    }


def record_of(document: Document) -> Record:
    """Return the record of a document, with its payload if the document has it."""
    stored = Stored(
        document["kind"],
        document.get("payload", b""),
        tuple(document["path"]),
        document["place"],
    )
    return Record(
        document["_id"],
        document["branch"],
        document["sequence_id"],
        document["position"],
        document["status"],
        document["created_at"],
        document["version"],
        document["size"],
        stored,
    )


def branch_of(document: Document) -> Branch:
    """Return the branch of a document."""
    return Branch(
        document["_id"],
        document["root"],
        document["parent"],
        document["last"],
        None if document["released"] else document["app"],
        document["floor"],
    )


def is_visible(document: Document, branch: Document) -> bool:
    """Return whether a record of a branch belongs to its application still."""
    return not document["hidden"] and bool(document["_id"] >= branch["floor"])


def spans_filter(spans: Iterable[Span], hidden: bool) -> Document:
    """Return what records of spans match.

    :param spans: the spans

    :param hidden: whether hidden ones do, too

    >>> spans_filter([Span(1, 2, None)], hidden=True)
    {'branch': 1, '_id': {'$gte': 2}, 'dead': None}

    """
    within: list[Document] = []
    for span in spans:
        ids = {"$gte": span.first}
        if span.last is not None:
            ids["$lte"] = span.last
        within.append({"branch": span.branch, "_id": ids})
    wanted: Document = within[0] if len(within) == 1 else {"$or": within}
    wanted["dead"] = None
    if not hidden:
        wanted["hidden"] = False
    return wanted
