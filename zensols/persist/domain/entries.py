"""Stores the entries of which can be had without decoding them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from ..codec import Codec, EntryInfo, read_info

__all__ = ["EntryStore"]


class EntryStore(ABC):
    """What keeps values as entries, that is bytes, and hands those out as they
    are, so that they can be listed, checked and moved to other stores without
    being decoded.

    As safe with threads and processes as the stash that it is.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from zensols.persist import DirectoryStash
    >>> stash = DirectoryStash(Path(tempfile.mkdtemp()))
    >>> stash["a"] = [1, 2]
    >>> isinstance(stash, EntryStore), stash.entry_info("a").type
    (True, 'builtins.list')

    """

    @property
    @abstractmethod
    def entry_codec(self) -> Codec:
        """What encodes and decodes the entries."""

    @abstractmethod
    def load_entry(self, name: str) -> bytes | None:
        """Return the entry of a key, or None if there is none.

        :param name: the key

        :raises PersistableError: if it can't be read

        """

    @abstractmethod
    def dump_entry(self, name: str, entry: bytes) -> None:
        """Store an entry as it is, replacing the one that is there.

        :param name: the key that the entry was encoded for

        :param entry: what :meth:`load_entry` of this or another store returned

        :raises PersistableError: if it can't be written

        """

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Return pairs of keys and entries, lazily and in the order of the keys,
        leaving out absent ones.

        :param names: the keys

        """
        for name in names:
            entry = self.load_entry(name)
            if entry is not None:
                yield name, entry

    def store_stamp(self) -> bytes | None:
        """Return a stamp of all entries: as long as it stays the same, so do they.

        :return: the stamp, or None if nothing tells

        """
        return None

    def entry_stamps(self) -> Iterator[tuple[str, bytes]] | None:
        """Return pairs of keys and stamps, lazily: as long as the stamp of a key stays
        the same, so does its entry.  An empty one tells nothing.

        :return: the pairs, or None if there are no stamps that are quicker to have
                 than the entries

        """
        return None

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """Store many entries; if that fails, some may have been stored.

        :param entries: pairs of keys and entries

        """
        for name, entry in entries:
            self.dump_entry(name, entry)

    def change_entries(
        self, changes: Callable[[], Iterable[tuple[str, bytes | None]]]
    ) -> bool:
        """Store and delete many entries in one transaction, if this store has such.

        :param changes: returns pairs of keys and entries, or None for those to
                        delete; called again if the transaction has to be begun anew

        :return: whether that was done; if not, nothing was

        :raises PersistableError: if it fails; nothing has changed then

        """
        return False

    def entry_info(self, name: str) -> EntryInfo | None:
        """Return what an entry tells of itself, or None if there is none.

        :param name: the key

        :raises PersistableError: if it is no entry, or damaged

        """
        entry = self.load_entry(name)
        return None if entry is None else read_info(entry, f"{self!r}[{name!r}]")
