"""Configure the logging of workers as the configuration says."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["configure_logging"]


def configure_logging(factory: Any, section: str) -> None:
    """Configure logging with what an object factory makes, if its configuration
    names that.

    :param factory: a worker's object factory

    :param section: the section whose option ``section`` names that of a
                    ``zensols.cli.LogConfigurator``; another object is not used, of
                    which a line on the standard error tells

    """
    config = factory.config
    if not config.has_option("section", section):
        return
    named = config.get_option("section", section)
    configurator = factory.instance(named)
    from zensols.cli import LogConfigurator

    if isinstance(configurator, LogConfigurator):
        configurator.config()
    else:
        sys.stderr.write(
            f"warning: section {named!r}, which section {section!r} names, makes a "
            f"{type(configurator).__name__}, not a LogConfigurator\n"
        )
