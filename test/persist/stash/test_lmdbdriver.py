from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.stash.lmdbdriver import FILE, identify, import_lmdb


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_lmdb().__name__ == "lmdb"
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(PersistableError, match=r"zensols\.persist\[lmdb\]"):
        import_lmdb()


def test_file_made_anew_is_another(tmp_path: Path) -> None:
    assert identify(str(tmp_path)) is None
    file = tmp_path / FILE
    file.touch()
    first = identify(str(tmp_path))
    assert first is not None
    assert identify(str(tmp_path)) == first
    other = tmp_path / "other"
    other.touch()
    other.replace(file)
    assert identify(str(tmp_path)) != first
