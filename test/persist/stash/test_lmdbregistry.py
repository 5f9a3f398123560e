from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import StoreUnavailableError
from zensols.persist.stash.lmdbregistry import find_environment


def put(name: bytes, value: bytes) -> Any:
    return lambda transaction: transaction.put(name, value)


def copy(transaction: Any, name: bytes) -> bytes | None:
    found = transaction.get(name)
    return None if found is None else bytes(found)


def test_shared_while_somebody_has_it(tmp_path: Path) -> None:
    first = find_environment(tmp_path, 1 << 20, sync=False)
    assert find_environment(tmp_path / "." / "", 1 << 20, sync=False) is first
    assert find_environment(tmp_path / "other", 1 << 20, sync=False) is not first
    assert not first.sync
    assert find_environment(tmp_path, 1 << 20, sync=True) is first
    assert first.sync
    first.write(put(b"a", b"1"))
    del first
    second = find_environment(tmp_path, 1 << 20, sync=False)
    assert not second.sync
    assert second.read(copy, None, b"a") == b"1"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_child_that_cannot_do_without_its_parent_s(tmp_path: Path) -> None:
    """A fork while the same thread is reading leaves the child an environment that
    it must not use, nor close, as that would end what the parent is reading.

    """
    environment = find_environment(tmp_path, 1 << 20, sync=False)
    environment.write(put(b"a", b"1"))
    status = []

    def fork(transaction: Any) -> bytes:
        found = transaction.get(b"a")
        child = os.fork()
        if not child:
            code = 1
            try:
                environment.read(copy, None, b"a")
            except StoreUnavailableError:
                code = 0 if bytes(found) == b"1" else 2
            finally:
                os._exit(code)
        status.append(os.waitpid(child, 0)[1])
        inner: Any = environment
        assert inner._environment.readers().count(str(os.getpid())) == 1
        return bytes(found)

    assert environment.read(fork, None) == b"1"
    assert status == [0]
    environment.write(put(b"a", b"2"))
    assert environment.read(copy, None, b"a") == b"2"
