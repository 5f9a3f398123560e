"""What all stashes that keep their entries in a database have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic

from ..codec import Codec, EntryInfo, default_codec, read_info
from ..domain import CloseableStash, EntryStore, V
from ..missing import MISSING

__all__ = ["StoreStash"]


@dataclass
class StoreStash(CloseableStash[V], EntryStore, Generic[V]):
    """A stash that keeps entries in a database.  A subclass only has to keep
    bytes: it implements :meth:`load_entry`, :meth:`dump_entry`, :meth:`exists`,
    :meth:`delete`, :meth:`keys` and :meth:`close`, and preferably
    :meth:`load_entries`, :meth:`dump_entries`, :meth:`delete_many` and
    :meth:`clear`, where the database can do many at once.

    >>> from zensols.persist.stash.sqlite import SqliteStash
    >>> issubclass(SqliteStash, StoreStash)
    True

    """

    codec: Codec | None = field(default=None, kw_only=True)
    """Turns values into entries; by default :func:`.default_codec`."""

    @property
    def entry_codec(self) -> Codec:
        return default_codec() if self.codec is None else self.codec

    def entry_source(self, name: str) -> str:
        """Return what to call an entry in errors.

        :param name: the key

        """
        return f"{type(self).__name__}[{name!r}]"

    def load(self, name: str) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises StoreUnavailableError: if the database can't be reached

        :raises PersistableError: if the entry is not to be trusted, or damaged

        """
        value = self._find(name)
        return None if value is MISSING else value

    def get(self, name: str, default: Any = None) -> Any:
        value = self.load(name)
        if value is None:
            # Absent or a None?  exists() can't tell if others write and delete
            # the key meanwhile.
            stored = self._find(name)
            if stored is not None:
                value = None if stored is MISSING else self.load(name)
                if value is None:
                    return default
        return value

    def _find(self, name: str) -> Any:
        key = str(name)
        entry = self.load_entry(key)
        return MISSING if entry is None else self._decode(key, entry)

    def _decode(self, key: str, entry: bytes | memoryview) -> Any:
        return self.entry_codec.decode(entry, key, source=self.entry_source(key))

    def dump(self, name: str, inst: V) -> None:
        """Store a value.  If that fails, the old value is kept.

        :param name: the key

        :param inst: the value

        :raises StoreUnavailableError: if the database can't be reached

        :raises PersistableError: if the value can't be encoded or stored

        """
        key = str(name)
        self.dump_entry(key, bytes(self.entry_codec.encode(inst, key)))

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        for key, entry in self.load_entries(map(str, names)):
            yield key, self._decode(key, entry)

    def dump_many(self, items: Iterable[tuple[str, V]]) -> None:
        encode = self.entry_codec.encode
        self.dump_entries(
            (key, bytes(encode(inst, key)))
            for key, inst in ((str(name), inst) for name, inst in items)
        )

    def items(self) -> Iterator[tuple[str, V]]:
        return self.load_many(self.keys())

    def entry_info(self, name: str) -> EntryInfo | None:
        key = str(name)
        entry = self.load_entry(key)
        return None if entry is None else read_info(entry, self.entry_source(key))
