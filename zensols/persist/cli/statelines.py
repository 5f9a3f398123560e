"""The states of applications as lines of JSON, with which they travel between
databases.

The first line is an object with the ``format`` and its ``version``, the last one has
under ``end`` how many ``states`` there are, and how many more were ``lost`` since they
could not be read.  Between them is a line for each state, those of an application one
after the other: an object with its ``partition_key``, ``app_id``, ``sequence_id``,
``position``, ``status``, ``created_at``, ``schema_version``, and, as
:class:`.JsonCodec` has it, the ``state``.  Applications that begin with states of one
before them have first a line with ``fork``: which application that is (``of``), how
many ``states`` they have of it, and what the last of these is.

"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from ..state.raw import RawFork, RawState

__all__ = ["Totals", "first_line", "last_line", "read_lines", "to_line"]

_FORMAT: Final = "zensols.persist.state"

_VERSION: Final = 1

_TAGGER: Final = Tagger()

_Integer = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _First(msgspec.Struct):
    format: Literal["zensols.persist.state"]
    version: _Count


class _State(msgspec.Struct, kw_only=True):
    # As they are, since names may have tags, too: where they have lone surrogates.
    partition_key: msgspec.Raw
    app_id: msgspec.Raw
    sequence_id: _Integer
    position: msgspec.Raw
    status: Literal["completed", "failed"]
    created_at: str
    schema_version: _Integer | None = None
    state: msgspec.Raw


class _Fork(msgspec.Struct):
    partition_key: msgspec.Raw
    app_id: msgspec.Raw
    of: msgspec.Raw
    states: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    sequence_id: _Integer
    position: msgspec.Raw
    status: Literal["completed", "failed"]
    created_at: str


class _End(msgspec.Struct):
    states: _Count
    lost: _Count


class _Other(msgspec.Struct):
    fork: _Fork | None = None
    end: _End | None = None


@dataclass
class Totals:
    """How much there is in a file.

    >>> Totals().states
    0

    """

    states: int = 0
    """How many states, those that applications share counted for each."""

    lost: int = 0
    """How many could not be read when it was written."""


def first_line() -> bytes:
    r"""Return the first line.

    >>> first_line()
    b'{"format":"zensols.persist.state","version":1}\n'

    """
    return msgspec.json.encode(_First(_FORMAT, _VERSION)) + b"\n"


def last_line(totals: Totals) -> bytes:
    r"""Return the last line.

    :param totals: how much came before

    >>> last_line(Totals(3))
    b'{"end":{"states":3,"lost":0}}\n'

    """
    return b'{"end":%s}\n' % msgspec.json.encode(_End(totals.states, totals.lost))


def to_line(item: RawState | RawFork) -> bytes:
    """Return the line of a state, or of what applications share.

    :param item: the state

    """
    if isinstance(item, RawFork):
        fork = _Fork(
            _raw(item.partition_key),
            _raw(item.app_id),
            _raw(item.of),
            item.states,
            item.sequence_id,
            _raw(item.position),
            item.status,
            item.created_at,
        )
        return b'{"fork":%s}\n' % msgspec.json.encode(fork)
    state = _State(
        partition_key=_raw(item.partition_key),
        app_id=_raw(item.app_id),
        sequence_id=item.sequence_id,
        position=_raw(item.position),
        status=item.status,
        created_at=item.created_at,
        schema_version=item.schema_version,
        state=msgspec.Raw(msgspec.json.format(item.data, indent=-1)),
    )
    return msgspec.json.encode(state) + b"\n"


def read_lines(lines: Iterable[bytes], totals: Totals) -> Iterator[RawState | RawFork]:
    """Return what lines hold.

    :param lines: the lines

    :param totals: is told how much that is

    :raises PersistableError: if a line is something else, or some are missing

    >>> lines = [first_line(), last_line(Totals())]
    >>> list(read_lines(lines, Totals()))
    []
    >>> list(read_lines(lines[:1], Totals()))
    Traceback (most recent call last):
    zensols.persist.error.CorruptDataError: It ends too early, after line 1: write it \
again

    """
    number = 0
    end: _End | None = None
    order = _Order()
    for number, line in enumerate(lines, 1):
        try:
            found = _read(line, number == 1, end is not None)
            if isinstance(found, RawState | RawFork):
                order.check(found)
        except (PersistableError, RecursionError, ValueError) as e:
            raise CorruptDataError(
                f"Not states of applications: line {number}: {e}"
            ) from e
        if isinstance(found, RawState | RawFork):
            totals.states += found.states if isinstance(found, RawFork) else 1
            yield found
        else:
            end = found
    if end is None:
        raise CorruptDataError(
            f"It ends too early, after line {number}: write it again"
        )
    if end.states != totals.states:
        raise CorruptDataError(
            f"It has {totals.states} states, and says that it should have "
            f"{end.states}: write it again"
        )
    totals.lost = end.lost


class _Order:
    """Sees that the states of an application are together."""

    def __init__(self) -> None:
        self._app: tuple[str | None, str] | None = None
        self._before: set[tuple[str | None, str]] = set()

    def check(self, item: RawState | RawFork) -> None:
        app = item.partition_key, item.app_id
        if app == self._app and not isinstance(item, RawFork):
            return
        if app in self._before:
            raise ValueError(
                f"other lines of application {item.app_id!r} are elsewhere"
            )
        self._app = app
        self._before.add(app)


def _check_first(line: bytes) -> None:
    version = msgspec.json.decode(line, type=_First).version
    if version > _VERSION:
        raise ValueError(
            f"it has version {version}, of a newer release than this one, which knows "
            f"{_VERSION}: upgrade"
        )


def _read(
    line: bytes, is_first: bool, is_over: bool
) -> RawState | RawFork | _End | None:
    if is_over:
        raise ValueError("there is something after the end")
    if is_first:
        _check_first(line)
        return None
    other = msgspec.json.decode(line, type=_Other)
    if other.end is not None:
        return other.end
    if other.fork is not None:
        fork = other.fork
        return RawFork(
            _partition(fork.partition_key),
            _name(fork.app_id),
            _name(fork.of),
            fork.states,
            fork.sequence_id,
            _name(fork.position),
            fork.status,
            _time(fork.created_at),
        )
    state = msgspec.json.decode(line, type=_State)
    data = bytes(state.state)
    if type(_TAGGER.parse(data, "the state")) is not dict:
        raise ValueError("the state is no object")
    return RawState(
        _partition(state.partition_key),
        _name(state.app_id),
        state.sequence_id,
        _name(state.position),
        state.status,
        _time(state.created_at),
        state.schema_version,
        msgspec.json.format(data, indent=-1),
    )


def _raw(name: str | None) -> msgspec.Raw:
    return msgspec.Raw(_TAGGER.encode(name))


def _partition(raw: msgspec.Raw) -> str | None:
    return None if bytes(raw) == b"null" else _name(raw)


def _name(raw: msgspec.Raw) -> str:
    name = _TAGGER.decode(bytes(raw), "a name")
    if not isinstance(name, str):
        raise ValueError(f"{name!r} is no name")  # noqa: TRY004  what is wrong is the file
    return name


def _time(text: str) -> str:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time.astimezone(UTC).isoformat()
