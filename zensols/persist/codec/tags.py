"""How values that JSON has no form for, and that hold no others, are written in
JSON.

"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..error import PersistableError

__all__ = ["TAGS", "Refused", "Tag", "tag_int", "tag_str"]


class Refused(Exception):  # noqa: N818  not an error yet: its path is unknown
    """Raised for a value that can't be written, with the steps that lead to it,
    innermost first.

    """

    def __init__(self, culprit: Any, reason: str) -> None:
        """
        :param culprit: the value

        :param reason: why it can't be written and what to do

        """
        super().__init__(reason)
        self.culprit = culprit
        self.steps: list[str] = []


class Tag(NamedTuple):
    """How the values of one type are written."""

    name: str
    """What the value is written under."""

    kind: type
    """The type."""

    write: Callable[[Any], Any]
    """Returns a value as plain data."""

    read: Callable[[Any], Any]
    """Returns the value from it."""


def tag_str(value: str) -> dict[str, Any]:
    """Return a string with lone surrogates, which UTF-8 can't hold.

    :param value: the string

    """
    return {"$str": value.encode("unicode_escape").decode("ascii")}


def tag_int(value: int) -> dict[str, Any]:
    """Return a number of more digits than Python likes to write in decimal.

    :param value: the number

    """
    return {"$int": hex(value)}


def _write_zone(zone: tzinfo | None, whole: Any) -> Any:
    if zone is None:
        return None
    if type(zone) is timezone:
        return [zone.utcoffset(None) // timedelta(microseconds=1), zone.tzname(None)]
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    raise Refused(
        whole,
        f"its time zone is a {type(zone).__qualname__}: use one of datetime.timezone "
        f"or zoneinfo.ZoneInfo",
    )


def _read_zone(zone: Any) -> tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        try:
            return ZoneInfo(zone)
        except ZoneInfoNotFoundError as error:
            raise PersistableError(
                f"Time zone {zone!r} is not known here: install the package tzdata"
            ) from error
    microseconds, name = zone
    return timezone(timedelta(microseconds=microseconds), name)


def _write_moment(value: datetime | time) -> Any:
    zone = value.tzinfo
    is_offset = zone is None or (
        type(zone) is timezone and zone == timezone(zone.utcoffset(None))
        and zone.tzname(None) == timezone(zone.utcoffset(None)).tzname(None)
    )
    if is_offset and not value.fold:
        return value.isoformat()
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return [naive, value.fold, _write_zone(zone, value)]


def _moment_reader(kind: type[datetime] | type[time]) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if isinstance(data, str):
            return kind.fromisoformat(data)
        naive, fold, zone = data
        moment: Any = kind.fromisoformat(naive)
        return moment.replace(fold=fold, tzinfo=_read_zone(zone))

    return read


def _write_timedelta(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _write_text(value: Any) -> str | dict[str, Any]:
    # As a file system gives it: names that are not UTF-8 have lone surrogates.
    text = value.as_posix() if isinstance(value, Path) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return tag_str(text)
    return text


def _read_text(data: Any) -> str:
    return _read_str(data["$str"]) if isinstance(data, dict) else data


def _read_str(data: Any) -> str:
    return str(data.encode("ascii").decode("unicode_escape"))


def _write_bytes(value: bytes | bytearray) -> str:
    return b64encode(value).decode("ascii")


def _read_bytes(data: Any) -> bytes:
    return b64decode(data, validate=True)


TAGS: Final = (
    Tag("$datetime", datetime, _write_moment, _moment_reader(datetime)),
    Tag("$date", date, date.isoformat, date.fromisoformat),
    Tag("$time", time, _write_moment, _moment_reader(time)),
    Tag("$timedelta", timedelta, _write_timedelta, lambda data: timedelta(*data)),
)
