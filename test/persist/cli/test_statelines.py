"""States as lines of JSON."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.cli.statelines import (
    Totals,
    first_line,
    last_line,
    read_lines,
    to_line,
)
from zensols.persist.error import CorruptDataError
from zensols.persist.state import RawFork, RawState

TIME = "2026-01-02T03:04:05.000006+00:00"

# Lone surrogates, too, which some databases keep.
_names = st.text(st.characters(exclude_categories=()), max_size=8)
_integers = st.integers(-(1 << 63), (1 << 63) - 1)
_statuses = st.sampled_from(["completed", "failed"])
_times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat())
_json = st.recursive(
    st.none() | st.booleans() | _integers | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def _encode(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), allow_nan=True)
    return text.replace("Infinity", "0").encode()


_states = st.builds(
    RawState,
    st.none() | _names,
    _names,
    _integers,
    _names,
    _statuses,
    _times,
    st.none() | _integers,
    st.dictionaries(st.text(), _json, max_size=3).map(_encode),
)
_forks = st.builds(
    RawFork,
    st.none() | _names,
    _names,
    _names,
    st.integers(1, 1 << 62),
    _integers,
    _names,
    _statuses,
    _times,
)


@given(_states | _forks)
def test_all_comes_back(item: RawState | RawFork) -> None:
    line = to_line(item)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    states = item.states if isinstance(item, RawFork) else 1
    lines = [first_line(), line, last_line(Totals(states, 7))]
    totals = Totals()
    assert list(read_lines(lines, totals)) == [item]
    assert totals == Totals(states, 7)


def state(app: str = "a", **changes: Any) -> dict[str, Any]:
    return {
        "partition_key": None,
        "app_id": app,
        "sequence_id": 1,
        "position": "ask",
        "status": "completed",
        "created_at": TIME,
        "schema_version": None,
        "state": {"n": 1},
    } | changes


def fork(**changes: Any) -> dict[str, Any]:
    made = state("b") | {"of": "a", "states": 1}
    del made["schema_version"], made["state"]
    return {"fork": made | changes}


FIRST = {"format": "zensols.persist.state", "version": 1}
END = {"end": {"states": 1, "lost": 0}}


def read(*lines: Any) -> list[Any]:
    data = [json.dumps(line).encode() + b"\n" for line in lines]
    return list(read_lines(data, Totals()))


def test_lines_of_other_programs() -> None:
    (item,) = read(FIRST, state(created_at="2026-01-02T04:04:05.000006+01:00"), END)
    assert item.created_at == TIME
    assert item.data == b'{"n":1}'
    (item,) = read(FIRST, state(app={"$str": "\\udc80"}, more=[1]), END)
    assert item.app_id == "\udc80"
    minimal = state()
    del minimal["schema_version"]
    assert read(FIRST, minimal, END)[0].schema_version is None


def test_large_numbers_stay() -> None:
    data = b'{"n":%d}' % 10**40
    line = to_line(RawState(None, "a", 1, "ask", "completed", TIME, None, data))
    lines = [first_line(), line, last_line(Totals(1))]
    (item,) = read_lines(lines, Totals())
    assert isinstance(item, RawState)
    assert item.data == data


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ((), "ends too early, after line 0"),
        ((FIRST,), "ends too early, after line 1"),
        ((FIRST, state()), "ends too early, after line 2"),
        ((state(), END), "line 1"),
        (({"format": "other", "version": 1},), "line 1"),
        ((FIRST | {"version": 2},), "line 1: it has version 2, of a newer release"),
        ((FIRST, END), "has 0 states, and says that it should have 1"),
        ((FIRST, state(), state(sequence_id=2), END), "has 2 states"),
        ((FIRST, state(), END, state()), "line 4: there is something after"),
        ((FIRST, state(), state("b"), state(), END), "line 4: other lines of .*'a'"),
        ((FIRST, state("b"), fork(), END), "line 3: other lines of .*'b'"),
        ((FIRST, [1]), "line 2"),
        ((FIRST, {}), "line 2.*partition_key"),
        ((FIRST, state(app=None)), "line 2.*no name"),
        ((FIRST, state(app=3)), "line 2: 3 is no name"),
        ((FIRST, state(partition_key=["p"])), "line 2.*no name"),
        ((FIRST, state(position=None)), "line 2.*no name"),
        ((FIRST, state(status="done")), "line 2.*done"),
        ((FIRST, state(sequence_id="1")), "line 2.*sequence_id"),
        ((FIRST, state(sequence_id=1 << 63)), "line 2.*sequence_id"),
        ((FIRST, state(schema_version=-(1 << 80))), "line 2.*schema_version"),
        ((FIRST, state(created_at="yesterday")), "line 2.*yesterday"),
        ((FIRST, state(created_at="2026-01-02T03:04:05")), "line 2.*no time zone"),
        ((FIRST, state(state=[1])), "line 2: the state is no object"),
        ((FIRST, fork(states=0)), "line 2.*states"),
        ((FIRST, fork(of=None)), "line 2.*no name"),
        ((FIRST, {"end": {"states": -1, "lost": 0}}), "line 2"),
    ],
)
def test_wrong_lines_are_told(lines: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(CorruptDataError, match=complaint):
        read(*lines)


@pytest.mark.parametrize(
    "line", [b"\n", b"no json\n", b"\xff\xfe\n", b'{"end"\n', b"[" * 100_000 + b"\n"]
)
def test_what_is_no_json_is_told(line: bytes) -> None:
    with pytest.raises(CorruptDataError, match="line 2"):
        list(read_lines([first_line(), line], Totals()))
    whole = (
        json.dumps(state(state={"x": "HERE"})).encode().replace(b'"HERE"', line[:-1])
    )
    with pytest.raises(CorruptDataError, match="line 2"):
        list(read_lines([first_line(), whole + b"\n"], Totals()))
