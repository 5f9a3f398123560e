"""A slider that stays where it was when the program is started again, and buttons that
export and import its state.

Run it, move the slider, stop it with Ctrl-C, and run it again.

"""

import os
from typing import Any

from nicegui import ui

from zensols import persist as persistence


class Model(persistence.PersistentModule):
    def __init__(self) -> None:
        super().__init__()
        self.value: float = 1.0

    def restore(self, data: dict[str, Any]) -> None:
        self.value = data.get("value", 1.0)

    def backup(self) -> dict[str, Any]:
        return {
            "value": self.value,
        }


model = Model()
ui.slider(min=0, max=10.0, step=0.1).bind_value(model, "value").props("label-always")
with ui.row():
    persistence.export_button()
    persistence.import_button()

ui.run(
    title="Slider",
    host="127.0.0.1",
    port=int(os.environ.get("PORT", "8080")),
    show="PORT" not in os.environ,
    reload=False,
)
