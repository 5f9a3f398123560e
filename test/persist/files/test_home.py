"""zensols.persist.files.home"""

from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist.files import HOME, data_home


def test_is_in_the_user_s_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOME, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_home() == tmp_path / "zensols.persist"


@pytest.mark.parametrize("named", ["~/robot", "robot"])
def test_can_be_named(
    named: str, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(in_tmp))
    monkeypatch.setenv(HOME, named)
    assert data_home() == in_tmp / "robot"


def test_empty_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv(HOME, "")
    assert data_home() == tmp_path / "zensols.persist"
