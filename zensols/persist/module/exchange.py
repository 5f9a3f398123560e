"""All modules' states in one file or dictionary, and back."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..error import PersistableError
from ..files import data_home, make_folder, write_atomic
from . import document, journal
from .keeper import kept_records
from .record import Record, Taken
from .rollback import Snapshot

__all__ = ["Imported", "export_all", "import_all", "read_export"]

MAX_BYTES: Final = 16 << 20
"""The largest export that is read, unless said otherwise."""

MAX_DEPTH: Final = 100
"""How deeply it may be nested."""

_PIECE: Final = 1 << 20
"""How many bytes are read at once."""

_NESTED: Final = (dict, list, tuple, set, frozenset)

_States = dict[str, dict[str, Any]]

Source = Mapping[str, Any] | bytes | str | os.PathLike[str]


class Imported(NamedTuple):
    """What :func:`import_all` did.

    >>> Imported(("robot.Arm",), Path("/data/backups/modules_20251115_161118.json")).keys
    ('robot.Arm',)

    """

    keys: tuple[str, ...]
    """The modules that have another state now, or the same."""

    backup: Path
    """The file with the states that all modules had before; importing it undoes
    the import."""


def export_all(path: str | os.PathLike[str] | None = None) -> _States:
    """Return the states of all modules of this process, which is what their
    ``backup`` returns, by their keys.

    Safe to call from any thread.

    :param path: also a file to write them to, as JSON, whose folder is made where
                 it is missing

    :raises Exception: what a module's ``backup`` raises

    :raises PersistableError: if something can't be stored, or there is no such place

    :raises OSError: if the file can't be written; an old one is as it was

    >>> from zensols.persist.module import export_all
    >>> export_all()
    {}

    """
    states: _States = {}
    for record in kept_records():
        # What it returned may be what the module goes on working with.
        states[record.key] = record.call(partial(_copy_of_backup, record))
    if path is not None:
        data = document.encode(states, "the export")
        make_folder(os.path.dirname(os.path.abspath(path)))
        write_atomic(os.fspath(path), [data], fsync=True)
    return states


def _copy_of_backup(record: Record) -> dict[str, Any]:
    return copy.deepcopy(record.module.backup())


def read_export(
    source: Source, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> _States:
    """Return the states in an export, found to be ones that modules could have:
    nothing is changed.

    :param source: what :func:`export_all` returned, its file, or what is in that

    :param max_bytes: how large the file may be

    :param max_depth: how deeply the states may be nested

    :raises PersistableError: if it is no export, too large, too deep, or has states
                              of modules that this process doesn't have

    :raises OSError: if the file can't be read

    >>> from zensols.persist.module import read_export
    >>> read_export(b'{"robot.Arm": {"speed": 2.5}}')
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Can't import from the data: there is no \
module 'robot.Arm' here; construct it first, or leave it out

    """
    name, data = _bytes(source, max_bytes)
    states = document.decode(data, name)
    if _depth(states, max_depth) > max_depth:
        raise PersistableError(
            f"Can't import from {name}: it is nested deeper than {max_depth} levels"
        )
    keys = {record.key for record in kept_records()}
    for key, state in states.items():
        if not isinstance(state, dict):
            raise PersistableError(
                f"Can't import from {name}: the state of '{key}' is "
                f"{type(state).__name__} instead of an object"
            )
        if key not in keys:
            raise PersistableError(
                f"Can't import from {name}: there is no module '{key}' here; "
                "construct it first, or leave it out"
            )
    return states


def _bytes(source: Source, max_bytes: int) -> tuple[str, bytes]:
    if isinstance(source, Mapping):
        # Copied, so that modules don't share what is in it with the caller.
        name, data = "the dictionary", document.encode(source, "the import")
    elif isinstance(source, bytes):
        name, data = "the data", source
    else:
        name = f"file '{os.fspath(source)}'"
        with open(source, "rb") as file:
            # Not at once, which would take as much memory as it may have.
            pieces = iter(partial(file.read, _PIECE), b"")
            data = b"".join(islice(pieces, max_bytes // _PIECE + 1))
    if len(data) > max_bytes:
        raise PersistableError(
            f"Can't import from {name}: it is larger than {max_bytes} bytes; "
            "allow more with max_bytes"
        )
    return name, data


def _depth(value: object, limit: int) -> int:
    depth = 0
    layer: list[Any] = [value]
    while layer and depth <= limit:
        depth += 1
        layer = [
            item
            for outer in layer
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, _NESTED)
        ]
    return depth


def import_all(
    source: Source, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> Imported:
    """Give modules the states in an export: all, or, if anything goes wrong, none.
    Those that are not in it keep theirs.

    First, the export is read whole and the states of all modules are written to a
    new file in the folder ``backups`` of :func:`~zensols.persist.files.data_home`.
    If one of the ``restore`` methods raises, or the files can't be written, all
    modules are put back.  A process that is killed meanwhile leaves the old files
    or the new ones (in each folder, where there are several).

    Waits for the disk; call it outside of the event loop
    (``await asyncio.to_thread(import_all, …)``), and modules are restored inside of
    theirs.

    :param source: what :func:`export_all` returned, its file, or what is in that

    :param max_bytes: how large the file may be

    :param max_depth: how deeply the states may be nested

    :raises PersistableError: if it can't be imported; nothing has changed

    :raises OSError: if the file can't be read, or the backup not be written;
                     nothing has changed

    >>> from zensols.persist.module import PersistentModule, import_all, release
    >>> class Arm(PersistentModule):
    ...     speed = 1.0
    ...     def backup(self):
    ...         return {"speed": self.speed}
    ...     def restore(self, data):
    ...         self.speed = float(data["speed"])
    >>> arm = Arm(persistence_key="arm")
    >>> done = import_all({"arm": {"speed": 2.5}})
    >>> arm.speed, done.keys
    (2.5, ('arm',))
    >>> import_all({"arm": {"speed": "fast"}})
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Nothing is imported, since module 'arm' \
refuses its state: could not convert string to float: 'fast'
    >>> done = import_all(done.backup)
    >>> arm.speed
    1.0
    >>> release(arm)

    """
    states = read_export(source, max_bytes=max_bytes, max_depth=max_depth)
    records = [record for record in kept_records() if record.key in states]
    for record in records:
        record.claim_writing()
    backup = _write_backup()
    snapshots = [(record, record.call(record.snapshot)) for record in records]
    try:
        for record in records:
            _restore(record, states[record.key])
        _write([(record, record.take()) for record in records])
    except BaseException as e:
        for record, snapshot in snapshots:
            _put_back(record, snapshot)
        if isinstance(e, OSError):
            raise PersistableError(f"Nothing is imported: {e}") from e
        raise
    return Imported(tuple(record.key for record in records), backup)


def _restore(record: Record, state: dict[str, Any]) -> None:
    try:
        record.call(lambda: record.module.restore(state))
    except Exception as e:
        raise PersistableError(
            f"Nothing is imported, since module '{record.key}' refuses its state: {e}"
        ) from e


def _put_back(record: Record, snapshot: Snapshot) -> None:
    record.call(snapshot.put_back)
    # In case that its file has been written.
    record.requested = True


def _write(taken: list[tuple[Record, Taken]]) -> None:
    folders: dict[str, list[tuple[Record, Taken]]] = {}
    for record, state in taken:
        folders.setdefault(os.path.dirname(record.path), []).append((record, state))
    for folder, pairs in folders.items():
        states = {r.key: document.decode(t.data, f"module '{r.key}'") for r, t in pairs}
        journal.change(folder, states, _writer(pairs))


def _writer(pairs: list[tuple[Record, Taken]]) -> Callable[[], None]:
    def write() -> None:
        for record, state in pairs:
            record.save(state, requested=True)

    return write


def _write_backup() -> Path:
    stem = f"modules_{datetime.now():%Y%m%d_%H%M%S}"  # noqa: DTZ005  the user's time
    names = chain([stem], (f"{stem}_{number}" for number in count(2)))
    paths = (data_home() / "backups" / f"{name}.json" for name in names)
    path = next(path for path in paths if not path.exists())
    export_all(path)
    return path
