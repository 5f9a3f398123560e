from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.stash.place import check_place


@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_right_place(durability: str) -> None:
    check_place(object(), Path("data"), "folder", durability)


@pytest.mark.parametrize(
    ("path", "durability", "reason"),
    [
        (
            "data",
            "process",
            r"pathlib\.Path as the file of object but got: 'data' \(str",
        ),
        (None, "process", r"got: None \(NoneType\)"),
        (Path("data"), "often", "'often' of the stash at data: use one of process, fs"),
        (Path("data"), None, "Unknown durability None"),
    ],
)
def test_wrong_place(path: Any, durability: Any, reason: str) -> None:
    with pytest.raises(PersistableError, match=reason):
        check_place(object(), path, "file", durability)
