from __future__ import annotations

import psycopg
import pytest

from zensols.persist.stash.postgresarray import ByteaArray, register_arrays


@pytest.mark.parametrize(
    "items",
    [[], [b""], [None], [b"a", None, b"", b"\x00\xff'\\{},"], [bytes(1 << 20)] * 3],
)
def test_server_reads_it(postgres_url: str, items: list[bytes | None]) -> None:
    with psycopg.connect(postgres_url) as connection:
        register_arrays(connection)
        cursor = connection.execute(
            "SELECT item, number FROM unnest(%s) WITH ORDINALITY AS _ (item, number)",
            [ByteaArray(iter(items))],
            binary=True,
        )
        found = cursor.fetchall()
        assert found == [(item, number) for number, item in enumerate(items, 1)]
        row = connection.execute("SELECT %s = %s", [ByteaArray(items), items])
        assert row.fetchone() == (True,)
