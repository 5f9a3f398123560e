from __future__ import annotations

import pytest

from zensols.multi.engine.hosts import is_here


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("tcp://127.0.0.1:40123", True),
        ("tcp://127.8.9.10:40123", True),
        ("tls://127.0.0.1:40123", True),
        ("inproc://127.0.0.1/1234/1", True),
        # Reserved for examples.
        ("tcp://192.0.2.1:40123", False),
        ("tcp://[2001:db8::1]:40123", False),
        ("tcp://", False),
        ("", False),
    ],
)
def test_tells_this_machine(address: str, here: bool) -> None:
    assert is_here(address) is here
