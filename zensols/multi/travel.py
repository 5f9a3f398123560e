"""What goes from one process to another, as bytes."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from typing import Any

from zensols.persist.codec import SigningKey
from zensols.persist.codec.pickling import dill_dumps, loads_whole
from zensols.persist.error import ClassNotFoundError, PersistableError
from zensols.persist.missing import MISSING

from .byvalue import dumps
from .error import CannotTravelError, ForeignKeyError

__all__ = ["as_received", "check_fingerprint", "own_fingerprint", "pack", "unpack"]


def pack(value: Any, what: str, *, by_value: bool) -> bytes:
    """Return a value as bytes that another process can make the same of.

    :param value: the object

    :param what: names it in errors, such as the name of its class

    :param by_value: whether what the value needs of ``__main__`` goes with it, for
                     processes that have another one: on a cluster, or started anew
                     from a notebook.  Otherwise it goes by name, for those that have
                     the same, by being forked or by importing the script again.

    :raises CannotTravelError: if there is something inside that means nothing in
                               another process; the text gives the path to it

    >>> unpack(pack([1, 2], "numbers", by_value=False))
    [1, 2]

    """
    try:
        data = pickle.dumps(value, 5)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return dumps(value, what) if by_value else _dumps_by_name(value, what)
    # The name is in the pickle of whatever refers to the module.
    return dumps(value, what) if by_value and b"__main__" in data else data


def _dumps_by_name(value: Any, what: str) -> bytes:
    try:
        # Functions don't bring along the globals that they use.
        return dill_dumps(value, recurse=False)
    except PersistableError as e:
        text = str(e).replace("Can't store value", f"Can't send {what}", 1)
        raise CannotTravelError(text) from e


def unpack(data: bytes) -> Any:
    """Return the value that was packed, **which runs what the bytes say**: for what
    this program's own processes send each other.

    What came from the sender's ``__main__`` by value is put into the one of this
    process, where that has no such name, so that this process can in turn send, or
    store, instances of its classes by name.

    :param data: what :func:`pack` returned

    :raises CannotTravelError: if this process can't import what it is made of

    :raises PersistableError: if it can't be restored for another reason

    """
    try:
        return loads_whole(data, "what was sent to this process")
    except ClassNotFoundError as e:
        raise CannotTravelError(
            f"Process {os.getpid()} on {socket.gethostname()} ({sys.executable}) can't "
            f"import what it was sent: {e.__cause__}; install it there, or see that it "
            f"is found (PYTHONPATH)"
        ) from e


def as_received(value: Any) -> Any:
    """Return what another process gets if a value is pickled as a part of what is
    sent to it, or MISSING if that would fail.

    :param value: the object

    >>> import threading
    >>> as_received({"lock": threading.Lock()})
    MISSING

    """
    try:
        return loads_whole(pickle.dumps(value, 5))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return MISSING


def own_fingerprint() -> str:
    """Return the fingerprint of this user's signing key, for workers to compare with
    that of theirs.  The key itself stays here.

    The key is made if there is none, as for storing something.

    :raises PersistableError: if the key can't be used or made

    """
    key = SigningKey.find(create=True)
    assert key is not None  # noqa: S101  since it was to be made
    return key.fingerprint.hex()


def check_fingerprint(expected: str) -> None:
    """Do nothing, if this process signs what it stores as another one does.

    :param expected: what :func:`own_fingerprint` returned there

    :raises ForeignKeyError: if there is another key here, or none

    :raises PersistableError: if the key can't be used

    """
    key = SigningKey.find()
    found = None if key is None else key.fingerprint.hex()
    if found != expected:
        has = "no signing key" if found is None else f"the signing key {found}"
        raise ForeignKeyError(
            f"Process {os.getpid()} on {socket.gethostname()} has {has}, but what it "
            f"stores is read with {expected}: give it the same, in a file that "
            f"ZENSOLS_PERSIST_KEY_FILE names there"
        )
