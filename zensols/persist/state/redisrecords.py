"""Records in Redis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..domain import mask_passwords
from ..stash.redisclient import RedisClient
from .chain import Piece
from .record import Branch, Draft, Record, Span
from .records import Refused
from .rediscalls import Call, RedisCalls

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisRecords"]

T = TypeVar("T")


class RedisRecords:
    """Keeps records in the keys of a Redis database; see :class:`.Records`.

    Safe to use from many threads, processes and machines at once, and across forks.

    """

    def __init__(self, address: str, namespace: str, timeout: float) -> None:
        """
        :param address: the server's URL

        :param namespace: what tells these keys from others in the database

        :param timeout: how many seconds to wait for a connection, and for a reply

        """
        self._arguments = address, namespace, timeout
        self._client = RedisClient(address, timeout)
        self._calls = RedisCalls(namespace)
        self._is_set_up = False

    @property
    def place(self) -> str:
        """The server's URL, without its password."""
        return mask_passwords(self._arguments[0])

    @property
    def namespace(self) -> str:
        """What tells these keys from others in the database."""
        return self._arguments[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def _run(self, call: Call[T]) -> T:
        def use(client: Redis) -> Any:
            from redis.exceptions import NoScriptError

            try:
                return client.evalsha(call.script.sha, 0, *call.arguments)
            except NoScriptError:
                return client.eval(call.script.text, 0, *call.arguments)

        return call.read(self._client.call(use))

    def _read(self, call: Call[T]) -> T:
        self.is_set_up()
        return self._run(call)

    def is_set_up(self) -> bool:
        if not self._is_set_up:
            self._is_set_up = self._run(self._calls.is_set_up())
        return self._is_set_up

    def set_up(self) -> None:
        if not self._is_set_up:
            self._is_set_up = self._run(self._calls.set_up())

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        return self._read(self._calls.find(partition_key, app_id, sequence_id))

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        return self._read(self._calls.find_in(spans, sequence_id))

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        return self._read(self._calls.find_branch(partition_key, app_id))

    def find_branches(self, root: int) -> list[Branch]:
        return self._read(self._calls.find_branches(root))

    def find_newest_app(self, partition_key: str | None) -> str | None:
        return self._read(self._calls.find_newest_app(partition_key))

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        return self._read(self._calls.find_pieces(ids))

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        return self._read(self._calls.list_apps(partition_key))

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        return self._read(self._calls.list_records(spans, hidden))

    def add(self, draft: Draft, expected: Any) -> int | Record | Refused:
        self.set_up()
        return self._run(self._calls.add(draft, expected))

    def fork(
        self, partition_key: str | None, app_id: str, record: Record, floor: int
    ) -> bool:
        self.set_up()
        return self._run(self._calls.fork(partition_key, app_id, record, floor))

    def set_floor(self, branch: int, floor: int) -> None:
        self._read(self._calls.set_floor(branch, floor))

    def release(self, branch: int) -> None:
        self._read(self._calls.release(branch))

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        self._read(self._calls.discard(records, hidden, branches))

    def close(self) -> None:
        self._client.close()
