"""Say which extra is missing."""

from __future__ import annotations

from importlib.util import find_spec

from ..error import PersistableError

__all__ = ["require_nicegui"]


def require_nicegui(what: str) -> None:
    """
    :param what: what needs NiceGUI

    :raises PersistableError: if NiceGUI is not installed

    >>> require_nicegui("the panel")

    """
    if find_spec("nicegui") is None:
        raise PersistableError(
            f"{what} needs NiceGUI, which is not installed: run "
            f"pip install 'zensols.persist[ui]'"
        )
