"""The way through a value that has tags, or needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..error import ClassNotFoundError, CorruptDataError, PersistableError
from .arrays import ARRAY_NAMES, array_tag, array_tags
from .culprit import shorten, show
from .reading import Reading
from .registry import Registered, can_register
from .tags import FLOAT, INT, STR, TAGS, Refused

if TYPE_CHECKING:
    from .kept import Kept

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

Step = Callable[[Any, Any], str]


class _Writing(NamedTuple):
    classes: Mapping[type, Registered]
    kept: Kept | None
    above: set[int]
    """The identities of the objects that contain what is being written."""


def write(
    value: Any, classes: Mapping[type, Registered], kept: Kept | None = None
) -> Any:
    """Return a value as plain data.

    :param value: the object

    :param classes: how instances of registered classes are written

    :param kept: what was stored of instances that have no place for it

    :raises PersistableError: if it can't be stored

    """
    try:
        return _write(value, _Writing(classes, kept, set()))
    except Refused as refused:
        raise PersistableError(
            f"Can't store {shorten(refused.steps[::-1])} as JSON: "
            f"{show(refused.culprit)}: {refused}"
        ) from None


def _write(value: Any, at: _Writing) -> Any:
    kind = type(value)
    if kind in _SIMPLE:
        return _write_simple(value)
    if id(value) in at.above:
        raise Refused(value, "it contains itself, which JSON has no form for")
    at.above.add(id(value))
    try:
        if kind is list:
            return _write_items(value, at, "[{0}]".format)
        if kind is dict:
            return _write_dict(value, at, _key_step)
        if kind in at.classes:
            return _write_object(value, at)
        if kind is set or kind is frozenset:
            return {_BY_KIND[kind].name: _write_members(value, at)}
        tag = _BY_KIND.get(kind) or array_tag(kind)
        if tag is None:
            raise Refused(value, _remedy(kind))
        return {tag.name: _write(tag.write(value), at)}
    finally:
        at.above.discard(id(value))


def _write_simple(value: Any) -> Any:
    if isinstance(value, str):
        return value if _is_text(value) else {STR.name: STR.write(value)}
    if isinstance(value, float):
        return value if isfinite(value) else {FLOAT.name: FLOAT.write(value)}
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return {INT.name: INT.write(value)}
    return value


def _write_items(values: Iterable[Any], at: _Writing, step: Step) -> list[Any]:
    plain: list[Any] = []
    for value in values:
        try:
            plain.append(_write(value, at))
        except Refused as refused:
            refused.steps.append(step(len(plain), value))
            raise
    return plain


def _write_members(values: Iterable[Any], at: _Writing) -> list[Any]:
    from msgspec.json import encode

    # Sets that are equal are written alike, also by processes that hash differently.
    return sorted(_write_items(values, at, _member_step), key=encode)


def _write_dict(values: dict[Any, Any], at: _Writing, step: Step) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in values.items():
        if type(key) is not str or not _is_text(key):
            return _write_pairs(values, at)
        try:
            plain[key] = _write(value, at)
        except Refused as refused:
            refused.steps.append(step(key, value))
            raise
    if len(plain) == 1 and key.startswith("$"):
        return {_DICT: [[key, plain[key]]]}
    return plain


def _write_pairs(values: dict[Any, Any], at: _Writing) -> dict[str, Any]:
    pairs: list[Any] = []
    for key, value in values.items():
        step = ".keys()"
        try:
            plain_key = _write(key, at)
            step = _key_step(key, value)
            pairs.append([plain_key, _write(value, at)])
        except Refused as refused:
            refused.steps.append(step)
            raise
    return {_DICT: pairs}


def _write_object(value: Any, at: _Writing) -> dict[str, Any]:
    entry = at.classes[type(value)]
    data = entry.write(value)
    if type(data) is dict:
        if at.kept:
            data = at.kept.of(value) | data
        plain: Any = _write_dict(data, at, ".{0}".format)
    else:
        plain = _write(data, at)
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
    if can_register(kind):
        return f"class {name} is not registered: give types=({name},)"
    return f"JSON has no form for {name}: convert it"


def read(
    plain: Any,
    classes: Mapping[str, Registered],
    source: str,
    kept: Kept | None = None,
) -> Any:
    """Return a value from plain data.

    :param plain: what :func:`write` returned

    :param classes: how instances of registered classes are written, by name

    :param source: names where it is from in errors

    :param kept: takes what is stored of instances that have no place for it; such
                 an instance is refused without

    :raises CorruptDataError: if it is damaged

    :raises ClassNotFoundError: if it has a class that is not registered

    :raises PersistableError: if it is written by a newer release

    """
    return _read(plain, Reading(classes, source, kept))


def _read(plain: Any, at: Reading) -> Any:
    kind = type(plain)
    if kind is list:
        return [_read(item, at) for item in plain]
    if kind is not dict:
        return plain
    if len(plain) == 1:
        ((name, data),) = plain.items()
        if name.startswith("$"):
            return _read_tag(name, _read(data, at), at)
    return {key: _read(item, at) for key, item in plain.items()}


def _read_tag(name: str, data: Any, at: Reading) -> Any:
    try:
        if name == _OBJECT:
            class_name, data = data
            if class_name in at.classes:
                return at.classes[class_name].read(data, at)
            raise ClassNotFoundError(
                f"Class {class_name!r} in {at.source} is not registered: give it with "
                f"types="
            )
        tag = _BY_NAME.get(name)
        if name in ARRAY_NAMES:
            tag = array_tags()[name]
        if tag is not None:
            return tag.read(data)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
        raise CorruptDataError(
            f"Damaged: {name} in {at.source} can't be read: {type(e).__name__}: {e}"
        ) from e
    raise PersistableError(
        f"Unknown tag {name!r} in {at.source}: it is written by a newer release than "
        f"this one, or not by this package"
    )
