"""Scripts that are carried out again in the same process, as cells of notebooks are,
and NiceGUI's scripts for each visitor.

"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .naming import is_script

if TYPE_CHECKING:
    from .module import PersistentModule
    from .record import Record

__all__ = ["is_redefined", "shares_attributes"]


def is_redefined(record: Record, cls: type) -> bool:
    """Return whether a class is what became of that of a module when its script was
    carried out again.

    :param record: that of the module

    :param cls: the class

    >>> from zensols.persist.module.record import Record
    >>> is_redefined(Record(), int)
    False

    """
    if not record.is_kept:
        return False
    old = type(record.module)
    return (
        old is not cls
        and is_script(old)
        and is_script(cls)
        and old.__qualname__ == cls.__qualname__
    )


def shares_attributes(module: PersistentModule, other: Record) -> bool:
    """Let the module of a visitor of NiceGUI's have the attributes of that of the one
    before, since both see the same state.

    :param module: the visitor's

    :param other: what is known of the module that has its key

    :return: whether it does now, and needs no keeping of its own

    """
    core = sys.modules.get("nicegui.core")
    # Of older releases, a script is carried out once.
    is_again = getattr(core, "is_script_mode_re_execution", None)
    if is_again is None or not is_again() or not is_redefined(other, type(module)):
        return False
    object.__setattr__(module, "__dict__", other.module.__dict__)
    return True
