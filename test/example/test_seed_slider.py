"""The script of the documentation (RoSys', but for the import) keeps its value."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from sliders import run_app

pytest.importorskip("nicegui")

SCRIPT = """\
#!/usr/bin/env python3
from typing import Any

from nicegui import ui

from zensols import persist as persistence


class Model(persistence.PersistentModule):

    def __init__(self) -> None:
        super().__init__()
        self.value: float = 1.0

    def restore(self, data: dict[str, Any]) -> None:
        self.value = data.get('value', 1.0)

    def backup(self) -> dict[str, Any]:
        return {
            'value': self.value,
        }


model = Model()
ui.slider(min=0, max=10.0, step=0.1).bind_value(model, 'value').props('label-always')

ui.run(title='RoSys')
"""
ONE_PROCESS = SCRIPT.replace("title='RoSys'", "title='RoSys', reload=False")


@pytest.mark.parametrize(
    ("code", "number"),
    [(SCRIPT, signal.SIGTERM), (ONE_PROCESS, signal.SIGINT)],
    ids=["reload, SIGTERM", "SIGINT"],
)
def test_value_is_back(code: str, number: int, tmp_path: Path) -> None:
    script, home = tmp_path / "robot.py", tmp_path / "home"
    script.write_text(code)
    with run_app(script, home) as app:
        page, other = app.visit(), app.visit()
        assert app.value() == 1.0
        app.move(page, 7.3)
        app.move(other, 4.2)
        printed = app.end(number)
    assert "Module '" not in printed, printed
    assert json.loads((home / "robot.Model.json").read_text()) == {"value": 4.2}
    assert [path.name for path in home.iterdir()] == ["robot.Model.json"]
    with run_app(script, home) as app:
        assert app.value() == 4.2
        app.end(signal.SIGTERM)
    assert not (home / "robot.Model.json.bak").exists()
