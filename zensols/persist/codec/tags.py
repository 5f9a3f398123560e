"""How values that JSON has no form for are written in JSON.

A value is an object of one member, whose name, the tag, begins with ``$``.  A
dictionary of the user's that looks like this is written as ``$dict``.

=================== ==========================================================
tag                 what it holds
=================== ==========================================================
``$bytearray``      as ``$bytes``
``$bytes``          base 64
``$complex``        the real and the imaginary part
``$date``           ISO 8601
``$datetime``       ISO 8601, or, where that doesn't say all: a list of it
                    without a zone, the fold, and the zone
``$decimal``        decimal digits, as ``Decimal`` writes them
``$dict``           a list of pairs of key and value
``$float``          ``nan``, ``inf`` or ``-inf``
``$frozenset``      as ``$set``
``$int``            hexadecimal digits with ``0x``, where there are very many
``$ndarray``        NumPy's name of the element type (or its description, if it
                    has fields), the shape, and the elements in base 64, the
                    last index changing fastest
``$npscalar``       as ``$ndarray``, without a shape
``$object``         the name of a registered class, and: of a dataclass, struct or
                    model, an object of its attributes (and in ``__unset__`` the
                    fields of a model that nobody set); of an Enum, the name of
                    the member, or the number of flags; of another, the value of
                    the simple type that it extends
``$path``           the path with forward slashes, of this machine's kind
``$purepath``       the path in POSIX's form
``$purewindowspath``  the path in the form of Windows
``$set``            a list, in the order of their JSON
``$str``            with Python's escapes, where it has lone surrogates
``$time``           as ``$datetime``
``$timedelta``      days, seconds and microseconds
``$timezone``       the offset in microseconds, and the name or null
``$tuple``          a list
``$uuid``           with hyphens
``$zoneinfo``       the name of the time zone
=================== ==========================================================

What a tag holds may itself be written with tags.  Those of NumPy are in
:mod:`zensols.persist.codec.arrays`.

"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import NoneType
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..error import PersistableError

__all__ = ["FLOAT", "INT", "STR", "TAGS", "Refused", "Tag"]


class Refused(Exception):  # noqa: N818  not an error yet: its path is unknown
    """Raised for a value that can't be written.

    Safe to share between threads once it is raised.

    """

    def __init__(self, culprit: Any, reason: str) -> None:
        """
        :param culprit: the value

        :param reason: why it can't be written and what to do

        """
        super().__init__(reason)
        self.culprit = culprit
        self.steps: list[str] = []
        """What leads to the value, innermost first."""


class Tag(NamedTuple):
    """How the values of one type are written."""

    name: str
    """What the value is written under."""

    kind: type
    """The type; not its subclasses."""

    write: Callable[[Any], Any]
    """Returns simpler data for a value, which may need tags itself."""

    read: Callable[[Any], Any]
    """Returns the value from that data."""


def _write_moment(value: datetime | time) -> Any:
    if type(value.tzinfo) not in (NoneType, timezone, ZoneInfo):
        raise Refused(
            value,
            f"its time zone is a {type(value.tzinfo).__qualname__}: use a "
            f"datetime.timezone or zoneinfo.ZoneInfo",
        )
    text = value.isoformat()
    if repr(type(value).fromisoformat(text)) == repr(value):
        return text
    return [
        value.replace(tzinfo=None, fold=0).isoformat(),
        value.fold,
        value.tzinfo,
    ]


def _moment_reader(kind: type[datetime | time]) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if isinstance(data, str):
            return kind.fromisoformat(data)
        naive, fold, zone = data
        return kind.fromisoformat(naive).replace(fold=fold, tzinfo=zone)

    return read


def _write_timezone(zone: timezone) -> list[Any]:
    offset = zone.utcoffset(None)
    name = zone.tzname(None)
    microseconds = offset // timedelta(microseconds=1)
    return [microseconds, None if name == timezone(offset).tzname(None) else name]


def _read_timezone(data: Any) -> timezone:
    microseconds, name = data
    offset = timedelta(microseconds=microseconds)
    return timezone(offset) if name is None else timezone(offset, name)


def _write_zoneinfo(zone: ZoneInfo) -> str:
    if zone.key is None:
        raise Refused(zone, "it has no name: make it with ZoneInfo(name)")
    return zone.key


def _read_zoneinfo(key: Any) -> ZoneInfo:
    try:
        return ZoneInfo(key)
    except ZoneInfoNotFoundError as error:
        raise PersistableError(
            f"Time zone {key!r} is not known here: install the package tzdata"
        ) from error


def _write_bytes(value: bytes | bytearray) -> str:
    return b64encode(value).decode("ascii")


def _read_bytes(data: Any) -> bytes:
    return b64decode(data, validate=True)


STR: Final = Tag(
    "$str",
    str,
    lambda value: value.encode("unicode_escape").decode("ascii"),
    lambda data: data.encode("ascii").decode("unicode_escape"),
)
INT: Final = Tag("$int", int, hex, lambda data: int(data, 16))
FLOAT: Final = Tag("$float", float, repr, float)

TAGS: Final = (
    STR,
    INT,
    FLOAT,
    Tag("$complex", complex, lambda z: [z.real, z.imag], lambda data: complex(*data)),
    Tag("$bytes", bytes, _write_bytes, _read_bytes),
    Tag(
        "$bytearray", bytearray, _write_bytes, lambda data: bytearray(_read_bytes(data))
    ),
    Tag("$tuple", tuple, list, tuple),
    Tag("$set", set, list, set),
    Tag("$frozenset", frozenset, list, frozenset),
    Tag("$dict", dict, lambda value: list(map(list, value.items())), dict),
    Tag("$datetime", datetime, _write_moment, _moment_reader(datetime)),
    Tag("$date", date, date.isoformat, date.fromisoformat),
    Tag("$time", time, _write_moment, _moment_reader(time)),
    Tag(
        "$timedelta",
        timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda data: timedelta(*data),
    ),
    Tag("$timezone", timezone, _write_timezone, _read_timezone),
    Tag("$zoneinfo", ZoneInfo, _write_zoneinfo, _read_zoneinfo),
    Tag("$decimal", Decimal, str, Decimal),
    Tag("$uuid", UUID, str, UUID),
    Tag("$path", type(Path()), Path.as_posix, Path),
    Tag("$purepath", PurePosixPath, str, PurePosixPath),
    Tag("$purewindowspath", PureWindowsPath, str, PureWindowsPath),
)
