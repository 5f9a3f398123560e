from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from robots import Robot, remade

from zensols.persist.error import PersistableError
from zensols.persist.module import Keeper


def remade_value(keeper: Keeper, key: str) -> Any:
    (record,) = [record for record in keeper.records if record.key == key]
    return json.loads(Path(record.path).read_text())["value"]


def redefined(value: float) -> type[Robot]:
    """A class of a script, as carrying it out again makes it."""

    class Model(Robot):
        pass

    Model.__module__ = "__main__"
    Model.__qualname__ = "Model"
    return Model


def test_class_that_a_notebook_defines_anew_goes_on(keeper: Keeper) -> None:
    first = redefined(1)("cell")
    first.value = 4
    second = redefined(2)("cell")
    assert second.value == 4
    second.value = 5
    first.value = 6
    keeper.flush()
    assert len(keeper.records) == 1
    assert remade("other").value == 1
    assert remade_value(keeper, "cell") == 5


def test_second_instance_of_a_script_is_a_duplicate(keeper: Keeper) -> None:
    model = redefined(1)
    _ = model("cell")
    with pytest.raises(PersistableError, match="cell"):
        model("cell")


def test_script_carried_out_for_another_visitor_shares(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = pytest.importorskip("nicegui.core")
    first = redefined(1)("page")
    first.value = 4
    monkeypatch.setattr(core, "is_script_mode_re_execution", lambda: True)
    second = redefined(2)("page")
    second.value = 5
    assert first.value == 5
    first.value = 6
    first.request_backup()
    assert len(keeper.records) == 1
    keeper.cycle()
    assert remade_value(keeper, "page") == 6
