"""Where the sources are read from."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zensols.persist import ReadOnlyStash, persisted

STDLIB = Path(sysconfig.get_path("stdlib"))
"""The standard library of the Python that runs this."""


@dataclass
class CorpusStash(ReadOnlyStash[bytes]):
    """Maps the name of each module below a folder to its source.  That is bytes,
    since only the source itself knows in which encoding it is written.

    """

    folder: Path

    def load(self, name: str) -> bytes | None:
        path = self.files.get(name)
        return None if path is None else path.read_bytes()

    def exists(self, name: str) -> bool:
        return name in self.files

    def keys(self) -> Iterable[str]:
        return self.files.keys()

    @property
    @persisted
    def files(self) -> dict[str, Path]:
        """The files, by the sorted names of their modules."""
        found = {}
        for folder, folders, files in os.walk(self.folder):
            # No module has such a name: site-packages, lib-dynload.
            folders[:] = filter(str.isidentifier, folders)
            for file in files:
                stem, suffix = os.path.splitext(file)
                if suffix == ".py" and stem.isidentifier():
                    path = Path(folder, file)
                    found[self._module_name(path)] = path
        return dict(sorted(found.items()))

    def _module_name(self, path: Path) -> str:
        parts = path.relative_to(self.folder).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        return ".".join(parts)
