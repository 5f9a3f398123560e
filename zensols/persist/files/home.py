"""The folder where users' data is kept unless they say otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["HOME", "data_home"]

HOME: Final = "ZENSOLS_PERSIST_HOME"
"""The environment variable that names another folder."""


def data_home() -> Path:
    """Return the folder for users' data, which need not exist: that of the
    environment variable ``ZENSOLS_PERSIST_HOME``, else ``zensols.persist`` in the
    user's data folder, as the system has it.

    >>> os.environ[HOME] = "/data/robot"
    >>> data_home()
    PosixPath('/data/robot')
    >>> del os.environ[HOME]

    """
    if named := os.environ.get(HOME):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("zensols.persist", appauthor=False)
