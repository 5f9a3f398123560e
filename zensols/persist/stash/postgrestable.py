"""The SQL of a table of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, LiteralString

from ..domain import chunks
from ..error import PersistableError
from .postgresconnection import require_psycopg

if TYPE_CHECKING:
    from psycopg import Connection

    from .postgrespool import PostgresPool

__all__ = ["PostgresTable", "beside_table", "key_columns", "table_names"]

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS {table} (
    key bytea PRIMARY KEY,
    long_key bytea,
    entry bytea NOT NULL
)
"""

# The entries up to and with that which makes it enough; null stands for the rest.
_LOAD_MANY: Final = """
SELECT number, CASE WHEN size_before < %s::bigint THEN entry END
FROM (
    SELECT number, entry,
        sum(octet_length(entry)) OVER (ORDER BY number) - octet_length(entry)
            AS size_before
    FROM unnest(%s::bytea[]) WITH ORDINALITY AS wanted (key, number)
    JOIN {table} USING (key)
) AS found
ORDER BY number
"""

_DUMP: Final = """
INSERT INTO {table} (key, long_key, entry) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE
SET long_key = excluded.long_key, entry = excluded.entry
"""

_DUMP_MANY: Final = """
INSERT INTO {table} (key, long_key, entry)
SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[])
ON CONFLICT (key) DO UPDATE
SET long_key = excluded.long_key, entry = excluded.entry
"""

# Locked in the order in which batches are written, lest each waits for the other.
_DELETE_MANY: Final = """
DELETE FROM {table} WHERE key IN (
    SELECT key FROM {table} WHERE key = ANY(%s::bytea[]) ORDER BY key FOR UPDATE
)
"""

_LONG: Final = 2000
"""How many bytes of a key are indexed at most; PostgreSQL can do with some 2,700."""

_DIGESTED: Final = b"\xff"
"""What the digest of a key begins with, as no key does: UTF-8 never has it."""

_CHANGE: Final = 100
"""How many entries are in memory at once in a transaction that takes them all."""

_NAME_BYTES: Final = 63
"""How long a name can be; PostgreSQL would cut it off."""


def key_columns(key: str) -> tuple[bytes, bytes | None]:
    """Return what a table has for a key: what is indexed, and the key if it is too
    long for that.

    :param key: the key

    >>> key_columns("a")
    (b'a', None)
    >>> indexed, long_key = key_columns("a" * 10_000)
    >>> len(indexed), len(long_key)
    (33, 10000)

    """
    data = key.encode("utf-8", "surrogatepass")
    if len(data) <= _LONG:
        return data, None
    return _DIGESTED + blake2b(data, digest_size=32).digest(), data


def table_names(table: str) -> tuple[str, ...]:
    """Return the names that a table's name has: its own, maybe after its schema's.

    :param table: such as ``stash`` or ``schema.stash``

    :raises PersistableError: if it is no name

    >>> table_names("features.stash")
    ('features', 'stash')

    """
    names = tuple(table.split("."))
    if len(names) > 2 or not all(map(_is_name, names)):
        raise PersistableError(
            f"Table {table!r} is no name in PostgreSQL: write table or schema.table, "
            f"each of 1 to {_NAME_BYTES} bytes"
        )
    return names


def beside_table(table: str, what: str) -> str:
    """Return the name of a table, in the same schema, for what is stored beside a
    stash.

    :param table: the stash's

    :param what: tells it from others beside the stash

    >>> beside_table("features.stash", "notes")
    'features.stash-beside-notes'

    """
    *schema, name = table_names(table)
    beside = f"{name}-beside-{what}"
    if not _is_name(beside):
        digest = blake2b(name.encode(), digest_size=12).hexdigest()
        beside = f"{digest}-beside-{what}"
    return ".".join((*schema, beside))


def _is_name(name: str) -> bool:
    try:
        data = name.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(data) <= _NAME_BYTES and b"\0" not in data


