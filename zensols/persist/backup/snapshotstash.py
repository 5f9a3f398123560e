"""A snapshot as a stash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ..codec import Codec, default_codec
from ..domain import EntryStore, ReadOnlyStash
from ..error import PersistableError
from .parts import from_bytes, join, to_bytes
from .source import codec_for
from .tree import Tree

if TYPE_CHECKING:
    from .snapshotting import Snapshot

__all__ = ["SnapshotStash"]


@dataclass
class SnapshotStash(ReadOnlyStash[Any], EntryStore):
    """Has what a snapshot has.  What is asked for is read then, and verified;
    writing is an error.

    Safe to use from several threads, as far as the stash is that the snapshot is
    kept in.

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> taken = snapshot(DictionaryStash({"a": 1}), DictionaryStash())
    >>> stash = SnapshotStash(taken)
    >>> stash["a"], "b" in stash, len(stash)
    (1, False, 1)

    """

    snapshot: Snapshot
    """The snapshot."""

    codec: Codec | None = None
    """Decodes the entries that it can; by default :func:`.default_codec`, and JSON
    entries as JSON.
    """

    def __post_init__(self) -> None:
        self.strict = True

    @property
    def _tree(self) -> Tree:
        return self.snapshot.tree

    @property
    def entry_codec(self) -> Codec:
        return default_codec() if self.codec is None else self.codec

    def _source(self, name: str) -> str:
        return f"{self.snapshot.id}[{name!r}]"

    def load(self, name: str) -> Any:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises UntrustedDataError: if it is not to be trusted

        :raises CorruptDataError: if a part of the snapshot is missing or damaged

        """
        return self.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        entry = self.load_entry(name)
        return default if entry is None else self._decode(name, entry)

    def _decode(self, name: str, entry: bytes) -> Any:
        codec = codec_for(entry, self.entry_codec)
        return codec.decode(entry, str(name), source=self._source(name))

    def exists(self, name: str) -> bool:
        return self._tree.find(to_bytes(str(name))) is not None

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily, in the order of their UTF-8 bytes."""
        return (from_bytes(item.key) for item in self._tree.items())

    def items(self) -> Iterator[tuple[str, Any]]:
        for name, entry in join(self.snapshot.depot, self._tree.items()):
            yield name, self._decode(name, entry)

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for name, entry in self.load_entries(names):
            yield name, self._decode(name, entry)

    def load_entry(self, name: str) -> bytes | None:
        for _, entry in self.load_entries((name,)):
            return entry
        return None

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        found = self._tree.find_all(to_bytes(str(name)) for name in names)
        return join(self.snapshot.depot, found)

    def dump_entry(self, name: str, entry: bytes) -> NoReturn:
        """Raise an error.

        :raises PersistableError: always

        """
        raise PersistableError(
            f"Snapshot {self.snapshot.id} is read-only: no dump of {name!r}"
        )

    def __len__(self) -> int:
        return self.snapshot.count
