"""Entries that are too large for a MongoDB document, kept in GridFS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from .mongoclient import Document, MongoLink

if TYPE_CHECKING:
    from gridfs import GridFSBucket
    from pymongo.collection import Collection

__all__ = ["MongoFiles", "insist"]

_PIECE: Final = 4 << 20
"""The size in bytes of the pieces that GridFS keeps."""

_LEASE: Final = timedelta(seconds=60)
"""How long after its last sign of life a writer is taken to be dead."""


class MongoFiles:
    """The files of a collection's items.  An item names its file, so that it has
    the old one or the new one, whatever is killed when: a new file is written
    first, then named by the item, and then the old file is deleted.

    Whoever does that first notes the item in the collection ``<name>.changes``.
    What a dead one leaves behind is deleted by :meth:`recover` on account of that
    note.

    Safe to use from many threads and processes at once.

    """

    def __init__(self, link: MongoLink, name: str) -> None:
        """
        :param link: connects to the database

        :param name: the collection of the items

        """
        self._link = link
        self._name = name

    @property
    def _items(self) -> Collection[Document]:
        return self._link.collection(self._name)

    @property
    def _changes(self) -> Collection[Document]:
        return self._link.collection(f"{self._name}.changes")

    @property
    def _files(self) -> Collection[Document]:
        return self._link.collection(f"{self._name}.large.files")

    @property
    def _bucket(self) -> GridFSBucket:
        from gridfs import GridFSBucket

        return GridFSBucket(self._items.database, f"{self._name}.large", _PIECE)

    def load(self, file: Any) -> bytes | None:
        """Return what is in a file, or None if it has been deleted.

        :param file: what the item names

        """
        from gridfs.errors import CorruptGridFile, NoFile

        try:
            with self._bucket.open_download_stream(file) as stream:
                return stream.read()
        except (CorruptGridFile, NoFile):
            return None

    def dump(self, item: str, entry: bytes) -> None:
        """Make an item name a new file.

        :param item: the item's identifier

        :param entry: what to keep in it

        """
        self.recover()
        while True:
            file = self._begin(item, uploading=True)
            self._upload(file, item, entry)
            insist(
                lambda file=file: self._items.replace_one(  # type: ignore[misc]  # bound now
                    {"_id": item}, {"_id": item, "file": file}, upsert=True
                )
            )
            noted = {"_id": file, "uploading": True}
            settled = self._changes.update_one(noted, {"$set": {"uploading": False}})
            self._end(file, item)
            if settled.matched_count:
                return
            # We were taken for dead, and the file may have been deleted.

    def change(self, item: str, action: Callable[[], object]) -> None:
        """Make an item not name a file any more, and delete its file.

        :param item: the item's identifier

        :param action: does the first; it may be called several times

        """
        file = self._begin(item, uploading=False)
        insist(action)
        self._end(file, item)

    def recover(self) -> None:
        """Finish what dead processes have begun."""
        expired = {"at": {"$lt": self._link.now(self._name) - _LEASE}}
        for change in list(self._changes.find(expired)):
            file = change["_id"]
            taken = self._changes.update_one(
                {"_id": file, **expired},
                {"$set": {"uploading": False}, "$currentDate": {"at": True}},
            )
            if taken.matched_count:
                if self._named(change["item"]) != file:
                    self._delete(file)
                self._end(file, change["item"])

    def _begin(self, item: str, uploading: bool) -> Any:
        from bson import ObjectId

        file = ObjectId()
        self._changes.update_one(
            {"_id": file},
            {
                "$set": {"item": item, "uploading": uploading},
                "$currentDate": {"at": True},
            },
            upsert=True,
        )
        return file

    def _upload(self, file: Any, item: str, entry: bytes) -> None:
        stream = self._bucket.open_upload_stream_with_id(file, _file_name(item))
        for start in range(0, len(entry), _PIECE):
            stream.write(entry[start : start + _PIECE])
            self._changes.update_one({"_id": file}, {"$currentDate": {"at": True}})
        stream.close()

    def _end(self, file: Any, item: str) -> None:
        # In this order: a file that is not in use by an upload any more is
        # named by its item by now, or superseded.
        found = [
            f["_id"] for f in self._files.find({"filename": _file_name(item)}, ["_id"])
        ]
        in_use = {c["_id"] for c in self._changes.find({"uploading": True}, ["_id"])}
        in_use.add(self._named(item))
        for other in found:
            if other not in in_use:
                self._delete(other)
        self._changes.delete_one({"_id": file})

    def _named(self, item: str) -> Any:
        found = self._items.find_one({"_id": item}, ["file"])
        return None if found is None else found.get("file")

    def _delete(self, file: Any) -> None:
        from gridfs.errors import NoFile

        try:
            self._bucket.delete(file)
        except NoFile:
            # Its pieces are deleted all the same.
            pass


def insist(action: Callable[[], object]) -> None:
    """Do what others that write the same item may disturb.

    :param action: what to do

    >>> insist(lambda: print("done"))
    done

    """
    from pymongo.errors import DuplicateKeyError

    while True:
        try:
            action()
            return
        except DuplicateKeyError:
            # Somebody else was faster, and has got on with it.
            pass


def _file_name(item: str) -> str:
    return blake2b(item.encode(), digest_size=32).hexdigest()
