"""Modules that tests construct."""

from __future__ import annotations

from typing import Any

from zensols.persist.module import PersistentModule


class Robot(PersistentModule):
    """Keeps a value, and counts what is asked of it."""

    def __init__(self, key: str | None = None, **options: Any) -> None:
        super().__init__(persistence_key=key, **options)
        self.value: Any = 1.0
        self.restored: list[dict[str, Any]] = []
        self.backups = 0

    def backup(self) -> dict[str, Any]:
        self.backups += 1
        return {"value": self.value}

    def restore(self, data: dict[str, Any]) -> None:
        self.restored.append(data)
        self.value = data.get("value", 1.0)


def remade(key: str | None = None, kind: type[Robot] = Robot, **options: Any) -> Robot:
    """What another program finds."""
    from zensols.persist.module import Keeper, ManualClock

    with Keeper(clock=ManualClock()):
        return kind(key, **options)
