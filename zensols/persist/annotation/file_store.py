"""Keep the value of a work in a file."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..error import (
    ClassNotFoundError,
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)
from ..files import Sweeper, make_folder, path_lock, work_lock_path
from ..missing import MISSING
from .store import Store

if TYPE_CHECKING:
    from ..codec import Codec

__all__ = ["FileStore"]


@lru_cache(maxsize=64)
def _sweeper(folder: str) -> Sweeper:
    return Sweeper(folder)


class FileStore(Store):
    """Keeps the value in a file of its own."""

    def __init__(
        self,
        path: Path,
        mkdir: bool,
        recover_empty: bool,
        codec: Codec | None,
        fingerprint: str,
    ) -> None:
        """
        :param path: the file; if relative, to the folder that is current now

        :param mkdir: whether to make its folder

        :param recover_empty: whether to take an empty or truncated file for an
                              absent one

        :param codec: writes and reads it; by default signed pickles

        :param fingerprint: see :class:`Store`

        """
        from .. import codec as codecs

        super().__init__(fingerprint)
        self._path = os.path.abspath(path)
        self._mkdir = mkdir
        self._recover_empty = recover_empty
        self._codec = codecs.default_codec() if codec is None else codec
        if fingerprint and not isinstance(self._codec, codecs.EntryCodec):
            raise PersistableError(
                f"Codec {self._codec.name} can't keep the version of {self}: use a "
                "codec of entries, or neither version nor depends_on"
            )

    def load(self) -> Any:
        from ..codec import load_file

        try:
            if not self._is_current():
                return self._outdated()
            value = load_file(self._codec, self._path)
            # Other code may have replaced the file meanwhile.
            return value if self._is_current() else self._outdated()
        except FileNotFoundError:
            return MISSING
        except ClassNotFoundError as e:
            return self._miss(e)
        except UntrustedDataError:
            raise
        except PersistableError as e:
            empty = self._is_empty()
            if self._recover_empty and (empty or isinstance(e, CorruptDataError)):
                return self._miss(e)
            if not empty:
                raise
            raise PersistableError(
                f"File is empty: {self}; delete it or set recover_empty to compute "
                "its value again"
            ) from e

    def _is_empty(self) -> bool:
        try:
            return os.path.getsize(self._path) == 0
        except OSError:
            return False

    def _is_current(self) -> bool:
        from ..codec import EntryCodec, file_info, load_file, verify_file

        if not self._fingerprint:
            return True
        try:
            info = file_info(self._path)
        except PersistableError:
            # Either this fails too, or data without a fingerprint is trusted.
            load_file(self._codec, self._path)
            return False
        if info.fingerprint == self._fingerprint:
            return True
        # What claims to be outdated must be ours nevertheless to be replaced.
        if isinstance(self._codec, EntryCodec):
            verify_file(self._codec, self._path)
        return False

    def prepare(self) -> None:
        folder = os.path.dirname(self._path)
        if self._mkdir:
            make_folder(folder)
        elif not os.path.isdir(folder):
            raise PersistableError(
                f"No such folder: '{folder}'; make it, or set mkdir, to keep {self}"
            )

    def dump(self, value: Any, seconds: float) -> None:
        from ..codec import dump_file

        _sweeper(os.path.dirname(self._path)).sweep()
        dump_file(
            self._codec,
            value,
            self._path,
            fingerprint=self._fingerprint,
            seconds=seconds,
        )

    def delete(self) -> None:
        try:
            os.unlink(self._path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as e:
            raise PersistableError(f"Can't delete {self}: {e.strerror}") from e

    def lock(self, timeout: float | None) -> AbstractContextManager[None]:
        return path_lock(work_lock_path(self._path), timeout)

    def __str__(self) -> str:
        return self._path
