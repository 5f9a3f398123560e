"""Big arrays are mapped from their file: loading one takes a moment, however big
it is, and what isn't looked at isn't read.

"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zensols.persist import DirectoryStash, FileTextUtil


def main(folder: Path) -> None:
    """Store an array, and change a loaded one."""
    stash = DirectoryStash[NDArray[np.float64]](folder)
    stash["one"] = np.ones(1)
    stash["many"] = np.ones((4096, 4096))

    for key in "one", "many":
        size = FileTextUtil.byte_format(stash.key_to_path(key).stat().st_size)
        start = time.perf_counter()
        array = stash[key]
        seconds = time.perf_counter() - start
        print(f"{key}: {size} loaded in {seconds * 1000:.2f} ms, sum {array.sum():.0f}")

    # Copy-on-write: the change is this array's own.
    array = stash["many"]
    array[0, 0] = 100
    print(f"after a change: {array[0, 0]:.0f} here, {stash['many'][0, 0]:.0f} stored")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
