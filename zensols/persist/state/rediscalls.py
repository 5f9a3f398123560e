"""What persisters ask of a Redis server, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import msgspec

from ..error import CorruptDataError, PersistableError
from . import redisscripts as scripts
from . import rediswriting as writing
from .chain import Piece, Stored
from .partitions import coded, decoded
from .record import Branch, Draft, Record, Span
from .records import ALL, ANY, Refused

__all__ = ["Call", "RedisCalls"]

T = TypeVar("T")

VERSION: Final = 1
"""That of what is stored, and how."""

_ID: Final = 16
"""How many digits an identifier has."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A script to run, and what its answer means."""

    script: scripts.Script
    """The script."""

    arguments: tuple[bytes | str | int, ...]
    """What it takes."""

    read: Callable[[Any], T]
    """Turns the answer into the result."""


class RedisCalls:
    """Has the methods of :class:`.Records`, which return the calls that do it.

    Immutable.

    >>> call = RedisCalls("states").find_branch("user 1", "chat")
    >>> call.arguments
    (b'states%states:', b'=user 1', b'chat')

    """

    def __init__(self, namespace: str) -> None:
        """
        :param namespace: what tells these keys from others in the database

        """
        self._namespace = namespace
        # Quoted as for stashes, whose keys have a colon where these have a percent
        # sign; so no namespace's keys look like another one's.
        space = namespace.replace("%", "%25").replace(":", "%3A")
        self._prefix = _encode(f"{space}%states:")

    def _call(
        self,
        script: scripts.Script,
        read: Callable[[Any], T],
        *arguments: bytes | str | int,
    ) -> Call[T]:
        return Call(script, (self._prefix, *arguments), read)

    def is_set_up(self) -> Call[bool]:
        return self._call(scripts.VERSION_OF, self._check)

    def set_up(self) -> Call[bool]:
        return self._call(writing.SET_UP, self._check, VERSION)

    def _check(self, version: bytes | None) -> bool:
        if version is not None and int(version) > VERSION:
            raise PersistableError(
                f"The states of namespace {self._namespace!r} have layout "
                f"{int(version)}, of a newer release than this one, which knows "
                f"{VERSION}: upgrade"
            )
        return version is not None

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Call[Record | None]:
        app = _app(partition_key, app_id)
        return self._call(scripts.FIND, _record, *app, _number(sequence_id))

    def find_in(
        self, spans: Sequence[Span], sequence_id: int | None
    ) -> Call[Record | None]:
        return self._call(
            scripts.FIND_IN, _record, _number(sequence_id), *_spans(spans)
        )

    def find_branch(
        self, partition_key: str | None, app_id: str
    ) -> Call[Branch | None]:
        app = _app(partition_key, app_id)
        return self._call(scripts.FIND_BRANCH, _branch, *app)

    def find_branches(self, root: int) -> Call[list[Branch]]:
        return self._call(scripts.FIND_BRANCHES, _branches, _id(root))

    def find_newest_app(self, partition_key: str | None) -> Call[str | None]:
        partition = _encode(coded(partition_key))
        return self._call(scripts.FIND_NEWEST_APP, _newest_app, partition)

    def find_pieces(self, ids: Sequence[int]) -> Call[dict[int, Piece]]:
        return self._call(scripts.FIND_PIECES, _pieces, *map(_id, ids))

    def list_apps(self, partition_key: Any) -> Call[list[tuple[str | None, str]]]:
        only = () if partition_key is ALL else (_encode(coded(partition_key)),)
        return self._call(scripts.LIST_APPS, _apps, *only)

    def list_records(self, spans: Sequence[Span], hidden: bool) -> Call[list[Record]]:
        return self._call(scripts.LIST_RECORDS, _heads, int(hidden), *_spans(spans))

    def add(self, draft: Draft, expected: Any) -> Call[int | Record | Refused]:
        stored = draft.stored
        base = _id(stored.path[-1]) if stored.path else ""
        head = msgspec.json.encode(
            (
                draft.position,
                draft.status,
                draft.created_at,
                draft.version,
                draft.size,
                stored.kind,
                stored.path,
                stored.place,
            )
        )
        before = f":{base}:{draft.sequence_id}:{len(head)}:".encode()
        return self._call(
            writing.ADD,
            _added,
            *_app(draft.partition_key, draft.app_id),
            draft.sequence_id,
            draft.position,
            draft.status,
            base,
            "*" if expected is ANY else _number(expected),
            before + head + stored.payload,
        )

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> Call[bool | Refused]:
        return self._call(
            writing.FORK,
            lambda found: Refused.LOST if found == b"lost" else bool(found),
            *_app(partition_key, app_id),
            _id(record.branch),
            _id(record.id),
            _id(source.floor),
            uuid4().hex,
            _id(source.id),
        )

    def set_floor(self, branch: int, floor: int) -> Call[None]:
        return self._call(writing.SET_FLOOR, _nothing, _id(branch), _id(floor))

    def release(self, branch: int, newest: Any) -> Call[None]:
        most = "+inf" if newest is ANY else _id(newest)
        return self._call(writing.RELEASE, _nothing, _id(branch), most)

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> Call[None]:
        arguments: list[str | int] = []
        for ids in hidden, records, branches:
            # The newest first: each is only needed by newer ones.
            arguments += [len(ids), *map(_id, sorted(ids, reverse=True))]
        return self._call(writing.DISCARD, _nothing, *arguments)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _app(partition_key: str | None, app_id: str) -> tuple[bytes, bytes]:
    return _encode(coded(partition_key)), _encode(app_id)


