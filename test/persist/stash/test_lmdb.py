from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lmdb
import pytest

from zensols.persist.codec import JsonCodec, default_codec, read_info
from zensols.persist.domain import Stash, open_stash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.lmdb import LmdbStash
from zensols.persist.testing import StashContract


class TestContract(StashContract):
    processes = True

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return LmdbStash(tmp_path / "data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return LmdbStash(stash.path)
