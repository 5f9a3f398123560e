"""Objects that keep their state: a plain program's settings, and those of an asyncio
program, which are there again when it is started the next time.

"""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from zensols import persist as persistence
from zensols.persist.convert import exclude
from zensols.persist.module import Keeper


@dataclass
class Waypoint:
    x: float
    y: float
    reached: datetime | None = None
    distance: float = field(default=0.0, metadata=exclude)


class Route(persistence.PersistentModule):
    """A robot's way, as dataclasses."""

    def __init__(self) -> None:
        super().__init__(persistence_key="route")
        self.waypoints: list[Waypoint] = []

    def add(self, x: float, y: float) -> None:
        self.waypoints.append(Waypoint(x, y, datetime.now(UTC)))
        # Written within ten seconds, together with what else is added by then.
        self.request_backup()

    def backup(self) -> dict[str, Any]:
        return {"waypoints": persistence.to_dict(self.waypoints)}

    def restore(self, data: dict[str, Any]) -> None:
        persistence.replace_list(self.waypoints, Waypoint, data.get("waypoints", []))


@dataclass
class Settings(persistence.PersistentModule):
    """Settings that are a dataclass themselves."""

    persistence_key: str = "settings"
    speed: float = 1.0
    names: list[str] = field(default_factory=list)

    def backup(self) -> dict[str, Any]:
        return {"speed": self.speed, "names": self.names}

    def restore(self, data: dict[str, Any]) -> None:
        persistence.replace_dataclass(self, data)


def plain() -> None:
    """Change settings; they are written when the program ends."""
    settings = Settings()
    print(f"plain: speed {settings.speed}, names {settings.names}")
    settings.speed += 0.5
    settings.names.append(f"run {len(settings.names) + 1}")


async def drive() -> None:
    """Change them in an event loop; the files are written outside of it."""
    route = Route()
    print(f"asyncio: {len(route.waypoints)} waypoints")
    for step in range(2):
        route.add(step, step * 2)
        await asyncio.sleep(0)


def main() -> None:
    """Run each program twice, and undo what is imported."""
    for _ in range(2):
        # Ends as a program does; in a program of your own, leave this out.
        with Keeper():
            plain()
        with Keeper():
            asyncio.run(drive())
    with Keeper():
        settings = Settings()
        exported = persistence.export_all()
        print(f"exported: {exported}")
        done = persistence.import_all({"settings": {"speed": 9.0}})
        print(f"imported {done.keys}: speed {settings.speed}")
        persistence.import_all(done.backup)
        print(f"undone: speed {settings.speed}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZENSOLS_PERSIST_HOME"] = folder
        main()
