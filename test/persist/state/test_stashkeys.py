"""The keys under which a stash has the states of applications."""

from __future__ import annotations

import re
from itertools import pairwise

from zensols.persist.state.stashkeys import (
    app_key,
    branch_key,
    family_key,
    full,
    local_of,
    nth,
    number_of,
    owner_of,
    partition_key_of,
    record_key,
    root_of,
)

PARTITIONS = (None, "", "a", "a:b", "=", "None", "1:", "ü" * 1000, "\ud800")
APPS = ("", "a", "b:a", "1:", "A", "ü" * 1000, "\udcff")


def test_keys_are_apart_short_and_plain() -> None:
    keys = [app_key(partition, app) for partition in PARTITIONS for app in APPS]
    keys += map(partition_key_of, PARTITIONS)
    keys += [
        family_key(1),
        branch_key(1, 0),
        branch_key(1, 1),
        record_key(1, nth(1, 0)),
    ]
    assert len(set(keys)) == len(PARTITIONS) * (len(APPS) + 1) + 4
    for key in keys:
        assert re.fullmatch(r"states\.[0-9a-z.]{1,60}", key), key


def test_texts_that_are_joined_alike_are_apart() -> None:
    assert app_key("a", "bc") != app_key("ab", "c")
    assert app_key(None, "=a") != app_key("a", "")


def test_records_of_an_application_ascend() -> None:
    # It was forked after the second record.
    locals_ = [nth(1, 0), nth(2, 0), nth(3, 5), nth(4, 5), nth(5, 0xFFFFFF)]
    ids = [full(7, local) for local in locals_]
    assert all(one < other for one, other in pairwise(ids))
    assert [root_of(id_) for id_ in ids] == [7] * 5
    assert [local_of(id_) for id_ in ids] == locals_
    assert [number_of(local) for local in locals_] == [1, 2, 3, 4, 5]
    assert [owner_of(local) for local in locals_] == [0, 0, 5, 5, 0xFFFFFF]
