from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from importlib.resources import files
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zensols.persist.codec.tagged import Tagger
from zensols.persist.codec.tags import TAGS
from zensols.persist.error import CorruptDataError, PersistableError

OFFSETS = st.builds(
    timezone,
    st.timedeltas(-timedelta(hours=23), timedelta(hours=23)),
)
ZONES = st.none() | OFFSETS | st.timezones()


def round_trip(value: Any) -> Any:
    found = Tagger().decode(Tagger().encode([value]))[0]
    assert type(found) is type(value)
    return found


@given(st.datetimes(timezones=ZONES, allow_imaginary=True), st.sampled_from([0, 1]))
@example(datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")), 1)
def test_datetimes(value: datetime, fold: int) -> None:
    value = value.replace(fold=fold)
    found = round_trip(value)
    assert repr(found) == repr(value)
    assert found.utcoffset() == value.utcoffset()


@given(st.times(timezones=ZONES), st.sampled_from([0, 1]))
def test_times(value: time, fold: int) -> None:
    value = value.replace(fold=fold)
    assert repr(round_trip(value)) == repr(value)


@given(st.dates() | st.timedeltas())
def test_dates_and_durations(value: Any) -> None:
    assert round_trip(value) == value


def test_named_zones() -> None:
    zone = timezone(timedelta(hours=2), "CEST")
    found = round_trip(datetime(2024, 5, 1, tzinfo=zone))
    assert found.tzname() == "CEST"
    assert repr(round_trip(zone)) == repr(zone)
    assert round_trip(UTC) is UTC
    assert round_trip(ZoneInfo("Asia/Tokyo")) is ZoneInfo("Asia/Tokyo")


class OwnZone(tzinfo):
    def utcoffset(self, when: Any) -> timedelta:
        return timedelta(0)


def test_other_zones() -> None:
    for value in (datetime(2024, 1, 1, tzinfo=OwnZone()), time(1, tzinfo=OwnZone())):
        with pytest.raises(PersistableError, match=r"value\['at'\] .*OwnZone") as error:
            Tagger().encode({"at": value})
        assert "zoneinfo.ZoneInfo" in str(error.value)


def test_zones_without_a_name() -> None:
    with files("tzdata").joinpath("zoneinfo", "Europe", "Berlin").open("rb") as file:
        zone = ZoneInfo.from_file(file)
    with pytest.raises(PersistableError, match="has no name"):
        Tagger().encode(datetime(2024, 1, 1, tzinfo=zone))


def test_unknown_zones() -> None:
    with pytest.raises(PersistableError, match="tzdata"):
        Tagger().decode(b'{"$zoneinfo":"Middle/Earth"}')
    with pytest.raises(CorruptDataError):
        Tagger().decode(b'{"$zoneinfo":"../../etc/passwd"}')


@given(st.decimals())
@example(Decimal("-0.00"))
@example(Decimal("sNaN123"))
@example(Decimal("1E+999999"))
def test_decimals(value: Decimal) -> None:
    assert round_trip(value).as_tuple() == value.as_tuple()


@given(st.uuids() | st.binary() | st.complex_numbers(allow_nan=False))
def test_simple_values(value: Any) -> None:
    assert round_trip(value) == value


@given(st.binary())
def test_bytearrays(value: bytes) -> None:
    assert round_trip(bytearray(value)) == bytearray(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]
)
def test_special_floats(value: float) -> None:
    assert struct.pack("d", round_trip(value)) == struct.pack("d", value)
    found = round_trip(complex(value, -value))
    assert struct.pack("d", found.real) == struct.pack("d", value)
    assert math.copysign(1, found.imag) == math.copysign(1, -value) or math.isnan(value)


@given(st.integers())
@example(2**64)
@example(-(2**64))
@example(10**5000)
@example(-(10**5000))
@example(2**2048)
def test_integers(value: int) -> None:
    assert round_trip(value) == value
    assert round_trip((value,)) == (value,)


@given(st.text(st.characters(exclude_categories=())))
@example("\ud83d\ude00")
@example("\\ud800\\")
@example("\udc80'\"\n\\x")
def test_strings(value: str) -> None:
    assert round_trip(value) == value
    assert round_trip((value,)) == (value,)
    assert round_trip({value: 1}) == {value: 1}


@pytest.mark.parametrize(
    "path",
    [
        Path(),
        Path("/"),
        Path("a/../b"),
        Path("/tmp/é \udc80"),
        PurePosixPath("/a\\b"),
        PureWindowsPath("C:\\a\\b"),
        PureWindowsPath("//server/share/x"),
        PurePath("a"),
    ],
)
def test_paths(path: PurePath) -> None:
    found = round_trip(path)
    assert found == path
    assert str(found) == str(path)


def test_paths_of_another_machine() -> None:
    assert Tagger().decode(b'{"$path":"C:/a/b"}') == Path("C:/a/b")


def test_json_is_readable() -> None:
    plain = Tagger().to_plain(
        [
            datetime(2024, 1, 2, 3, 4, tzinfo=UTC),
            date(2024, 1, 2),
            timedelta(days=1, seconds=2),
            Decimal("1.50"),
            UUID(int=5),
            Path("a/b"),
            b"abc",
            (1, 2),
            float("inf"),
            {1: "a"},
        ]
    )
    assert plain == [
        {"$datetime": "2024-01-02T03:04:00+00:00"},
        {"$date": "2024-01-02"},
        {"$timedelta": [1, 2, 0]},
        {"$decimal": "1.50"},
        {"$uuid": "00000000-0000-0000-0000-000000000005"},
        {"$path": "a/b"},
        {"$bytes": "YWJj"},
        {"$tuple": [1, 2]},
        {"$float": "inf"},
        {"$dict": [[1, "a"]]},
    ]


def test_subclasses_are_not_taken_for_their_bases() -> None:
    class Moment(datetime):
        pass

    class Price(Decimal):
        pass

    class Blob(bytes):
        __slots__ = ()

    for value in (Moment(2024, 1, 1), Price(1), Blob(b"x")):
        with pytest.raises(PersistableError, match=r"value\[0\]"):
            Tagger().encode([value])


def test_names_and_kinds_are_distinct() -> None:
    assert len({tag.name for tag in TAGS}) == len(TAGS)
    assert len({tag.kind for tag in TAGS}) == len(TAGS)
    assert all(tag.name.startswith("$") for tag in TAGS)


@pytest.mark.parametrize("name", [tag.name for tag in TAGS])
@given(
    data=st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3)
        ),
    )
)
def test_wrong_data_is_an_error_or_a_value(name: str, data: Any) -> None:
    try:
        found = Tagger().from_plain({name: data}, "here")
    except PersistableError:
        return
    tag = next(tag for tag in TAGS if tag.name == name)
    assert isinstance(found, tag.kind)
