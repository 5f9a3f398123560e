"""The documents that tell what is in a depot: small, readable, written last."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final

from ..domain import key_lock
from ..error import CorruptDataError, PersistableError
from .depot import Depot, digest_of

__all__ = ["Catalog", "now"]

_INDEX: Final = "snapshots"
_FORMAT: Final = 1
_NAME: Final = re.compile("(snapshot|restoration)-([0-9]{8}-[0-9TZ]+-[0-9a-f]{8})")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Catalog:
    """The documents of a depot, by kind and identifier: what an index lists is there,
    and is whole.

    Safe to use from several threads and processes, as far as the depot's stash has
    locks that exclude them.

    >>> from zensols.persist import DictionaryStash
    >>> catalog = Catalog(Depot(DictionaryStash()))
    >>> name = catalog.new_id("snapshot", now())
    >>> catalog.write("snapshot", name, {"count": 1})
    >>> catalog.read("snapshot", *catalog.ids("snapshot"))["count"]
    1

    """

    def __init__(self, depot: Depot) -> None:
        """
        :param depot: where they are

        """
        self.depot = depot

    def ids(self, kind: str) -> list[str]:
        """Return the identifiers of documents, the newest first: in the order in
        which they were made, whatever clocks say.

        :param kind: ``snapshot`` or ``restoration``

        """
        index = self._index()
        if index is None:
            index = self._scan()
        return sorted(index.get(kind, ()), reverse=True)

    def _index(self) -> dict[str, list[str]] | None:
        data = self.depot.load_document(_INDEX)
        try:
            return None if data is None else _parse(data, _INDEX)["ids"]
        except CorruptDataError:
            return None

    def _scan(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.depot.names():
            if match := _NAME.fullmatch(name):
                found.setdefault(match[1], []).append(match[2])
        return found

    def scan(self, kind: str) -> set[str]:
        """Return the identifiers of all documents that are there, be they listed or
        not.

        :param kind: ``snapshot`` or ``restoration``

        """
        return set(self._scan().get(kind, ()))

    def new_id(self, kind: str, created: datetime) -> str:
        """Return an identifier that comes after those of the kind.

        :param kind: ``snapshot`` or ``restoration``

        :param created: the time

        """
        last = max((int(name[:8]) for name in self.ids(kind)), default=0)
        return f"{last + 1:08}-{created:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"

    def read(self, kind: str, name: str) -> dict[str, Any]:
        """Return a document.

        :param kind: ``snapshot`` or ``restoration``

        :param name: its identifier

        :raises CorruptDataError: if it is missing or damaged

        """
        document = f"{kind}-{name}"
        data = self.depot.load_document(document)
        if data is None:
            raise CorruptDataError(f"{document!r} is missing in {self.depot!r}")
        return _parse(data, f"{document!r} in {self.depot!r}")

    def write(self, kind: str, name: str, content: dict[str, Any]) -> None:
        """Store a document and list it.

        :param kind: ``snapshot`` or ``restoration``

        :param name: its identifier

        :param content: what JSON can hold

        :raises PersistableError: if it can't be written

        """
        self.depot.dump_document(f"{kind}-{name}", _format(content))
        with self.lock():
            index = self._index()
            listed = {} if index is None else index
            if name not in listed.get(kind, ()):
                if index is None:
                    listed = self._scan()
                    listed[kind] = [n for n in listed.get(kind, ()) if n != name]
                listed.setdefault(kind, []).append(name)
                self._write_index(listed)

    def forget(self, kind: str, names: list[str]) -> None:
        """Take documents from the list and delete them.

        :param kind: ``snapshot`` or ``restoration``

        :param names: their identifiers

        """
        if not names:
            return
        with self.lock():
            index = self._index() or self._scan()
            index[kind] = [name for name in index.get(kind, ()) if name not in names]
            self._write_index(index)
        self.depot.delete([f"{kind}-{name}" for name in names])

    def _write_index(self, index: dict[str, list[str]]) -> None:
        self.depot.dump_document(_INDEX, _format({"ids": index}))

    def lock(self) -> AbstractContextManager[None]:
        """Return a lock on the list."""
        return key_lock(self.depot.stash, _INDEX)

    def readable(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the identifiers and contents of those documents that can be read,
        the newest first.

        :param kind: ``snapshot`` or ``restoration``

        """
        for name in self.ids(kind):
            try:
                yield name, self.read(kind, name)
            except CorruptDataError:
                continue


def _format(content: dict[str, Any]) -> bytes:
    text = json.dumps({"format": _FORMAT, **content}, indent=1).encode()
    return digest_of(text).hex().encode() + b"\n" + text


def _parse(data: bytes, source: str) -> dict[str, Any]:
    digest, _, text = data.partition(b"\n")
    if digest != digest_of(text).hex().encode():
        raise CorruptDataError(
            f"{source} is damaged: its checksum differs from what was written"
        )
    content: dict[str, Any] = json.loads(text)
    if content.get("format") != _FORMAT:
        raise PersistableError(
            f"{source} has format {content.get('format')}, which is a newer release's "
            f"than this one's, {_FORMAT}"
        )
    return content
