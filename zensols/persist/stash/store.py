"""What all stashes that keep their entries in a database have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, ClassVar, Generic

from ..codec import Codec, EntryInfo, default_codec, read_info
from ..domain import CloseableStash, EntryStore, Stash, V
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

    transaction: ClassVar[tuple[int, int]] = 0, 0
    """Up to how many entries, and bytes of them, :meth:`dump_entries` stores in one
    transaction.
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
        rest = iter(items)
        begin = list(islice(rest, 2))
        if len(begin) == 1:
            # Which is written at once anyway.
            self.dump(*begin[0])
            return
        with ExitStack() as stack:
            self.dump_entries(self._encode_batch(chain(begin, rest), stack))

    def _encode_batch(
        self, items: Iterable[tuple[str, V]], stack: ExitStack
    ) -> Iterator[tuple[str, bytes]]:
        encode = self.entry_codec.encode
        left, bytes_left = self.transaction
        rest = iter(items)
        for name, inst in rest:
            key = str(name)
            entry = bytes(encode(inst, key))
            left -= 1
            bytes_left -= len(entry)
            if left <= 0 or bytes_left <= 0:
                # More than one transaction: before the first one ends.
                stack.enter_context(self.batch())
                yield key, entry
                break
            yield key, entry
        for name, inst in rest:
            key = str(name)
            yield key, bytes(encode(inst, key))

    @contextmanager
    def frozen(self, timeout: float | None = None) -> Iterator[Stash[V]]:
        with ExitStack() as gate, ExitStack() as stack:
            gate.enter_context(super().frozen(timeout))
            view = self._freeze(stack)
            if view is None:
                yield self
            else:
                gate.close()
                yield view

    def _freeze(self, stack: ExitStack) -> Stash[V] | None:
        """Return this stash as it is now, to be read by one thread, or None if the
        database can't show that.

        :param stack: what is closed when the view isn't needed any more

        """
        return None

    def items(self) -> Iterator[tuple[str, V]]:
        return self.load_many(self.keys())

    def entry_info(self, name: str) -> EntryInfo | None:
        key = str(name)
        entry = self.load_entry(key)
        return None if entry is None else read_info(entry, self.entry_source(key))
