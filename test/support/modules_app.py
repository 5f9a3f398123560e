"""A NiceGUI application with modules, which tests export and import, and the status of
backups.  Its argument is the port.

"""

from __future__ import annotations

import sys
from typing import Any

from nicegui import ui

from zensols import persist as persistence
from zensols.persist.ui import backup_status_card


class Settings(persistence.PersistentModule):
    def __init__(self) -> None:
        super().__init__(persistence_key="settings")
        self.speed = 1.0
        self.names = ["a"]

    def backup(self) -> dict[str, Any]:
        return {"speed": self.speed, "names": self.names}

    def restore(self, data: dict[str, Any]) -> None:
        self.speed, self.names = float(data["speed"]), list(data["names"])


if __name__ == "__main__":
    settings = Settings()
    ui.number("Speed").bind_value(settings, "speed")
    persistence.export_button()
    persistence.import_button(max_bytes=1_000_000)
    backup_status_card(refresh=1)
    ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False)
