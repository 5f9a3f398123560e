"""Locks that all who use a PostgreSQL database share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from .lease import Wait, hold_lock
from .leftovers import close_now, close_when_collected
from .postgresconnection import PostgresServer, require_psycopg

if TYPE_CHECKING:
    from weakref import finalize

    from psycopg import Connection

__all__ = ["PostgresLocks"]

logger = logging.getLogger(__name__)

_POLLS: Final = 0.005, 0.1, 2.0
"""The fewest and most seconds between attempts to get a lock, and how many times as
long each pause is as the one before.
"""

_PREPARE: Final = """
SELECT set_config(name, wanted.value, false)
FROM (VALUES ('idle_session_timeout', '0'), ('tcp_keepalives_idle', '30'),
             ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'))
     AS wanted (name, value)
JOIN pg_settings USING (name)
"""
"""Waits for an idle owner, but finds out within a minute that a machine is gone.
Servers that are older have not all of these.
"""

_OWNER: Final = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint << 32 | objid::bigint = %s::bigint
"""


class PostgresLocks:
    """The locks that a process holds in a database, all in one session: one
    connection, made when first needed.  The server frees them if it ends.

    Threads can share this, but not a process and its forked child.

    """

    def __init__(self, server: PostgresServer) -> None:
        """
        :param server: makes the connection

        """
        self._server = server
        self._guard = threading.Lock()
        self._session: Connection | None = None
        self._finalizer: finalize[..., Any] | None = None
        self._users = 0
        self._closing = False

    @contextmanager
    def hold(self, name: str, label: str, timeout: float | None) -> Iterator[None]:
        """Hold a lock while the ``with`` block runs.  One thread of one process, of
        all that use the database, has it at a time, and may enter as many blocks
        with the same name as it likes.

        :param name: what is locked

        :param label: what it is called in errors

        :param timeout: how many seconds to wait at most; None waits as long as it
                        takes, and 0 not at all

        :raises LockTimeoutError: if somebody else still has the lock by then

        :raises StoreUnavailableError: if the server can't be reached

        """
        number = _number(name)
        place = self._server.address, number
        take = partial(self._take, number, label)
        with hold_lock(place, take, Wait(label, timeout, _POLLS)):
            yield

    def close(self) -> None:
        """Close the connection, or have the last one do so who releases a lock."""
        with self._guard:
            self._closing = True
            self._close_unused()

    def _take(self, number: int, label: str, wait: Wait) -> Callable[[], None]:
        with self._guard:
            self._users += 1
            self._closing = False
        session = None
        try:
            while (session := self._try(number)) is None:
                if not wait.pause():
                    raise wait.error(self._owner(number))
        finally:
            if session is None:
                self._leave()
        return partial(self._release, session, number, label)

    def _try(self, number: int) -> Connection | None:
        session, row = self._ask("SELECT pg_try_advisory_lock(%s)", number)
        return session if row is not None and row[0] else None

    def _owner(self, number: int) -> str:
        _, row = self._ask(_OWNER, number)
        return row[0] if row is not None and row[0] else "somebody else"

    def _ask(self, query: Any, number: int) -> tuple[Connection, Any]:
        require_psycopg()
        import psycopg

        had_session = self._session is not None
        try:
            session = self._opened()
            return session, session.execute(query, [number]).fetchone()
        except psycopg.OperationalError as e:
            is_late = isinstance(e, psycopg.errors.ConnectionTimeout)
            if is_late or not had_session or self._is_open():
                raise self._server.unavailable(e) from e
        # The server has been restarted, say, which freed all locks.
        try:
            session = self._opened()
            return session, session.execute(query, [number]).fetchone()
        except psycopg.OperationalError as e:
            raise self._server.unavailable(e) from e

    def _opened(self) -> Connection:
        with self._guard:
            session = self._session
            if session is None or session.closed:
                if self._finalizer is not None:
                    close_now(self._finalizer)
                session = self._session = self._server.connect()
                self._finalizer = close_when_collected(self, session.close)
                session.execute(_PREPARE)
            return session

    def _release(self, session: Connection, number: int, label: str) -> None:
        from psycopg import OperationalError

        try:
            session.execute("SELECT pg_advisory_unlock(%s)", [number])
        except OperationalError as e:
            logger.warning(
                "The lock on %s was lost while held, so that somebody else may have "
                "done the same work: %s",
                label,
                e,
            )
        finally:
            self._leave()

    def _is_open(self) -> bool:
        return self._session is not None and not self._session.closed

    def _leave(self) -> None:
        with self._guard:
            self._users -= 1
            self._close_unused()

    def _close_unused(self) -> None:
        if self._closing and not self._users and self._finalizer is not None:
            close_now(self._finalizer)
            self._session = self._finalizer = None


def _number(name: str) -> int:
    data = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)
