"""Objects that find their state again."""

from __future__ import annotations

import functools
import os
import threading
from pathlib import Path
from typing import Any, Final, Self

from .keeper import current_keeper
from .record import Record, running_loop

__all__ = ["PersistentModule"]

_RECORD: Final = "_PersistentModule__record"

_wrapping: Final = threading.Lock()


class PersistentModule:
    """An object that keeps its state in a file, and has it again after its program
    was started anew.  Derive from it, and implement :meth:`backup` and
    :meth:`restore`.

    When the constructor is done, that of a subclass included, :meth:`restore` gets
    what :meth:`backup` returned last, if there is a file.  If it raises, the error
    is logged, the module is left as it was constructed, and the file as it is; it is
    kept as ``….rejected`` when the module is written later.

    A file is written, atomically, within ten seconds from :meth:`request_backup`,
    and when the program ends (by itself, ``SIGTERM``, ``SIGINT``, or the end of
    its asyncio or NiceGUI app) if the state is another than it was.  The last good
    file stays beside it, with ``.bak`` behind its name, and is used, with a warning,
    when the newest is corrupt.  What can't be written is logged and tried again.

    Files are named after the key, which is by default the class's module and name;
    for a script, the script's and the class's.  Two modules can't have the same key,
    in a process or in two programs that run at a time.  A module stays alive until
    the program ends, or it is given up (:func:`.release`); a copy of it is not kept,
    and neither is what a forked child has of it.

    :meth:`backup` is called in the event loop that the module was constructed in or
    asked for a backup in, or in which NiceGUI serves, and otherwise in a thread of
    ours, so that threads that change a module lock it.  Files are written outside of
    event loops.

    A module that a script of NiceGUI defines, which is carried out again for each
    visitor, shares its attributes with the one of the visitor before.

    >>> import tempfile
    >>> from zensols.persist.module import PersistentModule, release
    >>> class Arm(PersistentModule):
    ...     def __init__(self, folder):
    ...         super().__init__(persistence_key="arm", persistence_folder=folder)
    ...         self.speed = 1.0
    ...     def backup(self):
    ...         return {"speed": self.speed}
    ...     def restore(self, data):
    ...         self.speed = data.get("speed", 1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     arm = Arm(folder)
    ...     arm.speed = 2.5
    ...     arm.request_backup()
    ...     release(arm)
    ...     again = Arm(folder)
    ...     print(again.speed)
    ...     release(again)
    2.5

    """

    persistence_key: str | None = None
    """What the module is called; in a subclass, what all of its instances are, and
    in an instance, once it is constructed, the key that it has."""

    persistence_folder: str | os.PathLike[str] | None = None
    """Where its file is; by default :func:`~zensols.persist.files.data_home`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        _finish_after_init(cls)
        make = super().__new__
        self = make(cls) if make is object.__new__ else make(cls, *args, **kwargs)
        # Whatever class this is, frozen ones included.
        object.__setattr__(self, _RECORD, Record())
        return self

    def __init__(
        self,
        *args: Any,
        persistence_key: str | None = None,
        persistence_folder: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """
        :param persistence_key: what to call it; its file is named after that

        :param persistence_folder: where to put the file; by default
                                   :func:`~zensols.persist.files.data_home`

        :param args: passed on to the next class

        :param kwargs: passed on to the next class

        :raises PersistableError: (as does a subclass's constructor) if another module
                                  or process has this key

        """
        super().__init__(*args, **kwargs)
        if persistence_key is not None:
            object.__setattr__(self, "persistence_key", persistence_key)
        if persistence_folder is not None:
            folder = Path(persistence_folder)
            object.__setattr__(self, "persistence_folder", folder)

    def backup(self) -> dict[str, Any]:
        """Return the state: a dictionary that JSON can hold, or
        :class:`~zensols.persist.codec.JsonCodec`, so dates, sets and tuples, too.

        To be implemented by the subclass.

        """
        raise NotImplementedError(f"{type(self).__qualname__} has no backup()")

    def restore(self, data: dict[str, Any]) -> None:
        """Take on a state.

        To be implemented by the subclass.

        :param data: what :meth:`backup` returned, perhaps that of an older or newer
                     release of the program

        """
        raise NotImplementedError(f"{type(self).__qualname__} has no restore()")

    def request_backup(self) -> None:
        """Have the state written within ten seconds; requests in between are one.
        Takes well under a microsecond.  Any thread may ask.

        """
        record = self.__record
        loop = running_loop()
        if loop is not None:
            record.loop = loop
        record.requested = True

    # Set by __new__.
    __record: Record


def record_of(module: PersistentModule) -> Record:
    """Return what is known of a module.

    :param module: the module

    """
    record: Record = getattr(module, _RECORD)
    return record


def _finish_after_init(cls: type[PersistentModule]) -> None:
    """Have a class's constructor restore the instance in the end.

    A metaclass would not go with classes that have another; wrapping when the
    class is made would miss the constructor that a dataclass is given afterwards.

    """
    if getattr(cls.__dict__.get("__init__"), "_finishes", None) is cls:
        return
    with _wrapping:
        if getattr(cls.__dict__.get("__init__"), "_finishes", None) is cls:
            return
        own = cls.__dict__.get("__init__")

        @functools.wraps(cls.__init__)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            if own is None:
                super(cls, self).__init__(*args, **kwargs)
            else:
                own(self, *args, **kwargs)
            if type(self) is cls and not record_of(self).is_kept:
                current_keeper().adopt(self, record_of(self))

        __init__._finishes = cls  # type: ignore[attr-defined]
        cls.__init__ = __init__  # type: ignore[method-assign]