class PostgresTable:
    """The statements on one table, which has these columns:

    ========== ======== =====================================================
    key        bytea    the key in UTF-8, or ff and its digest if it is long
    long_key   bytea    the key in UTF-8 if it is long, or null
    entry      bytea    the entry
    ========== ======== =====================================================

    Immutable, and so safe to share between threads and processes.

    >>> table = PostgresTable('odd " name')
    >>> table.count
    b'SELECT count(*) FROM "odd "" name"'

    """

    def __init__(self, name: str) -> None:
        """
        :param name: the table's name, which may follow a schema's and a dot

        :raises PersistableError: if it is no name, or the driver is not installed

        """
        names = table_names(name)
        require_psycopg()
        from psycopg.sql import SQL, Identifier

        def quote(*names: str) -> SQL:
            # Placeholders are looked for in names, too.
            text = Identifier(*names).as_string().replace("%", "%%")
            return SQL(text)

        table = quote(*names)

        def statement(text: LiteralString) -> bytes:
            return SQL(text).format(table=table).as_bytes()

        self.name = name
        self.load = statement("SELECT entry FROM {table} WHERE key = %s")
        self.load_many = statement(_LOAD_MANY)
        self.exists = statement("SELECT 1 FROM {table} WHERE key = %s")
        self.count = statement("SELECT count(*) FROM {table}")
        self.first_keys = statement(
            "SELECT key, long_key FROM {table} ORDER BY key LIMIT %s"
        )
        self.next_keys = statement(
            "SELECT key, long_key FROM {table} WHERE key > %s ORDER BY key LIMIT %s"
        )
        self.dump = statement(_DUMP)
        self.dump_many = statement(_DUMP_MANY)
        self.delete = statement("DELETE FROM {table} WHERE key = %s")
        self.delete_many = statement(_DELETE_MANY)
        self.clear = statement("DELETE FROM {table}")
        self._create = statement(_CREATE)
        self._create_schema = b""
        if len(names) == 2:
            create = SQL("CREATE SCHEMA IF NOT EXISTS {}").format(quote(names[0]))
            self._create_schema = create.as_bytes()

    def change(
        self,
        changes: Callable[[], Iterable[tuple[str, bytes | None]]],
        connection: Connection,
    ) -> bool:
        """Store and delete entries in one transaction.

        :param changes: returns pairs of keys and entries, or None for those to delete

        :param connection: has none yet

        :return: true

        """
        with connection.transaction(), connection.cursor(binary=True) as cursor:
            for some in chunks(changes(), _CHANGE):
                stored = [(*key_columns(k), e) for k, e in some if e is not None]
                gone = [(key_columns(k)[0],) for k, e in some if e is None]
                if stored:
                    cursor.executemany(self.dump, stored)
                if gone:
                    cursor.executemany(self.delete, gone)
        return True

    def create(self, pool: PostgresPool) -> None:
        """Make the table, and its schema, if there is none.

        :param pool: executes statements

        :raises PersistableError: if it can't be made

        """
        from psycopg.errors import InvalidSchemaName

        try:
            _execute_once(pool, self._create)
        except PersistableError as e:
            if not isinstance(e.__cause__, InvalidSchemaName):
                raise
            _execute_once(pool, self._create_schema)
            _execute_once(pool, self._create)

    def to_key(self, stored: bytes, long_key: bytes | None) -> str:
        """Return the key of a row.

        :param stored: what is indexed

        :param long_key: the key if it is long

        :raises PersistableError: if it is none, as another program has written it

        """
        try:
            data = stored if long_key is None else long_key
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise PersistableError(
                f"Table {self.name!r} has the key {stored!r}, which no stash has "
                "written: delete its row, or use another table"
            ) from None


def _execute_once(pool: PostgresPool, statement: bytes) -> None:
    from psycopg import errors

    try:
        pool.execute(statement)
    except PersistableError as e:
        # In spite of IF NOT EXISTS, if another process does the same meanwhile.
        if not isinstance(
            e.__cause__,
            (
                errors.UniqueViolation,
                errors.DuplicateObject,
                errors.DuplicateTable,
                errors.DuplicateSchema,
            ),
        ):
            raise
