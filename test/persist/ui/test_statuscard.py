from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nicegui")

from nicegui.testing import user_simulation

from zensols.persist.backup import CacheStore, PersistenceHandler
from zensols.persist.ui import backup_status_card


@pytest.fixture
def handler(tmp_path: Path) -> Any:
    handler = PersistenceHandler(str(tmp_path / "backups"), 0, CacheStore())
    yield handler
    handler.stop()


def list_backups(handler: Any) -> list[Path]:
    return list(Path(handler.backup_dir).glob("cache_users_*.json"))


async def test_status(handler: Any) -> None:
    handler.store.create_cache("users")["ann"] = 1
    handler.backup_all()
    async with user_simulation(lambda: backup_status_card(handler.backup_dir)) as user:
        await user.open("/")
        await user.should_see("users", retries=600)
        await user.should_see("· 1 backup", retries=600)
        await user.should_see("Backups")


async def test_damaged_backup(handler: Any) -> None:
    handler.store.create_cache("users")["ann"] = 1
    handler.backup_all()
    for path in list_backups(handler):
        path.write_text("{")
    async with user_simulation(lambda: backup_status_card(handler.backup_dir)) as user:
        await user.open("/")
        await user.should_see("no good backup", retries=600)
        await user.should_see("1 newer ones are damaged", retries=600)


async def test_no_backups(tmp_path: Path) -> None:
    async with user_simulation(lambda: backup_status_card(tmp_path / "none")) as user:
        await user.open("/")
        await user.should_see("There are no backups in", retries=600)


async def test_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with user_simulation(lambda: backup_status_card(tmp_path / "file")) as user:
        await user.open("/")
        await user.should_see("is not known", retries=600)
