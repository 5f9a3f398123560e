"""The way through a value that has tags, or needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from math import isfinite
from typing import Any, Final

from ..error import ClassNotFoundError, CorruptDataError, PersistableError
from .culprit import shorten, show
from .registry import Registered
from .tags import FLOAT, INT, STR, TAGS, Refused, Tag

__all__ = ["PLAIN", "read", "write"]

_SIMPLE: Final = frozenset((type(None), bool, int, float, str))

PLAIN: Final = _SIMPLE | {list, dict}
"""The types that JSON has a form for, subclasses excluded."""

_MAX_BITS: Final = 2048
"""Numbers of at most this many bits are written in decimal, which Python only
does within limits."""

_OBJECT: Final = "$object"
_DICT: Final = "$dict"
_BY_KIND: Final = {tag.kind: tag for tag in TAGS}
_BY_NAME: Final = {tag.name: tag for tag in TAGS}

Classes = Mapping[type, Registered]
Step = Callable[[Any, Any], str]


def write(value: Any, classes: Classes) -> Any:
    """Return a value as plain data.

    :param value: the object

    :param classes: how instances of registered classes are written

    :raises PersistableError: if it can't be stored

    """
    try:
        return _write(value, classes, set())
    except Refused as refused:
        raise PersistableError(
            f"Can't store {shorten(refused.steps[::-1])} as JSON: "
            f"{show(refused.culprit)}: {refused}"
        ) from None


def _write(value: Any, classes: Classes, above: set[int]) -> Any:
    kind = type(value)
    if kind in _SIMPLE:
        return _write_simple(value)
    if id(value) in above:
        raise Refused(value, "it contains itself, which JSON has no form for")
    above.add(id(value))
    try:
        if kind is list:
            return _write_items(value, classes, above, "[{0}]".format)
        if kind is dict:
            return _write_dict(value, classes, above, _key_step)
        if kind in classes:
            return _write_object(value, classes, above)
        if kind is set or kind is frozenset:
            items = _write_items(value, classes, above, _member_step)
            return {_BY_KIND[kind].name: items}
        tag = _BY_KIND.get(kind)
        if tag is None:
            raise Refused(value, _remedy(kind))
        return {tag.name: _write(tag.write(value), classes, above)}
    finally:
        above.discard(id(value))


def _write_simple(value: Any) -> Any:
    if isinstance(value, str):
        return value if _is_text(value) else {STR.name: STR.write(value)}
    if isinstance(value, float):
        return value if isfinite(value) else {FLOAT.name: FLOAT.write(value)}
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return {INT.name: INT.write(value)}
    return value


def _write_items(
    values: Iterable[Any], classes: Classes, above: set[int], step: Step
) -> list[Any]:
    plain: list[Any] = []
    for value in values:
        try:
            plain.append(_write(value, classes, above))
        except Refused as refused:
            refused.steps.append(step(len(plain), value))
            raise
    return plain


def _write_dict(
    values: dict[Any, Any], classes: Classes, above: set[int], step: Step
) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in values.items():
        if type(key) is not str or not _is_text(key):
            return _write_pairs(values, classes, above)
        try:
            plain[key] = _write(value, classes, above)
        except Refused as refused:
            refused.steps.append(step(key, value))
            raise
    if len(plain) == 1 and key.startswith("$"):
        return {_DICT: [[key, plain[key]]]}
    return plain


def _write_pairs(
    values: dict[Any, Any], classes: Classes, above: set[int]
) -> dict[str, Any]:
    pairs: list[Any] = []
    for key, value in values.items():
        step = ".keys()"
        try:
            plain_key = _write(key, classes, above)
            step = _key_step(key, value)
            pairs.append([plain_key, _write(value, classes, above)])
        except Refused as refused:
            refused.steps.append(step)
            raise
    return {_DICT: pairs}


def _write_object(value: Any, classes: Classes, above: set[int]) -> dict[str, Any]:
    entry = classes[type(value)]
    data = entry.write(value)
    if type(data) is dict:
        plain: Any = _write_dict(data, classes, above, ".{0}".format)
    else:
        plain = _write(data, classes, above)
    return {_OBJECT: [entry.name, plain]}


def _key_step(key: Any, _value: Any) -> str:
    return f"[{show(key)}]"


def _member_step(_index: int, value: Any) -> str:
    return f".{{{show(value)}}}"


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _remedy(kind: type) -> str:
    name = kind.__qualname__
    if issubclass(kind, Enum) or is_dataclass(kind) or issubclass(kind, (str, tuple)):
        return f"class {name} is not registered: give types=({name},) to the codec"
    return f"JSON has no form for {name}: convert it, or use another codec"


def read(plain: Any, classes: Mapping[str, Registered], source: str) -> Any:
    """Return a value from plain data.

    :param plain: what :func:`write` returned

    :param classes: how instances of registered classes are written, by name

    :param source: names where it is from in errors

    :raises CorruptDataError: if it is damaged

    :raises ClassNotFoundError: if it has a class that is not registered

    :raises PersistableError: if it is written by a newer release

    """
    kind = type(plain)
    if kind is list:
        return [read(item, classes, source) for item in plain]
    if kind is not dict:
        return plain
    if len(plain) == 1:
        ((name, data),) = plain.items()
        if name.startswith("$"):
            return _read_tag(name, read(data, classes, source), classes, source)
    return {key: read(item, classes, source) for key, item in plain.items()}


def _read_tag(
    name: str, data: Any, classes: Mapping[str, Registered], source: str
) -> Any:
    tag: Tag | None = _BY_NAME.get(name)
    try:
        if name == _OBJECT:
            class_name, data = data
            if class_name in classes:
                return classes[class_name].read(data)
            raise ClassNotFoundError(
                f"Class {class_name!r} in {source} is not registered: give it to the "
                f"codec with types="
            )
        if tag is not None:
            return tag.read(data)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
        raise CorruptDataError(
            f"Damaged: {name} in {source} can't be read: {type(e).__name__}: {e}"
        ) from e
    raise PersistableError(
        f"Unknown tag {name!r} in {source}: it is written by a newer release than "
        f"this one, or not by this package"
    )
