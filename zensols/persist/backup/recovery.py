"""Restoring a cache: as a whole or not at all, even if the process is killed."""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import Any

from ..codec.tagged import Tagger
from ..domain import Stash
from ..error import PersistableError
from ..files import write_atomic
from .contents import TornError, filled, identity, lives_in_memory, replace
from .document import CacheDocument
from .folder import BackupFolder
from .store import DEFAULT, CacheStore

__all__ = ["Recovery"]


class Recovery:
    """Restores caches of a store.  What is to be in a cache that outlives the process
    is noted in the folder until it is, so that a restore that was cut off is finished
    before the cache is backed up or restored again.

    Safe to use from several threads and processes.

    >>> from zensols.persist.backup.folder import BackupFolder
    >>> Recovery(CacheStore(), BackupFolder("backups"), Tagger()).finish_all()

    """

    def __init__(self, store: CacheStore, folder: BackupFolder, tagger: Tagger) -> None:
        """
        :param store: where the caches are

        :param folder: where notes are kept

        :param tagger: writes values

        """
        self._store = store
        self._folder = folder
        self._tagger = tagger

    def restore(self, document: CacheDocument) -> None:
        """Put what is in a backup into its cache, which is made if there is none.

        :param document: the backup

        :raises PersistableError: if that fails; the cache is as it was then

        """
        name = document.cache_name
        if name not in self._store:
            self._store.create_cache(name, stash=filled(document))
            return
        stash = self._store[name]
        if lives_in_memory(stash):
            replace(stash, document)
            return
        with self._folder.lock():
            note = self._note(name, stash)
            try:
                write_atomic(note, document.encode(self._tagger))
            except OSError as e:
                raise PersistableError(
                    f"Can't restore cache {name!r}, since a note in case of a crash "
                    f"can't be written: {e}: make room in '{self._folder.path}'"
                ) from e
            try:
                replace(stash, document)
            except TornError:
                # To be finished, as if this had been killed.
                raise
            except BaseException:
                os.unlink(note)
                raise
            os.unlink(note)

    def finish_all(self) -> None:
        """Finish what was cut off, of the caches that are in the store.

        :raises PersistableError: if that fails

        """
        if os.path.isdir(self._folder.path):
            for name in (*self._store.list_caches(), DEFAULT):
                self.finish(name)

    def finish(self, name: str) -> None:
        """Finish restoring a cache, if that was cut off.

        :param name: the cache's

        :raises PersistableError: if that fails

        """
        stash = self._store[name]
        if lives_in_memory(stash):
            return
        note = self._note(name, stash)
        if os.path.exists(note):
            with self._folder.lock():
                # Another process may have finished it while this one waited.
                if os.path.exists(note):
                    replace(stash, self._folder.read(note))
                    os.unlink(note)

    def _note(self, name: str, stash: Stash[Any]) -> str:
        # Several programs may share the folder and have a cache of this name.
        what = f"{name}\0{identity(stash)}".encode("utf-8", "surrogatepass")
        digest = blake2b(what, digest_size=16).hexdigest()
        return os.path.join(self._folder.path, f".restoring-{digest}")
