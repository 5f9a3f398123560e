from __future__ import annotations

import subprocess
import sys

import pytest

from zensols.persist import PersistableError
from zensols.persist.ui import require


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(require, "find_spec", lambda name: None)
    with pytest.raises(
        PersistableError, match=r"The panel needs.*zensols.persist\[ui\]"
    ):
        require.require_nicegui("The panel")


def test_nothing_is_imported() -> None:
    code = (
        "import sys; from zensols.persist.ui.require import require_nicegui; "
        "require_nicegui('it'); print('nicegui' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
