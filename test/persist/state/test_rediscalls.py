"""What persisters ask of a Redis server."""

from __future__ import annotations

import inspect

import pytest

from zensols.persist.error import CorruptDataError, PersistableError
from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Draft, Span
from zensols.persist.state.records import ANY, Records, Refused
from zensols.persist.state.rediscalls import VERSION, RedisCalls

ID = b"0000000000000007"


@pytest.fixture
def calls() -> RedisCalls:
    return RedisCalls("a:b%")


def test_methods_take_what_the_protocol_says() -> None:
    methods = [name for name in vars(Records) if not name.startswith("_")]
    for name in set(methods) - {"close"}:
        wanted = list(inspect.signature(getattr(Records, name)).parameters)
        assert list(inspect.signature(getattr(RedisCalls, name)).parameters) == wanted


def test_namespace_is_quoted(calls: RedisCalls) -> None:
    assert calls.is_set_up().arguments == (b"a%3Ab%25%states:",)


def test_record_comes_back(calls: RedisCalls) -> None:
    stored = Stored("delta", b":\n\0", (3, 5), 2)
    draft = Draft("p", "app", -4, "ü:", "failed", "now", None, 9, stored)
    *_, value = calls.add(draft, ANY).arguments
    assert isinstance(value, bytes)
    record = calls.find("p", "app", None).read([ID, b"0000000000000001" + value])
    assert record is not None
    assert (record.id, record.branch, record.sequence_id) == (7, 1, -4)
    assert (record.position, record.status, record.created_at) == (
        "ü:",
        "failed",
        "now",
    )
    assert (record.version, record.size, record.stored) == (None, 9, stored)


@pytest.mark.parametrize("value", [None, b"", b"1:2", b"1::1:5:[1,2]", b"1::1:2:[]"])
def test_damaged_record_is_told(calls: RedisCalls, value: bytes | None) -> None:
    with pytest.raises(CorruptDataError, match="Record 7 is gone from Redis or"):
        calls.find("p", "app", None).read([ID, value])


def test_answers_to_adding(calls: RedisCalls) -> None:
    draft = Draft(None, "app", 1, "step", "completed", "now", 1, 0, Stored("same", b""))
    call = calls.add(draft, None)
    assert call.read(ID) == 7
    assert call.read(b"moved") is Refused.MOVED
    assert call.read(b"lost") is Refused.LOST


def test_spans(calls: RedisCalls) -> None:
    call = calls.find_in([Span(1, 2, None), Span(3, 4, 5)], None)
    texts = ["", *(f"{n:016d}" for n in (1, 2)), "", *(f"{n:016d}" for n in (3, 4, 5))]
    assert list(call.arguments[1:]) == texts


def test_applications_are_sorted_by_their_newest(calls: RedisCalls) -> None:
    items = [f"{branch:016d}{app}".encode() for branch, app in [(1, "a"), (2, "b")]]
    found = [
        [b"=p", [items[0], b"5", items[1], b"5"]],
        [b"", [f"{3:016d}c".encode(), b"9"]],
    ]
    assert calls.list_apps("p").read(found) == [(None, "c"), ("p", "b"), ("p", "a")]


def test_newer_version_is_refused(calls: RedisCalls) -> None:
    read = calls.is_set_up().read
    assert read(str(VERSION).encode())
    assert not read(None)
    with pytest.raises(PersistableError, match="upgrade"):
        read(str(VERSION + 1).encode())
