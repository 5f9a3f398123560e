from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist.codec import BarePickleCodec, default_codec
from zensols.persist.error import PersistableError
from zensols.persist.stash.folder import StashFolder


def test_codec_is_the_chosen_or_the_default(tmp_path: Path) -> None:
    chosen = BarePickleCodec()
    assert StashFolder(tmp_path, "{name}", chosen).codec is chosen
    assert StashFolder(tmp_path, "{name}", None).codec is default_codec()


def test_folding_shows_once_the_folder_exists(tmp_path: Path) -> None:
    folder = StashFolder(tmp_path / "data", "{name}", None)
    assert not folder.folds()
    assert folder._folds is None
    (tmp_path / "data").mkdir()
    assert folder.folds() == (tmp_path / "DATA").exists()
    assert folder._folds is not None
    assert not list((tmp_path / "data").iterdir())


def test_removes_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.dat"
    file.touch()
    folder = StashFolder(tmp_path, "{name}.dat", None)
    folder.remove(str(file))
    folder.remove(str(file))
    assert not file.exists()
    with pytest.raises(PersistableError, match=f"Can't delete {tmp_path}"):
        folder.remove(str(tmp_path))
