"""The folder of a directory stash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ..codec import Codec, default_codec, file_info
from ..error import PersistableError
from ..files import DIGESTED, FileNames, Sweeper, folds_case

__all__ = ["StashFolder"]


class StashFolder:
    """What is derived from the fields of a :class:`.DirectoryStash`, so that it
    isn't at each use.

    Safe to use from several threads.

    >>> folder = StashFolder(Path("data"), "{name}.dat", None)
    >>> folder.prefix + folder.names.to_name("a")
    'data/a.dat'

    """

    __slots__ = (
        "_folds",
        "chosen",
        "codec",
        "names",
        "path",
        "pattern",
        "prefix",
        "sweeper",
        "text",
    )

    def __init__(self, path: Path, pattern: str, chosen: Codec | None) -> None:
        """
        :param path: the folder

        :param pattern: the name of a file

        :param chosen: the stash's codec, or None for the default

        """
        self.path = path
        self.pattern = pattern
        self.chosen = chosen
        self.codec = chosen or default_codec()
        self.text = str(path)
        self.prefix = os.path.join(self.text, "")
        self.names = FileNames(pattern, self.folds)
        self.sweeper = Sweeper(self.text)
        self._folds: bool | None = None

    def folds(self) -> bool:
        """Return whether the folder takes names that differ in case only for
        the same, which shows once it exists.

        """
        if self._folds is None and os.path.isdir(self.text):
            self._folds = folds_case(self.text)
        return bool(self._folds)

    def scan(self) -> AbstractContextManager[Iterable[os.DirEntry[str]]]:
        """Return a context with what is in the folder; nothing if there is none.

        :raises PersistableError: if it can't be listed

        """
        try:
            return os.scandir(self.text)
        except FileNotFoundError:
            return nullcontext(())
        except OSError as e:
            raise PersistableError(f"Can't list {self.path}: {e.strerror}") from e

    def entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Return the keys and their files, lazily and in no particular order.

        :raises PersistableError: if the folder can't be listed

        """
        match_plain, to_key = self.names.match_plain, self.names.to_key
        with self.scan() as entries:
            for entry in entries:
                name = entry.name
                match = match_plain(name)
                key = to_key(name) if match is None else match[1]
                if key is not None and entry.is_file():
                    if key is DIGESTED:
                        key = self.stored_key(name)
                        if key is None:
                            continue
                    yield key, entry

    def remove(self, file: str) -> None:
        """Delete a file, if there is one.

        :param file: its path

        :raises PersistableError: if it can't be deleted

        """
        try:
            os.unlink(file)
        except FileNotFoundError:
            pass
        except OSError as e:
            raise PersistableError(f"Can't delete {file}: {e.strerror}") from e

    def stored_key(self, name: str) -> str | None:
        """Return the key of a file from which name it can't be told, or None if
        the file doesn't tell it or is under another's name.

        :param name: the file's name, without the folder

        """
        try:
            key = file_info(self.prefix + name).key
        except (OSError, PersistableError):
            # Damaged: which key it was can't be known.
            return None
        return key if key is not None and self.names.to_name(key) == name else None