def _id(number: int) -> str:
    return f"{number:0{_ID}d}"


def _number(sequence_id: int | None) -> str:
    return "" if sequence_id is None else str(sequence_id)


def _spans(spans: Iterable[Span]) -> list[str]:
    return [
        text
        for span in spans
        for text in (
            _id(span.branch),
            _id(span.first),
            "" if span.last is None else _id(span.last),
        )
    ]


def _nothing(_: Any) -> None:
    return None


def _parse(id_: bytes, value: bytes | None) -> Record:
    try:
        branch, _, number, length, rest = (value or b"").split(b":", 4)
        size = int(length)
        head = msgspec.json.decode(rest[:size])
        position, status, created_at, version, whole, kind, path, place = head
        stored = Stored(kind, rest[size:], tuple(path), place)
        return Record(
            int(id_),
            int(branch),
            int(number),
            position,
            status,
            created_at,
            version,
            whole,
            stored,
        )
    except (ValueError, TypeError) as e:
        raise CorruptDataError(
            f"Record {int(id_)} is gone from Redis or damaged: restore a backup"
        ) from e


def _record(found: Any) -> Record | None:
    return None if found is None else _parse(*found)


def _heads(found: Any) -> list[Record]:
    return sorted((_parse(*item) for item in found), key=lambda record: record.id)


def _pieces(found: Any) -> dict[int, Piece]:
    records = (_parse(*item) for item in found if item[1] is not None)
    return {record.id: record.piece for record in records}


def _branch(found: Any) -> Branch | None:
    if found is None:
        return None
    id_, root, parent, last, app, floor = found
    return Branch(
        int(id_),
        int(root),
        None if parent is None else int(parent),
        None if last is None else int(last),
        None if app is None else _decode(app),
        int(floor),
    )


def _branches(found: Any) -> list[Branch]:
    branches = [branch for item in found if (branch := _branch(item)) is not None]
    return sorted(branches, key=lambda branch: branch.id)


def _newest_app(found: bytes | None) -> str | None:
    return None if found is None else _decode(found[_ID:])


def _apps(found: Any) -> list[tuple[str | None, str]]:
    apps = [
        (float(newest), member[:_ID], decoded(_decode(partition)), member[_ID:])
        for partition, items in found
        for member, newest in zip(items[::2], items[1::2], strict=True)
    ]
    apps.sort(key=lambda app: app[:2], reverse=True)
    return [(partition, _decode(name)) for _, _, partition, name in apps]


def _added(found: Any) -> int | Record | Refused:
    if isinstance(found, list):
        return _parse(*found)
    if found in (b"moved", b"lost"):
        return Refused(found.decode())
    return int(found)
