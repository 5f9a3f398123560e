"""LMDB's own client, in a process of its own, since a process can't open a store
twice.

"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

_SCRIPT = """
import lmdb, pickle, sys
while True:
    folder, name, entry = pickle.load(sys.stdin.buffer)
    with lmdb.open(folder, map_size=1 << 28, create=entry is not None) as environment:
        with environment.begin(write=entry is not None) as transaction:
            if entry is not None:
                found = transaction.put(name, entry)
            elif name is not None:
                found = transaction.get(name)
            else:
                found = list(transaction.cursor())
    pickle.dump(found, sys.stdout.buffer)
    sys.stdout.flush()
"""


class RawLmdb:
    """Reads and writes the items of LMDB stores as bytes.

    Use it as a context manager.

    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, folder: Path, name: bytes | None, entry: bytes | None) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((str(folder), name, entry), self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)

    def get(self, folder: Path, name: bytes) -> bytes | None:
        found: bytes | None = self._ask(folder, name, None)
        return found

    def put(self, folder: Path, name: bytes, entry: bytes) -> None:
        self._ask(folder, name, entry)

    def items(self, folder: Path) -> dict[bytes, bytes]:
        return dict(self._ask(folder, None, None))
