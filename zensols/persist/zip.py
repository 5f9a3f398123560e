"""A stash that reads the files in a zip archive."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from .codec import Codec, JsonCodec
from .domain import Reach, ReadOnlyStash, StashURL
from .error import PersistableError
from .files import beside_path

if TYPE_CHECKING:
    from .stash.directory import DirectoryStash

__all__ = ["ZipStash"]


class ZipStash(ReadOnlyStash[Any]):
    """Has the files in a zip archive, the keys being their paths.

    Safe to use from many threads and processes; the archive is opened for each
    use.  What it has is listed once.

    >>> import tempfile, zipfile
    >>> path = Path(tempfile.mkdtemp()) / "corpus.zip"
    >>> with zipfile.ZipFile(path, "w") as archive:
    ...     archive.writestr("docs/a.txt", "some text")
    >>> stash = ZipStash(path, root="docs", encoding="utf-8")
    >>> dict(stash)
    {'a.txt': 'some text'}

    """

    def __init__(
        self, path: Path | str, root: str | None = None, encoding: str | None = None
    ) -> None:
        """
        :param path: the archive

        :param root: the folder in the archive that has the files, without a
                     slash at its ends; by default all

        :param encoding: decodes the files to strings; by default values are
                         bytes

        :raises PersistableError: if the root begins or ends with a slash

        """
        super().__init__()
        self.root = None if root is None else _root(root)
        self.encoding = encoding
        self.path = path

    @property
    def path(self) -> Path:
        """The archive; setting it makes the stash have that one's keys."""
        return self._path

    @path.setter
    def path(self, path: Path | str) -> None:
        self._path = Path(path)
        self._listed: tuple[tuple[Path, str | None], dict[str, None]] | None = None

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> ZipStash:
        """Return the stash of a URL such as ``zip:corpus.zip?root=docs``; see
        :data:`.Opener`.

        """
        if codec is not None:
            raise url.wrong("options 'codec' and 'compress': a zip archive has none")
        return cls(url.path, **url.read(root=_root, encoding=_encoding))

    @property
    def url(self) -> StashURL:
        options = {"root": self.root, "encoding": self.encoding}
        return StashURL.of_path("zip", self.path, options)

    @property
    def reach(self) -> Reach:
        return Reach.MACHINE

    def _make_beside(self, name: str) -> DirectoryStash[Any]:
        from .stash.directory import DirectoryStash

        parts = () if self.root is None else (self.root,)
        path = Path(beside_path(str(self.path), name, *parts))
        return DirectoryStash(path, codec=JsonCodec())

    @property
    def _prefix(self) -> str:
        return "" if self.root is None else f"{self.root}/"

    @contextmanager
    def _open(self) -> Iterator[ZipFile]:
        path = self._path
        try:
            with ZipFile(path) as archive:
                yield archive
        except (OSError, BadZipFile, NotImplementedError) as e:
            raise PersistableError(f"Can't read zip archive {path}: {e}") from e

    def _read(self, archive: ZipFile, key: str) -> Any:
        try:
            data = archive.read(self._prefix + key)
            return data if self.encoding is None else data.decode(self.encoding)
        except (
            # Of which the last two are for encrypted files and wrong encodings.
            BadZipFile,
            EOFError,
            LookupError,
            OSError,
            zlib.error,
            RuntimeError,
            ValueError,
        ) as e:
            raise PersistableError(
                f"Can't read {key!r} in zip archive {archive.filename}: {e}"
            ) from e

    def _keys(self) -> dict[str, None]:
        source = self._path, self.root
        if self._listed is None or self._listed[0] != source:
            prefix = self._prefix
            with self._open() as archive:
                names = {
                    info.filename[len(prefix) :]: None
                    for info in archive.infolist()
                    if not info.is_dir() and info.filename.startswith(prefix)
                }
            self._listed = source, names
        return self._listed[1]

    def load(self, name: str) -> Any:
        """Return the content of a file, or None if there is none of that name.

        :param name: the path of the file below the root

        :raises PersistableError: if the file or the archive can't be read

        """
        key = str(name)
        if not self.exists(key):
            return None
        with self._open() as archive:
            return self._read(archive, key)

    def exists(self, name: str) -> bool:
        return str(name) in self._keys()

    def keys(self) -> Iterator[str]:
        """Return the keys in the order of the archive."""
        return iter(self._keys())

    def items(self) -> Iterator[tuple[str, Any]]:
        # Opened once, since that reads the names of all its files.
        keys = self._keys()
        with self._open() as archive:
            for key in keys:
                yield key, self._read(archive, key)

    def __len__(self) -> int:
        return len(self._keys())


def _root(root: str) -> str:
    if root.startswith("/") or root.endswith("/"):
        raise PersistableError(
            f"Roots can not start or end with a forward slash: {root!r}"
        )
    return root


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as e:
        raise ValueError(str(e)) from e
