"""A MongoDB collection of entries, be they small or large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from ..domain import chunks
from ..error import CorruptDataError
from .mongoclient import Document, MongoLink
from .mongofiles import MongoFiles

if TYPE_CHECKING:
    from pymongo.collection import Collection

__all__ = ["MongoItems"]

_LARGEST: Final = 15 << 20
"""The size of an item that is kept in one document, which may have 16 MiB."""

_READ: Final = 100
_WRITE: Final = 1000
"""How many items to ask for, and to write, at once."""

_WRITE_SIZE: Final = 16 << 20
"""After how many bytes to write what has been collected."""


class MongoItems:
    """Entries by identifiers, which are strings without surrogates.

    A small one is in the field ``entry`` of the document of the identifier, a large
    one in a file that its field ``file`` names.

    Safe to use from many threads and processes at once.

    >>> MongoItems(MongoLink("mongodb://127.0.0.1/data", timeout=1), "stash")
    MongoItems(MongoLink('mongodb://127.0.0.1/data'), 'stash')

    """

    def __init__(self, link: MongoLink, name: str) -> None:
        """
        :param link: connects to the database

        :param name: the collection

        """
        self._link = link
        self._name = name
        self._files = MongoFiles(link, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._link!r}, {self._name!r})"

    @property
    def _items(self) -> Collection[Document]:
        return self._link.collection(self._name)

    def load(self, item: str) -> bytes | None:
        """Return an entry, or None if there is none.

        :param item: its identifier

        :raises CorruptDataError: if it is damaged

        """
        with self._link.errors():
            found = self._items.find_one({"_id": item})
            return None if found is None else self._entry(found)

    def load_many(self, items: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Return pairs of identifiers and entries, in order, without absent ones.

        :param items: the identifiers

        """
        for wanted in chunks(items, _READ):
            with self._link.errors():
                documents = self._items.find(_among(wanted))
                found = {document["_id"]: document for document in documents}
            for item in wanted:
                if item in found:
                    with self._link.errors():
                        entry = self._entry(found[item])
                    if entry is not None:
                        yield item, entry

    def _entry(self, found: Document) -> bytes | None:
        while (file := found.get("file")) is not None:
            if (entry := self._files.load(file)) is not None:
                return entry
            again = self._items.find_one({"_id": found["_id"]})
            if again is None:
                return None
            if again.get("file") == file:
                raise self._corrupt(found, f"its file {file} is not there")
            found = again
        entry = found.get("entry")
        if not isinstance(entry, bytes):
            raise self._corrupt(found, "it has no entry")
        return entry

    def _corrupt(self, found: Document, reason: str) -> CorruptDataError:
        return CorruptDataError(
            f"Damaged document {found['_id']!r} of {self!r}: {reason}; delete it or "
            "restore it from a backup"
        )

    def exists(self, item: str) -> bool:
        """Return whether there is an entry.

        :param item: its identifier

        """
        with self._link.errors():
            return self._items.find_one({"_id": item}, ["_id"]) is not None

    def dump(self, item: str, entry: bytes) -> None:
        """Store an entry, replacing the one that is there.

        :param item: its identifier

        :param entry: what to store

        """
        with self._link.errors():
            self._dump(item, entry)

    def _dump(self, item: str, entry: bytes) -> None:
        from pymongo.errors import DuplicateKeyError

        if _is_large(item, entry):
            self._files.dump(item, entry)
            return
        new = {"_id": item, "entry": entry}
        try:
            self._items.replace_one({"_id": item, "file": None}, new, upsert=True)
        except DuplicateKeyError:
            # It has a file, or somebody else has just added it.
            self._files.change(
                item, lambda: self._items.replace_one({"_id": item}, new, upsert=True)
            )

    def dump_many(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """Store many entries; if that fails, some may have been stored.

        :param entries: pairs of identifiers and entries

        """
        batch: dict[str, bytes] = {}
        size = 0
        for item, entry in entries:
            if _is_large(item, entry):
                batch.pop(item, None)
                self.dump(item, entry)
                continue
            batch[item] = entry
            size += len(entry)
            if len(batch) >= _WRITE or size >= _WRITE_SIZE:
                self._dump_batch(batch)
                batch, size = {}, 0
        self._dump_batch(batch)

    def _dump_batch(self, batch: dict[str, bytes]) -> None:
        from pymongo import InsertOne, ReplaceOne

        with self._link.errors():
            # Inserting is much faster than replacing, and most are new.
            left = self._write(batch, InsertOne)
            left = self._write(
                left,
                lambda new: ReplaceOne(
                    {"_id": new["_id"], "file": None}, new, upsert=True
                ),
            )
            for item, entry in left.items():
                self._dump(item, entry)

    def _write(self, batch: dict[str, bytes], operation: Any) -> dict[str, bytes]:
        """Write entries, and return those that were refused as they exist."""
        from pymongo.errors import BulkWriteError

        new = [{"_id": item, "entry": entry} for item, entry in batch.items()]
        if not new:
            return {}
        try:
            self._items.bulk_write([operation(item) for item in new], ordered=False)
        except BulkWriteError as e:
            errors = e.details["writeErrors"]
            if e.details.get("writeConcernErrors") or any(
                error["code"] != 11000 for error in errors
            ):
                raise
            refused = [str(new[error["index"]]["_id"]) for error in errors]
            return {item: batch[item] for item in refused}
        return {}

    def delete(self, items: Iterable[str]) -> None:
        """Delete those entries that there are.

        :param items: their identifiers

        """
        for wanted in chunks(items, _READ):
            self._delete(_among(wanted))

    def clear(self, first: str, end: str) -> None:
        """Delete the entries of a range, and what killed writers left behind.

        :param first: where it begins

        :param end: what it ends before

        """
        self._delete(_between(first, end))
        with self._link.errors():
            self._files.recover()

    def _delete(self, those: Document) -> None:
        with self._link.errors():
            self._items.delete_many({**those, "file": None})
            for found in list(self._items.find(those, ["_id"])):
                item = {"_id": found["_id"]}
                self._files.change(
                    found["_id"],
                    lambda item=item: self._items.delete_one(item),  # type: ignore[misc]  # bound now
                )

    def ids(self, first: str, end: str) -> Iterator[str]:
        """Return the identifiers in a range, lazily.

        :param first: where it begins

        :param end: what it ends before

        """
        with self._link.errors():
            for found in self._items.find(_between(first, end), ["_id"]):
                yield found["_id"]

    def count(self, first: str, end: str) -> int:
        """Return how many entries there are in a range.

        :param first: where it begins

        :param end: what it ends before

        """
        with self._link.errors():
            return self._items.count_documents(_between(first, end))


def _is_large(item: str, entry: bytes) -> bool:
    return len(entry) + 4 * len(item) > _LARGEST


def _among(items: Iterable[str]) -> Document:
    return {"_id": {"$in": list(dict.fromkeys(items))}}


def _between(first: str, end: str) -> Document:
    return {"_id": {"$gte": first, "$lt": end}}
