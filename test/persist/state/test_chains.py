"""The chains of the applications that were saved last."""

from __future__ import annotations

from zensols.persist.state.chain import Chain
from zensols.persist.state.chains import Chains


def chain(size: int) -> Chain:
    data = bytes(size)
    return Chain().after(Chain().plan(data), data, 1)


def test_remembers_by_partition_and_application() -> None:
    chains = Chains()
    one, other = chain(1), chain(2)
    chains.put((None, "app"), one)
    chains.put(("", "app"), other)
    assert chains.get((None, "app")) is one
    assert chains.get(("", "app")) is other
    assert chains.get(("None", "app")) is None


def test_forgets() -> None:
    chains = Chains()
    chains.put((None, "app"), chain(1))
    chains.drop((None, "app"))
    chains.drop((None, "app"))
    assert chains.get((None, "app")) is None


def test_remembers_so_many_bytes_of_the_most_recent() -> None:
    chains = Chains(most_bytes=100)
    for app in "abc":
        chains.put((None, app), chain(40))
    assert [chains.get((None, app)) is None for app in "abc"] == [True, False, False]
    chains.put((None, "b"), chain(50))
    chains.put((None, "d"), chain(40))
    assert [chains.get((None, app)) is None for app in "bcd"] == [False, True, False]


def test_remembers_one_however_large() -> None:
    chains = Chains(most_bytes=100)
    chains.put((None, "a"), chain(1000))
    assert chains.get((None, "a")) is not None
    chains.put((None, "b"), chain(10))
    assert chains.get((None, "a")) is None
