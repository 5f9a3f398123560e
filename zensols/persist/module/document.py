"""The file of a module: its state as JSON, and the last good one beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from ..error import CorruptDataError, PersistableError
from ..files import FileNames, folds_case, make_folder, remove_dead, write_atomic

if TYPE_CHECKING:
    from ..codec.tagged import Tagger

__all__ = ["Found", "decode", "document_path", "encode", "find", "replace"]


class Found(NamedTuple):
    """What was read of a module."""

    data: dict[str, Any] | None
    """The state; None if there is none."""

    problem: PersistableError | None = None
    """Why the newest file could not be read."""


@cache
def _tagger() -> Tagger:
    from ..codec.tagged import Tagger

    return Tagger()


def document_path(folder: str, key: str) -> str:
    """Return the file of a module.

    :param folder: where modules are kept

    :param key: the module's

    >>> document_path("/data", "robot.Arm")
    '/data/robot.Arm.json'

    """
    names = FileNames("{name}.json", lambda: folds_case(folder))
    return os.path.join(folder, names.to_name(key))


def encode(data: object, source: str) -> bytes:
    r"""Return JSON that people can read, the same for the same data.

    :param data: a dictionary of what :class:`.JsonCodec` or :func:`json.dumps` takes

    :param source: tells in errors whose it is

    :raises PersistableError: if it is something else; the text gives the path to
                              the culprit

    >>> encode({"value": 1}, "module 'robot'")
    b'{\n  "value": 1\n}\n'

    """
    if not isinstance(data, Mapping):
        raise PersistableError(
            f"Can't store {source}, since its backup() returned "
            f"{type(data).__name__} instead of a dictionary"
        )
    from msgspec.json import format as indented

    return indented(_encode(dict(data), source), indent=2) + b"\n"


def _encode(data: dict[Any, Any], source: str) -> bytes:
    try:
        return _tagger().encode(data)
    except PersistableError as e:
        try:
            # Takes subclasses of what JSON has for the classes themselves.
            return _tagger().encode(json.loads(json.dumps(data)))
        except (RecursionError, TypeError, ValueError, PersistableError):
            raise PersistableError(f"Can't store {source}: {e}") from e


def decode(data: bytes, source: str) -> dict[str, Any]:
    """Return what :func:`encode` was given.

    :param data: the JSON

    :param source: names the file in errors

    :raises PersistableError: if it is damaged, too deep or no dictionary

    >>> decode(b'{"value": 1}', "the file")
    {'value': 1}

    """
    value = _tagger().decode(data, source)
    if not isinstance(value, dict):
        raise CorruptDataError(
            f"Damaged state in {source}: {type(value).__name__} instead of an object"
        )
    return value


def _backup_path(path: str) -> str:
    return f"{path}.bak"


def _read(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        return decode(file.read(), f"file '{path}'")


def find(path: str) -> Found:
    """Read the state of a module: the newest file or, if that is damaged, the last
    good one.

    :param path: see :func:`document_path`

    >>> find("/no/such/file.json")
    Found(data=None, problem=None)

    """
    try:
        return Found(_read(path))
    except FileNotFoundError:
        return Found(None)
    except OSError as e:
        return Found(None, PersistableError(f"Can't read file '{path}': {e}"))
    except PersistableError as e:
        problem = e
    try:
        return Found(_read(_backup_path(path)), problem)
    except (OSError, PersistableError):
        return Found(None, problem)


def replace(path: str, data: bytes, *, usable: bool) -> None:
    """Write the state of a module, and keep the one before.

    :param path: see :func:`document_path`; its folder is made where it is missing

    :param data: what :func:`encode` returned

    :param usable: whether what is there is good; it is then kept as the last good
                   one, and otherwise, apart from it, for people to look into

    :raises OSError: if that fails, and the old state is as it was

    :raises PersistableError: if the folder can't be made

    """
    folder = os.path.dirname(path)
    make_folder(folder)
    remove_dead(folder)
    try:
        with open(path, "rb") as file:
            old = file.read()
    except FileNotFoundError:
        pass
    except OSError:
        _set_aside(path)
    else:
        if old == data:
            return
        if usable and _is_good(old):
            write_atomic(_backup_path(path), [old])
        else:
            _set_aside(path)
    write_atomic(path, [data], fsync=True)


def _is_good(data: bytes) -> bool:
    try:
        decode(data, "")
    except PersistableError:
        return False
    return True


def _set_aside(path: str) -> None:
    for name in _rejected_names(path):
        with suppress(FileExistsError):
            try:
                # The name stays until it is replaced, as long as that is possible.
                os.link(path, name)
            except FileExistsError:
                raise
            except OSError:
                if os.path.lexists(name):
                    continue
                os.rename(path, name)
            return


def _rejected_names(path: str) -> Iterator[str]:
    yield f"{path}.rejected"
    for number in count(2):
        yield f"{path}.rejected{number}"
