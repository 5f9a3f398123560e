"""A stash that reads the files in a zip archive.

"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from .domain import ReadOnlyStash
from .error import PersistableError

__all__ = ["ZipStash"]


class ZipStash(ReadOnlyStash[Any]):
    """Has the files in a zip archive, the keys being their paths.

    Safe to use from many threads; the archive is opened for each use.

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
        if root is not None and (root.startswith("/") or root.endswith("/")):
            raise PersistableError(
                f"Roots can not start or end with a forward slash: {root!r}"
            )
        self.root = root
        self.encoding = encoding
        self.path = path  # type: ignore[assignment]  # takes text as well

    @property
    def path(self) -> Path:
        """The archive; setting it makes the stash have that one's keys."""
        return self._path

    @path.setter
    def path(self, path: Path | str) -> None:
        self._path = Path(path)
        self._names: dict[str, None] | None = None

    def _prefix(self) -> str:
        return "" if self.root is None else f"{self.root}/"

    def _open(self) -> ZipFile:
        try:
            return ZipFile(self._path)
        except (OSError, BadZipFile) as e:
            raise PersistableError(f"Can't read zip archive {self._path}: {e}") from e

    def _keys(self) -> dict[str, None]:
        names = self._names
        if names is None:
            prefix = self._prefix()
            with self._open() as archive:
                names = self._names = {
                    info.filename[len(prefix) :]: None
                    for info in archive.infolist()
                    if not info.is_dir() and info.filename.startswith(prefix)
                }
        return names

    def load(self, name: str) -> Any:
        """Return the content of a file, or None if there is none of that name.

        :param name: the path of the file below the root

        :raises PersistableError: if the archive can't be read

        """
        key = str(name)
        if key not in self._keys():
            return None
        with self._open() as archive:
            try:
                data = archive.read(self._prefix() + key)
            except (OSError, BadZipFile, KeyError) as e:
                raise PersistableError(
                    f"Can't read {key!r} in zip archive {self._path}: {e}"
                ) from e
        return data if self.encoding is None else data.decode(self.encoding)

    def exists(self, name: str) -> bool:
        return str(name) in self._keys()

    def keys(self) -> Iterator[str]:
        return iter(self._keys())

    def __len__(self) -> int:
        return len(self._keys())
