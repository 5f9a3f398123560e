from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("nicegui")

from nicegui import ui
from nicegui.testing import User, user_simulation

from zensols.persist.module import PersistentModule, release
from zensols.persist.ui import export_button


class Arm(PersistentModule):
    fails = False

    def backup(self) -> dict[str, Any]:
        if self.fails:
            raise ValueError("<b>no</b>")
        return {"speed": 2.5}

    def restore(self, data: dict[str, Any]) -> None:
        pass


@pytest.fixture
def arm(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ZENSOLS_PERSIST_HOME", str(tmp_path))
    arm = Arm(persistence_key="arm")
    yield arm
    arm.fails = False
    release(arm)


@pytest.fixture
async def user(arm: Arm) -> AsyncIterator[User]:
    def root() -> None:
        export_button("Save", filename="robot.json")

    async with user_simulation(root) as user:
        yield user


async def test_states_are_downloaded(user: User) -> None:
    await user.open("/")
    user.find("Save").click()
    answer = await user.download.next(timeout=60)
    assert json.loads(answer.content) == {"arm": {"speed": 2.5}}
    assert "robot.json" in str(answer.headers) or answer.status_code == 200


async def test_what_fails_is_said(user: User, arm: Arm) -> None:
    arm.fails = True
    await user.open("/")
    user.find("Save").click()
    await user.should_see("Nothing was exported: <b>no</b>", retries=600)
    assert user.find(kind=ui.button).elements.pop().enabled
